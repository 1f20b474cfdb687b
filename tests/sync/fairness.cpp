// SPDX-License-Identifier: BSD-3-Clause
// The bound of mutex.h: who finds k waiters before it gets the Mutex after at most (k + 1) * (passes + 1) others.
#include "tests/sync/waiting.h"
#include "tests/tap.h"

using namespace trapeze;

// From the moment when all have queued, on any number of Ps, against others that take it whenever it is free and never wait.
static void queued() {
    constexpr u64 n = 200;
    static Mutex m;
    static u64 got, turn, after[n];
    WaitGroup all;
    all.add(n + 3);
    m.lock();
    for (u64 i = 0; i < n; i++)
        go([&] {
            m.lock();
            after[turn++] = got++;
            m.unlock();
            for (u64 k = 0; k < 1000 && m.try_lock(); k++, m.unlock()) got++;  // as long as it is not handed over
            all.done();
        });
    until_waiting(m.list, n);
    for (int i = 0; i < 3; i++)
        go([&] {
            for (u64 seen = 0; seen < n;) {
                if (!m.try_lock()) {
                    gosched();
                    continue;
                }
                seen = turn;
                got++;
                m.unlock();
            }
            all.done();
        });
    m.unlock();
    all.wait();
    u64 late = 0, longest = 0;
    for (u64 i = 0; i < n; i++) {
        if (after[i] > (i + 1) * (Mutex::passes + 1)) late++;
        if (after[i] > longest) longest = after[i];
    }
    print("# ", n, " waiters and 3 that never wait: the last got it after ", longest, " others; the bound is ", n * (Mutex::passes + 1), "\n");
    ok(turn == n && !late, "200 waiters: each gets it after at most (passes + 1) others for itself and for each before it");
}

int main() {
    queued();
    done();
}
