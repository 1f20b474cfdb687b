// SPDX-License-Identifier: BSD-3-Clause
// The porting surface of sync: what a kernel supplies so that a thread can sleep. Lock, Note, Sema and whatever else sleeps are
// written once against it; each kernel supplies port_linux.cpp or port_darwin.cpp, the model suite a simulated one.
//
//   port        kernel                       sleeps in                          kernel object
//   futex       Linux                        futex(FUTEX_WAIT)                  none
//   semaphore   Darwin, every release        semaphore_wait_trap, _timedwait    one Mach semaphore a thread that ever slept
//   ulock       Darwin 16 (10.12) and later  ulock_wait                         none
//
// futex and ulock are one algorithm over a word (port_word.h). Darwin chooses in port_choice_darwin.cpp.
//
// A semaphore belongs to a thread, not to a lock: the word lies in the thread's block, so a million idle locks cost no
// kernel object, and it goes when the thread goes. It is binary: between two wake-ups there is always one sleep, because
// whoever wakes has first taken the sleeper out of a list, and only one can. To wake many is to wake each of a list: there is
// no herd, and no operation for it that the two kernels would share.
// Rejected: the seed's semaphore in every lock (never destroyed, and a race to create it), a futex on the lock's word
// (there is none on Darwin before 10.12: two algorithms to prove).
#pragma once
#include "sys/types.h"

namespace trapeze {

struct ThreadSema {
    u64* word;  // Tls::sema of the owner: 0 until first used
};

// Create: the calling thread's semaphore, made if need be. Only the owner calls it, and before others may learn of it.
// Does not return if the kernel has no semaphore to give: that is said by name.
ThreadSema semacreate();

// Blocks the owner's thread until a wake-up, which it consumes: true. With deadline >= 0 (nanotime's clock) at most until
// then: false if none came. Signals do not end the sleep. What the waker did before is seen.
bool semasleep(ThreadSema s, i64 deadline);

// Lets the owner's semasleep return, the present one or the next. Never blocks; a signal handler may call it.
void semawakeup(ThreadSema s);

// Destroy: the semaphore goes with its thread; where there is something to give back, semacreate sets Tls::at_exit to the
// routine.

}  // namespace trapeze
