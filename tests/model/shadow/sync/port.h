// SPDX-License-Identifier: BSD-3-Clause
// The porting surface of sync over the explorer. A sleep with a deadline may time out at any moment.
#pragma once
#include "model.h"
#include "sys/types.h"

namespace trapeze {

struct ThreadSema {
    u64* word;
};

inline ThreadSema semacreate() { return {model::token()}; }
inline bool semasleep(ThreadSema s, i64 deadline) { return model::sleep_on_token(s.word, deadline >= 0); }
inline void semawakeup(ThreadSema s) { model::give_token(s.word); }

}  // namespace trapeze
