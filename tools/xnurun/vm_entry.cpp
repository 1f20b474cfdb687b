// SPDX-License-Identifier: BSD-3-Clause
// Memory entries (osfmk/vm/vm_user.c mach_make_memory_entry_64, vm_map.c vm_map_enter_mem_object): a port that stands for pages.
// The emulator keeps them mapped among its own; a mapping of the entry is a duplicate of that one, or a copy.
#include "sys/darwin/kern_return.h"
#include "sys/mem.h"
#include "tools/xnurun/load.h"
#include "tools/xnurun/memory.h"
#include "tools/xnurun/ports.h"
#include "tools/xnurun/trap.h"
#include "tools/xnurun/vm.h"

namespace trapeze {
namespace {

constexpr u64 page = 4096;
u64 trunc(u64 a) { return a & ~(page - 1); }
u64 round(u64 a) { return (a + page - 1) & ~(page - 1); }

struct Entry {
    u64 pages, size;       // where the emulator has them; both whole pages
    u64 within;            // of the data in the first page
    i32 protection;
    u8 purgable;
    bool copy;             // a snapshot: mapped whole, and as a copy
    Entry* next_free;
};
Entry* free_entries;       // under ports_lock

enum : i32 {  // MAP_MEM_*, VM_PROT_IS_MASK
    only = 0x10000, named_create = 0x20000, purgable = 0x40000, named_reuse = 0x80000, use_data_address = 0x100000,
    vm_copy_flag = 0x200000, vm_share_flag = 0x400000, data_4k = 0x800000, is_mask = 0x40,
};

Port* entry_port(const Entry& e) {
    Entry* kept;
    {
        Locked hold(ports_lock);
        if (!free_entries) {
            constexpr u64 batch = 64;
            Entry* fresh = static_cast<Entry*>(host_pages(batch * sizeof(Entry)));
            for (u64 i = 0; i < batch; i++) fresh[i].next_free = i + 1 < batch ? &fresh[i + 1] : nullptr;
            free_entries = fresh;
        }
        kept = free_entries;
        free_entries = kept->next_free;
        *kept = e;
    }
    return port_new_kernel(PortKind::memory, kept);
}

constexpr i32 dont_fork = 10;

i64 new_pages(u64 size, i32 kind) {
    const i64 r = host(lnx::SYS_mmap, 0, size, lnx::PROT_READ | lnx::PROT_WRITE, kind | lnx::MAP_ANON | lnx::MAP_NORESERVE, -1, 0);
    if (!host_failed(r)) host(lnx::SYS_madvise, r, size, dont_fork);
    return r;
}

Entry* entry_of(const Port* port) { return static_cast<Entry*>(port->object); }

// A part of another entry.
i32 from_parent(u64& size, u64 offset, i32 permission, const Entry& parent, Port*& port) {
    const i32 wanted = permission & 7;
    if (offset > parent.size || size > parent.size - offset) return xnu::KERN_INVALID_ARGUMENT;
    if (permission & is_mask ? !(wanted & parent.protection) : wanted & ~parent.protection) return xnu::KERN_PROTECTION_FAILURE;
    const u64 low = trunc(offset), length = round(offset + size) - low;
    const i64 r = new_pages(length, lnx::MAP_PRIVATE);
    if (host_failed(r)) return xnu::KERN_RESOURCE_SHORTAGE;
    if (const i32 failed = vm_duplicate(parent.pages + low, length, static_cast<u64>(r))) return failed;
    host(lnx::SYS_madvise, r, length, dont_fork);
    port = entry_port({static_cast<u64>(r), length, 0, wanted & parent.protection, parent.purgable, false, nullptr});
    size = length;
    return 0;
}

}  // namespace

i32 vm_make_entry(u64& size, u64 offset, i32 permission, Port* parent_port, Port*& port) {
    port = nullptr;
    const Entry* parent = carried_valid(parent_port) && parent_port->kind == PortKind::memory ? entry_of(parent_port) : nullptr;
    if (parent && parent->copy) return xnu::KERN_INVALID_ARGUMENT;
    const bool by_data = permission & (use_data_address | data_4k);
    const i32 wanted = permission & 7;
    if (permission & only) return by_data || !parent ? xnu::KERN_INVALID_ARGUMENT : 0;  // caching is all that this would change
    const u64 low = trunc(offset), length = round(offset + size) - low, within = by_data ? offset - low : 0;
    if (offset + size < offset || length == 0) return xnu::KERN_INVALID_ARGUMENT;
    if (permission & named_create) {
        if (by_data) return xnu::KERN_INVALID_ARGUMENT;
        if (permission & purgable && !(wanted & 2)) return xnu::KERN_INVALID_ARGUMENT;
        const i64 r = new_pages(length, lnx::MAP_SHARED);
        if (host_failed(r)) return xnu::KERN_FAILURE;
        port = entry_port({static_cast<u64>(r), length, 0, wanted, permission & purgable ? purgable_nonvolatile : purgable_not, false, nullptr});
        size = length;
        return 0;
    }
    if (parent && !(permission & (named_reuse | vm_copy_flag | vm_share_flag))) return from_parent(size, offset, permission, *parent, port);
    if (low + length > guest_user_max || hits_emulator(low, length)) return xnu::KERN_INVALID_ADDRESS;

    // As much as is there from `low` on, all of which must be if it is a copy or a share.
    const bool whole = permission & (vm_copy_flag | vm_share_flag);
    i32 now = 7, most = 7;
    u64 end = low;
    u8 purging = purgable_not;
    while (end < low + length) {
        VmRegion r;
        if (!vm_region(end, r) || r.address > end) {
            if (whole || end == low) return xnu::KERN_INVALID_ADDRESS;
            break;
        }
        if (end == low) {
            const i32 readable = permission & vm_copy_flag ? 1 : wanted;
            if (!(permission & is_mask) && !(permission & vm_share_flag) && readable & ~static_cast<i32>(r.protection)) return xnu::KERN_PROTECTION_FAILURE;
            if (!whole && wanted & ~r.facts.maximum && !(permission & is_mask)) return xnu::KERN_INVALID_RIGHT;
            purging = r.facts.purgable;
        } else if (!whole && wanted & ~r.facts.maximum) {
            break;
        }
        now &= static_cast<i32>(r.protection);
        most &= r.facts.maximum;
        end = r.address + r.size;
    }
    if (end > low + length) end = low + length;
    const u64 have = end - low;
    i32 granted = wanted;
    if (permission & vm_share_flag) {
        if (permission & is_mask ? !(wanted & now) : wanted & ~now) return xnu::KERN_PROTECTION_FAILURE;
        granted = wanted & now;
    } else if (permission & is_mask && !(permission & vm_copy_flag)) {
        granted = wanted & now & most;
    }
    const i64 r = new_pages(have, permission & vm_copy_flag ? lnx::MAP_SHARED : lnx::MAP_PRIVATE);
    if (host_failed(r)) return xnu::KERN_RESOURCE_SHORTAGE;
    i32 failed;
    if (permission & vm_copy_flag) failed = vm_read(low, have, reinterpret_cast<void*>(r));
    else if ((failed = vm_share(low, have)) == 0) failed = vm_duplicate(low, have, static_cast<u64>(r));
    if (failed) {
        host(lnx::SYS_munmap, r, have);
        return failed;
    }
    host(lnx::SYS_madvise, r, have, dont_fork);
    port = entry_port({static_cast<u64>(r), have, within, granted, purging, (permission & vm_copy_flag) != 0, nullptr});
    size = have - within;
    return 0;
}

i32 vm_map_entry(Port* port, u64& address, u64 size, u64 mask, i32 flags, u64 offset, bool copy, i32 protection, i32 maximum,
                 u32 inheritance) {
    if (port->kind != PortKind::memory) return xnu::KERN_INVALID_OBJECT;
    const Entry& e = *entry_of(port);
    const u64 within = flags & vm_return_data_address ? (offset + e.within) % page : 0;
    if (flags & vm_return_data_address) offset += e.within;
    if (protection & is_mask) protection &= e.protection;
    if (maximum & is_mask) maximum &= e.protection;
    if ((protection | maximum) & 7 & ~e.protection) return xnu::KERN_INVALID_RIGHT;
    if (offset + size < offset || e.size < offset + size) return xnu::KERN_INVALID_ARGUMENT;
    const u64 low = trunc(offset), length = round(offset + size) - low;
    if (e.copy && !(flags & vm_anywhere) && (low || length != e.size)) return xnu::KERN_INVALID_ARGUMENT;
    u64 at = address;
    if (const i32 failed = vm_allocate(at, length, flags & (vm_anywhere | vm_overwrite | vm_tag), 3, mask, flags & vm_anywhere ? address : 0)) return failed;
    i32 failed = 0;
    if (copy || e.copy) {
        host(lnx::SYS_mprotect, e.pages, e.size, lnx::PROT_READ | lnx::PROT_WRITE);
        memcpy(reinterpret_cast<void*>(at), reinterpret_cast<const void*>(e.pages + low), length);
    } else {
        failed = vm_duplicate(e.pages + low, length, at);
    }
    if (failed) {
        (void)vm_deallocate(at, length);
        return failed;
    }
    host(lnx::SYS_mprotect, at, length, vm_host_bits(protection & 7));
    ranges_change(at, length, [](RangeFacts& f, u32 v) { f.maximum = v & 7, f.purgable = static_cast<u8>(v >> 8); },
                  static_cast<u32>(maximum & 7) | (copy || e.copy ? 0u : u32{e.purgable} << 8));
    (void)vm_inherit(at, length, inheritance);
    address = at + within;
    return 0;
}

i32 vm_entry_purgable(Port* port, i32 control, i32& state) {
    enum : i32 { set_state, get_state };
    if (control != set_state && control != get_state) return xnu::KERN_INVALID_ARGUMENT;
    if (control == set_state && state & ~0xfff7) return xnu::KERN_INVALID_ARGUMENT;
    Entry& e = *entry_of(port);
    if (e.copy || e.purgable == purgable_not) return xnu::KERN_INVALID_ARGUMENT;
    const i32 old = e.purgable - 1;
    if (control == set_state) {
        const i32 wanted = state & 3;
        constexpr i32 remove = 9;  // MADV_REMOVE: of everybody who maps it
        if (wanted == 2) host(lnx::SYS_madvise, e.pages, e.size, remove);
        e.purgable = wanted == 3 ? u8{purgable_not} : static_cast<u8>(wanted + 1);
    }
    state = old;
    return 0;
}

bool vm_entry_copied(const Port* port) { return entry_of(port)->copy; }

void vm_entry_gone_locked(Port* port) {
    Entry* e = entry_of(port);
    host(lnx::SYS_munmap, e->pages, e->size);
    e->next_free = free_entries;
    free_entries = e;
    receive_right_dies_locked(port);
}

}  // namespace trapeze
