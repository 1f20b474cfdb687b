// SPDX-License-Identifier: BSD-3-Clause
// tlock queues like lock. When its time is up it takes itself off the queue, which it has to own for that: until it does, somebody who
// was woken is on the way, or it was woken itself, and then has the duty to take the lock or to pass the wake-up on.
// Rejected: trying now and then without queueing, which never gets a lock that is never free when it looks.
#include "sync/lock.h"

#include "sync/lock_queue.h"
#include "sys/os.h"

namespace trapeze {
namespace {

using namespace lock_queue;

constexpr i64 retry = 20'000;  // ns: how long a wake-up takes that is on its way to another

// Gives the queue up, which is the caller's, without having got the lock.
void hand_on(Lock* l) {
    u64 v = l->word.load(acquire);
    for (;;) {
        if (newest(v) && !(v & held)) return wake_oldest(l, v);
        if (l->word.cas(v, v & ~woken, acq_rel)) return;  // with the acquire of who owns the queue next
    }
}

// Takes `me`, which is in the queue, off it. The queue is the caller's.
void remove(Lock* l, Waiter* me, u64 v) {
    for (;;) {
        Waiter* last = newest(v);
        Waiter* first = oldest(last);
        if (me == last) {
            const u64 rest = me == first ? 0 : reinterpret_cast<u64>(me->older);
            if (rest) me->older->oldest = first;
            if (l->word.cas(v, rest | (v & flags), acquire)) return;  // fails if one more has come: its push's release
            continue;
        }
        Waiter* newer = me->newer;
        if (me == first) {
            last->oldest = newer;
        } else {
            newer->older = me->older;
            me->older->newer = newer;
        }
        return;
    }
}

}  // namespace

bool tlock(Lock* l, i64 deadline) {
    Waiter me;
    for (u64 mine = 0; !take_or_queue(l, &me, mine); mine = woken) {
        bool was_woken = semasleep(me.sema, deadline);
        while (!was_woken) {
            u64 v = l->word.load(relaxed);
            while (!(v & woken))
                if (l->word.cas(v, v | woken, acquire)) {
                    remove(l, &me, v);
                    hand_on(l);
                    return false;
                }
            cpu_pause();
            was_woken = semasleep(me.sema, nanotime() + retry);
        }
    }
    return true;
}

}  // namespace trapeze
