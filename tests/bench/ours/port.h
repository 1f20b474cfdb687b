// SPDX-License-Identifier: BSD-3-Clause
// tests/bench over Trapeze: goroutines on TRAPEZE_BENCH_P Ps (tools/bench sets GOMAXPROCS to the same).
#pragma once
#include "rt0/trapeze.h"

using namespace trapeze;

inline u32 workers;

inline void* get(usize n) { return mal_raw(n); }
inline void put(void* p, usize n) { mfree(p, n); }
inline void yield() { gosched(); }
inline i64 now() { return nanotime(); }
inline void show(const char* name, double v) { print(name, " ", v, "\n"); }
inline void prepare() { workers = static_cast<u32>(gomaxprocs()); }

inline void run(u32 n, void (*body)(i64, u32), i64 pairs) {
    auto done = make_chan<u32>();
    for (u32 i = 0; i < n; i++)
        go([=] {
            body(pairs, i);
            done.send(i);
        });
    for (u32 i = 0; i < n; i++) (void)done.recv();
}
