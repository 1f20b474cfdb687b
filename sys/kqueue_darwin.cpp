// SPDX-License-Identifier: BSD-3-Clause
// See sys/darwin/kqueue.h. The kernel's timeout counts microseconds, rounds down, and is at most 10^8 seconds.
#include "sys/calls.h"
#include "sys/darwin/kqueue.h"
#include "sys/os.h"

namespace trapeze::xnu {

Result kqueue() { return sys_kqueue(); }

Result kevent_change(i32 kq, const kevent* changes, i32 count) { return sys_kevent(kq, changes, count, nullptr, 0, nullptr); }

Result kevent_wait(i32 kq, const kevent* changes, i32 count, kevent* events, i32 room, i64 deadline) {
    for (;;) {
        timespec left{};
        if (deadline >= 0) {
            i64 ns = deadline - nanotime();
            if (ns > 0) {
                ns = (ns + 999) / 1000 * 1000;
                constexpr i64 most = 100'000'000;
                left = ns / 1'000'000'000 < most ? timespec{ns / 1'000'000'000, ns % 1'000'000'000} : timespec{most, 0};
            }
        }
        const Result r = sys_kevent(kq, changes, count, events, room, deadline >= 0 ? &left : nullptr);
        if (r.err() == EINTR || (r.raw == 0 && room > 0 && deadline >= 0 && nanotime() < deadline)) {
            count = 0;  // a call that got as far as waiting has made them
            continue;
        }
        return r;
    }
}

}  // namespace trapeze::xnu
