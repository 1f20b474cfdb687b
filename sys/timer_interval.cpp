// SPDX-License-Identifier: BSD-3-Clause
// See time.h: interval timers, which both kernels have alike but for the width of microseconds.
#include "sys/calls.h"
#include "sys/time.h"

namespace trapeze {
namespace {

kernel::timeval split(i64 ns) {
    const i64 us = ns / 1000 + (ns % 1000 > 0);
    kernel::timeval t{};
    t.tv_sec = us / 1'000'000;
    t.tv_usec = static_cast<decltype(t.tv_usec)>(us % 1'000'000);
    return t;
}

i64 join(const kernel::timeval& t) { return t.tv_sec * 1'000'000'000 + t.tv_usec * i64{1000}; }

}  // namespace

Result setitimer(i32 which, const IntervalTimer& timer, IntervalTimer* old) {
    if (timer.interval < 0 || timer.value < 0) return Result::error(kernel::EINVAL);
    const kernel::itimerval now{split(timer.interval), split(timer.value)};
    kernel::itimerval was{};
    const Result r = sys_setitimer(which, &now, &was);
    if (r.ok() && old) *old = {join(was.it_interval), join(was.it_value)};
    return r;
}

Result getitimer(i32 which, IntervalTimer* timer) {
    kernel::itimerval now{};
    const Result r = sys_getitimer(which, &now);
    if (r.ok()) *timer = {join(now.it_interval), join(now.it_value)};
    return r;
}

}  // namespace trapeze
