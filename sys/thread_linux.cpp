// SPDX-License-Identifier: BSD-3-Clause
// Threads on Linux: clone with our own block as FS base.
#include "sys/thread.h"

#include "sys/calls.h"

namespace trapeze {

extern "C" i64 thread_clone(u64 flags, void* stack, u32* parent_tid, u32* child_tid, Thread* tls);

u32 thread_self() { return static_cast<u32>(sys_gettid().raw); }

void thread_yield() { (void)sys_sched_yield(); }

Result thread_kill(Thread* t, i32 signal) {
    const u32 id = __atomic_load_n(&t->procid, __ATOMIC_ACQUIRE);
    if (!id) return Result::error(lnx::ESRCH);
    return sys_tgkill(static_cast<i32>(sys_getpid().raw), static_cast<i32>(id), signal);
}

Result thread_spawn(Thread* t) {
    // PARENT_SETTID and CHILD_CLEARTID name the same word: set before clone returns, zeroed and woken when the thread has
    // left its stack for good.
    constexpr u64 flags = lnx::CLONE_VM | lnx::CLONE_FS | lnx::CLONE_FILES | lnx::CLONE_SIGHAND | lnx::CLONE_THREAD |
                          lnx::CLONE_SYSVSEM | lnx::CLONE_SETTLS | lnx::CLONE_PARENT_SETTID | lnx::CLONE_CHILD_CLEARTID;
    t->tls.canary = tls()->canary;
    return {thread_clone(flags, t, &t->procid, &t->procid, t)};
}

void thread_exit(Thread*) { sys_exit(0); }

void thread_wait(Thread* t) {
    // The kernel's wake-up at CLEARTID is not a private one.
    while (u32 id = __atomic_load_n(&t->procid, __ATOMIC_ACQUIRE)) (void)sys_futex(&t->procid, lnx::FUTEX_WAIT, id, nullptr, nullptr, 0);
}

}  // namespace trapeze
