// SPDX-License-Identifier: BSD-3-Clause
// See sys/darwin/vm.h; the request structs are osfmk/mach/mach_vm.defs' arguments, 4-byte packed as MIG does.
#include "sys/darwin/vm.h"

#include "sys/calls.h"
#include "sys/darwin/release.h"
#include "sys/darwin/rpc.h"

namespace trapeze {

using namespace xnu;

namespace {

#pragma pack(push, 4)
struct Range {
    u64 address, size;
};
struct RangeAndWord {
    u64 address, size;
    i32 word;
};
struct RangeAndTwoWords {
    u64 address, size;
    i32 first, second;
};
struct ThreeLongs {
    u64 a, b, c;
};
struct AddressAndCount {
    u64 address;
    u32 count;
};
struct RegionRequest {
    u64 address;
    i32 flavor;
    u32 count;
};
struct RegionReply {
    u64 address, size;
    u32 count;
    vm_region_basic_info_64 info;
};
struct MapRequest {
    u64 address, size, mask;
    i32 flags;
    u64 offset;
    i32 copy, protection, max_protection, inheritance;
};
#pragma pack(pop)
static_assert(sizeof(MapRequest) == 52 && sizeof(RegionReply) == 56);

constexpr kern_return_t ask_by_message = MACH_SEND_INVALID_DEST;
constexpr i32 vm_traps = 12, map_trap = 13;

}  // namespace

kern_return_t mach_vm_allocate(mach_port_t task, u64* address, u64 size, i32 flags) {
    u64 at = *address;
    kern_return_t r = darwin_major >= vm_traps ? sys__kernelrpc_mach_vm_allocate_trap(task, &at, size, flags) : ask_by_message;
    if (r == ask_by_message) r = rpc(task, MIG_mach_vm_allocate, RangeAndWord{at, size, flags}, &at);
    if (r == KERN_SUCCESS) *address = at;
    return r;
}

kern_return_t mach_vm_deallocate(mach_port_t task, u64 address, u64 size) {
    const kern_return_t r =
        darwin_major >= vm_traps ? sys__kernelrpc_mach_vm_deallocate_trap(task, address, size) : ask_by_message;
    return r == ask_by_message ? rpc(task, MIG_mach_vm_deallocate, Range{address, size}, none) : r;
}

kern_return_t mach_vm_protect(mach_port_t task, u64 address, u64 size, bool set_maximum, i32 protection) {
    const kern_return_t r = darwin_major >= vm_traps
                                ? sys__kernelrpc_mach_vm_protect_trap(task, address, size, set_maximum, protection)
                                : ask_by_message;
    return r == ask_by_message ? rpc(task, MIG_mach_vm_protect, RangeAndTwoWords{address, size, set_maximum, protection}, none) : r;
}

kern_return_t mach_vm_inherit(mach_port_t task, u64 address, u64 size, i32 inheritance) {
    return rpc(task, MIG_mach_vm_inherit, RangeAndWord{address, size, inheritance}, none);
}

kern_return_t mach_vm_read(mach_port_t task, u64 address, u64 size, u64* data, u32* bytes) {
    mach_msg_ool_descriptor_t part{};
    u32 count = 0;
    const kern_return_t r = rpc_memory(task, MIG_mach_vm_read, Range{address, size}, &part, MACH_MSG_OOL_DESCRIPTOR, &count);
    if (r != KERN_SUCCESS) return r;
    *data = part.address;
    *bytes = part.size;
    return r;
}

kern_return_t mach_vm_read_overwrite(mach_port_t task, u64 address, u64 size, void* into, u64* bytes) {
    return rpc(task, MIG_mach_vm_read_overwrite, ThreeLongs{address, size, reinterpret_cast<u64>(into)}, bytes);
}

kern_return_t mach_vm_write(mach_port_t task, u64 address, const void* from, u32 bytes) {
    return rpc(task, MIG_mach_vm_write, memory_part(from, bytes), AddressAndCount{address, bytes}, none);
}

kern_return_t mach_vm_copy(mach_port_t task, u64 from, u64 size, u64 to) {
    return rpc(task, MIG_mach_vm_copy, ThreeLongs{from, size, to}, none);
}

kern_return_t mach_vm_region(mach_port_t task, u64* address, u64* size, vm_region_basic_info_64* info) {
    constexpr i32 VM_REGION_BASIC_INFO_64 = 9;
    const RegionRequest in = {*address, VM_REGION_BASIC_INFO_64, sizeof *info / 4};
    mach_msg_port_descriptor_t object{};  // always null (osfmk/vm/vm_map.c vm_map_region)
    RegionReply out{};
    const kern_return_t r = rpc_memory(task, MIG_mach_vm_region, in, &object, MACH_MSG_PORT_DESCRIPTOR, &out);
    if (r != KERN_SUCCESS) return r;
    *address = out.address;
    *size = out.size;
    *info = out.info;
    return r;
}

kern_return_t mach_vm_map(mach_port_t task, u64* address, u64 size, u64 mask, i32 flags, mach_port_t object, u64 offset, bool copy,
                          i32 protection, i32 max_protection, i32 inheritance) {
    u64 at = *address;
    kern_return_t r = ask_by_message;
    // The trap maps zeroed memory and no other, with these rights (osfmk/ipc/mach_kernelrpc.c).
    if (darwin_major >= map_trap && !object && !offset && !copy && max_protection == VM_PROT_ALL && inheritance == VM_INHERIT_COPY)
        r = sys__kernelrpc_mach_vm_map_trap(task, &at, size, mask, flags, protection);
    if (r == ask_by_message)
        r = rpc(task, MIG_mach_vm_map, port_part(object, MACH_MSG_TYPE_COPY_SEND),
                MapRequest{at, size, mask, flags, offset, copy, protection, max_protection, inheritance}, &at);
    if (r == KERN_SUCCESS) *address = at;
    return r;
}

kern_return_t mach_make_memory_entry(mach_port_t task, u64* size, u64 address, i32 permission, mach_port_t* entry) {
    const mach_msg_port_descriptor_t parent = port_part(0, MACH_MSG_TYPE_COPY_SEND);
    const RangeAndWord in = {*size, address, permission};
    mach_msg_port_descriptor_t got{};
    u64 size_out = 0;
    const kern_return_t r = rpc_call(task, MIG__mach_make_memory_entry, {&parent, sizeof parent, &in, sizeof in, &got, sizeof got,
                                                                         MACH_MSG_PORT_DESCRIPTOR, &size_out, sizeof size_out, sizeof size_out});
    if (r != KERN_SUCCESS) return r;
    *size = size_out;
    *entry = got.name;
    return r;
}

}  // namespace trapeze
