// SPDX-License-Identifier: BSD-3-Clause
// Calls of sockets at their limits, and what only one caller in a hundred asks: interfaces by ioctl, connectx's arguments, lists of messages,
// who the peer is (xnu-3248.60.10 bsd/kern/uipc_syscalls.c, uipc_socket.c, uipc_usrreq.c, bsd/net/if.c, bsd/netinet/in.c).
#include "sys/calls.h"
#include "sys/darwin/net.h"
#include "sys/process.h"
#include "tests/sys/net_tools.h"

using namespace trapeze;

namespace {

constexpr u32 siocgifflags = 0xc0206911, siocgifmetric = 0xc0206917, siocgifaddr = 0xc0206921, siocgifbrdaddr = 0xc0206923, siocgifconf = 0xc0106924,
              siocgifnetmask = 0xc0206925, siocgifmtu = 0xc0206933;

struct Request {
    char name[16];
    u8 value[16];
};

void interfaces() {
    const i32 fd = number(socket(AF_INET, SOCK_DGRAM)), local = number(socket(AF_UNIX, SOCK_DGRAM));
    Request r{"lo0", {}};
    memset(r.value, 0x77, sizeof r.value);
    constexpr u8 nothing[4] = {};
    ok(sys_ioctl(fd, siocgifmetric, &r).raw == 0 && memcmp(r.value, nothing, 4) == 0, "SIOCGIFMETRIC: 0");
    for (const u32 what : {siocgifaddr, siocgifbrdaddr, siocgifnetmask})
        fails(sys_ioctl(local, what, &r), kernel::EOPNOTSUPP, "addresses of IPv4 by another socket: EOPNOTSUPP");
    for (const u32 what : {siocgifflags, siocgifmtu, siocgifmetric}) ok(sys_ioctl(local, what, &r), "but what every link has");
    i32 pipes[2];
    (void)pipe(pipes);
    fails(sys_ioctl(pipes[0], siocgifflags, &r), kernel::ENOTTY, "by no socket: ENOTTY");
    static Request all[64];
    struct {
        i32 size;
        void* at;
    } list{-1, all};
    ok(sys_ioctl(fd, siocgifconf, &list).raw == 0 && list.size == 0, "SIOCGIFCONF with room for less than nothing");
    list.size = sizeof all;
    (void)sys_ioctl(fd, siocgifconf, &list);
    const i32 whole = list.size;
    bool ordered = whole >= 64;
    u32 links = 0;
    for (i32 i = 0; i < whole / 32; i++) {
        const bool link = all[i].value[1] == xnu::AF_LINK;
        links += link;
        // A link's own record comes first; its index and type are in it.
        if (link) ordered = ordered && all[i].value[0] == 16 && all[i].value[2] != 0 && (all[i].value[4] == 0x18 || memcmp(all[i].name, "lo0", 4) != 0);
        else ordered = ordered && i > 0 && all[i].value[0] == 16 && all[i].value[1] == 2 && memcmp(all[i].name, all[i - 1].name, 16) == 0;
    }
    ok(ordered && links > 0, "each link, then its addresses");
    for (const i32 size : {whole, whole + 31, whole - 1}) {
        list.size = size;
        memset(all, 0x77, sizeof all);
        const i32 want = size < whole ? whole - 32 : whole;
        ok(sys_ioctl(fd, siocgifconf, &list).raw == 0 && list.size == want && reinterpret_cast<u8*>(all)[want] == 0x77, "no more than there is room for");
    }
    list = {64, nowhere<Request>()};
    fails(sys_ioctl(fd, siocgifconf, &list), kernel::EFAULT, "to nowhere: EFAULT");
    for (const i32 n : {fd, local, pipes[0], pipes[1]}) (void)close(n);
}

void connections() {
    Address at;
    const i32 server = listener(AF_INET, &at), fd = number(socket(AF_INET, SOCK_STREAM));
    char c = 'c';
    static iovec parts[1024];
    for (iovec& p : parts) p = {&c, 1};
    xnu::sa_endpoints ends{0, nullptr, 0, at.bytes, at.size};
    usize went = 99;
    for (const u32 n : {0u, 1025u, ~0u})
        fails(sys_connectx(fd, &ends, 0, 0, parts, n, &went, nullptr), kernel::EINVAL, "connectx with too few or too many pieces: EINVAL");
    fails(sys_connectx(fd, &ends, 7, 0, nullptr, 0, nullptr, nullptr), kernel::EINVAL, "of an association that is none: EINVAL");
    xnu::sa_endpoints none{0, nullptr, 0, nullptr, 0};
    fails(sys_connectx(fd, &none, 0, 0, nullptr, 0, nullptr, nullptr), kernel::EINVAL, "to nobody: EINVAL");
    none = {0x7fff, nullptr, 0, at.bytes, at.size};
    fails(sys_connectx(fd, &none, 0, 0, nullptr, 0, nullptr, nullptr), kernel::ENXIO, "by an interface that is none: ENXIO");
    ok(sys_connectx(fd, &ends, 0, 0, parts, 1024, &went, nullptr).raw == 0 && went == 1024, "1,024 pieces");
    const i32 peer = number(accept(server)), bad = number(socket(AF_INET, SOCK_STREAM));
    fails(sys_connectx(bad, &ends, 0, 0, parts, 1, nowhere<usize>(), nullptr), kernel::EFAULT, "their number to nowhere: EFAULT");
    for (const i32 n : {fd, peer, bad}) (void)close(n);
    const i32 third = number(socket(AF_INET, SOCK_STREAM));
    fails(sys_connectx(third, &ends, 0, 0, nullptr, 0, nullptr, nowhere<u32>()), kernel::EFAULT, "the connection's number too");
    const i32 refused = number(socket(AF_INET, SOCK_STREAM));
    (void)close(server);
    u32 connection = 99;
    fails(sys_connectx(refused, &ends, 0, 0, nullptr, 0, nullptr, &connection), kernel::ECONNREFUSED, "where nobody listens any more: ECONNREFUSED");
    ok(connection == 0, "and there is no connection");
    for (const i32 n : {third, refused}) (void)close(n);
    // Addresses of family 0 and of port 0.
    xnu::sockaddr_in to{};
    to.sin_len = 16, to.sin_family = 2, to.sin_port = 0, to.sin_addr[0] = 127, to.sin_addr[3] = 1;
    const i32 stream = number(socket(AF_INET, SOCK_STREAM)), datagram = number(socket(AF_INET, SOCK_DGRAM));
    fails(sys_connect(stream, &to, 16), kernel::EADDRNOTAVAIL, "connect to port 0: EADDRNOTAVAIL");
    fails(sys_connect(datagram, &to, 16), kernel::EADDRNOTAVAIL, "of datagrams too");
    to.sin_len = 15;
    fails(sys_connect(stream, &to, 15), kernel::EINVAL, "an address of 15 bytes: EINVAL");
    for (const i32 n : {stream, datagram}) (void)close(n);
}

void options() {
    const i32 fd = number(socket(AF_INET, SOCK_STREAM)), six = number(socket(AF_INET6, SOCK_DGRAM));
    i32 v = 0x7fff;
    fails(sys_setsockopt(fd, 0, 25, &v, 4), kernel::ENXIO, "IP_BOUND_IF of no interface: ENXIO");
    if (six >= 0) fails(sys_setsockopt(six, 41, 125, &v, 4), kernel::ENXIO, "IPV6_BOUND_IF too");
    for (const i32 wrong : {-1, 3}) {
        v = wrong;
        if (six >= 0) fails(sys_setsockopt(six, 41, 14, &v, 4), kernel::EINVAL, "IPV6_PORTRANGE beyond 0 to 2: EINVAL");
        fails(sys_setsockopt(fd, 0, 19, &v, 4), kernel::EINVAL, "IP_PORTRANGE");
        fails(sys_setsockopt(fd, 6, 0x210, &v, 4), kernel::EINVAL, "TCP_ECN_MODE");
    }
    for (const i32 wrong : {-2, 2}) {
        v = wrong;
        if (six >= 0) fails(sys_setsockopt(six, 41, 63, &v, 4), kernel::EINVAL, "IPV6_PREFER_TEMPADDR beyond -1 to 1: EINVAL");
    }
    v = -1;
    if (six >= 0) ok(sys_setsockopt(six, 41, 63, &v, 4).ok() && sys_setsockopt(six, 41, 42, &v, 4).ok(), "-1 is the system's way");
    v = 176;
    ok(sys_setsockopt(fd, 6, 2, &v, 4), "TCP_MAXSEG 176 is the least");
    v = 175;
    fails(sys_setsockopt(fd, 6, 2, &v, 4), kernel::EINVAL, "175: EINVAL");
    i32 pair[2];
    (void)socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    xnu::xucred who{};
    who.cr_uid = 77;
    u32 size = sizeof who;
    ok(sys_getsockopt(pair[0], 0, 1, &who, &size).ok() && size == sizeof who && who.cr_version == 0 && who.cr_uid == static_cast<u32>(geteuid()) && who.cr_ngroups >= 1 &&
           who.cr_groups[0] == static_cast<u32>(getegid()), "LOCAL_PEERCRED: the other's user and group");
    v = 0, size = 4;
    ok(sys_getsockopt(pair[0], 0, 2, &v, &size).ok() && v == static_cast<i32>(getpid()), "LOCAL_PEERPID");
    const i32 lonely = number(socket(AF_UNIX, SOCK_STREAM)), words = number(socket(AF_UNIX, SOCK_DGRAM));
    fails(sys_getsockopt(lonely, 0, 1, &who, &size), kernel::ENOTCONN, "of a stream without a peer: ENOTCONN");
    fails(sys_getsockopt(words, 0, 1, &who, &size), kernel::EINVAL, "of datagrams: EINVAL");
    for (const i32 n : {fd, six, pair[0], pair[1], lonely, words}) (void)close(n);
}

// A list of messages ends where its first trouble is, and says how many went before.
void lists() {
    i32 pair[2];
    (void)socketpair(AF_UNIX, SOCK_DGRAM, 0, pair, O_NONBLOCK);
    static xnu::msghdr_x out[120], in[120];
    static char text[] = "text", got[120][4];
    iovec word{text, 4};
    static iovec rooms[120];
    for (u32 i = 0; i < 120; i++) {
        out[i] = {}, in[i] = {};
        rooms[i] = {got[i], 4};
        out[i].msg_iov = &word, in[i].msg_iov = &rooms[i];
        out[i].msg_iovlen = in[i].msg_iovlen = 1;
    }
    const i64 sent = sys_sendmsg_x(pair[0], out, 120, 0).raw;
    ok(sent > 0 && sent <= 100, "sendmsg_x: what there is room for, and 100 at most");
    const i64 came = sys_recvmsg_x(pair[1], in, 120, 0).raw;
    ok(came == sent && memcmp(got[came - 1], "text", 4) == 0 && in[0].msg_datalen == 4, "recvmsg_x: as many");
    iovec little{got[0], 2};
    in[0].msg_iov = &little;
    (void)sys_sendmsg_x(pair[0], out, 3, 0);
    ok(sys_recvmsg_x(pair[1], in, 3, 0).raw == 1 && (in[0].msg_flags & xnu::MSG_TRUNC) && in[0].msg_datalen == 2, "it ends behind a message that is cut");
    in[0].msg_flags = 0, in[0].msg_iov = &rooms[0];
    ok(sys_recvmsg_x(pair[1], in, 3, 0).raw == 2, "the others are still there");
    out[1].msg_iovlen = 1025;
    fails(sys_sendmsg_x(pair[0], out, 3, 0), kernel::EMSGSIZE, "one of more than 1,024 pieces: EMSGSIZE, and none is sent");
    fails(sys_recvmsg_x(pair[1], in, 3, 0), kernel::EAGAIN, "none");
    fails(sys_sendmsg_x(-1, out, 1, 0), kernel::EBADF, "by nothing: EBADF");
    for (const i32 n : pair) (void)close(n);
}

}  // namespace

int main() {
    print("TAP version 13\n");
    interfaces(), connections(), options(), lists();
    return done();
}
