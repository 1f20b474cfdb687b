// SPDX-License-Identifier: BSD-3-Clause
// Bytes and messages over sockets: sendto, recvfrom, sendmsg, recvmsg, with their ancillary data.
//
// Sending takes exactly one block, of descriptors, whose length is the whole control's (unp_internalize: else EINVAL). Receiving
// makes every descriptor that came; a block for which there is no room is cut off with MSG_CTRUNC and its descriptors stay open, unknown
// (copyout_control): that is XNU's way. recvfrom does not fail when the sender's name cannot be written (copyout_sa).
// Sources: xnu-3248.60.10 bsd/kern/uipc_syscalls.c sendit, recvit, uipc_usrreq.c unp_internalize, uipc_send, udp_usrreq.c.
#include "sys/mem.h"
#include "tools/xnurun/descriptors.h"
#include "tools/xnurun/era.h"
#include "tools/xnurun/handlers.h"
#include "tools/xnurun/interfaces.h"
#include "tools/xnurun/kqueue.h"
#include "tools/xnurun/socket_options.h"
#include "tools/xnurun/sockets.h"
#include "tools/xnurun/writes.h"

namespace trapeze {
namespace {

constexpr u64 int_max = 0x7fffffff;
constexpr i32 most_pieces = 1024;
constexpr u32 most_descriptors = 253;

// Control data as the host has it, for one block of descriptors and a time stamp.
struct HostControl {
    alignas(8) u8 bytes[16 + most_descriptors * 4 + 4 + 32 + 64];
};

bool told_quiet(i32 flags) { return flags & xnu::MSG_NOSIGNAL && era_has(7195050); }

i32 socket_error_of(i64 r) { return r == -lnx::ENOTSOCK ? xnu::ENOTSOCK : xnu::EBADF; }

// The name that a send carries. A datagram socket with a peer takes none.
i32 receiver(i32 fd, u64 name, u32 size, HostAddress& a, const u8*& at) {
    at = nullptr;
    a.size = 0;
    if (!name) return 0;
    if (const i32 wrong = address_in(fd, name, size, a)) return wrong;
    const i32 type = host_socket_number(fd, lnx::SO_TYPE);
    if (type < 0) return socket_error_of(type);
    if (type == lnx::SOCK_STREAM) {
        a.size = 0;  // a stream with a peer ignores it, and one without says so
        return 0;
    }
    if (has_peer(fd)) return xnu::EISCONN;
    u16 family, port;
    memcpy(&family, a.bytes, 2);
    memcpy(&port, a.bytes + 2, 2);
    if (family != host_socket_number(fd, lnx::SO_DOMAIN)) return xnu::EAFNOSUPPORT;
    if (family != lnx::AF_UNIX && type != lnx::SOCK_RAW && port == 0) return xnu::EADDRNOTAVAIL;
    at = a.bytes;
    return 0;
}

// Descriptors of the guest's control into the host's. 0 or an errno.
i32 control_in(Trap& trap, u64 from, u32 size, HostControl& c, u64& host_size) {
    xnu::cmsghdr head;
    if (size < sizeof head) return xnu::EINVAL;
    if (size > 2048) return xnu::EINVAL;  // MCLBYTES
    if (!copyin(head, from)) return xnu::EFAULT;
    if (head.cmsg_level != xnu::SOL_SOCKET || head.cmsg_type != xnu::SCM_RIGHTS || head.cmsg_len != size) return xnu::EINVAL;
    const u32 count = (size - static_cast<u32>(sizeof head)) / 4;
    if (count > most_descriptors) return xnu::EINVAL;
    lnx::cmsghdr h{};
    h.cmsg_len = sizeof h + count * 4;
    h.cmsg_level = lnx::SOL_SOCKET;
    h.cmsg_type = lnx::SCM_RIGHTS;
    memcpy(c.bytes, &h, sizeof h);
    if (!copyin(c.bytes + sizeof h, from + sizeof head, count * 4)) return xnu::EFAULT;
    for (u32 i = 0; i < count; i++) {
        i32 fd;
        memcpy(&fd, c.bytes + sizeof h + i * 4, 4);
        if (hidden(fd)) return xnu::EBADF;
        if (is_kqueue(fd) || confined(fd)) return xnu::EINVAL;
        if (guarded(fd, guard_socket_ipc)) guard_violated(trap, fd, violated_socket_ipc);
    }
    host_size = (sizeof h + count * 4 + 7) & ~7ull;
    return 0;
}

// Where a datagram came to, or is to come from: the same bytes on both kernels under other numbers.
struct PacketInfo {
    i32 level, darwin, host;
    u32 size;
};
constexpr PacketInfo packet_infos[] = {
    {0, xnu::IP_PKTINFO, 8, 12}, {0, xnu::IP_RECVTTL, 2, 4}, {41, xnu::IPV6_PKTINFO, 50, 20}, {41, xnu::IPV6_HOPLIMIT, 52, 4}, {41, xnu::IPV6_TCLASS, 67, 4},
    {41, xnu::IPV6_2292PKTINFO, 2, 20}, {41, xnu::IPV6_2292HOPLIMIT, 8, 4},
};

// What goes with a datagram of the internet; what has no counterpart is left out, as XNU leaves out what it does not know.
i32 packet_control_in(u64 from, u32 size, HostControl& c, u64& host_size) {
    host_size = 0;
    for (u32 at = 0; at + sizeof(xnu::cmsghdr) <= size;) {
        xnu::cmsghdr g;
        if (!copyin(g, from + at)) return xnu::EFAULT;
        if (g.cmsg_len < sizeof g || g.cmsg_len > size - at) return xnu::EINVAL;
        for (const PacketInfo& p : packet_infos) {
            if (p.level != g.cmsg_level || p.darwin != g.cmsg_type || p.darwin == xnu::IP_RECVTTL) continue;
            if (g.cmsg_len != sizeof g + p.size) return xnu::EINVAL;
            const lnx::cmsghdr h{sizeof h + p.size, p.level, p.host};
            memcpy(c.bytes + host_size, &h, sizeof h);
            if (!copyin(c.bytes + host_size + sizeof h, from + at + sizeof g, p.size)) return xnu::EFAULT;
            host_size += (sizeof h + p.size + 7) & ~7ull;
        }
        at += (g.cmsg_len + 3) & ~3u;
        if (host_size > 256) return xnu::EINVAL;
    }
    return 0;
}

// The guest's control as it fills: blocks of a multiple of 4 bytes (CMSG_SPACE), the last one cut where there is no more room.
struct GuestControl {
    u64 to;
    u32 room, used;
    bool cut, bad;

