// SPDX-License-Identifier: BSD-3-Clause
// Darwin's part of sys/time.h.
//
// gettimeofday has two eras. Before xnu-3789 (10.12) the kernel returns seconds and microseconds in rax and rdx and does not
// touch the memory, whose address only has to be other than null; from then on it fills the memory and returns 0 (bsd/kern/
// kern_time.c of both). Which one it was shows in the memory itself: a year that no clock shows is there before the call.
// Rejected: the commpage's time of day, which moved and changed its layout in 10.13 and may be switched off at any moment.
#include "sys/calls.h"
#include "sys/darwin/numbers.h"
#include "sys/syscall.h"
#include "sys/time.h"

namespace trapeze {
namespace {

i64 join(i64 seconds, i64 microseconds) { return seconds * 1'000'000'000 + microseconds * 1000; }

}  // namespace

i64 walltime() {
    xnu::timeval now{-1, 0, 0};
    const Result2 r = syscall2(xnu::SYS_gettimeofday, &now, nullptr, nullptr);
    return now.tv_sec == -1 ? join(r.value(), r.second) : join(now.tv_sec, now.tv_usec);
}

// In mach_absolute_time's unit, which is the nanosecond on x86-64.
i64 thread_cpu_time() { return sys_thread_selfusage().value(); }

Result cpu_times(CpuTimes* times) {
    xnu::rusage usage;
    const Result r = sys_getrusage(0, &usage);
    if (r.ok()) *times = {join(usage.ru_utime.tv_sec, usage.ru_utime.tv_usec), join(usage.ru_stime.tv_sec, usage.ru_stime.tv_usec)};
    return r;
}

// The deadline is absolute, so that a wait that was aborted (KERN_ABORTED, for a signal) is just begun again.
void sleep_thread(i64 ns) {
    if (ns <= 0) return;
    const i64 now = nanotime(), end = ns > INT64_MAX - now ? INT64_MAX : now + ns;
    while (nanotime() < end) (void)sys_mach_wait_until_trap(static_cast<u64>(end));
}

}  // namespace trapeze
