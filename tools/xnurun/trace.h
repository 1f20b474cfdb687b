// SPDX-License-Identifier: BSD-3-Clause
// --trace: each trap on one line of stderr, or of --trace-file, decoded by the tables: `[tid] read(3, 0x1000, 4096) = 17`. A line is written by
// one write, so lines of threads do not mix. What a call reads is shown as it was before the call.
#pragma once
#include "sys/calltypes.h"
#include "sys/darwin/types.h"
#include "tools/xnurun/trap.h"

#pragma GCC visibility push(hidden)  // see host.h
namespace trapeze {

// What is traced: bits of TrapClass, messages (the traps that carry them) and signals; 0: nothing.
constexpr u32 trace_messages = 1 << 8, trace_signals = 1 << 9;
extern u32 tracing;

bool trace_choose(const char* classes);   // "bsd,signals"; false: one of them is none
i32 trace_to(const char* path);           // --trace-file, appended to; 0 or Linux's -errno
bool traced(const Trap&);

void trace_begin(Trap&, const Call&);  // formats the arguments; a call that does not return is written at once
void trace_flush(Thread&);  // what is known of the call so far: it may not return
void trace_end(Trap&, const Call&, const Answer&);
void trace_signal(i32 darwin, const xnu::siginfo_t&, const char* what);

}  // namespace trapeze
#pragma GCC visibility pop
