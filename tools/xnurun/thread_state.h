// SPDX-License-Identifier: BSD-3-Clause
// A thread's registers in the flavors of osfmk/mach/i386/thread_status.h (osfmk/i386/pcb.c machine_thread_get_state): those of
// 64-bit threads, and the three that say which of both they are. The forms of 32-bit threads are KERN_INVALID_ARGUMENT as there.
#pragma once
#include "tools/xnurun/thread.h"

namespace trapeze {

constexpr u32 most_state_words = 256;
bool state_flavor_valid(i32 flavor);
// count: room in words, then how many there are. kern_return_t. The thread stands still, or is the caller.
i32 state_get(const Thread&, const HostContext&, i32 flavor, u32* words, u32& count);
i32 state_set(HostContext&, i32 flavor, const u32* words, u32 count);

}  // namespace trapeze
