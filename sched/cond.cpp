// SPDX-License-Identifier: BSD-3-Clause
// See cond.h. The Mutex is unlocked with list.lock held and the waiter queued: a signal after that finds it, and gets the lock only when
// it has parked. Order of locks: a Cond's list, then the Mutex's.
#include "sched/cond.h"

#include "sys/panic.h"

namespace trapeze {

Waited Cond::wait_until(Mutex& m, Until until) {
    if (!m.locked()) panic("Cond: wait with an unlocked Mutex");
    Waited how;
    {
        Waiter w(&list, until);
        lock(&list.lock);
        if (w.ended == Waited::done) {
            list.put(&w);
            m.unlock();
            list.park(&w, Wait{"cond wait"}, this);
            how = w.granted ? Waited::done : w.ended;
        } else {
            unlock(&list.lock);
            return w.ended;
        }
    }
    m.lock();
    return how;
}

void Cond::signal() {
    lock(&list.lock);
    Waiter* w = list.take();
    G* g = w ? w->g() : nullptr;
    unlock(&list.lock);
    if (g) ready(g);
}

void Cond::broadcast() {
    lock(&list.lock);
    G* chain = nullptr;
    G** end = &chain;
    while (Waiter* w = list.take()) {
        *end = w->g();
        end = &w->g()->schedlink;
    }
    *end = nullptr;
    unlock(&list.lock);
    ready_all(chain);
}

}  // namespace trapeze
