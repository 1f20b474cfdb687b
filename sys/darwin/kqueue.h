// SPDX-License-Identifier: BSD-3-Clause
// kqueues: waiting for descriptors, timers, signals, processes, files and calls by other threads, many at a time; Darwin's poller is
// built on this. Structures and constants are in sys/darwin/event.h; this header is Darwin's alone.
//
//   Result kq = xnu::kqueue();
//   xnu::kevent changes[2] = {xnu::read_event(fd, xnu::EV_ADD | xnu::EV_CLEAR, udata), xnu::timer_event(1, 50'000'000, xnu::EV_ADD)};
//   xnu::kevent events[64];
//   Result n = xnu::kevent_wait(kq, changes, 2, events, 64, deadline);
//
// A knote is named by kqueue, ident and filter; adding it again changes it, closing the descriptor removes it. EV_CLEAR: once each
// time something new happens; EV_ONESHOT: once, then gone; EV_DISPATCH: once, then disabled until EV_ENABLE; none: as long as
// it holds. A kqueue is not inherited by fork, closes with exec, and cannot be sent to others.
#pragma once
#include "sys/darwin/event.h"
#include "sys/result.h"

namespace trapeze::xnu {

Result kqueue();  // a descriptor; EMFILE, ENFILE, ENOMEM

// Applies the changes in order, then waits for at most `room` events until the deadline (on nanotime's clock; negative: none; past:
// it only looks). Gives the number of events, 0 when the deadline came first.
// A change that fails (EBADF, ENOENT: nothing to delete, EINVAL, ESRCH: no such process, ENOTSUP) comes back as an event with EV_ERROR
// and the errno in data, in place of waiting; so does one with EV_RECEIPT, with 0. Without room for events the first failure ends the
// call: the changes before it hold. EFAULT, EBADF; EINVAL: the kqueue was used with kevent64 before.
// Blocks the calling OS thread. Interrupted while waiting it waits on for the rest of its time, the changes being done.
Result kevent_wait(i32 kq, const kevent* changes, i32 count, kevent* events, i32 room, i64 deadline = -1);

// Changes alone; does not block. 0, or the errno of the first that failed.
Result kevent_change(i32 kq, const kevent* changes, i32 count);

constexpr kevent read_event(i32 fd, u16 flags, u64 udata = 0) { return {static_cast<u64>(fd), EVFILT_READ, flags, 0, 0, udata}; }
constexpr kevent write_event(i32 fd, u16 flags, u64 udata = 0) { return {static_cast<u64>(fd), EVFILT_WRITE, flags, 0, 0, udata}; }
// Every `ns` nanoseconds, or with EV_ONESHOT once; data counts what came since the last look.
constexpr kevent timer_event(u64 ident, i64 ns, u16 flags, u64 udata = 0) {
    return {ident, EVFILT_TIMER, flags, NOTE_NSECONDS, ns, udata};
}
// Counts deliveries to this process, ignored or handled ones too; the signal still does what it does.
constexpr kevent signal_event(i32 number, u16 flags, u64 udata = 0) {
    return {static_cast<u64>(number), EVFILT_SIGNAL, flags, 0, 0, udata};
}
// notes: NOTE_EXIT, and NOTE_EXITSTATUS for a child: data is wait4's status then. Comes once.
constexpr kevent process_event(i32 pid, u32 notes, u16 flags, u64 udata = 0) {
    return {static_cast<u64>(pid), EVFILT_PROC, flags, notes, 0, udata};
}
constexpr kevent file_event(i32 fd, u32 notes, u16 flags, u64 udata = 0) {
    return {static_cast<u64>(fd), EVFILT_VNODE, flags, notes, 0, udata};
}
// Nothing of the kernel's: user_trigger makes it happen, from any thread. With EV_CLEAR it is over when it was delivered.
constexpr kevent user_event(u64 ident, u16 flags, u64 udata = 0) { return {ident, EVFILT_USER, flags, 0, 0, udata}; }
constexpr kevent user_trigger(u64 ident, u64 udata = 0) { return {ident, EVFILT_USER, 0, NOTE_TRIGGER, 0, udata}; }

}  // namespace trapeze::xnu
