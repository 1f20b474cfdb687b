// SPDX-License-Identifier: BSD-3-Clause
// The state a thread starts with, and the four arguments it ends with (xnu-3248, libpthread-138 kern/kern_support.c).
#include "tests/conformance/darwin_raw.h"

void raw_handler(u64, i32, i32, u8*, u8*, u64) {}

constexpr u64 custom = 0x01000000;
static u32 ended;
static Regs start;
static volatile u32 own_name;
static volatile u64 own_mask;

void raw_thread(Regs* r) {
    u32 mask = 0;
    call(bsd + 329, 1, 0, &mask);
    own_mask = mask;
    own_name = static_cast<u32>(call(mach + 27));
    call(mach + 18, task_self(), own_name);
    // Nothing of the stack is given back (it is the program's own); the semaphore tells the creator; the port right goes.
    call(bsd + 361, 0, 0, r->rsi, ended);
    for (;;) {}
}

static u64 map(u64 size) { return call(bsd + 197, 0, size, 3, 0x1002, 0xffffffff, 0); }

int raw_main(int, char**) {
    say("TAP version 13\n");
    semaphore_create(0, ended);
    {
        Trap t(bsd + 360, 1, 2, 3, 4, custom);
        same(static_cast<i64>(t.go().r.rax), 22, "bsdthread_create before bsdthread_register is EINVAL");
    }
    check(!Trap(bsd + 366, raw_thread_entry, 0, 0, 0, 0, 0, 0).go().failed(), "bsdthread_register");
    {
        Trap t(bsd + 366, raw_thread_entry, 0, 0, 0, 0, 0, 0);
        check(t.go().failed() && t.r.rax == 22, "a second time it is EINVAL");
    }
    const u64 size = 16384, stack = map(size) + size;
    u32 mask = 1u << (30 - 1), old = 0;
    call(bsd + 329, 3, &mask, &old);
    Trap t(bsd + 360, 0x1111222233334444, &start, stack, 0x5555666677778888, custom);
    t.r.rflags |= 0x8d5 & ~0x100;  // CF PF AF ZF SF OF: none of them is the new thread's
    t.go();
    check(!t.failed(), "bsdthread_create");
    same(static_cast<i64>(t.r.rax), 0x5555666677778888, "gives its pthread argument");
    same(semaphore_timedwait(ended, 10, 0), 0, "the thread runs, and its end signals the semaphore");
    same(static_cast<i64>(start.rdi), 0x5555666677778888, "rdi: pthread (r10 of the call)");
    check(start.rsi != 0 && (start.rsi & 3) == 3 && start.rsi >> 32 == 0, "rsi: a port name");
    same(static_cast<i64>(start.rsi), own_name, "that thread_self gives too");
    same(static_cast<i64>(start.rdx), 0x1111222233334444, "rdx: the function");
    same(static_cast<i64>(start.rcx), static_cast<i64>(Trap::word(&start)), "rcx: its argument");
    same(static_cast<i64>(start.r8), static_cast<i64>(stack), "r8: the stack");
    same(static_cast<i64>(start.r9 & ~0x10000000ull), custom, "r9: the flags");
    check(start.rsp == stack || start.rsp == stack - 128, "rsp: the stack, up to 10.14 less 128");
    check(!(start.rax | start.rbx | start.rbp | start.r10 | start.r11 | start.r12 | start.r13 | start.r14 | start.r15),
          "all others are 0");
    same(static_cast<i64>(start.rflags & ~0x2ull & 0xfff), 0x200, "no flag but IF");
    same(static_cast<i64>(own_mask), static_cast<i64>(mask), "the signal mask is the creator's");
    call(bsd + 329, 3, &old, 0);

    i32 failed = 0;
    for (i32 n = 0; n < 1000 && !failed; n++) {
        Trap again(bsd + 360, 0, &start, stack, 0, custom);
        failed = again.go().failed() ? static_cast<i32>(again.r.rax) : semaphore_timedwait(ended, 10, 0);
        for (i32 i = 0; i < 3; i++) call(mach + 60);  // its stack is used again at once: let it leave
        if (!failed) semaphore_timedwait(ended, 0, 200000);
    }
    same(failed, 0, "1000 threads one after the other");
    // Right after an end the port is dead but for the reference that terminate gave back: the name must be free again.
    const u32 fresh = static_cast<u32>(call(mach + 26));
    check(fresh >> 8 < 100, "and no port name is lost");
    return done();
}
