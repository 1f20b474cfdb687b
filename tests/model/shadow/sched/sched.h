// SPDX-License-Identifier: BSD-3-Clause
// A scheduler with a thread for each goroutine, over the explorer, as far as channels can tell it from the real one.
//
// A commit runs on the G's own thread, once it counts as off its stack. Where it takes several steps (select) the G has a second
// thread for it (go_with_commits), as the next stack is in the real scheduler: a commit may still be running when the G runs
// again. What happens before ready(g) happens before g goes on, as through the real queues. ready checks what the real one relies on: the G waits, has left its stack, and is woken once.
#pragma once
#include <utility>

#include "model.h"
#include "sync/lock.h"

namespace trapeze {

enum Status : u32 { Gidle, Grunnable, Grunning, Gwaiting, Gdead };
enum class Wait : u8 { none, chan_send, chan_recv, chan_send_nil, chan_recv_nil, select, select_nothing, sleep };

struct G;
using Commit = void (*)(G* g, void* arg);

struct G {
    G* schedlink;
    void* param;
    Atomic<u32> selectdone;
    Status status;
    bool parked, readied, has_second;
    Commit commit;
    void* arg;
};

inline G* g_of_thread[8];
[[gnu::no_sanitize("thread")]] inline G* getg() { return g_of_thread[model::self()]; }
inline bool all_random;  // the upper half too, which only select's step is made of
inline u64 fastrand() {
    const u64 low = model::choose(2);
    return all_random ? low | static_cast<u64>(model::choose(4)) << 32 : low;
}

// Runs what g left behind, when it has left its stack.
[[gnu::no_sanitize("thread")]] inline void commit_of(G* g) {
    for (;;) {
        model::wait([](void* a) { return static_cast<G*>(a)->commit != nullptr; }, g, "(commits)");
        Commit commit = std::exchange(g->commit, nullptr);
        model::observe(&g->commit);
        commit(g, g->arg);
    }
}

// For scenarios: starts a goroutine.
inline int go(std::function<void()> body, bool for_ever = false) {
    G* g = model::fresh<G>("G");
    g->status = Grunning;
    int n = model::thread(std::move(body), for_ever);
    g_of_thread[n] = g;
    return n;
}
inline int go_with_commits(std::function<void()> body) {
    const int n = go(std::move(body));
    G* g = g_of_thread[n];
    g->has_second = true;
    model::thread([g] { commit_of(g); }, true);
    return n;
}

[[gnu::no_sanitize("thread")]] inline void gowaiting(Wait, const void* const*, u32) {
    model::step("waits", getg());
    getg()->status = Gwaiting;
}

[[gnu::no_sanitize("thread")]] inline void gopark(Commit commit, void* arg) {
    G* g = getg();
    model::step("parks", g);
    if (g->status != Gwaiting) model::fail("gopark of a G that is not Gwaiting");
    g->parked = true;
    if (g->has_second) {
        g->arg = arg;
        g->commit = commit;
        model::publish(&g->commit);
    } else if (commit) {
        commit(g, arg);
    }
    model::wait([](void* a) { return static_cast<G*>(a)->readied; }, g, "parked");
    model::observe(&g->readied);
    g->parked = g->readied = false;
    g->status = Grunning;
}

[[gnu::no_sanitize("thread")]] inline void ready(G* g) {
    model::step("makes ready", g);
    if (g->readied) model::fail("a G is made ready twice");
    if (g->status != Gwaiting) model::fail("ready of a G that is not Gwaiting");
    if (!g->parked) model::fail("ready of a G that is still on its stack");
    g->status = Grunnable;
    g->readied = true;
    model::publish(&g->readied);
}

}  // namespace trapeze
