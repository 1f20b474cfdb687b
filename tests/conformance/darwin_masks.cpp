// SPDX-License-Identifier: BSD-3-Clause
// Signals and several threads: sigprocmask's reach, sigwait, __disable_threadsignal, cancellation, threads that start suspended; and
// what a wait with bad pointers leaves (xnu-3248.60.10 bsd/kern/kern_sig.c, bsd/kern/kern_exit.c, libpthread-138 kern/kern_support.c).
#include "tests/conformance/darwin_raw.h"

enum { SIGBUS = 10, SIGSEGV = 11, SIGCHLD = 20, SIGUSR1 = 30, SIGUSR2 = 31 };
constexpr u64 custom = 0x01000000, suspended = 0x20000000;
constexpr i32 ESRCH = 3, EINTR = 4, ECHILD = 10, EFAULT = 14, EINVAL = 22;

static u32 ended;
static volatile i32 count, job, answer;
static volatile u32 name, heard;
static volatile u64 handler_thread;
static Regs start;

void raw_handler(u64, i32, i32, u8*, u8*, u64) {
    handler_thread = call(mach + 27);
    count = count + 1;  // last: who sees it looks at the other
}

struct Action {
    u64 handler;
    void (*tramp)();
    u32 mask;
    i32 flags;
};
static u64 action(i32 number, u64 handler) {
    const Action a{handler, raw_sigtramp, 0, 0x42};
    return call(bsd + 46, number, &a, 0);
}
static u32 bit(i32 n) { return 1u << (n - 1); }
static u32 mask_now() {
    u32 now = 0;
    call(bsd + 329, 1, 0, &now);
    return now;
}
static void set_mask(u32 set) { call(bsd + 329, 3, &set, 0); }
static void yield() { call(mach + 61, 0, 0, 0); }
static struct {
    i64 sec;
    i32 usec, pad;
} moment{0, 1000, 0};
static void rest() { call(bsd + 93, 0, 0, 0, 0, &moment); }

static i32 pipe_ends[2];

void raw_thread(Regs* r) {
    name = static_cast<u32>(r->rsi);
    while (job != 99) {
        const i32 j = job;
        if (j == 1) {  // spins in its own code until its mask is what sigprocmask of the other one makes it
            u32 now;
            do now = mask_now();
            while (now != static_cast<u32>(heard));
            answer = 1; job = 0;
        } else if (j == 2) {
            u32 set = heard;
            i32 number = 0;
            const u64 e = call(bsd + 330, &set, &number);
            answer = e ? -static_cast<i32>(e) : number; job = 0;
        } else if (j == 3) {
            u8 byte;
            Trap read(bsd + 3, pipe_ends[0], &byte, 1);
            read.go();
            answer = read.failed() ? -static_cast<i32>(read.r.rax) : static_cast<i32>(read.r.rax); job = 0;
        } else if (j == 4) {
            answer = static_cast<i32>(call(bsd + 333, heard)); job = 0;
        } else if (j == 5) {
            call(bsd + 331, 1);
            answer = static_cast<i32>(mask_now()); job = 0;
        } else if (j == 6) {
            const u32 set = heard;
            set_mask(set);
            answer = 1; job = 0;
        }
        yield();
    }
    call(bsd + 361, 0, 0, r->rsi, ended);
    for (;;) {}
}

static u64 map(u64 size) { return call(bsd + 197, 0, size, 3, 0x1002, 0xffffffff, 0); }
static void give(i32 what, u32 with = 0) {
    answer = 0;
    heard = with;
    job = what;
}
static i32 result() {
    while (job) yield();
    return answer;
}

static void thread_starts(u64 flags) {
    name = 0;
    Trap t(bsd + 360, 1, &start, map(65536) + 65536, 0x1234, custom | flags);
    check(!t.go().failed(), flags ? "bsdthread_create, suspended" : "bsdthread_create");
}

// A thread's routine without arguments by message: osfmk/mach/thread_act.defs, 3606 is thread_resume.
static i32 thread_call(u32 thread, u32 id) {
    struct [[gnu::packed]] {
        u32 bits, size, remote, local, voucher, id;
        u8 ndr[8];
        i32 code;
        u8 trailer[8];
    } m{0x1513, 24, thread, reply_port(), 0, id, {}, 0, {}};
    const i32 r = static_cast<i32>(call(mach + 31, &m, 3, 24, sizeof m, reply_port(), 0, 0));
    return r ? r : m.code;
}

