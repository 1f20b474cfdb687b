// SPDX-License-Identifier: BSD-3-Clause
// Signals during calls that wait: recv, send, accept, recvmsg and poll go on, and a connect that was interrupted completes. The signal's
// handler has no SA_RESTART, so every wait of the kernel ends with EINTR; a second thread sends it, several times.
#include "tests/sys/net_tools.h"

#include "sys/signals.h"
#include "sys/thread.h"

using namespace trapeze;

namespace {

i32 handled;
void on_signal(i32, SignalInfo*, SignalContext*) { __atomic_fetch_add(&handled, 1, __ATOMIC_SEQ_CST); }

// What the second thread does after its signals.
struct Task {
    void (*then)(i32 fd);
    i32 fd;
};

void pause_ms(i64 ms) { (void)poll(nullptr, 0, nanotime() + ms * 1'000'000); }

void disturb(void* p) {
    const Task& task = *static_cast<Task*>(p);
    const i32 pid = number(sys_getpid());
    for (int i = 0; i < 3; i++) {
        pause_ms(20);
        (void)kill(pid, kernel::SIGUSR1);
    }
    pause_ms(20);
    task.then(task.fd);
}

// Runs `call` while the other thread disturbs it. The thread is born with the signal blocked, so that it comes here.
template <class Call>
Result disturbed(Task task, Call call) {
    const SignalSet set = SignalSet::of(kernel::SIGUSR1);
    (void)signals_block(set);
    Result error{0};
    Thread* t = thread_create(disturb, &task, &error);
    (void)signals_unblock(set);
    if (!t) return error;
    const i32 before = __atomic_load_n(&handled, __ATOMIC_SEQ_CST);
    const Result r = call();
    thread_join(t);
    if (__atomic_load_n(&handled, __ATOMIC_SEQ_CST) == before) print("# no signal came\n");
    return r;
}

// Signals as fast as they can be made, until it is told to stop.
i32 storm_over;
void storm(void* pid) {
    while (!__atomic_load_n(&storm_over, __ATOMIC_ACQUIRE)) (void)kill(*static_cast<i32*>(pid), kernel::SIGUSR1);
}

// A connect that does not sleep cannot be interrupted, whenever the signal comes: one that said EINTR without having begun would never complete.
void connects_in_a_storm() {
    Address at;
    const i32 server = listener(AF_INET, &at, O_NONBLOCK, 128);
    const SignalSet set = SignalSet::of(kernel::SIGUSR1);
    i32 pid = number(sys_getpid());
    (void)signals_block(set);
    Result error{0};
    Thread* t = thread_create(storm, &pid, &error);
    (void)signals_unblock(set);
    i32 interrupted = 0, streams = 0, datagrams = 0;
    for (int n = 0; n < 200; n++) {
        const i32 stream = number(socket(AF_INET, SOCK_STREAM, 0, O_NONBLOCK)), datagram = number(socket(AF_INET, SOCK_DGRAM));
        const Result s = sys_connect(stream, at.bytes, static_cast<kernel::socklen_t>(at.size));
        const Result d = sys_connect(datagram, at.bytes, static_cast<kernel::socklen_t>(at.size));
        interrupted += s.err() == kernel::EINTR || d.err() == kernel::EINTR;
        streams += s.ok() || s.err() == kernel::EINPROGRESS;
        datagrams += d.ok();
        const Result taken = accept(server);
        if (taken.ok()) (void)close(number(taken));
        (void)close(stream);
        (void)close(datagram);
    }
    __atomic_store_n(&storm_over, 1, __ATOMIC_RELEASE);
    if (t) thread_join(t);
    (void)close(server);
    ok(t && interrupted == 0, "connects that do not sleep are not interrupted");
    ok(streams == 200 && datagrams == 200, "and begin, or are done");
}

void accept_all(i32 fd) {
    pause_ms(20);
    for (int i = 0; i < 64; i++) {
        pollfd one{fd, POLLIN, 0};
        if (poll(&one, 1, nanotime() + 3'000'000'000).raw != 1) return;
        const Result r = accept(fd);
        if (r.failed()) return;
        (void)close(number(r));
        if (i > 3) {
            one.revents = 0;
            if (poll(&one, 1, nanotime() + 1'500'000'000).raw != 1) return;
        }
    }
}

}  // namespace

int main() {
    print("TAP version 13\n");
    ok(signal_handle(kernel::SIGUSR1, on_signal), "a handler without SA_RESTART");
    i32 pair[2];
    ok(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), "a pair");
    char c[4];
    auto send_one = [](i32 fd) { (void)send(fd, "x", 1); };
    ok(disturbed({send_one, pair[1]}, [&] { return recv(pair[0], c, 1); }).raw == 1, "recv goes on until the byte comes");
    const iovec part{c, 1};
    Incoming in{&part, 1, nullptr, nullptr, 0, 0, false, false};
    ok(disturbed({send_one, pair[1]}, [&] { return recvmsg(pair[0], &in); }).raw == 1, "recvmsg too");
    Address from;
    ok(disturbed({send_one, pair[1]}, [&] { return recvfrom(pair[0], c, 1, 0, &from); }).raw == 1, "recvfrom too");

    static char block[65536];
    while (send(pair[0], block, sizeof block, MSG_DONTWAIT).ok()) {}
    auto drain = [](i32 fd) {
        static char room[65536];
        while (recv(fd, room, sizeof room, MSG_DONTWAIT).ok()) pause_ms(1);
    };
    ok(disturbed({drain, pair[1]}, [&] { return send(pair[0], block, 1000); }).raw == 1000, "send waits for room");

    Address at;
    const i32 server = listener(AF_INET, &at);
    static Address to;
    to = at;
    auto connect_one = [](i32) { (void)connect(number(socket(AF_INET, SOCK_STREAM)), to); };
    const Result accepted = disturbed({connect_one, 0}, [&] { return accept(server); });
    ok(accepted, "accept waits for somebody");

    pollfd one{pair[1], POLLIN, 0};
    while (recv(pair[1], block, sizeof block, MSG_DONTWAIT).ok()) {}
    const i64 start = nanotime();
    auto nothing = [](i32) {};
    ok(disturbed({nothing, 0}, [&] { return poll(&one, 1, start + 150'000'000); }).raw == 0 && nanotime() - start >= 150'000'000,
       "poll waits for the rest of its time");
    ok(disturbed({send_one, pair[0]}, [&] { return poll(&one, 1); }).raw == 1 && one.revents == POLLIN, "or until something comes");
    (void)close(server);

    // A connect that cannot complete yet: the listener's queue is full, until the other thread accepts.
    const i32 full = listener(AF_INET, &at, 0, 1);
    i32 clients[8];
    bool waits = false;
    int n = 0;
    for (; n < 8 && !waits; n++) {
        clients[n] = number(socket(AF_INET, SOCK_STREAM, 0, O_NONBLOCK));
        (void)connect(clients[n], at);
        pollfd client{clients[n], POLLOUT, 0};
        waits = poll(&client, 1, nanotime() + 100'000'000).raw == 0;
    }
    const i32 last = number(socket(AF_INET, SOCK_STREAM));
    if (waits) {
        const i32 before = handled;
        const Result r = disturbed({accept_all, full}, [&] { return connect(last, at); });
        ok(r, "an interrupted connect completes");
        ok(handled > before, "it was interrupted");
        ok(getpeername(last, &from).ok() && from == at, "and stands");
    } else {
        skip("the listener's queue has no end here", "an interrupted connect completes");
    }
    connects_in_a_storm();
    while (n--) (void)close(clients[n]);
    for (const i32 fd : {last, full, pair[0], pair[1], number(accepted)}) (void)close(fd);
    return done();
}
