// SPDX-License-Identifier: BSD-3-Clause
// The per-thread block on Darwin: GS base points at it (machdep call 3, thread_fast_set_cthread_self64).
//
// Self first, as libpthread's TSD slot 0. The stack limit is at gs:0x330 where clang's -fsplit-stack code for macOS looks
// (0: never grow); the canary is the symbol __stack_chk_guard there, so the block has none.
// XNU starts a new thread with GS base 0 (osfmk/i386/pcb.c machine_thread_create): the thread's first trap sets it.
// See sys/linux/tls.h on why the accessors are volatile.
#pragma once
#include "sys/types.h"

namespace trapeze {

struct M;
struct G;
struct MalCache;

struct Tls {
    Tls* self;
    M* m;     // the thread's M, null without a scheduler
    G* g;     // the goroutine that runs on it
    u64 sema; // the thread's semaphore (sync/port.h)
    u32 reply_port;  // the thread's port for answers to Mach RPC, made when first needed
    u32 thread_port; // the kernel's name of the thread, with a right to it; 0 until asked for
    void (*at_exit)(); // what the thread calls last, on its own stack (semacreate sets it); null: nothing
    MalCache* mal;     // where the thread may allocate without a lock, or null (sync/malcache.h)
    u64 reserved[95];
    u64 stack_limit;
};

static_assert(offsetof(Tls, self) == 0 && offsetof(Tls, m) == 8 && offsetof(Tls, g) == 16);
static_assert(offsetof(Tls, stack_limit) == 0x330);

inline Tls* tls() {
    Tls* t;
    asm volatile("movq %%gs:0, %0" : "=r"(t));
    return t;
}
inline M* getm() {
    M* m;
    asm volatile("movq %%gs:8, %0" : "=r"(m));
    return m;
}
inline G* getg() {
    G* g;
    asm volatile("movq %%gs:16, %0" : "=r"(g));
    return g;
}

}  // namespace trapeze
