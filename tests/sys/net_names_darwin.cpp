// SPDX-License-Identifier: BSD-3-Clause
// Names of AF_UNIX sockets of every length, without a family and with a wrong length of their own; what TCP_CONNECTION_INFO tells; and
// options that outlive an execution. Facts: xnu-3248.60.10 bsd/kern/uipc_usrreq.c unp_bind, unp_connect, uipc_syscalls.c getsockaddr,
// bsd/netinet/tcp_usrreq.c tcp_connection_fill_info.
#include "sys/darwin/net.h"
#include "sys/darwin/release.h"
#include "tests/sys/child.h"
#include "tests/sys/fs_tools.h"
#include "tests/sys/net_tools.h"

namespace {

using tools::Workplace;

struct Name {
    u8 bytes[256];
    u32 size;
};
// A path of n bytes in this folder: some folders, then `last`.
Name name_of(const char* path, u8 family = xnu::AF_UNIX) {
    Name n{};
    const usize size = str_len(path);
    memcpy(n.bytes + 2, path, size);
    n.bytes[0] = 77, n.bytes[1] = family;  // the kernel knows better how long it is
    n.size = static_cast<u32>(2 + size);
    return n;
}
bool is_name(const Name& got, const char* path) {
    const usize n = str_len(path);
    return got.bytes[1] == xnu::AF_UNIX && got.size >= 2 + n && got.bytes[0] == got.size && memcmp(got.bytes + 2, path, n) == 0 && (got.size == 2 + n || got.bytes[2 + n] == 0);
}
Name own_name(i32 fd) {
    Name n{};
    n.size = sizeof n.bytes;
    (void)sys_getsockname(fd, n.bytes, &n.size);
    return n;
}
Name peer_name(i32 fd) {
    Name n{};
    n.size = sizeof n.bytes;
    (void)sys_getpeername(fd, n.bytes, &n.size);
    return n;
}

void lengths() {
    static char base[600], path[700];
    const Result here = getcwd(base, 200);
    if (here.failed() || str_len(base) > 90) return skip("the folder for temporary files has a long name itself", "names of every length");
    // A Mac's /tmp is /private/tmp: by its own name, which is the shorter.
    if (memcmp(base, "/private/", 9) == 0) memmove(base, base + 8, str_len(base + 8) + 1);
    usize at = str_len(base);
    while (at < 180) {  // folders until it is long
        memcpy(base + at, "/a-folder-of-twenty-c", 21);
        base[at + 21] = 0;
        (void)mkdir(base, 0755);
        at += 21;
    }
    // Exactly 104, 107, 108 and 253 bytes: what sun_path is declared as, the host's, one more, the most.
    for (const usize total : {usize{104}, usize{107}, usize{108}, usize{150}, usize{253}}) {
        usize folder = 0;
        for (usize i = 0; i < total - 2; i++)
            if (base[i] == '/' || !base[i]) {
                folder = i;
                if (!base[i]) break;
            }
        memcpy(path, base, folder);
        path[folder] = '/';
        for (usize i = folder + 1; i < total; i++) path[i] = 's';
        path[total] = 0;
        const Name n = name_of(path);
        const i32 server = number(socket(AF_UNIX, SOCK_STREAM)), client = number(socket(AF_UNIX, SOCK_STREAM));
        fails(sys_connect(client, n.bytes, n.size), kernel::ENOENT, "a name that nobody has");
        ok(sys_bind(server, n.bytes, n.size), "a name");
        fails(sys_connect(client, n.bytes, n.size), kernel::ECONNREFUSED, "nobody listens");
        FileInfo s{};
        ok(stat(path, &s).ok() && (s.mode & xnu::S_IFMT) == xnu::S_IFSOCK, "the file is there");
        ok(is_name(own_name(server), path), "its own name");
        ok(listen(server).ok() && sys_connect(client, n.bytes, n.size).ok(), "connected");
        Name of_peer{};
        of_peer.size = sizeof of_peer.bytes;
        const i32 end = number(sys_accept(server, of_peer.bytes, &of_peer.size));
        ok(end >= 0 && is_name(peer_name(client), path) && is_name(own_name(end), path), "the peer knows it");
        held(::in_child([&] { return is_name(peer_name(client), path) ? 0 : 1; }), "in another process too");
        ok(write(client, "x", 1).raw == 1 && read(end, path + 600, 4).raw == 1, "bytes go there");
        const i32 again = number(socket(AF_UNIX, SOCK_STREAM));
        fails(sys_bind(again, n.bytes, n.size), kernel::EADDRINUSE, "it is taken");
        for (const i32 fd : {server, client, end, again}) (void)close(fd);
        const i32 to = number(socket(AF_UNIX, SOCK_DGRAM)), from = number(socket(AF_UNIX, SOCK_DGRAM));
        (void)unlink(path);
        ok(sys_bind(to, n.bytes, n.size).ok() && sys_sendto(from, "ab", 2, 0, n.bytes, n.size).raw == 2 && read(to, path + 600, 4).raw == 2, "a datagram");
        ok(sys_connect(to, n.bytes, n.size).ok() && write(to, "abc", 3).raw == 3, "to itself");
        Name sender{};
        sender.size = sizeof sender.bytes;
        ok(sys_recvfrom(to, path + 600, 4, 0, sender.bytes, &sender.size).raw == 3 && is_name(sender, path), "whose name comes with it");
        for (const i32 fd : {to, from}) (void)close(fd);
        (void)unlink(path);
    }
    memset(path, 'x', 300);
    const i32 fd = number(socket(AF_UNIX, SOCK_STREAM));
    fails(sys_bind(fd, path, 256), kernel::ENAMETOOLONG, "256 bytes are too many");
    memcpy(path, base, at);
    path[at] = 0;
    Name n = name_of(path);
    fails(sys_bind(fd, n.bytes, n.size), kernel::EADDRINUSE, "a folder has the name");
    memcpy(path + at, "/none/s", 8);
    n = name_of(path);
    fails(sys_bind(fd, n.bytes, n.size), kernel::ENOENT, "its folder is not there");
    fails(sys_connect(fd, n.bytes, n.size), kernel::ENOENT, "nor for connect");
    tools::make_file("file", "x");
    memcpy(path + at, "/../s", 6);
    n = name_of(path);
    ok(sys_bind(fd, n.bytes, n.size).ok() && unlink(path).ok(), "through ..");
    (void)close(fd);
}

void families() {
    const i32 a = number(socket(AF_UNIX, SOCK_STREAM)), b = number(socket(AF_UNIX, SOCK_STREAM)), d = number(socket(AF_UNIX, SOCK_DGRAM)),
              e = number(socket(AF_UNIX, SOCK_DGRAM)), t = number(socket(AF_INET, SOCK_STREAM));
    Name n = name_of("stream", 0), m = name_of("datagram", 0);
    ok(sys_bind(a, n.bytes, n.size).ok() && listen(a).ok(), "bind without a family");
    ok(sys_connect(b, n.bytes, n.size), "connect without one");
    ok(sys_bind(d, m.bytes, m.size).ok() && sys_sendto(e, "x", 1, 0, m.bytes, m.size).raw == 1, "sendto without one");
    ok(sys_connect(e, m.bytes, m.size).ok() && write(e, "y", 1).raw == 1, "and a datagram socket connects");
    const Name in = name_of("stream", xnu::AF_INET6), own = name_of("stream");
    u8 address[16] = {16, 2, 0, 80, 127, 0, 0, 1};
    const i32 c = number(socket(AF_UNIX, SOCK_STREAM));
    fails(sys_bind(c, address, 16), kernel::EAFNOSUPPORT, "bind to an address of the internet: EAFNOSUPPORT");
    fails(sys_connect(c, address, 16), kernel::EAFNOSUPPORT, "connect: EAFNOSUPPORT");
    fails(sys_connect(b, address, 16), kernel::EISCONN, "once connected: EISCONN");
    fails(sys_connect(a, address, 16), kernel::EOPNOTSUPP, "listening: EOPNOTSUPP");
    fails(sys_bind(t, own.bytes, own.size), kernel::EAFNOSUPPORT, "an internet socket to a path: EAFNOSUPPORT");
    fails(sys_bind(c, in.bytes, 2), kernel::EAFNOSUPPORT, "another family's empty one");
    fails(sys_bind(c, own.bytes, 2), kernel::EINVAL, "no path: EINVAL");
    fails(sys_bind(c, own.bytes, 1), kernel::EINVAL, "no family even: EINVAL");
    for (const i32 fd : {a, b, c, d, e, t}) (void)close(fd);
}

struct Info {  // struct tcp_connection_info
    u8 state, snd_wscale, rcv_wscale, pad;
    u32 options, flags, rto, maxseg, snd_ssthresh, snd_cwnd, snd_wnd, snd_sbbytes, rcv_wnd, rttcur, srtt, rttvar, fast_open;
    u64 txpackets, txbytes, txretransmitbytes, rxpackets, rxbytes, rxoutoforderbytes, txretransmitpackets;
};

void connections() {
    if (darwin_major < 15) return skip("from Darwin 15 on", "TCP_CONNECTION_INFO");
    constexpr i32 tcp = 6, connection_info = 0x106;
    constexpr u8 closed = 0, listening = 1, established = 4, close_wait = 5, fin_wait_2 = 9;
    const u32 whole = darwin_major > 15 ? sizeof(Info) : sizeof(Info) - 8;
    Info i{};
    u32 size = sizeof i;
    const auto ask = [&](i32 fd) {
        memset(&i, 0xee, size = sizeof i);
        return sys_getsockopt(fd, tcp, connection_info, &i, &size).ok() && size == whole;
    };
    const i32 fresh = number(socket(AF_INET, SOCK_STREAM)), udp = number(socket(AF_INET, SOCK_DGRAM));
    ok(ask(fresh) && i.state == closed && i.maxseg == 0 && i.options == 0, "TCP_CONNECTION_INFO of no connection");
    Address at;
    const i32 server = listener(AF_INET, &at);
    ok(ask(server) && i.state == listening && i.snd_cwnd == 0, "of one that listens");
    (void)connect(fresh, at);
    const i32 end = number(accept(server));
    u8 bytes[1000] = {};
    ok(write(fresh, bytes, 1000).raw == 1000 && recv(end, reinterpret_cast<char*>(bytes), 1000, MSG_WAITALL).raw == 1000, "bytes");
    ok(ask(fresh) && i.state == established && i.txbytes == 1000 && i.rxbytes == 0 && i.txpackets >= 2 && i.maxseg > 500 && i.snd_cwnd >= i.maxseg && i.srtt < 10000,
       "of the sender");
    ok(ask(end) && i.state == established && i.rxbytes == 1000 && i.txbytes == 0 && i.rxpackets >= 2 && i.rcv_wnd > 0 && i.txretransmitbytes == 0, "of the receiver");
    size = 4;
    ok(sys_getsockopt(end, tcp, connection_info, &i, &size).ok() && size == 4, "as much as there is room for");
    size = sizeof i;
    fails(sys_getsockopt(end, tcp, connection_info, nowhere<Info>(), &size), kernel::EFAULT, "to nowhere: EFAULT");
    fails(sys_setsockopt(end, tcp, connection_info, &i, sizeof i), kernel::ENOPROTOOPT, "it cannot be set");
    fails(sys_getsockopt(udp, tcp, connection_info, &i, &size), kernel::EINVAL, "of UDP: EINVAL");
    (void)close(fresh);
    bool ended = false;
    for (i32 n = 0; n < 1000 && !ended; n++) ended = ask(end) && i.state == close_wait;
    ok(ended, "the peer has closed");
    const i32 other = number(socket(AF_INET, SOCK_STREAM));
    (void)connect(other, at);
    const i32 second = number(accept(server));
    (void)shutdown(other, SHUT_WR);
    for (i32 n = 0; n < 1000 && i.state != fin_wait_2; n++) (void)ask(other);
    ok(i.state == fin_wait_2, "half of it is shut");
    for (const i32 fd : {server, end, other, second, udp}) (void)close(fd);
}

const char* self;
constexpr i32 socket_level = 0xffff;

i32 option(i32 fd, i32 level, i32 name) {
    i32 v = -1;
    u32 size = sizeof v;
    return sys_getsockopt(fd, level, name, &v, &size).ok() ? v : -1;
}

// The new image: what the descriptors' numbers were is in its argument, two digits each.
i32 new_image(const char* what) {
    const i32 a = (what[0] - '0') * 10 + what[1] - '0', b = (what[2] - '0') * 10 + what[3] - '0';
    if (option(a, socket_level, 0x1003) != 100) return 1;
    if (option(a, socket_level, 0x1086) != 700) return 2;
    if (option(b, socket_level, 0x1003) != 2048) return 3;
    if (option(b, 6, 0x20) != 7) return 4;
    if (option(a, 6, 1) != 4) return 5;  // TCP_NODELAY, the host's
    return option(b, socket_level, 0x1022);  // SO_NOSIGPIPE
}

void over_executions() {
    const i32 a = number(sys_socket(xnu::AF_INET, xnu::SOCK_STREAM, 0)), b = number(sys_socket(xnu::AF_INET, xnu::SOCK_STREAM, 0));
    const auto set = [](i32 fd, i32 level, i32 name, i32 v) { return sys_setsockopt(fd, level, name, &v, 4).ok(); };
    ok(set(a, socket_level, 0x1003, 100) && set(a, socket_level, 0x1086, 700) && set(b, 6, 0x20, 7) && set(a, 6, 1, 1), "options");
    const char numbers[5] = {static_cast<char>('0' + a / 10), static_cast<char>('0' + a % 10), static_cast<char>('0' + b / 10), static_cast<char>('0' + b % 10), 0};
    held(::in_child([&] {
             const char* argv[] = {self, numbers, nullptr};
             return exec(self, argv, envp()).err();
         }), "are the same after an execution");
    for (const i32 fd : {a, b}) (void)close(fd);
}

}  // namespace

int main(int argc, char** argv) {
    self = argv[0];
    if (argc > 1) return new_image(argv[1]);
    static char absolute[1024];
    if (argv[0][0] != '/') {
        (void)getcwd(absolute, 700);
        const usize n = str_len(absolute);
        absolute[n] = '/';
        memcpy(absolute + n + 1, argv[0], str_len(argv[0]) + 1);
        self = absolute;
    }
    Workplace here;
    lengths();
    families();
    connections();
    over_executions();
    return done();
}
