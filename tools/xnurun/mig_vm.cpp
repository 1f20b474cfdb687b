// SPDX-License-Identifier: BSD-3-Clause
// Subsystem mach_vm (4800): osfmk/mach/mach_vm.defs. And of vm_map (3800) what 64-bit kernels serve under these ids: the
// 32-bit forms, with addresses and sizes of four bytes (osfmk/mach/vm32_map.defs); libraries of 64-bit programs use 4800.
#include "sys/darwin/kern_return.h"
#include "sys/darwin/numbers.h"
#include "tools/xnurun/rpc.h"
#include "tools/xnurun/trap.h"
#include "tools/xnurun/vm.h"

namespace trapeze {
namespace {

i32 allocate(Rpc& r) {
    u64 address = r.w(0);
    if (const i32 failed = vm_allocate(address, r.w(8), r.i(16), 3)) return failed;
    r.put64(address);
    return 0;
}
i32 deallocate(Rpc& r) { return vm_deallocate(r.w(0), r.w(8)); }
i32 protect(Rpc& r) { return vm_protect(r.w(0), r.w(8), r.u(16), r.i(20)); }
i32 inherit(Rpc& r) { return vm_inherit(r.w(0), r.w(8), r.u(16)); }
i32 behavior(Rpc& r) { return vm_behavior(r.w(0), r.w(8), r.i(16)); }
i32 copy(Rpc& r) { return vm_copy(r.w(0), r.w(8), r.w(16)); }

i32 read(Rpc& r) {
    const u64 from = r.w(0), size = r.w(8);
    if (size > 0xffffffff) return xnu::KERN_INVALID_ARGUMENT;
    i64 at = 0;
    if (size) {
        at = host(lnx::SYS_mmap, 0, size, lnx::PROT_READ | lnx::PROT_WRITE, lnx::MAP_PRIVATE | lnx::MAP_ANON, -1, 0);
        if (host_failed(at)) return xnu::KERN_RESOURCE_SHORTAGE;
    }
    i32 result = 0;
    if (size && !copyin(reinterpret_cast<void*>(at), from, size)) result = xnu::KERN_INVALID_ADDRESS;
    else if (!r.put_memory(reinterpret_cast<void*>(at), static_cast<u32>(size))) result = xnu::KERN_RESOURCE_SHORTAGE;
    if (size) host(lnx::SYS_munmap, at, size);
    if (result) return result;
    r.put_ndr();
    r.put32(static_cast<u32>(size));
    return 0;
}

i32 write(Rpc& r) {
    u64 data;
    u32 size;
    memcpy(&data, r.request->bytes + header_size + 4, 8);
    memcpy(&size, r.request->bytes + header_size + 16, 4);
    return size ? vm_write(reinterpret_cast<const void*>(data), size, r.w(0)) : 0;
}

i32 read_overwrite(Rpc& r) {
    if (const i32 failed = vm_copy(r.w(0), r.w(8), r.w(16))) return failed;
    r.put64(r.w(8));
    return 0;
}

i32 map(Rpc& r) {  // address, size, mask, flags, offset, copy, cur_protection, max_protection, inheritance
    if (carried_valid(r.port(0))) return xnu::KERN_INVALID_ARGUMENT;  // nothing here makes memory objects
    const i32 protection = r.i(40);
    if (protection & ~7 || r.i(44) & ~7 || r.u(48) > 2) return xnu::KERN_INVALID_ARGUMENT;
    if (r.w(8) == 0) return xnu::KERN_INVALID_ARGUMENT;
    u64 address = r.w(0);
    if (const i32 failed = vm_allocate(address, r.w(8), r.i(24), protection, r.w(16))) return failed;
    r.put64(address);
    return 0;
}

i32 region(Rpc& r) {  // VM_REGION_BASIC_INFO_64 and VM_REGION_BASIC_INFO
    const i32 flavor = r.i(8);
    const u32 room = r.u(12);
    if (flavor != 9 && flavor != 10) return xnu::KERN_INVALID_ARGUMENT;
    if (room < (flavor == 9 ? 9u : 8u)) return xnu::KERN_INVALID_ARGUMENT;
    VmRegion found;
    if (!vm_region(r.w(0), found)) return xnu::KERN_INVALID_ADDRESS;
    r.put_port(nullptr, msg_move_send);
    r.put_ndr();
    const u32 common[5] = {found.protection, 7, found.shared ? 0u : 1u, found.shared, 0};
    r.put64(found.address).put64(found.size);
    if (flavor == 9) r.put32(9).put(common, sizeof common).put64(0).put32(0).put32(0);
    else r.put32(8).put(common, sizeof common).put32(0).put32(0).put32(0);
    return 0;
}

i32 allocate_32(Rpc& r) {
    u64 address = r.u(0);
    if (const i32 failed = vm_allocate(address, r.u(4), r.i(8), 3)) return failed;
    if (address >> 32) {  // no room where a 32-bit answer could point
        (void)vm_deallocate(address, r.u(4));
        return xnu::KERN_NO_SPACE;
    }
    r.put32(static_cast<u32>(address));
    return 0;
}
i32 deallocate_32(Rpc& r) { return vm_deallocate(r.u(0), r.u(4)); }
i32 protect_32(Rpc& r) { return vm_protect(r.u(0), r.u(4), r.u(8), r.i(12)); }

const RpcRow rows[] = {
    {xnu::MIG_mach_vm_allocate, 20, 0, false, allocate},
    {xnu::MIG_mach_vm_deallocate, 16, 0, false, deallocate},
    {xnu::MIG_mach_vm_protect, 24, 0, false, protect},
    {xnu::MIG_mach_vm_inherit, 20, 0, false, inherit},
    {xnu::MIG_mach_vm_read, 16, 0, false, read},
    {xnu::MIG_mach_vm_write, 12, 0, false, write, 1},
    {xnu::MIG_mach_vm_copy, 24, 0, false, copy},
    {xnu::MIG_mach_vm_read_overwrite, 24, 0, false, read_overwrite},
    {xnu::MIG_mach_vm_behavior_set, 20, 0, false, behavior},
    {xnu::MIG_mach_vm_map, 52, 1, false, map},
    {xnu::MIG_mach_vm_region, 16, 0, false, region},
    {xnu::MIG_vm_allocate, 12, 0, false, allocate_32},
    {xnu::MIG_vm_deallocate, 8, 0, false, deallocate_32},
    {xnu::MIG_vm_protect, 16, 0, false, protect_32},
};

}  // namespace

const RpcServer mig_vm_server = {[](const Port* p) { return p->kind == PortKind::task; }, xnu::KERN_INVALID_ARGUMENT, rows,
                                 sizeof rows / sizeof *rows};

}  // namespace trapeze
