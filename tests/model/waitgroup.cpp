// SPDX-License-Identifier: BSD-3-Clause
// WaitGroup and Once over goroutines.h: who waits returns when the counter has been 0, sees what was done before each done(), and
// is not kept by an add that comes later; f runs once, and whoever returns sees what it did.
//
// for sched/sched.h: tests/model/goroutines.h
// for sync/lock.h: tests/model/blocking_lock.h
// source sched/waitgroup.h
// source sched/waitgroup.cpp
// with sched/mutex.cpp
// with sched/timer.cpp
// with sched/waitlist.cpp
// set sched/mutex.cpp: sched.nprocs > 1 && getm()->p->runq.empty() -> sched.nprocs > 1
#include "sched/waitgroup.h"
#include "tests/model/timers.h"

/* plant no_recheck: a waiter parks without a look whether the counter is 0 meanwhile
sched/waitgroup.cpp
-        if (v >> 1 == 0 || w.ended != Waited::done) {
+        if (w.ended != Waited::done) {
*/
/* plant first_only: the last done wakes one waiter
sched/waitgroup.cpp
-                while (Waiter* w = list.take()) {
+                if (Waiter* w = list.take()) {
*/
/* plant off_by_one: a waiter does not wait for the last
sched/waitgroup.cpp
-        if (v >> 1 == 0 || w.ended != Waited::done) {
+        if (v >> 1 <= 1 || w.ended != Waited::done) {
*/
/* plant forgets: the last done does not see that somebody waits
sched/waitgroup.cpp
-        if (count == 0 && v & waiting) break;
*/
/* plant eats: a waiter whose time is up counts as woken
sched/waitgroup.cpp
-    return w.granted ? Waited::done : w.ended;
+    return Waited::done;
*/
/* plant clears: the last done clears all of the word: who looks at it alone goes, though that one is still in the queue's lock
sched/waitgroup.cpp
-        if (word.cas(v, v + n * one, acquire)) {
+        if (word.cas(v, count ? v + n * one : 0, acq_rel)) {
*/
/* plant twice: Once does not look again with the Mutex locked
sched/waitgroup.h
-        if (!done.load(relaxed)) {
+        {
*/
/* plant early: Once says that it is done before it is
sched/waitgroup.h
-            f();
-            done.store(1, release);  // with run's first load
+            done.store(1, release);
+            f();
*/

