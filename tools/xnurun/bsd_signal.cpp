// SPDX-License-Identifier: BSD-3-Clause
// The guest's signal calls: bsd/kern/kern_sig.c. Frames and sigreturn are in deliver.cpp.
//
// Blocking is exact: what came before the mask changed is delivered before. The host's mask is changed first; if a signal
// was recorded until then, the trap starts again behind its handler.
#include "sys/darwin/errno.h"
#include "sys/linux/types.h"
#include "tools/xnurun/handlers.h"
#include "tools/xnurun/ports.h"
#include "tools/xnurun/signal.h"

namespace trapeze {
namespace {

bool valid(i32 n) { return n > 0 && n < 32; }

Answer change_mask(Trap& trap, i32 how, bool given, u32 set) {
    Thread& t = trap.thread;
    u32 mask = t.mask;
    if (given) {
        switch (how) {
        case xnu::SIG_BLOCK: mask |= set; break;
        case xnu::SIG_UNBLOCK: mask &= ~set; break;
        case xnu::SIG_SETMASK: mask = set; break;
        default: return fail(xnu::EINVAL);
        }
        mask &= ~unmaskable;
        if (mask & ~t.mask) {
            const u64 bits = host_mask(mask);
            host(lnx::SYS_rt_sigprocmask, lnx::SIG_BLOCK, &bits, 0, 8);
            if (__atomic_load_n(&t.attention, __ATOMIC_ACQUIRE)) return begin_again();
        }
    }
    if (trap.w(2)) (void)copyout(t.mask, trap.w(2));  // its failure is ignored
    if (given) set_guest_mask(t, trap.context, mask);
    return ok();
}

}  // namespace

void raise_here(Thread& t, i32 darwin) {
    HostSiginfo info{};
    record_signal(t, darwin, info, nullptr);
}

Answer bsd_sigaction(Trap& trap) {
    const i32 n = trap.i(0);
    if (!valid(n) || n == xnu::SIGKILL || n == xnu::SIGSTOP) return fail(xnu::EINVAL);
    xnu::sigaction_in in{};
    if (trap.w(1) && !copyin(in, trap.w(1))) return fail(xnu::EFAULT);
    Locked hold(signal_lock);
    GuestAction& action = guest_actions[n];
    if (trap.w(2)) {
        const xnu::sigaction_out out{action.handler, action.mask, action.flags};
        if (!copyout(out, trap.w(2))) return fail(xnu::EFAULT);
    }
    if (trap.w(1)) {
        action.handler = in.handler;
        action.tramp = in.tramp;
        action.mask = in.mask & ~unmaskable;
        action.flags = in.flags & 0x7f;
        apply_host_action(n);
    }
    return ok();
}

Answer bsd_pthread_sigmask(Trap& trap) {
    u32 set = 0;
    if (trap.w(1) && !copyin(set, trap.w(1))) return fail(xnu::EFAULT);
    return change_mask(trap, trap.i(0), trap.w(1) != 0, set);
}

// sigprocmask sets the mask of every thread of the process. Only the calling thread's registers are at hand: with more
// threads the run cannot go on truthfully.
Answer bsd_sigprocmask(Trap& trap) {
    if (trap.w(1) && threads_living > 1)
        give_up("sigprocmask in a process of several threads (it sets the mask of all of them) is not emulated: "
                "use __pthread_sigmask");
    return bsd_pthread_sigmask(trap);
}

Answer bsd_sigpending(Trap& trap) {
    u64 host_pending = 0;
    host(lnx::SYS_rt_sigpending, &host_pending, 8);
    const u32 set = (__atomic_load_n(&trap.thread.pending, __ATOMIC_RELAXED) | darwin_mask_of(host_pending));
    return copyout(set, trap.w(0)) ? ok() : fail(xnu::EFAULT);
}

Answer bsd_sigsuspend(Trap& trap) {
    Thread& t = trap.thread;
    const u32 mask = trap.u(0) & ~unmaskable;
    t.suspend_mask = t.mask;
    t.suspended = true;
    set_guest_mask(t, trap.context, mask);  // looks for what is pending already
    const u64 bits = host_mask(mask);
    (void)host_blocking(lnx::SYS_rt_sigsuspend, &bits, 8);
    return fail(xnu::EINTR);
}

// Takes a signal of the set that is pending, or waits for one; whatever else comes waits until it is done.
Answer bsd_sigwait(Trap& trap) {
    u32 set = 0;
    if (!trap.w(0)) return fail(xnu::EINVAL);
    if (!copyin(set, trap.w(0))) return fail(xnu::EFAULT);
    set &= ~unmaskable;
    if (!set) return fail(xnu::EINVAL);
    Thread& t = trap.thread;
    const u64 all = host_mask(~0u);  // leaving the trap opens the guest's mask again
    host(lnx::SYS_rt_sigprocmask, lnx::SIG_BLOCK, &all, 0, 8);
    u64 wanted = 0;
    for (i32 n = 1; n < 32; n++)
        if (set & sigbit(n)) wanted |= 1ull << (host_signal(n) - 1);
    i32 number = 0;
    while (!number) {
        const u32 ready = __atomic_load_n(&t.pending, __ATOMIC_RELAXED) & set;
        if (ready) {
            number = __builtin_ctz(ready) + 1;
            __atomic_fetch_and(&t.pending, ~sigbit(number), __ATOMIC_RELAXED);
        } else {
            const i64 r = host(lnx::SYS_rt_sigtimedwait, &wanted, 0, 0, 8);
            if (r > 0) number = darwin_signal(static_cast<i32>(r));
        }
    }
    return trap.w(1) && !copyout(number, trap.w(1)) ? fail(xnu::EFAULT) : ok();
}

Answer bsd_sigaltstack(Trap& trap) {
    Thread& t = trap.thread;
    if (trap.w(1)) {
        xnu::stack_t old = t.altstack;
        if (t.on_altstack) old.ss_flags |= xnu::SS_ONSTACK;
        if (!copyout(old, trap.w(1))) return fail(xnu::EFAULT);
    }
    if (!trap.w(0)) return ok();
    xnu::stack_t stack;
    if (!copyin(stack, trap.w(0))) return fail(xnu::EFAULT);
    if (stack.ss_flags & ~xnu::SS_DISABLE) return fail(xnu::EINVAL);
    if (stack.ss_flags & xnu::SS_DISABLE) {
        if (t.on_altstack) return fail(xnu::EINVAL);
        t.altstack.ss_flags = xnu::SS_DISABLE;
        return ok();
    }
    if (t.on_altstack) return fail(xnu::EPERM);
    if (stack.ss_size < xnu::MINSIGSTKSZ) return fail(xnu::ENOMEM);
    t.altstack = stack;
    t.altstack.pad = 0;
    return ok();
}

Answer bsd_kill(Trap& trap) {
    const i32 n = trap.i(1);
    if (n < 0 || n >= 32) return fail(xnu::EINVAL);
    return from_host(host(lnx::SYS_kill, trap.i(0), n ? host_signal(n) : 0));
}

Answer bsd_pthread_kill(Trap& trap) {
    const i32 n = trap.i(1);
    if (n < 0 || n >= 32) return fail(xnu::EINVAL);
    Port* port;
    if (port_lookup_send(trap.u(0), port)) return fail(xnu::ESRCH);
    i64 r = -lnx::ESRCH;
    {
        Locked hold(threads_lock);
        Thread* target = thread_of_port(port);
        if (target && !target->signals_disabled) {
            r = 0;
            if (n == 0) {
            } else if (target == &trap.thread && !(target->mask & sigbit(n)) && n != xnu::SIGKILL && n != xnu::SIGSTOP &&
                       guest_actions[n].handler > xnu::SIG_IGN) {
                HostSiginfo from{};
                from.si_pid = static_cast<i32>(host(lnx::SYS_getpid));
                from.si_uid = static_cast<u32>(host(lnx::SYS_getuid));
                record_signal(*target, n, from, nullptr);
            } else if (target->tid) {
                r = host(lnx::SYS_tgkill, host(lnx::SYS_getpid), target->tid, host_signal(n));
            } else {
                r = -lnx::ESRCH;  // created, not yet running: cannot be reached by the host's call
            }
        }
    }
    port_unref(port);
    return from_host(r);
}

Answer bsd_disable_threadsignal(Trap& trap) {
    trap.thread.signals_disabled = true;
    set_guest_mask(trap.thread, trap.context, ~0u);
    return ok();
}

}  // namespace trapeze
