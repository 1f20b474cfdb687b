// SPDX-License-Identifier: BSD-3-Clause
// Mutex, RWMutex, Semaphore, Cond, WaitGroup, Once, sleep_until and Cancel under goroutines that choose at random what to wait for, how long
// at most, whom to cancel, and how long to dwell before, in and after it; with channels and gosched in between, and signals that
// interrupt the Ms' sleeps. What each got is counted by itself and by what was guarded: the sums agree, nothing is held at the
// end, and every wait has ended.
// TRAPEZE_TEST_SEED=N repeats the choices (their interleaving: GOMAXPROCS=1, or tools/unirun --seed); TRAPEZE_TEST_ROUNDS=N: how often, 3 times.
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

constexpr i64 workers = 64;
constexpr int steps = 120;
constexpr u64 units = 7;

// A Cancel for each moment: whoever finds it spent puts a new one in its place. A goroutine that waits keeps a pointer to one, so all of
// a round stay until its end.
constexpr u32 most_cancels = 2048, nonces = 256;

struct Round {
    Mutex m;
    RWMutex rw;
    Semaphore s{units};
    Mutex cm;      // guards `items`
    Cond c;
    WaitGroup done;
    Cancel cancels[most_cancels];
    Atomic<u32> cancel_at;
    u64 by_m, a, b;  // by m; by rw: equal whenever no writer is inside
    u64 items;
    Atomic<u64> inside, outside, torn, too_many, ended[3];  // inside: units held; ended: by Waited
    Atomic<u64> locked, wrote, put, took, unseen, interrupted;
    Once onces[nonces];
    u32 ran[nonces];
};

