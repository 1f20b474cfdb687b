// SPDX-License-Identifier: BSD-3-Clause
// The porting surface of sync: three operations on a thread's semaphore. Lock, Note and whatever else sleeps are written
// once against it; each kernel supplies sema_linux.cpp or sema_darwin.cpp, the model suite a simulated one.
//
// A semaphore belongs to a thread, not to a lock: the word lies in the thread's block, so a million idle locks cost no
// kernel object, and it goes when the thread goes. It is binary: between two wake-ups there is always one sleep, because
// whoever wakes has first taken the sleeper out of a list, and only one can.
// Rejected: the seed's semaphore in every lock (never destroyed, and a race to create it), a futex on the lock's word
// (there is none on Darwin before 10.12: two algorithms to prove).
#pragma once
#include "sys/types.h"

namespace trapeze {

struct Sema {
    u64* word;  // Tls::sema of the owner: 0 until first used
};

// The calling thread's semaphore, made if need be. Only the owner calls it, and before others may learn of it.
// Does not return if the kernel has no semaphore to give: that is said by name.
Sema semacreate();

// Blocks the owner's thread until a wake-up, which it consumes: true. With deadline >= 0 (nanotime's clock) at most until
// then: false if none came. Signals do not end the sleep.
bool semasleep(Sema s, i64 deadline);

// Lets the owner's semasleep return, the present one or the next. Never blocks.
void semawakeup(Sema s);

// The semaphore goes with its thread: where there is something to give back, semacreate sets Tls::at_exit to the routine.

}  // namespace trapeze
