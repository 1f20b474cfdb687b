// SPDX-License-Identifier: BSD-3-Clause
// mal: sizes, alignments, reuse; and many pairs of making and freeing, on several Ps and threads, after which memory is flat.
//   mal [PAIRS]     1,000,000 if not said. TRAPEZE_TEST_SEED=N repeats the goroutines' choices (not the interleaving).
#include "sync/mal.h"

#include <array>
#include <tuple>

#include "tests/runtime/resident.h"
#include "tests/tap.h"

using namespace trapeze;

namespace {

struct Random {
    u64 x;
    u64 next() { return x ^= x << 13, x ^= x >> 7, x ^= x << 17; }
    u32 below(u32 n) { return static_cast<u32>((next() >> 33) % n); }
    // Mostly small; one in 2,048 is large.
    usize size() {
        const u32 r = below(2048);
        if (r == 0) return 8192 + below(100'000);
        return r < 512 ? below(64) : r < 1800 ? below(600) : below(8193);
    }
};

// A block knows its size at both ends, so that an overlap shows.
struct Block {
    usize size;
    u64 check;
};
constexpr u64 salt = 0x9e3779b97f4a7c15;

Block* fill(void* p, usize n) {
    Block* b = static_cast<Block*>(p);
    b->size = n;
    b->check = (reinterpret_cast<uptr>(p) ^ n) * salt;
    static_cast<u8*>(p)[n - 1] = static_cast<u8>(n);
    if (n == sizeof(Block)) b->check = (reinterpret_cast<uptr>(p) ^ n) * salt;
    return b;
}
bool intact(const Block* b) {
    return b->check == (reinterpret_cast<uptr>(b) ^ b->size) * salt &&
           (b->size == sizeof(Block) || reinterpret_cast<const u8*>(b)[b->size - 1] == static_cast<u8>(b->size));
}

bool zero(const void* p, usize n) {
    const u8* b = static_cast<const u8*>(p);
    while (n && !*b) b++, n--;
    return !n;
}

void sizes() {
    bool aligned = true, zeroed = true, fits = true, tight = true, whole = true;
    for (usize n = 0; n <= 10'000; n++) {
        u8* p = static_cast<u8*>(mal(n));
        aligned &= reinterpret_cast<uptr>(p) % 16 == 0;
        zeroed &= zero(p, n);
        fits &= mal_size(p) >= n;
        tight &= n < 64 || n > 8192 || mal_size(p) <= n + n / 4 + 1;
        const usize room = mal_size(p) < 16384 ? mal_size(p) : n;
        for (usize i = 0; i < room; i++) p[i] = 0xa5;  // dirty, for whoever gets it next
        if (n % 3 == 0) mfree(p);
        else if (n % 3 == 1) mfree(p, n);
        else mfree(p, mal_size(p));
    }
    const MalStats s = mal_stats();
    for (usize c = 0; c < MalStats::classes; c++)
        for (const usize n : {s.of[c].size - 1, s.of[c].size, s.of[c].size + 1}) {
            void* p = mal_raw(n);
            whole &= mal_size(p) == s.of[c].size || n > s.of[c].size;
            mfree(p, n);
        }
    ok(aligned, "every size from 0 to 10,000: 16-aligned");
    ok(zeroed, "zeroed, also when the block was used before");
    ok(fits && tight, "at least what was asked for, at most a quarter more");
    ok(whole, "a class's own size is not rounded up; mal_stats names the classes");
    void* none = nullptr;
    mfree(none);
    mfree(none, 10);
    mfree(none, 100'000);
    destroy(static_cast<int*>(none));
    ok(true, "null may be freed");
    void* a = mal(0);
    void* b = mal(0);
    ok(a && a != b, "size 0 gives a block, another one each time");
    mfree(a);
    mfree(b, 0);

    bool right = true;
    for (usize align = 1; align <= 32 << 10; align *= 2)
        for (const usize n : {usize{0}, usize{1}, align - 1, align, align + 1, 3 * align, usize{8192}, usize{8193}, usize{200'000}}) {
            u8* p = static_cast<u8*>(mal_raw(n, align));
            right &= reinterpret_cast<uptr>(p) % align == 0 && mal_size(p) >= n;
            if (n) p[0] = p[n - 1] = 1;
            if (n & 1) mfree(p);
            else mfree(p, n, align);
        }
    ok(right, "alignments from 1 to 32 KiB");

    ok(!mal_try(~usize{0}) && !mal_try(usize{1} << 62) && !mal_try(usize{1} << 47) && !mal_try((usize{1} << 47) - 1), "no memory: mal_try says null");
    ok(!mal_try(~usize{0}, 4096) && !mal_try(1, 64 << 10), "nor for alignments beyond 32 KiB");
    const i64 before = resident();
    u8* large = static_cast<u8*>(mal(64 << 20));
    ok(resident() < before + (8 << 20), "64 MiB of zeros cost no memory until they are touched");
    ok(zero(large, 64 << 20) && mal_stats().large >= 64 << 20, "64 MiB");
    mfree(large);
}

struct alignas(128) Wide {
    u8 bytes[100];
};

void objects() {
    auto* t = make<std::tuple<int, u64>>(1, 2);
    ok(std::get<0>(*t) == 1 && std::get<1>(*t) == 2, "make passes its arguments on");
    destroy(t);
    Wide* w = make<Wide>();
    ok(reinterpret_cast<uptr>(w) % 128 == 0, "an over-aligned object");
    destroy(w);
}

constexpr int slots = 64;

// Makes, frees, and gives every eighth block to another worker, which frees it.
u64 worker(u64 seed, u64 pairs, chan<Block*> in, chan<Block*> out) {
    Random r{seed * salt | 1};
    Block* mine[slots] = {};
    u64 wrong = 0;
    auto release = [&](Block* b) {
        wrong += !intact(b);
        if (r.x & 1) mfree(b);
        else mfree(b, b->size);
    };
    for (u64 made = 0; made < pairs;) {
        Block*& b = mine[r.below(slots)];
        if (!b) {
            usize n = r.size();
            if (n < sizeof(Block)) n = sizeof(Block);
            b = fill(mal_raw(n), n);
            made++;
            continue;
        }
        if (r.below(8) || !out.try_send(b)) release(b);
        b = nullptr;
        if (r.below(64) == 0)
            while (auto other = in.try_recv()) release(*other);
    }
    for (Block* b : mine)
        if (b) release(b);
    return wrong;
}

void workers(u64 seed, u64 pairs) {
    constexpr u32 n = 8;
    chan<Block*> ring[n];
    for (auto& c : ring) c = make_chan<Block*>(256);
    auto results = make_chan<u64>();
    u64 wrong = 0;
    MalStats first{};
    i64 resident_first = 0;
    constexpr int rounds = 4;  // the first one warms up
    const i64 before = nanotime();
    for (int round = 0; round < rounds; round++) {
        for (u32 i = 0; i < n; i++)
            go([=] { results.send(worker(seed + static_cast<u64>(round) * n + i, pairs / n / rounds, ring[i], ring[(i + 1) % n])); });
        for (u32 i = 0; i < n; i++) wrong += results.recv();
        for (auto& c : ring)
            while (auto b = c.try_recv()) {
                wrong += !intact(*b);
                mfree(*b);
            }
        if (round == 0) first = mal_stats(), resident_first = resident();
    }
    const MalStats last = mal_stats();
    const i64 each = (nanotime() - before) / static_cast<i64>(pairs ? pairs : 1);
    print("# ", pairs, " pairs, ", each, " ns each; mapped ", first.mapped >> 10, " KiB after a quarter, ", last.mapped >> 10, " KiB after all; resident ",
          resident_first >> 10, " and ", resident() >> 10, " KiB; in use ", last.in_use >> 10, " KiB, cached ", last.cached >> 10, " KiB\n");
    ok(wrong == 0, "blocks of 8 goroutines, passed on and freed elsewhere, do not overlap");
    // What P caches and classes may hold more than after the first round, whatever the number of pairs.
    const usize slack = (static_cast<usize>(gomaxprocs()) * 2 + 10) << 20;
    ok(last.mapped <= first.mapped + slack, "memory is flat: what is mapped does not grow with the pairs");
    if (resident_first) ok(resident() <= resident_first + static_cast<i64>(slack), "nor does what is resident");
    else skip("this kernel has no /proc", "nor does what is resident");
}

// Threads without a P: they share one cache.
Block* passed[4][1000];
u64 wrong_of[4];
void threads(u64 seed) {
    static u64 seeds;
    seeds = seed;
    auto run = [](void (*fn)(void*)) {
        Thread* t[4];
        Result error;
        for (auto& row : passed) {
            t[&row - passed] = thread_create(fn, &row, &error);
            if (!t[&row - passed]) die_errno("thread_create", error);
        }
        for (Thread* one : t) thread_join(one);
    };
    run([](void* row) {
        auto& mine = *static_cast<Block*(*)[1000]>(row);
        Random r{seeds * salt + static_cast<u64>(&mine - passed) * 77 + 1};
        for (int again = 0; again < 20; again++)
            for (Block*& b : mine) {
                if (b) wrong_of[&mine - passed] += !intact(b), mfree(b);
                const usize n = sizeof(Block) + r.below(2000);
                b = fill(mal_raw(n), n);
            }
    });
    u64 wrong = 0;
    for (u64 w : wrong_of) wrong += w;
    for (auto& row : passed)
        for (Block* b : row) wrong += !intact(b), mfree(b);
    ok(wrong == 0, "threads outside the scheduler allocate too; a goroutine frees it");
}

// What a class gives back goes to the kernel, but for a bounded rest.
void gives_back() {
    static void* p[10'000];
    for (void*& one : p) one = mal_raw(4096);
    const MalStats full = mal_stats();
    for (void* one : p) mfree(one, 4096);
    const MalStats empty = mal_stats();
    ok(full.mapped >= 10'000 * 4096 && full.of[27].size == 4096 && full.of[27].in_use >= 10'000, "10,000 blocks of 4 KiB are in use");
    ok(empty.mapped <= full.mapped - 10'000 * 4096 + (10 << 20), "freed, they are mapped no more, but for 10 MiB at most");
}

}  // namespace

int main(int argc, char** argv) {
    print("TAP version 13\n");
    i64 seed = nanotime() & 0x7fffffff, pairs = 1'000'000;
    if (const char* text = getenv("TRAPEZE_TEST_SEED"); text && !atoi(text, &seed)) return 2;
    if (argc > 2 || (argc == 2 && (!atoi(argv[1], &pairs) || pairs < 0))) return eprint("usage: mal [PAIRS]\n"), 2;
    print("# TRAPEZE_TEST_SEED=", seed, " GOMAXPROCS=", gomaxprocs(), "\n");
    sizes();
    objects();
    workers(static_cast<u64>(seed), static_cast<u64>(pairs));
    threads(static_cast<u64>(seed));
    gives_back();
    return done();
}
