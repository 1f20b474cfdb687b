// SPDX-License-Identifier: BSD-3-Clause
// Mutex over goroutines.h: nobody is inside with another, what was done inside is seen inside, nobody waits on, nobody waits for more
// than the bound, whose time is up leaves nothing behind. `passes` is 1 here.
//
// for sched/sched.h: tests/model/goroutines.h
// for sync/lock.h: tests/model/blocking_lock.h
// source sched/mutex.h
// source sched/mutex.cpp
// with sched/timer.cpp
// with sched/waitlist.cpp
// set sched/mutex.h: passes = 64; -> passes = 1;
// set sched/mutex.cpp: sched.nprocs > 1 && getm()->p->runq.empty() -> sched.nprocs > 1
#include "sched/mutex.h"
#include "tests/model/timers.h"

/* plant blind: a waiter parks without a look whether the lock is still held
sched/mutex.cpp
-            if (!word.cas(v, next, acquire)) continue;
+            if (!mine && !ends) word.store(next, acq_rel);
+            else if (!word.cas(v, next, acquire)) continue;
*/
/* plant leaves: one that was woken and whose time is up leaves without passing the duty on: the wake-up is eaten
sched/mutex.cpp
-            else next = (ends ? v : v | waiters) & (me_woken ? ~woken : ~0u);
+            else next = (ends ? v : (v | waiters) & (me_woken ? ~woken : ~0u));
*/
/* plant starved: the lock is never handed over
sched/mutex.cpp
-        const bool limit = v / pass >= passes;
+        const bool limit = false;
*/
/* plant queues_last: one that was woken for nothing goes to the end of the queue
sched/mutex.cpp
-        if (me_woken) list.put_front(&w);
-        else list.put(&w);
+        list.put(&w);
*/
/* plant for_all: what was handed over may be taken by any waiter
sched/mutex.cpp
-            const bool mine = !(v & locked_) || (me_woken && v & handed);
+            const bool mine = !(v & locked_) || v & handed;
*/
/* plant stays: a waiter that has gone is still in the timers
sched/waitlist.cpp
-    if (timer.when >= 0) del_timer(&timer);  // survives if true: it locks in vain
*/
/* plant one_left: the bit for waiters is cleared while one is left
sched/mutex.cpp
-        const u32 more = woken | (list.first ? waiters : 0);
+        const u32 more = woken | (list.first && list.first->next ? waiters : 0);
*/
/* plant too_late: the Mutex is let go while unlock is in the queue's lock: who gets it may free it
sched/mutex.cpp
-            word.store(locked_, relaxed);
-            trapeze::unlock(&list.lock);
-            v = locked_;
-            if (word.cas(v, 0, release)) return;
-            continue;
+            word.store(0, release);
+            trapeze::unlock(&list.lock);
+            return;
*/

namespace trapeze {
namespace {

struct World {
    Mutex m;
    Cancel stop;
    int inside, count, entered, ended;

