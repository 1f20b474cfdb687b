// SPDX-License-Identifier: BSD-3-Clause
// Semaphore. The word:
//
//   bit 0    waiting   the list may not be empty: nobody passes it. Set and cleared under list.lock; while it is set the units change
//                      only under list.lock too, or by give's xadd under it
//   63..1    units held
//
//   word             acquire n                          release n
//   no waiting       fits: cas +n (acquire)             cas -n (release)
//                    else: set waiting, queue, serve
//   waiting          queue, serve                       under list.lock: -n, serve
//
// serve, under list.lock, gives units to the first in the queue as long as they fit, and clears waiting with the last. Whoever queues
// serves, so it does not matter whether units came back between the look and the lock; one whose time is up serves too, since
// those behind it may fit now.
// The acquire of whoever gets units pairs with the releases of those who gave them back; a waiter gets them by list.lock.
#include "sched/semaphore.h"

#include "sys/panic.h"

namespace trapeze {

namespace {
constexpr u64 waiting = 1, unit = 2;
}

// The goroutines to make ready after the unlock; `me` is not among them, it is running.
G* Semaphore::serve(Waiter* me) {
    G* chain = nullptr;
    u64 v = word.load(relaxed);  // what is released with a cas comes before `waiting`, whose setting acquires it; the rest by list.lock
    if (!(v & waiting)) return nullptr;
    G** end = &chain;
    while (list.first && list.first->want <= capacity - v / unit) {
        Waiter* w = list.take();
        v += w->want * unit;
        if (w == me) continue;
        *end = w->g();
        end = &w->g()->schedlink;
    }
    *end = nullptr;
    if (!list.first) v &= ~waiting;
    word.store(v, Order::release);
    return chain;
}

bool Semaphore::try_get(u64 n) {
    u64 v = word.load(relaxed);
    while (!(v & waiting) && n <= capacity - v / unit)
        if (word.cas(v, v + n * unit, Order::acquire)) return true;
    return false;
}

Waited Semaphore::get(u64 n, Until until, Wait why, const void* on) {
    if (try_get(n)) return Waited::done;
    Waiter w(&list, until, n);
    lock(&list.lock);
    u64 v = word.load(relaxed);
    while (!(v & waiting) && !word.cas(v, v | waiting, Order::acquire)) {}
    list.put(&w);
    G* others = serve(&w);
    if (!w.granted) {  // survives if true: they are made ready a little earlier
        ready_all(others);  // seldom any: those that one whose time was up left to be served
        others = nullptr;
    }
    if (!w.granted && w.ended == Waited::done) {
        list.park(&w, why, on);
        if (w.granted) return Waited::done;  // survives if false: it locks in vain
        lock(&list.lock);
    }
    if (!w.granted) {
        if (w.queued) list.remove(&w);
        others = serve(nullptr);
    }
    unlock(&list.lock);
    ready_all(others);
    return w.granted ? Waited::done : w.ended;
}

bool Semaphore::give(u64 n) {
    u64 v = word.load(relaxed);
    do {
        if (n > v / unit) return false;
        if (v & waiting) {  // survives if true: it locks in vain
            lock(&list.lock);
            (void)word.xadd(0 - n * unit, Order::release);
            G* served = serve(nullptr);
            unlock(&list.lock);
            ready_all(served);
            return true;
        }
    } while (!word.cas(v, v - n * unit, Order::release));
    return true;
}

Waited Semaphore::acquire_until(Until until, u64 n) {
    if (n > capacity) panic("Semaphore: acquire of more units than there are");
    return get(n, until, Wait{"semaphore acquire"}, this);
}

bool Semaphore::try_acquire(u64 n) { return n <= capacity && try_get(n); }

void Semaphore::release(u64 n) {
    if (!give(n)) panic("Semaphore: release of more units than are held");
}

Waited RWMutex::lock_until(Until until) { return s.get(all, until, Wait{"rwmutex lock"}, this); }
Waited RWMutex::rlock_until(Until until) { return s.get(1, until, Wait{"rwmutex rlock"}, this); }

void RWMutex::unlock() {
    if (s.held() != all || !s.give(all)) panic("unlock of an RWMutex that is not write-locked");
}

void RWMutex::runlock() {
    if (s.held() == all || !s.give(1)) panic("runlock of an RWMutex that nobody reads");
}

}  // namespace trapeze
