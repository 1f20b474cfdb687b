// SPDX-License-Identifier: BSD-3-Clause
// tests/bench over the host's C library: threads, malloc. The peer's compiler sees free's argument only.
#pragma once
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cstddef>
#include <cstdint>

using u32 = std::uint32_t;
using u64 = std::uint64_t;
using i64 = std::int64_t;
using usize = std::size_t;

inline u32 workers;

inline void* get(usize n) { return malloc(n); }
inline void put(void* p, usize) { free(p); }
inline void yield() { sched_yield(); }
inline i64 now() {
    timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1'000'000'000 + t.tv_nsec;
}
inline void show(const char* name, double v) { printf("%s %.3f\n", name, v); }
inline void prepare() {
    const char* p = getenv("TRAPEZE_BENCH_P");
    workers = p ? static_cast<u32>(atoi(p)) : 1;
}

inline void run(u32 n, void (*body)(i64, u32), i64 pairs) {
    struct Start {
        void (*body)(i64, u32);
        i64 pairs;
        u32 worker;
        pthread_t thread;
    } starts[8];
    for (u32 i = 0; i < n; i++) {
        starts[i] = {body, pairs, i, {}};
        pthread_create(&starts[i].thread, nullptr, [](void* a) -> void* {
            Start* s = static_cast<Start*>(a);
            s->body(s->pairs, s->worker);
            return nullptr;
        }, &starts[i]);
    }
    for (u32 i = 0; i < n; i++) pthread_join(starts[i].thread, nullptr);
}
