// SPDX-License-Identifier: BSD-3-Clause
// Semaphore: a number of units, of which a goroutine may hold several. RWMutex: one writer or any number of readers.
//
// Both park the goroutine, not the thread, and are strictly first come, first served: a large request is not overtaken by small
// ones, nor a writer by readers that come later, nor readers by the writers behind them. Neither has to be destroyed.
#pragma once
#include "sched/waitlist.h"

namespace trapeze {

struct Semaphore {
    constexpr explicit Semaphore(u64 units) : capacity(units) {}  // at most 2^62

    // n units. More than there are at all panics: they would never come.
    void acquire(u64 n = 1) { (void)acquire_until({}, n); }
    Waited acquire_until(Until until, u64 n = 1);
    bool try_acquire(u64 n = 1);  // does not wait, nor overtake those who do
    void release(u64 n = 1);      // more than are held panics

    const u64 capacity;

    // What RWMutex is made of.
    Waited get(u64 n, Until until, Wait why, const void* on);
    bool try_get(u64 n);
    bool give(u64 n);  // false: more than are held
    u64 held() const { return word.load(relaxed) >> 1; }

private:
    G* serve(Waiter* me);

    Atomic<u64> word;  // semaphore.cpp
    WaitList list;
};

struct RWMutex {
    void lock() { (void)lock_until({}); }
    Waited lock_until(Until until);
    bool try_lock() { return s.try_get(all); }
    void unlock();   // panics if it is not write-locked
    void rlock() { (void)rlock_until({}); }
    Waited rlock_until(Until until);
    bool try_rlock() { return s.try_get(1); }
    void runlock();  // panics if nobody reads

private:
    static constexpr u64 all = u64{1} << 40;
    Semaphore s{all};
};

}  // namespace trapeze
