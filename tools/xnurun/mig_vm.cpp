// SPDX-License-Identifier: BSD-3-Clause
// Subsystems mach_vm (4800), vm_map (3800: addresses of four bytes; libraries of 64-bit programs use 4800) and
// memory_entry (4900). What tells of memory without changing it is in mig_vm_info.cpp.
#include "tools/xnurun/mig_vm.h"

#include "tools/xnurun/trap.h"
#include "tools/xnurun/vm.h"

namespace trapeze {
namespace {

// Four bytes end sooner (vm32_user.c).
bool wraps(const Rpc& r, u64 address, u64 size) { return !wide(r) && (address + size) >> 32; }

// For four bytes the first hole from below, as XNU looks for one. What ends up above is no answer: it goes again.
constexpr u64 lowest = 0x10000;
u64 hint_of(const Rpc& r, i32 flags, u64 address) {
    if (!(flags & vm_anywhere)) return 0;
    return wide(r) || address ? address : lowest;
}
i32 answer_address(Rpc& r, u64 at, u64 size) {
    if (!wide(r) && at >> 32) {
        (void)vm_deallocate(at, size);
        return xnu::KERN_NO_SPACE;
    }
    put_address(r, at);
    return 0;
}

i32 allocate(Rpc& r) {
    Args a(r);
    u64 address = a.address();
    const u64 size = a.address();
    const i32 flags = a.integer();
    if (const i32 failed = vm_allocate(address, size, flags, 3, 0, wide(r) ? 0 : hint_of(r, flags, 0))) return failed;
    return answer_address(r, address, size);
}
i32 deallocate(Rpc& r) {
    Args a(r);
    const u64 address = a.address(), size = a.address();
    return wraps(r, address, size) ? xnu::KERN_INVALID_ARGUMENT : vm_deallocate(address, size);
}
i32 protect(Rpc& r) {
    Args a(r);
    const u64 address = a.address(), size = a.address();
    const bool maximum = a.word();
    if (wraps(r, address, size)) return xnu::KERN_INVALID_ARGUMENT;
    return vm_protect(address, size, maximum, a.integer());
}
i32 inherit(Rpc& r) {
    Args a(r);
    const u64 address = a.address(), size = a.address();
    return wraps(r, address, size) ? xnu::KERN_INVALID_ARGUMENT : vm_inherit(address, size, a.word());
}
i32 behavior(Rpc& r) {
    Args a(r);
    const u64 address = a.address(), size = a.address();
    return wraps(r, address, size) ? xnu::KERN_INVALID_ARGUMENT : vm_behavior(address, size, a.integer());
}
i32 copy(Rpc& r) {
    Args a(r);
    const u64 from = a.address(), size = a.address();
    return vm_copy(from, size, a.address());
}
i32 msync(Rpc& r) {
    Args a(r);
    const u64 address = a.address(), size = a.address();
    return vm_msync(address, size, a.word());
}

i32 read(Rpc& r) {
    Args a(r);
    const u64 from = a.address(), size = a.address();
    if (size > 0xffffffff) return xnu::KERN_INVALID_ARGUMENT;
    i64 at = 0;
    if (size) {
        at = host(lnx::SYS_mmap, 0, size, lnx::PROT_READ | lnx::PROT_WRITE, lnx::MAP_PRIVATE | lnx::MAP_ANON, -1, 0);
        if (host_failed(at)) return xnu::KERN_RESOURCE_SHORTAGE;
    }
    i32 result = size ? vm_read(from, size, reinterpret_cast<void*>(at)) : 0;
    if (!result && !r.put_memory(reinterpret_cast<void*>(at), static_cast<u32>(size))) result = xnu::KERN_RESOURCE_SHORTAGE;
    if (size) host(lnx::SYS_munmap, at, size);
    if (result) return result;
    r.put_ndr();
    r.put32(static_cast<u32>(size));
    return 0;
}

// 256 pairs of address and size, of which `count` are meant; those that cannot be read come back with size 0, and the last of them
// says how it went.
i32 read_list(Rpc& r) {
    const u32 unit = wide(r) ? 8 : 4, count = r.u(512 * unit);
    if (count > 256) return xnu::KERN_INVALID_ARGUMENT;
    u64 list[512];
    for (u32 n = 0; n < 512; n++) list[n] = wide(r) ? r.w(n * 8) : r.u(n * 4);
    i32 result = 0;
    for (u32 n = 0; n < count; n++) {
        u64 &from = list[2 * n], &size = list[2 * n + 1], at = 0;
        if (size) {
            result = vm_allocate(at, size, vm_anywhere, 3, 0, wide(r) ? 0 : lowest);
            if (!result && (result = vm_copy(from, size, at))) (void)vm_deallocate(at, size);
            if (result) at = size = 0;
        }
        from = at;
    }
    if (result) return result;
    for (const u64 v : list) put_address(r, v);
    return 0;
}

i32 write(Rpc& r) {
    u64 data;
    u32 size;
    memcpy(&data, r.request->bytes + header_size + 4, 8);
    memcpy(&size, r.request->bytes + header_size + 16, 4);
    return size ? vm_write(reinterpret_cast<const void*>(data), size, Args(r).address()) : 0;
}

i32 read_overwrite(Rpc& r) {
    Args a(r);
    const u64 from = a.address(), size = a.address();
    if (const i32 failed = vm_copy(from, size, a.address())) return failed;
    put_address(r, size);
    return 0;
}

i32 map(Rpc& r) {
    constexpr i32 protections = 7 | 0x40;  // VM_PROT_IS_MASK: as much of it as the entry allows
    Args a(r);
    u64 address = a.address();
    const u64 size = a.address(), mask = a.address();
    const i32 flags = a.integer();
    const u64 offset = r.request->id == xnu::MIG_vm_map ? a.word() : a.quad();
    const bool as_copy = a.word();
    const i32 protection = a.integer(), maximum = a.integer();
    const u32 inheritance = a.word();
    if (protection & ~protections || maximum & ~protections || inheritance > 2 || size == 0) return xnu::KERN_INVALID_ARGUMENT;
    if (carried_valid(r.port(0))) {
        if (!wide(r)) address = flags & vm_anywhere ? hint_of(r, flags, address) : address;
        if (const i32 failed = vm_map_entry(r.port(0), address, size, mask, flags, offset, as_copy, protection, maximum, inheritance)) return failed;
        return answer_address(r, address, size);
    }
    if (const i32 failed = vm_allocate(address, size, flags, protection & 7, mask, hint_of(r, flags, address))) return failed;
    const u64 at = address & ~4095ull, length = ((size + 4095) & ~4095ull);
    if (maximum != 7) ranges_change(at, length, [](RangeFacts& f, u32 v) { f.maximum = v & 7; }, static_cast<u32>(maximum));
    if (inheritance != inherit_copy) (void)vm_inherit(at, length, inheritance);
    return answer_address(r, address, size);
}

// Another task's memory is nobody's here: there is one task.
i32 remap(Rpc& r) {
    const bool modern = r.request->id == xnu::MIG_mach_vm_remap_new;
    const Port* source = r.port(0);
    if (!carried_valid(source) || source->kind != PortKind::task) return xnu::KERN_INVALID_ARGUMENT;
    Args a(r);
    u64 target = a.address();
    const u64 size = a.address(), mask = a.address();
    const i32 flags = a.integer();
    const u64 from = a.address();
    const bool as_copy = a.word();
    i32 wanted[2] = {0, 0}, protection, maximum;
    if (modern) wanted[0] = a.integer(), wanted[1] = a.integer();
    const u32 inheritance = a.word();
    if (modern && (wanted[0] & ~wanted[1] || wanted[1] & ~7 || wanted[0] & ~7 || (wanted[0] & 6) == 6)) return xnu::KERN_INVALID_ARGUMENT;
    if (const i32 failed = vm_remap(target, size, mask, flags, from, as_copy, protection, maximum, inheritance)) return failed;
    if (modern) {  // no more than was asked for, and all of that
        const u64 at = target & ~4095ull, length = (size + 4095) & ~4095ull;
        if (wanted[0] & ~protection || wanted[1] & ~maximum) {
            (void)vm_deallocate(at, length);
            return xnu::KERN_PROTECTION_FAILURE;
        }
        (void)vm_protect(at, length, false, protection = wanted[0]);
        (void)vm_protect(at, length, true, maximum = wanted[1]);
    }
    if (const i32 failed = answer_address(r, target, size)) return failed;
    r.put32(static_cast<u32>(protection)).put32(static_cast<u32>(maximum));
    return 0;
}

i32 make_entry(Rpc& r) {
    Args a(r);
    const bool quads = wide(r) || r.request->id == xnu::MIG_mach_make_memory_entry_64;
    u64 size = quads ? a.quad() : a.word();
    const u64 offset = quads ? a.quad() : a.word();
    const i32 permission = a.integer();
    Port* entry;
    if (const i32 failed = vm_make_entry(size, offset, permission, r.port(0), entry)) return failed;
    r.put_port(entry, msg_move_send);
    r.put_ndr();
    if (quads) r.put64(size);
    else r.put32(static_cast<u32>(size));
    return 0;
}

i32 purgable(Rpc& r) {
    Args a(r);
    const u64 address = a.address();
    const i32 control = a.integer();
    i32 state = a.integer();
    if (const i32 failed = vm_purgable_control(address, control, state)) return failed;
    r.put32(static_cast<u32>(state));
    return 0;
}

// x86 has no such attributes: pmap_attribute is KERN_INVALID_ADDRESS there; what has no pages has nothing to flush.
i32 attribute(Rpc& r) {
    Args a(r);
    const u64 address = a.address(), size = a.address();
    const u32 which = a.word(), value = a.word();
    constexpr u32 cache = 1;
    if (address + size < address || wraps(r, address, size)) return xnu::KERN_INVALID_ARGUMENT;
    const u64 at = address & ~4095ull, length = ((address + size + 4095) & ~4095ull) - at;
    if (size) {
        if (which != cache) return xnu::KERN_INVALID_ADDRESS;
        if (!vm_mapped(at, length)) return xnu::KERN_FAILURE;
        if (vm_resident(at, length)) return xnu::KERN_INVALID_ADDRESS;
    }
    r.put32(value);
    return 0;
}

i32 wire_task(Rpc&) { return 0; }  // future mappings wired or not: there is no paging to keep them from

// Pointers with tags are another processor's (vm_user.c).
i32 update_pointers(Rpc& r) { return r.u(0) >= 512 ? xnu::KERN_INVALID_ARGUMENT : xnu::KERN_FAILURE; }

const RpcRow rows[] = {
    {xnu::MIG_mach_vm_allocate, allocate},
    {xnu::MIG_mach_vm_deallocate, deallocate},
    {xnu::MIG_mach_vm_protect, protect},
    {xnu::MIG_mach_vm_inherit, inherit},
    {xnu::MIG_mach_vm_read, read},
    {xnu::MIG_mach_vm_read_list, read_list},
    {xnu::MIG_mach_vm_write, write},
    {xnu::MIG_mach_vm_copy, copy},
    {xnu::MIG_mach_vm_read_overwrite, read_overwrite},
    {xnu::MIG_mach_vm_msync, msync, 0, xnu::KERN_INVALID_TASK},
    {xnu::MIG_mach_vm_behavior_set, behavior},
    {xnu::MIG_mach_vm_map, map},
    {xnu::MIG_mach_vm_machine_attribute, attribute},
    {xnu::MIG_mach_vm_remap, remap},
    {xnu::MIG_mach_vm_remap_new, remap},
    {xnu::MIG_mach_vm_page_query, vm_rpc_page_query},
    {xnu::MIG_mach_vm_page_info, vm_rpc_page_info},
    {xnu::MIG_mach_vm_page_range_query, vm_rpc_page_range_query},
    {xnu::MIG_mach_vm_region_recurse, vm_rpc_region_recurse},
    {xnu::MIG_mach_vm_region, vm_rpc_region},
    {xnu::MIG__mach_make_memory_entry, make_entry},
    {xnu::MIG_mach_vm_purgable_control, purgable},
    {xnu::MIG_mach_vm_update_pointers_with_remote_tags, update_pointers},
    {xnu::MIG_vm_region, vm_rpc_region},
    {xnu::MIG_vm_allocate, allocate},
    {xnu::MIG_vm_deallocate, deallocate},
    {xnu::MIG_vm_protect, protect},
    {xnu::MIG_vm_inherit, inherit},
    {xnu::MIG_vm_read, read},
    {xnu::MIG_vm_read_list, read_list},
    {xnu::MIG_vm_write, write},
    {xnu::MIG_vm_copy, copy},
    {xnu::MIG_vm_read_overwrite, read_overwrite},
    {xnu::MIG_vm_msync, msync, 0, xnu::KERN_INVALID_TASK},
    {xnu::MIG_vm_behavior_set, behavior},
    {xnu::MIG_vm_map, map},
    {xnu::MIG_vm_machine_attribute, attribute},
    {xnu::MIG_vm_remap, remap},
    {xnu::MIG_task_wire, wire_task},
    {xnu::MIG_mach_make_memory_entry, make_entry},
    {xnu::MIG_vm_map_page_query, vm_rpc_page_query},
    {xnu::MIG_mach_vm_region_info, vm_rpc_no_debug},
    {xnu::MIG_vm_mapped_pages_info, vm_rpc_no_debug},
    {xnu::MIG_vm_region_recurse, vm_rpc_region_recurse},
    {xnu::MIG_vm_region_recurse_64, vm_rpc_region_recurse},
    {xnu::MIG_mach_vm_region_info_64, vm_rpc_no_debug},
    {xnu::MIG_vm_region_64, vm_rpc_region},
    {xnu::MIG_mach_make_memory_entry_64, make_entry},
    {xnu::MIG_vm_map_64, map},
    {xnu::MIG_vm_purgable_control, purgable},
};

i32 entry_purgable(Rpc& r) {
    i32 state = r.i(4);
    if (const i32 failed = vm_entry_purgable(r.object, r.i(0), state)) return failed;
    r.put32(static_cast<u32>(state));
    return 0;
}

// As a kernel made without VM_OBJECT_ACCESS_TRACKING.
i32 tracking(Rpc& r) { return vm_entry_copied(r.object) ? xnu::KERN_INVALID_ARGUMENT : xnu::KERN_NOT_SUPPORTED; }

// Whom the pages are charged to: nobody counts here, so of no entry it can be changed.
i32 ownership(Rpc& r) {
    enum : i32 { no_footprint = 1, no_footprint_for_debug = 2, network = 2 };
    const bool privileged = r.i(4) & (no_footprint | no_footprint_for_debug) || r.i(0) == network;
    return privileged && !(r.i(4) & ~(no_footprint | no_footprint_for_debug)) ? xnu::KERN_NO_ACCESS : xnu::KERN_INVALID_ARGUMENT;
}

const RpcRow entry_rows[] = {
    {xnu::MIG_mach_memory_entry_purgable_control, entry_purgable},
    {xnu::MIG_mach_memory_entry_access_tracking, tracking},
    {xnu::MIG_mach_memory_entry_ownership, ownership},
};

}  // namespace

const RpcServer mig_vm_server = {[](const Port* p) { return p->kind == PortKind::task; }, xnu::KERN_INVALID_ARGUMENT, rows,
                                 sizeof rows / sizeof *rows};
const RpcServer mig_entry_server = {[](const Port* p) { return p->kind == PortKind::memory; }, xnu::KERN_INVALID_ARGUMENT, entry_rows,
                                    sizeof entry_rows / sizeof *entry_rows};

}  // namespace trapeze
