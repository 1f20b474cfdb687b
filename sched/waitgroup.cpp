// SPDX-License-Identifier: BSD-3-Clause
// See waitgroup.h. The last done with a waiter takes the whole list in the same step, under list.lock, in which the counter becomes 0:
// an add that comes after cannot keep those who waited, and a wait that comes after is another round.
#include "sched/waitgroup.h"

#include "sys/panic.h"

namespace trapeze {

namespace {
constexpr i64 waiting = 1, one = 2;
}

void WaitGroup::add(i64 n) {
    i64 v = word.load(relaxed);
    for (;;) {
        const i64 count = (v >> 1) + n;
        if (count < 0) panic("WaitGroup: negative counter");
        if (count == 0 && v & waiting) break;
        if (word.cas(v, v + n * one, release)) return;  // release: with the acquire of the last done, and of wait
    }
    lock(&list.lock);
    v = word.load(relaxed);
    for (;;) {
        const i64 count = (v >> 1) + n;
        if (count < 0) panic("WaitGroup: negative counter");
        if (word.cas(v, count ? v + n * one : 0, acq_rel)) {
            G* chain = nullptr;
            G** end = &chain;
            if (!count)
                while (Waiter* w = list.take()) {
                    *end = w->g();
                    end = &w->g()->schedlink;
                }
            *end = nullptr;
            unlock(&list.lock);
            return ready_all(chain);
        }
    }
}

Waited WaitGroup::wait_until(Until until) {
    if (word.load(acquire) >> 1 == 0) return Waited::done;
    Waiter w(&list, until);
    lock(&list.lock);
    i64 v = word.load(acquire);
    do {
        if (v >> 1 == 0 || w.ended != Waited::done) {
            unlock(&list.lock);
            return v >> 1 == 0 ? Waited::done : w.ended;
        }
    } while (!word.cas(v, v | waiting, acquire));
    list.put(&w);
    list.park(&w, Wait{"waitgroup wait"}, this);
    return w.granted ? Waited::done : w.ended;
}

}  // namespace trapeze
