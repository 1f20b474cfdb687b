// SPDX-License-Identifier: BSD-3-Clause
// Darwin (XNU)/amd64: time, as 64-bit programs pass it. Source: xnu-11417.121.6 bsd/sys/_types/_user64_timeval.h,
// _user64_itimerval.h, _user64_timex.h, _user64_ntptimeval.h, bsd/sys/time.h, resource.h, osfmk/mach/mach_time.h, and
// bsd/kern/kern_resource.c for user64_rusage.
#pragma once
#include "sys/types.h"

namespace trapeze::xnu {

constexpr u32 ITIMER_REAL = 0, ITIMER_VIRTUAL = 1, ITIMER_PROF = 2;

struct timespec {
    i64 tv_sec;
    i64 tv_nsec;
};
struct timeval {
    i64 tv_sec;
    i32 tv_usec;  // 32 bits, then padding: the seed had 64
    i32 pad;
};
static_assert(sizeof(timeval) == 16 && offsetof(timeval, tv_usec) == 8 && sizeof(timeval::tv_usec) == 4);

struct itimerval {
    timeval it_interval;
    timeval it_value;
};
static_assert(sizeof(itimerval) == 32 && offsetof(itimerval, it_value) == 16);

struct rusage {
    timeval ru_utime;
    timeval ru_stime;
    i64 ru_maxrss;  // bytes
    i64 ru_ixrss, ru_idrss, ru_isrss, ru_minflt, ru_majflt, ru_nswap, ru_inblock, ru_oublock, ru_msgsnd, ru_msgrcv, ru_nsignals,
        ru_nvcsw, ru_nivcsw;
};
static_assert(sizeof(rusage) == 144 && offsetof(rusage, ru_maxrss) == 32 && offsetof(rusage, ru_nivcsw) == 136);

struct timezone {  // gettimeofday, settimeofday
    i32 tz_minuteswest;
    i32 tz_dsttime;
};
struct mach_timebase_info {  // nanoseconds = ticks * numer / denom
    u32 numer;
    u32 denom;
};
static_assert(sizeof(timezone) == 8 && sizeof(mach_timebase_info) == 8);

struct timex {  // ntp_adjtime
    u32 modes;
    i64 offset, freq, maxerror, esterror;
    i32 status;
    i64 constant, precision, tolerance;
    i64 ppsfreq, jitter;
    i32 shift;
    i64 stabil, jitcnt, calcnt, errcnt, stbcnt;
};
static_assert(sizeof(timex) == 136 && offsetof(timex, offset) == 8 && offsetof(timex, status) == 40 && offsetof(timex, constant) == 48 &&
              offsetof(timex, shift) == 88 && offsetof(timex, stbcnt) == 128);

struct ntptimeval {  // ntp_gettime
    timespec time;
    i64 maxerror, esterror, tai;
    i64 time_state;
};
static_assert(sizeof(ntptimeval) == 48 && offsetof(ntptimeval, maxerror) == 16 && offsetof(ntptimeval, time_state) == 40);

}  // namespace trapeze::xnu
