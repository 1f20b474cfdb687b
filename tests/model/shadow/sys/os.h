// SPDX-License-Identifier: BSD-3-Clause
// Time and what else of the operating system the algorithms ask for.
#pragma once
#include "sys/kernel.h"
#include "sys/result.h"

namespace trapeze {

constexpr usize page_size = 4096;

Result pages_map(usize n);  // the scenario has them
Result pages_unmap(void* at, usize n);

// Time goes on when a sleep ends by its deadline, to that. What is due later than the horizon never comes in a run: who relies on it
// to be woken waits for ever.
struct Clock {
    i64 now;
    i64 horizon = 0x7fffffffffffffff;
};
inline Clock* model_clock;  // null: it is always 0
[[gnu::no_sanitize("thread")]] inline i64 nanotime() {
    if (!model_clock) return 0;
    model::seen(static_cast<u64>(model_clock->now));
    return model_clock->now;
}

}  // namespace trapeze
