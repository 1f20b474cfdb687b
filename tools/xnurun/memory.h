// SPDX-License-Identifier: BSD-3-Clause
// The guest's address space: what the kernel side allocates there and what it must not give away.
#pragma once
#include "tools/xnurun/host.h"

#pragma GCC visibility push(hidden)  // see host.h
namespace trapeze {

void init_guest_memory(u64 pagezero_end, u64 image_high);  // nothing below; first-fit starts above the image, as XNU's map does
extern u64 guest_user_min;
bool guest_allocate(u64 size, u64& base);   // zeroed, readable and writable
void guest_protect_none(u64 base, u64 size);
bool guest_unmap(u64 base, u64 size);
bool hits_emulator(u64 base, u64 size);     // the emulator's own image and stubs (fast.h) cannot be moved out of the way
bool hits_emulator_image(u64 base, u64 size);
void guest_account(i64 bytes);              // for guest_mapped_bytes
void init_stack_limit(u64 accessible);      // bytes of the main stack that are accessible, 0: not the emulator's to change
extern HostLock address_space_lock;         // RLIMIT_AS and the stack's edge; a fork holds it
extern HostLock memory_lock;                 // a fork holds it, so that the child finds it free
extern u64 guest_mapped_bytes;              // mapped less unmapped by the guest's calls, for --stats

}  // namespace trapeze
#pragma GCC visibility pop
