// SPDX-License-Identifier: BSD-3-Clause
// kqueue, kevent, kevent64, kevent_qos (xnu-3248.60.10 bsd/kern/kern_event.c kevent_internal): changes in their order; what fails, or asks for a
// receipt, takes a place in the list of events while there is one, else ends the call with its errno; events are waited for only if
// the changes left nothing. Never restarted after a signal. kevent does not mix with kevent64 or kevent_qos on one kqueue.
// kevent_qos has no timeout; its data_out and the work queues' kqueue, which want workqueue threads, are refused.
#include "sys/darwin/errno.h"
#include "tools/xnurun/descriptors.h"
#include "tools/xnurun/era.h"
#include "tools/xnurun/handlers.h"
#include "tools/xnurun/kqueue.h"

namespace trapeze {
namespace {

constexpr u64 no_deadline = ~0ull;
constexpr u32 stack_events = 4, of_workqueue = 0x20, of_workloop = 0x400;  // KEVENT_FLAG_*, private

enum class Shape : u8 { legacy, wide, qos };
constexpr u64 sizes[] = {sizeof(xnu::kevent), sizeof(xnu::kevent64_s), sizeof(xnu::kevent_qos_s)};

bool take_change(u64 at, Shape shape, xnu::kevent64_s& out) {
    if (shape == Shape::wide) return copyin(out, at);
    if (shape == Shape::qos) {
        xnu::kevent_qos_s q;
        if (!copyin(q, at)) return false;
        out = {q.ident, q.filter, q.flags, q.fflags, q.data, q.udata, {q.ext[0], q.ext[1]}};
        return true;
    }
    xnu::kevent k;
    if (!copyin(k, at)) return false;
    out = {k.ident, k.filter, k.flags, k.fflags, k.data, k.udata, {0, 0}};
    return true;
}

bool give_event(u64 at, Shape shape, const xnu::kevent64_s& e) {
    if (shape == Shape::wide) return copyout(e, at);
    if (shape == Shape::qos) {
        const xnu::kevent_qos_s q{e.ident, e.filter, e.flags, 0, e.udata, e.fflags, 0, e.data, {e.ext[0], e.ext[1], 0, 0}};
        return copyout(q, at);
    }
    const xnu::kevent k{e.ident, e.filter, e.flags, e.fflags, e.data, e.udata};
    return copyout(k, at);
}

// The timeout as a deadline: microseconds count (TIMESPEC_TO_TIMEVAL), itimerfix's limits hold. 0 or an errno.
i32 deadline_of(u64 from, u64& deadline) {
    deadline = no_deadline;
    if (!from) return 0;
    xnu::timespec t;
    if (!copyin(t, from)) return xnu::EFAULT;
    const i64 us = t.tv_nsec / 1000;
    if (static_cast<u64>(t.tv_sec) >> 32 || t.tv_sec > 100000000 || us < 0 || us >= 1000000) return xnu::EINVAL;
    deadline = monotonic_ns() + static_cast<u64>(t.tv_sec) * 1'000'000'000 + static_cast<u64>(us) * 1000;
    if (t.tv_sec == 0 && us == 0) deadline = 0;
    return 0;
}

struct KeventCall {
    u64 changes;
    i32 change_count;
    u64 events;
    i32 event_count;
    u64 deadline;
    Shape shape;
    bool errors_only, downwards;  // KEVENT_FLAG_STACK_EVENTS: the first event lies highest

