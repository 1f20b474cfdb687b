// SPDX-License-Identifier: BSD-3-Clause
// The scheduler's park, ready and wake-up protocol: the shipped scheduler itself, with its context switch, two or three Ps, an M
// for each thread of the model, the shipped timers. Its Locks block (blocking_lock.h).
//
// What must hold: a goroutine is run once for each time it is made ready, and only when it has left its stack; and as long as one
// is queued and a P is idle, somebody will take it. The last is what goroutines show that compute until another one has run.
//
// for sync/lock.h: tests/model/blocking_lock.h
// orders sched/proc.cpp   (its conditions: schedule.cpp)
// with sync/note.cpp
// with sched/globq.cpp
// orders sched/timer.cpp
// real sched/sched.h
// set sched/runq.h: size = 256; -> size = 4;
// set sched/proc.cpp: i < 50; -> i < 1;
#include "tests/model/proc_scenarios.h"

/* plant no_last_look: an M that gives up spinning does not look through the queues once more (rule 2)
sched/proc.cpp
-        if (sched.nspinning.load(seq_cst) == 0 && work_anywhere()) {
+        if (false && work_anywhere()) {
*/
/* plant looks_first: ... or looks before it has taken itself from nspinning
sched/proc.cpp
+        const bool work = sched.nspinning.load(seq_cst) == m->spinning && work_anywhere();
         if (m->spinning) {
             m->spinning = false;
             sched.nspinning.xadd(~0u, relaxed);  // rule 2: the loads come after it
         }
         // With wakep's load: who saw it count as spinning has queued before; and others' subtractions that this does not see look later.
-        if (sched.nspinning.load(seq_cst) == 0 && work_anywhere()) {
+        if (work) {
*/
/* plant spinners_only: ... or looks only if it has been spinning (so it was, once)
sched/proc.cpp
+        const bool spun = m->spinning;
         if (m->spinning) {
             m->spinning = false;
             sched.nspinning.xadd(~0u, relaxed);  // rule 2: the loads come after it
         }
         // With wakep's load: who saw it count as spinning has queued before; and others' subtractions that this does not see look later.
-        if (sched.nspinning.load(seq_cst) == 0 && work_anywhere()) {
+        if (spun && work_anywhere()) {
*/
/* plant unminded: who sets a timer leaves it to whoever keeps the time of a later one
sched/proc.cpp
-    if (when >= sched.keeper_until.load(seq_cst)) return;
+    if (sched.keeper_until.load(seq_cst) != never) return;
*/
/* plant unkept: an idle M that keeps the time is given work, and nobody keeps it on
sched/proc.cpp
     if (sched.keeper != m) return;
     sched.keeper = nullptr;
     // With mind_timers' load, as publish's store of next_timer with stopm's. survives as release: as there
-    sched.keeper_until.store(never, seq_cst);
*/
/* plant wakes_first: who makes a goroutine ready looks for an idle P before it has queued it (rule 1)
sched/proc.cpp
-    runqput(getm()->p, g, true);
     wakep();
+    runqput(getm()->p, g, true);
*/
/* plant miscounts: a started M is not counted out of nspinning when it stops spinning
sched/proc.cpp
     m->nextp = p;
-    m->spinning = true;
     Result error;
+    m->spinning = false;
*/
/* plant commits_early: what is to happen after a goroutine has left its stack happens before
sched/proc.cpp
-    leave(m, localnext(m->p), commit, arg);
+    if (commit) commit(m->curg, arg);
+    leave(m, localnext(m->p), nullptr, nullptr);
*/
/* plant no_landed: a switch forgets what the goroutine before left to be done
sched/proc.cpp
     gosw(&g->sp, next->sp);
-    landed();
*/
/* plant stays_counted: who found no idle P to start an M with goes on counting it as spinning (rule 3)
sched/proc.cpp
-        if (!sched.nspinning.cas(none, 1, relaxed) || startm()) return;
+        if (!sched.nspinning.cas(none, 1, relaxed) || startm() || true) return;
*/
/* plant takes_nothing: an M whose time has come goes on without a P when all are busy
sched/proc.cpp
-                if (!p) continue;  // all Ps are busy, and look at the timers themselves. survives in schedule if false: planted in sched.cpp
*/
/* plant uncounted: an M that has not been spinning is taken from nspinning when it gives its P up
sched/proc.cpp
-        if (m->spinning) {
             m->spinning = false;
             sched.nspinning.xadd(~0u, relaxed);  // rule 2: the loads come after it
-        }
*/
/* plant no_p: an M is started although no P is idle any more
sched/proc.cpp
-    if (!p) {  // survives in schedule if false: planted in sched.cpp
-        unlock(&sched.lock);
-        return false;
-    }
     M* m = sched.idle_ms;
*/
/* plant keeps_p: an M that sleeps is left in the list of idle ones when it is woken
sched/proc.cpp
-    if (m) midleremove(m);
*/

namespace trapeze {

namespace {

// The keeper is given work: another has to keep the time.
void keeper_works() {
    World* w = world(3);
    model::thread([=] {
        go(w, 0, [](void* a) {
            sleep_ns(5);
            runs<0>(a);
        });
        until_asleep(w);
        go(w, 1, [](void* a) {
            blocks_until<0>(a);
            runs<1>(a);
        });
        blocks_until<1>(w);
        model::finish();
    });
}

// main parks under a lock; who finds it there makes it ready, perhaps before it has left its stack.
void parks() {
    World* w = world(2);
    model::thread([=] {
        go(w, 0, [](void* a) {
            World* of = static_cast<World*>(a);
            for (bool found = false; !found;) {
                lock(&of->l);
                G* g = of->waiting;
                of->waiting = nullptr;
                unlock(&of->l);
                if (g) {
                    of->data = 7;
                    ready(g);
                    gosched();  // to main, which has to put this one back into the queue
                    of->ran[0].store(1, release);
                    found = true;
                } else {
                    gosched();
                    cpu_pause();
                }
            }
        });
        lock(&w->l);
        w->waiting = getg();
        gowaiting(Wait::chan_recv, nullptr, 0);
        gopark([](G*, void* l) { unlock(static_cast<Lock*>(l)); }, &w->l);
        check(w->data == 7, "what the waker did is not seen");
        check(getg() == &w->main && getm()->curg == &w->main, "another goroutine came back");
        // By yielding too: a goroutine that yields wakes no idle P, it only queues itself.
        while (!w->ran[0].load(acquire)) {
            gosched();
            cpu_pause();
        }
        model::finish();
    });
}

}  // namespace

const model::Scenario scenarios[] = {
    {"2 Ps, 1 goroutine to be stolen", steals<1>, 2},
    {"2 Ps, 2 goroutines one after the other", steals<2>, 2},
    {"2 Ps, park and ready", parks, 1},
    {"3 Ps, 2 goroutines that need each other", chain, 1},
    {"2 Ps, 1 sleeps", sleeps, 2},
    {"2 Ps, main sleeps, 1 computes", main_sleeps, 2},
    {"2 Ps, 1 sleeps for long, main does not, 1 computes", earlier, 2},
    {"2 Ps, 1 sleeps, 1 to be stolen", sleeper_and_another, 2},
    {"3 Ps, 1 sleeps, 2 compute", keeper_works, 0},
};

}  // namespace trapeze
