// SPDX-License-Identifier: BSD-3-Clause
// What XNU's socket calls do in their own way, by the bare traps: lengths in addresses, names that are cut, options that read as their bit,
// inherited modes, one block of ancillary data, SIGPIPE, ioctls. Facts: xnu-3248.60.10 bsd/kern/uipc_*.c.
#include "tests/sys/net_tools.h"

#include "sys/darwin/kqueue.h"
#include "sys/signals.h"

using namespace trapeze;
using namespace trapeze::xnu;

namespace {

i32 signals;
void on_signal(i32, SignalInfo*, SignalContext*) { signals++; }

i32 raw_option(i32 fd, i32 level, i32 name) {
    i32 value = -1;
    u32 size = sizeof value;
    return sys_getsockopt(fd, level, name, &value, &size).ok() ? value : -1;
}
Result set_raw(i32 fd, i32 level, i32 name, i32 value) { return sys_setsockopt(fd, level, name, &value, sizeof value); }

void names() {
    const i32 fd = number(sys_socket(xnu::AF_INET, xnu::SOCK_STREAM, 0));
    u8 a[32] = {99, xnu::AF_INET, 0, 0, 127, 0, 0, 1};
    ok(sys_bind(fd, a, 16), "the first byte of an address is not looked at");
    u32 size = 4;
    u8 out[32];
    memset(out, 0xaa, sizeof out);
    ok(sys_getsockname(fd, out, &size).ok() && size == 16 && out[0] == 16 && out[1] == xnu::AF_INET && out[4] == 0xaa, "a name is cut to the room, its whole length told");
    fails(sys_bind(fd, nullptr, 16), kernel::EDESTADDRREQ, "bind to no address: EDESTADDRREQ");
    fails(sys_connect(fd, nullptr, 16), kernel::EINVAL, "connect to none: EINVAL");
    fails(sys_connect(fd, a, 256), kernel::ENAMETOOLONG, "256 bytes: ENAMETOOLONG");
    fails(sys_connect(fd, a, 1), kernel::EINVAL, "one byte: EINVAL");
    fails(sys_connect(fd, a, 16), kernel::EADDRNOTAVAIL, "port 0: EADDRNOTAVAIL");
    fails(sys_connect(fd, nowhere<u8>(), 16), kernel::EFAULT, "an address nowhere: EFAULT");
    (void)close(fd);
    const i32 unspecified = number(sys_socket(xnu::AF_INET, xnu::SOCK_DGRAM, 0));
    a[1] = 0;
    ok(sys_bind(unspecified, a, 16), "family 0 counts as AF_INET");
    (void)close(unspecified);
    const i32 local = number(sys_socket(xnu::AF_UNIX, xnu::SOCK_STREAM, 0));
    size = sizeof out;
    ok(sys_getsockname(local, out, &size).ok() && size == 16 && out[0] == 16 && out[1] == xnu::AF_UNIX && out[2] == 0, "an unnamed AF_UNIX socket has 16 bytes of name");
    fails(sys_shutdown(local, 1), kernel::ENOTCONN, "shutdown without a peer: ENOTCONN in AF_UNIX too");
    fails(listen(local), kernel::EINVAL, "listening without a name: EINVAL");
    (void)close(local);
    fails(sys_socket(xnu::AF_UNIX, xnu::SOCK_SEQPACKET, 0), kernel::EPROTONOSUPPORT, "no SOCK_SEQPACKET in AF_UNIX");
    fails(sys_socket(xnu::AF_UNIX, xnu::SOCK_STREAM, 1), kernel::EPROTONOSUPPORT, "no protocol 1 there");
    fails(sys_socket(xnu::AF_INET, xnu::SOCK_STREAM | 0x800, 0), kernel::EPROTONOSUPPORT, "no flags in a type");
}

void accepted() {
    Address at;
    const i32 server = number(sys_socket(xnu::AF_INET, xnu::SOCK_STREAM, 0));
    ok(bind(server, loopback(AF_INET)).ok() && listen(server).ok() && getsockname(server, &at).ok(), "a listener");
    ok(set_raw(server, SOL_SOCKET, SO_NOSIGPIPE, 1).ok() && raw_option(server, SOL_SOCKET, SO_NOSIGPIPE) == 1, "SO_NOSIGPIPE");
    constexpr u64 f_setfl = 4;
    ok(sys_fcntl(server, static_cast<i32>(f_setfl), O_NONBLOCK), "non-blocking");
    const i32 client = number(socket(AF_INET, SOCK_STREAM));
    ok(connect(client, at), "a client");
    fails(sys_accept(server, at.bytes, nullptr), kernel::EFAULT, "accept with a name and no length: EFAULT");
    u32 size = 3;
    const i32 end = number(sys_accept(server, at.bytes, &size));
    ok(end > 0 && size == 16, "accepted; the length of the name told");
    ok(status_flags(end) & O_NONBLOCK, "O_NONBLOCK is inherited");
    ok(raw_option(end, SOL_SOCKET, SO_NOSIGPIPE) == 1, "SO_NOSIGPIPE is inherited");
    fails(connect(server, at), kernel::EOPNOTSUPP, "a listener cannot connect");
    for (const i32 fd : {server, client, end}) (void)close(fd);
}

void options() {
    const i32 fd = number(sys_socket(xnu::AF_INET, xnu::SOCK_STREAM, 0));
    ok(set_raw(fd, SOL_SOCKET, SO_KEEPALIVE, 1).ok() && raw_option(fd, SOL_SOCKET, SO_KEEPALIVE) == SO_KEEPALIVE, "an option that is on reads as its bit");
    ok(set_raw(fd, IPPROTO_TCP, TCP_NODELAY, 1).ok() && raw_option(fd, IPPROTO_TCP, TCP_NODELAY) == 4, "TCP_NODELAY as 4");
    ok(set_raw(fd, SOL_SOCKET, SO_SNDBUF, 20000).ok() && raw_option(fd, SOL_SOCKET, SO_SNDBUF) == 20000, "a buffer's size as it was set");
    fails(set_raw(fd, SOL_SOCKET, SO_SNDBUF, 0), kernel::EINVAL, "none: EINVAL");
    const xnu::linger l{1, 2};
    xnu::linger back{};
    u32 size = sizeof back;
    ok(sys_setsockopt(fd, SOL_SOCKET, SO_LINGER_SEC, &l, sizeof l).ok() && sys_getsockopt(fd, SOL_SOCKET, SO_LINGER, &back, &size).ok() && back.l_linger == 200,
       "two seconds of linger are 200 ticks");
    xnu::timeval t{1, 1000000, 0};
    fails(sys_setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t), kernel::EDOM, "a million microseconds: EDOM");
    fails(set_raw(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1), kernel::EINVAL, "an option of another protocol: EINVAL");
    (void)close(fd);
    i32 pair[2];
    ok(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), "a pair");
    xucred who{};
    size = sizeof who;
    ok(sys_getsockopt(pair[0], SOL_LOCAL, LOCAL_PEERCRED, &who, &size).ok() && who.cr_version == 0 && who.cr_uid == static_cast<u32>(sys_geteuid().raw), "LOCAL_PEERCRED");
    fails(set_raw(pair[0], IPPROTO_TCP, TCP_NODELAY, 1), kernel::EOPNOTSUPP, "TCP's options in AF_UNIX: EOPNOTSUPP");
    ok(send(pair[1], "abc", 3).ok() && raw_option(pair[0], SOL_SOCKET, SO_NREAD) == 3, "SO_NREAD");
    i32 n = 0;
    ok(sys_ioctl(pair[0], 0x4004667f, &n).ok() && n == 3, "FIONREAD");
    n = 1;
    ok(sys_ioctl(pair[0], 0x8004667e, &n).ok() && status_flags(pair[0]) & O_NONBLOCK, "FIONBIO");
    (void)close(pair[0]);
    (void)close(pair[1]);
}

