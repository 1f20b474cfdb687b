// SPDX-License-Identifier: BSD-3-Clause
// Linux's poll, by ppoll, whose time is in nanoseconds; see poll.h.
#include "sys/calls.h"
#include "sys/os.h"
#include "sys/poll.h"

namespace trapeze {

Result poll(pollfd* list, usize n, i64 deadline) {
    if (n > 0xffffffff) return Result::error(lnx::EINVAL);
    for (;;) {
        lnx::timespec left{};
        if (deadline >= 0) {
            const i64 ns = deadline - nanotime();
            if (ns > 0) left = {ns / 1'000'000'000, ns % 1'000'000'000};
        }
        const Result r = sys_ppoll(list, static_cast<u32>(n), deadline >= 0 ? &left : nullptr, nullptr, 0);
        if (r.err() != lnx::EINTR) return r;
    }
}

}  // namespace trapeze
