// SPDX-License-Identifier: BSD-3-Clause
// The per-thread block on Linux: FS base points at it (arch_prctl for the first thread, CLONE_SETTLS for the others).
//
// Offsets are an ABI that we do not choose: self first (as every TLS block on amd64), the canary at fs:0x28 where
// -fstack-protector code looks, the stack limit at fs:0x70 where -fsplit-stack code looks (0: never grow).
// Every thread that runs our code has one. No thread_local: a goroutine may wake on another thread, so tls() must be
// read anew after each switch; the volatile asm keeps the compiler from remembering it.
#pragma once
#include "sys/types.h"

namespace trapeze {

struct M;
struct G;
struct MalCache;

struct Tls {
    Tls* self;
    M* m;             // the thread's M, null without a scheduler
    G* g;             // the goroutine that runs on it
    u64 sema;         // the thread's semaphore (sync/port.h)
    void (*at_exit)(); // what the thread calls last, on its own stack (semacreate sets it); null: nothing
    u64 canary;
    MalCache* mal;     // where the thread may allocate without a lock, or null (sync/malcache.h)
    u64 reserved[7];
    u64 stack_limit;
};

static_assert(offsetof(Tls, self) == 0 && offsetof(Tls, m) == 8 && offsetof(Tls, g) == 16);
static_assert(offsetof(Tls, canary) == 0x28 && offsetof(Tls, stack_limit) == 0x70);

inline Tls* tls() {
    Tls* t;
    asm volatile("movq %%fs:0, %0" : "=r"(t));
    return t;
}
inline M* getm() {
    M* m;
    asm volatile("movq %%fs:8, %0" : "=r"(m));
    return m;
}
inline G* getg() {
    G* g;
    asm volatile("movq %%fs:16, %0" : "=r"(g));
    return g;
}

}  // namespace trapeze
