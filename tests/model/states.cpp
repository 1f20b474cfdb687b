// SPDX-License-Identifier: BSD-3-Clause
// The table of states that were seen, and the snapshots that a run goes back to. See engine.h.
#include <sys/mman.h>

#include <cstdlib>
#include <cstring>

#include "engine.h"

namespace model {

std::vector<Frame> frames;

namespace {

// 56 bits of hash and 8 of budget, in 16 MiB.
constexpr u32 table_size = 1 << 21;
u64* table;
u64 table_used, seed;

unsigned char* shots;     // frames, one behind the other
constexpr usize shots_size = usize{1} << 31;
usize shots_used;

constexpr usize extra_copied = 3 << 10;  // of a stack that no waiting thread is on

template <class F>
void each_part(F part) {
    part(&now, offsetof(Now, foreign_size));
    part(now.foreign_size, now.nforeign * sizeof now.foreign_size[0]);
    part(now.foreign, now.nforeign * sizeof now.foreign[0]);
    part(now.threads, static_cast<usize>(now.nthreads) * sizeof(Thread));
    for (u32 i = 0; i < now.nlocs; i++) {
        part(&now.locs[i], offsetof(Location, order));
        part(now.locs[i].order, now.locs[i].n * sizeof(u16));
    }
    part(world + max_stacks * stack_size, now.arena_used);
    for (int i = 0; i < nregions; i++) part(regions[i].at, regions[i].n);
    for (u32 s = 0; s < now.nstacks; s++) {
        unsigned char* top = world + (s + 1) * stack_size;
        unsigned char* low = top - 64;
        bool own = false;
        for (int i = 0; i < now.nthreads; i++) {
            const Thread& t = now.threads[i];
            if (t.stack == s) own = true;
            u32 on;
            if (!t.ended && stack_of(t.sp, &on) && on == s && t.sp < low) low = static_cast<unsigned char*>(t.sp);
        }
        if (!own || now.switches) low = low < top - extra_copied ? low : top - extra_copied;  // switched stacks: nobody's sp tells
        part(low, static_cast<usize>(top - low));
    }
}

}  // namespace

void make_room_for_states() {
    table = static_cast<u64*>(mmap(nullptr, table_size * sizeof(u64), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    shots = static_cast<unsigned char*>(mmap(nullptr, shots_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
}

u64 hash_words(const void* at, usize bytes) {
    const unsigned char* p = static_cast<const unsigned char*>(at);
    u64 a = bytes, b = 0x1234567, v;
    usize i = 0;
    for (; i + 16 <= bytes; i += 16) {
        std::memcpy(&v, p + i, 8);
        a = mix(a, v);
        std::memcpy(&v, p + i + 8, 8);
        b = mix(b, v);
    }
    if (i < bytes) {
        v = 0;
        std::memcpy(&v, p + i, bytes - i < 8 ? bytes - i : 8);
        a = mix(a, v);
    }
    return mix(a, b);
}

bool known_state() {
    Thread& t = me();
    if (t.stale) {
        t.stale = false;
        u64 h = mix(t.observed, t.token * 64 + t.ended * 16 + t.panicked * 8 + (t.ready != nullptr) * 4 + t.forced);
        h = mix(h, hash_words(&t.cur, sizeof t.cur));
        h = mix(h, hash_words(&t.acq, sizeof t.acq));
        t.hash = mix(h, hash_words(&t.rel, sizeof t.rel));
        if (t.token) t.hash = mix(t.hash, hash_words(&t.token_view, sizeof t.token_view));
    }
    u64 h = mix(seed, static_cast<u64>(now.current));
    for (int i = 0; i < now.nthreads; i++) {
        const Thread& o = now.threads[i];
        h = mix(h, o.hash);
        if (o.pausing) h = mix(h, (o.seen == now.epoch) + 7);
        h = mix(h, (o.tried == now.epoch - o.own + 1) * 2 + o.token);
    }
    h = mix(h, now.memory_hash);
    h = mix(h, hash_words(&now.sc, sizeof now.sc));
    h = mix(h, hash_words(world + max_stacks * stack_size, (now.arena_used + 7) & ~usize{7}));
    for (int i = 0; i < nregions; i++) h = mix(h, hash_words(regions[i].at, regions[i].n & ~usize{7}));
    for (u32 i = 0; i < now.nforeign; i++) {
        u64 v = 0;
        std::memcpy(&v, now.foreign[i], now.foreign_size[i] < 8 ? now.foreign_size[i] : 8);
        h = mix(h, v + reinterpret_cast<u64>(now.foreign[i]));
    }
    const u64 key = h & ~u64{0xff};
    const u64 left_over = static_cast<u64>(now.budget) + 1;
    for (u32 i = 0;; i++) {
        u64& slot = table[((h >> 20 ^ h >> 43) + i) & (table_size - 1)];
        if (slot && (slot & ~u64{0xff}) == key) {
            if ((slot & 0xff) >= left_over) return true;
            slot = key | left_over;
            return false;
        }
        if (!slot || i == 32) {
            table_used += !slot;
            slot = key | left_over;
            return false;
        }
    }
}

void forget_states() {
    seed = mix(seed, 0x5eed);
    if (table_used < table_size / 2) return;  // old ones do no harm: their seed was another
    std::memset(table, 0, table_size * sizeof(u64));
    table_used = 0;
}

void save(u32 n) {
    unsigned char* at = shots + shots_used;
    each_part([&](void* p, usize size) {
        std::memcpy(at, p, size);
        at += size;
    });
    const usize size = static_cast<usize>(at - shots) - shots_used;
    frames.push_back({size, n, 0, now.choices});
    shots_used += size;
    if (shots_used + (1 << 20) > shots_size) std::abort();
}

void restore() {
    const u32 undone_from = now.nundo;
    const unsigned char* at = shots + shots_used - frames.back().size;
    // Lengths first: they say what else there is.
    each_part([&](void* p, usize size) {
        std::memcpy(p, at, size);
        at += size;
    });
    undo_down_to(now.nundo, undone_from);
}

void drop_snapshot() {
    shots_used -= frames.back().size;
    frames.pop_back();
}

void forget_snapshots() {
    frames.clear();
    shots_used = 0;
}

}  // namespace model
