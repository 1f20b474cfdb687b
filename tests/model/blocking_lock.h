// SPDX-License-Identifier: BSD-3-Clause
// Lock as those above it may rely on it, in one step each: it blocks, one has it at a time, and who takes it sees what was done under it.
// lock.cpp proves the shipped one; over this, scenarios go deeper. For `// for sync/lock.h: tests/model/blocking_lock.h`.
#pragma once
#include "model.h"
#include "sync/atomic.h"

namespace trapeze {

struct Lock {
    Atomic<u64> word;
};

[[gnu::no_sanitize("thread")]] inline void lock(Lock* l) {
    do model::wait([](void* a) { return *static_cast<u64*>(a) == 0; }, l->word.address(), "lock");
    while (*l->word.address());
    *l->word.address() = 1;
    model::observe(l);
    model::touch(l->word.address());
}
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
[[gnu::no_sanitize("thread")]] inline void unlock(Lock* l) {
    if (!*l->word.address()) model::fail("unlock of a Lock that nobody holds");
    model::touch(l->word.address());
    model::publish(l);
    *l->word.address() = 0;
    model::changed();
}

}  // namespace trapeze