static void starts() {
    thread_starts(0);
    while (!name) yield();
    // The list of the task's threads has the name of the suspended one, which cannot tell it.
    struct [[gnu::packed]] {
        u32 bits, size, remote, local, voucher, id, count;
        u64 address;
        u32 kind, number;
        u8 rest[72];
    } m{};
    const u32 first = name;
    thread_starts(suspended);
    for (i32 i = 0; i < 5; i++) rest();
    same(name, 0, "a thread that starts suspended runs no code");
    m.bits = 0x1513, m.size = 24, m.remote = task_self(), m.local = reply_port(), m.id = 3402;
    same(static_cast<i64>(call(mach + 31, &m, 3, 24, sizeof m, reply_port(), 0, 0)), 0, "task_threads");
    same(m.number, 3, "tells of three threads");
    u32 fresh = 0;
    const u32* names = reinterpret_cast<const u32*>(m.address);
    for (u32 i = 0; i < m.number; i++)
        if (names[i] != first && names[i] != static_cast<u32>(call(mach + 27))) fresh = names[i];
    same(thread_call(fresh, 3606), 0, "thread_resume");
    while (!name) yield();
    same(name, fresh, "and it runs");
    same(thread_call(fresh, 3606), 5, "a second resume is KERN_FAILURE");
    job = 99;
    same(semaphore_timedwait(ended, 10, 0) | semaphore_timedwait(ended, 10, 0), 0, "both end");
    job = 0;
}

static void masks() {
    thread_starts(0);
    while (!name) yield();
    set_mask(0);
    give(6, bit(SIGUSR2));
    result();
    u32 old = 99;
    const u32 usr1 = bit(SIGUSR1) | bit(9);
    give(1, bit(SIGUSR1) | bit(SIGUSR2));
    same(static_cast<i64>(call(bsd + 48, 1, &usr1, &old)), 0, "sigprocmask, SIG_BLOCK");
    same(old, 0, "tells the caller's own old mask");
    same(result(), 1, "and adds to the mask of a thread that runs");
    same(mask_now(), bit(SIGUSR1), "and to the caller's, each to its own");
    count = 0;
    call(bsd + 37, call(bsd + 20), SIGUSR1, 1);
    for (i32 i = 0; i < 3; i++) rest();
    same(count, 0, "a signal to the process finds no thread that takes it");
    give(1, bit(SIGUSR2));
    call(bsd + 48, 2, &usr1, 0);
    same(result(), 1, "SIG_UNBLOCK");
    for (i32 i = 0; i < 30000 && !count; i++) rest();
    same(count, 1, "and it comes");
    give(1, bit(SIGUSR1));
    call(bsd + 48, 3, &usr1, 0);
    same(result(), 1, "SIG_SETMASK");
    same(static_cast<i64>(call(bsd + 48, 4, &usr1, 0)), EINVAL, "another how: EINVAL");
    same(static_cast<i64>(call(bsd + 48, 1, 8, 0)), EFAULT, "a bad set: EFAULT");
    same(static_cast<i64>(call(bsd + 48, 77, 0, &old)), 0, "without a set how does not matter");

    const u32 self = static_cast<u32>(call(mach + 27));
    give(6, 0);
    result();
    count = 0;
    call(bsd + 37, call(bsd + 20), SIGUSR1, 1);
    for (i32 i = 0; i < 30000 && !count; i++) rest();
    check(count == 1 && handler_thread == name && handler_thread != self, "a signal to the process goes to the thread that does not mask it");
    give(5);
    same(result(), 0, "__disable_threadsignal leaves the mask as it is told");
    same(static_cast<i64>(call(bsd + 328, name, SIGUSR1)), ESRCH, "and pthread_kill does not find the thread: ESRCH");
    same(static_cast<i64>(call(bsd + 328, self, 32)), EINVAL, "no such signal: EINVAL");
    same(static_cast<i64>(call(bsd + 328, 0x7ffffff3, SIGUSR1)), ESRCH, "no such port: ESRCH");
    same(static_cast<i64>(call(bsd + 328, task_self(), SIGUSR1)), ESRCH, "a port that is no thread: ESRCH");
    same(static_cast<i64>(call(bsd + 328, self, 0)), 0, "signal 0 only looks");
    job = 99;
    semaphore_timedwait(ended, 10, 0);
    job = 0;
    set_mask(0);
}

