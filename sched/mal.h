// SPDX-License-Identifier: BSD-3-Clause
// mal: the runtime's own small allocator (channels, timers, Ms and Ps).
//
// Sizes are rounded to classes (16 * 2^n and 24 * 2^n bytes, up to 32 KiB), cut from 64 KiB hunks and kept in a free list a
// class; larger ones are mappings of their own. The caller says the size again when it frees. One lock for all: what is
// hot (goroutines, their stacks) does not come through here. Memory is zeroed.
// mal does not return without memory: it names the size and ends the program. May block on the lock.
#pragma once
#include "sys/types.h"

namespace trapeze {

void* mal(usize n);
void mfree(void* p, usize n);

}  // namespace trapeze
