// SPDX-License-Identifier: BSD-3-Clause
// ulock_wait, ulock_wake (10.12), ulock_wait2 (11): bsd/kern/sys_ulock.c. Waiters of an address are one Ulock, first come
// first woken; the wait's result is how many of them are left. Comparing and queueing is one step under ulock_lock, so a
// wake after the value changed finds the waiter.
//
// UL_UNFAIR_LOCK's value names the owner's thread; priorities are not lent to it. The _SHARED kinds wait within the process.
#include "sys/darwin/errno.h"
#include "tools/xnurun/era.h"
#include "tools/xnurun/handlers.h"
#include "tools/xnurun/ports.h"

namespace trapeze {
namespace {

enum : u32 {
    compare_and_wait = 1, unfair_lock = 2, compare_and_wait_shared = 3, unfair_lock64_shared = 4, compare_and_wait64 = 5,
    compare_and_wait64_shared = 6,
    wake_all = 0x100, wake_thread = 0x200, allow_non_owner = 0x400, workq_contention = 0x10000, cancel_point = 0x20000,
    adaptive_spin = 0x40000, no_errno = 0x1000000, deadline_given = 0x2000000,
};

// What each release takes: bsd/sys/ulock.h of Apple's tags. 10.12 and 10.13 have but two kinds of locks.
u32 wait_flags() {
    return no_errno | workq_contention | (era_has(4903221) ? +cancel_point : 0u) | (era_has(6153011) ? +adaptive_spin : 0u) |
           (era_has(10063101) ? +deadline_given : 0u);
}
u32 wake_flags() { return no_errno | wake_all | wake_thread | (era_has(7195050) ? +allow_non_owner : 0u); }
bool known(u32 opcode) { return opcode >= compare_and_wait && opcode <= (era_has(6153011) ? +compare_and_wait64_shared : +unfair_lock); }

struct Waiting {
    Waiting* next;
    Thread* thread;
    u32 woken;       // futex word
};

struct Ulock {
    Ulock* next;
    u64 address;
    u32 opcode, waiters;
    Waiting *first, *last;
};

HostLock ulock_lock;
Ulock *ulocks, *free_ulocks;

Ulock* find(u64 address, bool make) {
    for (Ulock* u = ulocks; u; u = u->next)
        if (u->address == address) return u;
    if (!make) return nullptr;
    if (!free_ulocks) {
        constexpr u64 batch = 64;
        Ulock* fresh = static_cast<Ulock*>(host_pages(batch * sizeof(Ulock)));
        for (u64 i = 0; i < batch; i++) fresh[i].next = i + 1 < batch ? &fresh[i + 1] : nullptr;
        free_ulocks = fresh;
    }
    Ulock* u = free_ulocks;
    free_ulocks = u->next;
    *u = {ulocks, address, 0, 0, nullptr, nullptr};
    ulocks = u;
    return u;
}

i64 leave(Ulock* u) {
    const i64 left = --u->waiters;
    if (left) return left;
    Ulock** at = &ulocks;
    while (*at != u) at = &(*at)->next;
    *at = u->next;
    u->next = free_ulocks;
    free_ulocks = u;
    return 0;
}

void remove(Ulock& u, Waiting& w) {
    Waiting* before = nullptr;
    for (Waiting* at = u.first; at; before = at, at = at->next) {
        if (at != &w) continue;
        (before ? before->next : u.first) = w.next;
        if (u.last == &w) u.last = before;
        return;
    }
}

void wake(Ulock& u, Waiting& w) {
    remove(u, w);
    __atomic_store_n(&w.woken, 1, __ATOMIC_RELEASE);
    futex_wake(&w.woken, 1);  // under the lock, which the woken thread takes before it leaves
}

bool is_thread(u32 name, Thread** thread) {
    Port* port;
    if (port_lookup_send(name, port)) return false;
    const bool is = port->kind == PortKind::thread;
    if (is && thread) *thread = static_cast<Thread*>(port->object);
    port_unref(port);
    return is;
}

// The low two bits of a name are always set, so locks use them for themselves.
bool owner_lives(u64 value) {
    const u32 name = static_cast<u32>(value) | 3;
    return name == port_dead_name || is_thread(name, nullptr);
}

Answer result(u32 flags, i32 error, i64 value) {
    if (!error) return ok(value);
    return flags & no_errno ? ok(-error) : fail(error);
}

// ns: how long at most, 0 for ever; or until when, if `absolute`.
Answer wait(Trap& trap, u64 ns, bool absolute) {
    const u32 opcode = trap.u(0) & 0xff, flags = trap.u(0) & ~0xffu;
    const u64 address = trap.w(1), value = trap.w(2);
    const bool wide = opcode == compare_and_wait64 || opcode == compare_and_wait64_shared || opcode == unfair_lock64_shared;
    if (flags & ~wait_flags() || !known(opcode) || opcode == unfair_lock64_shared)
        return result(flags, xnu::EINVAL, 0);
    if (!address || address % (wide ? 8 : 4)) return result(flags, xnu::EINVAL, 0);
    i32 error = 0;
    Waiting w{nullptr, &trap.thread, 0};
    Ulock* u;
    {
        Locked hold(ulock_lock);
        u = find(address, true);
        u->waiters++;
        u64 now = 0;
        if (!u->opcode) u->opcode = opcode;
        if (u->opcode != opcode) error = xnu::EDOM;
        else if (!copyin(&now, address, wide ? 8 : 4)) error = xnu::EFAULT;
        const bool same = !error && now == value;  // a word of 32 bits is never more than that
        if (same && opcode == unfair_lock && !owner_lives(value)) error = xnu::EOWNERDEAD;
        if (error || !same) return result(flags, error, leave(u));
        (u->last ? u->last->next : u->first) = &w;
        u->last = &w;
    }
    const u64 end = absolute ? ns : monotonic_ns() + ns;
    const lnx::timespec until = {static_cast<i64>(end / 1000000000), static_cast<i64>(end % 1000000000)};
    for (;;) {
        const i64 r = futex_wait(&w.woken, 0, ns ? &until : nullptr);
        if (!__atomic_load_n(&w.woken, __ATOMIC_ACQUIRE) && r != -lnx::EINTR && r != -lnx::ETIMEDOUT) continue;
        Locked hold(ulock_lock);
        if (!w.woken) {
            remove(*u, w);
            error = r == -lnx::EINTR ? xnu::EINTR : xnu::ETIMEDOUT;
        }
        return result(flags, error, leave(u));
    }
}

}  // namespace

void fork_child_ulocks() {
    ulock_lock.reset();
    ulocks = free_ulocks = nullptr;
}

void ulock_wake_joiners(u64 address) {
    Locked hold(ulock_lock);
    Ulock* u = find(address, false);
    if (!u || u->opcode != unfair_lock) return;
    while (u->first) wake(*u, *u->first);
}

Answer bsd_ulock_wait(Trap& trap) { return wait(trap, trap.u(3) * u64{1000}, false); }
Answer bsd_ulock_wait2(Trap& trap) { return wait(trap, trap.w(3), trap.u(0) & deadline_given); }

Answer bsd_ulock_wake(Trap& trap) {
    const u32 opcode = trap.u(0) & 0xff, flags = trap.u(0) & ~0xffu;
    if (flags & ~wake_flags() || !trap.w(1)) return result(flags, xnu::EINVAL, 0);
    Thread* target = nullptr;
    if (flags & wake_thread) {
        if (flags & wake_all) return result(flags, xnu::EINVAL, 0);
        if (!is_thread(trap.u(2), &target)) return result(flags, xnu::ESRCH, 0);
    }
    Locked hold(ulock_lock);
    Ulock* u = find(trap.w(1), false);
    if (!u) return result(flags, xnu::ENOENT, 0);
    if (!known(opcode)) return result(flags, xnu::EINVAL, 0);
    if (u->opcode != opcode) return result(flags, xnu::EDOM, 0);
    if (target) {
        for (Waiting* w = u->first; w; w = w->next) {
            if (w->thread != target) continue;
            wake(*u, *w);
            return ok();
        }
        return result(flags, xnu::EALREADY, 0);
    }
    if (flags & wake_all) while (u->first) wake(*u, *u->first);
    else if (u->first) wake(*u, *u->first);
    return ok();
}

}  // namespace trapeze
