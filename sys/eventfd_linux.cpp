// SPDX-License-Identifier: BSD-3-Clause
// Descriptors that count, tick and take signals; see sys/linux/epoll.h.
#include "sys/calls.h"
#include "sys/file.h"
#include "sys/linux/epoll.h"

namespace trapeze::lnx {
namespace {

constexpr i64 second = 1'000'000'000;

timespec time_of(i64 ns) { return {ns / second, ns % second}; }
i64 ns_of(const timespec& t) { return t.tv_sec * second + t.tv_nsec; }

Result read_word(i32 fd, u64* value) {
    const Result r = read(fd, value, sizeof *value);
    return r.failed() ? r : Result{0};
}

}  // namespace

Result eventfd(u32 initial, i32 flags) { return sys_eventfd2(initial, static_cast<u32>(flags)); }
Result eventfd_read(i32 fd, u64* value) { return read_word(fd, value); }
Result eventfd_write(i32 fd, u64 value) {
    const Result r = write(fd, &value, sizeof value);
    return r.failed() ? r : Result{0};
}

Result timerfd(i32 clock, i32 flags) { return sys_timerfd_create(clock, static_cast<u32>(flags)); }

Result timerfd_set(i32 fd, i64 first, i64 interval, i32 flags) {
    const itimerspec t{time_of(interval), time_of(first)};
    return sys_timerfd_settime(fd, static_cast<u32>(flags), &t, nullptr);
}

Result timerfd_get(i32 fd, i64* left, i64* interval) {
    itimerspec t;
    const Result r = sys_timerfd_gettime(fd, &t);
    if (r.failed()) return r;
    *left = ns_of(t.it_value);
    *interval = ns_of(t.it_interval);
    return r;
}

Result timerfd_read(i32 fd, u64* expirations) { return read_word(fd, expirations); }

Result signalfd(i32 fd, sigset_t set, i32 flags) { return sys_signalfd4(fd, &set, sizeof set, static_cast<u32>(flags)); }

Result signalfd_read(i32 fd, signalfd_siginfo* info, usize room) {
    const Result r = read(fd, info, room * sizeof *info);
    return r.failed() ? r : Result{r.value() / static_cast<i64>(sizeof *info)};
}

}  // namespace trapeze::lnx
