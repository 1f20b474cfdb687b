// SPDX-License-Identifier: BSD-3-Clause
// Making and freeing blocks: one source for mal and for a hosted malloc, whose differences are in port.h (ours/, hosted/).
//   mal [CASE]     prints "case value" lines, nanoseconds for each pair of making and freeing; TRAPEZE_BENCH_P workers (1, 2)
// Sizes are the compiler's to see where a program's would be, the blocks are touched, and nothing is left out.
#include "port.h"

namespace {

constexpr i64 total = 4'000'000;  // pairs, about; a tenth of a second for most

struct Random {
    u64 x;
    u64 next() { return x ^= x << 13, x ^= x >> 7, x ^= x << 17; }
};

void keep(void* p) { asm volatile("" : : "r"(p) : "memory"); }

void touch(void* p) {
    *static_cast<u64*>(p) = 1;
    keep(p);
}

template <usize n>
void pair(i64 pairs, u32) {
    for (; pairs > 0; pairs--) {
        void* p = get(n);
        touch(p);
        put(p, n);
    }
}

template <usize n>
void batch(i64 pairs, u32) {
    void* p[1000];
    for (; pairs > 0; pairs -= 1000) {
        for (void*& one : p) touch(one = get(n));
        for (void* one : p) put(one, n);
    }
}

// 1,000 blocks of 1 to 1,024 bytes, most of them small, replaced at random.
void random_sizes(i64 pairs, u32 worker) {
    struct {
        void* p;
        usize n;
    } slot[1000] = {};
    Random r{u64{88172645463325252} + worker};
    for (; pairs > 0; pairs--) {
        const u64 v = r.next();
        auto& s = slot[v % 1000];
        if (s.p) put(s.p, s.n);
        s.n = 1 + ((v >> 20 & 1023) >> (v >> 40 & 3));
        touch(s.p = get(s.n));
    }
    for (auto& s : slot)
        if (s.p) put(s.p, s.n);
}

// One makes, the other frees: rings of 8 boxes with 256 blocks each, one ring for each pair of workers.
struct alignas(64) Box {
    void* block[256];
    u32 full;
};
Box boxes[8];

void wait_until(Box& b, u32 state) {
    for (int spins = 0; __atomic_load_n(&b.full, __ATOMIC_ACQUIRE) != state; spins++)
        if (spins % 64 == 63 || workers == 1) yield();
        else __builtin_ia32_pause();
}

void handoff(i64 pairs, u32 worker) {
    for (i64 i = 0; i * 256 < pairs; i++) {
        Box& b = boxes[i % 8];
        wait_until(b, worker);
        if (worker)
            for (void* one : b.block) put(one, 64);
        else
            for (void*& one : b.block) touch(one = get(64));
        __atomic_store_n(&b.full, !worker, __ATOMIC_RELEASE);
    }
}

struct Case {
    const char* name;
    void (*run)(i64 pairs, u32 worker);
    bool together;  // two workers whatever their number of CPUs, who share the pairs
};
constexpr Case cases[] = {
    {"pair16", pair<16>, false}, {"pair64", pair<64>, false}, {"pair256", pair<256>, false}, {"pair1024", pair<1024>, false},
    {"pair4096", pair<4096>, false}, {"random", random_sizes, false}, {"batch64", batch<64>, false}, {"batch1024", batch<1024>, false},
    {"handoff", handoff, true},
};

bool same(const char* a, const char* b) {
    while (*a && *a == *b) a++, b++;
    return *a == *b;
}

}  // namespace

int main(int argc, char** argv) {
    prepare();
    for (const Case& c : cases) {
        if (argc > 1 && !same(argv[1], c.name)) continue;
        const u32 n = c.together ? 2 : workers;
        const i64 each = c.together ? total : total / n;
        run(n, c.run, total / 20);  // warm
        const i64 before = now();
        run(n, c.run, each);
        show(c.name, static_cast<double>(now() - before) / static_cast<double>(total));
    }
}
