// SPDX-License-Identifier: BSD-3-Clause
// Darwin's part of sys/signals.h.
#include "sys/signals.h"

#include "sys/calls.h"
#include "sys/thread.h"

namespace trapeze {

extern "C" void signal_tramp();  // signal_darwin_amd64.asm

namespace {

Result change_mask(i32 how, SignalSet set, SignalSet* before) {
    return sys___pthread_sigmask(how, &set.bits, before ? &before->bits : nullptr);
}

}  // namespace

Result signals_block(SignalSet set, SignalSet* before) { return change_mask(xnu::SIG_BLOCK, set, before); }
Result signals_unblock(SignalSet set, SignalSet* before) { return change_mask(xnu::SIG_UNBLOCK, set, before); }
Result signals_setmask(SignalSet set, SignalSet* before) { return change_mask(xnu::SIG_SETMASK, set, before); }

SignalSet signals_mask() {
    SignalSet now;
    (void)sys___pthread_sigmask(xnu::SIG_BLOCK, nullptr, &now.bits);
    return now;
}

// The kernel ignores a bad pointer here.
Result signals_pending(SignalSet* pending) { return sys_sigpending(&pending->bits); }

// The mask goes by value.
Result signals_suspend(SignalSet mask) { return sys_sigsuspend(mask.bits); }

// The number comes through memory, the error as for any call (bsd/kern/kern_sig.c __sigwait).
Result signals_wait(SignalSet set, SignalInfo* info, i64 timeout) {
    if (timeout >= 0) return Result::error(xnu::ENOTSUP);
    i32 signal = 0;
    Result r = sys___sigwait(&set.bits, &signal);
    if (r.failed()) return r;
    if (info) {
        *info = {};
        info->si_signo = signal;
    }
    return {signal};
}

Result signal_restore(i32 signal, const SignalHandling& action) {
    const xnu::sigaction_in act = {action.handler, reinterpret_cast<u64>(signal_tramp), action.mask.bits,
                                   static_cast<i32>(action.flags) | xnu::SA_SIGINFO};
    return sys_sigaction(signal, &act, nullptr);
}

Result signal_action(i32 signal, SignalHandling* now) {
    xnu::sigaction_out act;
    Result r = sys_sigaction(signal, nullptr, &act);
    if (r.ok()) *now = {act.handler, static_cast<u64>(act.flags & ~xnu::SA_SIGINFO), {act.mask}};
    return r;
}

Result signal_stack(void* base, usize size) {
    const xnu::stack_t st = {reinterpret_cast<u64>(base), size, 0, 0};
    return sys_sigaltstack(&st, nullptr);
}

Result signal_stack_off() {
    const xnu::stack_t st = {0, 0, xnu::SS_DISABLE, 0};
    return sys_sigaltstack(&st, nullptr);
}

Result signal_stack_now(SignalStack* now) {
    xnu::stack_t st;
    Result r = sys_sigaltstack(nullptr, &st);
    if (r.ok())
        *now = {reinterpret_cast<void*>(st.ss_sp), st.ss_size, (st.ss_flags & xnu::SS_ONSTACK) != 0, (st.ss_flags & xnu::SS_DISABLE) != 0};
    return r;
}

usize signal_stack_size() { return 32 << 10; }  // at least MINSIGSTKSZ, the AVX-512 frame (2.8 KiB), and room for the handler
static_assert((32 << 10) >= xnu::MINSIGSTKSZ);

// The third argument asks for what POSIX says of groups and of -1.
Result kill(i32 pid, i32 signal) { return sys_kill(pid, signal, 1); }

Result raise(i32 signal) { return sys___pthread_kill(thread_self(), signal); }

}  // namespace trapeze
