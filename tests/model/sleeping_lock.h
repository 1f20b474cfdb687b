// SPDX-License-Identifier: BSD-3-Clause
// Lock as a thread's other waits have to reckon with it: who does not get it sleeps on the calling thread's own semaphore, and whatever
// wakes that ends the sleep. Else as blocking_lock.h. For `// for sync/lock.h: tests/model/sleeping_lock.h`.
#pragma once
#include "model.h"
#include "sync/atomic.h"
#include "sync/port.h"

namespace trapeze {

struct Lock {
    Atomic<u64> word;
    ThreadSema queue[4];  // who sleeps, first in front
    u32 n;
};

[[gnu::no_sanitize("thread")]] inline bool trylock(Lock* l) {
    model::look("tries the lock", l);
    model::seen(*l->word.address());
    if (*l->word.address()) return false;
    *l->word.address() = 1;
    model::observe(l);
    model::touch(l->word.address());
    model::changed();
    return true;
}
[[gnu::no_sanitize("thread")]] inline void lock(Lock* l) {
    while (!trylock(l)) {
        l->queue[l->n++] = semacreate();
        (void)semasleep(semacreate(), -1);
    }
}
[[gnu::no_sanitize("thread")]] inline void unlock(Lock* l) {
    model::look("unlocks", l);  // where others may come that find it held
    if (!*l->word.address()) model::fail("unlock of a Lock that nobody holds");
    model::touch(l->word.address());
    model::publish(l);
    *l->word.address() = 0;
    model::changed();
    model::seen(l->n);
    if (!l->n) return;
    const ThreadSema first = l->queue[0];
    l->n--;
    for (u32 i = 0; i < l->n; i++) l->queue[i] = l->queue[i + 1];
    l->queue[l->n] = {};
    semawakeup(first);
}

}  // namespace trapeze
