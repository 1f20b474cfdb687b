// SPDX-License-Identifier: BSD-3-Clause
// Lock for finding misuse: takes the place of lock.cpp and lock_timed.cpp in programs with the dependency trapeze_lock_checked_dep,
// and costs nothing in others. It says who holds what, where it was taken (addr2line -e PROGRAM -f), and ends the process when
//   - a thread locks what it holds itself;
//   - one unlocks what another thread holds, or nobody;
//   - locks are taken in an order that, with orders seen before, makes a cycle, whether or not anybody waits this time.
//
//   word  0  new    serial << 1  free    serial << 1 | 1  held
//
// Orders are kept by serials, not by addresses: memory that is used again is a new lock, because a zeroed one is. The latest 1,024
// pairs are known, and 256 locks held at once; beyond that less is found. trylock and tlock wait for no order and add none.
// Whoever waits polls. Rejected: the algorithm of lock.cpp with a table beside it (its word has no room for the serial).
#include "sync/lock.h"
#include "sync/port.h"
#include "sys/os.h"
#include "sys/panic.h"
#include "sys/thread.h"

namespace trapeze {
namespace {

constexpr u64 held = 1;
constexpr usize most_held = 256, most_orders = 1024;

struct Hold {
    u64 serial;
    const Lock* lock;
    const void* where;
    const Tls* by;
    u32 thread;
};

struct Pair {
    u64 first, second;
    Hold had, took;
};

constinit Atomic<u64> serials{};
constinit Atomic<u32> busy{};  // guards what follows; nothing is called with it held that locks or waits
Hold holds[most_held];
usize nholds;
Pair orders[most_orders];
usize norders;
u16 path[most_orders], came[most_orders];  // of the search

void enter() {
    u32 no = 0;
    while (!busy.cas(no, 1, acquire)) {  // with leave
        no = 0;
        thread_yield();
    }
}
void leave() { busy.store(0, release); }  // with enter

// busy stays held: what is reported stands still, and nobody else reports.
[[noreturn]] void end(Out& out) { finish(out); }

void describe(Out& out, const Hold& h) { out.line("thread ", h.thread, " has held since ", h.where); }

u64 serial_of(Lock* l) {
    u64 v = l->word.load(relaxed);
    if (!v) {
        const u64 mine = (serials.xadd(1, relaxed) + 1) << 1;
        if (l->word.cas(v, mine, relaxed)) v = mine;
    }
    return v >> 1;
}

bool take(Lock* l, u64 serial) {
    u64 free = serial << 1;
    return l->word.cas(free, free | held, acquire);  // with unlock's store
}

usize known_orders() { return norders < most_orders ? norders : most_orders; }

// A way through the orders from the lock that is wanted to the one that is held: the last of its steps, or -1.
i32 way(u64 from, u64 to) {
    usize found = 0;
    bool seen[most_orders] = {};
    for (usize at = 0;; at++) {
        const u64 here = at ? orders[path[at - 1]].second : from;
        for (usize i = 0; i < known_orders(); i++) {
            if (orders[i].first != here || seen[i]) continue;
            seen[i] = true;
            came[i] = static_cast<u16>(at ? path[at - 1] + 1 : 0);
            if (orders[i].second == to) return static_cast<i32>(i);
            path[found++] = static_cast<u16>(i);
        }
        if (at == found) return -1;
    }
}

void check_before(Lock* l, u64 serial, const void* where) {
    const Tls* me = tls();
    enter();
    for (usize h = 0; h < nholds; h++) {
        const Hold& mine = holds[h];
        if (mine.by != me) continue;
        if (mine.serial == serial) {
            Out out(2);
            out.line("fatal error: Lock: self-deadlock: ", where, " locks ", l, ", which the same ");
            describe(out, mine);
            out.put('\n');
            end(out);
        }
        bool known = false;
        for (usize i = 0; i < known_orders() && !known; i++) known = orders[i].first == mine.serial && orders[i].second == serial;
        if (known) continue;
        if (i32 step = way(serial, mine.serial); step >= 0) {
            Out out(2);
            out.line("fatal error: Lock: order cycle: ", where, " locks ", l, " with ", mine.lock, ", which ");
            describe(out, mine);
            out.put('\n');
            for (; step >= 0; step = came[step] - 1) {
                const Pair& o = orders[step];
                out.line("    before, ", o.took.where, " locked ", o.took.lock, " with ", o.had.lock, ", which thread ", o.had.thread, " had locked at ",
                         o.had.where, "\n");
            }
            end(out);
        }
        orders[norders++ % most_orders] = {mine.serial, serial, mine, {serial, l, where, me, mine.thread}};
    }
    leave();
}

void taken(Lock* l, u64 serial, const void* where) {
    const u32 thread = thread_self();
    enter();
    if (nholds < most_held) holds[nholds++] = {serial, l, where, tls(), thread};
    leave();
}

bool try_at(Lock* l, const void* where) {
    const u64 serial = serial_of(l);
    if (!take(l, serial)) return false;
    taken(l, serial, where);
    return true;
}

bool lock_at(Lock* l, i64 deadline, const void* where) {
    for (i64 step = 10'000; !try_at(l, where); step = step < 500'000 ? step * 2 : 1'000'000) {
        for (u32 i = 0; i < 64 && l->word.load(relaxed) & held; i++) cpu_pause();
        const i64 now = nanotime();
        if (deadline >= 0 && now >= deadline) return try_at(l, where);
        if (step > 10'000) (void)semasleep(semacreate(), deadline >= 0 && deadline - now < step ? deadline : now + step);  // ends by time
    }
    return true;
}

}  // namespace

bool trylock(Lock* l) { return try_at(l, __builtin_return_address(0)); }

void lock(Lock* l) {
    const void* where = __builtin_return_address(0);
    check_before(l, serial_of(l), where);
    (void)lock_at(l, -1, where);
}

bool tlock(Lock* l, i64 deadline) {
    const void* where = __builtin_return_address(0);
    if (deadline < 0) check_before(l, serial_of(l), where);
    return lock_at(l, deadline, where);
}

void unlock(Lock* l) {
    const void* where = __builtin_return_address(0);
    const u64 v = l->word.load(relaxed);
    enter();
    if (!(v & held)) {
        Out out(2);
        out.line("fatal error: Lock: ", where, " unlocks ", l, ", which nobody holds\n");
        end(out);
    }
    for (usize h = nholds; h-- > 0;) {
        if (holds[h].serial != v >> 1) continue;
        if (holds[h].by != tls()) {
            Out out(2);
            out.line("fatal error: Lock: stranger: ", where, " unlocks ", l, ", which ");
            describe(out, holds[h]);
            out.put('\n');
            end(out);
        }
        holds[h] = holds[--nholds];
        break;
    }
    leave();
    l->word.store(v & ~held, release);  // with take
}

}  // namespace trapeze
