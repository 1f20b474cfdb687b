// SPDX-License-Identifier: BSD-3-Clause
// The guest's map as Mach sees it: osfmk/vm/vm_user.c, vm_map.c. All that give an i32 give a kern_return_t. Addresses are
// rounded to pages as there.
#pragma once
#include "tools/xnurun/vm_maps.h"

#pragma GCC visibility push(hidden)  // see host.h
namespace trapeze {

struct Port;

enum : i32 {  // VM_FLAGS_*
    vm_anywhere = 1, vm_purgable_flag = 2, vm_random = 8, vm_no_cache = 0x10, vm_overwrite = 0x4000, vm_superpage = 0x70000,
    vm_return_data_address = 0x100000, vm_tag = static_cast<i32>(0xff000000),
};

i32 vm_allocate(u64& address, u64 size, i32 flags, i32 protection, u64 mask = 0, u64 hint = 0);
i32 vm_deallocate(u64 address, u64 size);
i32 vm_protect(u64 address, u64 size, bool set_maximum, i32 protection);
i32 vm_inherit(u64 address, u64 size, u32 inheritance);
i32 vm_behavior(u64 address, u64 size, i32 behavior);
i32 vm_msync(u64 address, u64 size, u32 flags);
i32 vm_wire(u64 address, u64 size, i32 access);
i32 vm_purgable_control(u64 address, i32 control, i32& state);
i32 vm_copy(u64 from, u64 size, u64 to);
i32 vm_read(u64 from, u64 size, void* to);
i32 vm_write(const void* data, u64 size, u64 to);
i32 vm_page_query(u64 address, u32& disposition, u32& references);

i32 vm_from_errno(i64 host_result);
i32 vm_host_bits(i32 protection);           // what x86 makes of it: writing or executing is reading too

// vm_share.cpp: two addresses for the same pages. The host has that for shared mappings alone, so a private one becomes a
// shared one first; what a child gets of it is seen to by a fork.
i32 vm_remap(u64& target, u64 size, u64 mask, i32 flags, u64 source, bool copy, i32& protection, i32& maximum, u32 inheritance);
i32 vm_share(u64 at, u64 size);             // from now on it can be duplicated, and is shared with children
i32 vm_duplicate(u64 from, u64 size, u64 to);  // over what is at `to`; `from` came through vm_share

// vm_entry.cpp: memory entries.
i32 vm_make_entry(u64& size, u64 offset, i32 permission, Port* parent, Port*& entry);  // a send right in flight, or null
i32 vm_map_entry(Port* entry, u64& address, u64 size, u64 mask, i32 flags, u64 offset, bool copy, i32 protection, i32 maximum,
                 u32 inheritance);
i32 vm_entry_purgable(Port* entry, i32 control, i32& state);
bool vm_entry_copied(const Port* entry);    // a snapshot
void vm_entry_gone_locked(Port*);           // nobody has a send right any more

// Fork: private copies for the child of what is shared here and copied there. Before, in the parent, and in the child after.
void fork_prepare_memory();
void fork_parent_memory();
void fork_child_memory();

}  // namespace trapeze
#pragma GCC visibility pop
