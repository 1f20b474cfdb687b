// SPDX-License-Identifier: BSD-3-Clause
// Mutex, RWMutex, Semaphore: what goroutines that share something are promised, on one P and on several.
#include "tests/sync/waiting.h"
#include "tests/tap.h"

using namespace trapeze;

static Until in_ms(i64 ms) { return {nanotime() + ms * 1'000'000, nullptr}; }

static void mutexes() {
    Mutex m;
    WaitGroup all;
    int inside = 0, count = 0;
    bool broken = false;
    for (int i = 0; i < 20; i++) {
        all.add(1);
        go([&, i] {
            for (int k = 0; k < 200; k++) {
                m.lock();
                if (inside++) broken = true;
                if ((k + i) % 8 == 0) gosched();
                count++;
                inside--;
                m.unlock();
            }
            all.done();
        });
    }
    all.wait();
    ok(count == 4000 && !broken, "Mutex: one goroutine at a time, also across gosched, and none is lost");
    ok(m.try_lock() && !m.try_lock(), "Mutex: try_lock takes what is free only");
    ok(m.lock_until(in_ms(2)) == Waited::timed_out, "Mutex: the time passes");
    ok(m.lock_until({0, nullptr}) == Waited::timed_out, "Mutex: a time that has passed");
    Cancel stop;
    Waited how = Waited::done;
    all.add(1);
    go([&] {
        how = m.lock_until({-1, &stop});
        all.done();
    });
    until_waiting(m.list, 1);
    ok(!stop.cancelled(), "Cancel: not yet");
    stop.cancel();
    all.wait();
    ok(how == Waited::cancelled && stop.cancelled(), "Mutex: a wait is cancelled");
    stop.cancel();
    ok(m.lock_until({-1, &stop}) == Waited::cancelled, "Mutex: so is one that comes later");
    m.unlock();
    ok(m.lock_until({0, &stop}) == Waited::done, "Mutex: but what is free is had");
    // One that gives up does not take the wake-up of the next along.
    all.add(2);
    Cancel first;
    go([&] {
        if (m.lock_until({-1, &first}) == Waited::done) m.unlock();
        all.done();
    });
    until_waiting(m.list, 1);
    go([&] {
        m.lock();
        m.unlock();
        all.done();
    });
    until_waiting(m.list, 2);
    first.cancel();
    m.unlock();
    all.wait();
    ok(m.try_lock(), "Mutex: one that gives up loses nobody's wake-up");
    m.unlock();
}

// The bound of mutex.h, by counts. On one P nothing comes between a goroutine's look at the count and its queueing.
static void fairness() {
    constexpr u64 n = 1000, times = 5;
    static Mutex m;
    static u64 got, longest;
    WaitGroup all;
    all.add(n);
    for (u64 i = 0; i < n; i++)
        go([&] {
            for (u64 k = 0; k < times; k++) {
                const u64 before = __atomic_load_n(&got, __ATOMIC_RELAXED);
                m.lock();
                if (got - before > longest) longest = got - before;
                __atomic_store_n(&got, got + 1, __ATOMIC_RELAXED);
                gosched();
                m.unlock();
            }
            all.done();
        });
    all.wait();
    print("# ", n, " goroutines on one Mutex, ", times, " times: the longest wait is ", longest, " others; the bound is ", n * (Mutex::passes + 1), "\n");
    ok(got == n * times, "1,000 goroutines on one Mutex: everyone gets it each time");
    if (gomaxprocs() == 1) ok(longest <= n * (Mutex::passes + 1), "and nobody waits for more than 1,000 * (passes + 1) others");
    // One that would keep it for ever: waits must end all the same.
    bool had = false;
    u64 taken = 0;
    WaitGroup two;
    two.add(1);
    m.lock();
    go([&] {
        m.lock();
        had = true;
        m.unlock();
        two.done();
    });
    until_waiting(m.list, 1);
    m.unlock();
    while (!__atomic_load_n(&had, __ATOMIC_ACQUIRE)) {
        m.lock();
        taken++;
        m.unlock();
    }
    two.wait();
    print("# passed ", taken, " times\n");
    if (gomaxprocs() == 1) ok(taken <= Mutex::passes + 2, "a goroutine that never parks passes a waiter `passes` times, then waits itself");
}

