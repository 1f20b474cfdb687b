// SPDX-License-Identifier: BSD-3-Clause
// Lock, Note, Sema and ThreadOnce under 32 OS threads that choose at random what to do, for how long at most, and how long to dwell before,
// in and after it, while signals interrupt their sleeps. What each got is counted by itself and by what was guarded.
// TRAPEZE_TEST_SEED=N repeats the threads' choices (not their interleaving); TRAPEZE_TEST_ROUNDS=N: how often, 3 times.
#include "sync/sema.h"
#include "tests/tap.h"

using namespace trapeze;

namespace {

struct Random {
    u64 x;
    u32 below(u32 n) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        return static_cast<u32>((x >> 33) % n);
    }
};

constexpr u32 nthreads = 32, nnotes = 512, nonces = 64;

struct Worker {
    u64 seed;
    u64 locked, up, down;
    Thread* thread;
};

struct Round {
    Worker w[nthreads];
    Lock l;
    u64 by_l;
    Sema s;
    Note notes[nnotes];  // each is woken once: those before `next` have been, or are about to be
    u32 said[nnotes];    // what the waker did before
    Atomic<u32> next;
    ThreadOnce onces[nonces];
    u32 ran[nonces];
    Atomic<u32> ended, unseen, slept, woken, unlocked;
};

Round* r;

void delay(Random& x) {
    const u32 d = x.below(8);
    if (d == 0) thread_yield();
    else if (d < 4)
        for (u32 i = x.below(200); i > 0; i--) cpu_pause();
}

void wake_next(Random& x) {
    const u32 k = r->next.xadd(1, relaxed);
    if (k >= nnotes) return;
    r->said[k] = k + 1;
    delay(x);
    notewakeup(&r->notes[k]);
}

void step(Worker* w, Random& x) {
    auto inside = [&] {
        const u64 before = r->by_l;
        delay(x);
        r->by_l = before + 1, w->locked++;
        unlock(&r->l);
    };
    switch (x.below(10)) {
    case 0: case 1:
        lock(&r->l);
        inside();
        break;
    case 2:
        if (tlock(&r->l, nanotime() + x.below(100'000))) inside();
        else r->unlocked.xadd(1, relaxed);
        break;
    case 3:
        if (trylock(&r->l)) inside();
        break;
    case 4: {
        const u64 n = x.below(3) + 1;
        w->up += n;
        semaup(&r->s, n);
        break;
    }
    case 5: case 6: w->down += tsemadown(&r->s, nanotime() + x.below(200'000)); break;
    case 7: wake_next(x); break;
    case 8: {
        const u32 k = r->next.load(relaxed) + x.below(3);
        if (k >= nnotes) break;
        // Without a deadline too: the main thread wakes all in the end.
        const bool woken = notetsleep(&r->notes[k], x.below(4) ? nanotime() + x.below(200'000) : -1);
        (woken ? r->woken : r->slept).xadd(1, relaxed);
        if (woken && r->said[k] != k + 1) r->unseen.xadd(1, relaxed);
        break;
    }
    case 9: {
        struct Once {
            u32 k;
            Random* x;
        } once{x.below(nonces), &x};
        thread_once(&r->onces[once.k], [](void* arg) {
            Once* o = static_cast<Once*>(arg);
            const u32 before = r->ran[o->k];
            delay(*o->x);
            r->ran[o->k] = before + 1;
        }, &once);
        if (r->ran[once.k] != 1) r->unseen.xadd(1, relaxed);
        break;
    }
    }
}

void work(void* arg) {
    Worker* w = static_cast<Worker*>(arg);
    Random x{w->seed};
    for (int i = 0; i < 150; i++) {
        delay(x);
        step(w, x);
    }
    r->ended.xadd(1, release);
}

void round(u64 seed) {
    r = make<Round>();
    Random x{seed};
    for (u32 i = 0; i < nthreads; i++) {
        r->w[i] = {seed * 1000 + i + 1, 0, 0, 0, nullptr};
        Result error;
        r->w[i].thread = thread_create(work, &r->w[i], &error);
        if (!r->w[i].thread) die_errno("thread_create", error);
    }
    while (r->ended.load(acquire) < nthreads) {  // none has been joined, so each may be sent signals
        (void)thread_kill(r->w[x.below(nthreads)].thread, kernel::SIGUSR1);
        if (x.below(4) == 0) wake_next(x);
        for (u32 i = x.below(2000); i > 0; i--) cpu_pause();
        thread_yield();
    }
    u64 locked = 0, up = 0, down = 0;
    for (Worker& one : r->w) {
        thread_join(one.thread);
        locked += one.locked, up += one.up, down += one.down;
    }
    while (trysemadown(&r->s)) down++;
    print("# ", r->unlocked.load(relaxed), " waits for the Lock timed out; ", r->woken.load(relaxed), " sleeps on a Note were ended, ", r->slept.load(relaxed), " timed out\n");
    if (locked != r->by_l || up != down) print("# locked ", locked, " counted ", r->by_l, " up ", up, " down ", down, "\n");
    ok(locked == r->by_l, "stress: Lock: nobody else was inside");
    ok(up == down, "stress: Sema: what was given was taken, once, though waits timed out");
    ok(!r->unseen.load(relaxed) && r->woken.load(relaxed), "stress: Note and ThreadOnce: what was done before is seen, and done once");
    destroy(r);
}

}  // namespace

int main() {
    print("TAP version 13\n");
    i64 seed = nanotime() & 0x7fffffff, rounds = 3;
    if (const char* text = getenv("TRAPEZE_TEST_SEED"); text && !atoi(text, &seed)) return 2;
    if (const char* text = getenv("TRAPEZE_TEST_ROUNDS"); text && !atoi(text, &rounds)) return 2;
    print("# TRAPEZE_TEST_SEED=", seed, "\n");
    (void)signal_handle(kernel::SIGUSR1, [](i32, SignalInfo*, SignalContext*) {}, SA_ONSTACK, {});
    for (i64 i = 0; i < rounds; i++) round(static_cast<u64>(seed + i) | 1);
    return done();
}
