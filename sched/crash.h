// SPDX-License-Identifier: BSD-3-Clause
// Fatal signals: which they are on this kernel (crash_linux.cpp, crash_darwin.cpp), and the report that both share.
#pragma once
#include "sched/sched.h"
#include "sys/signals.h"

namespace trapeze {

struct FatalSignal {
    i32 number;
    const char* name;
    bool address;  // SignalInfo::address is what was accessed
};
extern const FatalSignal fatal_signals[];  // ends with number 0

// The handler: prints signal, address, registers, the goroutine it happened in and all others, and ends the process with
// status 2. A fault in a goroutine's guard page is named a stack overflow. Runs on the thread's alternate stack; allocates and
// locks nothing.
[[gnu::cold]] void crash(i32 signal, SignalInfo* info, SignalContext* context);

}  // namespace trapeze
