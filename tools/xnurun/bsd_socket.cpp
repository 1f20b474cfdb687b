// SPDX-License-Identifier: BSD-3-Clause
// Sockets: made, bound, listening, accepted, connected, shut, named. Against Linux: no flags in the type; an accepted socket has its
// listener's O_NONBLOCK and SO_NOSIGPIPE; lengths of addresses are checked; other errnos, each said where it is made.
// Sources: xnu-3248.60.10 bsd/kern/uipc_syscalls.c, uipc_socket.c, uipc_usrreq.c, bsd/netinet/in_pcb.c, tcp_usrreq.c.
#include "sys/mem.h"
#include "tools/xnurun/descriptors.h"
#include "tools/xnurun/handlers.h"
#include "tools/xnurun/sockets.h"

namespace trapeze {
namespace {

constexpr i32 f_getfl = 3;
constexpr i32 somaxconn = 128;

// socreate_internal: 0 or the errno. The protocols that a Mac has, of the domains that the host shares.
i32 check_protocol(i32 domain, i32 type, i32 protocol) {
    struct Row {
        i32 type, protocol;
    };
    constexpr Row internet[] = {{1, 6}, {2, 17}, {2, 1}, {3, 0}};
    constexpr Row local[] = {{1, 0}, {2, 0}};
    if (domain_to_host(domain) < 0) return xnu::EAFNOSUPPORT;
    const bool in = domain != xnu::AF_UNIX;
    const Row* list = in ? internet : local;
    const int n = in ? 4 : 2;
    bool type_known = false, protocol_known = false;
    for (int i = 0; i < n; i++) {
        i32 p = list[i].protocol;
        if (domain == xnu::AF_INET6 && p == 1) p = 58;  // ICMPv6
        if (list[i].type == type) {
            type_known = true;
            if (protocol == 0 || protocol == p || type == xnu::SOCK_RAW) return 0;
        }
        if (protocol && protocol == p) protocol_known = true;
    }
    if (protocol == 0) return type_known ? 0 : xnu::EPROTONOSUPPORT;
    return protocol_known ? xnu::EPROTOTYPE : xnu::EPROTONOSUPPORT;
}

void made_socket(i32 fd, i32 domain, i32 type) {
    set_socket(fd, true);
    know(fd, {Known::socket, static_cast<u8>(domain), static_cast<u8>(type)});
}

bool nonblocking(i32 fd) {
    const i64 r = host(lnx::SYS_fcntl, fd, f_getfl);
    return !host_failed(r) && r & lnx::O_NONBLOCK;
}

bool is_socket_file(const u8* path) {
    lnx::stat s;
    return host_failed(host(lnx::SYS_stat, path, &s)) || (s.st_mode & lnx::S_IFMT) == 0140000;
}

u16 port_of(const HostAddress& a) {
    u16 p;
    memcpy(&p, a.bytes + 2, 2);
    return p;
}
u16 family_of(const HostAddress& a) {
    u16 f;
    memcpy(&f, a.bytes, 2);
    return f;
}

// No descriptor is left: Linux says so before it looks at the queue, XNU after it took a connection off, which is lost.
Answer drop_one(i32 fd, bool at_once) {
    struct {
        i32 fd;
        i16 events, revents;
    } look{fd, lnx::POLLIN, 0};
    const lnx::timespec zero{};
    const i64 r = host_blocking(lnx::SYS_ppoll, &look, 1, at_once ? &zero : nullptr, 0, 8);
    if (host_failed(r)) return from_host_restartable(r);
    if (r == 0) return fail(xnu::EAGAIN);
    close_hidden(hidden_made(lnx::SYS_accept4, static_cast<u64>(fd)));
    return fail(xnu::EMFILE);
}

}  // namespace

i32 check_socket(i32 fd) {
    const i32 type = host_socket_number(fd, lnx::SO_TYPE);
    if (type >= 0) return 0;
    return type == -lnx::ENOTSOCK ? xnu::ENOTSOCK : xnu::EBADF;
}

Answer bsd_socket(Trap& trap) {
    if (const i32 wrong = check_protocol(trap.i(0), trap.i(1), trap.i(2))) return fail(wrong);
    const i64 r = host(lnx::SYS_socket, domain_to_host(trap.i(0)), trap.i(1), trap.i(2));
    if (!host_failed(r)) made_socket(static_cast<i32>(r), domain_to_host(trap.i(0)), trap.i(1));
    return from_host(r);
}

Answer bsd_socketpair(Trap& trap) {
    if (const i32 wrong = check_protocol(trap.i(0), trap.i(1), trap.i(2))) return fail(wrong);
    if (trap.i(0) != xnu::AF_UNIX) return fail(xnu::EOPNOTSUPP);
    i32 pair[2];
    const i64 r = host(lnx::SYS_socketpair, lnx::AF_UNIX, trap.i(1), 0, pair);
    if (host_failed(r)) return from_host(r);
    if (!copyout(pair, trap.w(3))) {
        for (const i32 fd : pair) host(lnx::SYS_close, fd);
        return fail(xnu::EFAULT);
    }
    for (const i32 fd : pair) made_socket(fd, lnx::AF_UNIX, trap.i(1));
    return ok();
}

Answer bsd_bind(Trap& trap) {
    const i32 fd = trap.i(0);
    if (const i32 wrong = check_socket(fd)) return fail(wrong);
    if (!trap.w(1)) return fail(xnu::EDESTADDRREQ);
    HostAddress a;
    if (const i32 wrong = address_in(fd, trap.w(1), trap.u(2), a)) return fail(wrong);
    return bind_to(fd, a);
}

Answer bind_to(i32 fd, HostAddress& a) {
    const i32 domain = host_socket_number(fd, lnx::SO_DOMAIN);
    if (family_of(a) == 0 && domain == lnx::AF_INET && a.size == sizeof(lnx::sockaddr_in)) {
        const u16 in = lnx::AF_INET;
        memcpy(a.bytes, &in, 2);
    }
    if (family_of(a) != domain) return fail(xnu::EAFNOSUPPORT);
    const i64 r = host(lnx::SYS_bind, fd, a.bytes, a.size);
    if (!host_failed(r)) a.folder = -1;  // kept, that it can be found by its name
    return from_host(r);
}

Answer bsd_listen(Trap& trap) {
    const i32 backlog = trap.i(1);
    return from_host(host(lnx::SYS_listen, trap.i(0), backlog <= 0 || backlog > somaxconn ? somaxconn : backlog));
}

Answer bsd_accept(Trap& trap) {
    const i32 fd = trap.i(0);
    u32 room = 0;
    if (trap.w(1) && !copyin(room, trap.w(2))) return fail(xnu::EFAULT);
    const i64 flags = host(lnx::SYS_fcntl, fd, f_getfl);
    HostAddress a{};
    i32 size = sizeof a.bytes;
    const i64 r = host_blocking(lnx::SYS_accept4, fd, a.bytes, &size, host_failed(flags) ? 0 : flags & lnx::O_NONBLOCK);
    if (r == -lnx::EMFILE) return drop_one(fd, flags & lnx::O_NONBLOCK);
    if (host_failed(r)) return from_host_restartable(r);
    const i32 made = static_cast<i32>(r);
    set_socket(made, true);
    know(made, known(fd));
    if (no_sigpipe(fd)) set_no_sigpipe(made, true);
    a.size = static_cast<u32>(size);
    // The descriptor stays even if its peer's name cannot be told.
    if (trap.w(1))
        if (const i32 wrong = give_name(a, trap.w(1), trap.w(2))) return fail(wrong);
    return ok(r);
}

Answer bsd_connect(Trap& trap) {
    const i32 fd = trap.i(0);
    if (const i32 wrong = check_socket(fd)) return fail(wrong);
    HostAddress a;
    if (const i32 wrong = address_in(fd, trap.w(1), trap.u(2), a)) return fail(wrong);
    return connect_to(fd, a);
}

Answer connect_to(i32 fd, HostAddress& a) {
    const i32 type = host_socket_number(fd, lnx::SO_TYPE);
    const bool stream = type == lnx::SOCK_STREAM;
    const i32 domain = host_socket_number(fd, lnx::SO_DOMAIN);
    if (family_of(a) == 0 && !stream) {  // takes the peer away, and is an error nevertheless
        host(lnx::SYS_connect, fd, a.bytes, a.size);
        return fail(xnu::EAFNOSUPPORT);
    }
    if (family_of(a) == 0 && domain == lnx::AF_INET && a.size == sizeof(lnx::sockaddr_in)) {
        const u16 in = lnx::AF_INET;
        memcpy(a.bytes, &in, 2);
    }
    // To connect one that listens is EOPNOTSUPP before all else. The host refuses it too, and is asked why when it refuses.
    const auto listens = [fd] { return host_socket_number(fd, lnx::SO_ACCEPTCONN) == 1; };
    const bool other_family = family_of(a) != domain;
    if (other_family || (domain != lnx::AF_UNIX && type != lnx::SOCK_RAW && port_of(a) == 0)) {
        if (listens()) return fail(xnu::EOPNOTSUPP);
        return fail(stream && has_peer(fd) ? xnu::EISCONN : other_family ? xnu::EAFNOSUPPORT : xnu::EADDRNOTAVAIL);
    }
    i64 r = host_blocking(lnx::SYS_connect, fd, a.bytes, a.size);
    // One that does not sleep is not interrupted: the signal came before the host's call, and can wait until behind it (connectit, soconnect).
    if (r == -lnx::EINTR && (type == lnx::SOCK_DGRAM || type == lnx::SOCK_RAW || nonblocking(fd))) r = host(lnx::SYS_connect, fd, a.bytes, a.size);
    if (host_failed(r) && r != -lnx::EINPROGRESS && r != -lnx::EINTR && listens()) return fail(xnu::EOPNOTSUPP);
    // Linux tells once, by 0, that a connection which it went on with stands.
    if (r == 0 && stream && domain != lnx::AF_UNIX && nonblocking(fd)) return fail(xnu::EISCONN);
    if (r == -lnx::ECONNREFUSED && domain == lnx::AF_UNIX && !is_socket_file(a.bytes + 2)) return fail(xnu::ENOTSOCK);
    if (r == -lnx::EAGAIN && domain == lnx::AF_UNIX) return fail(xnu::ECONNREFUSED);  // its queue is full
    return from_host(r);
}

Answer bsd_shutdown(Trap& trap) {
    const i32 fd = trap.i(0);
    if (const i32 wrong = check_socket(fd)) return fail(wrong);
    if (trap.u(1) > 2) return fail(xnu::EINVAL);
    if (is_unix(fd) && !has_peer(fd)) return fail(xnu::ENOTCONN);
    return from_host(host(lnx::SYS_shutdown, fd, trap.u(1)));
}

Answer bsd_getsockname(Trap& trap) {
    HostAddress a;
    i32 size = sizeof a.bytes;
    const i64 r = host(lnx::SYS_getsockname, trap.i(0), a.bytes, &size);
    if (host_failed(r)) return from_host(r);
    a.size = static_cast<u32>(size);
    const i32 wrong = give_name(a, trap.w(1), trap.w(2));
    return wrong ? fail(wrong) : ok();
}

Answer bsd_getpeername(Trap& trap) {
    HostAddress a;
    i32 size = sizeof a.bytes;
    if (const i32 wrong = check_socket(trap.i(0))) return fail(wrong);
    if (both_shut(trap.i(0))) return fail(xnu::EINVAL);
    const i64 r = host(lnx::SYS_getpeername, trap.i(0), a.bytes, &size);
    if (host_failed(r)) return from_host(r);
    a.size = static_cast<u32>(size);
    const i32 wrong = give_name(a, trap.w(1), trap.w(2));
    return wrong ? fail(wrong) : ok();
}

}  // namespace trapeze
