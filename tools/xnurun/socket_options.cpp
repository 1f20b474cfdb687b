// SPDX-License-Identifier: BSD-3-Clause
// See socket_options.h. Sources: xnu-3248.60.10 bsd/kern/uipc_socket.c sosetoptlock, bsd/netinet/tcp_usrreq.c tcp_ctloutput, ip_output.c
// ip_ctloutput, udp_usrreq.c, bsd/netinet6/ip6_output.c ip6_ctloutput, in_tclass.c; what came when is from all of Apple's tags.
// Not here, so ENOPROTOOPT: what needs Apple's daemons (NECP, flow diversion, content filters), counters that the host does not
// tell (SO_NUMRCVPKT, TCP_INFO, which is no public interface), and SO_ACCEPTCONN, which no release answers.
#include "tools/xnurun/socket_options.h"

#include "sys/mem.h"
#include "tools/xnurun/era.h"
#include "tools/xnurun/handed.h"

namespace trapeze {

HostLock kept_lock;

namespace {

using K = OptionKind;
constexpr i32 socket_level = xnu::SOL_SOCKET, tcp = 6, udp = 17, ip = 0, ip6 = 41;
constexpr OptionRow rows[] = {
    {socket_level, xnu::SO_DEBUG, 0, 0, K::kept, 1, 0, 0, 0, 0},
    {socket_level, xnu::SO_REUSEADDR, 1, lnx::SO_REUSEADDR, K::bit, 4, 0, 0, 0, 0},
    {socket_level, xnu::SO_KEEPALIVE, 1, lnx::SO_KEEPALIVE, K::bit, 8, 0, 0, 0, 0},
    {socket_level, xnu::SO_DONTROUTE, 1, lnx::SO_DONTROUTE, K::bit, 0x10, 0, 0, 0, 0},
    {socket_level, xnu::SO_BROADCAST, 1, lnx::SO_BROADCAST, K::bit, 0x20, 0, 0, 0, 0},
    {socket_level, xnu::SO_USELOOPBACK, 0, 0, K::kept, 0x40, 0, 0, 0, 0},
    {socket_level, xnu::SO_LINGER, 1, lnx::SO_LINGER, K::ticks, 0, 0, 0, 0, 0},
    {socket_level, xnu::SO_OOBINLINE, 1, lnx::SO_OOBINLINE, K::bit, 0x100, 0, 0, 0, 0},
    {socket_level, xnu::SO_REUSEPORT, 1, lnx::SO_REUSEPORT, K::bit, 0x200, 0, 0, 0, 0},
    {socket_level, xnu::SO_TIMESTAMP, 0, 0, K::kept, 0x400, 0, 0, 0, 0},
    {socket_level, 0x800, 0, 0, K::kept, 0x800, 0, 1699022, 0, 0},              // SO_TIMESTAMP_MONOTONIC
    {socket_level, xnu::SO_DONTTRUNC, 0, 0, K::kept, 0x2000, 0, 0, 0, 0},
    {socket_level, xnu::SO_WANTMORE, 0, 0, K::kept, 0x4000, 0, 0, 0, 0},
    {socket_level, xnu::SO_WANTOOBFLAG, 0, 0, K::kept, 0x8000, 0, 0, 0, 0},
    {socket_level, 0x10000, 0, 0, K::kept, 0x10000, 0, 2782001, 0, 0},          // SO_NOWAKEFROMSLEEP
    {socket_level, 0x20000, 0, 0, K::kept, 0x20000, 0, 3789001, 0, 0},          // SO_NOAPNFALLBK
    {socket_level, xnu::SO_SNDBUF, 1, lnx::SO_SNDBUF, K::half, 0, 0, 0, 0, 0},
    {socket_level, xnu::SO_RCVBUF, 1, lnx::SO_RCVBUF, K::half, 0, 0, 0, 0, 0},
    {socket_level, xnu::SO_SNDLOWAT, 0, 0, K::kept, 0, 2048, 0, 0, 0},
    {socket_level, xnu::SO_RCVLOWAT, 1, lnx::SO_RCVLOWAT, K::number, 0, 0, 0, 0, 0},
    {socket_level, xnu::SO_SNDTIMEO, 1, lnx::SO_SNDTIMEO, K::wait, 0, 0, 0, 0, 0},
    {socket_level, xnu::SO_RCVTIMEO, 1, lnx::SO_RCVTIMEO, K::wait, 0, 0, 0, 0, 0},
    {socket_level, xnu::SO_NOADDRERR, 0, 0, K::kept, 2, 0, 0, 0, 0},
    {socket_level, 0x1025, 0, 0, K::kept, 0x40, 0, 0, 0, 0},                    // SO_REUSESHAREUID
    {socket_level, 0x1026, 0, 0, K::kept, 0x400, 0, 0, 0, 0},                   // SO_NOTIFYCONFLICT
    {socket_level, 0x1027, 0, 0, K::kept, 0x800, 0, 1228003, 0, 0},             // SO_UPCALLCLOSEWAIT
    {socket_level, xnu::SO_LINGER_SEC, 1, lnx::SO_LINGER, K::seconds, 0, 0, 0, 0, 0},
    {socket_level, 0x1081, 0, 0, K::kept, 0, 0, 0, 0, 0},                       // SO_RESTRICTIONS
    {socket_level, xnu::SO_RANDOMPORT, 0, 0, K::kept, 0x1000, 0, 1456001, 0, 0},
    {socket_level, 0x1086, 0, 0, K::kept, 0, 0, 1504009, 0, 0},                 // SO_TRAFFIC_CLASS
    {socket_level, 0x1087, 0, 0, K::kept, 0x4000, 0, 1699022, 0, 0},            // SO_RECV_TRAFFIC_CLASS
    {socket_level, 0x1090, 0, 0, K::kept, 0x10000, 0, 2050007, 0, 0},           // SO_PRIVILEGED_TRAFFIC_CLASS
    {socket_level, 0x1100, 0, 0, K::kept, 1, 1, 1699022, 0, 0},                 // SO_DEFUNCTOK
    {socket_level, 0x1101, 0, 0, K::kept, 0, 0, 1699022, 0, 0},                 // SO_ISDEFUNCT
    {socket_level, 0x1102, 0, 0, K::kept, 1, 0, 2050007, 0, 0},                 // SO_OPPORTUNISTIC
    {socket_level, 0x1104, 0, 0, K::kept, 1, 0, 2050007, 0, 0},                 // SO_RECV_ANYIF
    {socket_level, 0x1113, 0, 0, K::kept, 1, 0, 2782001, on_internet, 0},       // SO_AWDL_UNRESTRICTED
    {socket_level, 0x1115, 0, 0, K::kept, 1, 0, 3248040, 0, 0},                 // SO_MARK_CELLFALLBACK
    {tcp, xnu::TCP_NODELAY, tcp, lnx::TCP_NODELAY, K::bit, 4, 0, 0, 0, 0},
    {tcp, xnu::TCP_MAXSEG, tcp, lnx::TCP_MAXSEG, K::number, 0, 0, 0, 0, 0},
    {tcp, xnu::TCP_NOPUSH, tcp, 3, K::bit, 0x1000, 0, 0, 0, 0},                 // TCP_CORK, TF_NOPUSH
    {tcp, xnu::TCP_NOOPT, 0, 0, K::kept, 8, 0, 0, 0, 0},
    {tcp, xnu::TCP_KEEPALIVE, tcp, lnx::TCP_KEEPIDLE, K::both, 32767, 0, 0, 0, 0},
    {tcp, xnu::TCP_CONNECTIONTIMEOUT, 0, 0, K::kept, 0, 0, 1456001, 0, 0},
    {tcp, 0x40, 0, 0, K::kept, 0, 0, 1228003, 0, 0},                            // PERSIST_TIMEOUT
    {tcp, 0x80, 0, 0, K::kept, 0, 0, 1699022, 0, 0},                            // TCP_RXT_CONNDROPTIME
    {tcp, 0x100, 0, 0, K::kept, 1, 0, 1699022, 0, 0},                           // TCP_RXT_FINDROP
    {tcp, xnu::TCP_KEEPINTVL, tcp, lnx::TCP_KEEPINTVL, K::both, 32767, 0, 2422001, 0, 0},
    {tcp, xnu::TCP_KEEPCNT, tcp, lnx::TCP_KEEPCNT, K::both, 127, 0, 2422001, 0, 0},
    {tcp, 0x103, 0, 0, K::kept, 0, 0, 2422001, 0, 0},                           // TCP_SENDMOREACKS
    {tcp, 0x104, 0, 0, K::kept, 1, 0, 2782001, 0, 0},                           // TCP_ENABLE_ECN
    {tcp, 0x201, 0, 0, K::kept, 0, 0, 2050007, 0, 0},                           // TCP_NOTSENT_LOWAT
    {tcp, 0x208, 0, 0, K::kept, 1, 0, 2782001, 0, 0},                           // TCP_NOTIMEWAIT
    {tcp, 0x209, 0, 0, K::kept, 0, 0, 2782001, 0, 0},                           // TCP_DISABLE_BLACKHOLE_DETECTION
    {tcp, 0x210, 0, 0, K::kept, 0, 0, 3248020, 0, 0},                           // TCP_ECN_MODE
    {udp, 1, 1, 11, K::bit, 0x2000, 0, 0, 0, 0},                                // UDP_NOCKSUM, SO_NO_CHECK
    {ip, xnu::IP_OPTIONS, ip, 4, K::raw, 0, 0, 0, 0, 0},
    {ip, xnu::IP_HDRINCL, ip, 3, K::number, 0, 0, 0, on_raw, 0},
    {ip, xnu::IP_TOS, ip, lnx::IP_TOS, K::number, 0, 0, 0, 0, 0},
    {ip, xnu::IP_TTL, ip, lnx::IP_TTL, K::number, 0, 0, 0, 0, 0},
    {ip, 5, 0, 0, K::kept, 1, 0, 0, 0, 0},                                      // IP_RECVOPTS, which nothing ever comes of
    {ip, 6, 0, 0, K::kept, 1, 0, 0, 0, 0},                                      // IP_RECVRETOPTS, likewise
    {ip, xnu::IP_RECVDSTADDR, 0, 0, K::kept, 1, 0, 0, 0, 0},
    {ip, 8, ip, 4, K::raw, 0, 0, 0, 0, 0},                                      // IP_RETOPTS, to read
    {ip, xnu::IP_MULTICAST_IF, ip, lnx::IP_MULTICAST_IF, K::raw, 0, 0, 0, 0, 0},
    {ip, xnu::IP_MULTICAST_TTL, ip, lnx::IP_MULTICAST_TTL, K::raw, 0, 0, 0, 0, 0},
    {ip, xnu::IP_MULTICAST_LOOP, ip, lnx::IP_MULTICAST_LOOP, K::raw, 0, 0, 0, 0, 0},
    {ip, xnu::IP_ADD_MEMBERSHIP, ip, lnx::IP_ADD_MEMBERSHIP, K::raw, 0, 0, 0, 0, 0},
    {ip, xnu::IP_DROP_MEMBERSHIP, ip, lnx::IP_DROP_MEMBERSHIP, K::raw, 0, 0, 0, 0, 0},
    {ip, 19, 0, 0, K::kept, 0, 0, 0, 0, 0},                                     // IP_PORTRANGE
    {ip, xnu::IP_RECVIF, 0, 0, K::kept, 1, 0, 0, 0, 0},
    {ip, xnu::IP_RECVTTL, ip, 12, K::bit, 1, 0, 0, 0, 0},
    {ip, 25, 1, 62, K::interface, 0, 0, 1228012, 0, 0},                         // IP_BOUND_IF, SO_BINDTOIFINDEX
    {ip, xnu::IP_PKTINFO, 0, 0, K::kept, 1, 0, 1699022, 0, 0},
    {ip, 65, 0, 0, K::kept, 1, 0, 0, 0, 0},                                     // IP_TRAFFIC_MGT_BACKGROUND
    {ip, 6969, 0, 0, K::kept, 1, 0, 1699022, 0, 0},                             // IP_NO_IFT_CELLULAR
    {ip, 9696, 0, 0, K::kept, 0, 0, 1699022, 0, 0},                             // IP_OUT_IF
    {ip6, xnu::IPV6_UNICAST_HOPS, ip6, lnx::IPV6_UNICAST_HOPS, K::number, 0, 0, 0, 0, 1},
    {ip6, xnu::IPV6_MULTICAST_IF, ip6, lnx::IPV6_MULTICAST_IF, K::number, 0, 0, 0, 0, 0},
    {ip6, xnu::IPV6_MULTICAST_HOPS, ip6, lnx::IPV6_MULTICAST_HOPS, K::number, 0, 0, 0, 0, 0},
    {ip6, xnu::IPV6_MULTICAST_LOOP, ip6, lnx::IPV6_MULTICAST_LOOP, K::number, 0, 0, 0, 0, 0},
    {ip6, xnu::IPV6_JOIN_GROUP, ip6, lnx::IPV6_JOIN_GROUP, K::raw, 0, 0, 0, 0, 0},
    {ip6, xnu::IPV6_LEAVE_GROUP, ip6, lnx::IPV6_LEAVE_GROUP, K::raw, 0, 0, 0, 0, 0},
    {ip6, 14, 0, 0, K::kept, 0, 0, 0, 0, 0},                                    // IPV6_PORTRANGE
    {ip6, xnu::IPV6_2292PKTINFO, ip6, 2, K::bit, 1, 0, 0, 0, 1},
    {ip6, xnu::IPV6_2292HOPLIMIT, ip6, 8, K::bit, 1, 0, 0, 0, 1},
    {ip6, 22, ip6, 3, K::bit, 1, 0, 1699022, 0, 1},                             // IPV6_2292HOPOPTS
    {ip6, 23, ip6, 4, K::bit, 1, 0, 1699022, 0, 1},                             // IPV6_2292DSTOPTS
    {ip6, 24, ip6, 5, K::bit, 1, 0, 0, 0, 1},                                   // IPV6_2292RTHDR
    {ip6, xnu::IPV6_V6ONLY, ip6, lnx::IPV6_V6ONLY, K::number, 0, 0, 0, 0, 1},
    {ip6, xnu::IPV6_RECVTCLASS, ip6, 66, K::number, 0, 0, 1456001, 0, 1},
    {ip6, xnu::IPV6_TCLASS, ip6, 67, K::number, 0, 0, 1456001, 0, 1},
    {ip6, xnu::IPV6_RECVHOPLIMIT, ip6, 51, K::number, 0, 0, 1699022, 0, 1},
    {ip6, 38, ip6, 56, K::number, 0, 0, 1699022, 0, 1},                         // IPV6_RECVRTHDR
    {ip6, 39, ip6, 53, K::number, 0, 0, 1699022, 0, 1},                         // IPV6_RECVHOPOPTS
    {ip6, 40, ip6, 58, K::number, 0, 0, 1699022, 0, 1},                         // IPV6_RECVDSTOPTS
    {ip6, 41, 0, 0, K::kept, 1, 0, 1699022, 0, 1},                              // IPV6_RECVRTHDRDSTOPTS
    {ip6, 42, 0, 0, K::kept, 0, -1, 1699022, 0, 1},                             // IPV6_USE_MIN_MTU
    {ip6, 43, ip6, 60, K::number, 0, 0, 1699022, 0, 1},                         // IPV6_RECVPATHMTU
    {ip6, xnu::IPV6_PKTINFO, ip6, 50, K::raw, 0, 0, 1699022, 0, 0},
    {ip6, 59, 0, 0, K::kept, 1, 1, 1699022, 0, 1},                              // IPV6_AUTOFLOWLABEL
    {ip6, xnu::IPV6_RECVPKTINFO, ip6, 49, K::number, 0, 0, 1699022, 0, 1},
    {ip6, 62, ip6, 62, K::bit, 1, 0, 1699022, 0, 1},                            // IPV6_DONTFRAG
    {ip6, 63, 0, 0, K::kept, 0, -1, 1699022, 0, 1},                             // IPV6_PREFER_TEMPADDR
    {ip6, 125, 1, 62, K::interface, 0, 0, 1699022, 0, 0},                       // IPV6_BOUND_IF
    {ip6, 6969, 0, 0, K::kept, 1, 0, 1699022, 0, 0},
    {ip6, 9696, 0, 0, K::kept, 0, 0, 1699022, 0, 0},
};

struct Kept {
    u64 cookie;  // 0: free
    i32 level, name, value, pad;
};
Kept* table;     // under kept_lock; open addressing, at most half full
u32 room, used;

u64 cookie_of(i32 fd) {
    constexpr i32 so_cookie = 57;
    u64 cookie = 0;
    i32 size = sizeof cookie;
    host(lnx::SYS_getsockopt, fd, lnx::SOL_SOCKET, so_cookie, &cookie, &size);
    return cookie;
}

Kept& place(Kept* in, u32 size, u64 cookie, i32 level, i32 name) {
    u64 h = (cookie ^ static_cast<u64>(static_cast<u32>(level)) << 32 ^ static_cast<u32>(name)) * 0x9e3779b97f4a7c15;
    for (u32 i = static_cast<u32>(h >> 40);; i++) {
        Kept& k = in[i & (size - 1)];
        if (!k.cookie || (k.cookie == cookie && k.level == level && k.name == name)) return k;
    }
}

bool is_root() { return host(lnx::SYS_geteuid) == 0; }

i32 traffic_class(i32& value) {
    constexpr i32 background = 200, video = 700, voice = 800, most = 900;
    if (value < 0 || value > most) return xnu::EINVAL;
    if (value == 1) value = background;  // their old numbers
    else if (value == 2) value = video;
    else if (value == 3) value = voice;
    return value % 100 ? xnu::EINVAL : 0;
}

}  // namespace

const OptionRow* option_row(i32 level, i32 name) {
    for (const OptionRow& r : rows)
        if (r.level == level && r.name == name) return era && era < r.since ? nullptr : &r;
    return nullptr;
}

i32 kept_option(i32 fd, i32 level, i32 name, i32 usual) {
    if (!__atomic_load_n(&used, __ATOMIC_RELAXED)) return usual;
    const u64 cookie = cookie_of(fd);
    Locked hold(kept_lock);
    if (!cookie || !room) return usual;
    const Kept& k = place(table, room, cookie, level, name);
    return k.cookie ? k.value : usual;
}

static void keep(u64 cookie, i32 level, i32 name, i32 value) {
    if (!cookie) return;
    Locked hold(kept_lock);
    if (used * 2 >= room) {
        const u32 wider = room ? room * 2 : 256;
        Kept* fresh = static_cast<Kept*>(host_pages(wider * sizeof(Kept)));
        for (u32 i = 0; i < room; i++)
            if (table[i].cookie) place(fresh, wider, table[i].cookie, table[i].level, table[i].name) = table[i];
        if (table) host(lnx::SYS_munmap, table, room * sizeof(Kept));
        table = fresh;
        room = wider;
    }
    Kept& k = place(table, room, cookie, level, name);
    if (!k.cookie) __atomic_store_n(&used, used + 1, __ATOMIC_RELAXED);
    k = {cookie, level, name, value, 0};
}

void keep_option(i32 fd, i32 level, i32 name, i32 value) { keep(cookie_of(fd), level, name, value); }

bool kept_options_write(char* to) {
    Locked hold(kept_lock);
    u32 n = 0;
    for (u32 i = 0; i < room && n < handed_options; i++) {
        const Kept& k = table[i];
        if (!k.cookie) continue;
        hex_put(to, k.cookie, 16);
        const i32 values[] = {k.level, k.name, k.value};
        for (const i32 v : values) hex_put(to, static_cast<u32>(v), 8);
        n++;
    }
    *to = 0;
    return n;
}

void kept_options_read(const char* text) {
    while (*text) {
        const u64 cookie = hex_get(text, 16);
        i32 v[3];
        for (i32& x : v) x = static_cast<i32>(hex_get(text, 8));
        keep(cookie, v[0], v[1], v[2]);
    }
}

i32 judge_option(i32 fd, const OptionRow& row, i32& value) {
    if (row.kind == K::both) return value < 0 ? xnu::EINVAL : 0;
    if (row.level == socket_level) {
        switch (row.name) {
        case xnu::SO_SNDLOWAT: return value < 1 ? xnu::EINVAL : 0;
        case 0x1026: case 0x1090: return is_root() ? 0 : xnu::EPERM;
        case 0x1081: value = (value & 0xf) | kept_option(fd, row.level, row.name, 0); return 0;  // there is no way back
        case 0x1086: return traffic_class(value);
        case 0x1100: return value || is_root() ? 0 : xnu::EPERM;
        case 0x1101: return xnu::EINVAL;
        case 0x1113: return value && !is_root() ? xnu::EPERM : 0;
        case 0x1115: return value < 0 ? xnu::EINVAL : 0;
        default: return 0;
        }
    }
    if (row.level == tcp) {
        switch (row.name) {
        case xnu::TCP_CONNECTIONTIMEOUT: case 0x40: case 0x80: case 0x201: return value < 0 ? xnu::EINVAL : 0;
        case 0x103: case 0x209: return value < 0 || value > 1 ? xnu::EINVAL : 0;
        case 0x210: return value < 0 || value > 2 ? xnu::EINVAL : 0;
        default: return 0;
        }
    }
    switch (row.name) {
    case 9696: return xnu::EINVAL;
    case 6969: return !value && kept_option(fd, row.level, row.name, 0) ? xnu::EINVAL : 0;
    case 14: case 19: return value < 0 || value > 2 ? xnu::EINVAL : 0;
    case 42: case 63: return row.level == ip6 && (value < -1 || value > 1) ? xnu::EINVAL : 0;
    default: return 0;
    }
}

void option_was_set(i32 fd, const OptionRow& row) {
    const auto any = [&](i32 level, i32 one, i32 two, i32 three) {
        return kept_option(fd, level, one, 0) || kept_option(fd, level, two, 0) || (three && kept_option(fd, level, three, 0));
    };
    // One of the host's options serves several: who reads what comes leaves out what is not wanted (bsd_message.cpp).
    if (row.level == ip && (row.name == xnu::IP_RECVDSTADDR || row.name == xnu::IP_RECVIF || row.name == xnu::IP_PKTINFO)) {
        const i32 on = any(ip, xnu::IP_RECVDSTADDR, xnu::IP_RECVIF, xnu::IP_PKTINFO);
        host(lnx::SYS_setsockopt, fd, ip, 8, &on, sizeof on);
    }
    if (row.level == socket_level && (row.name == xnu::SO_TIMESTAMP || row.name == 0x800)) {
        const i32 on = any(socket_level, xnu::SO_TIMESTAMP, 0x800, 0);
        host(lnx::SYS_setsockopt, fd, lnx::SOL_SOCKET, lnx::SO_TIMESTAMP, &on, sizeof on);
    }
    if (row.level == socket_level && row.name == 0x1102)
        keep_option(fd, socket_level, 0x1086, kept_option(fd, socket_level, 0x1102, 0) ? 100 : 0);
    if (row.level == socket_level && row.name == 0x1086) keep_option(fd, socket_level, 0x1102, kept_option(fd, socket_level, 0x1086, 0) == 100);
}

}  // namespace trapeze
