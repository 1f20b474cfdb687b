// SPDX-License-Identifier: BSD-3-Clause
// WaitGroup: waits until a number of things are done. Once: does a thing the first time only. Both park the goroutine, not the thread.
#pragma once
#include "sched/mutex.h"

namespace trapeze {

struct WaitGroup {
    // Before what is counted starts, so that nobody sees 0 too early. A negative counter panics.
    void add(i64 n);
    void done() { add(-1); }
    // Until the counter is 0, or has been since the call. What was done before done() is seen. Any number may wait.
    void wait() { (void)wait_until({}); }
    Waited wait_until(Until until);

    // 63..1 the counter; bit 0: somebody may wait (set under list.lock; cleared under it by one that finds 0)
    Atomic<i64> word;
    WaitList list;
};

struct Once {
    // The first call runs f; the others return when it is done, and see what it did. From within f it waits for ever.
    template <class F>
    void run(F&& f) {
        if (done.load(acquire)) return;  // with the release below. survives if false: the Mutex says the same
        m.lock();
        if (!done.load(relaxed)) {
            f();
            done.store(1, release);  // with run's first load
        }
        m.unlock();
    }

    Atomic<u32> done;
    Mutex m;
};

}  // namespace trapeze
