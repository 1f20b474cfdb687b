// SPDX-License-Identifier: BSD-3-Clause
// epoll: levels, edges, one-shot, changes, errors, nesting, what closing removes; and eventfd, timerfd, signalfd.
#include "tests/sys/net_tools.h"

#include "sys/linux/epoll.h"
#include "sys/signals.h"

using namespace trapeze;
using namespace trapeze::lnx;

namespace {

i32 ep;
epoll_event events[16];

i64 now() { return lnx::epoll_wait(ep, events, 16, 0).raw; }

void levels_and_edges() {
    i32 pair[2];
    char c[8];
    ok(socketpair(AF_UNIX, SOCK_STREAM, 0, pair, O_NONBLOCK), "a pair");
    ok(epoll_add(ep, pair[0], EPOLLIN, 7).ok() && now() == 0, "watched: nothing");
    ok(write(pair[1], "ab", 2).ok() && now() == 1 && events[0].events == EPOLLIN && events[0].data == 7, "bytes are an event, with what was given");
    ok(now() == 1 && now() == 1, "level: again and again");
    fails(epoll_add(ep, pair[0], EPOLLIN, 7), kernel::EEXIST, "twice: EEXIST");
    ok(epoll_modify(ep, pair[0], EPOLLIN | EPOLLET, 8).ok() && now() == 1 && events[0].data == 8 && now() == 0, "edge: once, from the change on");
    ok(write(pair[1], "c", 1).ok() && now() == 1 && now() == 0, "and each time more comes");
    ok(epoll_modify(ep, pair[0], EPOLLIN | EPOLLONESHOT, 9).ok() && now() == 1 && write(pair[1], "d", 1).ok() && now() == 0, "one-shot: once");
    ok(epoll_modify(ep, pair[0], EPOLLIN | EPOLLONESHOT, 9).ok() && now() == 1, "until it is set again");
    ok(epoll_modify(ep, pair[0], EPOLLIN | EPOLLOUT, 1).ok() && now() == 1 && events[0].events == (EPOLLIN | EPOLLOUT), "both directions in one event");
    ok(read(pair[0], c, 8).raw == 4 && now() == 1 && events[0].events == EPOLLOUT, "read: writable alone");
    ok(epoll_modify(ep, pair[0], 0, 2).ok() && now() == 0, "nothing asked for");
    ok(close(pair[1]).ok() && now() == 1 && events[0].events == EPOLLHUP, "a hang-up comes unasked");
    ok(epoll_remove(ep, pair[0]).ok() && now() == 0, "removed");
    fails(epoll_remove(ep, pair[0]), kernel::ENOENT, "again: ENOENT");
    fails(epoll_modify(ep, pair[0], EPOLLIN, 1), kernel::ENOENT, "changed: ENOENT");
    const i32 copy = number(sys_dup(pair[0]));
    ok(epoll_add(ep, pair[0], EPOLLIN, 3).ok() && close(pair[0]).ok() && now() == 1, "closing one of two descriptors leaves it watched");
    ok(close(copy).ok() && now() == 0, "closing the last removes it");
}

void errors() {
    i32 pair[2];
    ok(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), "a pair");
    fails(epoll_add(ep, -1, EPOLLIN, 0), kernel::EBADF, "nothing to watch: EBADF");
    fails(epoll_add(-1, pair[0], EPOLLIN, 0), kernel::EBADF, "no epoll: EBADF");
    fails(epoll_add(pair[1], pair[0], EPOLLIN, 0), kernel::EINVAL, "a socket as epoll: EINVAL");
    fails(epoll_add(ep, ep, EPOLLIN, 0), kernel::EINVAL, "itself: EINVAL");
    const i32 file = number(open(argv()[0], O_RDONLY));
    fails(epoll_add(ep, file, EPOLLIN, 0), kernel::EPERM, "a file: EPERM");
    (void)close(file);
    fails(sys_epoll_ctl(ep, EPOLL_CTL_ADD, pair[0], nowhere<epoll_event>()), kernel::EFAULT, "an event nowhere: EFAULT");
    fails(sys_epoll_ctl(ep, 9, pair[0], events), kernel::EINVAL, "no such change: EINVAL");
    fails(lnx::epoll_wait(ep, events, 0, 0), kernel::EINVAL, "no room: EINVAL");
    ok(epoll_add(ep, pair[0], EPOLLOUT, 0), "something ready");
    fails(lnx::epoll_wait(ep, nowhere<epoll_event>(), 1, 0), kernel::EFAULT, "events nowhere: EFAULT");
    fails(lnx::epoll_wait(pair[0], events, 1, 0), kernel::EINVAL, "waiting on a socket: EINVAL");
    fails(epoll_create(0x1234), kernel::EINVAL, "no such flags: EINVAL");
    const i32 outer = number(epoll_create());
    ok(epoll_add(outer, ep, EPOLLIN, 5).ok() && lnx::epoll_wait(outer, events, 16, 0).raw == 1 && events[0].data == 5, "an epoll in an epoll");
    fails(epoll_add(ep, outer, EPOLLIN, 0), kernel::ELOOP, "in a circle: ELOOP");
    (void)close(outer);
    ok(close(pair[0]).ok() && close(pair[1]).ok() && now() == 0, "closed");
    const i64 start = nanotime();
    ok(lnx::epoll_wait(ep, events, 1, start + 20'000'000).raw == 0 && nanotime() - start >= 20'000'000, "a deadline, never too early");
}

