// SPDX-License-Identifier: BSD-3-Clause
// Numbers that bring out leaks: goroutines, OS threads, locks; and sleeping.
#include "sync/lock.h"
#include "tests/tap.h"

using namespace trapeze;

static Lock counter_lock;
static u64 counter;
static Lock idle[100'000];
static Note start;

static void count(void*) {
    notesleep(&start);
    for (int i = 0; i < 20'000; i++) {
        lock(&counter_lock);
        counter++;
        unlock(&counter_lock);
    }
}

int main() {
    print("TAP version 13\n");
    Result error;

    auto results = make_chan<u64>(16);
    for (u64 i = 0; i < 10'000; i++)
        go([=] {
            auto own = make_chan<u64>();
            go([=] { own.send(i); });
            results.send(own.recv());
        });
    u64 sum = 0;
    for (int i = 0; i < 10'000; i++) sum += results.recv();
    ok(sum == 49'995'000, "10,000 goroutines, each with a channel");

    int ran = 0, failed = 0;
    for (int i = 0; i < 1000; i++) {
        Thread* t = thread_create([](void* n) { ++*static_cast<int*>(n); }, &ran, &error);
        if (t) thread_join(t);
        else failed++;
    }
    ok(ran == 1000 && !failed, "heritage 2, 3: 1,000 OS threads started and ended");

    Thread* threads[4];
    for (Thread*& t : threads) t = thread_create(count, nullptr, &error);
    notewakeup(&start);
    for (Thread* t : threads) thread_join(t);
    ok(counter == 80'000, "a contended Lock excludes, a Note wakes all its sleepers");

    for (Lock& l : idle) lock(&l), unlock(&l);
    ok(true, "heritage 14: 100,000 locks need nothing from the kernel");

    Note never_woken{};
    i64 before = nanotime();
    ok(!notetsleep(&never_woken, before + 5'000'000) && nanotime() >= before + 5'000'000, "a Note's sleep ends at its deadline");

    // Three that wait for times of one clock, a unit apart. The order is theirs as long as no thread is kept from running for a unit: on a
    // machine with much else to do it takes a longer one.
    bool early = false, ordered = false;
    for (i64 unit = 10'000'000; !ordered && !early && unit < 3'000'000'000; unit *= 4) {
        auto order = make_chan<i64>(3);
        const i64 from = nanotime();
        for (int n : {3, 1, 2})
            go([=] {
                (void)sleep_until({from + n * unit});
                order.send(nanotime() - from >= n * unit ? n : -1);
            });
        const i64 first = order.recv(), second = order.recv(), third = order.recv();
        early = first < 0 || second < 0 || third < 0;
        ordered = first == 1 && second == 2 && third == 3;
    }
    ok(ordered, "heritage 20: goroutines sleep at least their time, and in order");

    ok(getm()->procid == thread_self(), "heritage 25: the first M knows its thread, or whichever this runs on");

    Result missing = open("/no/such/file", O_RDONLY);
    ok(missing.failed() && missing.err() == kernel::ENOENT, "heritage 21: a failing open is an error, not descriptor 2");
    return done();
}
