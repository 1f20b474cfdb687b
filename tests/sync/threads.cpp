// SPDX-License-Identifier: BSD-3-Clause
// Lock, Note, Sema, ThreadOnce between OS threads: what they promise, with signals that interrupt every sleep, and the stress of all.
// TRAPEZE_TEST_SEED=N repeats the threads' choices (not their interleaving); TRAPEZE_TEST_ROUNDS=N: how often, 3 times.
#include "sync/sema.h"
#include "tests/tap.h"

using namespace trapeze;

struct Random {
    u64 x;
    u32 below(u32 n) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        return static_cast<u32>((x >> 33) % n);
    }
};

static Thread* start(void (*f)(void*), void* arg) {
    Result error;
    Thread* t = thread_create(f, arg, &error);
    if (!t) die_errno("thread_create", error);
    return t;
}

static Lock l;
static Note note;
static Sema sema;
static u64 counted;
static Atomic<u32> passed, runs;
static ThreadOnce once;

static void locks() {
    lock(&l);
    ok(!trylock(&l), "Lock: trylock of a held one");
    i64 before = nanotime();
    ok(!tlock(&l, before + 3'000'000) && nanotime() - before >= 3'000'000, "Lock: the time passes, and not early");
    ok(!tlock(&l, 0), "Lock: a time that has passed");
    Thread* t = start([](void*) {
        if (tlock(&l, nanotime() + 20'000'000'000)) counted++, unlock(&l);
    }, nullptr);
    Thread* u = start([](void*) {
        if (tlock(&l, -1)) counted++, unlock(&l);
    }, nullptr);
    for (before = nanotime(); nanotime() - before < 2'000'000;) thread_yield();
    unlock(&l);
    thread_join(t), thread_join(u);
    ok(counted == 2 && tlock(&l, 0), "Lock: a timed wait gets it when it is free");
    unlock(&l);
}

static void notes() {
    Thread* t[12];
    for (u32 i = 0; i < 12; i++)
        t[i] = start([](void* timed) {
            if (timed ? notetsleep(&note, nanotime() + 20'000'000'000) : (notesleep(&note), true)) passed.xadd(1, relaxed);
        }, i % 2 ? &note : nullptr);
    ok(!notetsleep(&note, nanotime() + 2'000'000) && passed.load(relaxed) == 0, "Note: the time passes, and nobody else goes on");
    notewakeup(&note);
    for (Thread* one : t) thread_join(one);
    ok(passed.load(relaxed) == 12, "heritage 24: one wake-up wakes all sleepers, timed or not");
    ok(notetsleep(&note, 0), "Note: once woken it does not sleep");
    noteclear(&note);
    ok(!notetsleep(&note, 0), "Note: cleared it does");
}

static void semas() {
    ok(!trysemadown(&sema) && !tsemadown(&sema, 0), "Sema: zeroed it holds nothing");
    semaup(&sema, 3);
    ok(trysemadown(&sema) && tsemadown(&sema, 0) && tsemadown(&sema, -1) && !trysemadown(&sema), "Sema: each unit is taken once");
    ok(!tsemadown(&sema, nanotime() + 1'000'000), "Sema: the time passes");
    passed.store(0, relaxed);
    Thread* t[8];
    for (Thread*& one : t)
        one = start([](void*) {
            for (int i = 0; i < 100; i++) semadown(&sema);
            passed.xadd(1, relaxed);
        }, nullptr);
    for (u64 i = 0; i < 800; i += i % 3 + 1) semaup(&sema, i + i % 3 + 1 <= 800 ? i % 3 + 1 : 800 - i);
    for (Thread* one : t) thread_join(one);
    ok(passed.load(relaxed) == 8 && !trysemadown(&sema), "Sema: 800 units to 8 threads, none lost and none left");
}

static void onces() {
    Thread* t[8];
    passed.store(0, relaxed);
    for (Thread*& one : t)
        one = start([](void*) {
            thread_once(&once, [](void*) {
                thread_yield();
                runs.xadd(1, relaxed);
            }, nullptr);
            if (runs.load(relaxed) == 1) passed.xadd(1, relaxed);
        }, nullptr);
    for (Thread* one : t) thread_join(one);
    ok(runs.load(relaxed) == 1 && passed.load(relaxed) == 8, "ThreadOnce: once, and whoever returns finds it done");
}

static void idle() {
    static Lock many[100'000];
    u64 free = 0;
    for (Lock& one : many) {
        lock(&one);
        unlock(&one);
        free += one.word.load(relaxed) == 0;
    }
    ok(free == 100'000, "heritage 14: 100,000 Locks, used and free again, are 100,000 words of 0");
}

// Nobody else runs: what the process takes, the sleeper took. The bound allows for a machine that counts in ticks.
static void asleep() {
    Usage before, after;
    const bool known = getusage(kernel::RUSAGE_SELF, &before).ok();
    (void)notetsleep(&note, nanotime() + 300'000'000);
    (void)getusage(kernel::RUSAGE_SELF, &after);
    const i64 ns = after.user_ns + after.system_ns - before.user_ns - before.system_ns;
    print("# 0.3 s asleep took ", ns / 1000, " us of CPU\n");
    ok(known && ns < 30'000'000, "a sleeper uses no CPU");
}

struct Worker {
    u64 seed;
    u64 locked, up, down;
    Thread* thread;
};

static u64 shared_count;
static Sema units;
static Atomic<u32> ended;

static void work(void* arg) {
    Worker* w = static_cast<Worker*>(arg);
    Random r{w->seed};
    auto delay = [&] {
        const u32 d = r.below(8);
        if (d == 0) thread_yield();
        else if (d < 4)
            for (u32 i = r.below(200); i > 0; i--) cpu_pause();
    };
    for (int i = 0; i < 150; i++) {
        switch (r.below(6)) {
        case 0: case 1:
            lock(&l);
            delay();
            shared_count++, w->locked++;
            unlock(&l);
            break;
        case 2:
            if (tlock(&l, nanotime() + r.below(100'000))) {
                delay();
                shared_count++, w->locked++;
                unlock(&l);
            }
            break;
        case 3:
            if (trylock(&l)) {
                shared_count++, w->locked++;
                unlock(&l);
            }
            break;
        case 4: {
            const u64 n = r.below(3) + 1;
            w->up += n;
            semaup(&units, n);
            break;
        }
        case 5: w->down += tsemadown(&units, nanotime() + r.below(200'000)); break;
        }
        delay();
    }
    ended.xadd(1, release);
}

static void stress(u64 seed) {
    constexpr u32 n = 32;
    static Worker w[n];
    shared_count = 0;
    ended.store(0, relaxed);
    Random r{seed};
    for (u32 i = 0; i < n; i++) {
        w[i] = {seed * 1000 + i + 1, 0, 0, 0, nullptr};
        w[i].thread = start(work, &w[i]);
    }
    while (ended.load(acquire) < n) {  // none has been joined, so each may be sent signals
        (void)thread_kill(w[r.below(n)].thread, kernel::SIGUSR1);
        for (u32 i = r.below(2000); i > 0; i--) cpu_pause();
        thread_yield();
    }
    u64 locked = 0, up = 0, down = 0;
    for (Worker& one : w) {
        thread_join(one.thread);
        locked += one.locked, up += one.up, down += one.down;
    }
    while (trysemadown(&units)) down++;
    if (locked != shared_count || up != down) print("# locked ", locked, " counted ", shared_count, " up ", up, " down ", down, "\n");
    ok(locked == shared_count, "stress: 32 threads and signals: nobody else was inside");
    ok(up == down, "stress: what was given was taken, once, though waits timed out");
}

int main() {
    print("TAP version 13\n");
    i64 seed = nanotime() & 0x7fffffff, rounds = 3;
    if (const char* text = getenv("TRAPEZE_TEST_SEED"); text && !atoi(text, &seed)) return 2;
    if (const char* text = getenv("TRAPEZE_TEST_ROUNDS"); text && !atoi(text, &rounds)) return 2;
    print("# TRAPEZE_TEST_SEED=", seed, "\n");
    (void)signal_handle(kernel::SIGUSR1, [](i32, SignalInfo*, SignalContext*) {}, SA_ONSTACK, {});
    locks();
    notes();
    semas();
    onces();
    idle();
    asleep();
    for (i64 i = 0; i < rounds; i++) stress(static_cast<u64>(seed + i) | 1);
    return done();
}
