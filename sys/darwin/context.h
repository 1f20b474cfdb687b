// SPDX-License-Identifier: BSD-3-Clause
// What a handler finds on Darwin, under the names that it has on both kernels (sys/signals.h).
// Apart from signal.h, since xnurun speaks of both kernels' structures.
#pragma once
#include "sys/darwin/signal.h"

namespace trapeze {

// What a handler is given, beyond the signal's number. See sys/signals.h.
struct SignalInfo : xnu::siginfo_t {
    i32 signal() const { return si_signo; }
    i32 code() const { return si_code; }
    i32 pid() const { return si_pid; }
    u32 uid() const { return si_uid; }
    i32 status() const { return si_status; }
    u64 address() const { return si_addr; }
};

// The interrupted state: what is written here is what the thread goes on with when the handler returns.
struct SignalContext : xnu::ucontext64 {
    xnu::mcontext64& machine() { return *reinterpret_cast<xnu::mcontext64*>(uc_mcontext64); }
    u64& rip() { return machine().rip; }
    u64& rsp() { return machine().rsp; }
    u64& rflags() { return machine().rflags; }
    u64& rax() { return machine().rax; }
    u64& rbx() { return machine().rbx; }
    u64& rcx() { return machine().rcx; }
    u64& rdx() { return machine().rdx; }
    u64& rsi() { return machine().rsi; }
    u64& rdi() { return machine().rdi; }
    u64& rbp() { return machine().rbp; }
    u64& r8() { return machine().r8; }
    u64& r9() { return machine().r9; }
    u64& r10() { return machine().r10; }
    u64& r11() { return machine().r11; }
    u64& r12() { return machine().r12; }
    u64& r13() { return machine().r13; }
    u64& r14() { return machine().r14; }
    u64& r15() { return machine().r15; }
    xnu::sigset_t& mask() { return uc_sigmask; }
};
static_assert(sizeof(SignalInfo) == 104 && sizeof(SignalContext) == 56);

}  // namespace trapeze
