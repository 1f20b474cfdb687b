// SPDX-License-Identifier: BSD-3-Clause
// See sockets.h. Sources: xnu-3248.60.10 bsd/kern/uipc_syscalls.c, uipc_socket.c (sosendcheck), uipc_usrreq.c (sun_noname).
#include "tools/xnurun/sockets.h"

#include "sys/mem.h"
#include "tools/xnurun/descriptors.h"
#include "tools/xnurun/process.h"

namespace trapeze {
namespace {

constexpr i32 so_priority = 12, no_sigpipe_mark = 6;
constexpr u32 longest = 255;  // SOCK_MAXADDRLEN

u16 host_family(const HostAddress& a) {
    u16 f;
    memcpy(&f, a.bytes, 2);
    return a.size < 2 ? u16{0} : f;
}

}  // namespace

i32 domain_to_host(i32 darwin) {
    switch (darwin) {
    case xnu::AF_UNIX: return lnx::AF_UNIX;
    case xnu::AF_INET: return lnx::AF_INET;
    case xnu::AF_INET6: return lnx::AF_INET6;
    default: return -1;
    }
}

i32 address_in(i32 fd, u64 from, u32 size, HostAddress& out) {
    u8 guest[longest + 1] = {};
    if (size > longest) return xnu::ENAMETOOLONG;
    if (!from || size < 2) return xnu::EINVAL;
    if (!copyin(guest, from, size)) return xnu::EFAULT;
    u8 family = guest[1];
    if (family == 0 && is_unix(fd)) family = xnu::AF_UNIX;
    memset(out.bytes, 0, sizeof out.bytes);
    out.size = 0;
    const i32 to = domain_to_host(family);
    if (family == xnu::AF_UNIX) {
        // The path ends at its NUL or with the address; the host wants one NUL behind it.
        u32 n = 0;
        while (n < size - 2 && guest[2 + n]) n++;
        if (size == 2) return xnu::EINVAL;
        if (n == 0) return xnu::ENOENT;
        // /private/tmp and its like are the host's without /private, as in path.cpp.
        u32 from_at = 2;
        constexpr const char* folders[] = {"/private/tmp", "/private/var", "/private/etc"};
        for (const char* folder : folders)
            if (n > 12 && memcmp(guest + 2, folder, 12) == 0 && guest[2 + 12] == '/') from_at = 2 + 8;
        n -= from_at - 2;
        if (n >= sizeof(lnx::sockaddr_un::sun_path)) {
            if (const i32 wrong = long_name_in(reinterpret_cast<char*>(guest) + from_at, n, out)) return wrong;
        } else {
            memcpy(out.bytes + 2, guest + from_at, n);
            out.size = 2 + n + 1;
        }
    } else {
        const bool cut = (family == xnu::AF_INET && size != sizeof(xnu::sockaddr_in)) || (family == xnu::AF_INET6 && size != sizeof(xnu::sockaddr_in6));
        if (cut) return is_unix(fd) ? xnu::EAFNOSUPPORT : xnu::EINVAL;
        out.size = size < sizeof out.bytes ? size : sizeof out.bytes;
        memcpy(out.bytes, guest, out.size);
    }
    const u16 f = family == 0 ? u16{0} : to < 0 ? u16{99} : static_cast<u16>(to);
    memcpy(out.bytes, &f, 2);
    return 0;
}

GuestAddress address_out(const HostAddress& from) {
    GuestAddress g{};
    const u16 f = host_family(from);
    switch (f) {
    case lnx::AF_UNIX:
        if (from.size <= 2) {  // sun_noname
            g.size = 16;
        } else if (const u32 n = long_name_out(reinterpret_cast<const char*>(from.bytes) + 2, reinterpret_cast<char*>(g.bytes) + 2, longest - 2)) {
            g.size = 2 + n;
        } else {
            g.size = from.size;
            memcpy(g.bytes + 2, from.bytes + 2, from.size - 2);
        }
        g.bytes[1] = xnu::AF_UNIX;
        break;
    case lnx::AF_INET:
    case lnx::AF_INET6:
        g.size = f == lnx::AF_INET ? sizeof(xnu::sockaddr_in) : sizeof(xnu::sockaddr_in6);
        memcpy(g.bytes, from.bytes, g.size);
        g.bytes[1] = f == lnx::AF_INET ? xnu::AF_INET : xnu::AF_INET6;
        break;
    default: return g;
    }
    g.bytes[0] = static_cast<u8>(g.size);
    return g;
}

i32 give_name(const HostAddress& from, u64 to, u64 size_at) {
    u32 room;
    if (!copyin(room, size_at)) return xnu::EFAULT;
    const GuestAddress g = address_out(from);
    if (!copyout(g.bytes, to, room < g.size ? room : g.size)) return xnu::EFAULT;
    return copyout(g.size, size_at) ? 0 : xnu::EFAULT;
}

i32 send_flags_to_host(i32 flags) {
    i32 r = flags & (xnu::MSG_OOB | xnu::MSG_PEEK | xnu::MSG_DONTROUTE);
    if (flags & xnu::MSG_EOR) r |= lnx::MSG_EOR;
    if (flags & xnu::MSG_WAITALL) r |= lnx::MSG_WAITALL;
    if (flags & xnu::MSG_DONTWAIT) r |= lnx::MSG_DONTWAIT;
    return r;
}

i32 receive_flags_to_guest(i32 flags) {
    i32 r = flags & lnx::MSG_OOB;
    if (flags & lnx::MSG_EOR) r |= xnu::MSG_EOR;
    if (flags & lnx::MSG_TRUNC) r |= xnu::MSG_TRUNC;
    return r;
}

i32 host_socket_number(i32 fd, i32 option) {
    const Known k = known(fd);
    if (k.sort == Known::vnode || k.sort == Known::other) return -lnx::ENOTSOCK;
    if (k.sort == Known::socket && option == lnx::SO_DOMAIN) return k.domain;
    if (k.sort == Known::socket && option == lnx::SO_TYPE) return k.type;
    i32 value = 0, size = sizeof value;
    const i64 r = host(lnx::SYS_getsockopt, fd, lnx::SOL_SOCKET, option, &value, &size);
    return host_failed(r) ? static_cast<i32>(r) : value;
}

bool has_peer(i32 fd) {
    HostAddress a;
    i32 size = sizeof a.bytes;
    return !host_failed(host(lnx::SYS_getpeername, fd, a.bytes, &size));
}

bool both_shut(i32 fd) {
    struct {
        i32 fd;
        i16 events, revents;
    } look{fd, lnx::POLLRDHUP, 0};
    host(lnx::SYS_poll, &look, 1, 0);
    return (look.revents & (lnx::POLLRDHUP | lnx::POLLHUP)) == (lnx::POLLRDHUP | lnx::POLLHUP);
}

bool no_sigpipe(i32 fd) { return host_socket_number(fd, so_priority) == no_sigpipe_mark; }
i64 set_no_sigpipe(i32 fd, bool on) {
    const i32 value = on ? no_sigpipe_mark : 0;
    return host(lnx::SYS_setsockopt, fd, lnx::SOL_SOCKET, so_priority, &value, sizeof value);
}

Answer sent(Trap&, i32 fd, i64 r, bool quiet) {
    if (r != -lnx::EPIPE) return from_host_restartable(r);
    // TCP that never was connected is EPIPE here and ENOTCONN there. What was connected once has been shut for reading too.
    struct {
        i32 fd;
        i16 events, revents;
    } look{fd, lnx::POLLRDHUP, 0};
    host(lnx::SYS_poll, &look, 1, 0);
    if (!(look.revents & lnx::POLLRDHUP) && !has_peer(fd)) return fail(xnu::ENOTCONN);
    if (!quiet && !no_sigpipe(fd)) host(lnx::SYS_kill, own_pid(), lnx::SIGPIPE);
    return fail(xnu::EPIPE);
}

bool socket_write(Trap& trap, Answer& answer) {
    const i32 fd = trap.i(0);
    const i64 r = host_blocking(lnx::SYS_sendto, fd, trap.w(1), trap.w(2), lnx::MSG_NOSIGNAL, 0, 0);
    if (r == -lnx::ENOTSOCK) {
        set_socket(fd, false);
        return false;
    }
    answer = sent(trap, fd, r, false);
    return true;
}

bool socket_writev(Trap& trap, Answer& answer) {
    const i32 fd = trap.i(0);
    lnx::msghdr h{};
    h.msg_iov = trap.ptr<lnx::iovec>(1);
    h.msg_iovlen = trap.u(2);
    const i64 r = host_blocking(lnx::SYS_sendmsg, fd, &h, lnx::MSG_NOSIGNAL);
    if (r == -lnx::ENOTSOCK) {
        set_socket(fd, false);
        return false;
    }
    answer = sent(trap, fd, r, false);
    return true;
}

}  // namespace trapeze
