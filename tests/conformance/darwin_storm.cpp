// SPDX-License-Identifier: BSD-3-Clause
// Two threads hand a turn to and fro through semaphores, and bytes through a pipe, while a timer's signal interrupts
// whichever it finds: nothing may be lost, and no register but those that traps change.
#include "tests/conformance/darwin_raw.h"

constexpr i32 rounds = 3000;
static u32 ping, pong, ended;
static u64 in, out;
static volatile i32 signals, wrong;
static Regs start;
alignas(16) static u8 stack[16384];

void raw_handler(u64, i32, i32, u8*, u8*, u64) {
    signals = signals + 1;
    asm volatile("pxor %%xmm7, %%xmm7\n\txor %%r11, %%r11" : : : "xmm7", "r11");
}

static void wait(u32 semaphore) {
    i32 r;
    while ((r = semaphore_wait(semaphore)) == 14) {}
    if (r) wrong = wrong + 1;
}

void raw_thread(Regs* r) {
    for (i32 n = 0; n < rounds; n++) {
        wait(ping);
        u8 byte = 0;
        Trap read(bsd + 3, in, &byte, 1);
        const Regs before = read.r;
        read.go();
        if (read.failed() || read.r.rax != 1 || byte != static_cast<u8>(n)) wrong = wrong + 1;
        if (read.r.rbx != before.rbx || read.r.r12 != before.r12 || read.r.r15 != before.r15 || read.r.r8 != before.r8)
            wrong = wrong + 1;
        semaphore_signal(pong);
    }
    call(bsd + 361, 0, 0, r->rsi, ended);
    for (;;) {}
}

int raw_main(int, char**) {
    say("TAP version 13\n");
    semaphore_create(0, ping);
    semaphore_create(0, pong);
    semaphore_create(0, ended);
    Trap ends(bsd + 42);
    ends.go();
    in = ends.r.rax;
    out = ends.r.rdx;
    const struct {
        u64 handler;
        void (*tramp)();
        u32 mask;
        i32 flags;
    } caught{0x4242, raw_sigtramp, 0, 2};  // SA_RESTART
    call(bsd + 46, 14, &caught, 0);
    const struct {
        i64 sec;
        i32 usec, pad;
    } timer[2] = {{0, 300, 0}, {0, 300, 0}}, off[2] = {};
    check(!Trap(bsd + 366, raw_thread_entry, 0, 0, 0, 0, 0, 0).go().failed(), "bsdthread_register");
    check(!Trap(bsd + 360, 0, &start, stack + sizeof stack, 0, 0x01000000).go().failed(), "bsdthread_create");
    call(bsd + 83, 0, timer, 0);
    for (i32 n = 0; n < rounds; n++) {
        double kept = n;
        asm volatile("movsd %0, %%xmm7" : : "m"(kept) : "xmm7");
        const u8 byte = static_cast<u8>(n);
        if (n % 2) semaphore_signal(ping);  // the reader sleeps in read, or finds its byte
        if (call(bsd + 4, out, &byte, 1) != 1) wrong = wrong + 1;
        if (n % 2 == 0) semaphore_signal(ping);
        wait(pong);
        asm volatile("movsd %%xmm7, %0" : "=m"(kept));
        if (kept != n) wrong = wrong + 1;
    }
    call(bsd + 83, 0, off, 0);
    wait(ended);
    same(wrong, 0, "every turn and byte arrived, every register stayed");
    check(signals > 0, "while signals came");
    return done();
}
