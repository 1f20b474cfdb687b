// SPDX-License-Identifier: BSD-3-Clause
// Lock: mutual exclusion between OS threads. Uncontended it makes no trap and needs no kernel object; a zeroed Lock is a
// free one, and nothing has to destroy it.
//
// lock may block the thread (not just the goroutine): hold one for a few instructions and never across a switch to
// another goroutine, except through gopark's commit. Not recursive. unlock of a free Lock is a broken invariant.
// lock_checked.cpp, which a program may link instead, reports misuse of these and orders that could deadlock.
#pragma once
#include "sync/atomic.h"

namespace trapeze {

struct Lock {
    Atomic<u64> word;
};

void lock(Lock* l);
bool trylock(Lock* l);
// Until the deadline at most (nanotime's clock; negative: for ever); false: it passed. Polls, see lock_timed.cpp: for waits that seldom happen.
bool tlock(Lock* l, i64 deadline);
void unlock(Lock* l);

}  // namespace trapeze
