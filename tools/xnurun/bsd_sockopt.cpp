// SPDX-License-Identifier: BSD-3-Clause
// getsockopt and setsockopt. Which option is what: socket_options.cpp; here is what does not fit in a row. What is set must be as long as
// XNU's type or longer, what is read is cut to the room. Sources: xnu-3248.60.10 bsd/kern/uipc_socket.c sosetoptlock, sogetoptlock,
// bsd/netinet/tcp_usrreq.c tcp_ctloutput, ip_output.c ip_ctloutput, in_mcast.c, bsd/netinet6/ip6_output.c ip6_ctloutput,
// bsd/kern/uipc_usrreq.c uipc_ctloutput.
#include "sys/mem.h"
#include "sys/xlat.h"
#include "tools/xnurun/era.h"
#include "tools/xnurun/handlers.h"
#include "tools/xnurun/socket_options.h"

namespace trapeze {
namespace {

using K = OptionKind;
constexpr i32 socket_level = xnu::SOL_SOCKET, tcp = 6, udp = 17, ip = 0, ip6 = 41;
constexpr i32 rfc2292 = -2292;  // kept for a socket that has used the older numbers
enum : i32 {
    so_label = 0x1010, so_peerlabel = 0x1011, so_flush = 0x1103, so_background = 0x1105, so_cfil_sock_id = 0x1110,
    ip_multicast_ifindex = 66, ip_add_source = 70, ip_unblock_source = 73, ipv6_pktoptions = 25, ipv6_pathmtu = 44,
    local_peeruuid = 4, local_peereuuid = 5, tcp_connection_info = 0x106,
};

bool is_root() { return host(lnx::SYS_geteuid) == 0; }

// Options below the socket's own belong to its protocol: AF_UNIX has but LOCAL_PEERCRED and its kin, UDP none of TCP's.
i32 check_level(i32 fd, i32 type, i32 level) {
    if (level == socket_level) return 0;
    const i32 domain = host_socket_number(fd, lnx::SO_DOMAIN);
    if (domain < 0) return domain == -lnx::ENOTSOCK ? xnu::ENOTSOCK : xnu::EBADF;
    if (domain == lnx::AF_UNIX) return xnu::EOPNOTSUPP;
    if (level == tcp) return type == lnx::SOCK_STREAM ? 0 : xnu::EINVAL;
    if (level == udp) return type == lnx::SOCK_DGRAM ? 0 : xnu::EINVAL;
    return level == (domain == lnx::AF_INET6 ? ip6 : ip) ? 0 : xnu::EINVAL;
}

Answer give(Trap& trap, const void* value, u32 size, u32 room) {
    if (size > room) size = room;
    if (trap.w(3) && !copyout(value, trap.w(3), size)) return fail(xnu::EFAULT);
    return copyout(size, trap.w(4)) ? ok() : fail(xnu::EFAULT);
}
Answer give(Trap& trap, i32 value, u32 room) { return give(trap, &value, sizeof value, room); }

// uipc_ctloutput. An executable's UUID is known of this process alone, and no linker gives ours one: zeros, as of one without.
Answer peer_of_unix(Trap& trap, i32 name, u32 room) {
    lnx::ucred c{};
    i32 size = sizeof c;
    const i32 fd = trap.i(0);
    if (!has_peer(fd)) return fail(name == xnu::LOCAL_PEERCRED && !is_stream(fd) ? xnu::EINVAL : xnu::ENOTCONN);
    const i64 r = host(lnx::SYS_getsockopt, fd, lnx::SOL_SOCKET, lnx::SO_PEERCRED, &c, &size);
    if (host_failed(r)) return from_host(r);
    if (name == local_peeruuid || name == local_peereuuid) {
        const u8 none[16] = {};
        return c.pid == host(lnx::SYS_getpid) ? give(trap, none, sizeof none, room) : fail(xnu::EOPNOTSUPP);
    }
    if (name != xnu::LOCAL_PEERCRED) return give(trap, c.pid, room);
    xnu::xucred x{};
    x.cr_uid = c.uid;
    x.cr_ngroups = 1;
    x.cr_groups[0] = c.gid;
    return give(trap, &x, sizeof x, room);
}

bool local_option(i32 name) {
    if (era && ((name == xnu::LOCAL_PEERPID && era < 2050007) || (name > xnu::LOCAL_PEERPID && era < 2422001))) return false;
    return name >= xnu::LOCAL_PEERCRED && name <= local_peereuuid;
}

// SONPX_SETOPTSHUT: options may be set after the connection has ended.
struct Extensions {
    u32 flags, mask;
};
Answer set_extensions(Trap& trap) {
    Extensions e;
    if (trap.u(4) < sizeof e) return fail(xnu::EINVAL);
    if (!copyin(e, trap.w(3))) return fail(xnu::EFAULT);
    if (e.mask & ~1u) return fail(xnu::EINVAL);
    if (e.mask) keep_option(trap.i(0), socket_level, xnu::SO_NP_EXTENSIONS, e.flags & 1);
    return ok();
}

// Membership with sources: the same three addresses, the last two the other way round there.
Answer set_source(Trap& trap, i32 name) {
    constexpr i32 host_names[] = {39, 40, 38, 37};
    u32 request[3];  // group, source, interface
    if (trap.u(4) < sizeof request) return fail(xnu::EINVAL);
    if (!copyin(request, trap.w(3))) return fail(xnu::EFAULT);
    const u32 theirs[3] = {request[0], request[2], request[1]};
    const i64 r = host(lnx::SYS_setsockopt, trap.i(0), ip, host_names[name - ip_add_source], theirs, sizeof theirs);
    return r == -lnx::EINVAL && name == ip_add_source + 1 ? fail(xnu::EADDRNOTAVAIL) : from_host(r);  // no member
}

Answer set_multicast_index(Trap& trap) {
    i32 index;
    if (trap.u(4) < sizeof index) return fail(xnu::EINVAL);
    if (!copyin(index, trap.w(3))) return fail(xnu::EFAULT);
    const i32 request[3] = {0, 0, index};  // ip_mreqn
    const i64 r = host(lnx::SYS_setsockopt, trap.i(0), ip, lnx::IP_MULTICAST_IF, request, sizeof request);
    if (host_failed(r)) return fail(r == -lnx::EADDRNOTAVAIL || r == -lnx::ENODEV ? xnu::ENXIO : xnu::EINVAL);
    keep_option(trap.i(0), ip, ip_multicast_ifindex, index);
    return ok();
}

// What is no row. Negative kind: it is one.
bool set_special(Trap& trap, i32 type, Answer& a) {
    const i32 level = trap.i(1), name = trap.i(2);
    if (level == socket_level) {
        switch (name) {
        case xnu::SO_NOSIGPIPE: {
            i32 on;
            a = trap.u(4) < sizeof on ? fail(xnu::EINVAL) : !copyin(on, trap.w(3)) ? fail(xnu::EFAULT) : from_host(set_no_sigpipe(trap.i(0), on != 0));
            return true;
        }
        case xnu::SO_NP_EXTENSIONS: a = set_extensions(trap); return true;
        case so_label: a = fail(xnu::EOPNOTSUPP); return true;
        case so_flush: a = ok(); return true;
        case so_background: {
            i32 on = 0;
            if (type == lnx::SOCK_STREAM && trap.u(4) >= sizeof on && copyin(on, trap.w(3))) keep_option(trap.i(0), level, name, on != 0);
            a = ok();  // what the protocol says is not listened to
            return true;
        }
        default: return false;
        }
    }
    if (level == ip && name >= ip_add_source && name <= ip_unblock_source) return a = set_source(trap, name), true;
    if (level == ip && name == ip_multicast_ifindex) return a = set_multicast_index(trap), true;
    if (level == ip6 && (name == xnu::IPV6_RECVPKTINFO || name == xnu::IPV6_RECVHOPLIMIT || (name >= 38 && name <= 41) || name == xnu::IPV6_PKTINFO) &&
        kept_option(trap.i(0), ip6, rfc2292, 0))
        return a = fail(xnu::EINVAL), true;  // the numbers of RFC 2292 and of RFC 3542 do not mix
    if (level == ip6 && name >= 39 && name <= 41 && !is_root()) return a = ok(), true;  // not for everybody, and that is no error
    if (level == ip6 && (name == 22 || name == 23) && !is_root()) return a = fail(xnu::EPERM), true;
    return false;
}

Answer set_interface(i32 fd, const OptionRow& row, i32 index) {
    constexpr u32 siocgifname = 0x8910;
    struct {
        char name[16];
        i32 index, rest[5];
    } request{{}, index, {}};
    if (index && host_failed(host(lnx::SYS_ioctl, fd, siocgifname, &request))) return fail(xnu::ENXIO);
    const i64 r = host(lnx::SYS_setsockopt, fd, row.host_level, row.host_name, &index, sizeof index);
    return r == -lnx::ENODEV || r == -lnx::EINVAL ? fail(xnu::ENXIO) : from_host(r);
}

Answer set_number(i32 fd, const OptionRow& row, i32 value) {
    if (row.kind == K::kept || row.kind == K::both) {
        if (const i32 wrong = judge_option(fd, row, value)) return fail(wrong);
        keep_option(fd, row.level, row.name, value);
        option_was_set(fd, row);
        if (row.kind == K::kept || value == 0) return ok();
        if (value > row.bit) value = row.bit;
    }
    if (row.kind == K::interface) return set_interface(fd, row, value);
    if (row.level == socket_level && (row.kind == K::half || row.name == xnu::SO_RCVLOWAT) && value < 1) return fail(xnu::EINVAL);
    if (row.level == tcp && row.name == xnu::TCP_MAXSEG && (value <= 0 || value + 40 < 216)) return fail(xnu::EINVAL);  // tcp_minmss
    const bool mark = row.level == ip && row.name == xnu::IP_TOS && no_sigpipe(fd);  // Linux derives the priority from it
    const i64 r = host(lnx::SYS_setsockopt, fd, row.host_level, row.host_name, &value, sizeof value);
    if (mark) set_no_sigpipe(fd, true);
    if (!host_failed(r) && row.level == ip6 && row.name >= xnu::IPV6_2292PKTINFO && row.name <= 24) keep_option(fd, ip6, rfc2292, 1);
    return from_host(r);
}

// Who may use the row: 0 or an errno.
i32 check_row(i32 fd, i32 type, const OptionRow& row) {
    if (row.only == on_raw && type != lnx::SOCK_RAW) return xnu::ENOPROTOOPT;
    if (row.only == on_internet && is_unix(fd)) return xnu::EOPNOTSUPP;
    return 0;
}

// sogetopt of what is no row.
bool get_special(Trap& trap, i32 type, u32 room, Answer& a) {
    constexpr u32 fionread = 0x541b, siocoutq = 0x5411;
    const i32 fd = trap.i(0), level = trap.i(1), name = trap.i(2);
    i32 n = 0;
    if (level == socket_level) {
        switch (name) {
        case xnu::SO_TYPE: return a = give(trap, type, room), true;
        case xnu::SO_ERROR: n = host_socket_number(fd, lnx::SO_ERROR); return a = give(trap, n > 0 ? errno_lnx_to_xnu(n) : 0, room), true;
        case xnu::SO_NOSIGPIPE: return a = give(trap, no_sigpipe(fd), room), true;  // SOF_NOSIGPIPE is bit 0
        case xnu::SO_NREAD: host(lnx::SYS_ioctl, fd, fionread, &n); return a = give(trap, n, room), true;
        case xnu::SO_NWRITE: host(lnx::SYS_ioctl, fd, siocoutq, &n); return a = give(trap, n, room), true;
        case xnu::SO_NP_EXTENSIONS: {
            const Extensions e{static_cast<u32>(kept_option(fd, level, name, 0)), 1};
            return a = give(trap, &e, sizeof e, room), true;
        }
        case so_label: case so_peerlabel: return a = fail(xnu::EOPNOTSUPP), true;
        case so_flush: return a = fail(xnu::EINVAL), true;
        case so_background:
            a = type == lnx::SOCK_STREAM && !is_unix(fd) ? give(trap, kept_option(fd, level, name, 0), room) : ok();
            return true;
        case so_cfil_sock_id: {
            const u64 none = 0;
            return a = give(trap, &none, sizeof none, room), true;
        }
        default: return false;
        }
    }
    if (level == tcp && name == tcp_connection_info && era_has(3247001)) {
        ConnectionInfo info;
        const u32 size = connection_info(fd, info);
        return a = give(trap, &info, size, room), true;
    }
    if (level == ip && name == ip_multicast_ifindex) return a = give(trap, kept_option(fd, level, name, 0), room), true;
    if (level == ip6 && name == ipv6_pktoptions) return a = give(trap, &n, 0, room), true;
    if (level == ip6 && name == ipv6_pathmtu) {
        struct {
            u8 address[28];
            u32 mtu;
        } info{};
        i32 size = sizeof info;
        const i64 r = host(lnx::SYS_getsockopt, fd, ip6, 61, &info, &size);
        memset(info.address, 0, sizeof info.address);
        return a = host_failed(r) ? from_host(r) : give(trap, &info, sizeof info, room), true;
    }
    return false;
}

}  // namespace

Answer bsd_setsockopt(Trap& trap) {
    const i32 fd = trap.i(0), level = trap.i(1), name = trap.i(2);
    const u32 size = trap.u(4);
    if (!trap.w(3) && size) return fail(xnu::EFAULT);
    const i32 type = host_socket_number(fd, lnx::SO_TYPE);
    if (type < 0) return fail(type == -lnx::ENOTSOCK ? xnu::ENOTSOCK : xnu::EBADF);
    if (both_shut(fd) && !kept_option(fd, socket_level, xnu::SO_NP_EXTENSIONS, 0)) return fail(xnu::EINVAL);
    if (const i32 wrong = check_level(fd, type, level)) return fail(wrong);
    if (Answer a{}; set_special(trap, type, a)) return a;
    const OptionRow* row = option_row(level, name);
    if (!row) return fail(xnu::ENOPROTOOPT);
    if (const i32 wrong = check_row(fd, type, *row)) return fail(wrong);
    if (row->kind == K::raw) {
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
    const bool is_linger = row->kind == K::ticks || row->kind == K::seconds;
    const u32 want = row->kind == K::wait ? sizeof v.time : is_linger ? sizeof v.linger : sizeof v.number;
    if (size < want || (row->exact && size != want)) return fail(xnu::EINVAL);
    if (!copyin(&v, trap.w(3), want)) return fail(xnu::EFAULT);
    if (row->kind == K::wait) {
        if (v.time.tv_sec < 0 || v.time.tv_usec < 0 || v.time.tv_usec >= 1000000) return fail(xnu::EDOM);
        const lnx::timeval t{v.time.tv_sec, v.time.tv_usec};
        return from_host(host(lnx::SYS_setsockopt, fd, row->host_level, row->host_name, &t, sizeof t));
    }
    if (is_linger) {
        lnx::linger l{v.linger.l_onoff, v.linger.l_linger};
        if (row->kind == K::ticks) l.l_linger = (l.l_linger + 99) / 100;
        return from_host(host(lnx::SYS_setsockopt, fd, row->host_level, row->host_name, &l, sizeof l));
    }
    return set_number(fd, *row, v.number);
}

Answer bsd_getsockopt(Trap& trap) {
    const i32 fd = trap.i(0), level = trap.i(1), name = trap.i(2);
    const i32 type = host_socket_number(fd, lnx::SO_TYPE);
    if (type < 0) return fail(type == -lnx::ENOTSOCK ? xnu::ENOTSOCK : xnu::EBADF);
    u32 room = 0;
    if (trap.w(3) && !copyin(room, trap.w(4))) return fail(xnu::EFAULT);
    if (level != socket_level && local_option(name) && is_unix(fd)) return peer_of_unix(trap, name, room);
    if (const i32 wrong = check_level(fd, type, level)) return fail(wrong);
    if (Answer a{}; get_special(trap, type, room, a)) return a;
    const OptionRow* row = option_row(level, name);
    if (!row) return fail(xnu::ENOPROTOOPT);
    if (const i32 wrong = check_row(fd, type, *row)) return fail(wrong);
    i32 n;
    if (row->kind == K::kept) {
        n = kept_option(fd, level, name, row->usual);
        return give(trap, row->bit ? (n ? row->bit : 0) : n, room);
    }
    if (row->kind == K::both && (n = kept_option(fd, level, name, -1)) >= 0) return give(trap, n, room);
    u8 value[64] = {};
    i32 size = sizeof value;
    const i64 r = host(lnx::SYS_getsockopt, fd, row->host_level, row->host_name, value, &size);
    if (host_failed(r)) return from_host(r);
    memcpy(&n, value, 4);
    switch (row->kind) {
    case K::raw: return give(trap, value, static_cast<u32>(size), room);
    case K::bit: return give(trap, n ? row->bit : 0, room);
    case K::half: return give(trap, n / 2, room);
    case K::wait: {
        lnx::timeval t;
        memcpy(&t, value, sizeof t);
        const xnu::timeval d{t.tv_sec, static_cast<i32>(t.tv_usec), 0};
        return give(trap, &d, sizeof d, room);
    }
    case K::ticks:
    case K::seconds: {
        lnx::linger l;
        memcpy(&l, value, sizeof l);
        const xnu::linger d{l.l_onoff ? 1 : 0, row->kind == K::ticks ? l.l_linger * 100 : l.l_linger};
        return give(trap, &d, sizeof d, room);
    }
    default: return give(trap, n, room);
    }
}

}  // namespace trapeze
