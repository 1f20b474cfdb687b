// SPDX-License-Identifier: BSD-3-Clause
// Note: a one-shot event between OS threads. Cleared, then slept on by any number of threads, then woken by one.
//
// noteclear must not run while someone sleeps or wakes; a zeroed Note is a clear one. notesleep returns when notewakeup
// has been called, at once if it was called before; what the waker did before is seen by all who return.
// notewakeup may be called once between two clears (a second one is a broken invariant) and never blocks; it is the one
// operation here that a signal handler may use.
#pragma once
#include "sync/atomic.h"

namespace trapeze {

struct Note {
    Atomic<u64> word;
};

void noteclear(Note* n);
void notesleep(Note* n);
bool notetsleep(Note* n, i64 deadline);  // at most until the deadline (nanotime's clock); false: it passed first
void notewakeup(Note* n);

}  // namespace trapeze
