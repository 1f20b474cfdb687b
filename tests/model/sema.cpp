// SPDX-License-Identifier: BSD-3-Clause
// Sema and ThreadOnce: each unit is taken once, first come, first served; whose time is up takes no unit along, and no wake-up is for
// something else than what it was given for; the Sema may go with who has got its unit. f runs once, and whoever returns sees what it did.
// The Lock is one that sleeps on the thread's semaphore: what a wait must not do while a wake-up is owed to it (sync/port.h).
//
// for sync/lock.h: tests/model/sleeping_lock.h
// source sync/sema.cpp
// with sync/note.cpp
#include "sync/sema.h"

/* plant owed: whose time is up takes the Lock, and sleeps in it on the semaphore on which its unit's wake-up comes
sync/sema.cpp
-    while (!trylock(&s->lock)) thread_yield();
+    lock(&s->lock);
*/
/* plant eats: whose time is up leaves though its unit is on the way
sync/sema.cpp
-    const bool mine = !me.queued;
-    if (!mine) remove(s, &me);
-    unlock(&s->lock);
-    if (mine) (void)semasleep(me.sema, -1);
-    return mine;
+    if (me.queued) remove(s, &me);
+    unlock(&s->lock);
+    return false;
*/
/* plant stays: whose time is up stays in the queue
sync/sema.cpp
-    if (!mine) remove(s, &me);
*/
/* plant token: whose time is up has its unit, and forgets the wake-up that comes with it
sync/sema.cpp
-    if (mine) (void)semasleep(me.sema, -1);
*/
/* plant after: the waker looks into a waiter that it has woken
sync/sema.cpp
-        woken = w->next;  // before the wake-up, after which w may be gone
         semawakeup(w->sema);
+        woken = w->next;
*/
/* plant lifo: who comes last is served first
sync/sema.cpp
-    for (; n && s->first; n--) {
-        SemaWaiter* w = s->first;
+    for (; n && s->first; n--) {
+        SemaWaiter* w = s->last;
*/
/* plant touches: the waker is in the Sema after the wake-up
sync/sema.cpp
-    unlock(&s->lock);
-    if (over) throw_("semaup: the count overflows");  // survives if false: only misuse comes here
-    while (woken) {
+    if (over) throw_("semaup: the count overflows");
+    while (woken) {
         SemaWaiter* w = woken;
         woken = w->next;  // before the wake-up, after which w may be gone
         semawakeup(w->sema);
     }
+    unlock(&s->lock);
*/
/* plant both: two threads claim the ThreadOnce
sync/sema.cpp
-    if (!once->claimed.load(relaxed) && once->claimed.cas(nobody, 1, relaxed)) {
+    if (!once->claimed.load(relaxed)) {
+        once->claimed.store(1, relaxed);
+        (void)nobody;
*/
/* plant early: ThreadOnce says that it is done before it is
sync/sema.cpp
-        f(arg);
-        notewakeup(&once->done);  // its order, with notesleep's, publishes what f did
+        notewakeup(&once->done);
+        f(arg);
*/

