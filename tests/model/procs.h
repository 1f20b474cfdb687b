// SPDX-License-Identifier: BSD-3-Clause
// A process for the scenarios of the scheduler: m0 with the main goroutine, Ps, goroutines with stacks of the model's. What stack.cpp,
// start.cpp and report.cpp do is here, in as few words as it takes.
#pragma once
#include "sched/sched.h"
#include "tests/model/timers.h"

namespace trapeze {

extern "C" void gostart();

// What a scenario says about itself, in its setup.
inline bool deadlock_expected;
inline u32 spare_ms;  // who has given its P up and is not idle yet may be joined by another

void gfree(G*) {}
M* newm(u32 id) {
    model::check(id && id < sched.nprocs + spare_ms, "an M is started although one is idle");
    M* m = new (model::arena(sizeof(M), "M")) M{};
    m->id = id;
    m->random = id + 1;
    return m;
}
void report_deadlock() {
    if (deadlock_expected) model::finish();
    model::fail("the scheduler reports a deadlock");
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
    G g[4];
    Atomic<u32> ran[4];
    u32 data;
    Lock l;
    G* waiting;
};

// m0 with main on it, P 0 its own and the others idle, as schedinit leaves them.
World* world(u32 procs) {
    deadlock_expected = false;
    spare_ms = 8;
    model::region(&sched, sizeof sched, "sched");
    no_timers();
    model_clock = model::fresh<Clock>("clock");
    model::region(tls_of_thread, sizeof tls_of_thread, "tls");
    model::name(&sched.nspinning, "nspinning");
    model::name(&sched.nidle_ps, "nidle_ps");
    model::name(&sched.lock, "sched.lock");
    model::allow_leftover_tokens();
    World* w = model::fresh<World>("world");
    tls_of_thread[0] = &w->thread.tls;
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
    constexpr const char* names[] = {"ran 0", "ran 1", "ran 2", "ran 3"};
    for (int i = 0; i < 4; i++) model::name(&w->ran[i], names[i]);
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

template <int I>
void blocks_until(void* w) {
    model::wait([](void* of) { return static_cast<World*>(of)->ran[I].peek() != 0; }, w, "until the other has run");
}

// The first goroutine has been stolen, and sleeps, or has slept.
void until_asleep(World* w) {
    model::wait([](void* of) { return next_timer.peek() != never || static_cast<World*>(of)->ran[0].peek(); }, w, "until it sleeps");
}

}  // namespace

}  // namespace trapeze
