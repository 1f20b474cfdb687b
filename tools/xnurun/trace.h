// SPDX-License-Identifier: BSD-3-Clause
// --trace: each trap on one line of stderr, decoded by the tables: `[tid] read(3, 0x1000, 4096) = 17`. A line is written by
// one write, so lines of threads do not mix. What a call reads is shown as it was before the call.
#pragma once
#include "sys/calltypes.h"
#include "sys/darwin/types.h"
#include "tools/xnurun/trap.h"

#pragma GCC visibility push(hidden)  // see host.h
namespace trapeze {

extern bool tracing;

void trace_begin(Trap&, const Call&);  // formats the arguments; a call that does not return is written at once
void trace_flush(Thread&);  // what is known of the call so far: it may not return
void trace_end(Trap&, const Call&, const Answer&);
void trace_signal(i32 darwin, const xnu::siginfo_t&, const char* what);

}  // namespace trapeze
#pragma GCC visibility pop