void messages() {
    i32 pair[2];
    ok(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), "a pair");
    char c = 'x';
    xnu::iovec part{&c, 1};
    struct {
        cmsghdr head;
        i32 fd;
    } block{{16, SOL_SOCKET, SCM_RIGHTS}, pair[0]};
    static_assert(sizeof block == 16);
    xnu::msghdr m{nullptr, 0, &part, 1, &block, sizeof block, 0};
    ok(sys_sendmsg(pair[0], &m, 0).raw == 1, "one descriptor, 16 bytes of control");
    m.msg_controllen = 11;
    fails(sys_sendmsg(pair[0], &m, 0), kernel::EINVAL, "less than a header: EINVAL");
    m.msg_controllen = 16;
    block.head.cmsg_len = 12;
    fails(sys_sendmsg(pair[0], &m, 0), kernel::EINVAL, "a block shorter than the control: EINVAL");
    block.head.cmsg_len = 16;
    block.head.cmsg_type = 2;
    fails(sys_sendmsg(pair[0], &m, 0), kernel::EINVAL, "another kind: EINVAL");
    block.head.cmsg_type = SCM_RIGHTS;
    const Result kq = xnu::kqueue();
    block.fd = number(kq);
    fails(sys_sendmsg(pair[0], &m, 0), kernel::EINVAL, "a kqueue cannot be sent: EINVAL");
    (void)close(number(kq));
    m.msg_iovlen = 0;
    fails(sys_sendmsg(pair[0], &m, 0), kernel::EMSGSIZE, "no piece: EMSGSIZE");

    m = {nullptr, 0, &part, 1, &block, 13, 0};
    ok(sys_recvmsg(pair[1], &m, xnu::MSG_DONTWAIT).raw == 1, "received with 13 bytes for 16");
    ok(m.msg_flags & xnu::MSG_CTRUNC && m.msg_flags & xnu::MSG_DONTWAIT && m.msg_controllen == 13, "MSG_CTRUNC, the flags of the call, and what was written");
    fails(sys_sendto(pair[0], "x", 1, xnu::MSG_OOB, nullptr, 0), kernel::EOPNOTSUPP, "MSG_OOB in AF_UNIX: EOPNOTSUPP");
    (void)close(pair[0]);
    (void)close(pair[1]);
    Address at;
    const i32 a = number(socket(AF_INET, SOCK_DGRAM)), b = number(socket(AF_INET, SOCK_DGRAM));
    ok(bind(a, loopback(AF_INET)).ok() && getsockname(a, &at).ok() && connect(b, at).ok(), "datagrams");
    fails(sendto(b, "x", 1, 0, at), kernel::EISCONN, "a receiver's name on a connected one: EISCONN");
    ok(send(b, "abc", 3).ok() && recvfrom(a, &c, 1, 0, &at).raw == 1 && at.bytes[0] == 16, "the sender's name has its length");
    ok(send(b, "abc", 3).ok() && sys_recvfrom(a, &c, 1, 0, nowhere<u8>(), nullptr).raw == 1, "without a length the name is not written");
    (void)close(a);
    (void)close(b);
}

