// SPDX-License-Identifier: BSD-3-Clause
// Sleeping: as long as asked, in order, and without the thread (heritage 20); goroutines of static constructors (predawn).
#include "sync/note.h"
#include "tests/tap.h"

using namespace trapeze;

static Atomic<int> early;
static bool main_runs;
static bool ran_before_main;
static struct AtStart {
    AtStart() {
        for (int i = 0; i < 100; i++)
            go([] {
                if (!main_runs) ran_before_main = true;
                early.xadd(1, relaxed);
            });
    }
} at_start;

int main() {
    main_runs = true;
    print("TAP version 13\n");
    for (int i = 0; i < 2000 && early.load(relaxed) < 100; i++) sleep_ms(1);
    ok(early.load(relaxed) == 100, "predawn: goroutines of static constructors run");

    for (i64 ns : {i64{1}, i64{1'000}, i64{1'000'000}, i64{20'000'000}}) {
        const i64 before = nanotime();
        sleep_ns(ns);
        ok(nanotime() - before >= ns, "heritage 20: a sleep lasts at least its time");
    }
    sleep_ns(0), sleep_ns(-5);
    ok(true, "sleeps of no time return");

    // On a busy machine several may be due before anybody looks, and then the order is anyone's: so once is enough.
    auto woke = make_chan<int>(8);
    bool ordered = false;
    for (int tries = 0; tries < 20 && !ordered; tries++) {
        for (int i : {5, 2, 7, 1, 4, 0, 6, 3})
            go([=] {
                sleep_ms(20 + 25 * i);
                woke.send(i);
            });
        ordered = true;
        for (int i = 0; i < 8; i++) ordered = woke.recv() == i && ordered;
    }
    ok(ordered, "heritage 20: sleepers wake in the order of their times");

    auto finished = make_chan<int>(1000);
    const i64 before = nanotime();
    for (int i = 0; i < 1000; i++)
        go([=] {
            sleep_ms(30);
            finished.send(1);
        });
    for (int i = 0; i < 1000; i++) (void)finished.recv();
    ok(nanotime() - before < 10'000'000'000, "heritage 20: 1,000 sleepers share their threads (one after the other: 30 s)");

    static Note n;
    const i64 start = nanotime();
    ok(!notetsleep(&n, start + 5'000'000) && nanotime() >= start + 5'000'000, "a timed Note sleep without a wake-up ends when its time has passed");
    notewakeup(&n);
    ok(notetsleep(&n, nanotime() + 1'000'000'000), "a woken Note does not sleep");
    noteclear(&n);
    static Atomic<int> timed, woken;
    static Thread* threads[16];
    Result error;
    for (Thread*& t : threads)
        t = thread_create([](void* at) { (notetsleep(&n, nanotime() + (reinterpret_cast<uptr>(at) % 2 ? 4'000'000 : 20'000'000'000)) ? woken : timed).xadd(1, relaxed); },
                          reinterpret_cast<void*>(static_cast<uptr>(&t - threads)), &error);
    sleep_ms(40);
    notewakeup(&n);
    for (Thread* t : threads) thread_join(t);
    print("# woken ", woken.load(relaxed), ", timed out ", timed.load(relaxed), "\n");
    ok(woken.load(relaxed) >= 8 && woken.load(relaxed) + timed.load(relaxed) == 16, "heritage 24: a Note wakes all its sleepers, timed ones among them");
    return done();
}
