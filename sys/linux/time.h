// SPDX-License-Identifier: BSD-3-Clause
// Linux/amd64: time. Source: include/uapi/linux/time.h, time_types.h; include/uapi/asm-generic/posix_types.h, include/uapi/linux/resource.h,
// timex.h, times.h.
#pragma once
#include "sys/types.h"

namespace trapeze::lnx {

constexpr i32 CLOCK_REALTIME = 0, CLOCK_MONOTONIC = 1, CLOCK_PROCESS_CPUTIME_ID = 2, CLOCK_THREAD_CPUTIME_ID = 3,
              CLOCK_BOOTTIME = 7;
constexpr i32 TIMER_ABSTIME = 1;
constexpr i32 ITIMER_REAL = 0, ITIMER_VIRTUAL = 1, ITIMER_PROF = 2;
constexpr i64 UTIME_NOW = 0x3fffffff, UTIME_OMIT = 0x3ffffffe;

struct timespec {
    i64 tv_sec;
    i64 tv_nsec;
};
struct timeval {
    i64 tv_sec;
    i64 tv_usec;
};
struct itimerval {
    timeval it_interval;
    timeval it_value;
};
static_assert(sizeof(timespec) == 16 && sizeof(timeval) == 16 && sizeof(itimerval) == 32 && offsetof(itimerval, it_value) == 16);

struct rusage {
    timeval ru_utime;
    timeval ru_stime;
    i64 ru_maxrss;  // KiB
    i64 ru_ixrss, ru_idrss, ru_isrss, ru_minflt, ru_majflt, ru_nswap, ru_inblock, ru_oublock, ru_msgsnd, ru_msgrcv, ru_nsignals,
        ru_nvcsw, ru_nivcsw;
};
static_assert(sizeof(rusage) == 144 && offsetof(rusage, ru_maxrss) == 32 && offsetof(rusage, ru_nivcsw) == 136);

struct timezone {  // gettimeofday, settimeofday
    i32 tz_minuteswest;
    i32 tz_dsttime;
};
struct tms {  // clock ticks of a hundredth of a second
    i64 tms_utime, tms_stime, tms_cutime, tms_cstime;
};
static_assert(sizeof(timezone) == 8 && sizeof(tms) == 32);

struct timex {  // adjtimex, clock_adjtime
    u32 modes;
    i64 offset, freq, maxerror, esterror;
    i32 status;
    i64 constant, precision, tolerance;
    timeval time;
    i64 tick, ppsfreq, jitter;
    i32 shift;
    i64 stabil, jitcnt, calcnt, errcnt, stbcnt;
    i32 tai;
    i32 pad[11];
};
static_assert(sizeof(timex) == 208 && offsetof(timex, status) == 40 && offsetof(timex, time) == 72 && offsetof(timex, shift) == 112 &&
              offsetof(timex, tai) == 160);

}  // namespace trapeze::lnx