    // Between two steps, and the model's own.
    [[gnu::no_sanitize("thread")]] void counts() {
        got(true, true);
        // Whoever had it when the wait began, and each of those in front once; before each of these, and before it, `passes` others.
        overtaken([](u32 ahead) { return (ahead + 1) * (Mutex::passes + 1); });
        entered++;
    }
    [[gnu::no_sanitize("thread")]] void gave_up() {
        got(false, true);
        ended++;
    }
    void enter() {
        counts();
        model::check(inside++ == 0, "two goroutines hold the Mutex");
        model::step("is inside", &inside);
        count++;
        model::check(--inside == 0, "two goroutines held the Mutex");
    }
    void turn(Until until) {
        const bool timed = until.deadline >= 0 || until.cancel;
        may_end(timed);
        Waited how = Waited::done;
        if (timed) how = m.lock_until(until);
        else m.lock();
        scribble();
        if (how == Waited::done) {
            enter();
            m.unlock();
        } else {
            model::check(how == Waited::timed_out ? until.deadline >= 0 : until.cancel && until.cancel->cancelled(), "a wait ended for no reason");
            gave_up();
        }
    }
};

World* world() {
    no_goroutines();
    World* w = model::fresh<World>("mutex");
    model::name(&w->m.list.lock, "list.lock");
    model::name(&w->stop, "stop");
    return w;
}

void goroutine(World* w, int times, Until until = {}) {
    go([=] {
        for (int k = 0; k < times; k++) w->turn(until);
    });
}

void mutex(int goroutines, int times, int timed, int timed_times, int cancelled, int cancelled_times = 1) {
    World* w = world();
    for (int i = 0; i < goroutines; i++) goroutine(w, times);
    for (int i = 0; i < timed; i++) goroutine(w, timed_times, soon);
    for (int i = 0; i < cancelled; i++) goroutine(w, cancelled_times, {.cancel = &w->stop});
    if (cancelled) go([=] { w->stop.cancel(); });
    if (timed) clock();
    model::at_end([=] {
        model::check(w->m.word.peek() == 0 && !w->m.list.first && !w->m.list.last, "the Mutex is not free at the end");
        model::check(w->count == w->entered && w->entered + w->ended == goroutines * times + timed * timed_times + cancelled * cancelled_times,
                     "a critical section was lost");
    });
}

void tries() {
    World* w = world();
    goroutine(w, 1);
    for (int i = 0; i < 2; i++)
        go([=] {
            if (!w->m.try_lock()) return w->gave_up();
            w->enter();
            w->m.unlock();
        });
    model::at_end([=] { model::check(w->m.word.peek() == 0 && w->m.try_lock() && w->count == w->entered && w->entered + w->ended == 3, "a critical section was lost"); });
}

// The Mutex guards a count of those who use the object that it lies in; the last one gives its memory back.
void goes(int timed) {
    struct Object {
        Mutex m;
        int users;
    };
    World* w = world();
    Object* o = model::fresh<Object>("object");
    o->users = 2 + timed;
    for (int i = 0; i < 2 + timed; i++)
        go([=] {
            if (i < 2) o->m.lock();
            else if (o->m.lock_until(soon) != Waited::done) o->m.lock();
            const bool last = --o->users == 0;
            o->m.unlock();
            if (last) o->~Object();
        });
    if (timed) clock();
    model::at_end([=] { model::check(w->count == 0, "nothing is counted here"); });
}

// Panics that say what was done wrong.
void misuse() {
    model::allow_panic();
    World* w = world();
    World* handed = model::fresh<World>("handed");
    handed->m.word.preset(1 | 4 | 8);  // as unlock leaves it for the goroutine that is on its way
    const int a = go([=] { w->m.unlock(); });
    const int b = go([=] { handed->m.unlock(); });
    model::at_end([=] { model::check(model::did_panic(a) && model::did_panic(b), "unlock of what is not locked did not panic"); });
}

}  // namespace

const model::Scenario scenarios[] = {
    {"misuse", misuse, 0},
    {"2 goroutines, once", [] { mutex(2, 1, 0, 0, 0); }, 6},
    {"1 goroutine and 2 that try", tries, 3},
    {"2 goroutines, 4 times", [] { mutex(2, 4, 0, 0, 0); }, 3},
    {"1 goroutine, 1 timed", [] { mutex(1, 1, 1, 1, 0); }, 4},
    {"1 goroutine, 1 cancelled", [] { mutex(1, 1, 0, 0, 1); }, 4},
    {"2 goroutines, 1 timed", [] { mutex(2, 1, 1, 1, 0); }, 2},
    {"2 goroutines, 1 cancelled", [] { mutex(2, 1, 0, 0, 1); }, 2},
    {"1 goroutine 2 times, 2 timed", [] { mutex(1, 2, 2, 1, 0); }, 2},
    {"the Mutex goes", [] { goes(0); }, 4},
    {"the Mutex goes, 1 timed", [] { goes(1); }, 2},
    {"3 goroutines, 3 times", [] { mutex(3, 3, 0, 0, 0); }, 2},
};

}  // namespace trapeze
