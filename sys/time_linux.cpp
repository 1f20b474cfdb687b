// SPDX-License-Identifier: BSD-3-Clause
// Linux's part of sys/time.h; walltime is beside nanotime, in clock_linux.cpp.
#include "sys/calls.h"
#include "sys/interrupted.h"
#include "sys/time.h"

namespace trapeze {
namespace {

i64 join(const lnx::timeval& t) { return t.tv_sec * 1'000'000'000 + t.tv_usec * 1000; }

}  // namespace

i64 thread_cpu_time() {
    lnx::timespec t{};
    (void)sys_clock_gettime(lnx::CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * 1'000'000'000 + t.tv_nsec;
}

Result cpu_times(CpuTimes* times) {
    lnx::rusage usage;
    const Result r = sys_getrusage(0, &usage);
    if (r.ok()) *times = {join(usage.ru_utime), join(usage.ru_stime)};
    return r;
}

void sleep_thread(i64 ns) {
    if (ns <= 0) return;
    const i64 now = nanotime(), end = ns > INT64_MAX - now ? INT64_MAX : now + ns;
    const lnx::timespec until{end / 1'000'000'000, end % 1'000'000'000};
    (void)again_when_interrupted([&] { return sys_clock_nanosleep(lnx::CLOCK_MONOTONIC, lnx::TIMER_ABSTIME, &until, nullptr); });
}

}  // namespace trapeze
