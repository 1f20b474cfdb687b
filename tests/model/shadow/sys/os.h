// SPDX-License-Identifier: BSD-3-Clause
// Time and what else of the operating system the algorithms ask for.
#pragma once
#include "sys/kernel.h"
#include "sys/result.h"

namespace trapeze {

constexpr usize page_size = 4096;

// Time goes on when a sleep ends by its deadline, to that.
struct Clock {
    i64 now;
};
inline Clock* model_clock;  // null: it is always 0
[[gnu::no_sanitize("thread")]] inline i64 nanotime() {
    if (!model_clock) return 0;
    model::seen(static_cast<u64>(model_clock->now));
    return model_clock->now;
}

}  // namespace trapeze
