// SPDX-License-Identifier: BSD-3-Clause
// Park and ready as sched.h promises them, for what waits goroutines (sched/waitlist.h and all over it): a goroutine is a thread of the
// model, parked is blocked until made ready. That the scheduler keeps the promise is sched.cpp's business. Checked here is the caller's
// side: it is Gwaiting before it parks, whoever makes it ready finds it parked, and does so once for each park.
//
// A commit runs on the goroutine's own thread, once it counts as off its stack: all commits here release one Lock, which is one step.
// Locks block (blocking_lock.h). Timers are the shipped ones (sched/timer.cpp); the clock stands at 0 and every
// deadline is 0: who runs timers, a thread of its own (`clock`), does so at any moment, so each time-out may come at any moment.
#pragma once
#include <cstddef>

#include "model.h"
#include "sync/lock.h"
#include "sys/os.h"

namespace trapeze {

struct Wait {
    const char* text;
    static const Wait sleep;
};
inline constexpr Wait Wait::sleep{"sleep"};

struct G {
    G* schedlink;
    bool waiting, parked, readied;
    // For scenarios that want to know who overtakes whom:
    bool queued;  // it has waited since it last got what it wanted
    u32 ahead;    // so many others had when it began to
    u32 passed;   // and so often have others got it since
    bool may_end; // its wait may end otherwise, perhaps has, and it does not know yet: nobody overtakes it
};
using Commit = void (*)(G* g, void* arg);

struct Timer {
    i64 when;
    G* g;
    bool (*fire)(Timer*);
    u32 at;
};
constexpr i64 never = 0x7fffffffffffffff;
extern Atomic<i64> next_timer;
void add_timer(Timer* t);
void del_timer(Timer* t);
void run_timers();
inline void mind_timers() {}  // `clock` looks all the time

struct Procs {
    u32 nprocs;
};
inline constexpr Procs sched{2};  // so a Mutex spins

[[gnu::no_sanitize("thread")]] inline void gowaiting(Wait, const void* const*, u32) {
    G* g = getg();
    g->waiting = true;
    if (g->queued) return;
    g->queued = true;
    g->ahead = g->passed = 0;
    for (Tls* t : tls_of_thread)
        if (t && t->g != g) g->ahead += t->g->queued;
}

[[gnu::no_sanitize("thread")]] inline void gopark(Commit commit, void* arg) {
    G* g = getg();
    model::note("parks");
    if (!g->waiting) model::fail("gopark of a G that is not Gwaiting");
    g->parked = true;
    commit(g, arg);
    model::wait([](void* a) { return static_cast<G*>(a)->readied; }, g, "parked");
    model::observe(&g->readied);
    g->waiting = g->parked = g->readied = false;
}

[[gnu::no_sanitize("thread")]] inline void ready(G* g) {
    model::step("makes ready", g);
    if (g->readied) model::fail("a G is made ready twice");
    if (!g->waiting) model::fail("ready of a G that is not Gwaiting");
    if (!g->parked) model::fail("ready of a G that is still on its stack");
    g->readied = true;
    model::publish(&g->readied);
}

// --- for scenarios

[[gnu::no_sanitize("thread")]] inline void may_end(bool may) { getg()->may_end = may; }
// The calling goroutine has got what it waited for, or has given up. `woken_too`: one that was made ready may still be overtaken.
[[gnu::no_sanitize("thread")]] inline void got(bool it, bool woken_too) {
    G* g = getg();
    g->queued = false;
    for (Tls* t : tls_of_thread)
        if (it && t && t->g->queued && (woken_too || !t->g->readied)) t->g->passed++;
}
// How often others may have got it while one waits that had so many in front when it began to.
[[gnu::no_sanitize("thread")]] inline void overtaken(u32 (*most)(u32 ahead)) {
    for (Tls* t : tls_of_thread)
        if (t && t->g->queued && !t->g->may_end && t->g->passed > most(t->g->ahead)) model::fail("others got it more often than one that waits has to bear");
}

// Starts a goroutine.
inline int go(std::function<void()> body) {
    G* g = model::fresh<G>("G");
    const int n = model::thread(std::move(body));
    tls_of_thread[n] = model::fresh<Tls>("");
    tls_of_thread[n]->g = g;
    return n;
}

// First in a setup: nobody is a goroutine.
inline void no_goroutines() {
    for (Tls*& t : tls_of_thread) t = nullptr;
}

// What a function that has returned left below its caller is no longer an answer.
[[gnu::noinline]] inline void scribble() {
    volatile u64 rubbish[128];
    for (auto& word : rubbish) word = 0xaaaaaaaaaaaaaaaa;
}

}  // namespace trapeze
