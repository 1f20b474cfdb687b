// SPDX-License-Identifier: BSD-3-Clause
// recvmsg_x and sendmsg_x: several datagrams by one trap, 100 at most (xnu-3248.60.10 bsd/kern/uipc_syscalls.c, somaxsendmsgx). Only the
// first one is waited for, and what was done before an EAGAIN or EINTR is done: the number of messages comes then. msg_flags must be 0.
#include "tools/xnurun/handlers.h"
#include "tools/xnurun/sockets.h"

namespace trapeze {
namespace {

constexpr u32 most_in_call = 100, most_in_list = 1024;

bool interrupted(const Answer& a) {
    return a.kind == Answer::restart_or_eintr || (a.kind == Answer::error && (a.rax == xnu::EAGAIN || a.rax == xnu::EINTR || a.rax == xnu::ENOBUFS));
}

xnu::msghdr plain(const xnu::msghdr_x& m) {
    return {m.msg_name, m.msg_namelen, m.msg_iov, m.msg_iovlen, m.msg_control, m.msg_controllen, 0};
}

// The whole list is looked at first: 0, or the errno of what is wrong in it.
i32 check_list(const Trap& trap, u32& count) {
    if (const i32 wrong = check_socket(trap.i(0))) return wrong;
    count = trap.u(2);
    if (count == 0 || count > most_in_list) return xnu::EINVAL;
    if (count > most_in_call) count = most_in_call;
    i32 flags = 0;
    for (u32 i = 0; i < count; i++) {
        xnu::msghdr_x m;
        if (!copyin(m, trap.w(1) + i * sizeof m)) return xnu::EFAULT;
        if (m.msg_iovlen <= 0 || m.msg_iovlen > 1024) return xnu::EMSGSIZE;
        flags |= m.msg_flags;
    }
    return flags ? xnu::EINVAL : 0;
}

}  // namespace

Answer bsd_sendmsg_x(Trap& trap) {
    u32 count;
    if (const i32 wrong = check_list(trap, count)) return fail(wrong);
    for (u32 i = 0; i < count; i++) {
        xnu::msghdr_x m;
        if (!copyin(m, trap.w(1) + i * sizeof m)) return fail(xnu::EFAULT);
        const Answer a = send_message(trap, trap.i(0), plain(m), trap.i(3));
        if (a.kind == Answer::value) continue;
        return i && interrupted(a) ? ok(i) : a;
    }
    return ok(count);
}

Answer bsd_recvmsg_x(Trap& trap) {
    u32 count;
    if (const i32 wrong = check_list(trap, count)) return fail(wrong);
    for (u32 i = 0; i < count; i++) {
        const u64 at = trap.w(1) + i * sizeof(xnu::msghdr_x);
        xnu::msghdr_x m;
        if (!copyin(m, at)) return fail(xnu::EFAULT);
        xnu::msghdr g = plain(m);
        const i32 flags = trap.i(3);
        const Answer a = receive_message(trap.i(0), g, i ? flags | xnu::MSG_DONTWAIT : flags);
        if (a.kind != Answer::value) return i && interrupted(a) ? ok(i) : a;
        m.msg_namelen = g.msg_namelen;
        m.msg_controllen = g.msg_controllen;
        m.msg_flags = g.msg_flags & ~(i ? xnu::MSG_DONTWAIT & ~flags : 0);
        m.msg_datalen = static_cast<u64>(a.rax);
        if (!copyout(m, at)) return fail(xnu::EFAULT);
        if (g.msg_flags & xnu::MSG_TRUNC) return ok(i + 1);
    }
    return ok(count);
}

}  // namespace trapeze
