// SPDX-License-Identifier: BSD-3-Clause
// See waitgroup.h. The last done with a waiter takes the whole list in the same step, under list.lock, in which the counter becomes 0:
// an add that comes after cannot keep those who waited, and a wait that comes after is another round.
// It leaves `waiting` set: until it has released list.lock nobody passes by who would then give the WaitGroup's memory back.
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
        // With the releases of the other dones, whose work is to be seen. survives if true: it fails only for one that adds without being counted
        if (word.cas(v, v + n * one, acquire)) {
            G* chain = nullptr;
            G** end = &chain;
            if (!count)  // survives if true: the same
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
    if (word.load(acquire) == 0) return Waited::done;  // with the releases of the dones. survives if false: list.lock says the same
    Waiter w(&list, until);
    lock(&list.lock);
    i64 v = word.load(acquire);  // with the releases of the dones, here and where the cas fails
    do {
        if (v >> 1 == 0 || w.ended != Waited::done) {
            if (v == waiting) (void)word.cas(v, 0, relaxed);  // survives if false: the next done locks in vain
            unlock(&list.lock);
            return v >> 1 == 0 ? Waited::done : w.ended;
        }
    } while (!word.cas(v, v | waiting, acquire));  // where it fails: with the releases of the dones
    list.put(&w);
    list.park(&w, Wait{"waitgroup wait"}, this);
    return w.granted ? Waited::done : w.ended;
}

}  // namespace trapeze
