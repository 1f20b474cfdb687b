// SPDX-License-Identifier: BSD-3-Clause
// See thread.h.
#include "sys/thread.h"

#include <new>

#include "sys/panic.h"

namespace trapeze {

static usize mapping_size() { return 2 * page_size + signal_stack_size() + thread_stack_size; }

[[gnu::cold]] Thread* thread_create(void (*fn)(void*), void* arg, Result* error) {
    const usize size = mapping_size();
    *error = pages_map(size);
    if (error->failed()) return nullptr;
    u8* base = reinterpret_cast<u8*>(error->value());
    u8* lower_guard = base;
    u8* upper_guard = base + page_size + signal_stack_size();
    *error = pages_guard(lower_guard, page_size);
    if (error->ok()) *error = pages_guard(upper_guard, page_size);
    Thread* t = new (base + size - ((sizeof(Thread) + 63) & ~usize{63})) Thread{};
    t->tls.self = &t->tls;
    t->fn = fn;
    t->arg = arg;
    t->mapping = base;
    (void)signals_setmask(SignalSet::all(), &t->mask);
    if (error->ok()) *error = thread_spawn(t);
    (void)signals_setmask(t->mask);
    if (error->ok()) return t;
    (void)pages_unmap(base, size);
    return nullptr;
}

void thread_join(Thread* t) {
    thread_wait(t);
    (void)pages_unmap(t->mapping, mapping_size());
}

void thread_main(Thread* t) {
    Result r = signal_stack(t->mapping + page_size, signal_stack_size());
    if (r.failed()) die_errno("sigaltstack", r);
    (void)signals_setmask(t->mask);
    t->fn(t->arg);
    (void)signals_setmask(SignalSet::all());  // no handler may use the block once parts of it are given back
    if (t->tls.at_exit) t->tls.at_exit();
    thread_exit(t);
}

}  // namespace trapeze
