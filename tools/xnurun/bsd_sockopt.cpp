// SPDX-License-Identifier: BSD-3-Clause
// Socket options. An option that is on reads as its own bit (SO_KEEPALIVE gives 8, TCP_NODELAY 4); what is set must be as long as XNU's
// type or longer, what is read is cut to the room. Options of XNU alone that change nothing which a program could see are
// accepted and read back as 0. Sources: xnu-3248.60.10 bsd/kern/uipc_socket.c sosetoptlock, sogetoptlock, bsd/netinet/tcp_usrreq.c
// tcp_ctloutput, ip_output.c ip_ctloutput, bsd/kern/uipc_usrreq.c uipc_ctloutput.
#include "sys/mem.h"
#include "sys/xlat.h"
#include "tools/xnurun/handlers.h"
#include "tools/xnurun/sockets.h"

namespace trapeze {
namespace {

enum class Kind : u8 {
    number,     // i32 both ways
    bit,        // i32; reads as `bit` when on
    half,       // a buffer's size, which Linux doubles
    wait,       // timeval
    ticks,      // linger in hundredths of a second
    seconds,    // linger
    error,      // errno
    raw,        // the same bytes on both kernels
    nothing,    // accepted, 0
};

struct Row {
    i32 level, name;
    i32 host_level, host_name;
    Kind kind;
    i32 bit;
};
constexpr i32 socket_level = xnu::SOL_SOCKET, tcp = 6, ip = 0, ip6 = 41;
constexpr Row rows[] = {
    {socket_level, xnu::SO_DEBUG, 0, 0, Kind::nothing, 0},
    {socket_level, xnu::SO_USELOOPBACK, 0, 0, Kind::nothing, 0},
    {socket_level, xnu::SO_DONTTRUNC, 0, 0, Kind::nothing, 0},
    {socket_level, xnu::SO_WANTMORE, 0, 0, Kind::nothing, 0},
    {socket_level, xnu::SO_WANTOOBFLAG, 0, 0, Kind::nothing, 0},
    {socket_level, xnu::SO_NOADDRERR, 0, 0, Kind::nothing, 0},
    {socket_level, xnu::SO_RANDOMPORT, 0, 0, Kind::nothing, 0},
    {socket_level, xnu::SO_SNDLOWAT, 0, 0, Kind::nothing, 0},
    {socket_level, xnu::SO_REUSEADDR, 1, lnx::SO_REUSEADDR, Kind::bit, 4},
    {socket_level, xnu::SO_KEEPALIVE, 1, lnx::SO_KEEPALIVE, Kind::bit, 8},
    {socket_level, xnu::SO_DONTROUTE, 1, lnx::SO_DONTROUTE, Kind::bit, 0x10},
    {socket_level, xnu::SO_BROADCAST, 1, lnx::SO_BROADCAST, Kind::bit, 0x20},
    {socket_level, xnu::SO_OOBINLINE, 1, lnx::SO_OOBINLINE, Kind::bit, 0x100},
    {socket_level, xnu::SO_REUSEPORT, 1, lnx::SO_REUSEPORT, Kind::bit, 0x200},
    {socket_level, xnu::SO_TIMESTAMP, 1, lnx::SO_TIMESTAMP, Kind::bit, 0x400},
    {socket_level, xnu::SO_LINGER, 1, lnx::SO_LINGER, Kind::ticks, 0},
    {socket_level, xnu::SO_LINGER_SEC, 1, lnx::SO_LINGER, Kind::seconds, 0},
    {socket_level, xnu::SO_SNDBUF, 1, lnx::SO_SNDBUF, Kind::half, 0},
    {socket_level, xnu::SO_RCVBUF, 1, lnx::SO_RCVBUF, Kind::half, 0},
    {socket_level, xnu::SO_RCVLOWAT, 1, lnx::SO_RCVLOWAT, Kind::number, 0},
    {socket_level, xnu::SO_SNDTIMEO, 1, lnx::SO_SNDTIMEO, Kind::wait, 0},
    {socket_level, xnu::SO_RCVTIMEO, 1, lnx::SO_RCVTIMEO, Kind::wait, 0},
    {tcp, xnu::TCP_NODELAY, tcp, lnx::TCP_NODELAY, Kind::bit, 4},
    {tcp, xnu::TCP_MAXSEG, tcp, lnx::TCP_MAXSEG, Kind::number, 0},
    {tcp, xnu::TCP_NOPUSH, tcp, 3, Kind::bit, 0x1000},  // TCP_CORK, TF_NOPUSH
    {tcp, xnu::TCP_NOOPT, 0, 0, Kind::nothing, 0},
    {tcp, xnu::TCP_CONNECTIONTIMEOUT, 0, 0, Kind::nothing, 0},
    {tcp, xnu::TCP_KEEPALIVE, tcp, lnx::TCP_KEEPIDLE, Kind::number, 0},
    {tcp, xnu::TCP_KEEPINTVL, tcp, lnx::TCP_KEEPINTVL, Kind::number, 0},
    {tcp, xnu::TCP_KEEPCNT, tcp, lnx::TCP_KEEPCNT, Kind::number, 0},
    {ip, xnu::IP_TOS, ip, lnx::IP_TOS, Kind::number, 0},
    {ip, xnu::IP_TTL, ip, lnx::IP_TTL, Kind::number, 0},
    {ip, xnu::IP_MULTICAST_IF, ip, lnx::IP_MULTICAST_IF, Kind::raw, 0},
    {ip, xnu::IP_MULTICAST_TTL, ip, lnx::IP_MULTICAST_TTL, Kind::raw, 0},
    {ip, xnu::IP_MULTICAST_LOOP, ip, lnx::IP_MULTICAST_LOOP, Kind::raw, 0},
    {ip, xnu::IP_ADD_MEMBERSHIP, ip, lnx::IP_ADD_MEMBERSHIP, Kind::raw, 0},
    {ip, xnu::IP_DROP_MEMBERSHIP, ip, lnx::IP_DROP_MEMBERSHIP, Kind::raw, 0},
    {ip6, xnu::IPV6_UNICAST_HOPS, ip6, lnx::IPV6_UNICAST_HOPS, Kind::number, 0},
    {ip6, xnu::IPV6_MULTICAST_IF, ip6, lnx::IPV6_MULTICAST_IF, Kind::number, 0},
    {ip6, xnu::IPV6_MULTICAST_HOPS, ip6, lnx::IPV6_MULTICAST_HOPS, Kind::number, 0},
    {ip6, xnu::IPV6_MULTICAST_LOOP, ip6, lnx::IPV6_MULTICAST_LOOP, Kind::number, 0},
    {ip6, xnu::IPV6_JOIN_GROUP, ip6, lnx::IPV6_JOIN_GROUP, Kind::raw, 0},
    {ip6, xnu::IPV6_LEAVE_GROUP, ip6, lnx::IPV6_LEAVE_GROUP, Kind::raw, 0},
    {ip, xnu::IP_RECVTTL, ip, 12, Kind::number, 0},
    {ip, xnu::IP_PKTINFO, ip, 8, Kind::number, 0},
    {ip6, xnu::IPV6_RECVTCLASS, ip6, 66, Kind::number, 0},
    {ip6, xnu::IPV6_TCLASS, ip6, 67, Kind::number, 0},
    {ip6, xnu::IPV6_RECVHOPLIMIT, ip6, 51, Kind::number, 0},
    {ip6, xnu::IPV6_RECVPKTINFO, ip6, 49, Kind::number, 0},
    {ip6, xnu::IPV6_V6ONLY, ip6, lnx::IPV6_V6ONLY, Kind::number, 0},
};

const Row* find(i32 level, i32 name) {
    for (const Row& r : rows)
        if (r.level == level && r.name == name) return &r;
    return nullptr;
}

// Options below the socket's own belong to its protocol: AF_UNIX has but LOCAL_PEERCRED, UDP none of TCP's.
i32 check_level(i32 fd, i32 level) {
    if (level == socket_level) return 0;
    const i32 domain = host_socket_number(fd, lnx::SO_DOMAIN);
    if (domain < 0) return domain == -lnx::ENOTSOCK ? xnu::ENOTSOCK : xnu::EBADF;
    if (domain == lnx::AF_UNIX) return xnu::EOPNOTSUPP;
    if (level == tcp && !is_stream(fd)) return xnu::EINVAL;
    if (level == ip6 && domain != lnx::AF_INET6) return xnu::EINVAL;
    return 0;
}

Answer give(Trap& trap, const void* value, u32 size, u32 room) {
    if (size > room) size = room;
    if (trap.w(3) && !copyout(value, trap.w(3), size)) return fail(xnu::EFAULT);
    return copyout(size, trap.w(4)) ? ok() : fail(xnu::EFAULT);
}
Answer give(Trap& trap, i32 value, u32 room) { return give(trap, &value, sizeof value, room); }

Answer peer_of_unix(Trap& trap, i32 name, u32 room) {
    lnx::ucred c{};
    i32 size = sizeof c;
    const i32 fd = trap.i(0);
    if (!has_peer(fd)) return fail(name == xnu::LOCAL_PEERCRED && !is_stream(fd) ? xnu::EINVAL : xnu::ENOTCONN);
    const i64 r = host(lnx::SYS_getsockopt, fd, lnx::SOL_SOCKET, lnx::SO_PEERCRED, &c, &size);
    if (host_failed(r)) return from_host(r);
    if (name != xnu::LOCAL_PEERCRED) return give(trap, c.pid, room);
    xnu::xucred x{};
    x.cr_uid = c.uid;
    x.cr_ngroups = 1;
    x.cr_groups[0] = c.gid;
    return give(trap, &x, sizeof x, room);
}

}  // namespace

Answer bsd_setsockopt(Trap& trap) {
    const i32 fd = trap.i(0), level = trap.i(1), name = trap.i(2);
    const u32 size = trap.u(4);
    if (!trap.w(3) && size) return fail(xnu::EFAULT);
    const i32 type = host_socket_number(fd, lnx::SO_TYPE);
    if (type < 0) return fail(type == -lnx::ENOTSOCK ? xnu::ENOTSOCK : xnu::EBADF);
    if (both_shut(fd)) return fail(xnu::EINVAL);
    if (const i32 wrong = check_level(fd, level)) return fail(wrong);
    const bool sigpipe = level == socket_level && name == xnu::SO_NOSIGPIPE;
    const Row* row = find(level, name);
    if (!row && !sigpipe) return fail(xnu::ENOPROTOOPT);
    const Kind kind = sigpipe ? Kind::nothing : row->kind;
    if (kind == Kind::raw) {
        u8 value[64];
        const u32 n = size < sizeof value ? size : sizeof value;
        if (!copyin(value, trap.w(3), n)) return fail(xnu::EFAULT);
        return from_host(host(lnx::SYS_setsockopt, fd, row->host_level, row->host_name, value, n));
    }
    union {
        i32 number;
        xnu::linger linger;
        xnu::timeval time;
    } v{};
    const bool is_linger = kind == Kind::ticks || kind == Kind::seconds;
    const u32 want = kind == Kind::wait ? sizeof v.time : is_linger ? sizeof v.linger : sizeof v.number;
    if (size < want) return fail(xnu::EINVAL);
    if (!copyin(&v, trap.w(3), want)) return fail(xnu::EFAULT);
    if (sigpipe) return from_host(set_no_sigpipe(fd, v.number != 0));
    if (kind == Kind::nothing) return ok();
    if (kind == Kind::wait) {
        if (v.time.tv_sec < 0 || v.time.tv_usec < 0 || v.time.tv_usec >= 1000000) return fail(xnu::EDOM);
        const lnx::timeval t{v.time.tv_sec, v.time.tv_usec};
        return from_host(host(lnx::SYS_setsockopt, fd, row->host_level, row->host_name, &t, sizeof t));
    }
    if (is_linger) {
        lnx::linger l{v.linger.l_onoff, v.linger.l_linger};
        if (kind == Kind::ticks) l.l_linger = (l.l_linger + 99) / 100;
        return from_host(host(lnx::SYS_setsockopt, fd, row->host_level, row->host_name, &l, sizeof l));
    }
    if (level == socket_level && (kind == Kind::half || name == xnu::SO_RCVLOWAT) && v.number < 1) return fail(xnu::EINVAL);
    const bool mark = level == ip && name == xnu::IP_TOS && no_sigpipe(fd);  // Linux derives the priority from it
    const i64 r = host(lnx::SYS_setsockopt, fd, row->host_level, row->host_name, &v.number, sizeof v.number);
    if (mark) set_no_sigpipe(fd, true);
    return from_host(r);
}

Answer bsd_getsockopt(Trap& trap) {
    const i32 fd = trap.i(0), level = trap.i(1), name = trap.i(2);
    const i32 type = host_socket_number(fd, lnx::SO_TYPE);
    if (type < 0) return fail(type == -lnx::ENOTSOCK ? xnu::ENOTSOCK : xnu::EBADF);
    u32 room = 0;
    if (trap.w(3) && !copyin(room, trap.w(4))) return fail(xnu::EFAULT);
    if (level == xnu::SOL_LOCAL && (name == xnu::LOCAL_PEERCRED || name == xnu::LOCAL_PEERPID || name == xnu::LOCAL_PEEREPID) && is_unix(fd))
        return peer_of_unix(trap, name, room);
    if (const i32 wrong = check_level(fd, level)) return fail(wrong);
    constexpr u32 fionread = 0x541b, siocoutq = 0x5411;
    if (level == socket_level) {
        i32 n = 0;
        switch (name) {
        case xnu::SO_TYPE: return give(trap, type, room);
        case xnu::SO_ERROR: n = host_socket_number(fd, lnx::SO_ERROR); return give(trap, n > 0 ? errno_lnx_to_xnu(n) : 0, room);
        case xnu::SO_ACCEPTCONN: return give(trap, host_socket_number(fd, lnx::SO_ACCEPTCONN) > 0 ? xnu::SO_ACCEPTCONN : 0, room);
        case xnu::SO_NOSIGPIPE: return give(trap, no_sigpipe(fd), room);  // SOF_NOSIGPIPE is bit 0
        case xnu::SO_NREAD: host(lnx::SYS_ioctl, fd, fionread, &n); return give(trap, n, room);
        case xnu::SO_NWRITE: host(lnx::SYS_ioctl, fd, siocoutq, &n); return give(trap, n, room);
        default: break;
        }
    }
    const Row* row = find(level, name);
    if (!row) return fail(xnu::ENOPROTOOPT);
    if (row->kind == Kind::nothing) return give(trap, 0, room);
    u8 value[64] = {};
    i32 size = sizeof value;
    const i64 r = host(lnx::SYS_getsockopt, fd, row->host_level, row->host_name, value, &size);
    if (host_failed(r)) return from_host(r);
    i32 n;
    memcpy(&n, value, 4);
    switch (row->kind) {
    case Kind::raw: return give(trap, value, static_cast<u32>(size), room);
    case Kind::bit: return give(trap, n ? row->bit : 0, room);
    case Kind::half: return give(trap, n / 2, room);
    case Kind::wait: {
        lnx::timeval t;
        memcpy(&t, value, sizeof t);
        const xnu::timeval d{t.tv_sec, static_cast<i32>(t.tv_usec), 0};
        return give(trap, &d, sizeof d, room);
    }
    case Kind::ticks:
    case Kind::seconds: {
        lnx::linger l;
        memcpy(&l, value, sizeof l);
        const xnu::linger d{l.l_onoff ? 1 : 0, row->kind == Kind::ticks ? l.l_linger * 100 : l.l_linger};
        return give(trap, &d, sizeof d, room);
    }
    default: return give(trap, n, room);
    }
}

}  // namespace trapeze
