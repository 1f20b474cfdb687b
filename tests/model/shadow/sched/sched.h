// SPDX-License-Identifier: BSD-3-Clause
// A scheduler with a thread for each goroutine, over the explorer, as far as channels can tell it from the real one.
//
// Each G has a second thread that runs its commits, as the next stack does in the real scheduler: a commit may still be
// running when the G runs again. ready checks what the real one relies on: the G waits, has left its stack, and is woken once.
#pragma once
#include <utility>

#include "explorer.h"
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
    bool parked, readied;
    Commit commit;
    void* arg;
};

inline G* g_of_thread[16];
inline G* getg() { return g_of_thread[model::self()]; }
inline u64 fastrand() { return model::choose(2); }

// For scenarios: starts a goroutine.
inline int go(std::function<void()> body) {
    G* g = new (model::arena(sizeof(G))) G{};
    g->status = Grunning;
    int n = model::thread(std::move(body));
    g_of_thread[n] = g;
    model::thread([g] {
        for (;;) {
            model::wait([](void* a) { return static_cast<G*>(a)->commit != nullptr; }, g, "(commits)");
            Commit commit = std::exchange(g->commit, nullptr);
            commit(g, g->arg);
        }
    }, true);
    return n;
}

inline void gowaiting(Wait, const void* const*, u32) {
    model::point("gowaiting", true, getg());
    getg()->status = Gwaiting;
}

inline void gopark(Commit commit, void* arg) {
    G* g = getg();
    model::point("gopark", true, g);
    if (g->status != Gwaiting) model::fail("gopark of a G that is not Gwaiting");
    g->parked = true;
    g->arg = arg;
    g->commit = commit;
    model::wait([](void* a) { return static_cast<G*>(a)->readied; }, g, "parked");
    g->parked = g->readied = false;
    g->status = Grunning;
}

inline void ready(G* g) {
    model::point("ready", true, g);
    if (g->readied) model::fail("a G was made ready twice");
    if (g->status != Gwaiting) model::fail("ready of a G that is not Gwaiting");
    if (!g->parked) model::fail("ready of a G that is still on its stack");
    g->status = Grunnable;
    g->readied = true;
    model::wrote();
}

}  // namespace trapeze
