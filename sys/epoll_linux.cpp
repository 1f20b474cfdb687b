// SPDX-License-Identifier: BSD-3-Clause
// epoll; see sys/linux/epoll.h.
#include "sys/calls.h"
#include "sys/linux/epoll.h"
#include "sys/os.h"

namespace trapeze::lnx {

Result epoll_create(i32 flags) { return sys_epoll_create1(static_cast<u32>(flags)); }

Result epoll_add(i32 epoll, i32 fd, u32 events, u64 data) {
    const epoll_event e{events, data};
    return sys_epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e);
}

Result epoll_modify(i32 epoll, i32 fd, u32 events, u64 data) {
    const epoll_event e{events, data};
    return sys_epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &e);
}

Result epoll_remove(i32 epoll, i32 fd) { return sys_epoll_ctl(epoll, EPOLL_CTL_DEL, fd, nullptr); }

// Not epoll_pwait2, whose time is in nanoseconds: it came with 5.11.
Result epoll_wait(i32 epoll, epoll_event* events, i32 room, i64 deadline) {
    for (;;) {
        i64 ms = -1;
        if (deadline >= 0) {
            const i64 ns = deadline - nanotime();
            ms = ns > 0 ? (ns + 999'999) / 1'000'000 : 0;
            if (ms > 0x7fffffff) ms = 0x7fffffff;
        }
        const Result r = sys_epoll_wait(epoll, events, room, static_cast<i32>(ms));
        if (r.err() == EINTR || (r.raw == 0 && deadline >= 0 && nanotime() < deadline)) continue;
        return r;
    }
}

}  // namespace trapeze::lnx
