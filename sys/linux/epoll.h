// SPDX-License-Identifier: BSD-3-Clause
// Waiting for many descriptors on Linux, and the descriptors that make an event of something else: a counter, a timer, a signal.
// Linux's poller is built on this. This header is Linux's alone; Darwin's is sys/darwin/kqueue.h.
// Sources: include/uapi/linux/{eventpoll,eventfd,timerfd,signalfd}.h, fs/eventpoll.c, fs/eventfd.c, fs/timerfd.c, fs/signalfd.c.
//
// Registrations belong to the open file under a descriptor: closing the last descriptor of it removes them, closing one of several
// does not. Interrupted calls are called again, epoll_wait for the rest of its time.
#pragma once
#include "sys/linux/signal.h"
#include "sys/linux/types.h"
#include "sys/result.h"

namespace trapeze::lnx {

constexpr u32 EPOLLIN = 1, EPOLLPRI = 2, EPOLLOUT = 4, EPOLLERR = 8, EPOLLHUP = 0x10, EPOLLRDHUP = 0x2000;
constexpr u32 EPOLLEXCLUSIVE = 1u << 28, EPOLLWAKEUP = 1u << 29, EPOLLONESHOT = 1u << 30, EPOLLET = 1u << 31;
constexpr i32 EPOLL_CTL_ADD = 1, EPOLL_CTL_DEL = 2, EPOLL_CTL_MOD = 3;

struct [[gnu::packed]] epoll_event {  // packed on amd64 alone
    u32 events;
    u64 data;  // the caller's
};
static_assert(sizeof(epoll_event) == 12 && offsetof(epoll_event, data) == 4);

Result epoll_create(i32 flags = O_CLOEXEC);  // a descriptor; EMFILE, ENFILE, ENOMEM, EINVAL

// Level-triggered without EPOLLET; EPOLLERR and EPOLLHUP come unasked. EPOLLONESHOT: after one event nothing until epoll_modify.
// EEXIST: is there already; EPERM: what cannot be waited for (a regular file); EBADF; EINVAL: itself, or no epoll; ELOOP: a circle of
// epolls, or five deep; ENOSPC: fs.epoll.max_user_watches.
Result epoll_add(i32 epoll, i32 fd, u32 events, u64 data);
Result epoll_modify(i32 epoll, i32 fd, u32 events, u64 data);  // ENOENT
Result epoll_remove(i32 epoll, i32 fd);                        // ENOENT

// Blocks the calling OS thread until something is ready or the deadline on nanotime's clock has come (negative: none; past: it
// only looks); rounded up to milliseconds. The number of events, at least 1 unless the deadline came. EINVAL: no room, or no
// epoll; EFAULT.
Result epoll_wait(i32 epoll, epoll_event* events, i32 room, i64 deadline = -1);

// A counter. Reading takes all of it, and blocks while it is 0; EFD_SEMAPHORE: takes 1. Writing adds, and blocks at 2^64 - 2. With
// O_NONBLOCK EAGAIN in place of blocking.
constexpr i32 EFD_SEMAPHORE = 1;
Result eventfd(u32 initial, i32 flags = O_CLOEXEC);
Result eventfd_read(i32 fd, u64* value);
Result eventfd_write(i32 fd, u64 value);  // EINVAL: 2^64 - 1

// A timer, readable when it has expired. first and interval in nanoseconds: first 0 disarms it, interval 0 is once.
constexpr i32 TFD_TIMER_ABSTIME = 1;
struct itimerspec {
    timespec it_interval;
    timespec it_value;
};
static_assert(sizeof(itimerspec) == 32);
Result timerfd(i32 clock = CLOCK_MONOTONIC, i32 flags = O_CLOEXEC);             // EINVAL: no such clock
Result timerfd_set(i32 fd, i64 first, i64 interval = 0, i32 flags = 0);          // TFD_TIMER_ABSTIME: first is a time of the clock
Result timerfd_get(i32 fd, i64* left, i64* interval);
Result timerfd_read(i32 fd, u64* expirations);                                   // blocks until there is one

// Signals of the set, which the reading thread should have blocked, taken by reading; without one it blocks.
struct signalfd_siginfo {
    u32 ssi_signo;
    i32 ssi_errno;
    i32 ssi_code;
    u32 ssi_pid;
    u32 ssi_uid;
    i32 ssi_fd;
    u32 ssi_tid;
    u32 ssi_band;
    u32 ssi_overrun;
    u32 ssi_trapno;
    i32 ssi_status;
    i32 ssi_int;
    u64 ssi_ptr;
    u64 ssi_utime;
    u64 ssi_stime;
    u64 ssi_addr;
    u8 pad[48];
};
static_assert(sizeof(signalfd_siginfo) == 128 && offsetof(signalfd_siginfo, ssi_status) == 40 && offsetof(signalfd_siginfo, ssi_addr) == 72);
// fd -1: a new one; else that one's set is changed (EINVAL: it is none).
Result signalfd(i32 fd, sigset_t set, i32 flags = O_CLOEXEC);
Result signalfd_read(i32 fd, signalfd_siginfo* info, usize room);  // how many were taken

}  // namespace trapeze::lnx
