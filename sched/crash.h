// SPDX-License-Identifier: BSD-3-Clause
// Fatal signals: what a kernel's handler (crash_linux.cpp, crash_darwin.cpp) knows, and the report that all share.
#pragma once
#include "sched/sched.h"

namespace trapeze {

struct Crash {
    const char* signal;  // "SIGSEGV"
    i32 code;            // si_code
    u64 address;         // what was accessed, if has_address
    bool has_address;
    u64 rip, rsp;
    u64 registers[14];   // rax rbx rcx rdx rsi rdi rbp r8..r14; r15 is left to debuggers
};

// Prints signal, address, registers, the goroutine it happened in and all others, and ends the process with status 2.
// A fault in a goroutine's guard page is named a stack overflow. Runs on the signal stack; allocates and locks nothing.
[[noreturn]] void crash(const Crash& c);

}  // namespace trapeze
