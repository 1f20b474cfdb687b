// SPDX-License-Identifier: BSD-3-Clause
// Mutex: mutual exclusion between goroutines. It parks the goroutine, not the thread; uncontended it is one cas and one cas.
//
// Zeroed it is free, and nothing has to destroy it. Not recursive. Any goroutine may unlock it. It may be held across any wait.
// unlock of an unlocked Mutex panics.
//
// Fair within a bound: waiters get it in the order in which they came, and at most Mutex::passes goroutines that never waited
// get it before the one whose turn it is; after that it is handed over. So a goroutine that finds k waiters before it gets it
// after at most (k + 1) * (passes + 1) others.
#pragma once
#include "sched/waitlist.h"

namespace trapeze {

struct Mutex {
    static constexpr u32 passes = 64;

    void lock() {
        u32 free = 0;
        if (!word.cas(free, 1, acquire)) (void)lock_slow({});  // with the release of the unlock before
    }
    // Waits until then at most; done: it is locked.
    Waited lock_until(Until until) {
        u32 free = 0;
        return word.cas(free, 1, acquire) ? Waited::done : lock_slow(until);  // as lock: with unlock
    }
    bool try_lock();  // does not wait
    void unlock() {
        u32 held = 1;
        if (!word.cas(held, 0, release)) unlock_slow(held);  // with the acquire of the next lock
    }
    bool locked() const { return word.load(relaxed) & 1; }  // of use in assertions

    Atomic<u32> word;  // mutex.cpp
    WaitList list;

private:
    Waited lock_slow(Until until);
    void unlock_slow(u32 v);
};

}  // namespace trapeze
