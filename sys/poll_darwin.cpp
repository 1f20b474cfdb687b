// SPDX-License-Identifier: BSD-3-Clause
// Darwin's poll, whose time is in whole milliseconds and at most 2^31 of them: rounded up, and again until the deadline; see poll.h.
#include "sys/calls.h"
#include "sys/os.h"
#include "sys/poll.h"

namespace trapeze {

Result poll(pollfd* list, usize n, i64 deadline) {
    if (n > 0xffffffff) return Result::error(xnu::EINVAL);
    for (;;) {
        i64 ms = -1;
        if (deadline >= 0) {
            const i64 ns = deadline - nanotime();
            ms = ns > 0 ? (ns + 999'999) / 1'000'000 : 0;
            if (ms > 0x7fffffff) ms = 0x7fffffff;
        }
        const Result r = sys_poll(list, static_cast<u32>(n), static_cast<i32>(ms));
        if (r.err() == xnu::EINTR || (r.raw == 0 && deadline >= 0 && nanotime() < deadline)) continue;
        return r;
    }
}

}  // namespace trapeze
