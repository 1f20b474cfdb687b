// SPDX-License-Identifier: BSD-3-Clause
// Timers, Cancels and sleep_until over goroutines.h, with a clock that goes on: nobody wakes before the time, everybody wakes, once;
// whatever ends a wait leaves the other ends nothing to do; the heap gives the earliest first. (Who looks at the clock: sched.cpp.)
//
// for sched/sched.h: tests/model/goroutines.h
// for sync/lock.h: tests/model/blocking_lock.h
// source sched/timer.cpp
// source sched/waitlist.cpp
// set sched/timer.cpp: : 64; -> : 1;
#include "sched/waitlist.h"
#include "tests/model/timers.h"

/* plant unlocked: a timer fires when the timers are unlocked: whoever takes it out meanwhile is gone
sched/timer.cpp
-        if (t->fire && !t->fire(t)) continue;
+        unlock(&timer_lock);
+        const bool fires = !t->fire || t->fire(t);
+        lock(&timer_lock);
+        if (!fires) continue;
*/
/* plant unpublished: a timer is set, and nobody is told
sched/timer.cpp
     sift_up(used++, t);
-    publish();
     unlock(&timer_lock);
*/
/* plant again: a timer that has fired is taken out once more
sched/timer.cpp
-    if (t->at) {
+    {
*/
/* plant left: who moves into the place of one that is taken out may belong further up
sched/timer.cpp
-            if (last->when < t->when) sift_up(i, last);
-            else sift_down(i, last);
+            sift_down(i, last);
*/
/* plant armed: a Waiter whose Cancel is done already is said to be in its list (found by stress, once)
sched/waitlist.cpp
-            cancel = nullptr;  // it is not in its list. Decided here: once the lock is released c may set `ended` itself
*/
/* plant outside: the Cancel's waiters are looked through without its lock
sched/waitlist.cpp
     done.store(1, release);  // with cancelled()'s load
+    unlock(&lock);
     for (Waiter* w = waiting; w; w = w->next_cancelled)  // they take themselves out, for which they need the lock
         if (w->end(Waited::cancelled)) {
             w->g()->schedlink = chain;
             chain = w->g();
         }
-    unlock(&lock);
*/
/* plant twice: who is out of the queue is made ready again
sched/waitlist.cpp
-    return was;  // if not, the goroutine runs, or a waker has it: it may be gone as soon as the caller's lock is
+    return true;
*/
/* plant blind: a sleeper parks though its end has come already
sched/waitlist.cpp
-    if (w.ended == Waited::done) {
-        nobody.put(&w);
+    {
+        nobody.put(&w);
         nobody.park(&w, Wait::sleep, &nobody);
-    } else {
-        unlock(&nobody.lock);
     }
*/