namespace trapeze {
namespace {

struct World {
    WaitGroup wg;
    Once once;
    Cancel stop;
    u64 did[3];  // what was done before each done()
    int ran, data;
};

World* world() {
    no_goroutines();
    World* w = model::fresh<World>("waitgroup");
    model::name(&w->stop, "stop");
    return w;
}

// `workers` that do a thing each, and those who wait: untimed, timed, cancelled.
void waits(int workers, int waiters, int timed, int cancelled) {
    World* w = world();
    w->wg.word.preset(2 * workers);  // as add before they start
    for (int i = 0; i < workers; i++)
        go([=] {
            w->did[i] = 7;
            w->wg.done();
        });
    for (int i = 0; i < waiters + timed + cancelled; i++)
        go([=] {
            const Until until = i < waiters ? Until{} : i < waiters + timed ? soon : Until{.cancel = &w->stop};
            Waited how = Waited::done;
            if (i < waiters) w->wg.wait();
            else how = w->wg.wait_until(until);
            scribble();
            if (how != Waited::done) return model::check(how == Waited::timed_out ? until.deadline >= 0 : until.cancel && until.cancel->cancelled(), "a wait ended for no reason");
            for (int k = 0; k < workers; k++) model::check(w->did[k] == 7, "a wait returned before all was done");
        });
    if (cancelled) go([=] { w->stop.cancel(); });
    if (timed) clock();
    model::at_end([=] { model::check(w->wg.word.peek() >> 1 == 0 && !w->wg.list.first, "somebody is left in the WaitGroup"); });
}

// One that counts and waits, round after round, with two who do things in each.
void rounds(int times) {
    World* w = world();
    Atomic<u32>* turn = model::fresh<Atomic<u32>>("turn");
    w->wg.add(2);
    go([=] {
        for (int k = 1; k <= times; k++) {
            w->wg.wait();
            model::check(w->did[0] == static_cast<u64>(k) && w->did[1] == static_cast<u64>(k), "a wait returned before all was done");
            if (k == times) return;
            w->wg.add(2);
            turn->store(static_cast<u32>(k), release);
        }
    });
    for (int i = 0; i < 2; i++)
        go([=] {
            for (int k = 1; k <= times; k++) {
                while (turn->load(acquire) != static_cast<u32>(k - 1)) cpu_pause();
                w->did[i] = static_cast<u64>(k);
                w->wg.done();
            }
        });
    model::at_end([=] { model::check(w->wg.word.peek() >> 1 == 0 && !w->wg.list.first, "somebody is left in the WaitGroup"); });
}

// An add comes when the counter has just been 0: who waited before is not kept by it.
void again() {
    World* w = world();
    w->wg.word.preset(2);
    go([=] { w->wg.wait(); });
    go([=] {
        w->wg.done();
        w->wg.add(1);
        w->wg.done();
    });
    model::at_end([=] { model::check(w->wg.word.peek() >> 1 == 0 && !w->wg.list.first, "somebody is left in the WaitGroup"); });
}

// The add of a goroutine that is counted already goes between.
void adds(int waiters) {
    World* w = world();
    w->wg.word.preset(2);
    for (int i = 0; i < waiters; i++)
        go([=] {
            w->wg.wait();
            model::check(w->did[0] == 7 && w->did[1] == 7, "a wait returned before all was done");
        });
    go([=] {
        w->wg.add(1);
        w->did[0] = 7;
        w->wg.done();
        w->did[1] = 7;
        w->wg.done();
    });
    model::at_end([=] { model::check(w->wg.word.peek() >> 1 == 0 && !w->wg.list.first, "somebody is left in the WaitGroup"); });
}

// The WaitGroup lies in the frame of one that waits, perhaps gives up, and waits again.
void goes(int dones) {
    no_goroutines();
    Atomic<WaitGroup*>* at = model::fresh<Atomic<WaitGroup*>>("at");
    go([=] {
        {
            WaitGroup mine;
            mine.add(dones);
            at->store(&mine, release);
            if (mine.wait_until(soon) != Waited::done) mine.wait();
        }
        scribble();
    });
    for (int i = 0; i < dones; i++)
        go([=] {
            WaitGroup* of;
            while (!(of = at->load(acquire))) cpu_pause();
            of->done();
        });
    clock();
}

void onces(int goroutines, int times) {
    World* w = world();
    for (int i = 0; i < goroutines; i++)
        go([=] {
            for (int k = 0; k < times; k++) {
                w->once.run([=] {
                    w->ran++;
                    model::step("runs f", &w->ran);
                    w->data = 7;
                });
                model::check(w->data == 7, "what f did is not seen");
            }
        });
    model::at_end([=] {
        model::check(w->ran == 1 && w->once.m.word.peek() == 0, "f did not run once");
        w->once.run([] { model::fail("f ran twice"); });
    });
}

void misuse() {
    model::allow_panic();
    World* w = world();
    const int a = go([=] { w->wg.done(); });
    World* of = model::fresh<World>("another");
    of->wg.word.preset(2 + 1);
    const int b = go([=] { of->wg.add(-2); });
    World* twice = model::fresh<World>("twice");
    twice->wg.word.preset(2 + 1);
    const int c = go([=] { twice->wg.done(); });
    const int d = go([=] { twice->wg.done(); });
    model::at_end([=] {
        model::check(model::did_panic(a) && model::did_panic(b) && model::did_panic(c) != model::did_panic(d), "a negative counter did not panic");
    });
}

}  // namespace

const model::Scenario scenarios[] = {
    {"misuse", misuse, 1},
    {"1 is done, 1 waits", [] { waits(1, 1, 0, 0); }, 6},
    {"1 is done, 1 waits timed", [] { waits(1, 0, 1, 0); }, 4},
    {"1 is done, 1 waits cancelled", [] { waits(1, 0, 0, 1); }, 4},
    {"an add after 0", again, 4},
    {"an add before 0, 2 wait", [] { adds(2); }, 3},
    {"2 are done, 1 waits", [] { waits(2, 1, 0, 0); }, 4},
    {"2 are done, 2 wait", [] { waits(2, 2, 0, 0); }, 3},
    {"2 are done, 1 waits, 1 timed", [] { waits(2, 1, 1, 0); }, 1},
    {"1 is done, 1 timed, 1 cancelled", [] { waits(1, 0, 1, 1); }, 1},
    {"the WaitGroup goes", [] { goes(1); }, 3},
    {"the WaitGroup goes, 2 are done", [] { goes(2); }, 1},
    {"2 are done, 1 waits, 2 rounds", [] { rounds(2); }, 1},
    {"2 are done, 1 waits, 3 rounds", [] { rounds(3); }, 0},
    {"Once, 2 goroutines", [] { onces(2, 1); }, 5},
    {"Once, 3 goroutines, 3 times", [] { onces(3, 3); }, 2},
};

}  // namespace trapeze