    u64 size() const { return sizes[static_cast<u8>(shape)]; }
    bool give(const xnu::kevent64_s& e) {
        if (!give_event(downwards ? events - size() : events, shape, e)) return false;
        events = downwards ? events - size() : events + size();
        return true;
    }
};

// Waits outside the lock, on the host's epoll; -EINTR when a signal came.
i64 wait(i32 epoll, u64 deadline) {
    struct {
        i32 fd;
        i16 events, revents;
    } one{epoll, 1, 0};
    if (deadline == no_deadline) return host_blocking(lnx::SYS_ppoll, &one, 1, 0, 0, 8);
    const u64 now = monotonic_ns(), left = deadline > now ? deadline - now : 0;
    lnx::timespec t{static_cast<i64>(left / 1'000'000'000), static_cast<i64>(left % 1'000'000'000)};
    return host_blocking(lnx::SYS_ppoll, &one, 1, &t, 0, 8);
}

Answer scan(Kqueue& kq, KeventCall& call) {
    for (;;) {
        i32 found = 0;
        if (kq.closed) return fail(xnu::EBADF);  // its number may be another's by now
        kqueue_harvest(kq);
        for (u32 left = kq.queued; left && kq.queued && found < call.event_count; left--) {
            xnu::kevent64_s e;
            if (!kqueue_deliver(kq, e)) continue;
            if (!call.give(e)) {
                kqueue_settle(kq);
                return fail(xnu::EFAULT);
            }
            found++;
        }
        kqueue_settle(kq);
        if (found) return ok(found);
        if (call.deadline != no_deadline && monotonic_ns() >= call.deadline) return ok(0);
        if (kq.queued) continue;
        const i32 epoll = kq.epoll;
        kqueue_lock.unlock();
        const i64 r = wait(epoll, call.deadline);
        kqueue_lock.lock();
        // One that a kqueue alone wanted to see interrupts nothing.
        if (r == -lnx::EINTR && __atomic_load_n(&self().attention, __ATOMIC_ACQUIRE)) return fail(xnu::EINTR);
    }
}

Answer perform(i32 fd, KeventCall& call) {
    Locked hold(kqueue_lock);
    Kqueue* found = kqueue_of(fd);
    if (!found) return fail(xnu::EBADF);
    Kqueue& kq = *found;
    const u8 shape = call.shape == Shape::legacy ? 32 : 64;
    if (kq.shape && kq.shape != shape) return fail(xnu::EINVAL);
    kq.shape = shape;
    if (call.downwards) call.events += static_cast<u64>(call.event_count) * call.size();
    kq.users++;
    i32 outputs = 0, error = 0;
    for (; call.change_count > 0 && !error; call.change_count--, call.changes += call.size()) {
        xnu::kevent64_s change;
        if (!take_change(call.changes, call.shape, change)) {
            error = xnu::EFAULT;
            break;
        }
        error = kqueue_register(kq, change);
        if ((error || change.flags & xnu::EV_RECEIPT) && call.event_count > 0) {
            change.flags = xnu::EV_ERROR;
            change.data = error;
            error = 0;
            if (call.give(change)) {
                call.event_count--;
                outputs++;
            } else {
                error = xnu::EFAULT;
            }
        }
    }
    kqueue_settle(kq);
    Answer a = error ? fail(error) : ok(outputs);
    if (!call.errors_only && call.event_count > 0 && outputs == 0 && !error) a = scan(kq, call);
    kqueue_leave(kq);
    return a;
}

}  // namespace

Answer bsd_kqueue(Trap&) { return from_host(kqueue_new()); }

Answer bsd_kevent(Trap& trap) {
    KeventCall call{trap.w(1), trap.i(2), trap.w(3), trap.i(4), 0, Shape::legacy, false, false};
    if (const i32 wrong = deadline_of(trap.w(5), call.deadline)) return fail(wrong);
    return perform(trap.i(0), call);
}

Answer bsd_kevent64(Trap& trap) {
    const u32 flags = era_has(3247001) ? trap.u(5) : 0;  // not looked at before
    KeventCall call{trap.w(1), trap.i(2), trap.w(3), trap.i(4), 0, Shape::wide, (flags & xnu::KEVENT_FLAG_ERROR_EVENTS) != 0, (flags & stack_events) != 0};
    if (flags & xnu::KEVENT_FLAG_IMMEDIATE) call.deadline = 0;
    else if (const i32 wrong = deadline_of(trap.w(6), call.deadline)) return fail(wrong);
    return perform(trap.i(0), call);
}

Answer bsd_kevent_qos(Trap& trap) {
    const u32 flags = trap.u(7);
    u64 room;
    if (trap.w(6) && !copyin(room, trap.w(6))) return fail(xnu::EFAULT);
    if (flags & of_workqueue) return fail(xnu::ENOMEM);
    KeventCall call{trap.w(1), trap.i(2), trap.w(3), trap.i(4), flags & xnu::KEVENT_FLAG_IMMEDIATE ? 0 : no_deadline, Shape::qos,
              (flags & xnu::KEVENT_FLAG_ERROR_EVENTS) != 0, (flags & stack_events) != 0};
    return perform(trap.i(0), call);
}

// A workloop's kqueue has threads of the kernel's behind it: EINVAL for another kind, EXDEV to a thread that serves none and wants
// events (xnu-11417.121.6), else there is no memory for one.
Answer bsd_kevent_id(Trap& trap) {
    const u32 flags = trap.u(7);
    if ((flags & (of_workqueue | of_workloop)) != of_workloop) return fail(xnu::EINVAL);
    return fail(trap.i(4) > 0 && !(flags & xnu::KEVENT_FLAG_ERROR_EVENTS) ? xnu::EXDEV : xnu::ENOMEM);
}

}  // namespace trapeze