namespace trapeze {
namespace {

struct World {
    Cancel stop;
    u32 event;  // what was done before the cancel
    u32 slept, cancelled;
    [[gnu::no_sanitize("thread")]] void ended(Waited how, i64 deadline) {
        model::check(how != Waited::done, "a sleep was done");
        if (how == Waited::timed_out) model::check(deadline >= 0 && model_clock->now >= deadline, "a sleep ended before its time");
        (how == Waited::timed_out ? slept : cancelled)++;
    }
};

World* world() {
    no_goroutines();
    World* w = model::fresh<World>("stop");
    time_goes_on();
    return w;
}

void over(World* w, u32 all) {
    model::at_end([=] { model::check(w->slept + w->cancelled == all && !used && !w->stop.waiting, "a timer or a waiter is left"); });
}

// Goroutines that sleep `times` times, one after the other, each until its deadline (negative: none), with the Cancel or without.
void sleeps(std::initializer_list<i64> deadlines, int times, bool with, int cancellers) {
    World* w = world();
    for (i64 d : deadlines)
        go([=] {
            for (int k = 0; k < times; k++) {
                const i64 deadline = d < 0 ? d : d + k;
                const Waited how = sleep_until({deadline, with ? &w->stop : nullptr});
                scribble();
                w->ended(how, deadline);
                if (how == Waited::cancelled) model::check(w->stop.cancelled() && w->event == 7, "what was done before the cancel is not seen");
            }
        });
    for (int i = 0; i < cancellers; i++)
        go([=] {
            if (i == 0) w->event = 7;
            if (i && w->stop.cancelled()) model::check(w->event == 7, "what was done before the cancel is not seen");
            if (i == 0 || w->stop.cancelled()) w->stop.cancel();
        });
    over(w, static_cast<u32>(deadlines.size()) * static_cast<u32>(times));
}

void in_order(const Timer* t) {
    for (u32 i = 0; i < used; i++) {
        model::check(heap[i]->when >= t->when && heap[i]->at == i + 1, "a timer fires, and an earlier one is left");
        model::check(!i || heap[(i - 1) / 2]->when <= heap[i]->when, "the heap is none");
    }
}

// As sleep_ns: a Timer of one's own.
void plain(std::initializer_list<i64> whens) {
    World* w = world();
    for (i64 when : whens)
        go([=] {
            Timer t{when, getg(), [](Timer* of) { return in_order(of), true; }, 0};
            gowaiting(Wait::sleep, nullptr, 0);
            gopark([](G*, void* of) { add_timer(static_cast<Timer*>(of)); }, &t);
            model::check(!t.at, "a goroutine goes on with its timer set");
            scribble();
            w->ended(Waited::timed_out, when);
        });
    over(w, static_cast<u32>(whens.size()));
}

struct Counted {
    Timer t;
    u32 fired;
};

// One that sets many, takes one of them out again, and waits for the others.
void many(std::initializer_list<i64> whens, u32 out) {
    World* w = world();
    const std::vector<i64> all(whens);
    go([=] {
        Counted t[6];
        const u32 n = static_cast<u32>(all.size());
        for (u32 i = 0; i < n; i++) {
            t[i] = {{all[i], nullptr, [](Timer* of) {
                in_order(of);
                reinterpret_cast<Counted*>(of)->fired++;
                return false;
            }, 0}, 0};
            add_timer(&t[i].t);
        }
        del_timer(&t[out].t);
        del_timer(&t[out].t);
        model::wait([](void*) { return used == 0; }, nullptr, "until no timer is left");
        lock(&timer_lock);
        for (u32 i = 0; i < n; i++) model::check(t[i].fired == (i != out) || (i == out && model_clock->now >= all[i]), "a timer did not fire once");
        unlock(&timer_lock);
    });
    over(w, 0);
}

// Waiters with all ends, and one that takes them: each is taken or has ended, not both, and what it was given is seen.
void taken(int waiters, int takes, bool timed, bool with) {
    World* w = world();
    WaitList* list = model::fresh<WaitList>("list");
    u32* given = model::fresh<u32>("given");
    u32* got = model::fresh<u32>("got");
    for (int i = 0; i < waiters; i++)
        go([=] {
            bool granted;
            {
                Waiter me(list, {timed ? i64{3} : i64{-1}, with ? &w->stop : nullptr});
                lock(&list->lock);
                if (me.ended == Waited::done) {
                    if (i) list->put_front(&me);
                    else list->put(&me);
                    list->park(&me, Wait::sleep, list);
                } else {
                    unlock(&list->lock);
                }
                granted = me.granted;
                if (!granted) w->ended(me.ended, timed ? 3 : -1);
            }
            scribble();
            if (granted) {
                lock(&list->lock);
                ++*got;
                unlock(&list->lock);
            }
        });
    go([=] {
        for (int k = 0; k < takes; k++) {
            if (!timed && !with) model::wait([](void* a) { return static_cast<WaitList*>(a)->first != nullptr; }, list, "until one waits");
            lock(&list->lock);
            Waiter* one = list->take();
            G* g = one ? one->g() : nullptr;
            if (one) ++*given;
            unlock(&list->lock);
            if (g) ready(g);
        }
    });
    if (with) go([=] { w->stop.cancel(); });
    model::at_end([=] {
        model::check(*given == *got && *got + w->slept + w->cancelled == static_cast<u32>(waiters), "a wake-up was given to one that has gone");
        model::check(!list->first && !list->last && !used && !w->stop.waiting, "a timer or a waiter is left");
    });
}

}  // namespace

const model::Scenario scenarios[] = {
    {"1 sleeps", [] { sleeps({5}, 1, false, 0); }, 6},
    {"1 sleeps, 1 cancels", [] { sleeps({5}, 1, true, 1); }, 5},
    {"1 waits to be cancelled", [] { sleeps({-1}, 1, true, 1); }, 6},
    {"2 sleep, 1 cancels", [] { sleeps({5, 3}, 1, true, 1); }, 1},
    {"1 sleeps, 1 waits to be cancelled, 2 cancel", [] { sleeps({5, -1}, 1, true, 2); }, 1},
    {"2 wait, 2 are taken", [] { taken(2, 2, false, false); }, 4},
    {"1 waits until a time, 1 takes", [] { taken(1, 1, true, false); }, 4},
    {"1 waits until a time or cancelled, 1 takes, 1 cancels", [] { taken(1, 1, true, true); }, 2},
    {"2 wait until a time, 2 are taken", [] { taken(2, 2, true, false); }, 1},
    {"timers 3, 2, 1", [] { plain({3, 2, 1}); }, 1},
    {"timers 1, 3, 4, 2", [] { plain({1, 3, 4, 2}); }, 0},
    {"6 timers, one is taken out", [] { many({1, 10, 2, 11, 12, 3}, 3); }, 1},
    {"5 timers, the first is taken out", [] { many({1, 2, 3, 4, 5}, 0); }, 1},
    {"2 sleep 3 times, 1 cancels", [] { sleeps({1, 2}, 3, true, 1); }, 0},
};

}  // namespace trapeze
