// SPDX-License-Identifier: BSD-3-Clause
// Inside Lock: its word and the queue of those who sleep. For lock.cpp and lock_timed.cpp alone.
//
//   bit 0          held: some thread holds the lock. Set by lock, acquire, with unlock's release
//   bit 1          woken: the queue is somebody's: of an unlock until it wakes the one that it took off; then of that one, until it has
//                  the lock or queues again; of a tlock whose time is up while it takes itself off. Nobody else is woken meanwhile
//   bits 63..3     the latest sleeper's Waiter (on its stack), or 0; linked to earlier ones
//
//   word                    lock, trylock                       unlock
//   0                       -> held                             fatal: nobody holds it
//   held                    spin; -> mine|held, sleep           -> 0
//   waiters|held            spin; -> mine|held, sleep           -> waiters|woken, wake the oldest
//   [waiters|]woken|held    the same                            -> [waiters|]woken
//   [waiters|]woken         -> held too (barges in)             fatal
//   waiters                 cannot be
//
// Why no wake-up is lost: a thread sleeps only after its cas put it into the word while that said held, or woken, which it was itself. The
// unlock that clears held does so by a cas that saw it, and either finds woken set, then the duty to wake is with who set it, or
// sets woken and wakes. Woken is cleared by who was woken in the cas by which it gets the lock, whose unlock looks again; or by which it
// queues again, while held: the holder's unlock looks. A tlock that leaves passes it on (hand_on).
// Letting go is one cas, after which the Lock is left alone: it may be gone with who has it next. Only who owns the queue, in which somebody
// waits, comes back to it.
//
// The queue is first in, first out: a Waiter newly put in knows only the one before it. Who owns the queue walks from the newest to the
// first that knows the oldest, leaving links to newer ones as it goes, and notes the oldest in the newest: each Waiter is
// passed once, however many there are. What newer threads see of the queue is the word alone.
// A woken thread may lose to one that barges in, and queues again as the newest. Rejected: handing the lock over to the woken thread, which
// makes all wait for a thread switch (8 µs here, against 20 ns), or after some losses only: who holds a Lock holds it for
// a few instructions, and a bound is what a goroutine's Mutex gives; a stack of sleepers, where the first may sleep for ever; waking at
// each unlock without woken, three times as slow with two threads (all the woken find it held).
#pragma once
#include "sync/lock.h"
#include "sync/port.h"

namespace trapeze::lock_queue {

constexpr u64 held = 1, woken = 2, flags = 7;

struct Waiter {
    Waiter* older;
    Waiter* newer;   // valid between the oldest and the newest Waiter with `oldest`
    Waiter* oldest;  // of the queue; only the one nearest to the newest is right, 0: it was not walked yet
    ThreadSema sema;
};

inline Waiter* newest(u64 v) { return reinterpret_cast<Waiter*>(v & ~flags); }

// The oldest Waiter, for the owner of the queue; the newest knows it afterwards.
inline Waiter* oldest(Waiter* newest) {
    Waiter* w = newest;
    for (; !w->oldest; w = w->older) w->older->newer = w;
    return newest->oldest = w->oldest;
}

// Takes the oldest Waiter off and wakes it, which then owns the queue. v: the word, read with acquire.
void wake_oldest(Lock* l, u64 v);

// Takes the lock, after a while of spinning: true. Or queues `me`: false, it must sleep. mine: woken if this thread was woken.
bool take_or_queue(Lock* l, Waiter* me, u64 mine);

}  // namespace trapeze::lock_queue
