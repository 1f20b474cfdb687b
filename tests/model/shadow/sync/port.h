// SPDX-License-Identifier: BSD-3-Clause
// The porting surface of sync over the explorer. A sleep with a deadline may time out at any moment, and then it is that late; unless
// the deadline is beyond the clock's horizon.
#pragma once
#include "model.h"
#include "sys/os.h"
#include "sys/types.h"

namespace trapeze {

struct ThreadSema {
    u64* word;
};

inline ThreadSema semacreate() { return {model::token()}; }
[[gnu::no_sanitize("thread")]] inline bool semasleep(ThreadSema s, i64 deadline) {
    if (model::sleep_on_token(s.word, deadline >= 0, !model_clock || deadline <= model_clock->horizon)) return true;
    if (model_clock && model_clock->now < deadline) model_clock->now = deadline;
    return false;
}
inline void semawakeup(ThreadSema s) { model::give_token(s.word); }

}  // namespace trapeze
