// SPDX-License-Identifier: BSD-3-Clause
// What sockets refuse, call by call, with the kernel's errno.
#include "tests/sys/net_tools.h"

using namespace trapeze;

namespace {

constexpr bool linux = kernel::AF_INET6 == 10;

}  // namespace

int main() {
    print("TAP version 13\n");
    if (!answered("sockets")) {
        skip("sockets", "errors");
        return done();
    }
    i32 pair[2];
    fails(socket(77, SOCK_STREAM), kernel::EAFNOSUPPORT, "no such domain: EAFNOSUPPORT");
    fails(socket(AF_INET, SOCK_STREAM, kernel::IPPROTO_UDP), linux ? kernel::EPROTONOSUPPORT : kernel::EPROTOTYPE,
          "a stream of UDP: EPROTONOSUPPORT on Linux, EPROTOTYPE on Darwin");
    const Result r = socket(AF_INET, 9, 0);
    fails(r, linux ? kernel::ESOCKTNOSUPPORT : kernel::EPROTONOSUPPORT, "no such type: ESOCKTNOSUPPORT on Linux, EPROTONOSUPPORT on Darwin");
    fails(socketpair(AF_INET, SOCK_STREAM, 0, pair), kernel::EOPNOTSUPP, "socketpair of AF_INET: EOPNOTSUPP");

    const i32 file = number(open(argv()[0], O_RDONLY));
    Address a;
    char c = 0;
    const iovec part{&c, 1};
    Incoming in{&part, 1, nullptr, nullptr, 0, 0, false, false};
    for (const i32 fd : {-1, file}) {
        const i32 expected = fd < 0 ? kernel::EBADF : kernel::ENOTSOCK;
        print("# ", fd < 0 ? "a closed descriptor: EBADF" : "a file: ENOTSOCK", "\n");
        fails(bind(fd, loopback(AF_INET)), expected, "bind");
        fails(listen(fd), expected, "listen");
        fails(accept(fd), expected, "accept");
        fails(connect(fd, loopback(AF_INET, 1)), expected, "connect");
        fails(getsockname(fd, &a), expected, "getsockname");
        fails(getpeername(fd, &a), expected, "getpeername");
        fails(send(fd, &c, 1), expected, "send");
        fails(recv(fd, &c, 1), expected, "recv");
        fails(sendto(fd, &c, 1, 0, loopback(AF_INET, 9)), expected, "sendto");
        fails(recvfrom(fd, &c, 1, 0, &a), expected, "recvfrom");
        fails(sendmsg(fd, {&part, 1, nullptr, nullptr, 0}), expected, "sendmsg");
        fails(recvmsg(fd, &in), expected, "recvmsg");
        fails(shutdown(fd, SHUT_RD), expected, "shutdown");
        fails(get_option(fd, option::socket_type), expected, "getsockopt");
        fails(set_option(fd, option::keep_alive, 1), expected, "setsockopt");
    }
    (void)close(file);

    Address at;
    const i32 server = listener(AF_INET, &at);
    i32 tcp = number(socket(AF_INET, SOCK_STREAM));
    const i32 udp = number(socket(AF_INET, SOCK_DGRAM));
    fails(bind(tcp, at), kernel::EADDRINUSE, "bind: somebody has it: EADDRINUSE");
    fails(bind(tcp, ipv4(192, 0, 2, 1, 0)), kernel::EADDRNOTAVAIL, "not this machine's: EADDRNOTAVAIL");
    fails(bind(server, loopback(AF_INET)), kernel::EINVAL, "bound already: EINVAL");
    a = loopback(AF_INET);
    a.size = 3;
    fails(bind(tcp, a), kernel::EINVAL, "a short address: EINVAL");
    fails(accept(tcp), kernel::EINVAL, "accept: not listening: EINVAL");
    fails(accept(udp), kernel::EOPNOTSUPP, "datagrams: EOPNOTSUPP");
    fails(listen(udp), kernel::EOPNOTSUPP, "listen too");
    fails(getpeername(tcp, &a), kernel::ENOTCONN, "getpeername: ENOTCONN");
    fails(shutdown(tcp, SHUT_WR), kernel::ENOTCONN, "shutdown: ENOTCONN");
    fails(recv(tcp, &c, 1), kernel::ENOTCONN, "recv: ENOTCONN");
    const Result unsent = send(tcp, &c, 1);
    ok(unsent.err() == (linux ? kernel::EPIPE : kernel::ENOTCONN), "send without a peer: EPIPE on Linux, ENOTCONN on Darwin; no signal");

    // a port where nobody listens: bound, but no more
    const i32 silent = number(socket(AF_INET, SOCK_STREAM));
    ok(bind(silent, loopback(AF_INET)).ok() && getsockname(silent, &a).ok(), "a port that nobody listens at");
    fails(connect(tcp, a), kernel::ECONNREFUSED, "connect: ECONNREFUSED");
    (void)close(silent);
    (void)close(tcp);
    tcp = number(socket(AF_INET, SOCK_STREAM));
    ok(connect(tcp, at), "connected");
    fails(connect(tcp, at), kernel::EISCONN, "again: EISCONN");
    fails(shutdown(tcp, 3), kernel::EINVAL, "shutdown in no direction: EINVAL");
    (void)close(tcp);
    tcp = number(socket(AF_INET, SOCK_STREAM));
    a = loopback(AF_INET6, 9);
    fails(connect(tcp, a), kernel::EAFNOSUPPORT, "an address of another domain: EAFNOSUPPORT");
    (void)close(tcp);

    // bad addresses of the caller's
    ok(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), "a pair");
    fails(send(pair[0], nowhere<char>(), 1), kernel::EFAULT, "send from nowhere: EFAULT");
    ok(send(pair[0], "abcd", 4), "bytes");
    fails(recv(pair[1], nowhere<char>(), 1), kernel::EFAULT, "recv to nowhere: EFAULT");
    const iovec bad{nowhere<char>(), 4};
    fails(sendmsg(pair[0], {&bad, 1, nullptr, nullptr, 0}), kernel::EFAULT, "a bad piece: EFAULT");
    fails(sendmsg(pair[0], {nowhere<iovec>(), 1, nullptr, nullptr, 0}), kernel::EFAULT, "bad pieces: EFAULT");
    in = {nowhere<iovec>(), 1, nullptr, nullptr, 0, 0, false, false};
    fails(recvmsg(pair[1], &in), kernel::EFAULT, "receiving too");
    fails(sys_bind(udp, nowhere<char>(), 16), kernel::EFAULT, "a bad address: EFAULT");
    fails(sys_getsockname(udp, nowhere<char>(), nowhere<kernel::socklen_t>()), kernel::EFAULT, "getsockname: EFAULT");
    fails(sys_socketpair(AF_UNIX, SOCK_STREAM, 0, nowhere<i32>()), kernel::EFAULT, "socketpair: EFAULT");
    for (const i32 fd : {pair[0], pair[1], udp, server}) (void)close(fd);
    return done();
}
