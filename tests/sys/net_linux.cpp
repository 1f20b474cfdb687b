// SPDX-License-Identifier: BSD-3-Clause
// What sockets do on Linux alone: abstract names, SOCK_SEQPACKET, who is at the other end, MSG_MORE.
#include "tests/sys/net_tools.h"

using namespace trapeze;

int main() {
    print("TAP version 13\n");
    char name[32] = "\0trapeze-test-0000000";
    u64 pid = static_cast<u64>(sys_getpid().raw);
    for (int i = 20; i > 13; i--, pid /= 10) name[i] = static_cast<char>('0' + pid % 10);
    Address at, seen;
    ok(unix_address({name, 21}, &at).ok() && at.size == 2 + 21 && at.path().size == 21, "an abstract name is as long as it is");
    const i32 server = number(socket(AF_UNIX, SOCK_SEQPACKET)), client = number(socket(AF_UNIX, SOCK_SEQPACKET));
    fails(connect(client, at), kernel::ECONNREFUSED, "nobody has it: ECONNREFUSED");
    ok(bind(server, at).ok() && listen(server).ok() && getsockname(server, &seen).ok() && seen == at, "bound, without a file");
    char text[address_text_max];
    const usize n = format_address(text, seen);
    ok(n == 21 && text[0] == '@' && memcmp(text + 1, name + 1, 20) == 0, "written with @");
    const i32 late = number(socket(AF_UNIX, SOCK_SEQPACKET));
    fails(bind(late, at), kernel::EADDRINUSE, "taken: EADDRINUSE");
    ok(connect(client, at), "connected");
    const i32 end = number(accept(server));
    char buffer[16];
    ok(send(client, "one", 3).ok() && send(client, "four", 4).ok() && recv(end, buffer, 16).raw == 3 && recv(end, buffer, 16).raw == 4,
       "SOCK_SEQPACKET keeps messages apart");
    lnx::ucred who;
    usize size = sizeof who;
    ok(getsockopt(end, lnx::SOL_SOCKET, lnx::SO_PEERCRED, &who, &size).ok() && who.pid == static_cast<i32>(sys_getpid().raw), "SO_PEERCRED");
    ok(close(server).ok() && bind(late, at).ok(), "the name goes with its socket");
    for (const i32 fd : {client, end, late}) (void)close(fd);

    i32 ends[2];
    if (tcp_pair(ends)) {
        ok(send(ends[0], "a", 1, lnx::MSG_MORE).ok() && send(ends[0], "b", 1).ok() && recv(ends[1], buffer, 2, MSG_WAITALL).raw == 2, "MSG_MORE");
        ok(get_option(ends[0], {lnx::SOL_SOCKET, lnx::SO_DOMAIN, false}).raw == AF_INET && get_option(ends[0], {lnx::SOL_SOCKET, lnx::SO_PROTOCOL, false}).raw == 6,
           "SO_DOMAIN, SO_PROTOCOL");
        (void)close(ends[0]);
        (void)close(ends[1]);
    }
    // Credentials lie in front of the descriptors, and take no room from them.
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends).ok()) {
        static i32 sent[descriptors_max], got[descriptors_max];
        for (i32& fd : sent) fd = ends[0];
        iovec one{buffer, 1};
        ok(set_option(ends[1], {lnx::SOL_SOCKET, lnx::SO_PASSCRED, true}, 1), "SO_PASSCRED");
        Outgoing out{.parts = &one, .part_count = 1, .descriptors = sent, .descriptor_count = descriptors_max};
        Incoming in{.parts = &one, .part_count = 1, .descriptors = got, .descriptor_room = descriptors_max};
        ok(sendmsg(ends[0], out).raw == 1 && recvmsg(ends[1], &in).raw == 1 && in.descriptor_count == descriptors_max && !in.control_truncated,
           "and as many descriptors as there may be");
        for (usize i = 0; i < in.descriptor_count; i++) (void)close(got[i]);
        (void)close(ends[0]);
        (void)close(ends[1]);
    }
    return done();
}
