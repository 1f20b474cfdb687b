// SPDX-License-Identifier: BSD-3-Clause
// Sleeping goroutines: one binary heap, earliest first, under timer_lock.
//
// next_timer is the first one's time, stored under the lock and read without it by every M that looks whether it is time:
// one that reads it too early looks again at its next decision, or is the keeper, who reads it under sched.lock after its
// own P went idle (proc.cpp).
// A heap for all Ps, not one each: a sleep costs a lock that others seldom hold; per-P heaps come with the timers' own API.
#include "sched/sched.h"
#include "sync/mal.h"
#include "sys/mem.h"
#include "sys/os.h"

namespace trapeze {

constinit Atomic<i64> next_timer;  // schedinit says never: zeroed data costs no page in the file

namespace {

constinit Lock timer_lock{};
G** heap;
u32 used, room;

bool earlier(G* a, G* b) { return a->wake_at < b->wake_at; }

void sift_up(u32 i) {
    G* g = heap[i];
    for (u32 parent; i && earlier(g, heap[parent = (i - 1) / 2]); i = parent) heap[i] = heap[parent];
    heap[i] = g;
}

void sift_down(u32 i) {
    G* g = heap[i];
    for (u32 child; (child = 2 * i + 1) < used; i = child) {
        if (child + 1 < used && earlier(heap[child + 1], heap[child])) child++;
        if (!earlier(heap[child], g)) break;
        heap[i] = heap[child];
    }
    heap[i] = g;
}

[[gnu::cold]] void grow() {
    const u32 more = room ? 2 * room : 64;
    G** bigger = static_cast<G**>(mal(more * sizeof(G*)));
    if (room) {
        memcpy(bigger, heap, room * sizeof(G*));
        mfree(heap, room * sizeof(G*));
    }
    heap = bigger;
    room = more;
}

}  // namespace

void add_timer(G* g) {
    lock(&timer_lock);
    if (used == room) grow();
    heap[used] = g;
    sift_up(used++);
    next_timer.store(heap[0]->wake_at, seq_cst);
    unlock(&timer_lock);
}

void run_timers() {
    const i64 now = nanotime();
    if (now < next_timer.load(relaxed)) return;
    lock(&timer_lock);
    G* due = nullptr;
    G** last = &due;
    while (used && heap[0]->wake_at <= now) {
        *last = heap[0];
        last = &heap[0]->schedlink;
        heap[0] = heap[--used];
        if (used) sift_down(0);
    }
    *last = nullptr;
    next_timer.store(used ? heap[0]->wake_at : never, seq_cst);
    unlock(&timer_lock);
    while (due) {
        G* g = due;
        due = g->schedlink;
        ready(g);
    }
}

}  // namespace trapeze
