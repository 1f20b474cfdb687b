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

// What is told of an action: SA_RESETHAND never, SA_NOCLD* of SIGCHLD alone; to ignore SIGCHLD is to want no zombies.
static i32 told_flags(i32 n, const GuestAction& action) {
    i32 flags = action.flags & (xnu::SA_ONSTACK | xnu::SA_RESTART | xnu::SA_SIGINFO | xnu::SA_NODEFER);
    if (n != xnu::SIGCHLD) return flags;
    flags |= action.flags & (xnu::SA_NOCLDSTOP | xnu::SA_NOCLDWAIT);
    return action.handler == xnu::SIG_IGN ? flags | xnu::SA_NOCLDWAIT : flags;
}

// A signal that becomes ignored is pending nowhere any more. True: some thread masks it.
static bool forget_signal(i32 n, bool ignored) {
    bool masked = false;
    Locked hold(threads_lock);
    for (Thread* t = threads; t; t = t->next) {
        if (t->process != &process()) continue;
        if (ignored) __atomic_fetch_and(&t->pending, ~sigbit(n), __ATOMIC_SEQ_CST);
        masked |= (t->mask & sigbit(n)) != 0;
    }
    return masked;
}

Answer bsd_sigaction(Trap& trap) {
    const i32 n = trap.i(0);
    if (!valid(n) || n == xnu::SIGKILL || n == xnu::SIGSTOP) return fail(xnu::EINVAL);
    xnu::sigaction_in in{};
    if (trap.w(1) && !copyin(in, trap.w(1))) return fail(xnu::EFAULT);
    bool masked = false;
    if (trap.w(1)) masked = forget_signal(n, false);
    {
        Locked hold(signal_lock);
        GuestAction& action = process().actions[n];
        if (trap.w(2)) {
            const xnu::sigaction_out out{action.handler, action.mask, told_flags(n, action)};
            if (!copyout(out, trap.w(2))) return fail(xnu::EFAULT);
        }
        if (!trap.w(1)) return ok();
        if (masked && signal_ignored(n)) {  // the host keeps what is sent while it is masked even if it is ignored
            lnx::kernel_sigaction nothing{};
            nothing.handler = lnx::SIG_IGN;
            host(lnx::SYS_rt_sigaction, host_signal(n), &nothing, 0, 8);
        }
        action.handler = in.handler;
        action.tramp = in.tramp;
        action.mask = in.mask & ~unmaskable;
        action.flags = in.flags & 0x7f;
        constexpr i32 validate_sigreturn = 0x400;  // SA_VALIDATE_SIGRETURN_FROM_SIGTRAMP
        u8& tokens = process().tokens;
        if (tokens == tokens_undecided) __atomic_store_n(&tokens, in.flags & validate_sigreturn ? tokens_checked : tokens_free, __ATOMIC_RELAXED);
        apply_host_action(n);
    }
    if (signal_ignored(n)) forget_signal(n, true);
    return ok();
}

Answer bsd_pthread_sigmask(Trap& trap) {
    u32 set = 0;
    if (trap.w(1) && !copyin(set, trap.w(1))) return fail(xnu::EFAULT);
    return change_mask(trap, trap.i(0), trap.w(1) != 0, set);
}

// sigprocmask changes the mask of every thread of the process; the old one that it tells is the caller's. A thread that runs guest
// code is made to look at once; one that is in a trap gets the new mask when that ends.
Answer bsd_sigprocmask(Trap& trap) {
    const i32 how = trap.i(0);
    u32 set = 0;
    if (trap.w(1) && !copyin(set, trap.w(1))) return fail(xnu::EFAULT);
    const Answer own = change_mask(trap, how, trap.w(1) != 0, set);
    if (own.kind != Answer::value || !trap.w(1)) return own;
    set &= ~unmaskable;
    Locked hold(threads_lock);
    for (Thread* t = threads; t; t = t->next) {
        if (t == &trap.thread || t->process != trap.thread.process) continue;
        if (how == xnu::SIG_BLOCK) __atomic_fetch_or(&t->mask, set, __ATOMIC_SEQ_CST);
        else if (how == xnu::SIG_UNBLOCK) __atomic_fetch_and(&t->mask, ~set, __ATOMIC_SEQ_CST);
        else __atomic_store_n(&t->mask, set, __ATOMIC_SEQ_CST);
        __atomic_store_n(&t->mask_changed, true, __ATOMIC_SEQ_CST);
        if (!__atomic_load_n(&t->context, __ATOMIC_SEQ_CST) && t->tid)
            host(lnx::SYS_tgkill, t->process->pid, t->tid, host_stop);
    }
    return own;
}

