// SPDX-License-Identifier: BSD-3-Clause
// For scenarios over the shipped sched/timer.cpp: its globals set back, and who runs the timers.
#pragma once
#include "sched/sched.h"

namespace trapeze {

inline void clock() {
    model::region(&next_timer, sizeof next_timer, "next_timer");
    model::region(&timer_lock, sizeof timer_lock, "timer_lock");
    model::region(&heap, sizeof heap, "heap");
    model::region(&used, sizeof used, "used");
    model::region(&room, sizeof room, "room");
    next_timer.preset(never);
    room = 8;
    heap = static_cast<Timer**>(model::arena(room * sizeof(Timer*), "heap"));
    model::thread([] {
        for (;;) {
            model::wait([](void*) { return next_timer.peek() != never; }, nullptr, "(no timer)");
            run_timers();
        }
    }, true);
}

constexpr Until soon{.deadline = 0, .cancel = nullptr};

}  // namespace trapeze
