// SPDX-License-Identifier: BSD-3-Clause
// The thread of the emulator's that sends messages at times: mk_timers (timer.cpp) and alarms of the system clock (clock_alarm.cpp).
#pragma once
#include "tools/xnurun/rpc.h"

#pragma GCC visibility push(hidden)  // see host.h
namespace trapeze {

bool timers_start_locked();         // false: no thread to be had
void timers_changed();              // there may be an earlier deadline
u64 alarms_due_locked(u64 now);
void fork_child_alarms();
i32 rpc_clock_alarm(Rpc&);

}  // namespace trapeze
#pragma GCC visibility pop
