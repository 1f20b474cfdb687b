// SPDX-License-Identifier: BSD-3-Clause
// Memory that is not used again: who still uses it after mfree is found.
#pragma once
#include "model.h"
#include "sys/types.h"

namespace trapeze {

inline void* mal_raw(usize n) { return model::arena(n); }
inline void mfree(void* p, usize n) { model::freed(p, n); }

}  // namespace trapeze
