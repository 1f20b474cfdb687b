// SPDX-License-Identifier: BSD-3-Clause
// A task's memory under the kernel's names (osfmk/vm/vm_user.c), by trap for the task itself where there is one, else by message:
// see sys/darwin/port.h. Addresses and sizes are bytes, rounded out to pages unless said. Nothing blocks but on paging.
// Errors in practice: INVALID_ADDRESS nothing is mapped there, or (allocate, map at a fixed place) it is not the task's to map;
// NO_SPACE it is taken, or there is no hole as large; PROTECTION_FAILURE; INVALID_ARGUMENT the range wraps around.
#pragma once
#include "sys/darwin/message.h"

namespace trapeze {
namespace xnu {

constexpr i32 VM_PROT_NONE = 0, VM_PROT_READ = 1, VM_PROT_WRITE = 2, VM_PROT_EXECUTE = 4, VM_PROT_ALL = 7;
constexpr i32 VM_FLAGS_FIXED = 0, VM_FLAGS_ANYWHERE = 1, VM_FLAGS_PURGABLE = 2, VM_FLAGS_NO_CACHE = 0x10, VM_FLAGS_OVERWRITE = 0x4000;
constexpr i32 vm_make_tag(i32 tag) { return tag << 24; }  // 240..255 are the program's own
constexpr i32 VM_INHERIT_SHARE = 0, VM_INHERIT_COPY = 1, VM_INHERIT_NONE = 2;

#pragma pack(push, 4)
struct vm_region_basic_info_64 {
    i32 protection, max_protection;
    u32 inheritance;
    i32 shared, reserved;
    u64 offset;
    i32 behavior;
    u16 user_wired_count;
};
#pragma pack(pop)
static_assert(sizeof(vm_region_basic_info_64) == 36 && offsetof(vm_region_basic_info_64, offset) == 20);

}  // namespace xnu

using xnu::kern_return_t;
using xnu::mach_port_t;

// Zeroed pages at *address (VM_FLAGS_FIXED: must be free unless VM_FLAGS_OVERWRITE) or where there is room (VM_FLAGS_ANYWHERE).
[[nodiscard]] kern_return_t mach_vm_allocate(mach_port_t task, u64* address, u64 size, i32 flags);
[[nodiscard]] kern_return_t mach_vm_deallocate(mach_port_t task, u64 address, u64 size);  // a hole is no error
[[nodiscard]] kern_return_t mach_vm_protect(mach_port_t task, u64 address, u64 size, bool set_maximum, i32 protection);
[[nodiscard]] kern_return_t mach_vm_inherit(mach_port_t task, u64 address, u64 size, i32 inheritance);
// A copy of the task's memory, in pages of the caller's own at *data, which mach_vm_deallocate gives back. Not rounded.
[[nodiscard]] kern_return_t mach_vm_read(mach_port_t task, u64 address, u64 size, u64* data, u32* bytes);
// The same into memory that the caller has.
[[nodiscard]] kern_return_t mach_vm_read_overwrite(mach_port_t task, u64 address, u64 size, void* into, u64* bytes);
[[nodiscard]] kern_return_t mach_vm_write(mach_port_t task, u64 address, const void* from, u32 bytes);  // all of it or nothing
[[nodiscard]] kern_return_t mach_vm_copy(mach_port_t task, u64 from, u64 size, u64 to);  // page-aligned up to xnu-1228's age
// The first mapping at or above *address: where it really is and how it is protected. INVALID_ADDRESS: there is none.
[[nodiscard]] kern_return_t mach_vm_region(mach_port_t task, u64* address, u64* size, xnu::vm_region_basic_info_64* info);
// An object (a memory entry; 0: zeroed memory) from `offset` on; `mask`: the address has these bits 0; copy: a copy of it.
[[nodiscard]] kern_return_t mach_vm_map(mach_port_t task, u64* address, u64 size, u64 mask, i32 flags, mach_port_t object, u64 offset,
                                        bool copy, i32 protection, i32 max_protection, i32 inheritance);
// A send right that stands for the memory: mapped elsewhere it is the same pages. *size comes back rounded, or smaller.
[[nodiscard]] kern_return_t mach_make_memory_entry(mach_port_t task, u64* size, u64 address, i32 permission, mach_port_t* entry);

}  // namespace trapeze
