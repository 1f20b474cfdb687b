// SPDX-License-Identifier: BSD-3-Clause
// wait4, waitid, getrusage: bsd/kern/kern_exit.c, kern_resource.c. Statuses and signals in Darwin's numbers.
#include "sys/darwin/errno.h"
#include "sys/darwin/process.h"
#include "sys/linux/process.h"
#include "tools/xnurun/era.h"
#include "tools/xnurun/handlers.h"
#include "tools/xnurun/kqueue.h"
#include "tools/xnurun/signal.h"

namespace trapeze {
namespace {

xnu::timeval to_timeval(const lnx::timeval& t) { return {t.tv_sec, static_cast<i32>(t.tv_usec), 0}; }

xnu::rusage to_darwin(const lnx::rusage& l) {
    return {to_timeval(l.ru_utime), to_timeval(l.ru_stime), l.ru_maxrss * 1024, l.ru_ixrss, l.ru_idrss, l.ru_isrss, l.ru_minflt, l.ru_majflt,
            l.ru_nswap, l.ru_inblock, l.ru_oublock, l.ru_msgsnd, l.ru_msgrcv, l.ru_nsignals, l.ru_nvcsw, l.ru_nivcsw};
}

// The host's wait status in Darwin's numbers.
i32 wait_status(i32 s) {
    if (s == lnx::status_continued) return xnu::status_continued;
    if ((s & 0xff) == 0x7f) return darwin_signal(s >> 8 & 0xff) << 8 | 0x7f;
    if (s & 0x7f) return darwin_signal(s & 0x7f) | (s & 0x80);
    return s;
}

}  // namespace

// A child that is waited for while SIGCHLD is masked takes the pending one with it, if it was the only child.
static void forget_sigchld(Thread& t) {
    if (!(t.mask & sigbit(xnu::SIGCHLD))) return;
    HostSiginfo info{};
    constexpr i32 all = 0, exited = 4, stopped = 2, continued = 8, nohang = 1, nowait = 0x1000000;
    if (host(lnx::SYS_waitid, all, 0, &info, exited | stopped | continued | nohang | nowait, 0) != -lnx::ECHILD) return;
    const u64 set = 1ull << (lnx::SIGCHLD - 1);
    const lnx::timespec at_once{};
    host(lnx::SYS_rt_sigtimedwait, &set, 0, &at_once, 8);
    __atomic_fetch_and(&t.pending, ~sigbit(xnu::SIGCHLD), __ATOMIC_SEQ_CST);
}

// Options that nobody knows are nobody's business here. A bad pointer leaves the child to be waited for again: that is found
// out before it is reaped, and told when there is something to tell.
Answer bsd_wait4(Trap& trap) {
    if (trap.u(0) == 0x80000000) return fail(era >= era_13 ? xnu::EINVAL : xnu::ECHILD);
    const i32 options = trap.i(2);
    i32 host_options = options & (xnu::WNOHANG | xnu::WUNTRACED);
    if (options & xnu::WCONTINUED) host_options |= lnx::WCONTINUED;
    if ((trap.w(1) && !writable(trap.w(1), 4)) || (trap.w(3) && !writable(trap.w(3), sizeof(xnu::rusage)))) {
        HostSiginfo info{};
        constexpr i32 exited = 4, nohang = 1, stopped = 2, continued = 8, nowait = 0x1000000;
        const i32 pid = trap.i(0);
        const i32 kind = pid == -1 ? 0 : pid > 0 ? 1 : 2;  // P_ALL P_PID P_PGID
        const i64 r = host_blocking(lnx::SYS_waitid, kind, pid == -1 ? 0 : pid < 0 ? -pid : pid, &info,
                                    exited | nowait | (options & xnu::WNOHANG ? nohang : 0) | (options & xnu::WUNTRACED ? stopped : 0) |
                                        (options & xnu::WCONTINUED ? continued : 0), 0);
        if (host_failed(r)) return from_host_restartable(r);
        return info.si_pid ? fail(xnu::EFAULT) : ok(0);
    }
    i32 status = 0;
    lnx::rusage usage{};
    const i64 r = host_blocking(lnx::SYS_wait4, trap.i(0), &status, host_options, &usage);
    if (host_failed(r)) return from_host_restartable(r);
    if (r > 0) {
        const bool ended = (status & 0xff) != 0x7f && status != lnx::status_continued;
        status = wait_status(status);
        if (ended) kqueue_reaped(static_cast<i32>(r), status);
        if (trap.w(1) && !copyout(status, trap.w(1))) return fail(xnu::EFAULT);
        if (trap.w(3) && ended && !copyout(to_darwin(usage), trap.w(3))) return fail(xnu::EFAULT);
        if (ended) forget_sigchld(trap.thread);
    }
    return ok(r);
}

// Waiting for nothing, which XNU does as long as there is such a child; the host says EINVAL.
static Answer wait_for_nothing(Trap& trap, bool nohang_given) {
    HostSiginfo info{};
    constexpr i32 exited = 4, stopped = 2, continued = 8, nohang = 1, nowait = 0x1000000;
    const i64 r = host(lnx::SYS_waitid, trap.u(0) <= 2 ? trap.u(0) : 0, trap.u(1), &info, exited | stopped | continued | nohang | nowait, 0);
    if (host_failed(r)) return from_host(r);
    if (nohang_given) return ok();
    return from_host_restartable(host_blocking(lnx::SYS_pause));
}

// idtype: P_ALL 0, P_PID 1, P_PGID 2 on both. The status of a child that a signal ended is 0 there (WEXITSTATUS of it); that of one
// that goes on is the signal that had stopped it, which the host does not tell: it is most often SIGSTOP.
Answer bsd_waitid(Trap& trap) {
    constexpr i32 nohang = 1, exited = 4, stopped = 8, continued = 0x10, nowait = 0x20;
    constexpr i32 host_stopped = 2, host_continued = 8, host_nowait = 0x1000000;
    const i32 options = trap.i(3);
    if (!options || options & ~(nohang | exited | stopped | continued | nowait)) return fail(xnu::EINVAL);
    if ((trap.u(0) == 1 || trap.u(0) == 2) && trap.i(1) < 0) return fail(xnu::EINVAL);
    i32 host_options = options & (nohang | exited);
    if (options & stopped) host_options |= host_stopped;
    if (options & continued) host_options |= host_continued;
    if (options & nowait) host_options |= host_nowait;
    if (!(options & (exited | stopped | continued))) return wait_for_nothing(trap, options & nohang);
    if (!writable(trap.w(2), sizeof(xnu::siginfo_t))) host_options |= host_nowait;  // the child stays when it cannot be told of
    HostSiginfo info{};
    const i64 r = host_blocking(lnx::SYS_waitid, trap.u(0) <= 2 ? trap.u(0) : 0, trap.u(1), &info, host_options, 0);
    if (host_failed(r)) return from_host_restartable(r);
    if (!info.si_pid) return ok();  // WNOHANG, and nothing to tell: the caller's structure stays as it is
    xnu::siginfo_t out{};
    out.si_signo = xnu::SIGCHLD;
    out.si_pid = info.si_pid;
    out.si_code = info.si_code;
    const bool ended = info.si_code == lnx::CLD_EXITED || info.si_code == 2 || info.si_code == 3;  // CLD_KILLED, CLD_DUMPED
    const i32 status = static_cast<i32>(info.si_value);
    if (info.si_code == lnx::CLD_EXITED) out.si_status = status;
    else if (info.si_code == lnx::CLD_STOPPED) out.si_status = darwin_signal(status);
    else if (info.si_code == lnx::CLD_CONTINUED) out.si_status = xnu::SIGSTOP;
    if (ended && !(host_options & host_nowait)) {
        const i32 sum = info.si_code == lnx::CLD_EXITED ? status << 8 : darwin_signal(status) | (info.si_code == 3 ? 0x80 : 0);
        kqueue_reaped(info.si_pid, sum);
    }
    return copyout(out, trap.w(2)) ? ok() : fail(xnu::EFAULT);
}

Answer bsd_getrusage(Trap& trap) {
    if (trap.i(0) != xnu::RUSAGE_SELF && trap.i(0) != xnu::RUSAGE_CHILDREN) return fail(xnu::EINVAL);
    lnx::rusage usage;
    const i64 r = host(lnx::SYS_getrusage, trap.i(0), &usage);
    if (host_failed(r)) return from_host(r);
    return copyout(to_darwin(usage), trap.w(1)) ? ok() : fail(xnu::EFAULT);
}

}  // namespace trapeze
