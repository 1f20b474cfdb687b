// SPDX-License-Identifier: BSD-3-Clause
// Clocks go forwards, sleeps are not short, timers count down.
#include "sys/time.h"
#include "tests/sys/fs_tools.h"

constexpr i64 second = 1'000'000'000;

int main() {
    print("TAP version 13\n");
    bool forwards = true;
    i64 last = nanotime();
    for (int i = 0; i < 10000; i++) {
        const i64 now = nanotime();
        forwards = forwards && now >= last;
        last = now;
    }
    ok(forwards, "nanotime never goes back");
    const i64 wall = walltime();
    ok(wall > 1'600'000'000 * second && wall < 7'000'000'000 * second, "heritage 16: walltime is of these years");
    bool sane = true;
    for (int i = 0; i < 1000; i++) sane = sane && walltime() > wall - second && walltime() < wall + 600 * second;
    ok(sane, "each time it is asked");

    const i64 before = nanotime();
    sleep_thread(20'000'000);
    ok(nanotime() - before >= 20'000'000, "sleep_thread is not short");
    sleep_thread(0);
    sleep_thread(-5);
    ok(true, "no time, or less, is none");

    CpuTimes a{}, b{};
    const i64 thread = thread_cpu_time();
    ok(cpu_times(&a).ok() && a.user >= 0 && a.system >= 0, "CPU times of the process");
    while (thread_cpu_time() < thread + 20'000'000) {}
    ok(true, "the thread's CPU time grows while it works");
    ok(cpu_times(&b).ok() && b.user + b.system > a.user + a.system, "and with it the process's");
    ok(thread_cpu_time() - thread >= 20'000'000 && nanotime() - before >= 40'000'000, "on clocks of the same unit");

    IntervalTimer t{}, old{1, 1};
    for (i32 which : {static_cast<i32>(ITIMER_REAL), static_cast<i32>(ITIMER_VIRTUAL), static_cast<i32>(ITIMER_PROF)}) {
        ok(getitimer(which, &t).ok() && t.value == 0 && t.interval == 0, "a timer is off at first");
        ok(setitimer(which, {3 * second, 1000 * second + 1}, &old).ok() && old.value == 0, "set");
        // The kernel counts in ticks of its own, and may round up by one.
        ok(getitimer(which, &t).ok() && t.value > 900 * second && t.value <= 1001 * second && t.interval >= 3 * second && t.interval < 4 * second,
           "it counts");
        ok(setitimer(which, {0, 0}, &old).ok() && old.value > 900 * second && getitimer(which, &t).ok() && t.value == 0, "and stops");
    }
    fails(setitimer(7, {0, second}), kernel::EINVAL, "heritage 21: setitimer of no timer");
    fails(getitimer(7, &t), kernel::EINVAL, "heritage 21: getitimer of no timer");
    fails(setitimer(ITIMER_REAL, {0, -second}), kernel::EINVAL, "to less than nothing");
    fails(setitimer(ITIMER_REAL, {-1, second}), kernel::EINVAL, "each time");
    const Result long_one = setitimer(ITIMER_REAL, {0, 100'000'001 * second});
    ok(long_one.err() == either(0, kernel::EINVAL), "three years are too long for XNU");
    (void)setitimer(ITIMER_REAL, {0, 0});
    return done();
}
