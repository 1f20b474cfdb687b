// SPDX-License-Identifier: BSD-3-Clause
// Host threads for guest threads. See thread.h; the guest's calls are in bsd_thread.cpp.
#include "tools/xnurun/thread.h"

#include "sys/mem.h"
#include "tools/xnurun/ports.h"
#include "tools/xnurun/process.h"
#include "tools/xnurun/report.h"
#include "tools/xnurun/signal.h"

namespace trapeze {

HostLock threads_lock, regions_lock;
Thread* threads;
u32 threads_living, threads_started;
bool use_fsgsbase;
Process first_process;

namespace {

// Room for the deepest nesting: a trap, an asynchronous signal in it, a fault in that one; each frame carries the whole
// extended state (up to 11 KiB with AMX), each handler below 8 KiB.
constexpr u64 host_stack_size = 0x14000, guard_size = 0x1000;

constexpr i32 pr_set_syscall_user_dispatch = 59, pr_sys_dispatch_on = 1;

u64 host_stack_low(const Thread& t) { return t.region + guard_size; }

// Regions of threads that have ended, for new ones: neither mapped nor touched once more. Under regions_lock. One on which its
// thread still stands is passed over.
Thread* kept;
u32 kept_count;
constexpr u32 most_kept = 64;

Thread* take_kept() {
    Locked hold(regions_lock);
    for (Thread** at = &kept; *at; at = &(*at)->next) {
        Thread* t = *at;
        if (__atomic_load_n(&t->on_stack, __ATOMIC_ACQUIRE)) continue;
        *at = t->next;
        kept_count--;
        return t;
    }
    return nullptr;
}

// False: there are enough.
bool keep(Thread* t) {
    Locked hold(regions_lock);
    if (kept_count == most_kept) return false;
    t->next = kept;
    kept = t;
    kept_count++;
    return true;
}

Thread* set_up(u64 region, u64 size, Thread* t) {
    t->tls.self = &t->tls;
    t->trace = {0, t->trace_text, sizeof t->trace_text};
    t->region = region;
    t->fast_frame = (region + guard_size + host_stack_size - sizeof(HostContext)) & ~63ull;
    t->region_size = size;
    t->altstack.ss_flags = xnu::SS_DISABLE;
    t->process = &first_process;
    return t;
}

}  // namespace

Thread* thread_new() {
    if (Thread* t = take_kept()) {
        const u64 region = t->region, region_size = t->region_size;
        memset(static_cast<void*>(t), 0, sizeof *t);
        return set_up(region, region_size, t);
    }
    const u64 size = guard_size + host_stack_size + ((sizeof(Thread) + 4095) & ~4095ull);
    // The first one's lies among the emulator's own pages: a program that starts pays for each mapping and each table of pages.
    const i64 r = threads ? host(lnx::SYS_mmap, 0, size, lnx::PROT_READ | lnx::PROT_WRITE, lnx::MAP_PRIVATE | lnx::MAP_ANON, -1, 0)
                          : static_cast<i64>(as_word(host_pages(size)));
    if (host_failed(r)) return nullptr;
    // A guard that is no mapping of its own, where the host has that.
    if (host_failed(host(lnx::SYS_madvise, r, guard_size, lnx::MADV_GUARD_INSTALL))) host(lnx::SYS_mprotect, r, guard_size, lnx::PROT_NONE);
    Thread* t = reinterpret_cast<Thread*>(static_cast<u64>(r) + guard_size + host_stack_size);
    constexpr u64 first_used = 0x2000;  // a trap's frames; with the Thread, in one call instead of three page faults
    host(lnx::SYS_madvise, reinterpret_cast<u64>(t) - first_used, size - guard_size - host_stack_size + first_used, lnx::MADV_POPULATE_WRITE);
    return set_up(static_cast<u64>(r), size, t);
}

void thread_free(Thread* t) {
    if (!keep(t)) host(lnx::SYS_munmap, t->region, t->region_size);
}

void thread_list_add(Thread& t) {
    Locked hold(threads_lock);
    t.next = threads;
    t.previous = nullptr;
    if (threads) threads->previous = &t;
    threads = &t;
    threads_living++;
    threads_started++;
}

bool thread_list_remove(Thread& t) {
    Locked hold(threads_lock);
    (t.previous ? t.previous->next : threads) = t.next;
    if (t.next) t.next->previous = t.previous;
    return --threads_living == 0;
}

void thread_list_replace(Thread& old, Thread& by) {
    Locked hold(threads_lock);
    by.next = old.next;
    by.previous = old.previous;
    (old.previous ? old.previous->next : threads) = &by;
    if (old.next) old.next->previous = &by;
}

Thread* thread_of_port(Port* port) {
    for (Thread* t = threads; t; t = t->next)
        if (t->port == port) return t;
    return nullptr;
}

void arm_thread(Thread& t) {
    lnx::stack_t stack{host_stack_low(t), 0, 0, host_stack_size};
    host(lnx::SYS_sigaltstack, &stack, 0);
    const u64 begin = reinterpret_cast<u64>(__executable_start), size = reinterpret_cast<u64>(etext) - begin;
    const i64 r = host(lnx::SYS_prctl, pr_set_syscall_user_dispatch, pr_sys_dispatch_on, begin, size, 0);
    if (host_failed(r))
        give_up("this kernel has no Syscall User Dispatch (prctl ", pr_set_syscall_user_dispatch, ": errno ", -r,
                "): Linux 5.11 or newer with CONFIG_GENERIC_ENTRY is needed");
}

void thread_end(Thread& t) {
    const u64 all = ~0ull;
    host(lnx::SYS_rt_sigprocmask, lnx::SIG_SETMASK, &all, 0, 8);  // no handler on a stack that goes away
    if (t.process->vforked || thread_list_remove(t)) exit_run(0);
    port_thread_ended(t);
    const u64 region = t.region;  // t may be another's thread as soon as this one has left it
    u64 size = t.region_size;
    if (!t.is_main && keep(&t)) size = 0;  // the first one's end is not told in on_stack
    host_thread_exit(region, size);
}

void fork_child_threads() {
    Thread& me = self();
    threads_lock.reset();
    regions_lock.reset();
    for (Thread* t = threads; t;) {
        Thread* next = t->next;
        if (t != &me) thread_free(t);
        t = next;
    }
    for (Thread* t = kept; t; t = t->next) t->on_stack = 0;  // nobody stands there in this process
    me.next = me.previous = nullptr;
    threads = &me;
    threads_living = 1;
    me.pending = me.attention = me.suspend_count = 0;
    me.halted = false;
    me.frames = 0;  // whose tokens are its parent's: osfmk makes a new thread, uthread_init
    me.sigreturn_token = 0;
    process().pid = me.tid = static_cast<i32>(host(lnx::SYS_gettid));
    arm_thread(me);
}

void set_gs_base(Thread& t, u64 base) {
    t.gs_base = base;
    if (use_fsgsbase) asm volatile("wrgsbase %0" : : "r"(base) : "memory");
    else host(lnx::SYS_arch_prctl, lnx::ARCH_SET_GS, base);
}

void init_host_context(Thread& t, HostContext& c) {
    c = {};
    c.uc_flags = 6;  // UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS
    c.uc_stack = {host_stack_low(t), 0, 0, host_stack_size};
    c.uc_mcontext.cs = 0x33;
    c.uc_mcontext.ss = 0x2b;
    c.uc_mcontext.eflags = 0x200;
    c.uc_sigmask = host_mask(t.mask);
}

}  // namespace trapeze
