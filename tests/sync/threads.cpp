// SPDX-License-Identifier: BSD-3-Clause
// Lock, Note, Sema, ThreadOnce between OS threads: what they promise. (threads_stress.cpp: all at once.)
#include "sync/sema.h"
#include "tests/tap.h"

using namespace trapeze;

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

int main() {
    print("TAP version 13\n");
    locks();
    notes();
    semas();
    onces();
    idle();
    asleep();
    return done();
}