void counters() {
    const i32 fd = number(lnx::eventfd(3, O_CLOEXEC | O_NONBLOCK));
    u64 v = 0;
    ok(eventfd_read(fd, &v).ok() && v == 3, "eventfd: what it began with");
    fails(eventfd_read(fd, &v), kernel::EAGAIN, "then EAGAIN");
    ok(epoll_add(ep, fd, EPOLLIN, 1).ok() && now() == 0 && eventfd_write(fd, 2).ok() && eventfd_write(fd, 5).ok() && now() == 1, "readable when written");
    ok(eventfd_read(fd, &v).ok() && v == 7 && now() == 0, "reading takes the sum");
    fails(eventfd_write(fd, ~u64{0}), kernel::EINVAL, "the largest number: EINVAL");
    ok(eventfd_write(fd, ~u64{0} - 1), "one less fits");
    fails(eventfd_write(fd, 1), kernel::EAGAIN, "no more: EAGAIN");
    fails(read(fd, &v, 4), kernel::EINVAL, "half a number: EINVAL");
    (void)close(fd);
    const i32 semaphore = number(lnx::eventfd(2, O_NONBLOCK | EFD_SEMAPHORE));
    ok(eventfd_read(semaphore, &v).ok() && v == 1 && eventfd_read(semaphore, &v).ok() && v == 1, "EFD_SEMAPHORE: one at a time");
    fails(eventfd_read(semaphore, &v), kernel::EAGAIN, "twice");
    (void)close(semaphore);
}

void timers() {
    const i32 fd = number(lnx::timerfd());
    u64 n = 0;
    i64 left = 0, interval = 0;
    const i64 start = nanotime();
    ok(timerfd_set(fd, 10'000'000, 5'000'000).ok() && timerfd_get(fd, &left, &interval).ok() && interval == 5'000'000 && left <= 10'000'000, "timerfd");
    ok(timerfd_read(fd, &n).ok() && n >= 1 && nanotime() - start >= 10'000'000, "not too early");
    ok(poll(nullptr, 0, nanotime() + 30'000'000).ok() && timerfd_read(fd, &n).ok() && n >= 5, "counts what nobody read");
    ok(timerfd_set(fd, 0).ok() && timerfd_get(fd, &left, &interval).ok() && left == 0, "disarmed");
    ok(timerfd_set(fd, nanotime() + 1'000'000, 0, TFD_TIMER_ABSTIME).ok() && timerfd_read(fd, &n).ok() && n == 1, "a time of the clock");
    fails(lnx::timerfd(99), kernel::EINVAL, "no such clock: EINVAL");
    fails(timerfd_set(fd, -1), kernel::EINVAL, "a negative time: EINVAL");
    (void)close(fd);
}

void signals() {
    const SignalSet set = SignalSet::of(kernel::SIGUSR1, kernel::SIGUSR2);
    ok(signals_block(set), "blocked");
    const i32 fd = number(lnx::signalfd(-1, set.bits, O_CLOEXEC | O_NONBLOCK));
    signalfd_siginfo info[4];
    fails(signalfd_read(fd, info, 4), kernel::EAGAIN, "signalfd: none, EAGAIN");
    ok(raise(kernel::SIGUSR1).ok() && raise(kernel::SIGUSR2).ok() && signalfd_read(fd, info, 4).raw == 2, "two were raised");
    ok(info[0].ssi_signo == static_cast<u32>(kernel::SIGUSR1) && info[1].ssi_signo == static_cast<u32>(kernel::SIGUSR2) &&
           info[0].ssi_pid == static_cast<u32>(sys_getpid().raw),
       "their numbers, and who sent them");
    fails(signalfd_read(fd, info, 4), kernel::EAGAIN, "taken");
    ok(lnx::signalfd(fd, SignalSet::of(kernel::SIGUSR2).bits).raw == fd && raise(kernel::SIGUSR1).ok(), "another set");
    fails(signalfd_read(fd, info, 4), kernel::EAGAIN, "which the signal is not in");
    ok(lnx::signalfd(fd, set.bits).raw == fd && signalfd_read(fd, info, 4).raw == 1, "and is in again");
    fails(lnx::signalfd(ep, set.bits), kernel::EINVAL, "what is no signalfd: EINVAL");
    (void)close(fd);
    ok(signals_unblock(set), "unblocked");
}

}  // namespace

int main() {
    print("TAP version 13\n");
    const Result made = epoll_create();
    ok(made, "an epoll");
    ep = number(made);
    ok(descriptor_flags(ep) & 1, "close-on-exec");
    levels_and_edges();
    errors();
    counters();
    timers();
    signals();
    ok(close(ep), "closed");
    return done();
}