// What the thread itself holds back; that the place is bad goes unsaid. What is ignored is never pending there, while the host
// keeps what is masked.
Answer bsd_sigpending(Trap& trap) {
    u64 host_pending = 0;
    host(lnx::SYS_rt_sigpending, &host_pending, 8);
    u32 set = __atomic_load_n(&trap.thread.pending, __ATOMIC_RELAXED) | darwin_mask_of(host_pending);
    for (i32 n = 1; n < 32; n++)
        if (set & sigbit(n) && signal_ignored(n)) set &= ~sigbit(n);
    if (trap.w(0)) (void)copyout(set, trap.w(0));
    return ok();
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

// Takes a signal of the set that is pending, or waits for one; whatever else comes waits until it is done, and what is ignored
// is no signal. Those that the host cannot hold back (SIGSEGV and its like, sent by somebody) are recorded on the thread:
// its mask is open for them in the meantime, so that they end the host's sleep.
Answer bsd_sigwait(Trap& trap) {
    u32 set = 0;
    if (!trap.w(0)) return fail(xnu::EINVAL);
    if (!copyin(set, trap.w(0))) return fail(xnu::EFAULT);
    set &= ~unmaskable;
    if (!set) return fail(xnu::EINVAL);
    Thread& t = trap.thread;
    const u64 all = host_mask(~0u);  // leaving the trap opens the guest's mask again
    host(lnx::SYS_rt_sigprocmask, lnx::SIG_BLOCK, &all, 0, 8);
    const u32 mask = t.mask;
    __atomic_store_n(&t.mask, ~set, __ATOMIC_SEQ_CST);
    u64 wanted = 0;
    for (i32 n = 1; n < 32; n++)
        if (set & sigbit(n)) wanted |= 1ull << (host_signal(n) - 1);
    i32 number = 0;
    bool cancelled = false;
    while (!number && !cancelled) {
        __atomic_store_n(&t.attention, 0, __ATOMIC_SEQ_CST);
        cancelled = t.cancel && !t.cancel_disabled;
        const u32 ready = __atomic_load_n(&t.pending, __ATOMIC_SEQ_CST) & set;
        if (ready) {
            number = __builtin_ctz(ready) + 1;
            __atomic_fetch_and(&t.pending, ~sigbit(number), __ATOMIC_RELAXED);
        } else if (!cancelled) {
            const i64 r = host_blocking(lnx::SYS_rt_sigtimedwait, &wanted, 0, 0, 8);
            if (r > 0) number = darwin_signal(static_cast<i32>(r));
            if (number && signal_ignored(number)) number = 0;
        }
    }
    set_guest_mask(t, trap.context, mask);
    __atomic_store_n(&t.attention, 1, __ATOMIC_SEQ_CST);  // what came meanwhile is looked at on the way out
    if (!number) return fail(xnu::EINTR);
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
                       process().actions[n].handler > xnu::SIG_IGN) {
                HostSiginfo from{};
                from.si_pid = own_pid();
                from.si_uid = static_cast<u32>(host(lnx::SYS_getuid));
                record_signal(*target, n, from, nullptr);
            } else if (target->tid) {
                r = host(lnx::SYS_tgkill, target->process->pid, target->tid, host_signal(n));
            } else {
                r = -lnx::ESRCH;  // created, not yet running: cannot be reached by the host's call
            }
        }
    }
    port_unref(port);
    return from_host(r);
}

// The thread takes no signal any more, nor a cancellation; its mask, as it is told, stays.
Answer bsd_disable_threadsignal(Trap& trap) {
    trap.thread.signals_disabled = trap.thread.cancel_disabled = true;
    set_guest_mask(trap.thread, trap.context, trap.thread.mask);
    return ok();
}

}  // namespace trapeze
