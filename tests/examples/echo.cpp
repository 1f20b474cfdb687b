// SPDX-License-Identifier: BSD-3-Clause
// An echo server and its clients in one program, over TCP on loopback: `echo CLIENTS LINES`. The server is a thread that
// serves all clients by poll; the clients are threads too: each sends its lines, checks what comes back, and hangs up.
#include "trapeze.h"

#include "sys/mem.h"
#include "sys/thread.h"

using namespace trapeze;

namespace {

constexpr i32 most = 100;

[[noreturn]] void die(const char* what, Result r) {
    eprint("echo: ", what, ": ", errno_name(r.err()), "\n");
    exit_process(1);
}
i32 must(const char* what, Result r) {
    if (r.failed()) die(what, r);
    return static_cast<i32>(r.value());
}

// What all threads read, set before they start.
i32 listener, clients, lines;
Address address;

// Until all clients have come and gone.
void serve(void*) {
    pollfd list[most + 1] = {{listener, POLLIN, 0}};
    usize n = 1;
    i32 left = clients;
    while (left) {
        must("poll", poll(list, n));
        if (list[0].revents) {
            list[n++] = {must("accept", accept(listener, nullptr, O_CLOEXEC)), POLLIN, 0};
            list[n - 1].revents = 0;
        }
        for (usize i = 1; i < n; i++) {
            if (!list[i].revents) continue;
            char buffer[4096];
            const i32 got = must("recv", recv(list[i].fd, buffer, sizeof buffer));
            if (got) {
                must("send", write_all(list[i].fd, buffer, static_cast<usize>(got)));
                continue;
            }
            must("close", close(list[i].fd));
            left--;
            list[i--] = list[--n];
        }
    }
}

void talk(void* which) {
    const i32 client = static_cast<i32>(reinterpret_cast<uptr>(which));
    const i32 fd = must("socket", socket(AF_INET, SOCK_STREAM, 0, O_CLOEXEC));
    must("connect", connect(fd, address));
    must("TCP_NODELAY", set_option(fd, option::no_delay, 1));
    for (i32 line = 0; line < lines; line++) {
        char sent[64], came[64];
        memset(sent, 'a' + (client + line) % 26, sizeof sent);
        must("send", send(fd, sent, sizeof sent));
        if (must("recv", recv(fd, came, sizeof came, MSG_WAITALL)) != sizeof came || memcmp(sent, came, sizeof sent)) {
            eprint("echo: client ", client, " got something else back\n");
            exit_process(1);
        }
    }
    must("close", close(fd));
}

bool number(const char* text, i32* out) {
    *out = 0;
    for (const char* p = text; *p; p++) {
        if (*p < '0' || *p > '9' || *out > 100000) return false;
        *out = *out * 10 + (*p - '0');
    }
    return *text;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3 || !number(argv[1], &clients) || !number(argv[2], &lines) || clients < 1 || clients > most) {
        eprint("usage: echo CLIENTS LINES (at most ", most, " clients)\n");
        return 2;
    }
    listener = must("socket", socket(AF_INET, SOCK_STREAM, 0, O_CLOEXEC));
    must("bind", bind(listener, loopback(AF_INET)));
    must("listen", listen(listener, most));
    must("getsockname", getsockname(listener, &address));
    Thread* threads[most + 1];
    for (i32 i = 0; i <= clients; i++) {
        Result error;
        threads[i] = thread_create(i ? talk : serve, reinterpret_cast<void*>(static_cast<uptr>(i)), &error);
        if (!threads[i]) die("thread", error);
    }
    for (i32 i = 0; i <= clients; i++) thread_join(threads[i]);
    print(clients, " clients, ", lines, " lines each, echoed\n");
}
