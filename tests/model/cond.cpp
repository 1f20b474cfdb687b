// SPDX-License-Identifier: BSD-3-Clause
// Cond over goroutines.h, with the shipped Mutex: a signal after a wait has begun wakes one that waits, a broadcast all; whose time is
// up takes no signal along; m is locked again after each.
//
// for sched/sched.h: tests/model/goroutines.h
// for sync/lock.h: tests/model/blocking_lock.h
// source sched/cond.cpp
// with sched/mutex.cpp
// with sched/timer.cpp
// with sched/waitlist.cpp
// set sched/mutex.cpp: sched.nprocs > 1 && getm()->p->runq.empty() -> sched.nprocs > 1
#include "sched/cond.h"
#include "tests/model/timers.h"

/* plant lost: the Mutex is unlocked before the waiter is in the queue: a signal in between is lost
sched/cond.cpp
-        lock(&list.lock);
-        if (w.ended == Waited::done) {
-            list.put(&w);
-            m.unlock();
+        m.unlock();
+        lock(&list.lock);
+        if (w.ended == Waited::done) {
+            list.put(&w);
*/
/* plant eats: a signal is given to one whose time was up, and it says that it timed out
sched/cond.cpp
-            how = w.granted ? Waited::done : w.ended;
+            how = w.ended;
*/
/* plant takes_gone: a waiter that times out stays in the queue: the next signal is for nobody
sched/waitlist.cpp
-    if (was) list->remove(this);
*/
/* plant unlocked: who times out returns without the Mutex
sched/cond.cpp
-    m.lock();
-    return how;
+    if (how == Waited::done) m.lock();
+    return how;
*/
/* plant one: broadcast wakes all but the last
sched/cond.cpp
-    while (Waiter* w = list.take()) {
+    while (Waiter* w = list.first && list.first->next ? list.take() : nullptr) {
*/
/* plant unlocks: the queue is unlocked before the waiter has left its stack
sched/waitlist.cpp
-    gopark([](G*, void* l) { unlock(static_cast<Lock*>(l)); }, &lock);
+    unlock(&lock);
+    model::step("between", this);
+    gopark([](G*, void*) {}, &lock);
*/

namespace trapeze {
namespace {

struct World {
    Mutex m;
    Cond c;
    Cancel stop;
    int tokens, taken, ended, signalled, waiting;
};

World* world() {
    no_goroutines();
    World* w = model::fresh<World>("mutex");
    model::name(&w->c, "cond");
    model::name(&w->stop, "stop");
    return w;
}

// Takes a token each time, waiting for it. Each token comes with one signal: if one goes to somebody who does not come back for a
// token, or to nobody although somebody waits, one that waits for ever is left, or the end finds a token and a waiter that gave up late.
void takes(World* w, int times, Until until) {
    go([=] {
        for (int k = 0; k < times; k++) {
            w->m.lock();
            bool gives_up = false;
            while (!w->tokens && !gives_up) {
                w->waiting++;
                const Waited how = w->c.wait_until(w->m, until);
                scribble();
                w->waiting--;
                model::check(w->m.locked(), "the Mutex is not locked after a wait");
                if (how == Waited::done) {
                    model::check(w->signalled-- > 0, "more waits were woken than there were signals");
                } else {
                    gives_up = true;
                    model::check(how == Waited::timed_out ? until.deadline >= 0 : until.cancel && until.cancel->cancelled(), "a wait ended for no reason");
                }
            }
            if (w->tokens) w->tokens--, w->taken++;
            else w->ended++;
            w->m.unlock();
        }
    });
}

// `inside`: it signals with the Mutex locked.
void signals(World* w, int times, bool inside) {
    go([=] {
        for (int k = 0; k < times; k++) {
            w->m.lock();
            w->tokens++;
            w->signalled++;
            if (inside) w->c.signal();
            w->m.unlock();
            if (!inside) w->c.signal();
        }
    });
}

void over(World* w, int all) {
    model::at_end([=] {
        model::check(w->taken + w->ended == all && w->m.word.peek() == 0 && !w->c.list.first && !w->c.list.last, "somebody is left in the Cond");
    });
}

void run(int untimed, int timed, int cancelled, int times, int signallers, int signals_each, bool inside) {
    World* w = world();
    for (int i = 0; i < untimed; i++) takes(w, times, {});
    for (int i = 0; i < timed; i++) takes(w, times, soon);
    for (int i = 0; i < cancelled; i++) takes(w, times, {.cancel = &w->stop});
    for (int i = 0; i < signallers; i++) signals(w, signals_each, inside);
    if (cancelled) go([=] { w->stop.cancel(); });
    if (timed) clock();
    over(w, (untimed + timed + cancelled) * times);
}

// All go on when it is said once.
void broadcasts(int untimed, int timed) {
    World* w = world();
    for (int i = 0; i < untimed + timed; i++)
        go([=] {
            w->m.lock();
            Waited how = Waited::done;
            while (!w->tokens && how == Waited::done) {
                if (i < untimed) w->c.wait(w->m);
                else how = w->c.wait_until(w->m, soon);
            }
            model::check(w->tokens || i >= untimed, "a wait without a deadline timed out");
            w->taken++;
            w->m.unlock();
        });
    go([=] {
        w->m.lock();
        w->tokens = 1;
        w->m.unlock();
        w->c.broadcast();
    });
    if (timed) clock();
    over(w, untimed + timed);
}

// The Cond may go once nobody waits: a ping-pong with one signal each way, which the waiter's count tells from a broadcast.
void pingpong(int times) {
    World* w = world();
    for (int me = 0; me < 2; me++)
        go([=] {
            for (int k = 0; k < times; k++) {
                w->m.lock();
                while (w->tokens % 2 != me) w->c.wait(w->m);
                w->tokens++;
                w->taken++;
                w->m.unlock();
                w->c.signal();
            }
        });
    over(w, 2 * times);
}

void misuse() {
    model::allow_panic();
    World* w = world();
    const int a = go([=] { w->c.wait(w->m); });
    go([=] {
        w->c.signal();
        w->c.broadcast();
    });
    model::at_end([=] { model::check(model::did_panic(a), "a wait with an unlocked Mutex did not panic"); });
}

}  // namespace

const model::Scenario scenarios[] = {
    {"misuse", misuse, 0},
    {"1 waits, 1 signal", [] { run(1, 0, 0, 1, 1, 1, false); }, 4},
    {"1 waits, 1 signal with the Mutex", [] { run(1, 0, 0, 1, 1, 1, true); }, 4},
    {"1 timed, 1 signal", [] { run(0, 1, 0, 1, 1, 1, false); }, 3},
    {"1 cancelled, 1 signal", [] { run(0, 0, 1, 1, 1, 1, true); }, 3},
    {"1 cancelled, no signal", [] { run(0, 0, 1, 1, 0, 0, false); }, 3},
    {"1 waits, 1 timed, 2 signals", [] { run(1, 1, 0, 1, 1, 2, false); }, 1},
    {"2 wait, 2 signals", [] { run(2, 0, 0, 1, 1, 2, false); }, 2},
    {"2 wait, broadcast", [] { broadcasts(2, 0); }, 3},
    {"1 waits, 1 timed, broadcast", [] { broadcasts(1, 1); }, 2},
    {"ping-pong, 3 times", [] { pingpong(3); }, 2},
    {"1 waits 3 times, 3 signal", [] { run(1, 0, 0, 3, 3, 1, true); }, 0},
};

}  // namespace trapeze
