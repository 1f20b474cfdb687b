// SPDX-License-Identifier: BSD-3-Clause
// Timers, of sleeping goroutines and of waits with a deadline: one binary heap, earliest first, under timer_lock. A Timer lies on
// the stack of the goroutine that waits, knows its place, and is out of the heap before that goroutine goes on.
//
// next_timer is the first one's time, stored under the lock and read without it by every M that looks whether it is time:
// one that reads it too early looks again at its next decision, or is the keeper, who reads it under sched.lock after its
// own P went idle (proc.cpp). One that is taken out early leaves a keeper that wakes for nothing, once.
// Order of locks: a Cancel's or timer_lock, then a WaitList's. So a timer is set and removed with no WaitList locked.
// A heap for all Ps, not one each: a sleep costs a lock that others seldom hold; per-P heaps come with the timers' own API.
#include "sched/sched.h"
#include "sync/mal.h"
#include "sys/mem.h"
#include "sys/os.h"

namespace trapeze {

constinit Atomic<i64> next_timer;  // schedinit says never: zeroed data costs no page in the file

namespace {

constinit Lock timer_lock{};
Timer** heap;
u32 used, room;

void set(u32 i, Timer* t) {
    heap[i] = t;
    t->at = i + 1;
}

void sift_up(u32 i, Timer* t) {
    for (u32 parent; i && t->when < heap[parent = (i - 1) / 2]->when; i = parent) set(i, heap[parent]);
    set(i, t);
}

void sift_down(u32 i, Timer* t) {
    for (u32 child; (child = 2 * i + 1) < used; i = child) {
        if (child + 1 < used && heap[child + 1]->when < heap[child]->when) child++;
        if (heap[child]->when >= t->when) break;
        set(i, heap[child]);
    }
    set(i, t);
}

// With stopm's load; what publishes looks for idle Ps and at the keeper afterwards (mind_timers).
// survives in timer as release: sched.cpp kills it
void publish() { next_timer.store(used ? heap[0]->when : never, seq_cst); }

[[gnu::cold]] void grow() {
    const u32 more = room ? 2 * room : 64;
    Timer** bigger = static_cast<Timer**>(mal_raw(more * sizeof(Timer*)));
    if (room) {  // survives if true: of nothing nothing is copied
        memcpy(bigger, heap, room * sizeof(Timer*));
        mfree(heap, room * sizeof(Timer*));
    }
    heap = bigger;
    room = more;
}

}  // namespace

void add_timer(Timer* t) {
    lock(&timer_lock);
    if (used == room) grow();  // survives if true: it costs memory only
    sift_up(used++, t);
    publish();
    unlock(&timer_lock);
}

void del_timer(Timer* t) {
    lock(&timer_lock);
    if (t->at) {
        const u32 i = t->at - 1;
        t->at = 0;
        Timer* last = heap[--used];
        if (last != t) {
            if (last->when < t->when) sift_up(i, last);
            else sift_down(i, last);
        }
        publish();
    }
    unlock(&timer_lock);
}

void run_timers() {
    const i64 now = nanotime();
    if (now < next_timer.load(relaxed)) return;  // survives if false: it looks in vain
    lock(&timer_lock);
    G* due = nullptr;
    G** end = &due;
    while (used && heap[0]->when <= now) {
        Timer* t = heap[0];
        t->at = 0;
        if (--used) sift_down(0, heap[used]);
        G* g = t->g;  // not from t afterwards: a wait that ends otherwise takes its timer along
        if (t->fire && !t->fire(t)) continue;
        *end = g;
        end = &g->schedlink;
    }
    *end = nullptr;
    publish();
    unlock(&timer_lock);
    while (due) {
        G* g = due;
        due = g->schedlink;
        ready(g);
    }
}

}  // namespace trapeze
