// SPDX-License-Identifier: BSD-3-Clause
// OS threads: the model's. They need not end.
#pragma once
#include "sys/os.h"

namespace trapeze {

struct Thread {
    Tls tls;  // first, as the real one
    u8* mapping;
    u32 procid;
};

inline void thread_yield() { model::pause(); }
inline usize signal_stack_size() { return 0; }

[[gnu::no_sanitize("thread")]] inline Thread* thread_create(void (*fn)(void*), void* arg, Result*) {
    Thread* t = model::fresh<Thread>("thread");
    tls_of_thread[model::spawn(fn, arg, true)] = &t->tls;
    return t;
}

}  // namespace trapeze
