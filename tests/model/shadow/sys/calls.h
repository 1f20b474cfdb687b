// SPDX-License-Identifier: BSD-3-Clause
// The futex, as the kernel promises it: WAIT looks at the word and falls asleep in one step, under a lock that WAKE takes after a
// full barrier (kernel/futex/waitwake.c): either WAIT sees what the waker stored, or WAKE finds the sleeper. So WAIT reads the latest
// store here; that it might read an older one while the waker is still on its way is the run in which WAIT comes first. A sleep
// ends by a wake-up, by a signal or for no reason (EINTR: a deviation), or when its time is up (at any moment).
#pragma once
#include "sync/atomic.h"
#include "sys/os.h"

namespace trapeze {

namespace lnx {
constexpr i32 FUTEX_WAIT = 0, FUTEX_WAKE = 1, FUTEX_PRIVATE_FLAG = 128;
struct timespec {
    i64 tv_sec, tv_nsec;
};
}

// By thread: the word slept on, or null. Kernel memory: nobody races for it. A region, for the scenario to declare.
struct Sleeping {
    const u32* on[8];
};
inline Sleeping* sleeping() {
    static Sleeping s;
    return &s;
}

[[gnu::no_sanitize("thread")]] inline Result sys_futex(u32* word, i32 op, u32 value, lnx::timespec* timeout, u32*, u32) {
    Sleeping* s = sleeping();
    const int me = model::self();
    model::step((op & 127) == lnx::FUTEX_WAKE ? "FUTEX_WAKE" : "FUTEX_WAIT", word);
    if ((op & 127) == lnx::FUTEX_WAKE) {
        i64 woken = 0;
        for (int i = 0; i < 8 && woken < static_cast<i64>(value); i++)
            if (s->on[i] == word) s->on[i] = nullptr, woken++;
        if (woken) model::changed();
        model::note(woken ? "(the kernel wakes a sleeper)" : "(the kernel finds no sleeper)");
        return {woken};
    }
    const bool other = *word != value;
    model::seen(other);
    if (other) return Result::error(lnx::EAGAIN);
    if (model::deviate(2, "(the sleep is interrupted)")) return Result::error(lnx::EINTR);
    s->on[me] = word;
    // The wait for a wake-up; one with a time may go on at any moment.
    model::wait([](void* a) { return *static_cast<const u32**>(a) == nullptr; }, &s->on[me], timeout ? "futex, until a time" : "futex", timeout != nullptr);
    if (!s->on[me]) return {0};
    s->on[me] = nullptr;
    model_clock->now += timeout->tv_sec * 1'000'000'000 + timeout->tv_nsec;
    return Result::error(lnx::ETIMEDOUT);
}

}  // namespace trapeze
