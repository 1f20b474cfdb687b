// SPDX-License-Identifier: BSD-3-Clause
// Socket options by Darwin's numbers, each with its size, its limits and what is read back (xnu-3248.60.10 bsd/kern/uipc_socket.c,
// bsd/netinet/tcp_usrreq.c, ip_output.c, bsd/netinet6/ip6_output.c, bsd/kern/uipc_usrreq.c), and the ancillary data that some of them bring.
#include "sys/darwin/net.h"
#include "sys/time.h"
#include "tests/sys/net_tools.h"

using namespace trapeze;

namespace {

constexpr i32 S = xnu::SOL_SOCKET, tcp = 6, udp = 17, ip = 0, ip6 = 41;
bool root() { return geteuid() == 0; }

Result set(i32 fd, i32 level, i32 name, i32 v, u32 size = 4) { return sys_setsockopt(fd, level, name, &v, size); }
// The number read, or -1000 - errno.
i32 get(i32 fd, i32 level, i32 name) {
    i32 v = -1;
    u32 size = sizeof v;
    const Result r = sys_getsockopt(fd, level, name, &v, &size);
    return r.failed() ? -1000 - r.err() : size == 4 ? v : -2000 - static_cast<i32>(size);
}

// What is set as a number and read as `on` when it is not 0; `usual` before.
struct Row {
    i32 level, name, value, reads, usual;
    const char* sentence;
};
void rows(i32 fd, const Row* row, u32 count) {
    for (const Row* r = row; r < row + count; r++) {
        const i32 before = get(fd, r->level, r->name);
        const Result done = set(fd, r->level, r->name, r->value);
        const i32 after = get(fd, r->level, r->name);
        ok(before == r->usual && done.ok() && after == r->reads, r->sentence);
        if (before != r->usual || done.failed() || after != r->reads) print("# ", before, ", ", done.raw, ", ", after, "\n");
        fails(set(fd, r->level, r->name, r->value, 3), kernel::EINVAL, "of 3 bytes: EINVAL");
        fails(sys_setsockopt(fd, r->level, r->name, nowhere<i32>(), 4), kernel::EFAULT, "from nowhere: EFAULT");
    }
}

void of_sockets() {
    const i32 fd = number(socket(AF_INET, SOCK_STREAM)), other = number(socket(AF_INET, SOCK_STREAM));
    constexpr Row list[] = {
        {S, 1, 5, 1, 0, "SO_DEBUG"}, {S, 4, 5, 4, 0, "SO_REUSEADDR"}, {S, 8, 5, 8, 0, "SO_KEEPALIVE"}, {S, 0x10, 5, 0x10, 0, "SO_DONTROUTE"},
        {S, 0x20, 5, 0x20, 0, "SO_BROADCAST"}, {S, 0x40, 5, 0x40, 0, "SO_USELOOPBACK"}, {S, 0x100, 5, 0x100, 0, "SO_OOBINLINE"},
        {S, 0x200, 5, 0x200, 0, "SO_REUSEPORT"}, {S, 0x400, 5, 0x400, 0, "SO_TIMESTAMP"}, {S, 0x800, 5, 0x800, 0, "SO_TIMESTAMP_MONOTONIC"},
        {S, 0x2000, 5, 0x2000, 0, "SO_DONTTRUNC"}, {S, 0x4000, 5, 0x4000, 0, "SO_WANTMORE"}, {S, 0x8000, 5, 0x8000, 0, "SO_WANTOOBFLAG"},
        {S, 0x10000, 5, 0x10000, 0, "SO_NOWAKEFROMSLEEP"}, {S, 0x1003, 100, 100, 2048, "SO_SNDLOWAT"}, {S, 0x1004, 100, 100, 1, "SO_RCVLOWAT"},
        {S, 0x1022, 0, 0, 1, "SO_NOSIGPIPE, which socket() has set"}, {S, 0x1022, 5, 1, 0, "SO_NOSIGPIPE"}, {S, 0x1023, 5, 2, 0, "SO_NOADDRERR"}, {S, 0x1025, 5, 0x40, 0, "SO_REUSESHAREUID"},
        {S, 0x1027, 5, 0x800, 0, "SO_UPCALLCLOSEWAIT"}, {S, 0x1081, 0x10, 0, 0, "SO_RESTRICTIONS that there are none of"},
        {S, 0x1081, 4, 4, 0, "SO_RESTRICTIONS"}, {S, 0x1081, 1, 5, 4, "which are only added to"}, {S, 0x1082, 5, 0x1000, 0, "SO_RANDOMPORT"},
        {S, 0x1086, 700, 700, 0, "SO_TRAFFIC_CLASS"}, {S, 0x1086, 1, 200, 700, "by its old number"}, {S, 0x1087, 5, 0x4000, 0, "SO_RECV_TRAFFIC_CLASS"},
        {S, 0x1102, 5, 1, 0, "SO_OPPORTUNISTIC"}, {S, 0x1104, 5, 1, 0, "SO_RECV_ANYIF"}, {S, 0x1115, 5, 1, 0, "SO_MARK_CELLFALLBACK"},
        {tcp, 1, 5, 4, 0, "TCP_NODELAY"}, {tcp, 4, 5, 0x1000, 0, "TCP_NOPUSH"}, {tcp, 8, 5, 8, 0, "TCP_NOOPT"}, {tcp, 0x20, 7, 7, 0, "TCP_CONNECTIONTIMEOUT"},
        {tcp, 0x40, 7, 7, 0, "PERSIST_TIMEOUT"}, {tcp, 0x80, 7, 7, 0, "TCP_RXT_CONNDROPTIME"}, {tcp, 0x100, 7, 1, 0, "TCP_RXT_FINDROP"},
        {tcp, 0x103, 1, 1, 0, "TCP_SENDMOREACKS"}, {tcp, 0x104, 7, 1, 0, "TCP_ENABLE_ECN"}, {tcp, 0x201, 7, 7, 0, "TCP_NOTSENT_LOWAT"},
        {tcp, 0x208, 7, 1, 0, "TCP_NOTIMEWAIT"}, {tcp, 0x209, 1, 1, 0, "TCP_DISABLE_BLACKHOLE_DETECTION"}, {tcp, 0x210, 2, 2, 0, "TCP_ECN_MODE"},
        {ip, 3, 0x10, 0x10, 0, "IP_TOS"}, {ip, 5, 5, 1, 0, "IP_RECVOPTS"}, {ip, 6, 5, 1, 0, "IP_RECVRETOPTS"}, {ip, 7, 5, 1, 0, "IP_RECVDSTADDR"},
        {ip, 19, 2, 2, 0, "IP_PORTRANGE"}, {ip, 20, 5, 1, 0, "IP_RECVIF"}, {ip, 24, 5, 1, 0, "IP_RECVTTL"}, {ip, 26, 5, 1, 0, "IP_PKTINFO"},
        {ip, 65, 5, 1, 0, "IP_TRAFFIC_MGT_BACKGROUND"}, {ip, 6969, 5, 1, 0, "IP_NO_IFT_CELLULAR"},
    };
    rows(fd, list, sizeof list / sizeof *list);
    ok(get(fd, S, 0x1086) == 100, "SO_OPPORTUNISTIC is a class of traffic");
    ok(get(other, S, 0x40) == 0 && get(other, S, 0x1003) == 2048 && get(other, S, 0x1086) == 0 && get(other, ip, 7) == 0, "another socket has its own");
    constexpr Row wrong[] = {
        {S, 0x1001, 0, 0, 0, "SO_SNDBUF 0"}, {S, 0x1002, -1, 0, 0, "SO_RCVBUF -1"}, {S, 0x1003, 0, 0, 0, "SO_SNDLOWAT 0"}, {S, 0x1004, 0, 0, 0, "SO_RCVLOWAT 0"},
        {S, 0x1086, 50, 0, 0, "SO_TRAFFIC_CLASS 50"}, {S, 0x1086, 1000, 0, 0, "SO_TRAFFIC_CLASS 1000"}, {S, 0x1086, -1, 0, 0, "SO_TRAFFIC_CLASS -1"},
        {S, 0x1101, 1, 0, 0, "SO_ISDEFUNCT is not to set"}, {S, 0x1115, -1, 0, 0, "SO_MARK_CELLFALLBACK -1"}, {tcp, 2, 0, 0, 0, "TCP_MAXSEG 0"},
        {tcp, 2, 100, 0, 0, "TCP_MAXSEG 100"}, {tcp, 0x10, -1, 0, 0, "TCP_KEEPALIVE -1"}, {tcp, 0x20, -1, 0, 0, "TCP_CONNECTIONTIMEOUT -1"},
        {tcp, 0x101, -1, 0, 0, "TCP_KEEPINTVL -1"}, {tcp, 0x102, -1, 0, 0, "TCP_KEEPCNT -1"}, {tcp, 0x103, 2, 0, 0, "TCP_SENDMOREACKS 2"},
        {tcp, 0x210, 3, 0, 0, "TCP_ECN_MODE 3"}, {ip, 19, 3, 0, 0, "IP_PORTRANGE 3"}, {ip, 6969, 0, 0, 0, "IP_NO_IFT_CELLULAR back"}, {ip, 9696, 1, 0, 0, "IP_OUT_IF is not to set"},
        {udp, 1, 1, 0, 0, "UDP's of a stream"}, {ip6, 27, 1, 0, 0, "IPv6's of IPv4"}, {99, 1, 1, 0, 0, "of no level"},
    };
    for (const Row& r : wrong) fails(set(fd, r.level, r.name, r.value), kernel::EINVAL, r.sentence);
    ok(set(fd, tcp, 0x10, 0).ok() && get(fd, tcp, 0x10) == 0 && set(fd, tcp, 0x10, 100'000).ok() && get(fd, tcp, 0x10) == 100'000, "TCP_KEEPALIVE beyond the host's limits");
    ok(set(fd, tcp, 0x101, 9).ok() && get(fd, tcp, 0x101) == 9 && set(fd, tcp, 0x102, 300).ok() && get(fd, tcp, 0x102) == 300, "TCP_KEEPINTVL, TCP_KEEPCNT");
    for (const i32 name : {2, 0x1007, 0x1008, 0x1020, 0x1024, 0x1085, 0x1112, 0x7777})
        fails(set(fd, S, name, 1), kernel::ENOPROTOOPT, "not to set: ENOPROTOOPT");
    for (const i32 name : {2, 0x1085, 0x7777}) ok(get(fd, S, name) == -1000 - kernel::ENOPROTOOPT, "not to read: ENOPROTOOPT");
    ok(get(fd, S, 0x1101) == 0 && get(fd, ip, 9696) == 0, "SO_ISDEFUNCT, IP_OUT_IF read as 0");
    ok(set(fd, S, 0x1103, 0).ok() && get(fd, S, 0x1103) == -1000 - kernel::EINVAL, "SO_FLUSH is only to set");
    ok(set(fd, S, 0x1010, 0).err() == kernel::EOPNOTSUPP && get(fd, S, 0x1011) == -1000 - kernel::EOPNOTSUPP, "SO_LABEL, SO_PEERLABEL: EOPNOTSUPP");
    for (const i32 name : {0x1026, 0x1090}) {
        const Result r = set(fd, S, name, 1);
        ok(root() ? r.ok() && get(fd, S, name) > 0 : r.err() == kernel::EPERM, "SO_NOTIFYCONFLICT, SO_PRIVILEGED_TRAFFIC_CLASS: root's");
    }
    const Result defunct = set(fd, S, 0x1100, 0);
    ok(get(other, S, 0x1100) == 1 && (root() ? defunct.ok() && get(fd, S, 0x1100) == 0 : defunct.err() == kernel::EPERM), "SO_DEFUNCTOK is root's to forbid");
    ok(set(fd, S, 0x1105, 5).ok() && get(fd, S, 0x1105) == 1, "SO_TRAFFIC_MGT_BACKGROUND");
    fails(set(fd, ip, 2, 1), kernel::ENOPROTOOPT, "IP_HDRINCL is for raw sockets: ENOPROTOOPT");
    struct {
        u32 flags, mask;
    } extensions{1, 2};
    fails(sys_setsockopt(fd, S, 0x1083, &extensions, 8), kernel::EINVAL, "SO_NP_EXTENSIONS that there are none of: EINVAL");
    extensions.mask = 1;
    fails(sys_setsockopt(fd, S, 0x1083, &extensions, 7), kernel::EINVAL, "of 7 bytes: EINVAL");
    i32 pair[2];
    if (tcp_pair(pair)) {
        for (const i32 end : pair) (void)shutdown(end, SHUT_RDWR);
        char c;
        (void)recv(pair[0], &c, 1);
        fails(set(pair[0], S, 8, 1), kernel::EINVAL, "an ended connection takes no options: EINVAL");
        for (const i32 end : pair) (void)close(end);
    }
    if (tcp_pair(pair)) {
        ok(sys_setsockopt(pair[0], S, 0x1083, &extensions, 8), "SONPX_SETOPTSHUT");
        u32 size = 8;
        extensions = {};
        ok(sys_getsockopt(pair[0], S, 0x1083, &extensions, &size).ok() && size == 8 && extensions.flags == 1 && extensions.mask == 1, "reads back");
        for (const i32 end : pair) (void)shutdown(end, SHUT_RDWR);
        char c;
        (void)recv(pair[0], &c, 1);
        ok(set(pair[0], S, 8, 1), "and it does");
        for (const i32 end : pair) (void)close(end);
    }
    struct {
        i32 on, value;
    } linger{5, 250};
    ok(sys_setsockopt(fd, S, 0x80, &linger, 8), "SO_LINGER, in hundredths of seconds");
    u32 size = 8;
    ok(sys_getsockopt(fd, S, 0x1080, &linger, &size).ok() && linger.on == 1 && linger.value == 3, "SO_LINGER_SEC reads seconds");
    linger = {1, 4};
    ok(sys_setsockopt(fd, S, 0x1080, &linger, 8).ok() && sys_getsockopt(fd, S, 0x80, &linger, &size).ok() && linger.value == 400, "and the other way round");
    fails(sys_setsockopt(fd, S, 0x80, &linger, 7), kernel::EINVAL, "of 7 bytes: EINVAL");
    for (const i32 n : {fd, other}) (void)close(n);
}

void of_version_6() {
    const Result made = socket(AF_INET6, SOCK_DGRAM);
    if (made.failed()) {
        skip("no IPv6", "IPv6's options");
        return;
    }
    const i32 fd = number(made);
    constexpr Row list[] = {
        {ip6, 4, 7, 7, 64, "IPV6_UNICAST_HOPS"}, {ip6, 14, 1, 1, 0, "IPV6_PORTRANGE"}, {ip6, 27, 1, 1, 0, "IPV6_V6ONLY"}, {ip6, 35, 1, 1, 0, "IPV6_RECVTCLASS"},
        {ip6, 36, 8, 8, 0, "IPV6_TCLASS"}, {ip6, 37, 1, 1, 0, "IPV6_RECVHOPLIMIT"}, {ip6, 38, 1, 1, 0, "IPV6_RECVRTHDR"}, {ip6, 42, 1, 1, -1, "IPV6_USE_MIN_MTU"},
        {ip6, 43, 1, 1, 0, "IPV6_RECVPATHMTU"}, {ip6, 59, 0, 0, 1, "IPV6_AUTOFLOWLABEL"}, {ip6, 61, 1, 1, 0, "IPV6_RECVPKTINFO"}, {ip6, 62, 1, 1, 0, "IPV6_DONTFRAG"},
        {ip6, 63, 1, 1, -1, "IPV6_PREFER_TEMPADDR"}, {ip6, 6969, 1, 1, 0, "IPV6_NO_IFT_CELLULAR"},
    };
    rows(fd, list, sizeof list / sizeof *list);
    u64 wide = 1;
    for (const i32 name : {4, 27, 35, 37, 61}) fails(sys_setsockopt(fd, ip6, name, &wide, 8), kernel::EINVAL, "of 8 bytes: EINVAL, IPv6 is exact");
    for (const i32 v : {-2, 256}) fails(set(fd, ip6, 4, v), kernel::EINVAL, "IPV6_UNICAST_HOPS beyond a byte: EINVAL");
    fails(set(fd, ip6, 42, 2), kernel::EINVAL, "IPV6_USE_MIN_MTU 2: EINVAL");
    fails(set(fd, ip, 3, 1), kernel::EINVAL, "IPv4's of an IPv6 socket: EINVAL");
    u32 size = 4;
    ok(sys_getsockopt(fd, ip6, 25, &size, &size).ok() && size == 0, "IPV6_2292PKTOPTIONS reads nothing");
    ok(get(fd, ip6, 44) == -1000 - kernel::ENOTCONN, "IPV6_PATHMTU without a peer: ENOTCONN");
    const i32 old = number(socket(AF_INET6, SOCK_DGRAM));
    ok(get(old, ip6, 19) == 0 && set(old, ip6, 19, 1).ok() && get(old, ip6, 19) == 1 && set(old, ip6, 20, 1).ok() && get(old, ip6, 20) == 1, "IPV6_2292PKTINFO, IPV6_2292HOPLIMIT");
    for (const i32 name : {61, 37, 38, 46}) fails(set(old, ip6, name, 1), kernel::EINVAL, "the numbers of RFC 3542 do not mix with those: EINVAL");
    ok(set(old, ip6, 35, 1), "but IPV6_RECVTCLASS does");
    for (const i32 name : {22, 23}) {
        const Result r = set(old, ip6, name, 1);
        ok(root() ? r.ok() : r.err() == kernel::EPERM, "IPV6_2292HOPOPTS, IPV6_2292DSTOPTS are root's");
    }
    // What came, under the numbers that were asked by.
    Address at;
    if (bind(old, loopback(AF_INET6)).ok() && getsockname(old, &at).ok()) {
        const i32 out = number(socket(AF_INET6, SOCK_DGRAM));
        alignas(8) u8 control[256] = {};
        char text[4] = {};
        iovec part{text, 4};
        const iovec word{const_cast<char*>("abc"), 3};
        const xnu::msghdr m{at.bytes, at.size, const_cast<iovec*>(&word), 1, nullptr, 0, 0};
        xnu::msghdr got{nullptr, 0, &part, 1, control, sizeof control, 0};
        ok(sys_sendmsg(out, &m, 0).raw == 3 && sys_recvmsg(old, &got, 0).raw == 3, "a datagram");
        bool info = false, hops = false, others = false;
        for (u32 p = 0; p + 12 <= got.msg_controllen;) {
            xnu::cmsghdr h;
            memcpy(&h, control + p, sizeof h);
            if (h.cmsg_level == ip6 && h.cmsg_type == 19) info = h.cmsg_len == 32 && control[p + 12 + 15] == 1;
            else if (h.cmsg_level == ip6 && h.cmsg_type == 20) hops = h.cmsg_len == 16;
            else if (h.cmsg_type != 36) others = true;
            p += (h.cmsg_len + 3) & ~3u;
        }
        ok(info && hops && !others, "with IPV6_2292PKTINFO and IPV6_2292HOPLIMIT, by these numbers");
        (void)close(out);
    } else {
        skip("no ::1", "a datagram"), skip("no ::1", "with IPV6_2292PKTINFO and IPV6_2292HOPLIMIT, by these numbers");
    }
    for (const i32 n : {fd, old}) (void)close(n);
}

// Everything that can come with a datagram of IPv4, in XNU's order.
void ancillary() {
    const i32 in = number(socket(AF_INET, SOCK_DGRAM)), out = number(socket(AF_INET, SOCK_DGRAM));
    Address at;
    (void)bind(in, loopback(AF_INET));
    (void)getsockname(in, &at);
    const auto receive = [&](u8* control, u32 room, i32* flags) {
        char text[4];
        iovec part{text, 4};
        const iovec word{const_cast<char*>("abc"), 3};
        const xnu::msghdr m{at.bytes, at.size, const_cast<iovec*>(&word), 1, nullptr, 0, 0};
        xnu::msghdr got{nullptr, 0, &part, 1, control, room, 0};
        if (sys_sendmsg(out, &m, 0).raw != 3 || sys_recvmsg(in, &got, 0).raw != 3) return ~0u;
        if (flags) *flags = got.msg_flags;
        return got.msg_controllen;
    };
    alignas(8) u8 control[256] = {};
    for (const i32 name : {7, 20, 24, 26}) (void)set(in, ip, name, 1);
    (void)set(in, S, 0x400, 1), (void)set(in, S, 0x800, 1);
    const u32 all = receive(control, sizeof control, nullptr);
    constexpr i32 order[6][2] = {{S, 2}, {S, 4}, {ip, 7}, {ip, 20}, {ip, 24}, {ip, 26}};
    bool right = true, to = false, link = false, ttl = false, info = false;
    u64 monotonic = 0;
    u32 p = 0, n = 0;
    for (; p + 12 <= all && n < 6; n++) {
        xnu::cmsghdr h;
        memcpy(&h, control + p, sizeof h);
        const u8* data = control + p + 12;
        right = right && h.cmsg_level == order[n][0] && h.cmsg_type == order[n][1];
        if (n == 1) memcpy(&monotonic, data, 8);
        if (n == 2) to = h.cmsg_len == 16 && data[0] == 127 && data[3] == 1;
        if (n == 3) link = h.cmsg_len == 12u + data[0] && data[1] == xnu::AF_LINK && data[2] != 0 && data[5] == 3 && memcmp(data + 8, "lo0", 3) == 0;
        if (n == 4) ttl = h.cmsg_len == 13 && data[0] > 0;
        if (n == 5) info = h.cmsg_len == 24 && data[0] != 0 && data[11] == 1;
        p += (h.cmsg_len + 3) & ~3u;
    }
    ok(right && n == 6 && p == all, "SCM_TIMESTAMP, SCM_TIMESTAMP_MONOTONIC, IP_RECVDSTADDR, IP_RECVIF, IP_RECVTTL, IP_PKTINFO: all that was asked for, in this order");
    const u64 now = static_cast<u64>(nanotime());
    ok(monotonic <= now + 1'000'000'000 && monotonic + 60'000'000'000 > now, "the monotonic time is of now");
    ok(to, "IP_RECVDSTADDR: the address it came to");
    ok(link, "IP_RECVIF: the interface by name");
    ok(ttl, "IP_RECVTTL: a byte, and the next is aligned");
    ok(info, "IP_PKTINFO");
    i32 flags = 0;
    ok(receive(control, 40, &flags) == 40 && flags & 0x20, "too little room: MSG_CTRUNC");
    for (const i32 name : {20, 24, 26}) (void)set(in, ip, name, 0);
    (void)set(in, S, 0x400, 0), (void)set(in, S, 0x800, 0);
    ok(receive(control, sizeof control, nullptr) == 16 && control[8] == 7, "what is asked for no more does not come");
    (void)set(in, ip, 7, 0);
    ok(receive(control, sizeof control, nullptr) == 0, "nothing at all");
    ok(get(in, udp, 1) == 0 && set(in, udp, 1, 1).ok() && get(in, udp, 1) == 0x2000, "UDP_NOCKSUM");
    fails(set(in, tcp, 1, 1), kernel::EINVAL, "TCP's of UDP: EINVAL");
    fails(set(in, udp, 77, 1), kernel::ENOPROTOOPT, "none of UDP's: ENOPROTOOPT");
    fails(set(in, ip, 25, 0x7fffff), kernel::ENXIO, "IP_BOUND_IF to no interface: ENXIO");
    ok(set(in, ip, 25, 0).ok() && get(in, ip, 25) == 0, "to none");
    fails(set(in, ip, 66, 0x7fffff), kernel::ENXIO, "IP_MULTICAST_IFINDEX of no interface: ENXIO");
    const u8 group[12] = {239, 1, 2, 3, 127, 0, 0, 1, 127, 0, 0, 1};  // group, source, interface
    ok(sys_setsockopt(in, ip, 70, group, 12), "IP_ADD_SOURCE_MEMBERSHIP");
    ok(sys_setsockopt(in, ip, 71, group, 12), "IP_DROP_SOURCE_MEMBERSHIP");
    fails(sys_setsockopt(in, ip, 71, group, 12), kernel::EADDRNOTAVAIL, "once: EADDRNOTAVAIL");
    fails(sys_setsockopt(in, ip, 70, group, 11), kernel::EINVAL, "of 11 bytes: EINVAL");
    for (const i32 fd : {in, out}) (void)close(fd);
}

void local() {
    i32 pair[2];
    (void)socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    u8 uuid[16];
    u32 size = sizeof uuid;
    ok(sys_getsockopt(pair[0], 0, 4, uuid, &size).ok() && size == 16 && sys_getsockopt(pair[0], 0, 5, uuid, &size).ok(), "LOCAL_PEERUUID, LOCAL_PEEREUUID");
    ok(get(pair[0], 0, 2) == number(sys_getpid()) && get(pair[0], 0, 3) == number(sys_getpid()), "LOCAL_PEERPID, LOCAL_PEEREPID");
    fails(set(pair[0], 0, 1, 1), kernel::EOPNOTSUPP, "they are not to set: EOPNOTSUPP");
    ok(get(pair[0], 0, 77) == -1000 - kernel::EOPNOTSUPP, "nor is there another: EOPNOTSUPP");
    const i32 lonely = number(socket(AF_UNIX, SOCK_STREAM));
    for (const i32 name : {1, 2, 3, 4, 5}) ok(get(lonely, 0, name) == -1000 - kernel::ENOTCONN, "without a peer: ENOTCONN");
    ok(get(lonely, S, 0x1113) == -1000 - kernel::EOPNOTSUPP, "SO_AWDL_UNRESTRICTED of AF_UNIX: EOPNOTSUPP");
    (void)send(pair[0], "abcde", 5);
    ok(get(pair[1], S, 0x1020) == 5, "SO_NREAD");
    ok(get(pair[0], S, 0x1024) >= 0, "SO_NWRITE");
    for (const i32 fd : {pair[0], pair[1], lonely}) (void)close(fd);
}

}  // namespace

int main() {
    print("TAP version 13\n");
    of_sockets();
    of_version_6();
    ancillary();
    local();
    return done();
}
