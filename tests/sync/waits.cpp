// SPDX-License-Identifier: BSD-3-Clause
// WaitGroup, Cond, Once, sleep_until: what goroutines that wait for each other are promised, on one P and on several.
#include "tests/tap.h"

using namespace trapeze;

static Until in_ms(i64 ms) { return {nanotime() + ms * 1'000'000, nullptr}; }

static void groups() {
    WaitGroup g;
    g.wait();
    ok(true, "WaitGroup: of nothing");
    g.add(2);
    ok(g.wait_until(in_ms(1)) == Waited::timed_out, "WaitGroup: the time passes");
    Cancel stop;
    stop.cancel();
    ok(g.wait_until({-1, &stop}) == Waited::cancelled, "WaitGroup: cancelled");
    g.done();
    WaitGroup woken;
    woken.add(50);
    Atomic<int> before{0}, seen{0};
    for (int i = 0; i < 50; i++)
        go([&] {
            before.xadd(1, relaxed);
            g.wait();
            seen.xadd(1, relaxed);
            woken.done();
        });
    while (before.load(relaxed) < 50) gosched();
    ok(seen.load(relaxed) == 0, "WaitGroup: nobody goes on early");
    g.done();
    woken.wait();
    ok(seen.load(relaxed) == 50, "WaitGroup: everybody who waits goes on");
    bool early = false;
    for (int round = 0; round < 200; round++) {
        int finished[8] = {};
        g.add(8);
        for (int i = 0; i < 8; i++)
            go([&, i] {
                finished[i] = 1;
                g.done();
            });
        g.wait();
        for (int f : finished) early = early || !f;
    }
    ok(!early, "WaitGroup: again and again, and what was done before is seen");
}

static void conditions() {
    Mutex m;
    Cond c;
    m.lock();
    ok(c.wait_until(m, in_ms(1)) == Waited::timed_out && m.locked(), "Cond: the time passes, and the Mutex is locked again");
    Cancel stop;
    stop.cancel();
    ok(c.wait_until(m, {-1, &stop}) == Waited::cancelled && m.locked(), "Cond: cancelled, and the Mutex is locked again");
    m.unlock();
    c.signal(), c.broadcast();
    int items = 0, taken = 0;
    WaitGroup all;
    all.add(10);
    for (int i = 0; i < 10; i++)
        go([&] {
            for (int k = 0; k < 100; k++) {
                m.lock();
                while (!items) c.wait(m);
                items--, taken++;
                m.unlock();
            }
            all.done();
        });
    for (int k = 0; k < 1000; k++) {
        m.lock();
        items++;
        m.unlock();
        c.signal();
        if (k % 16 == 0) gosched();
    }
    all.wait();
    ok(taken == 1000 && items == 0, "Cond: each signal is somebody's");
    bool open = false;
    int through = 0;
    all.add(20);
    for (int i = 0; i < 20; i++)
        go([&] {
            m.lock();
            while (!open) c.wait(m);
            through++;
            m.unlock();
            all.done();
        });
    sleep_ms(2);
    m.lock();
    open = true;
    m.unlock();
    c.broadcast();
    all.wait();
    ok(through == 20, "Cond: broadcast is everybody's");
}

static void onces() {
    Once once;
    int runs = 0, after = 0;
    WaitGroup all;
    all.add(20);
    for (int i = 0; i < 20; i++)
        go([&] {
            once.run([&] {
                sleep_ms(1);
                runs++;
            });
            __atomic_add_fetch(&after, runs, __ATOMIC_RELAXED);
            all.done();
        });
    all.wait();
    ok(runs == 1 && after == 20, "Once: once, and whoever returns finds it done");
    Cancel stop;
    const i64 before = nanotime();
    ok(sleep_until(in_ms(3)) == Waited::timed_out && nanotime() - before >= 3'000'000, "sleep_until: the deadline");
    Waited how = Waited::done;
    all.add(1);
    go([&] {
        how = sleep_until({nanotime() + 3'600'000'000'000, &stop});
        all.done();
    });
    sleep_ms(2);
    stop.cancel();
    all.wait();
    ok(how == Waited::cancelled, "sleep_until: cancelled an hour before");
}

int main() {
    print("TAP version 13\n");
    groups();
    conditions();
    onces();
    return done();
}
