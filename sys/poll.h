// SPDX-License-Identifier: BSD-3-Clause
// Waiting until one of several descriptors can be used, the same on both kernels. For thousands of them each kernel has its
// own: sys/linux/epoll.h, sys/darwin/kqueue.h; a poller of a scheduler is built on those, not on this.
#pragma once
#include "sys/net.h"

namespace trapeze {

using kernel::pollfd;  // {fd, events, revents}; a negative fd is not looked at
using kernel::POLLERR, kernel::POLLHUP, kernel::POLLIN, kernel::POLLNVAL, kernel::POLLOUT, kernel::POLLPRI;

// Blocks the calling OS thread until a descriptor has one of its `events`, or, asked or not, POLLERR, POLLHUP (the other side is
// gone) or POLLNVAL (not open: that counts as an event, not as an error); or until the deadline on nanotime's clock
// (negative: none; past: it only looks). The number of descriptors with events, 0 when the deadline came first.
// Interrupted, it waits on for the rest of its time. EFAULT; EINVAL: more than RLIMIT_NOFILE of them.
// POLLHUP differs: of a pipe without writers both kernels say it, with POLLIN while there are bytes; of a socket whose peer has shut its
// sending side Linux says POLLIN alone, Darwin adds POLLHUP. Reading until 0 serves both.
Result poll(pollfd* list, usize n, i64 deadline = -1);

}  // namespace trapeze
