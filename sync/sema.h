// SPDX-License-Identifier: BSD-3-Clause
// Sema: a counting semaphore between OS threads. ThreadOnce: does a thing once, whichever thread comes first.
//
// Both block the thread, not just the goroutine (goroutines have Semaphore and Once, in sched). First come, first served. Zeroed a Sema
// holds 0 and a ThreadOnce has not run; neither has to be destroyed, and without contention neither traps nor needs a kernel object.
#pragma once
#include "sync/lock.h"
#include "sync/note.h"

namespace trapeze {

struct SemaWaiter;

struct Sema {
    Lock lock;                    // guards the rest
    u64 count = 0;                // 0 while somebody waits
    SemaWaiter* first = nullptr;  // on their threads' stacks
    SemaWaiter* last = nullptr;
};

void semadown(Sema* s);                         // takes one, waiting for it
bool tsemadown(Sema* s, i64 deadline);          // until the deadline (nanotime's clock; negative: for ever) at most; false: none came
bool trysemadown(Sema* s);
void semaup(Sema* s, u64 n = 1);                // gives n; never blocks beyond the lock. A count beyond 2^64 - 1 is a broken invariant

struct ThreadOnce {
    Atomic<u32> claimed;  // 0 -> 1 by the thread that runs it
    Note done;
};

// The first call runs f(arg); the others return when it has, and see what it did. From within f it waits for ever.
void thread_once(ThreadOnce* once, void (*f)(void*), void* arg);

}  // namespace trapeze
