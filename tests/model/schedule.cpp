// SPDX-License-Identifier: BSD-3-Clause
// What the scheduler decides, condition by condition: scenarios that are small enough to be run once for each mutant. What several
// threads see of each other, with all memory orders, is sched.cpp's.
//
// for sync/lock.h: tests/model/blocking_lock.h
// apart
// conditions sched/proc.cpp
// with sync/note.cpp
// with sched/globq.cpp
// with sched/timer.cpp
// real sched/sched.h
// set sched/runq.h: size = 256; -> size = 4;
// set sched/proc.cpp: i < 50; -> i < 1;
#include "tests/model/proc_scenarios.h"

/* plant unfair: what lies in the global queue waits until the local one is empty
sched/proc.cpp
-    if (++p->tick % 61 == 0 && (sched.runq_size.load(relaxed) || next_timer.load(relaxed) != never)) return nullptr;
+    ++p->tick;
*/
/* plant twice_counted: a decision is counted again by g0, so that it never begins elsewhere
sched/proc.cpp
-        G* g = findrunnable(m);
+        m->p->tick++;
+        G* g = findrunnable(m);
*/
/* plant local_only: an M that gives its P up looks through the Ps' queues only
sched/proc.cpp
-    if (sched.runq_size.load(relaxed)) return true;
*/

namespace trapeze {

namespace {

// One P. What is made ready runs before main, which parks; then another, when main yields; nothing is left to yield to.
void alone() {
    World* w = world(1);
    model::thread([=] {
        w->waiting = getg();
        go(w, 0, [](void* a) {
            runs<0>(a);
            ready(static_cast<World*>(a)->waiting);
        });
        gowaiting(Wait::chan_recv, nullptr, 0);
        gopark(nullptr, nullptr);
        check(w->ran[0].load(relaxed), "main ran on before it was made ready");
        go(w, 1, runs<1>);
        gosched();
        check(w->ran[1].load(relaxed), "a yield did not let the other run");
        gosched();
        check(getg() == &w->main && getg()->status.load(relaxed) == Grunning, "a yield to nobody went wrong");
        sleep_ns(0);
        model::finish();
    });
}

// One P. Two yield to each other; one lies in the global queue, and must come to its turn.
void global_turn() {
    World* w = world(1);
    model::thread([=] {
        go(w, 0, [](void*) {
            for (;;) gosched();
        });
        w->g[1].entry = runs<1>;
        globrunqput(&w->g[1], &w->g[1], 1);
        for (int i = 0; i < 40; i++) gosched();
        check(w->ran[1].load(relaxed), "what lies in the global queue is never run while others yield");
        model::finish();
    });
}

// One lies in the global queue, put there when an M that found nothing may be giving up, or has given its P up and not looked again:
// main computes until it has run.
void global_only(bool given_up) {
    World* w = world(2);
    model::thread([=] {
        wakep();
        if (given_up) model::wait([](void*) { return sched.nidle_ps.peek() == 1; }, nullptr, "until it has given its P up");
        w->g[0].entry = runs<0>;
        globrunqput(&w->g[0], &w->g[0], 1);
        wakep();
        until(w->ran[0]);
        model::finish();
    });
}

// Before dawn what is made ready is queued, and starts no M; then it does.
void predawn() {
    World* w = world(2);
    sched.started = false;
    model::thread([=] {
        start_ms(true);
        go(w, 0, runs<0>);
        check(sched.mcount == 1, "an M was started before dawn");
        start_ms(false);
        until(w->ran[0]);
        model::finish();
    });
}

// One P. main sleeps, longer than another one, and one for longer than there are numbers.
void sleeps_alone() {
    World* w = world(1);
    model::thread([=] {
        sleep_ns(5);
        check(nanotime() >= 5, "a sleep ended before its time");
        go(w, 0, [](void*) {
            sleep_ns(never);
            model::fail("a sleep ended before its time");
        });
        go(w, 1, [](void* a) {
            sleep_ns(2);
            runs<1>(a);
        });
        sleep_ns(5);
        check(nanotime() >= 10 && w->ran[1].load(relaxed), "a sleep ended before its time");
        model::finish();
    });
}

[[gnu::no_sanitize("thread")]] bool all_idle(void* w) { return sched.nidle_ms == 2 && static_cast<World*>(w)->ran[0].peek(); }

// Two Ms become idle, first the one that keeps a sleeper's time, so that it wakes out of the middle of the list. Then both are needed.
void keeper_in_the_middle() {
    World* w = world(3);
    spare_ms = 0;
    model::thread([=] {
        go(w, 0, [](void* a) {
            blocks_until<1>(a);
            sleep_ns(5);
            runs<0>(a);
        });
        go(w, 1, [](void* a) {
            runs<1>(a);
            model::wait([](void* of) { return sched.keeper_until.peek() != never || static_cast<World*>(of)->ran[0].peek(); }, a, "until one keeps the time");
        });
        model::wait(all_idle, w, "until two Ms are idle");
        go(w, 2, [](void* a) {
            blocks_until<3>(a);
            runs<2>(a);
        });
        go(w, 3, runs<3>);
        blocks_until<2>(w);
        model::finish();
    });
}

// An M that keeps the time is chosen for a P when its time comes, and another P is idle. Nobody steals: it makes the runs many.
void chosen_in_time() {
    World* w = world(3);
    sched.nprocs = 1;
    model::thread([=] {
        w->g[0].entry = [](void* a) {
            sleep_ns(5);
            runs<0>(a);
        };
        globrunqput(&w->g[0], &w->g[0], 1);
        wakep();
        model::wait([](void* of) { return sched.keeper_until.peek() != never || static_cast<World*>(of)->ran[0].peek(); }, w, "until one keeps the time");
        wakep();
        blocks_until<0>(w);
        model::finish();
    });
}

// Nobody will ever wake anybody: that is said.
void deadlock(u32 procs, bool another) {
    World* w = world(procs);
    deadlock_expected = true;
    model::thread([=] {
        if (another) {
            go(w, 0, runs<0>);
            until(w->ran[0]);
        }
        gowaiting(Wait::chan_recv, nullptr, 0);
        gopark(nullptr, nullptr);
        model::fail("a goroutine came back that nobody made ready");
    });
}

}  // namespace

const model::Scenario scenarios[] = {
    {"1 P, 2 goroutines in turn", alone, 0},
    {"1 P, 1 in the global queue", global_turn, 0},
    {"1 P, 3 sleep", sleeps_alone, 0},
    {"1 P, all asleep", [] { deadlock(1, false); }, 0},
    {"2 Ps, all asleep", [] { deadlock(2, true); }, 0},
    {"2 Ps, before dawn", predawn, 0},
    {"2 Ps, 2 goroutines one after the other", steals<2>, 1},
    {"2 Ps, 1 in the global queue", [] { global_only(false); }, 1},
    {"2 Ps, 1 in the global queue late", [] { global_only(true); }, 1},
    {"2 Ps, 1 sleeps", sleeps, 1},
    {"2 Ps, main sleeps, 1 computes", main_sleeps, 1},
    {"2 Ps, 1 sleeps for long, main does not, 1 computes", earlier, 0},
    {"2 Ps, 1 sleeps, 1 to be stolen", sleeper_and_another, 1},
    {"3 Ps, 1 is chosen when its time comes", chosen_in_time, 1},
    {"3 Ps, 2 goroutines that need each other", chain, 0},
    {"3 Ps, the keeper in the middle", keeper_in_the_middle, 0},
};

}  // namespace trapeze