static void waits() {
    thread_starts(0);
    while (!name) yield();
    const u32 all = ~0u;
    call(bsd + 48, 3, &all, 0);
    count = 0;
    give(2, bit(SIGUSR1) | bit(SIGUSR2));
    rest();
    call(bsd + 37, call(bsd + 20), SIGUSR2, 1);
    same(result(), SIGUSR2, "sigwait takes a signal to the process that everybody masks");
    give(2, bit(SIGSEGV) | bit(SIGUSR1));
    rest();
    call(bsd + 328, name, SIGSEGV);
    same(result(), SIGSEGV, "and SIGSEGV that somebody sent");
    call(bsd + 328, name, SIGSEGV);
    give(2, bit(SIGSEGV));
    same(result(), SIGSEGV, "also when it was pending before");
    same(count, 0, "no handler runs");
    call(bsd + 37, call(bsd + 20), SIGCHLD, 1);
    give(2, bit(SIGCHLD) | bit(SIGUSR1));
    call(bsd + 37, call(bsd + 20), SIGCHLD, 1);
    for (i32 i = 0; i < 5; i++) rest();
    same(job, 2, "a signal that is ignored, as SIGCHLD by default, is none");
    call(bsd + 37, call(bsd + 20), SIGUSR1, 1);
    same(result(), SIGUSR1, "the next one is");
    i32 number;
    const u32 none = 0, only_kill = bit(9) | bit(17), usr1 = bit(SIGUSR1);
    same(static_cast<i64>(call(bsd + 330, 0, &number)), EINVAL, "no set: EINVAL");
    same(static_cast<i64>(call(bsd + 330, &none, &number)), EINVAL, "an empty one: EINVAL");
    same(static_cast<i64>(call(bsd + 330, &only_kill, &number)), EINVAL, "one of SIGKILL and SIGSTOP: EINVAL");
    same(static_cast<i64>(call(bsd + 330, 8, &number)), EFAULT, "a bad one: EFAULT");
    call(bsd + 37, call(bsd + 20), SIGUSR1, 1);
    same(static_cast<i64>(call(bsd + 330, &usr1, 8)), EFAULT, "a bad place for the number: EFAULT");

    // Cancellation.
    same(static_cast<i64>(call(bsd + 332, 0x7ffffff3)), ESRCH, "__pthread_markcancel of no thread: ESRCH");
    give(4, 0);
    same(result(), EINVAL, "__pthread_canceled: not cancelled, EINVAL");
    give(4, 2);
    same(result(), 0, "2 forbids it");
    Trap ends(bsd + 42);
    ends.go();
    pipe_ends[0] = static_cast<i32>(ends.r.rax), pipe_ends[1] = static_cast<i32>(ends.r.rdx);
    give(3);
    rest();
    same(static_cast<i64>(call(bsd + 332, name)), 0, "__pthread_markcancel");
    for (i32 i = 0; i < 5; i++) rest();
    same(job, 3, "does not end a read that forbids it");
    call(bsd + 4, pipe_ends[1], "x", 1);
    same(result(), 1, "which gets its byte");
    give(4, 0);
    same(result(), EINVAL, "nor is the thread cancelled");
    give(4, 1);
    same(result(), 0, "1 allows it");
    give(3);
    same(result(), -EINTR, "the next read is EINTR before it begins");
    give(4, 0);
    same(result(), 0, "now the thread is cancelled");
    call(bsd + 4, pipe_ends[1], "x", 1);
    give(3);
    same(result(), 1, "and further reads work");
    same(static_cast<i64>(call(bsd + 328, name, 0)), ESRCH, "but no signal reaches it");
    job = 99;
    semaphore_timedwait(ended, 10, 0);
    job = 0;

    thread_starts(0);
    while (!name) yield();
    give(3);
    for (i32 i = 0; i < 3; i++) rest();
    call(bsd + 332, name);
    same(result(), -EINTR, "__pthread_markcancel ends a read that sleeps: EINTR");
    job = 99;
    semaphore_timedwait(ended, 10, 0);
    job = 0;
    set_mask(0);
}

static u64 child_that_exits() {
    Trap child(bsd + 2);
    child.go();
    if (child.r.rdx == 1) call(bsd + 1, 5);
    return child.r.rax;
}

static void children() {
    const u64 read_only = call(bsd + 197, 0, 4096, 1, 0x1002, 0xffffffff, 0), edge = map(8192) + 4096;
    call(bsd + 73, edge, 4096);
    i32 status = 0;
    u8 usage[144];
    same(static_cast<i64>(call(bsd + 7, -1, 8, 0, 0)), ECHILD, "wait4 without a child: ECHILD, whatever the pointers");
    const u64 pid = child_that_exits();
    same(static_cast<i64>(call(bsd + 7, pid, 8, 0, 0)), EFAULT, "a bad status: EFAULT");
    same(static_cast<i64>(call(bsd + 7, -1, read_only, 0, 0)), EFAULT, "one that is only read");
    same(static_cast<i64>(call(bsd + 7, 0, edge - 2, 0, 0)), EFAULT, "one that ends beyond the page");
    same(static_cast<i64>(call(bsd + 7, pid, &status, 0, edge - 143)), EFAULT, "a bad rusage: EFAULT");
    same(static_cast<i64>(call(bsd + 173, 1, pid, 8, 4)), EFAULT, "waitid into nowhere: EFAULT");
    status = 0;
    check(call(bsd + 7, pid, &status, 0, usage) == pid && status == 5 << 8, "the child is still there to be waited for");
    same(static_cast<i64>(call(bsd + 7, pid, &status, 0, 0)), ECHILD, "and then no more");
}

int raw_main(int, char**) {
    say("TAP version 13\n");
    semaphore_create(0, ended);
    Trap(bsd + 366, raw_thread_entry, 0, 0, 0, 0, 0, 0).go();
    action(SIGUSR1, 0x4242);
    action(SIGUSR2, 0x4242);
    action(SIGSEGV, 0x4242);
    starts();
    masks();
    waits();
    children();
    return done();
}
