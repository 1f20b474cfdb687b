// SPDX-License-Identifier: BSD-3-Clause
// A thousand threads at the same time, each on a stack of 4 KiB: all wait in the kernel, all take a signal there, and all end.
#include "tests/conformance/darwin_raw.h"

constexpr i32 many = 1000;
constexpr u64 custom = 0x01000000, stack_size = 4096;
enum { SIGUSR1 = 30 };

static u32 begun, gate, ended;
static u32 ports[many];
static Regs starts[many];
static i32 handled, wrong;

void raw_handler(u64, i32, i32, u8*, u8*, u64) { __atomic_fetch_add(&handled, 1, __ATOMIC_RELAXED); }

void raw_thread(Regs* r) {
    const i64 n = r - starts;
    ports[n] = static_cast<u32>(r->rsi);
    if (static_cast<i64>(r->rdx) != n + 5) __atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED);
    semaphore_signal(begun);
    while (semaphore_wait(gate) == 14) {}
    call(bsd + 361, 0, 0, r->rsi, ended);
    for (;;) {}
}

static i32 waits(u32 semaphore) {
    i32 r;
    while ((r = semaphore_timedwait(semaphore, 60, 0)) == 14) {}
    return r;
}

int raw_main(int, char**) {
    say("TAP version 13\n");
    semaphore_create(0, begun);
    semaphore_create(0, gate);
    semaphore_create(0, ended);
    const struct {
        u64 handler;
        void (*tramp)();
        u32 mask;
        i32 flags;
    } caught{0x4242, raw_sigtramp, 0, 0x40};
    call(bsd + 46, SIGUSR1, &caught, 0);
    Trap(bsd + 366, raw_thread_entry, 0, 0, 0, 0, 0, 0).go();
    const u64 stacks = call(bsd + 197, 0, many * stack_size, 3, 0x1002, 0xffffffff, 0);
    i32 failed = 0;
    for (i32 n = 0; n < many && !failed; n++)
        failed = Trap(bsd + 360, n + 5, &starts[n], stacks + static_cast<u64>(n + 1) * stack_size, 0, custom).go().failed();
    same(failed, 0, "1,000 threads");
    for (i32 n = 0; n < many && !failed; n++) failed = waits(begun);
    same(failed, 0, "all run");
    same(wrong, 0, "each with its own arguments");
    bool distinct = true;
    for (i32 n = 1; n < many; n++) distinct &= ports[n] && ports[n] != ports[n - 1];
    check(distinct, "and its own port");
    for (const u32 port : ports) failed |= call(bsd + 328, port, SIGUSR1) != 0;
    same(failed, 0, "each gets a signal where it waits");
    for (i32 n = 0; n < 60000 && __atomic_load_n(&handled, __ATOMIC_RELAXED) < many; n++) semaphore_timedwait(ended, 0, 1000000);
    same(handled, many, "and handles it");
    for (i32 n = 0; n < many; n++) semaphore_signal(gate);
    for (i32 n = 0; n < many && !failed; n++) failed = waits(ended);
    same(failed, 0, "all end");
    return done();
}