void sigpipe() {
    ok(signal_handle(kernel::SIGPIPE, on_signal), "a handler of SIGPIPE");
    i32 pair[2];
    ok(sys_socketpair(xnu::AF_UNIX, xnu::SOCK_STREAM, 0, pair).ok() && close(pair[1]).ok(), "a bare pair, one end closed");
    fails(write(pair[0], "x", 1), kernel::EPIPE, "write: EPIPE");
    ok(signals == 1, "with SIGPIPE");
    fails(sys_sendto(pair[0], "x", 1, 0, nullptr, 0), kernel::EPIPE, "sendto: EPIPE");
    ok(signals == 2, "with SIGPIPE");
    const xnu::iovec part{const_cast<char*>("x"), 1};
    fails(sys_writev(pair[0], &part, 1), kernel::EPIPE, "writev: EPIPE");
    ok(signals == 3, "with SIGPIPE");
    (void)close(pair[0]);
    ok(socketpair(AF_UNIX, SOCK_STREAM, 0, pair).ok() && close(pair[1]).ok(), "a pair of the sys layer's");
    fails(write(pair[0], "x", 1), kernel::EPIPE, "write: EPIPE");
    fails(send(pair[0], "x", 1), kernel::EPIPE, "send: EPIPE");
    ok(signals == 3, "without");
    (void)close(pair[0]);
    ok(signal_default(kernel::SIGPIPE), "as before");
}

void sending_files() {
    i32 pair[2];
    ok(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), "a pair");
    const i32 file = number(open(argv()[0], O_RDONLY));
    u8 expected[32], came[64];
    ok(sys_pread(file, expected, sizeof expected, 100).raw == sizeof expected, "a file's bytes");
    i64 n = 32;
    ok(sys_sendfile(file, pair[0], 100, &n, nullptr, 0).ok() && n == 32 && recv(pair[1], came, sizeof came).raw == 32 && memcmp(came, expected, 32) == 0,
       "sendfile");
    fails(sys_sendfile(file, pair[0], -1, &n, nullptr, 0), kernel::EINVAL, "a negative offset: EINVAL");
    fails(sys_sendfile(file, pair[0], 0, &n, nullptr, 1), kernel::EINVAL, "flags: EINVAL");
    fails(sys_sendfile(file, file, 0, &n, nullptr, 0), kernel::ENOTSOCK, "to a file: ENOTSOCK");
    fails(sys_sendfile(pair[1], pair[0], 0, &n, nullptr, 0), kernel::ENOTSUP, "from a socket: ENOTSUP");
    (void)close(pair[1]);
    Address at;
    fails(getpeername(pair[0], &at), kernel::EINVAL, "a peer that has gone has no name: EINVAL");
    n = 10;
    fails(sys_sendfile(file, pair[0], 0, &n, nullptr, 0), kernel::ENOTCONN, "nobody at the other end: ENOTCONN");
    (void)close(pair[0]);
    (void)close(file);
}

void polling() {
    pollfd closed{1 << 20, 0, 0};
    ok(poll(&closed, 1, 0).raw == 0, "poll does not look at what nothing is asked of");
    const i32 fd = number(socket(AF_INET, SOCK_STREAM));
    pollfd one{fd, POLLIN | POLLOUT, 0};
    ok(poll(&one, 1, nanotime() + 5'000'000).raw == 0, "a socket that never had a peer is neither readable nor writable");
    fails(sys_poll(&one, 1, -2), kernel::EINVAL, "a timeout below -1: EINVAL");
    (void)close(fd);
}

}  // namespace

int main() {
    print("TAP version 13\n");
    names();
    accepted();
    options();
    messages();
    sigpipe();
    sending_files();
    polling();
    return done();
}
