// SPDX-License-Identifier: BSD-3-Clause
// What a handler finds on Linux, under the names that it has on both kernels (sys/signals.h).
// Apart from signal.h, since xnurun speaks of both kernels' structures.
#pragma once
#include "sys/linux/signal.h"

namespace trapeze {

// What a handler is given, beyond the signal's number. See sys/signals.h.
struct SignalInfo : lnx::siginfo_t {
    i32 signal() const { return si_signo; }
    i32 code() const { return si_code; }
    i32 pid() const { return si_pid; }
    u32 uid() const { return si_uid; }
    i32 status() const { return static_cast<i32>(si_value); }
    u64 address() const { return si_addr; }
};

// The interrupted state: what is written here is what the thread goes on with when the handler returns.
struct SignalContext : lnx::ucontext {
    auto& machine() { return uc_mcontext; }
    u64& rip() { return uc_mcontext.rip; }
    u64& rsp() { return uc_mcontext.rsp; }
    u64& rflags() { return uc_mcontext.eflags; }
    u64& rax() { return uc_mcontext.rax; }
    u64& rbx() { return uc_mcontext.rbx; }
    u64& rcx() { return uc_mcontext.rcx; }
    u64& rdx() { return uc_mcontext.rdx; }
    u64& rsi() { return uc_mcontext.rsi; }
    u64& rdi() { return uc_mcontext.rdi; }
    u64& rbp() { return uc_mcontext.rbp; }
    u64& r8() { return uc_mcontext.r8; }
    u64& r9() { return uc_mcontext.r9; }
    u64& r10() { return uc_mcontext.r10; }
    u64& r11() { return uc_mcontext.r11; }
    u64& r12() { return uc_mcontext.r12; }
    u64& r13() { return uc_mcontext.r13; }
    u64& r14() { return uc_mcontext.r14; }
    u64& r15() { return uc_mcontext.r15; }
    lnx::sigset_t& mask() { return uc_sigmask; }
};
static_assert(sizeof(SignalInfo) == 128 && sizeof(SignalContext) == 304);

}  // namespace trapeze
