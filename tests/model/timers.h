// SPDX-License-Identifier: BSD-3-Clause
// For scenarios over the shipped sched/timer.cpp: its globals set back, and who runs the timers.
#pragma once
#include "sched/cancel.h"
#include "sched/sched.h"

namespace trapeze {

[[gnu::no_sanitize("thread")]] inline void time_comes() {
    model::step("(time goes on)", model_clock);
    const i64 next = next_timer.peek();
    model::seen(static_cast<u64>(next));
    if (next != never && model_clock->now < next) model_clock->now = next;
}

inline void no_timers() {
    model::region(&next_timer, sizeof next_timer, "next_timer");
    model::region(&timer_lock, sizeof timer_lock, "timer_lock");
    model::region(&heap, sizeof heap, "heap");
    model::region(&used, sizeof used, "used");
    model::region(&room, sizeof room, "room");
    next_timer.preset(never);
    room = 8;
    heap = static_cast<Timer**>(model::arena(room * sizeof(Timer*), "heap"));
}

// Every deadline is 0 and has come: whenever it runs, this thread fires what is set.
inline void clock() {
    no_timers();
    model::thread([] {
        for (;;) {
            model::wait([](void*) { return next_timer.peek() != never; }, nullptr, "(no timer)");
            run_timers();
        }
    }, true);
}

// A clock: whenever this thread runs it is the time of the earliest timer.
inline void time_goes_on() {
    no_timers();
    room = 0;
    heap = nullptr;
    model_clock = model::fresh<Clock>("clock");
    model::thread([] {
        for (;;) {
            model::wait([](void*) { return next_timer.peek() != never; }, nullptr, "(no timer)");
            time_comes();
            run_timers();
        }
    }, true);
}

constexpr Until soon{.deadline = 0, .cancel = nullptr};

}  // namespace trapeze
