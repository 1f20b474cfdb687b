// SPDX-License-Identifier: BSD-3-Clause
// Plain memory: what the compiler calls for every access (-fsanitize=thread), and the race checker behind it.
//
// A cell for each byte of the world holds who wrote there last and each thread's last read, as clocks; an access is known by
// its first byte. Reads of what others may have written go into the thread's `observed`; words that others wrote on a
// thread's stack are remembered (foreign), because they are not a function of what the thread itself has seen.
#include <cstring>

#include "engine.h"

namespace model {

Cell cells[cells_size];
static Undo undo[1 << 16];

u32 cell_of(const void* at) {
    const unsigned char* p = static_cast<const unsigned char*>(at);
    const usize off = static_cast<usize>(p - world);
    if (off < world_size) return static_cast<u32>(off);
    for (int i = 0; i < nregions; i++) {
        const usize in = static_cast<usize>(p - regions[i].at);
        if (in < regions[i].n) return static_cast<u32>(regions[i].cells + in);
    }
    return cells_size;
}

void change(u32 cell) {
    if (now.nundo == sizeof undo / sizeof undo[0]) fail("the model has no room for more accesses");
    undo[now.nundo++] = {cell, cells[cell]};
}

void undo_down_to(u32 mark, u32 from) {
    while (from > mark) {
        from--;
        cells[undo[from].cell] = undo[from].was;
    }
}

void check_stack(const void* at) {
    u32 n;
    if (!stack_of(at, &n) || now.threads[now.current].stack == n) return;
    for (int i = 0; i < now.nthreads; i++) {
        const Thread& t = now.threads[i];
        u32 on;
        if (i != now.current && t.stack == n && stack_of(t.sp, &on) && on == n && (t.ended || at < t.sp))
            fail("the stack of a function that has returned is used (thread %d's)", i);
    }
}

namespace {

// Stacks that code switches between are nobody's: what lies there follows from what the threads that were on it have seen.
bool owned(u32 stack) {
    if (!now.switches) return true;
    for (int i = 0; i < now.nthreads; i++)
        if (now.threads[i].stack == stack) return true;
    return false;
}

void accessed(const void* at, usize size, bool writes) {
    if (now.current < 0 || quiet) return;
    const u32 c = cell_of(at);
    if (c == cells_size) return;
    const int self = now.current;
    Thread& t = now.threads[self];
    u32 on = 0;
    const bool a_stack = stack_of(at, &on);
    const bool own = a_stack && on == t.stack;
    const u16 clock = t.cur.clock[self];
    Cell& cell = cells[c];
    if (!own) {
        if (a_stack) check_stack(at);
        if (cell.write && cell.writer != self && t.cur.clock[cell.writer] < cell.write)
            fail("a data race: thread %d %s what thread %d wrote", self, writes ? "writes" : "reads", cell.writer);
    } else if (cell.foreign && cell.writer != self && cell.write && t.cur.clock[cell.writer] < cell.write) {
        fail("a data race: thread %d %s what thread %d wrote on its stack", self, writes ? "writes" : "reads", cell.writer);
    }
    if (writes) {
        if (cell.loc && !now.locs[cell.loc - 1].gone && !own) fail("an Atomic is written as plain memory");
        for (int i = 0; i < now.nthreads; i++)
            if (i != self && cell.read[i] > t.cur.clock[i]) fail("a data race: thread %d writes what thread %d reads", self, i);
        const bool foreign = a_stack && !own && !cell.foreign && owned(on);
        if (cell.write != clock || cell.writer != self || foreign) {
            change(c);
            cell.write = clock;
            cell.writer = static_cast<u8>(self);
            if (foreign) {
                cell.foreign = true;
                if (now.nforeign == max_foreign) fail("the model has no room for more writes to other threads' stacks");
                now.foreign_size[now.nforeign] = static_cast<u16>(size);
                now.foreign[now.nforeign++] = at;
            }
        }
    } else {
        if (cell.read[self] != clock) {
            change(c);
            cell.read[self] = clock;
        }
        if (!own || cell.foreign) {
            u64 v = 0;
            std::memcpy(&v, at, size < 8 ? size : 8);
            t.observed = mix(t.observed, v);
            t.stale = true;
        }
    }
}

void range(const void* at, usize n, bool writes) {
    const unsigned char* p = static_cast<const unsigned char*>(at);
    for (usize i = 0; i < n; i++) accessed(p + i, 1, writes);
}

}  // namespace

void freed(void* at, usize n) {
    if (now.current < 0) return;
    for (usize i = 0; i < n; i++) {
        unsigned char* p = static_cast<unsigned char*>(at) + i;
        const u32 c = cell_of(p);
        if (c == cells_size || !cells[c].loc) {
            accessed(p, 1, true);
            continue;
        }
        if (now.locs[cells[c].loc - 1].gone) fail("memory is freed twice");
        gone(p);
    }
}

}  // namespace model

// Names and types are the compilers' (gcc/sanitizer.def, clang's ThreadSanitizer.cpp).
extern "C" {
void __tsan_init() {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}
void __tsan_vptr_update(void**, void*) {}
void __tsan_vptr_read(void**) {}
void __tsan_atomic_signal_fence(int) {}
void __tsan_read1(void* p) { model::accessed(p, 1, false); }
void __tsan_read2(void* p) { model::accessed(p, 2, false); }
void __tsan_read4(void* p) { model::accessed(p, 4, false); }
void __tsan_read8(void* p) { model::accessed(p, 8, false); }
void __tsan_read16(void* p) { model::accessed(p, 8, false), model::accessed(static_cast<char*>(p) + 8, 8, false); }
void __tsan_write1(void* p) { model::accessed(p, 1, true); }
void __tsan_write2(void* p) { model::accessed(p, 2, true); }
void __tsan_write4(void* p) { model::accessed(p, 4, true); }
void __tsan_write8(void* p) { model::accessed(p, 8, true); }
void __tsan_write16(void* p) { model::accessed(p, 8, true), model::accessed(static_cast<char*>(p) + 8, 8, true); }
void __tsan_unaligned_read2(void* p) { model::accessed(p, 2, false); }
void __tsan_unaligned_read4(void* p) { model::accessed(p, 4, false); }
void __tsan_unaligned_read8(void* p) { model::accessed(p, 8, false); }
void __tsan_unaligned_write2(void* p) { model::accessed(p, 2, true); }
void __tsan_unaligned_write4(void* p) { model::accessed(p, 4, true); }
void __tsan_unaligned_write8(void* p) { model::accessed(p, 8, true); }
void __tsan_unaligned_read16(void* p) { __tsan_read16(p); }
void __tsan_unaligned_write16(void* p) { __tsan_write16(p); }
void __tsan_volatile_read1(void* p) { __tsan_read1(p); }
void __tsan_volatile_read4(void* p) { __tsan_read4(p); }
void __tsan_volatile_read8(void* p) { __tsan_read8(p); }
void __tsan_volatile_write1(void* p) { __tsan_write1(p); }
void __tsan_volatile_write4(void* p) { __tsan_write4(p); }
void __tsan_volatile_write8(void* p) { __tsan_write8(p); }
void __tsan_read_range(void* p, unsigned long n) { model::range(p, n, false); }
void __tsan_write_range(void* p, unsigned long n) { model::range(p, n, true); }
void* __tsan_memset(void* p, int c, unsigned long n) { return model::range(p, n, true), std::memset(p, c, n); }
void* __tsan_memcpy(void* p, const void* from, unsigned long n) {
    model::range(from, n, false);
    model::range(p, n, true);
    return std::memcpy(p, from, n);
}
}