static void rwmutexes() {
    RWMutex rw;
    rw.rlock(), rw.rlock();
    ok(rw.try_rlock() && !rw.try_lock(), "RWMutex: readers share, a writer does not");
    rw.runlock();
    WaitGroup all;
    bool wrote = false, read_after = false;
    all.add(1);
    go([&] {
        rw.lock();
        wrote = true;
        rw.unlock();
        all.done();
    });
    sleep_ms(2);
    ok(rw.rlock_until(in_ms(2)) == Waited::timed_out, "RWMutex: a reader waits behind a waiting writer: writers do not starve");
    all.add(1);
    go([&] {
        rw.rlock();
        read_after = wrote;
        rw.runlock();
        all.done();
    });
    sleep_ms(2);
    rw.runlock(), rw.runlock();
    all.wait();
    ok(wrote && read_after, "RWMutex: then the writer, then the reader");
    rw.rlock();
    ok(rw.lock_until(in_ms(1)) == Waited::timed_out && rw.try_rlock(), "RWMutex: a writer that gives up lets readers in again");
    all.add(2);
    bool late = false;
    Cancel stop;
    go([&] {
        (void)rw.lock_until({-1, &stop});
        all.done();
    });
    sleep_ms(2);
    go([&] {
        rw.rlock();
        late = true;
        rw.runlock();
        all.done();
    });
    sleep_ms(2);
    stop.cancel();
    all.wait();
    ok(late, "RWMutex: and those who queued behind it too");
    rw.runlock(), rw.runlock();
    u64 a = 0, b = 0;
    bool torn = false;
    all.add(16);
    for (int i = 0; i < 16; i++)
        go([&, i] {
            for (int k = 0; k < 100; k++) {
                if (i % 4 == 0) {
                    rw.lock();
                    a++;
                    if (k % 4 == 0) gosched();
                    b++;
                    rw.unlock();
                } else {
                    rw.rlock();
                    if (k % 4 == 0) gosched();
                    if (a != b) torn = true;
                    rw.runlock();
                }
            }
            all.done();
        });
    all.wait();
    ok(a == 400 && b == 400 && !torn, "RWMutex: readers see what one writer left, none is lost");
    ok(rw.try_lock(), "RWMutex: free in the end");
    rw.unlock();
}

static void semaphores() {
    Semaphore s(5);
    s.acquire(3);
    ok(s.try_acquire(2) && !s.try_acquire(), "Semaphore: as many units as there are");
    ok(!s.try_acquire(6), "Semaphore: never more");
    ok(s.acquire_until(in_ms(1), 1) == Waited::timed_out, "Semaphore: the time passes");
    WaitGroup all;
    int order[3], at = 0;
    all.add(2);
    go([&] {
        s.acquire(4);
        order[at++] = 4;
        s.release(4);
        all.done();
    });
    sleep_ms(2);
    go([&] {
        s.acquire(1);
        order[at++] = 1;
        s.release(1);
        all.done();
    });
    sleep_ms(2);
    s.release(2);
    sleep_ms(2);
    ok(at == 0, "Semaphore: a large request is not overtaken by a small one");
    s.release(3);
    all.wait();
    ok(at == 2 && s.held() == 0, "Semaphore: both are served");
    s.acquire(5);
    Cancel stop;
    Waited large = Waited::done;
    bool small = false;
    all.add(2);
    go([&] {
        large = s.acquire_until({-1, &stop}, 5);
        all.done();
    });
    sleep_ms(2);
    go([&] {
        s.acquire(1);
        small = true;
        s.release(1);
        all.done();
    });
    sleep_ms(2);
    s.release(2);
    stop.cancel();
    all.wait();
    ok(large == Waited::cancelled && small, "Semaphore: when the first gives up, those behind it are served");
    s.release(3);
    int most = 0, now = 0;
    all.add(30);
    for (int i = 0; i < 30; i++)
        go([&, i] {
            const u64 n = static_cast<u64>(i) % 5 + 1;
            for (int k = 0; k < 40; k++) {
                s.acquire(n);
                const int sum = __atomic_add_fetch(&now, static_cast<int>(n), __ATOMIC_RELAXED);
                if (sum > 5) most = sum;
                if (k % 4 == 0) gosched();
                __atomic_sub_fetch(&now, static_cast<int>(n), __ATOMIC_RELAXED);
                s.release(n);
            }
            all.done();
        });
    all.wait();
    ok(most == 0 && s.held() == 0, "Semaphore: never more than its units are held");
}

int main() {
    print("TAP version 13\n");
    mutexes();
    fairness();
    rwmutexes();
    semaphores();
    return done();
}
