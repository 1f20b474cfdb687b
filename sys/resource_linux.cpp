// SPDX-License-Identifier: BSD-3-Clause
// Linux's part of sys/resource.h.
#include "sys/resource.h"

#include "sys/calls.h"

namespace trapeze {

Usage usage_of(const lnx::rusage& r) {
    auto ns = [](const lnx::timeval& t) { return t.tv_sec * 1'000'000'000 + t.tv_usec * 1000; };
    return {ns(r.ru_utime), ns(r.ru_stime), r.ru_maxrss * 1024, r.ru_minflt, r.ru_majflt, r.ru_nvcsw, r.ru_nivcsw};
}

Result setlimit(Limit which, Limits limits) {
    const lnx::rlimit raw = {limits.soft, limits.hard};
    return sys_setrlimit(static_cast<i32>(which), &raw);
}

Result getpriority(i32 which, u32 who, i32* nice) {
    Result r = sys_getpriority(which, static_cast<i32>(who));
    if (r.failed()) return r;
    *nice = static_cast<i32>(20 - r.value());
    return {0};
}

Result setpriority(i32 which, u32 who, i32 nice) { return sys_setpriority(which, static_cast<i32>(who), nice); }

namespace lnx {

Result uname(new_utsname* name) { return sys_uname(name); }

Result setaffinity(u32 thread, const u64* mask, usize size) {
    return sys_sched_setaffinity(static_cast<i32>(thread), static_cast<u32>(size), mask);
}

Result getaffinity(u32 thread, u64* mask, usize size) {
    return sys_sched_getaffinity(static_cast<i32>(thread), static_cast<u32>(size), mask);
}

}  // namespace lnx

}  // namespace trapeze