    void put(i32 level, i32 type, const void* data, u32 size) {
        u8 block[sizeof(xnu::cmsghdr) + most_descriptors * 4] = {};
        const xnu::cmsghdr g{static_cast<u32>(sizeof g) + size, level, type};
        memcpy(block, &g, sizeof g);
        memcpy(block + sizeof g, data, size);
        u32 n = (g.cmsg_len + 3) & ~3u;
        if (room - used < n) {
            n = room - used;
            cut = true;
        }
        if (!copyout(block, to + used, n)) bad = true;
        used += n;
    }
};

// When it came, on the clock of the day and on the one that only goes forward: whichever was asked for.
void put_times(i32 fd, GuestControl& out, const lnx::timeval& t) {
    constexpr i32 so_monotonic = 0x800, scm_monotonic = 4;
    const bool monotonic = kept_option(fd, xnu::SOL_SOCKET, so_monotonic, 0);
    if (kept_option(fd, xnu::SOL_SOCKET, xnu::SO_TIMESTAMP, !monotonic)) {
        const xnu::timeval d{t.tv_sec, static_cast<i32>(t.tv_usec), 0};
        out.put(xnu::SOL_SOCKET, xnu::SCM_TIMESTAMP, &d, sizeof d);
    }
    if (!monotonic) return;
    lnx::timeval now;
    host(lnx::SYS_gettimeofday, &now, 0);
    const i64 ago = (now.tv_sec - t.tv_sec) * 1'000'000'000 + (now.tv_usec - t.tv_usec) * 1000;
    const u64 at = monotonic_ns() - static_cast<u64>(ago > 0 ? ago : 0);
    out.put(xnu::SOL_SOCKET, scm_monotonic, &at, sizeof at);
}

// struct sockaddr_dl of an interface, as IP_RECVIF gives it; of none it knows, an empty one.
u32 link_address(u32 index, u8 (&to)[64]) {
    memset(to, 0, sizeof to);
    to[0] = 8, to[1] = xnu::AF_LINK;
    Interfaces all;
    if (!index || !all.read(false)) return to[0];
    for (u32 i = 0; i < all.link_count; i++) {
        const Interface& l = all.links[i];
        if (l.index != index) continue;
        to[2] = static_cast<u8>(index), to[3] = static_cast<u8>(index >> 8), to[4] = static_cast<u8>(l.type);
        to[5] = l.name_size, to[6] = l.address_size;
        memcpy(to + 8, l.name, l.name_size);
        memcpy(to + 8 + l.name_size, l.address, l.address_size);
        const u32 size = 8u + l.name_size + l.address_size;
        to[0] = static_cast<u8>(size < 20 ? 20 : (size + 3) & ~3u);
    }
    all.drop();
    return to[0];
}

// Where a datagram came to and by what, in ip_savecontrol's order. The host tells it all by IP_PKTINFO: of that what was asked for.
void put_internet(i32 fd, GuestControl& out, const u8* info, const u8* ttl) {
    bool wants_to = false, wants_interface = false, wants_info = false;
    if (info) {
        wants_to = kept_option(fd, 0, xnu::IP_RECVDSTADDR, 0);
        wants_interface = kept_option(fd, 0, xnu::IP_RECVIF, 0);
        wants_info = kept_option(fd, 0, xnu::IP_PKTINFO, !wants_to && !wants_interface);
    }
    if (wants_to) out.put(0, xnu::IP_RECVDSTADDR, info + 8, 4);
    if (wants_interface) {
        u32 index;
        memcpy(&index, info, 4);
        u8 link[64];
        const u32 size = link_address(index, link);
        out.put(0, xnu::IP_RECVIF, link, size);
    }
    if (ttl) out.put(0, xnu::IP_RECVTTL, ttl, 1);
    if (wants_info) out.put(0, xnu::IP_PKTINFO, info, 12);
}

// The host's control to the guest. False: it could not be written.
bool control_out(i32 fd, const HostControl& c, u64 size, u64 to, u32 room, u32& used, bool& cut) {
    GuestControl out{to, room, 0, false, false};
    const u8 *info = nullptr, *ttl = nullptr;
    for (u64 at = 0; at + sizeof(lnx::cmsghdr) <= size;) {
        lnx::cmsghdr h;
        memcpy(&h, c.bytes + at, sizeof h);
        if (h.cmsg_len < sizeof h || h.cmsg_len > size - at) break;
        const u32 data = static_cast<u32>(h.cmsg_len - sizeof h);
        const u8* from = c.bytes + at + sizeof h;
        at += (h.cmsg_len + 7) & ~7ull;
        if (h.cmsg_level != lnx::SOL_SOCKET) {
            for (const PacketInfo& p : packet_infos) {
                if (p.level != h.cmsg_level || p.host != h.cmsg_type || p.size != data) continue;
                if (p.level) out.put(p.level, p.darwin, from, data);
                else (p.darwin == xnu::IP_PKTINFO ? info : ttl) = from;
            }
        } else if (h.cmsg_type == lnx::SCM_RIGHTS && data <= most_descriptors * 4) {
            for (u32 i = 0; i < data / 4; i++) {
                i32 number;
                memcpy(&number, from + i * 4, 4);
                set_socket(number, true);
            }
            out.put(xnu::SOL_SOCKET, xnu::SCM_RIGHTS, from, data);
        } else if (h.cmsg_type == lnx::SO_TIMESTAMP && data == 16) {
            lnx::timeval t;
            memcpy(&t, from, sizeof t);
            put_times(fd, out, t);
        }
    }
    if (info || ttl) put_internet(fd, out, info, ttl);
    used = out.used;
    cut = out.cut;
    return !out.bad;
}

void shut_after(i32 fd, i32 flags, i64 r) {
    if (!host_failed(r) && flags & xnu::MSG_EOF) host(lnx::SYS_shutdown, fd, lnx::SHUT_WR);
}

// recv on a stream that never had a peer: ENOTCONN, where Linux's AF_UNIX says EINVAL.
Answer received(i32 fd, i64 r) {
    if (r == -lnx::EINVAL && is_unix(fd) && is_stream(fd) && !has_peer(fd)) return fail(xnu::ENOTCONN);
    return from_host_restartable(r);
}

}  // namespace

Answer bsd_sendto(Trap& trap) {
    const i32 fd = trap.i(0), flags = trap.i(3);
    if (trap.w(2) > int_max) return fail(xnu::EINVAL);
    HostAddress a;
    const u8* at;
    if (const i32 wrong = receiver(fd, trap.w(4), trap.u(5), a, at)) return fail(wrong);
    if (flags & xnu::MSG_OOB && is_unix(fd)) return fail(xnu::EOPNOTSUPP);
    if (Answer e{}; write_stopped(trap, fd, {trap.w(1), trap.w(2), 0, 1}, nowhere, send_flags_to_host(flags), told_quiet(flags), e)) return e;
    const i64 r = host_blocking(lnx::SYS_sendto, fd, trap.w(1), trap.w(2), send_flags_to_host(flags) | lnx::MSG_NOSIGNAL, at, a.size);
    shut_after(fd, flags, r);
    return sent(trap, fd, r, told_quiet(flags));
}

// pru_rcvoob: TCP alone has urgent data.
static bool asks_in_vain(i32 fd, i32 flags) {
    if (!(flags & xnu::MSG_OOB)) return false;
    const i64 type = host_socket_number(fd, lnx::SO_TYPE);
    return type > 0 && (type != lnx::SOCK_STREAM || is_unix(fd));
}

Answer bsd_recvfrom(Trap& trap) {
    const i32 fd = trap.i(0);
    if (trap.w(2) > int_max) return fail(xnu::EINVAL);
    if (asks_in_vain(fd, trap.i(3))) return fail(xnu::EOPNOTSUPP);
    u32 room = 0;
    if (trap.w(5) && !copyin(room, trap.w(5))) return fail(xnu::EFAULT);
    HostAddress a{};
    i32 size = sizeof a.bytes;
    const i64 r = host_blocking(lnx::SYS_recvfrom, fd, trap.w(1), trap.w(2), send_flags_to_host(trap.i(3)), a.bytes, &size);
    if (host_failed(r)) return received(fd, r);
    if (trap.w(4)) {
        a.size = is_stream(fd) ? 0 : static_cast<u32>(size);
        const GuestAddress g = address_out(a);
        (void)copyout(g.bytes, trap.w(4), room < g.size ? room : g.size);
        if (trap.w(5) && !copyout(g.size, trap.w(5))) return fail(xnu::EFAULT);
    }
    return ok(r);
}

Answer send_message(Trap& trap, i32 fd, const xnu::msghdr& g, i32 flags) {
    if (g.msg_iovlen <= 0 || g.msg_iovlen > most_pieces) return fail(xnu::EMSGSIZE);
    HostAddress a;
    const u8* at;
    if (const i32 wrong = receiver(fd, as_word(g.msg_name), g.msg_namelen, a, at)) return fail(wrong);
    lnx::msghdr h{};
    h.msg_name = const_cast<u8*>(at);
    h.msg_namelen = a.size;
    h.msg_iov = reinterpret_cast<lnx::iovec*>(g.msg_iov);
    h.msg_iovlen = static_cast<u64>(g.msg_iovlen);
    HostControl c;
    if (g.msg_control) {
        u64 size = 0;
        const i32 domain = host_socket_number(fd, lnx::SO_DOMAIN);
        if (domain < 0) return fail(socket_error_of(domain));
        if (g.msg_controllen < sizeof(xnu::cmsghdr)) return fail(xnu::EINVAL);
        if (domain == lnx::AF_UNIX) {
            if (const i32 wrong = control_in(trap, as_word(g.msg_control), g.msg_controllen, c, size)) return fail(wrong);
        } else if (const i32 wrong = packet_control_in(as_word(g.msg_control), g.msg_controllen, c, size)) {
            return fail(wrong);
        }
        if (size) {
            h.msg_control = c.bytes;
            h.msg_controllen = size;
        }
    }
    if (flags & xnu::MSG_OOB && is_unix(fd)) return fail(xnu::EOPNOTSUPP);
    if (Answer e{}; !h.msg_control && write_stopped(trap, fd, {0, 0, as_word(g.msg_iov), static_cast<u32>(g.msg_iovlen)}, nowhere, send_flags_to_host(flags), told_quiet(flags), e))
        return e;
    const i64 r = host_blocking(lnx::SYS_sendmsg, fd, &h, send_flags_to_host(flags) | lnx::MSG_NOSIGNAL);
    shut_after(fd, flags, r);
    return sent(trap, fd, r, told_quiet(flags));
}

Answer receive_message(i32 fd, xnu::msghdr& g, i32 flags) {
    if (g.msg_iovlen <= 0 || g.msg_iovlen > most_pieces) return fail(xnu::EMSGSIZE);
    if (asks_in_vain(fd, flags)) return fail(xnu::EOPNOTSUPP);
    HostAddress a{};
    HostControl c;
    lnx::msghdr h{};
    h.msg_name = a.bytes;
    h.msg_namelen = sizeof a.bytes;
    h.msg_iov = reinterpret_cast<lnx::iovec*>(g.msg_iov);
    h.msg_iovlen = static_cast<u64>(g.msg_iovlen);
    if (g.msg_control) {
        h.msg_control = c.bytes;
        h.msg_controllen = sizeof c.bytes;
    }
    const i64 r = host_blocking(lnx::SYS_recvmsg, fd, &h, send_flags_to_host(flags));
    if (host_failed(r)) return received(fd, r);
    g.msg_flags = flags | receive_flags_to_guest(h.msg_flags);
    if (g.msg_name) {
        a.size = is_stream(fd) ? 0 : h.msg_namelen;
        const GuestAddress name = address_out(a);
        (void)copyout(name.bytes, as_word(g.msg_name), g.msg_namelen < name.size ? g.msg_namelen : name.size);
        g.msg_namelen = name.size;
    }
    if (g.msg_control) {
        u32 used;
        bool cut;
        if (!control_out(fd, c, h.msg_controllen, as_word(g.msg_control), g.msg_controllen, used, cut)) return fail(xnu::EFAULT);
        if (cut) g.msg_flags |= xnu::MSG_CTRUNC;
        g.msg_controllen = used;
    }
    return ok(r);
}

Answer bsd_sendmsg(Trap& trap) {
    xnu::msghdr g;
    if (!copyin(g, trap.w(1))) return fail(xnu::EFAULT);
    return send_message(trap, trap.i(0), g, trap.i(2));
}

Answer bsd_recvmsg(Trap& trap) {
    xnu::msghdr g;
    if (!copyin(g, trap.w(1))) return fail(xnu::EFAULT);
    const Answer a = receive_message(trap.i(0), g, trap.i(2));
    return a.kind == Answer::value && !copyout(g, trap.w(1)) ? fail(xnu::EFAULT) : a;
}

}  // namespace trapeze
