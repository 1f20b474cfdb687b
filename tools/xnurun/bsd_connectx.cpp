// SPDX-License-Identifier: BSD-3-Clause
// connectx, disconnectx, peeloff, socket_delegate: xnu-3248.60.10 bsd/kern/uipc_syscalls.c, bsd/netinet/tcp_usrreq.c, udp_usrreq.c. A TCP
// or UDP socket has one connection, number 1 (SAE_CONNID_ANY, 0, where it was not made), so disconnectx is disconnecting and nothing can
// be peeled off. What may be sent along is sent when the connection stands. The host cannot bind to an interface for the unprivileged:
// sae_srcif is ENXIO for what is no interface, and passed on.
#include "sys/mem.h"
#include "tools/xnurun/handlers.h"
#include "tools/xnurun/sockets.h"

namespace trapeze {
namespace {

constexpr u32 any = 0, all = ~0u;  // SAE_ASSOCID_ANY, SAE_ASSOCID_ALL

// The host would take any number, and find out when it is used.
i32 bind_to_interface(i32 fd, u32 index) {
    constexpr i32 so_bindtoifindex = 62;
    constexpr u32 siocgifname = 0x8910;
    struct {
        char name[16];
        u32 index, rest[5];
    } request{{}, index, {}};
    if (host_failed(host(lnx::SYS_ioctl, fd, siocgifname, &request))) return xnu::ENXIO;
    const i64 r = host(lnx::SYS_setsockopt, fd, lnx::SOL_SOCKET, so_bindtoifindex, &index, sizeof index);
    return !host_failed(r) ? 0 : r == -lnx::EPERM ? xnu::EPERM : xnu::ENXIO;
}

}  // namespace

Answer bsd_connectx(Trap& trap) {
    const i32 fd = trap.i(0);
    if (const i32 wrong = check_socket(fd)) return fail(wrong);
    if (!trap.w(1)) return fail(xnu::EINVAL);
    xnu::sa_endpoints ends;
    if (!copyin(ends, trap.w(1))) return fail(xnu::EFAULT);
    HostAddress from, to;
    if (ends.sae_srcaddr)
        if (const i32 wrong = address_in(fd, as_word(ends.sae_srcaddr), ends.sae_srcaddrlen, from)) return fail(wrong);
    if (!ends.sae_dstaddr) return fail(xnu::EINVAL);
    if (const i32 wrong = address_in(fd, as_word(ends.sae_dstaddr), ends.sae_dstaddrlen, to)) return fail(wrong);
    const u64 vectors = trap.w(4);
    if (vectors && (trap.i(5) <= 0 || trap.i(5) > 1024 || !trap.w(6))) return fail(xnu::EINVAL);
    if (is_unix(fd)) return fail(xnu::EOPNOTSUPP);
    if (trap.u(2) != any && trap.u(2) != all) return fail(xnu::EINVAL);
    Answer a = ok();
    if (ends.sae_srcif)
        if (const i32 wrong = bind_to_interface(fd, ends.sae_srcif)) return fail(wrong);
    if (ends.sae_srcaddr) a = bind_to(fd, from);
    if (a.kind == Answer::value) a = connect_to(fd, to);
    u64 went = 0;
    if (vectors && a.kind == Answer::value) {
        const xnu::msghdr m{nullptr, 0, reinterpret_cast<xnu::iovec*>(vectors), trap.i(5), nullptr, 0, 0};
        a = send_message(trap, fd, m, 0);
        if (a.kind == Answer::value) went = static_cast<u64>(a.rax);
    }
    if (a.kind == Answer::restart_or_eintr) a = fail(xnu::EINTR);
    const bool good = a.kind == Answer::value;
    const u32 connection = good || a.rax == xnu::EINPROGRESS ? 1 : 0;
    if (trap.w(6) && !copyout(went, trap.w(6)) && good) return fail(xnu::EFAULT);
    if (trap.w(7) && !copyout(connection, trap.w(7)) && good) return fail(xnu::EFAULT);
    return good ? ok() : a;
}

Answer bsd_disconnectx(Trap& trap) {
    const i32 fd = trap.i(0);
    if (const i32 wrong = check_socket(fd)) return fail(wrong);
    if (is_unix(fd)) return fail(xnu::EOPNOTSUPP);
    if (trap.u(1) != any && trap.u(1) != all) return fail(xnu::EINVAL);
    if (!has_peer(fd)) return fail(xnu::ENOTCONN);
    if (is_stream(fd)) return from_host(host(lnx::SYS_shutdown, fd, lnx::SHUT_RDWR));
    const u16 nobody[8] = {};
    return from_host(host(lnx::SYS_connect, fd, nobody, sizeof nobody));
}

Answer bsd_peeloff(Trap& trap) {
    const i32 wrong = check_socket(trap.i(0));
    return fail(wrong ? wrong : xnu::EOPNOTSUPP);
}

// socket, on another's account: what it is for, the accounting, has no meaning here. ESRCH: no such process.
Answer bsd_socket_delegate(Trap& trap) {
    if (host(lnx::SYS_geteuid) != 0) return fail(xnu::EACCES);  // PRIV_NET_PRIVILEGED_SOCKET_DELEGATE
    const i32 pid = trap.i(3);
    if (pid <= 0 || host(lnx::SYS_kill, pid, 0) == -lnx::ESRCH) return fail(xnu::ESRCH);
    return bsd_socket(trap);
}

}  // namespace trapeze
