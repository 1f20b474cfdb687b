// SPDX-License-Identifier: BSD-3-Clause
// kqueue, kevent, kevent64 (xnu-3248.60.10 bsd/kern/kern_event.c kevent_internal): changes in their order; what fails, or asks for a
// receipt, takes a place in the list of events while there is one, else ends the call with its errno; events are waited for only if
// the changes left nothing. Never restarted after a signal. kevent and kevent64 do not mix on one kqueue.
#include "sys/darwin/errno.h"
#include "tools/xnurun/descriptors.h"
#include "tools/xnurun/handlers.h"
#include "tools/xnurun/kqueue.h"

namespace trapeze {
namespace {

constexpr u64 no_deadline = ~0ull;

bool take_change(u64 at, bool wide, xnu::kevent64_s& out) {
    if (wide) return copyin(out, at);
    xnu::kevent k;
    if (!copyin(k, at)) return false;
    out = {k.ident, k.filter, k.flags, k.fflags, k.data, k.udata, {0, 0}};
    return true;
}

bool give_event(u64 at, bool wide, const xnu::kevent64_s& e) {
    if (wide) return copyout(e, at);
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

struct Call {
    u64 changes;
    i32 change_count;
    u64 events;
    i32 event_count;
    u64 deadline;
    bool wide, errors_only;
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

Answer scan(Kqueue& kq, const Call& call) {
    const u64 size = call.wide ? sizeof(xnu::kevent64_s) : sizeof(xnu::kevent);
    for (;;) {
        i32 found = 0;
        if (kq.closed) return fail(xnu::EBADF);  // its number may be another's by now
        kqueue_harvest(kq);
        for (u32 left = kq.queued; left && kq.queued && found < call.event_count; left--) {
            xnu::kevent64_s e;
            if (!kqueue_deliver(kq, e)) continue;
            if (!give_event(call.events + static_cast<u64>(found) * size, call.wide, e)) {
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

Answer perform(i32 fd, Call& call) {
    Locked hold(kqueue_lock);
    Kqueue* found = kqueue_of(fd);
    if (!found) return fail(xnu::EBADF);
    Kqueue& kq = *found;
    const u8 shape = call.wide ? 64 : 32;
    if (kq.shape && kq.shape != shape) return fail(xnu::EINVAL);
    kq.shape = shape;
    const u64 size = call.wide ? sizeof(xnu::kevent64_s) : sizeof(xnu::kevent);
    kq.users++;
    i32 outputs = 0, error = 0;
    for (; call.change_count > 0 && !error; call.change_count--, call.changes += size) {
        xnu::kevent64_s change;
        if (!take_change(call.changes, call.wide, change)) {
            error = xnu::EFAULT;
            break;
        }
        error = kqueue_register(kq, change);
        if ((error || change.flags & xnu::EV_RECEIPT) && call.event_count > 0) {
            change.flags = xnu::EV_ERROR;
            change.data = error;
            error = 0;
            if (give_event(call.events, call.wide, change)) {
                call.events += size;
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
    Call call{trap.w(1), trap.i(2), trap.w(3), trap.i(4), 0, false, false};
    if (const i32 wrong = deadline_of(trap.w(5), call.deadline)) return fail(wrong);
    return perform(trap.i(0), call);
}

Answer bsd_kevent64(Trap& trap) {
    const u32 flags = trap.u(5);
    Call call{trap.w(1), trap.i(2), trap.w(3), trap.i(4), 0, true, (flags & xnu::KEVENT_FLAG_ERROR_EVENTS) != 0};
    if (flags & xnu::KEVENT_FLAG_IMMEDIATE) call.deadline = 0;
    else if (const i32 wrong = deadline_of(trap.w(6), call.deadline)) return fail(wrong);
    return perform(trap.i(0), call);
}

}  // namespace trapeze
