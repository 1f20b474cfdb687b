// SPDX-License-Identifier: BSD-3-Clause
// Clocks and timers of the process. nanotime(), which never goes back, is in sys/os.h; goroutines sleep with sched's sleep().
// All times are nanoseconds in an i64.
#pragma once
#include "sys/os.h"

namespace trapeze {

// Since 1970, UTC; may be set back and forth. Microseconds are exact on Darwin, the rest is zero there.
i64 walltime();

// CPU time that the process has used so far, all its threads, in user mode and in the kernel; the calling thread's alone.
struct CpuTimes {
    i64 user, system;
};
Result cpu_times(CpuTimes* times);
i64 thread_cpu_time();  // Darwin from 10.10 on (thread_selfusage)

// Blocks the calling OS thread, and the goroutines that wait for its P, for at least so long on nanotime's clock. A signal's
// handler runs meanwhile; then it sleeps on.
void sleep_thread(i64 ns);

// The process's interval timers: ITIMER_REAL sends SIGALRM as time passes, VIRTUAL SIGVTALRM as the process runs, PROF SIGPROF
// as it or the kernel for it does. value: until the first, 0 stops it; interval: between the next, 0: only one. Rounded up to
// microseconds. EINVAL: negative, no such timer, or on XNU more than 10^8 seconds. *old is what it was.
using kernel::ITIMER_PROF, kernel::ITIMER_REAL, kernel::ITIMER_VIRTUAL;
struct IntervalTimer {
    i64 interval, value;
};
Result setitimer(i32 which, const IntervalTimer& timer, IntervalTimer* old = nullptr);
Result getitimer(i32 which, IntervalTimer* timer);

}  // namespace trapeze
