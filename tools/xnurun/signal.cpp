// SPDX-License-Identifier: BSD-3-Clause
// Host signals into Darwin's: numbers, siginfo, dispositions. See signal.h; frames are in deliver.cpp.
#include "tools/xnurun/signal.h"

#include "sys/mem.h"
#include "sys/xlat.h"
#include "tools/xnurun/guards.h"
#include "tools/xnurun/kqueue.h"
#include "tools/xnurun/trap.h"

namespace trapeze {

HostLock signal_lock;
u64 guest_user_stack;

namespace {

// Darwin signals that Linux has not: any two real-time signals that nothing else here uses.
constexpr i32 host_sigemt = 40, host_siginfo = 41;

constexpr u32 always_caught = sigbit(xnu::SIGILL) | sigbit(xnu::SIGTRAP) | sigbit(xnu::SIGFPE) | sigbit(xnu::SIGBUS) |
                              sigbit(xnu::SIGSEGV) | sigbit(xnu::SIGSYS);

constexpr u64 hostbit(i32 host) { return 1ull << (host - 1); }

constexpr u64 max_stack = 64 << 20;  // MAXSSIZ

// The exception flags of the unit that trapped, in the order in which sendsig looks at them. uu_subcode is MXCSR or the
// x87 status word: flags that earlier instructions left count too.
i32 float_code(const lnx::sigcontext& regs) {
    if (!regs.fpstate) return 0;
    const u8* image = reinterpret_cast<const u8*>(regs.fpstate);
    const u8 flags = regs.trapno == 19 ? image[24] : image[2];
    constexpr struct { u8 bit, code; } order[] = {{2, 1}, {3, 2}, {4, 3}, {5, 4}, {0, 5}};  // ZE OE UE PE IE
    for (const auto& o : order)
        if (flags >> o.bit & 1) return o.code;
    return 0;
}

// xnu-3248 bsd/uxkern/ux_exception.c, bsd/dev/i386/unix_signal.c sendsig, against Linux arch/x86/kernel/traps.c.
void fault_siginfo(Thread& thread, const HostSiginfo& host_info, const lnx::sigcontext& regs, i32& darwin, xnu::siginfo_t& info) {
    const u64 trap = regs.trapno;
    switch (host_info.si_signo) {
    case lnx::SIGSEGV:
    case lnx::SIGBUS:
        if (trap == 14 || host_info.si_signo == lnx::SIGBUS) {
            // Unmapped: SIGSEGV; mapped, but not for this access (or beyond the end of a file): SIGBUS BUS_ADRERR.
            const bool unmapped = host_info.si_signo == lnx::SIGSEGV && host_info.si_code == 1 && !guarded(host_info.si_addr);
            darwin = unmapped ? xnu::SIGSEGV : xnu::SIGBUS;
            info.si_code = unmapped ? 1 : 2;
            info.si_addr = host_info.si_addr;
            // The main stack's overflow: SIGSEGV, SEGV_ACCERR, and by default if it cannot be handled on another stack.
            if (!unmapped && host_info.si_signo == lnx::SIGSEGV && info.si_addr < guest_user_stack &&
                info.si_addr >= guest_user_stack - max_stack) {
                darwin = xnu::SIGSEGV;
                GuestAction& action = process().actions[darwin];
                if (signal_ignored(darwin) || thread.mask & sigbit(darwin) || !(action.flags & xnu::SA_ONSTACK)) {
                    action.handler = xnu::SIG_DFL;
                    thread.mask &= ~sigbit(darwin);
                }
            }
        } else {  // general protection: no address, no code
            darwin = xnu::SIGSEGV;
            info.si_code = 0;
            info.si_addr = 0;
        }
        break;
    case lnx::SIGFPE: info.si_code = trap == 0 ? 7 : trap == 4 ? 8 : float_code(regs); break;  // FPE_INTDIV, FPE_INTOVF
    case lnx::SIGILL: info.si_code = trap == 6; break;  // ILL_ILLOPC, or ILL_NOOP
    case lnx::SIGTRAP: info.si_code = 1; break;  // TRAP_BRKPT
    default: break;
    }
}

// One that came from elsewhere. psignal_internal fills a process's si_pid, si_uid, si_status; sendsig has its own view of
// the signals that are faults' too, whoever sent them.
void sent_siginfo(i32 darwin, const HostSiginfo& from, xnu::siginfo_t& info) {
    switch (darwin) {
    case xnu::SIGILL: case xnu::SIGFPE: case xnu::SIGSEGV: return;
    case xnu::SIGBUS: info.si_code = 2; return;
    case xnu::SIGTRAP: info.si_code = 1; return;
    case xnu::SIGCHLD: {
        if (from.si_code <= 0) return;  // kill leaves what the last child left: nothing
        info.si_pid = from.si_pid;
        info.si_uid = from.si_uid;
        info.si_code = from.si_code;  // CLD_* are the same
        const i32 status = static_cast<i32>(from.si_value);
        if (from.si_code == xnu::CLD_EXITED) info.si_status = status;
        else if (from.si_code == xnu::CLD_STOPPED) info.si_status = status == lnx::SIGSTOP ? xnu::SIGSTOP : 0;  // WEXITSTATUS of it
        else info.si_status = darwin_signal(status) | (from.si_code == xnu::CLD_DUMPED ? 0x80 : 0);
        return;
    }
    case xnu::SIGVTALRM: case xnu::SIGPROF: case xnu::SIGXCPU:  // sent by the thread itself when it is about to leave the kernel
        info.si_pid = own_pid();
        info.si_uid = static_cast<u32>(host(lnx::SYS_getuid));
        break;
    default:
        if (from.si_code <= 0) info.si_pid = from.si_pid, info.si_uid = from.si_uid;
    }
    info.si_status = darwin;
}

// A child of which there is something to tell, an end or a stop. One that has ended before and was told of can be it once more.
bool child_news(HostSiginfo& news) {
    constexpr i32 any = 0, exited = 4, stopped = 2, nohang = 1, nowait = 0x1000000;
    news = {};
    return !host_failed(host(lnx::SYS_waitid, any, 0, &news, exited | stopped | nowait | nohang, 0)) && news.si_pid;
}

}  // namespace

i32 host_signal(i32 darwin) {
    if (darwin == xnu::SIGEMT) return host_sigemt;
    if (darwin == xnu::SIGINFO) return host_siginfo;
    return signal_xnu_to_lnx(darwin);
}

i32 darwin_signal(i32 host) {
    if (host == host_sigemt) return xnu::SIGEMT;
    if (host == host_siginfo) return xnu::SIGINFO;
    return signal_lnx_to_xnu(host);
}

u64 host_mask(u32 mask) {
    u64 bits = 0;
    for (i32 n = 1; n < 32; n++)
        if (mask & sigbit(n) & ~always_caught) bits |= hostbit(host_signal(n));
    return bits;
}

u32 darwin_mask_of(u64 mask) {
    u32 bits = 0;
    for (i32 n = 1; n < 32; n++)
        if (mask & hostbit(host_signal(n))) bits |= sigbit(n);
    return bits;
}

bool signal_ignored(i32 darwin) {
    const u64 handler = __atomic_load_n(&process().actions[darwin].handler, __ATOMIC_RELAXED);
    return handler == xnu::SIG_IGN || (handler == xnu::SIG_DFL && xnu_signal_action[darwin] == SignalAction::ignore);
}

u64 thread_host_mask(const Thread& t) {
    return host_mask(t.signals_disabled ? ~0u : __atomic_load_n(&t.mask, __ATOMIC_RELAXED));
}

// May interrupt any code of this thread, itself included. A signal that is pending already is not recorded again: standard
// signals do not queue, neither there nor here.
void record_signal(Thread& thread, i32 darwin, const HostSiginfo& from, const HostContext* context) {
    xnu::siginfo_t info{};
    if (context && from.si_code > 0 && from.si_signo != lnx::SIGSYS && (always_caught & sigbit(darwin))) {
        fault_siginfo(thread, from, context->uc_mcontext, darwin, info);
        // threadsignal: of one that is ignored nothing is kept, and one that is masked waits. Either way the thread goes
        // back to its instruction, for ever if nobody ends it.
        if (signal_ignored(darwin)) return;
        thread.trapno = static_cast<u32>(context->uc_mcontext.trapno);
        thread.fault_err = static_cast<u32>(context->uc_mcontext.err);
        thread.fault_addr = context->uc_mcontext.cr2;
    } else {
        // XNU tells nobody that a child goes on. The host does, and keeps one SIGCHLD: that one may stand for news that came after it.
        HostSiginfo news;
        const bool goes_on = from.si_signo == lnx::SIGCHLD && from.si_code == xnu::CLD_CONTINUED;
        if (goes_on && !child_news(news)) return;
        sent_siginfo(darwin, goes_on ? news : from, info);
    }
    if (darwin == 0 || darwin >= 32) return;
    info.si_signo = darwin;
    if (from.si_signo && kqueue_watches_signal(darwin)) {
        kqueue_signal(darwin);
        if (signal_ignored(darwin)) return;
    }
    const u32 bit = sigbit(darwin);
    if (__atomic_load_n(&thread.pending, __ATOMIC_RELAXED) & bit) return;
    thread.info[darwin - 1] = info;
    __atomic_fetch_or(&thread.pending, bit, __ATOMIC_RELEASE);
    if (!(thread.mask & bit)) __atomic_store_n(&thread.attention, 1, __ATOMIC_RELEASE);
}

void set_guest_mask(Thread& thread, HostContext& context, u32 mask) {
    mask &= ~unmaskable;
    __atomic_store_n(&thread.mask, mask, __ATOMIC_RELAXED);
    context.uc_sigmask = thread_host_mask(thread);
    if (__atomic_load_n(&thread.pending, __ATOMIC_RELAXED) & ~mask)
        __atomic_store_n(&thread.attention, 1, __ATOMIC_RELAXED);
}

namespace {

lnx::kernel_sigaction wanted_host_action(i32 darwin) {
    const GuestAction& action = process().actions[darwin];
    lnx::kernel_sigaction host_action{};
    // What a kqueue watches must come here even if it is ignored; stops and continues stay the host's own doing.
    const SignalAction standard = xnu_signal_action[darwin];
    const bool watched = kqueue_watches_signal(darwin) && standard != SignalAction::stop && standard != SignalAction::cont;
    if (action.handler > xnu::SIG_IGN || always_caught & sigbit(darwin) || watched) {
        host_action.handler = reinterpret_cast<u64>(signal_entry);
        host_action.restorer = reinterpret_cast<u64>(signal_restorer);
        host_action.flags = lnx::SA_SIGINFO | lnx::SA_ONSTACK | lnx::SA_RESTORER;
        // One asynchronous signal at a time in the emulator; traps and faults must always get through.
        if (always_caught & sigbit(darwin)) host_action.flags |= lnx::SA_NODEFER;
        else host_action.mask = host_mask(~0u);
    } else {
        const SignalAction what = xnu_signal_action[darwin];
        const bool ignore = action.handler == xnu::SIG_IGN || what == SignalAction::ignore;
        // Linux ignores SIGCHLD, SIGURG, SIGWINCH by default too, and SIG_IGN would reap children unseen.
        const bool same = darwin == xnu::SIGCHLD || darwin == xnu::SIGURG || darwin == xnu::SIGWINCH ||
                          what == SignalAction::cont;
        host_action.handler = action.handler == xnu::SIG_IGN || (ignore && !same) ? lnx::SIG_IGN : lnx::SIG_DFL;
    }
    if (action.flags & xnu::SA_NOCLDSTOP) host_action.flags |= lnx::SA_NOCLDSTOP;
    if (action.flags & xnu::SA_NOCLDWAIT) host_action.flags |= lnx::SA_NOCLDWAIT;
    return host_action;
}

}  // namespace

bool host_ignores(i32 darwin) { return wanted_host_action(darwin).handler == lnx::SIG_IGN; }

void apply_host_action(i32 darwin) {
    const lnx::kernel_sigaction action = wanted_host_action(darwin);
    host(lnx::SYS_rt_sigaction, host_signal(darwin), &action, 0, 8);
}

void init_signals() {
    lnx::kernel_sigaction stop{};
    stop.handler = reinterpret_cast<u64>(signal_entry);
    stop.restorer = reinterpret_cast<u64>(signal_restorer);
    stop.flags = lnx::SA_SIGINFO | lnx::SA_ONSTACK | lnx::SA_RESTORER | lnx::SA_RESTART;
    host(lnx::SYS_rt_sigaction, host_stop, &stop, 0, 8);
    for (i32 n = 1; n < 32; n++) {
        if (n == xnu::SIGKILL || n == xnu::SIGSTOP) continue;
        lnx::kernel_sigaction old{};
        const bool caught = always_caught & sigbit(n);  // whatever was: one host call does both
        lnx::kernel_sigaction wanted = wanted_host_action(n);
        host(lnx::SYS_rt_sigaction, host_signal(n), caught ? &wanted : nullptr, &old, 8);
        if (old.handler == lnx::SIG_IGN) process().actions[n].handler = xnu::SIG_IGN;
        wanted = wanted_host_action(n);
        if (!caught && wanted.handler != old.handler) apply_host_action(n);
    }
}

void die_by_signal(i32 darwin) {
    const i32 number = host_signal(darwin);
    report_end();
    lnx::kernel_sigaction standard{};
    host(lnx::SYS_rt_sigaction, number, &standard, 0, 8);
    const u64 mask = ~hostbit(number);
    host(lnx::SYS_rt_sigprocmask, lnx::SIG_SETMASK, &mask, 0, 8);
    host(lnx::SYS_tgkill, own_pid(), self().tid, number);
    exit_run(128 + number);  // not reached: every such signal's host default ends the process
}

bool first_deliverable_restarts(Thread& thread) {
    Locked hold(signal_lock);
    u32 ready = __atomic_load_n(&thread.pending, __ATOMIC_RELAXED) & ~thread.mask;
    for (; ready; ready &= ready - 1) {
        const GuestAction& action = process().actions[__builtin_ctz(ready) + 1];
        if (action.handler > xnu::SIG_IGN) return action.flags & xnu::SA_RESTART;
    }
    return true;
}

}  // namespace trapeze
