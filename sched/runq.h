// SPDX-License-Identifier: BSD-3-Clause
// A P's run queue: a ring of 256 and a next slot. Only the owner puts and takes at the ends; any P may steal.
//
//   head   where takers are: owner and thieves advance it by cas: a slot is read before the cas and is ours only if the cas
//          succeeds. A thief's cas is a release, with put's acquire: its reads come before the slots are used again. The
//          owner's are relaxed: what they read is its own, and they go on with the thieves' release sequences.
//          Never read by arithmetic alone: head <= tail <= head + 256, modulo 2^32.
//   tail   written by the owner only (release, after the slot: pairs with the thieves' acquire).
//   next   the goroutine made ready last, which runs before those in the ring: partners that talk stay on one P. The owner
//          swaps it (xchg: also the fence between this put and the look for sleeping Ps, see proc.cpp), thieves take it
//          by cas to null.
//
// Two goroutines that wake each other through `next` would starve the ring: the owner takes at most 32 in a row from it.
// T is G in the runtime and a token in the model suite; T needs a member schedlink.
#pragma once
#include "sync/atomic.h"

namespace trapeze {

template <class T>
struct RunQueue {
    static constexpr u32 size = 256;
    static constexpr u32 streak = 32;

    Atomic<u32> head;
    Atomic<u32> tail;
    Atomic<T*> next;
    u32 from_next = 0;  // the owner's
    Atomic<T*> ring[size];

    // Owner. Into the next slot; returns the goroutine that was there, which goes to the ring, or null.
    T* put_next(T* g) { return next.xchg(g, seq_cst); }  // with empty's load

    // Owner. At the tail of the ring; false if it is full.
    bool put(T* g) {
        // survives as relaxed: a slot read after it is overwritten would be load buffering, which the model does not generate
        const u32 h = head.load(acquire);  // with steal_into's cas
        const u32 t = tail.load(relaxed);
        if (t - h == size) return false;
        ring[t % size].store(g, relaxed);
        tail.store(t + 1, release);  // with steal_into's load: the slot, and what was written to g before
        return true;
    }

    // Owner. Half of a full ring as a list, with g at its end: for the global queue. Null if thieves made room meanwhile.
    [[gnu::cold]] T* take_half(T* g, T** last, u32* count) {
        u32 h = head.load(relaxed);
        const u32 n = (tail.load(relaxed) - h) / 2;
        if (n != size / 2) return nullptr;  // survives if false: it takes what is left
        T* batch[size / 2 + 1];
        for (u32 i = 0; i < n; i++) batch[i] = ring[(h + i) % size].load(relaxed);
        if (!head.cas(h, h + n, relaxed)) return nullptr;
        batch[n] = g;
        for (u32 i = 0; i < n; i++) batch[i]->schedlink = batch[i + 1];
        g->schedlink = nullptr;
        *last = g;
        *count = n + 1;
        return batch[0];
    }

    // Owner. The goroutine to run next, or null.
    T* get() {
        T* g = next.load(relaxed);
        if (g && (from_next < streak || empty_ring())) {  // survives if false: it comes last
            if (next.cas(g, nullptr, relaxed)) {  // the owner's own put
                from_next++;
                return g;
            }
        }
        from_next = 0;
        u32 h = head.load(relaxed);
        for (;;) {
            if (h == tail.load(relaxed)) break;
            g = ring[h % size].load(relaxed);
            if (head.cas(h, h + 1, relaxed)) return g;
        }
        g = next.load(relaxed);
        return g && next.cas(g, nullptr, relaxed) ? g : nullptr;
    }

    bool empty_ring() const { return head.load(relaxed) == tail.load(relaxed); }
    // seq_cst: with put_next's xchg. An M that gives up has counted its P idle before it looks here (seq_cst), the owner looks for
    // idle Ps after its xchg: one of them sees the other. What is in the ring was in `next` before or lies there with no promise.
    bool empty() const { return empty_ring() && !next.load(seq_cst); }

    // A thief: moves half of this ring into its own queue, whose owner it is and which is empty, and returns one more to run.
    // With `also_next` takes the next slot if there is nothing else. Null: nothing to take.
    T* steal_into(RunQueue& mine, bool also_next) {
        const u32 t = mine.tail.load(relaxed);
        for (;;) {
            u32 h = head.load(relaxed);
            u32 n = tail.load(acquire) - h;  // with the release of put, or of this for another thief
            n -= n / 2;
            if (n == 0) {
                T* g = also_next ? next.load(relaxed) : nullptr;
                return g && next.cas(g, nullptr, acquire) ? g : nullptr;  // with put_next's xchg
            }
            if (n > size / 2) continue;  // head and tail were read at different times.
            for (u32 i = 0; i < n; i++) mine.ring[(t + i) % size].store(ring[(h + i) % size].load(relaxed), relaxed);
            // survives as relaxed: a slot read after it is overwritten would be load buffering, which the model does not generate
            if (!head.cas(h, h + n, release)) continue;  // with put's load
            T* g = mine.ring[(t + n - 1) % size].load(relaxed);
            if (n > 1) mine.tail.store(t + n - 1, release);  // with this for another thief. survives if true: n is 1, the same value
            return g;
        }
    }
};

}  // namespace trapeze
