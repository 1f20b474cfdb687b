// SPDX-License-Identifier: BSD-3-Clause
// lock and unlock; the word and its table are in lock_queue.h.
#include "sync/lock.h"

#include "sync/lock_queue.h"
#include "sys/panic.h"

namespace trapeze {
namespace lock_queue {

[[gnu::cold]] void wake_oldest(Lock* l, u64 v) {
    Waiter* w;
    do {
        Waiter* last = newest(v);
        w = oldest(last);
        if (w != last) {
            last->oldest = w->newer;
            break;
        }
    } while (!l->word.cas(v, v & flags, acquire));  // fails if one more has come: its push's release
    semawakeup(w->sema);
}

[[gnu::cold]] bool take_or_queue(Lock* l, Waiter* me, u64 mine) {
    u64 v = l->word.load(relaxed);
    // survives if true: it is only late; survives if false: who does not spin sleeps
    if (v & held) (void)spin_seldom([&] { return !((v = l->word.load(relaxed)) & held); });
    me->sema = {};
    for (;;) {
        if (!(v & held)) {
            if (l->word.cas(v, (v | held) & ~mine, acq_rel)) return true;  // release: the queue, which was this thread's
            continue;
        }
        if (!me->sema.word) me->sema = semacreate();  // survives if true: making it again gives the same one
        me->older = newest(v);
        me->oldest = me->older ? nullptr : me;
        if (l->word.cas(v, reinterpret_cast<u64>(me) | (v & flags & ~mine), release)) return false;  // with the acquire of who owns the queue next
    }
}

}  // namespace lock_queue

using namespace lock_queue;

namespace {

[[gnu::cold]] void lock_slow(Lock* l) {
    Waiter me;
    for (u64 mine = 0; !take_or_queue(l, &me, mine); mine = woken) (void)semasleep(me.sema, -1);
}

// After the cas that lets the lock go it is looked at no more: it may be gone with the one who took it. Except as the owner of the queue,
// in which somebody waits for it.
[[gnu::cold]] void unlock_slow(Lock* l) {
    for (u64 v = l->word.load(relaxed);;) {
        if (!(v & held)) throw_("unlock of a Lock that nobody holds");  // survives if false: only misuse comes here
        const bool wakes = newest(v) && !(v & woken);
        const u64 next = (wakes ? v | woken : v) & ~held;
        if (!l->word.cas(v, next, acq_rel)) continue;  // acquire: with the release of who queued
        if (wakes) wake_oldest(l, next);
        return;
    }
}

}  // namespace

bool trylock(Lock* l) { return !(l->word.load(relaxed) & held) && !(l->word.set_bits(held, acquire) & held); }

void lock(Lock* l) {
    if (l->word.set_bits(held, acquire) & held) lock_slow(l);
}

void unlock(Lock* l) {
    u64 v = held;
    if (!l->word.cas(v, 0, release)) unlock_slow(l);
}

}  // namespace trapeze
