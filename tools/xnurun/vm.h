// SPDX-License-Identifier: BSD-3-Clause
// The guest's map as Mach sees it: osfmk/vm/vm_user.c, vm_map.c. All give a kern_return_t.
#pragma once
#include "sys/types.h"

#pragma GCC visibility push(hidden)  // see host.h
namespace trapeze {

i32 vm_allocate(u64& address, u64 size, i32 flags, i32 protection, u64 mask = 0);
i32 vm_deallocate(u64 address, u64 size);
i32 vm_protect(u64 address, u64 size, bool set_maximum, i32 protection);
i32 vm_inherit(u64 address, u64 size, u32 inheritance);
i32 vm_behavior(u64 address, u64 size, i32 behavior);
i32 vm_copy(u64 from, u64 size, u64 to);
i32 vm_write(const void* data, u64 size, u64 to);

struct VmRegion {
    u64 address, size;
    u32 protection;
    bool shared;
};
bool vm_region(u64 from, VmRegion&);  // the first that ends above `from`; false: there is none

}  // namespace trapeze
#pragma GCC visibility pop
