// SPDX-License-Identifier: BSD-3-Clause
// AF_UNIX: pairs, streams and datagrams by path, names, and the errors of paths. Works in a folder of its own.
#include "tests/sys/net_tools.h"

using namespace trapeze;

namespace {

// ".../trapeze-net-PID-x" in TMPDIR or /tmp.
struct Path {
    char text[256];
    usize size = 0;

    explicit Path(const char* name) {
        const char* folder = getenv("TMPDIR");
        if (!folder || str_len(folder) > 50) folder = "/tmp";
        put(folder);
        put("/trapeze-net-");
        char digits[20];
        const usize n = format_u64(digits, static_cast<u64>(sys_getpid().raw));
        memcpy(text + size, digits, n);
        size += n;
        put(name);
        text[size] = 0;
    }
    void put(const char* s) {
        const usize n = str_len(s);
        memcpy(text + size, s, n);
        size += n;
    }
    Str str() const { return {text, size}; }
};

}  // namespace

int main() {
    print("TAP version 13\n");
    if (!answered("sockets")) {
        skip("sockets", "AF_UNIX");
        return done();
    }
    char buffer[64];
    i32 pair[2];
    ok(socketpair(AF_UNIX, SOCK_STREAM, 0, pair, O_CLOEXEC), "a pair of streams");
    ok(descriptor_flags(pair[0]) & descriptor_flags(pair[1]) & 1, "close-on-exec both");
    ok(write(pair[0], "ab", 2).raw == 2 && write(pair[0], "cd", 2).raw == 2 && recv(pair[1], buffer, 4, MSG_WAITALL).raw == 4, "bytes there");
    ok(send(pair[1], "x", 1).raw == 1 && read(pair[0], buffer, 9).raw == 1, "and back");
    Address name;
    ok(getsockname(pair[0], &name).ok() && name.family() == AF_UNIX && name.path().size == 0, "no name");
    ok(getpeername(pair[0], &name).ok() && name.family() == AF_UNIX && name.path().size == 0, "nor has the peer");
    ok(close(pair[1]).ok() && read(pair[0], buffer, 1).raw == 0, "the end");
    fails(send(pair[0], "x", 1), kernel::EPIPE, "EPIPE, and no signal");
    (void)close(pair[0]);
    ok(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair, O_NONBLOCK), "a pair of datagrams");
    ok(send(pair[0], "ab", 2).raw == 2 && send(pair[0], "cde", 3).raw == 3 && recv(pair[1], buffer, 9).raw == 2 && recv(pair[1], buffer, 9).raw == 3,
       "messages");
    fails(recv(pair[1], buffer, 9), kernel::EAGAIN, "non-blocking");
    (void)close(pair[0]);
    (void)close(pair[1]);

    const Path path("-stream"), other("-datagram"), third("-third");
    Address at, at_other, at_third, peer;
    ok(unix_address(path.str(), &at).ok() && unix_address(other.str(), &at_other).ok() && unix_address(third.str(), &at_third).ok(), "paths");
    const i32 server = number(socket(AF_UNIX, SOCK_STREAM)), client = number(socket(AF_UNIX, SOCK_STREAM));
    fails(connect(client, at), kernel::ENOENT, "nobody has the path: ENOENT");
    ok(bind(server, at), "bound");
    ok(getsockname(server, &name).ok() && name == at, "its name");
    fails(connect(client, at), kernel::ECONNREFUSED, "not listening: ECONNREFUSED");
    ok(listen(server), "listening");
    ok(connect(client, at), "connected");
    const i32 end = number(accept(server, &peer));
    ok(end >= 0 && peer.family() == AF_UNIX && peer.path().size == 0, "accepted from an unnamed one");
    ok(getpeername(client, &name).ok() && name == at && getsockname(end, &name).ok() && name == at, "both ends know the path");
    ok(send(client, "ping", 4).raw == 4 && recv(end, buffer, 9).raw == 4, "bytes");
    fails(connect(client, at), kernel::EISCONN, "again is EISCONN");
    const i32 late = number(socket(AF_UNIX, SOCK_STREAM));
    fails(bind(late, at), kernel::EADDRINUSE, "the path is taken: EADDRINUSE");
    (void)close(server);
    fails(bind(late, at), kernel::EADDRINUSE, "and stays so when the socket is closed");
    fails(connect(late, at), kernel::ECONNREFUSED, "though nobody listens");
    ok(sys_unlink(path.text), "until it is unlinked");
    ok(bind(late, at).ok() && sys_unlink(path.text).ok(), "then it is free");
    for (const i32 fd : {client, end, late}) (void)close(fd);

    const i32 a = number(socket(AF_UNIX, SOCK_DGRAM)), b = number(socket(AF_UNIX, SOCK_DGRAM)), c = number(socket(AF_UNIX, SOCK_DGRAM));
    ok(bind(a, at_other).ok() && bind(b, at_third).ok(), "datagrams, bound");
    ok(sendto(b, "hi", 2, 0, at_other).raw == 2 && recvfrom(a, buffer, 9, 0, &peer).raw == 2 && peer == at_third, "with their sender's path");
    ok(sendto(c, "anon", 4, 0, at_other).raw == 4 && recvfrom(a, buffer, 9, 0, &peer).raw == 4 && peer.path().size == 0, "or without");
    const i32 stream = number(socket(AF_UNIX, SOCK_STREAM));
    fails(connect(stream, at_other), kernel::EPROTOTYPE, "a stream to a datagram socket is EPROTOTYPE");
    ok(close(a).ok() && sys_unlink(other.text).ok() && sys_unlink(third.text).ok(), "gone");
    fails(sendto(b, "hi", 2, 0, at_other), kernel::ENOENT, "then it is ENOENT");
    (void)close(b);
    (void)close(c);
    (void)close(stream);

    const i32 bad = number(socket(AF_UNIX, SOCK_STREAM));
    ok(parse_address({"/does/not/exist/x", 17}, &at), "a path in no folder");
    fails(bind(bad, at), kernel::ENOENT, "bind: ENOENT");
    ok(parse_address({"/dev/null", 9}, &at), "a file that is no socket");
    Result r = connect(bad, at);
    ok(r.err() == (kernel::AF_INET6 == 10 ? kernel::ECONNREFUSED : kernel::ENOTSOCK), "connect: ECONNREFUSED on Linux, ENOTSOCK on Darwin");
    if (r.err() != (kernel::AF_INET6 == 10 ? kernel::ECONNREFUSED : kernel::ENOTSOCK)) print("# ", r.err(), "\n");
    ok(parse_address({"/dev/null/x", 11}, &at), "a path through a file");
    fails(bind(bad, at), kernel::ENOTDIR, "bind: ENOTDIR");
    (void)close(bad);
    return done();
}