namespace trapeze {
namespace {

// Overwrites the stack below its caller: what a function that has returned left there is no longer an answer.
[[gnu::noinline]] void scribble() {
    volatile u64 rubbish[128];
    for (auto& word : rubbish) word = 0xaaaaaaaaaaaaaaaa;
}

struct Shared {
    Sema s;
    u32 event;      // what was done before the first unit was given
    u64 taken;
    ThreadOnce once;
    u32 ran, did;
    Atomic<Sema*> at;
    [[gnu::no_sanitize("thread")]] void take(u64 n) { taken += n; }
};

Shared* shared() {
    Shared* s = model::fresh<Shared>("sema");
    model::name(&s->event, "event");
    return s;
}

void over(Shared* s, u64 given) {
    model::at_end([=] {
        model::check(s->s.count + s->taken == given, "a unit was lost or taken twice");
        model::check(!s->s.first && !s->s.last && !s->s.lock.word.peek() && !s->s.lock.n, "somebody is left in the Sema");
    });
}

// Threads that take one, `times` times: without a deadline, with one, and without waiting; and those who give so many at once.
void units(int untimed, int timed, int tries, int times, std::initializer_list<u64> gifts) {
    Shared* s = shared();
    for (int i = 0; i < untimed + timed + tries; i++)
        model::thread([=] {
            for (int k = 0; k < times; k++) {
                const bool had = i < untimed ? (semadown(&s->s), true) : i < untimed + timed ? tsemadown(&s->s, 1) : trysemadown(&s->s);
                scribble();
                if (had) {
                    model::check(s->event == 7, "what was done before the unit was given is not seen");
                    s->take(1);
                }
            }
        });
    u64 all = 0;
    for (u64 n : gifts) all += n;
    const std::vector<u64> each(gifts);
    model::thread([=] {
        s->event = 7;
        for (u64 n : each) semaup(&s->s, n);
    });
    over(s, all);
}

// Two who give, one who takes, `times` times each.
void givers(int times) {
    Shared* s = shared();
    for (int i = 0; i < 2; i++)
        model::thread([=] {
            for (int k = 0; k < times; k++) semaup(&s->s);
        });
    model::thread([=] {
        for (int k = 0; k < times; k++) {
            semadown(&s->s);
            scribble();
            s->take(1);
        }
        if (tsemadown(&s->s, 1)) s->take(1);
    });
    over(s, 2 * static_cast<u64>(times));
}

// One that waits in front of another gets the one unit there is, and gives it to that one: else nobody goes on.
void order(bool timed) {
    Shared* s = shared();
    model::thread([=] {
        if (!timed) semadown(&s->s);
        else if (!tsemadown(&s->s, 1)) semadown(&s->s);
        scribble();
        semaup(&s->s);
    });
    if (timed) return model::thread([=] { semaup(&s->s); }), over(s, 1);
    model::thread([=] {
        model::wait([](void* a) { return static_cast<Sema*>(a)->first != nullptr; }, &s->s, "until one waits");
        semadown(&s->s);
        scribble();
        s->take(2);
    });
    model::thread([=] {
        model::wait([](void* a) { return static_cast<Sema*>(a)->first != static_cast<Sema*>(a)->last; }, &s->s, "until two wait");
        semaup(&s->s);
    });
    over(s, 2);
}

// The Sema lies in the frame of who takes its one unit, or gives up and then takes it.
void goes(bool timed) {
    Shared* s = shared();
    model::thread([=] {
        {
            Sema mine;
            s->at.store(&mine, release);
            if (!timed || !tsemadown(&mine, 1)) semadown(&mine);
        }
        scribble();
    });
    model::thread([=] {
        Sema* of;
        while (!(of = s->at.load(acquire))) cpu_pause();
        semaup(of);
    });
}

void onces(int threads, int times) {
    Shared* s = shared();
    for (int i = 0; i < threads; i++)
        model::thread([=] {
            for (int k = 0; k < times; k++) {
                thread_once(&s->once, [](void* arg) {
                    Shared* of = static_cast<Shared*>(arg);
                    of->ran++;
                    model::step("runs f", &of->ran);
                    of->did = 7;
                }, s);
                scribble();
                model::check(s->did == 7, "what f did is not seen");
            }
        });
    model::at_end([=] { model::check(s->ran == 1, "f did not run once"); });
}

}  // namespace

const model::Scenario scenarios[] = {
    {"1 takes, 1 gives", [] { units(1, 0, 0, 1, {1}); }, 8},
    {"1 takes with a deadline, 1 gives", [] { units(0, 1, 0, 1, {1}); }, 6},
    {"1 with a deadline, nothing to take", [] { units(0, 1, 0, 1, {}); }, model::all},
    {"1 takes, 1 with a deadline, 2 are given at once", [] { units(1, 1, 0, 1, {2}); }, 3},
    {"1 takes, 1 with a deadline, 1 and 1 are given", [] { units(1, 1, 0, 1, {1, 1}); }, 3},
    {"2 with a deadline, 1 is given", [] { units(0, 2, 0, 1, {1}); }, 3},
    {"1 tries, 1 takes, 2 are given", [] { units(1, 0, 1, 1, {1, 1}); }, 3},
    {"first come, first served", [] { order(false); }, 3},
    {"what was given may be passed on", [] { order(true); }, 4},
    {"the Sema goes", [] { goes(false); }, 5},
    {"the Sema goes, after a time-out", [] { goes(true); }, 4},
    {"2 give 3 times, 1 takes", [] { givers(3); }, 2},
    {"1 takes, 1 with a deadline, 3 times, 3 gifts", [] { units(1, 1, 0, 3, {1, 2, 3}); }, 2},
    {"ThreadOnce, 2 threads", [] { onces(2, 1); }, 6},
    {"ThreadOnce, 3 threads, 3 times", [] { onces(3, 3); }, 2},
};

}  // namespace trapeze
