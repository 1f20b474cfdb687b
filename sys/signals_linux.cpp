// SPDX-License-Identifier: BSD-3-Clause
// Linux's part of sys/signals.h.
#include "sys/signals.h"

#include "sys/auxv_linux.h"
#include "sys/calls.h"

namespace trapeze {

extern "C" void signal_restorer();  // signal_linux_amd64.asm

namespace {

constexpr usize set_size = sizeof(lnx::sigset_t);

Result change_mask(i32 how, SignalSet set, SignalSet* before) {
    return sys_rt_sigprocmask(how, &set.bits, before ? &before->bits : nullptr, set_size);
}

}  // namespace

Result signals_block(SignalSet set, SignalSet* before) { return change_mask(lnx::SIG_BLOCK, set, before); }
Result signals_unblock(SignalSet set, SignalSet* before) { return change_mask(lnx::SIG_UNBLOCK, set, before); }
Result signals_setmask(SignalSet set, SignalSet* before) { return change_mask(lnx::SIG_SETMASK, set, before); }

SignalSet signals_mask() {
    SignalSet now;
    (void)sys_rt_sigprocmask(lnx::SIG_BLOCK, nullptr, &now.bits, set_size);
    return now;
}

Result signals_pending(SignalSet* pending) { return sys_rt_sigpending(&pending->bits, set_size); }

Result signals_suspend(SignalSet mask) { return sys_rt_sigsuspend(&mask.bits, set_size); }

Result signals_wait(SignalSet set, SignalInfo* info, i64 timeout) {
    const lnx::timespec limit = {timeout / 1'000'000'000, timeout % 1'000'000'000};
    return sys_rt_sigtimedwait(&set.bits, info, timeout < 0 ? nullptr : &limit, set_size);
}

Result signal_restore(i32 signal, const SignalHandling& action) {
    const lnx::kernel_sigaction act = {action.handler, action.flags | lnx::SA_SIGINFO | lnx::SA_RESTORER,
                                       reinterpret_cast<u64>(signal_restorer), action.mask.bits};
    return sys_rt_sigaction(signal, &act, nullptr, set_size);
}

Result signal_action(i32 signal, SignalHandling* now) {
    lnx::kernel_sigaction act;
    Result r = sys_rt_sigaction(signal, nullptr, &act, set_size);
    if (r.ok()) *now = {act.handler, act.flags & ~(lnx::SA_SIGINFO | lnx::SA_RESTORER), {act.mask}};
    return r;
}

Result signal_stack(void* base, usize size) {
    const lnx::stack_t st = {reinterpret_cast<u64>(base), 0, 0, size};
    return sys_sigaltstack(&st, nullptr);
}

Result signal_stack_off() {
    const lnx::stack_t st = {0, lnx::SS_DISABLE, 0, 0};
    return sys_sigaltstack(&st, nullptr);
}

Result signal_stack_now(SignalStack* now) {
    lnx::stack_t st;
    Result r = sys_sigaltstack(nullptr, &st);
    if (r.ok())
        *now = {reinterpret_cast<void*>(st.ss_sp), st.ss_size, (st.ss_flags & lnx::SS_ONSTACK) != 0, (st.ss_flags & lnx::SS_DISABLE) != 0};
    return r;
}

// The frame that the kernel pushes (AVX-512 and more: AT_MINSIGSTKSZ, 3,376 bytes and up) and room for the handler.
usize signal_stack_size() {
    usize frame = auxval(lnx::AT_MINSIGSTKSZ);
    if (frame < 4096) frame = 4096;
    return (frame + 16384 + page_size - 1) & ~(page_size - 1);
}

Result kill(i32 pid, i32 signal) { return sys_kill(pid, signal); }

Result raise(i32 signal) { return sys_tgkill(static_cast<i32>(sys_getpid().raw), static_cast<i32>(sys_gettid().raw), signal); }

}  // namespace trapeze
