// SPDX-License-Identifier: BSD-3-Clause
// Threads on Linux: clone with our own block as FS base.
#include "sys/thread.h"

#include "sys/auxv_linux.h"
#include "sys/calls.h"
#include "sys/panic.h"

namespace trapeze {

extern "C" i64 thread_clone(u64 flags, void* stack, u32* parent_tid, u32* child_tid, Thread* tls);

// The frame that the kernel pushes (AVX-512 and more: AT_MINSIGSTKSZ, 3,376 bytes and up) and room for the handler.
usize signal_stack_size() {
    usize frame = auxval(lnx::AT_MINSIGSTKSZ);
    if (frame < 4096) frame = 4096;
    return (frame + 16384 + page_size - 1) & ~(page_size - 1);
}

void set_signal_stack(u8* base) {
    lnx::stack_t st = {reinterpret_cast<u64>(base), 0, 0, signal_stack_size()};
    Result r = sys_sigaltstack(&st, nullptr);
    if (r.failed()) die_errno("sigaltstack", r);
}

u64 block_signals() {
    u64 all = ~u64{0}, before = 0;
    Result r = sys_rt_sigprocmask(lnx::SIG_SETMASK, &all, &before, sizeof all);
    if (r.failed()) die_errno("rt_sigprocmask", r);
    return before;
}

void restore_signals(u64 mask) { (void)sys_rt_sigprocmask(lnx::SIG_SETMASK, &mask, nullptr, sizeof mask); }

u32 thread_self() { return static_cast<u32>(sys_gettid().raw); }

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
