// SPDX-License-Identifier: BSD-3-Clause
// The lock's algorithm, over the thread semaphores of port.h.
//
// The word is a held bit and a stack of sleepers:
//
//   bit 0          1: some thread holds the lock. Set by lock with acquire, cleared by unlock with release.
//   bits 63..1     the latest sleeper's Waiter (on its stack, 8-aligned), or 0. Waiters are linked to earlier ones.
//
//   word             lock                                unlock
//   0                -> held                             broken invariant
//   held             spin, then -> waiter|held, sleep    -> 0
//   waiter|held      spin, then -> mine|held, sleep      -> next waiter (held cleared), wake that one
//   waiter           -> waiter|held (barges in)          broken invariant
//
// Why no wake-up is lost: a thread sleeps only after its cas put it into the word while the word said held; the holder's
// unlock must then either see it or fail its own cas and look again. Only the holder takes waiters out, so the
// stack's top cannot go and come back between its load and its cas (no ABA). A thread that was woken has been taken out
// and starts over: one wake-up for each sleep, never more.
// A woken thread may lose to one that barges in; it then queues again in front, so it is next. Rejected: handing the lock
// over to the woken thread, which makes everybody wait for a thread switch (8 µs here, against 20 ns).
#include "sync/lock.h"

#include "sync/port.h"
#include "sys/panic.h"

namespace trapeze {
namespace {

constexpr u64 held = 1;

struct Waiter {
    Waiter* next;
    ThreadSema sema;
};

void lock_slow(Lock* l) {
    for (;;) {
        u64 v = l->word.load(relaxed);
        for (int i = 0; i < spin_looks && v & held; i++) {
            cpu_pause();
            v = l->word.load(relaxed);
        }
        Waiter me;
        for (bool made = false;;) {
            if (!(v & held)) {
                if (l->word.cas(v, v | held, acquire)) return;
                continue;
            }
            if (!made) {  // survives if true: making it again gives the same one; it only costs time
                me.sema = semacreate();
                made = true;
            }
            me.next = reinterpret_cast<Waiter*>(v & ~held);
            if (l->word.cas(v, reinterpret_cast<u64>(&me) | held, release)) break;  // unlock reads me with acquire
        }
        (void)semasleep(me.sema, -1);
    }
}

}  // namespace

bool trylock(Lock* l) {
    u64 v = l->word.load(relaxed);
    return !(v & held) && l->word.cas(v, v | held, acquire);
}

void lock(Lock* l) {
    u64 v = 0;
    if (!l->word.cas(v, held, acquire)) lock_slow(l);
}

void unlock(Lock* l) {
    u64 v = held;
    if (l->word.cas(v, 0, release)) return;
    for (;;) {
        if (!(v & held)) throw_("unlock of a Lock that nobody holds");  // survives if false: only misuse comes here
        v = l->word.load(acquire);  // with the release that put the waiter there: there is one, and only the holder removes it
        Waiter* w = reinterpret_cast<Waiter*>(v & ~held);
        if (l->word.cas(v, reinterpret_cast<u64>(w->next), release)) {
            semawakeup(w->sema);
            return;
        }
    }
}

}  // namespace trapeze