Until some_end(Round& r, Random& x) {
    Until u;
    const u32 kind = x.below(8);
    if (kind < 6) u.deadline = kind == 0 ? 0 : nanotime() + x.below(300'000);  // so that every wait ends
    if (kind >= 4) u.cancel = &r.cancels[r.cancel_at.load(relaxed)];
    if (kind >= 6) u.deadline = nanotime() + 2'000'000;
    return u;
}

void cancel_one(Round& r) {
    const u32 at = r.cancel_at.load(relaxed);
    r.cancels[at].cancel();
    u32 expected = at;
    if (at + 1 < most_cancels) (void)r.cancel_at.cas(expected, at + 1, relaxed);
}

// A signal for an M that sleeps, else for one that runs (but for the first, whose Thread is not ours).
void interrupt(Round& r, Random& x) {
    lock(&sched.lock);
    u32 skip = x.below(4);
    M* m = sched.idle_ms;
    while (m && m->link && skip--) m = m->link;
    if (!m) m = __atomic_load_n(&sched.allp[x.below(sched.nprocs)].m, __ATOMIC_RELAXED);
    Thread* t = m ? __atomic_load_n(&m->thread, __ATOMIC_RELAXED) : nullptr;
    unlock(&sched.lock);
    if (t && thread_kill(t, kernel::SIGUSR1).ok()) r.interrupted.xadd(1, relaxed);
}

void step(Round& r, Random& x) {
    auto dwell = [&] {
        const u32 d = x.below(8);
        if (d == 0) gosched();
        else if (d == 1) sleep_ns(x.below(50'000));
        else
            for (u32 i = x.below(100); i > 0; i--) cpu_pause();
    };
    Waited how = Waited::done;
    if (x.below(4) == 0) dwell();
    switch (x.below(13)) {
    case 0:
        r.m.lock();
        r.by_m++, r.locked.xadd(1, relaxed);
        dwell();
        r.m.unlock();
        break;
    case 1:
        if ((how = r.m.lock_until(some_end(r, x))) != Waited::done) break;
        r.by_m++, r.locked.xadd(1, relaxed);
        dwell();
        r.m.unlock();
        break;
    case 2:
        if ((how = r.rw.lock_until(some_end(r, x))) != Waited::done) break;
        r.a++;
        dwell();
        r.b++, r.wrote.xadd(1, relaxed);
        r.rw.unlock();
        break;
    case 3: case 4: {
        if ((how = r.rw.rlock_until(some_end(r, x))) != Waited::done) break;
        const u64 before = r.a;
        dwell();
        if (before != r.b || before != r.a) r.torn.xadd(1, relaxed);
        r.rw.runlock();
        break;
    }
    case 5: {
        const u64 n = x.below(units) + 1;
        if ((how = r.s.acquire_until(some_end(r, x), n)) != Waited::done) break;
        if (r.inside.xadd(n, relaxed) + n > units) r.too_many.xadd(1, relaxed);
        dwell();
        r.inside.xadd(-n, relaxed);
        r.s.release(n);
        break;
    }
    case 6:
        r.cm.lock();
        r.items++, r.put.xadd(1, relaxed);
        r.cm.unlock();
        if (x.below(4)) r.c.signal();
        else r.c.broadcast();
        break;
    case 7: {
        const Until until = some_end(r, x);
        r.cm.lock();
        while (!r.items && how == Waited::done) how = r.c.wait_until(r.cm, until);
        if (r.items) r.items--, r.took.xadd(1, relaxed);
        r.cm.unlock();
        break;
    }
    case 8:
        if (x.below(2)) cancel_one(r);
        else how = r.done.wait_until(some_end(r, x));  // not before all are done, and this one is not
        if (how == Waited::done) r.outside.xadd(1, relaxed);
        break;
    case 9: {
        const u32 k = x.below(nonces);
        r.onces[k].run([&] {
            const u32 before = r.ran[k];
            dwell();
            r.ran[k] = before + 1;
        });
        if (r.ran[k] != 1) r.unseen.xadd(1, relaxed);
        break;
    }
    case 10: how = sleep_until(some_end(r, x)); break;
    case 11: {
        // What is waited for is in this frame, and goes as soon as the wait is over.
        WaitGroup two;
        u32 did[2]{};
        two.add(2);
        for (u32& d : did)
            go([&two, &d, spin = x.below(200)] {
                for (u32 i = spin; i > 0; i--) cpu_pause();
                d = 1;
                two.done();
            });
        how = two.wait_until(some_end(r, x));
        if (how != Waited::done) two.wait();
        if (!did[0] || !did[1]) r.unseen.xadd(1, relaxed);
        break;
    }
    case 12: interrupt(r, x); break;
    }
    r.ended[static_cast<int>(how)].xadd(1, relaxed);
    if (x.below(4) == 0) dwell();
}

void round(u64 seed) {
    static Round* r;
    r = make<Round>();
    r->done.add(workers);
    auto all = make_chan<bool>(workers);
    for (i64 i = 0; i < workers; i++)
        go([seed, i, all] {
            Random x{seed * 1000 + static_cast<u64>(i) + 1};
            for (int k = 0; k < steps; k++) step(*r, x);
            r->done.done();
            all.send(true);
        });
    r->done.wait();
    for (i64 i = 0; i < workers; i++) (void)all.recv();
    u64 ways[3];
    for (int i = 0; i < 3; i++) ways[i] = r->ended[i].load(relaxed);
    print("# waits: ", ways[0], " had it, ", ways[1], " timed out, ", ways[2], " were cancelled; ", r->interrupted.load(relaxed), " signals\n");
    ok(r->by_m == r->locked.load(relaxed) && r->m.try_lock(), "stress: Mutex: nobody else was inside, and it is free");
    ok(r->a == r->b && r->a == r->wrote.load(relaxed) && !r->torn.load(relaxed) && r->rw.try_lock(), "stress: RWMutex: no reader beside a writer, and it is free");
    ok(!r->too_many.load(relaxed) && r->s.held() == 0 && r->s.try_acquire(units), "stress: Semaphore: never more than there are, and none is lost");
    ok(r->put.load(relaxed) == r->took.load(relaxed) + r->items && !r->cm.locked(), "stress: Cond: what was put was taken once");
    ok(ways[0] + ways[1] + ways[2] == workers * steps && ways[1] && ways[2], "stress: WaitGroup: every wait has ended, in each of the three ways");
    ok(!r->unseen.load(relaxed), "stress: Once, WaitGroup: what was done before is seen, and done once");
    ok(!r->m.list.first && !r->c.list.first && !r->done.list.first && !r->cancels[r->cancel_at.load(relaxed)].waiting, "stress: nobody is left in a queue");
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
