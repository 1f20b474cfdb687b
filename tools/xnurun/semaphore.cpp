// SPDX-License-Identifier: BSD-3-Clause
// Semaphores: osfmk/kern/sync_sema.c. count > 0: that many waits succeed at once. Otherwise waiters queue, and a signal
// goes to the first of them, never to the count, so nobody can steal it. signal_all wakes all and leaves no count.
//
// Thread::wake, the futex word of a waiter: waiting -> signalled or destroyed by whoever took it off the queue, under
// semaphore_lock. A waiter that gives up (time, signal) takes the lock and looks again: if it was taken off meanwhile the
// wait succeeded, and the Unix signal is delivered after the trap.
#include "tools/xnurun/semaphore.h"

#include "sys/darwin/kern_return.h"
#include "tools/xnurun/handlers.h"

namespace trapeze {
namespace {

Semaphore* sema_of(const Port* port) { return static_cast<Semaphore*>(port->object); }

enum : u32 { waiting, signalled, terminated };

HostLock semaphore_lock;
Semaphore* free_semaphore;
u32 living;

void enqueue(Semaphore& s, Thread& t) {
    t.waiting_on = &s;
    t.queue_next = nullptr;
    if (!s.first) {
        s.first = s.last = &t;
    } else if (s.lifo) {
        t.queue_next = s.first;
        s.first = &t;
    } else {
        s.last->queue_next = &t;
        s.last = &t;
    }
}

void dequeue(Semaphore& s, Thread& t) {
    Thread* before = nullptr;
    for (Thread* at = s.first; at; before = at, at = at->queue_next) {
        if (at != &t) continue;
        (before ? before->queue_next : s.first) = t.queue_next;
        if (s.last == &t) s.last = before;
        break;
    }
    t.waiting_on = nullptr;
}

void release(Semaphore& s, Thread& t, u32 why) {
    dequeue(s, t);
    __atomic_store_n(&t.wake, why, __ATOMIC_RELEASE);
    futex_wake(&t.wake, 1);  // under the lock: the thread cannot end before it has taken the lock, or seen the word
}

// The semaphore behind a name, with a reference to its port. osfmk/kern/ipc_sync.c port_name_to_semaphore.
i32 look_up(u32 name, Port*& port) {
    if (const i32 failed = port_lookup_send(name, port)) return failed;
    if (port->kind == PortKind::semaphore) return 0;
    port_unref(port);
    return xnu::KERN_INVALID_ARGUMENT;  // up to xnu-3248; later INVALID_CAPABILITY
}

void signal_one_locked(Semaphore& s) {
    if (s.first) release(s, *s.first, signalled);
    else s.count++;
}

i32 signal_name(u32 name, bool all) {
    Port* port;
    if (const i32 failed = look_up(name, port)) return failed;
    i32 result = 0;
    {
        Locked hold(semaphore_lock);
        Semaphore* s = sema_of(port);
        if (!s) result = xnu::KERN_TERMINATED;
        else if (!all) signal_one_locked(*s);
        else while (s->first) release(*s, *s->first, signalled);
    }
    port_unref(port);
    return result;
}

constexpr i32 must_sleep = -2;

// Waits on one name and, if `signal` is not null, signals another as soon as the wait is asserted. must_sleep: nothing has happened,
// in a trap that must not sleep.
i32 wait(Trap& trap, u32 name, const u32* signal, const lnx::timespec* relative) {
    Port* port;
    if (const i32 failed = look_up(name, port)) return failed;
    Port* other = nullptr;
    if (signal)
        if (const i32 failed = look_up(*signal, other)) {
            port_unref(port);
            return failed;
        }
    Thread& me = trap.thread;
    const bool poll = relative && relative->tv_sec == 0 && relative->tv_nsec == 0;
    i32 result = -1;  // must sleep
    {
        Locked hold(semaphore_lock);
        Semaphore* s = sema_of(port);
        if (!s) {
            result = xnu::KERN_TERMINATED;
        } else if (s->count > 0) {
            s->count--;
            result = 0;
        } else if (poll) {
            result = xnu::KERN_OPERATION_TIMED_OUT;
        } else if (me.fast) {
            result = must_sleep;
        } else {
            me.wake = waiting;
            enqueue(*s, me);
        }
        if (other && sema_of(other) && result != xnu::KERN_TERMINATED && result != must_sleep) signal_one_locked(*sema_of(other));
    }
    if (result == -1) {
        lnx::timespec until;
        if (relative) {
            const u64 deadline = monotonic_ns() + static_cast<u64>(relative->tv_nsec);
            until = {static_cast<i64>(deadline / 1000000000) + relative->tv_sec, static_cast<i64>(deadline % 1000000000)};
        }
        while (result < 0) {
            const i64 r = futex_wait(&me.wake, waiting, relative ? &until : nullptr);
            if (__atomic_load_n(&me.wake, __ATOMIC_ACQUIRE) == waiting && r != -lnx::EINTR && r != -lnx::ETIMEDOUT) continue;
            Locked hold(semaphore_lock);
            if (me.wake == waiting) {
                dequeue(*sema_of(port), me);
                result = r == -lnx::EINTR ? xnu::KERN_ABORTED : xnu::KERN_OPERATION_TIMED_OUT;
            } else {
                result = me.wake == signalled ? 0 : xnu::KERN_TERMINATED;
            }
        }
    }
    if (other) port_unref(other);
    port_unref(port);
    return result;
}

Answer waited(i32 result) { return result == must_sleep ? begin_again() : kern(result); }

// The mach_timespec of traps 38 and 39: sec u32, nsec i32.
bool time_argument(u32 sec, i32 nsec, lnx::timespec& t) {
    if (nsec < 0 || nsec >= 1000000000) return false;
    t = {sec, nsec};
    return true;
}

}  // namespace

i32 semaphore_create_port(i32 policy, i32 value, Port*& port) {
    constexpr i32 fifo = 0, fixed_priority = 1, lifo = 2;
    if (value < 0 || (policy != fifo && policy != fixed_priority && policy != lifo)) return xnu::KERN_INVALID_ARGUMENT;
    Semaphore* s;
    {
        Locked hold(semaphore_lock);
        if (!free_semaphore) {
            constexpr u64 batch = 128;
            Semaphore* fresh = static_cast<Semaphore*>(host_pages(batch * sizeof(Semaphore)));
            for (u64 i = 0; i < batch; i++) fresh[i].next_free = i + 1 < batch ? &fresh[i + 1] : nullptr;
            free_semaphore = fresh;
        }
        s = free_semaphore;
        free_semaphore = s->next_free;
        living++;
    }
    *s = {};
    s->count = value;
    s->lifo = policy == lifo;
    port = s->port = port_new_kernel(PortKind::semaphore, s);
    return 0;
}

void semaphore_destroy(Port* port) {
    {
        Locked hold(semaphore_lock);
        Semaphore* s = sema_of(port);
        if (!s) return;
        while (s->first) release(*s, *s->first, terminated);
        port->object = nullptr;
        s->next_free = free_semaphore;
        free_semaphore = s;
        living--;
    }
    port_die(port);
}

i32 semaphore_signal_name(u32 name) { return signal_name(name, false); }

i32 semaphore_signal_port(Port* port, bool all) {
    Locked hold(semaphore_lock);
    Semaphore* s = sema_of(port);
    if (!s) return xnu::KERN_TERMINATED;
    if (!all) signal_one_locked(*s);
    else while (s->first) release(*s, *s->first, signalled);
    return 0;
}

u32 semaphores_living() { return living; }

void fork_child_semaphores() {
    semaphore_lock.reset();
    free_semaphore = nullptr;
    living = 0;
}

Answer mach_semaphore_signal(Trap& trap) { return kern(signal_name(trap.u(0), false)); }
Answer mach_semaphore_signal_all(Trap& trap) { return kern(signal_name(trap.u(0), true)); }

Answer mach_semaphore_signal_thread(Trap& trap) {
    Port* port;
    if (const i32 failed = look_up(trap.u(0), port)) return kern(failed);
    Port* target = nullptr;
    if (trap.u(1)) {
        if (const i32 failed = port_lookup_send(trap.u(1), target)) {
            port_unref(port);
            return kern(failed);
        }
        if (target->kind != PortKind::thread) {
            port_unref(target);
            port_unref(port);
            return kern(xnu::KERN_INVALID_ARGUMENT);
        }
    }
    i32 result = xnu::KERN_NOT_WAITING;
    {
        Locked hold(semaphore_lock);
        Semaphore* s = sema_of(port);
        if (!s) result = xnu::KERN_TERMINATED;
        for (Thread* t = s ? s->first : nullptr; t; t = t->queue_next) {
            if (target && t->port != target) continue;
            release(*s, *t, signalled);
            result = 0;
            break;
        }
    }
    if (target) port_unref(target);
    port_unref(port);
    return kern(result);
}

Answer mach_semaphore_wait(Trap& trap) {
    return waited(wait(trap, trap.u(0), nullptr, nullptr));
}

Answer mach_semaphore_wait_signal(Trap& trap) {
    const u32 signal = trap.u(1);
    return waited(wait(trap, trap.u(0), &signal, nullptr));
}

Answer mach_semaphore_timedwait(Trap& trap) {
    lnx::timespec t;
    if (!time_argument(trap.u(1), trap.i(2), t)) return kern(xnu::KERN_INVALID_VALUE);
    return waited(wait(trap, trap.u(0), nullptr, &t));
}

Answer mach_semaphore_timedwait_signal(Trap& trap) {
    lnx::timespec t;
    const u32 signal = trap.u(1);
    if (!time_argument(trap.u(2), trap.i(3), t)) return kern(xnu::KERN_INVALID_VALUE);
    return waited(wait(trap, trap.u(0), &signal, &t));
}

// __semwait_signal: the semaphore wait under a BSD call's conventions; a null second name signals none.
Answer bsd_semwait_signal(Trap& trap) {
    const bool timed = trap.i(2) != 0;
    lnx::timespec t{static_cast<i64>(trap.w(4)), trap.i(5)};
    const bool cut = timed && static_cast<u64>(t.tv_sec) > 0xffffffff;  // also what is negative; its success is EINTR
    if (cut) t = {0xffffffff, 0};
    if (timed && !trap.i(3)) {  // absolute, on the calendar clock
        const i64 now = static_cast<i64>(wall_ns());
        t.tv_sec -= now / 1000000000;
        t.tv_nsec -= now % 1000000000;
        if (t.tv_nsec < 0) t.tv_nsec += 1000000000, t.tv_sec--;
        if (t.tv_sec < 0) t = {0, 0};
    }
    if (timed && (t.tv_nsec < 0 || t.tv_nsec >= 1000000000)) return fail(xnu::EINVAL);
    const u32 signal = trap.u(1);
    switch (wait(trap, trap.u(0), signal ? &signal : nullptr, timed ? &t : nullptr)) {
    case 0: return cut ? fail(xnu::EINTR) : ok();
    case xnu::KERN_ABORTED: return fail(xnu::EINTR);
    case xnu::KERN_OPERATION_TIMED_OUT: return fail(xnu::ETIMEDOUT);
    default: return fail(xnu::EINVAL);
    }
}

}  // namespace trapeze
