// SPDX-License-Identifier: BSD-3-Clause
// Cond: a condition on what a Mutex guards, that somebody else will make true. Parks the goroutine, not the thread.
//
//   m.lock();
//   while (!condition) c.wait(m);      // always in a loop: others may have been faster
//   ...
//   m.unlock();
#pragma once
#include "sched/mutex.h"

namespace trapeze {

struct Cond {
    // Unlocks m and waits for a signal as one step; m is locked again on return, also after timed_out and cancelled. The waits of
    // one time must be with the same Mutex. Panics if m is not locked.
    void wait(Mutex& m) { (void)wait_until(m, {}); }
    Waited wait_until(Mutex& m, Until until);
    void signal();     // wakes the one that waits longest, if any; with or without m
    void broadcast();  // all who wait

    WaitList list;
};

}  // namespace trapeze
