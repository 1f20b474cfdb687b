// SPDX-License-Identifier: BSD-3-Clause
// select's three passes. Each runs with the locks of all its channels, taken in the order of their addresses (so that two
// selects over the same channels cannot wait for each other) and each once.
//
//   1. look, from a random start by a step relatively prime to n, so that every case is seen once and none is preferred:
//      a case that can go on is done at once.
//   2. become Gwaiting, queue up everywhere, leave the stack; then the locks are released.
//   3. woken by whoever won selectdone: take the locks again and leave the other queues.
//
// The locks are released by another goroutine's stack (gopark's commit), from the array on this one's. After the first
// unlock somebody may wake this goroutine; it then needs every lock for pass 3, so it cannot leave this frame before the
// last one is released, and the commit does not touch the array after that.
#include "chan/select.h"

#include "sys/panic.h"

namespace trapeze {
namespace {

struct Held {
    Hchan** order;  // ascending, without nil and without repetitions
    u32 n;

    void lock_all() {
        for (u32 i = 0; i < n; i++) lock(&order[i]->lock);
    }
    void unlock_all() {
        Hchan** const at = order;
        const u32 count = n;
        for (u32 i = 0; i < count; i++) unlock(&at[i]->lock);
    }
};

void sift(Hchan** heap, u32 at, u32 n) {
    Hchan* moved = heap[at];
    for (u32 child; (child = 2 * at + 1) < n; at = child) {
        if (child + 1 < n && heap[child + 1] > heap[child]) child++;
        if (heap[child] <= moved) break;
        heap[at] = heap[child];
    }
    heap[at] = moved;
}

// The channels of the cases in the order of their addresses, each once (heap sort: no recursion, no bad case).
u32 lock_order(const SelectCase* cases, u32 n, Hchan** order) {
    u32 count = 0;
    for (u32 i = 0; i < n; i++)
        if (cases[i].c) order[count++] = cases[i].c;
    for (u32 i = count / 2; i-- > 0;) sift(order, i, count);
    for (u32 i = count; i-- > 1;) {
        std::swap(order[0], order[i]);
        sift(order, 0, i);
    }
    u32 distinct = 0;
    for (u32 i = 0; i < count; i++)
        if (!distinct || order[distinct - 1] != order[i]) order[distinct++] = order[i];
    return distinct;
}

u32 gcd(u32 a, u32 b) {
    while (b) {
        u32 r = a % b;
        a = b;
        b = r;
    }
    return a;
}

WaitQueue* queue_of(const SelectCase& k) { return k.is_send ? &k.c->senders : &k.c->receivers; }

}  // namespace

i32 selectgo(const SelectCase* cases, Hchan** order, Sudog* entries, u32 n, bool block, bool* ok) {
    Held held{order, lock_order(cases, n, order)};
    held.lock_all();
    if (held.n) {
        const u64 random = fastrand();
        u32 at = static_cast<u32>(random % n);
        u32 step = static_cast<u32>((random >> 32) % n);
        while (gcd(step, n) != 1) step++;
        for (u32 i = 0; i < n; i++, at = (at + step) % n) {
            const SelectCase& k = cases[at];
            if (!k.c) continue;
            auto unlock_all = [&] { held.unlock_all(); };
            if (k.is_send) {
                if (k.c->closed) {
                    unlock_all();
                    panic("send on closed channel");
                }
                if (send_now(k.c, k.elem, unlock_all)) return static_cast<i32>(at);
            } else {
                const Chan r = recv_now(k.c, k.elem, unlock_all);
                if (r == Chan::blocked) continue;
                *ok = r == Chan::done;
                return static_cast<i32>(at);
            }
        }
    }
    if (!block) {
        held.unlock_all();
        return select_default;
    }

    G* g = getg();
    g->param = nullptr;
    g->selectdone.store(0, relaxed);
    gowaiting(held.n ? Wait::select : Wait::select_nothing, reinterpret_cast<const void* const*>(order), held.n);
    for (u32 i = 0; i < n; i++) {
        entries[i] = {g, cases[i].elem, nullptr, nullptr, true, false, false};
        if (cases[i].c) queue_of(cases[i])->put(&entries[i]);
    }
    gopark([](G*, void* arg) { static_cast<Held*>(arg)->unlock_all(); }, &held);

    held.lock_all();
    for (u32 i = 0; i < n; i++)
        if (cases[i].c) queue_of(cases[i])->remove(&entries[i]);  // survives if true: it is in no queue
    held.unlock_all();
    const Sudog* woken_by = static_cast<Sudog*>(g->param);
    const i32 chosen = static_cast<i32>(woken_by - entries);
    if (cases[chosen].is_send && !woken_by->success) panic("send on closed channel");
    *ok = woken_by->success;
    return chosen;
}

}  // namespace trapeze
