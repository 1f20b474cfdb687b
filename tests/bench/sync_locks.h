// SPDX-License-Identifier: BSD-3-Clause
// The lock workloads, for whatever Mutex, Event and threads the including file gives:
//   lock    one thread locks and unlocks, while another thread exists     lock2, lock8   that many threads, one counter
//   note    two threads wake each other in turn; nanoseconds a round trip
// The numbers of rounds are a hundredth of the full ones with TRAPEZE_BENCH_SCALE=100 (tools/bench --quick: 10).
#pragma once

template <class Os>
struct Locks {
    alignas(128) static inline typename Os::Mutex m;
    alignas(128) static inline long shared;
    static inline long each;
    static inline long scale = 1;
    alignas(128) static inline typename Os::Event a;
    alignas(128) static inline typename Os::Event b;

    static void contend(void*) {
        for (long i = 0; i < each; i++) {
            Os::lock(m);
            shared = shared + 1;
            Os::unlock(m);
        }
    }
    static void answer(void*) {
        for (long i = 0; i < each; i++) Os::wait(a), Os::post(b);
    }
    static void idle(void*) { Os::sleep(); }

    static void together(const char* name, int threads, long n) {
        each = n, shared = 0;
        const auto before = Os::now();
        Os::run(threads, contend);
        if (shared != n * threads) __builtin_trap();
        Os::show(name, static_cast<double>(Os::now() - before) / static_cast<double>(n * threads));
    }
    static void all(bool (*wanted)(const char*)) {
        if (wanted("note")) {
            each = 100'000 / scale;
            auto t = Os::start(answer);
            const auto before = Os::now();
            for (long i = 0; i < each; i++) Os::post(a), Os::wait(b);
            Os::show("note", static_cast<double>(Os::now() - before) / static_cast<double>(each));
            Os::join(t);
        }
        if (wanted("lock2")) together("lock2", 2, 5'000'000 / scale);
        if (wanted("lock8")) together("lock8", 8, 1'500'000 / scale);
        if (wanted("lock")) {
            (void)Os::start(idle);
            const long n = 100'000'000 / scale;
            const auto before = Os::now();
            for (long i = 0; i < n; i++) Os::lock(m), Os::unlock(m);
            Os::show("lock", static_cast<double>(Os::now() - before) / static_cast<double>(n));
        }
    }
};
