// SPDX-License-Identifier: BSD-3-Clause
// Fatal signals on Linux: the handlers, on the thread's alternate stack.
#include "sched/crash.h"
#include "sys/calls.h"
#include "sys/panic.h"

namespace trapeze {

extern "C" void signal_restorer();  // signal_linux_amd64.asm

namespace {

struct Caught {
    i32 number;
    const char* name;
    bool address;
};
constexpr Caught caught[] = {{4, "SIGILL", false}, {5, "SIGTRAP", false}, {7, "SIGBUS", true}, {8, "SIGFPE", false}, {11, "SIGSEGV", true}};

void on_signal(i32 number, lnx::siginfo_t* info, lnx::ucontext* uc) {
    const auto& r = uc->uc_mcontext;
    Crash c = {"?", info->si_code, info->si_addr, false, r.rip, r.rsp,
               {r.rax, r.rbx, r.rcx, r.rdx, r.rsi, r.rdi, r.rbp, r.r8, r.r9, r.r10, r.r11, r.r12, r.r13, r.r14}};
    for (const Caught& s : caught)
        if (s.number == number) c.signal = s.name, c.has_address = s.address;
    crash(c);
}

}  // namespace

void crashinit() {
    for (const Caught& s : caught) {
        lnx::kernel_sigaction act = {reinterpret_cast<u64>(on_signal), lnx::SA_SIGINFO | lnx::SA_ONSTACK | lnx::SA_RESTORER,
                                     reinterpret_cast<u64>(signal_restorer), ~u64{0}};
        Result r = sys_rt_sigaction(s.number, &act, nullptr, sizeof act.mask);
        if (r.failed()) die_errno("rt_sigaction", r);
    }
}

}  // namespace trapeze
