// SPDX-License-Identifier: BSD-3-Clause
// The scheduler's park, ready and wake-up protocol: the shipped scheduler itself, with its context switch, two or three Ps, an M
// for each thread of the model. Its Lock is replaced by one that blocks (lock.cpp proves the real one); no timers.
//
// What must hold: a goroutine is run once for each time it is made ready, and only when it has left its stack; and as long as one
// is queued and a P is idle, somebody will take it. The last is what goroutines show that compute until another one has run.
//
// orders sched/proc.cpp
// with sync/note.cpp
// with sched/globq.cpp
// real sched/sched.h
// set sched/runq.h: size = 256; -> size = 4;
// set sched/proc.cpp: i < 50; -> i < 1;
#include "sched/sched.h"

/* plant no_last_look: an M that gives up spinning does not look through the queues once more (rule 2)
sched/proc.cpp
-            if (work_anywhere()) {
+            if (false && work_anywhere()) {
*/
/* plant looks_first: ... or looks before it has taken itself from nspinning
sched/proc.cpp
-            sched.nspinning.xadd(~0u, seq_cst);  // with wakep's load
-            if (work_anywhere()) {
+            const bool work = work_anywhere();
+            sched.nspinning.xadd(~0u, seq_cst);
+            if (work) {
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
-    m->spinning = spinning_counted;
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
/* plant keeps_p: an M that sleeps is left in the list of idle ones when it is woken
sched/proc.cpp
-    if (m) midleremove(m);
*/

namespace trapeze {

extern "C" void gostart();

constinit Atomic<i64> next_timer;
void run_timers() {}
void add_timer(Timer*) { model::fail("no timers here"); }
void gfree(G*) {}
M* newm(u32 id) {
    M* m = new (model::arena(sizeof(M), "M")) M{};
    m->id = id;
    m->random = id + 1;
    return m;
}
void report_deadlock() { model::fail("the scheduler reports a deadlock"); }

// A lock that blocks: who takes it sees what was done under it.
[[gnu::no_sanitize("thread")]] void lock(Lock* l) {
    do model::wait([](void* a) { return *static_cast<u64*>(a) == 0; }, l->word.address(), "lock");
    while (*l->word.address());
    *l->word.address() = 1;
    model::observe(l);
}
[[gnu::no_sanitize("thread")]] void unlock(Lock* l) {
    model::publish(l);
    *l->word.address() = 0;
    model::changed();
}

namespace {

using model::check;

void goroutine() {
    landed();
    G* g = getg();
    g->entry(g->closure);
    goexit();
}

// As prepare_context of stack.cpp: what gosw finds on a stack that it has not been on.
void context(G* g, void (*entry)()) {
    usize size;
    g->stack_low = reinterpret_cast<uptr>(model::stack(&size));
    g->stack_high = g->stack_low + size;
    uptr* frame = reinterpret_cast<uptr*>(g->stack_high) - 16;
    for (int i = 0; i < 6; i++) frame[i + 1] = 0;
    frame[1 + 4] = reinterpret_cast<uptr>(entry);
    frame[1 + 6] = reinterpret_cast<uptr>(gostart);
    g->sp = reinterpret_cast<uptr>(frame + 1);
}

struct World {
    Thread thread;
    M m0;
    G main;
    G g[3];
    Atomic<u32> ran[3];
    u32 data;
    Lock l;
    G* waiting;
};

// m0 with main on it, P 0 its own and the others idle, as schedinit leaves them.
World* world(u32 procs) {
    model::region(&sched, sizeof sched, "sched");
    model::region(&next_timer, sizeof next_timer, "next_timer");
    model::region(tls_of_thread, sizeof tls_of_thread, "tls");
    model::name(&sched.nspinning, "nspinning");
    model::name(&sched.nidle_ps, "nidle_ps");
    model::name(&sched.lock, "sched.lock");
    model::allow_leftover_tokens();
    World* w = model::fresh<World>("world");
    tls_of_thread[0] = &w->thread.tls;
    next_timer.preset(never);
    sched.keeper_until.preset(never);
    sched.nprocs = procs;
    sched.mcount = 1;
    sched.started = true;
    sched.allp = static_cast<P*>(model::arena(procs * sizeof(P), "P"));
    for (u32 i = procs; i-- > 0;) {
        P* p = new (&sched.allp[i]) P{};
        p->id = i;
        if (i) {
            p->link = sched.idle_ps;
            sched.idle_ps = p;
        }
    }
    sched.nidle_ps.preset(procs - 1);
    w->m0.random = 1;
    w->m0.p = &sched.allp[0];
    w->m0.p->m = &w->m0;
    w->m0.curg = &w->main;
    w->main.m = &w->m0;
    w->thread.tls.m = &w->m0;
    w->thread.tls.g = &w->main;
    context(&w->m0.g0, schedule);
    for (G& g : w->g) {
        context(&g, goroutine);
        g.closure = w;
    }
    for (int i = 0; i < 3; i++) model::name(&w->ran[i], i == 0 ? "ran 0" : i == 1 ? "ran 1" : "ran 2");
    return w;
}

void go(World* w, int i, void (*entry)(void*)) {
    w->g[i].entry = entry;
    newproc(&w->g[i]);
}
void until(Atomic<u32>& ran) {
    while (!ran.load(acquire)) cpu_pause();
}
template <int I>
void runs(void* w) { static_cast<World*>(w)->ran[I].store(1, release); }

// main computes until another M has run what it made ready, `times` times one after the other.
template <int Times>
void steals() {
    World* w = world(2);
    model::thread([=] {
        go(w, 0, runs<0>);
        until(w->ran[0]);
        if (Times == 1) model::finish();
        go(w, 1, runs<1>);
        until(w->ran[1]);
        model::finish();
    });
}

// Both must be taken by others: main computes until both have run, and the first until the second has.
void chain() {
    World* w = world(3);
    model::thread([=] {
        go(w, 0, [](void* a) {
            World* of = static_cast<World*>(a);
            until(of->ran[1]);
            of->ran[0].store(1, release);
        });
        go(w, 1, runs<1>);
        until(w->ran[0]);
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
};

}  // namespace trapeze
