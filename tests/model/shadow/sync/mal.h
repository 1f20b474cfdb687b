// SPDX-License-Identifier: BSD-3-Clause
// Memory that goes with the run.
#pragma once
#include "model.h"
#include "sys/types.h"

namespace trapeze {

inline void* mal(usize n) { return model::arena(n); }
inline void mfree(void*, usize) {}

}  // namespace trapeze
