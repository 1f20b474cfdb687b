// SPDX-License-Identifier: BSD-3-Clause
// Fatal signals on Darwin: the handlers, on the thread's alternate stack. A write to a protected page, as a guard is, comes
// as SIGBUS on XNU (bsd/uxkern/ux_exception.c: KERN_PROTECTION_FAILURE), an unmapped address as SIGSEGV.
#include "sched/crash.h"
#include "sys/calls.h"
#include "sys/panic.h"

namespace trapeze {

extern "C" void signal_tramp();  // signal_darwin_amd64.asm

namespace {

struct Caught {
    i32 number;
    const char* name;
    bool address;
};
constexpr Caught caught[] = {{4, "SIGILL", false}, {5, "SIGTRAP", false}, {8, "SIGFPE", false},
                             {10, "SIGBUS", true}, {11, "SIGSEGV", true}, {12, "SIGSYS", false}};

void on_signal(i32 number, xnu::siginfo_t* info, xnu::ucontext64* uc) {
    const auto& r = *reinterpret_cast<const xnu::mcontext64*>(uc->uc_mcontext64);
    Crash c = {"?", info->si_code, info->si_addr, false, r.rip, r.rsp,
               {r.rax, r.rbx, r.rcx, r.rdx, r.rsi, r.rdi, r.rbp, r.r8, r.r9, r.r10, r.r11, r.r12, r.r13, r.r14}};
    for (const Caught& s : caught)
        if (s.number == number) c.signal = s.name, c.has_address = s.address;
    crash(c);
}

}  // namespace

void crashinit() {
    for (const Caught& s : caught) {
        xnu::sigaction_in act = {reinterpret_cast<u64>(on_signal), reinterpret_cast<u64>(signal_tramp), ~u32{0},
                                 xnu::SA_SIGINFO | xnu::SA_ONSTACK};
        Result r = sys_sigaction(s.number, &act, nullptr);
        if (r.failed()) die_errno("sigaction", r);
    }
}

}  // namespace trapeze
