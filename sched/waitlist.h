// SPDX-License-Identifier: BSD-3-Clause
// The queue in which goroutines wait: Mutex, Semaphore (and with it RWMutex), WaitGroup and Cond each have one, and no other
// machinery to wait by. FIFO. No allocation: a Waiter lies on the stack of the goroutine that waits.
//
// list.lock guards the queue and, in each Waiter: queued, granted, ended.
//   queued    in the queue; who takes it out under the lock, be it a waker, the timer or a Cancel, owns its wake-up
//   granted   a waker took it out (take): what it waits for is its own, or it may try for it, as the primitive says
//   ended     not done: its time was up, or it was cancelled; set whether it was queued or not, seen before it parks again
// A waiter that timer or Cancel took out is not granted. So a wake-up is never given to one that has gone: it is the same lock.
//
// Deadlines and Cancels are armed before list.lock is taken and disarmed after it is released (order of locks: timer.cpp).
// Disarmed means that neither will touch the Waiter again: only then may its stack frame go.
#pragma once
#include "sched/cancel.h"
#include "sched/sched.h"

namespace trapeze {

struct WaitList;

struct Waiter {
    Timer timer;
    WaitList* list;
    Cancel* cancel;
    u64 want;  // a Semaphore's units
    Waiter *next, *prev;
    Waiter *next_cancelled, *prev_cancelled;  // in Cancel::waiting
    bool queued, granted;
    Waited ended;

    Waiter(WaitList* l, Until until, u64 units = 0);  // arms
    ~Waiter() { disarm(); }
    void disarm();
    Waiter(const Waiter&) = delete;

    G* g() const { return timer.g; }
    bool end(Waited how);  // for timer and Cancel, with their lock held: true: the caller makes g() ready
};

struct WaitList {
    Lock lock;
    Waiter* first = nullptr;
    Waiter* last = nullptr;

    // All with `lock` held.
    void put(Waiter* w);
    void put_front(Waiter* w);
    void remove(Waiter* w);
    Waiter* take();  // the first, granted; or null
    // Parks the goroutine of w, which is queued; the lock is released on the way and not held on return.
    void park(Waiter* w, Wait why, const void* on);
};

// Makes a chain ready that was linked through G::schedlink under some lock.
void ready_all(G* chain);

}  // namespace trapeze
