// SPDX-License-Identifier: BSD-3-Clause
// Semaphores by name: creation and destruction by RPC, counts, results (xnu-11417 osfmk/kern/sync_sema.c).
#include "tests/conformance/darwin_raw.h"

void raw_handler(u64, i32, i32, u8*, u8*, u64) {}

static u32 here, there;
static i32 waited[4];
static u32 names[4];
alignas(16) static u8 stacks[4][16384];
static Regs start[4];

void raw_thread(Regs* r) {
    const u64 n = r->rdx;
    // wait_signal: `here` is signalled when this thread is among the waiters already (semaphore_wait_internal).
    waited[n] = static_cast<i32>(call(mach + 37, names[n], here));
    semaphore_signal(here);
    call(bsd + 361, 0, 0, r->rsi, 0);
    for (;;) {}
}

static bool thread(u64 n, u32 name) {
    names[n] = name;
    waited[n] = -1;
    return !Trap(bsd + 360, n, &start[n], stacks[n] + sizeof stacks[n], n, 0x01000000).go().failed() &&
           semaphore_wait(here) == 0;
}

int raw_main(int, char**) {
    say("TAP version 13\n");
    same(semaphore_create(0, here), 0, "semaphore_create");
    check((here & 3) == 3 && here >> 8, "its name has an index and both low bits");
    u32 bad;
    same(semaphore_create(-1, bad), 4, "a negative count is INVALID_ARGUMENT");
    same(semaphore_timedwait(here, 0, 0), 49, "nothing there, no time: OPERATION_TIMED_OUT");
    same(semaphore_signal(here), 0, "signal without a waiter");
    same(semaphore_signal(here), 0, "and another");
    same(semaphore_wait(here), 0, "wait takes the first");
    same(semaphore_timedwait(here, 0, 0), 0, "timedwait the second");
    same(semaphore_timedwait(here, 0, 1000000), 49, "and then its time passes");
    same(semaphore_timedwait(here, 0, 1000000000), 18, "a nanosecond too many is INVALID_VALUE");
    same(semaphore_timedwait(here, 0, -1), 18, "and one too few");
    same(static_cast<i64>(call(mach + 34, here)), 0, "signal_all without waiters");
    same(semaphore_timedwait(here, 0, 0), 49, "leaves no count");
    same(static_cast<i64>(call(mach + 35, here, 0)), 48, "signal_thread without waiters is NOT_WAITING");
    same(semaphore_wait(0), 15, "name 0 is INVALID_NAME");
    same(semaphore_wait(0xffffffff), 15, "and the dead name");
    same(semaphore_wait(here + 0x40000), 15, "and one that never was");
    same(semaphore_wait(reply_port()), 17, "no send right: INVALID_RIGHT");
    const i64 other = static_cast<i64>(call(mach + 36, task_self()));
    check(other == 4 || other == 20, "a port that is no semaphore: INVALID_ARGUMENT or, later, INVALID_CAPABILITY");

    same(semaphore_create(2, there), 0, "a semaphore with a count");
    check(semaphore_wait(there) == 0 && semaphore_wait(there) == 0 && semaphore_timedwait(there, 0, 0) == 49, "gives it, once");
    same(static_cast<i64>(call(mach + 39, there, here, 0, 0)), 49, "timedwait_signal times out");
    same(semaphore_timedwait(here, 0, 0), 0, "but has signalled");

    check(!Trap(bsd + 366, raw_thread_entry, 0, 0, 0, 0, 0, 0).go().failed(), "bsdthread_register");
    check(thread(0, there), "a thread waits");
    same(semaphore_signal(there), 0, "signal it");
    same(semaphore_wait(here), 0, "it went on");
    same(waited[0], 0, "with SUCCESS");
    check(thread(1, there) && thread(2, there) && thread(3, there), "three wait");
    same(static_cast<i64>(call(mach + 34, there)), 0, "signal_all");
    for (u64 n = 1; n < 4; n++) semaphore_timedwait(here, 5, 0);
    check(waited[1] == 0 && waited[2] == 0 && waited[3] == 0, "wakes all three");
    check(thread(1, there) && thread(2, there), "two wait");
    same(semaphore_destroy(there), 0, "destroy");
    semaphore_timedwait(here, 5, 0);
    semaphore_timedwait(here, 5, 0);
    check(waited[1] == 37 && waited[2] == 37, "its waiters get TERMINATED");
    const i32 gone = semaphore_wait(there);
    check(gone == 15 || gone == 17 || gone == 37, "the name is good for nothing any more");
    for (i32 n = 0; n < 1000; n++) {
        u32 name;
        if (semaphore_create(0, name) || semaphore_destroy(name)) {
            same(n, 1000, "create and destroy 1000 times");
            break;
        }
        if (n == 999) check(true, "create and destroy 1000 times");
    }
    return done();
}
