// SPDX-License-Identifier: BSD-3-Clause
// See vm.h. The host's map is the truth about what is mapped and how it is protected; the rest is in vm_ranges.h.
#include "tools/xnurun/vm.h"

#include "sys/darwin/kern_return.h"
#include "sys/mem.h"
#include "tools/xnurun/era.h"
#include "tools/xnurun/fast.h"
#include "tools/xnurun/guards.h"
#include "tools/xnurun/load.h"
#include "tools/xnurun/memory.h"
#include "tools/xnurun/trap.h"

namespace trapeze {
namespace {

constexpr u64 page = 4096, superpage = 2ull << 20;
constexpr i32 permitted = vm_tag | vm_anywhere | vm_purgable_flag | vm_random | vm_no_cache | vm_overwrite | vm_superpage;
constexpr u32 era_madv_zero = 10063101;

u64 trunc(u64 a) { return a & ~(page - 1); }
u64 round(u64 a) { return (a + page - 1) & ~(page - 1); }

// What is wrong with memory that could not be copied: something that is there, but not for this, or nothing at all.
i32 why_not(u64 at, u64 size, u32 needed) {
    for (const u64 end = at + size; at < end;) {
        VmRegion region;
        if (!vm_region(at, region) || region.address > at) return xnu::KERN_INVALID_ADDRESS;
        if (!(region.protection & needed)) return xnu::KERN_PROTECTION_FAILURE;
        at = region.address + region.size;
    }
    return xnu::KERN_INVALID_ADDRESS;
}

void note_new(u64 at, u64 length, i32 flags) {
    ranges_forget(at, length);
    const u32 tag = static_cast<u32>(flags) >> 24;
    if (tag) ranges_change(at, length, [](RangeFacts& f, u32 v) { f.tag = static_cast<u8>(v); }, tag);
    if (flags & vm_purgable_flag) ranges_change(at, length, [](RangeFacts& f, u32) { f.purgable = purgable_nonvolatile; }, 0);
}

// Anonymous memory of the program's own can lose its contents without a word to anybody; other memory is written.
void zero(u64 at, u64 size) {
    for (const u64 end = at + size; at < end;) {
        VmRegion r;
        if (!vm_region(at, r) || r.address >= end) return;
        const u64 from = r.address > at ? r.address : at, stop = r.address + r.size < end ? r.address + r.size : end;
        constexpr i32 remove = 9;  // MADV_REMOVE: a hole in what is shared
        if (!r.file) host(lnx::SYS_madvise, from, stop - from, r.shared ? remove : lnx::MADV_DONTNEED);
        else memset(reinterpret_cast<void*>(from), 0, stop - from);
        at = stop;
    }
}

}  // namespace

i32 vm_host_bits(i32 protection) { return (protection & 6 ? protection | 1 : protection) & 7; }

i32 vm_from_errno(i64 r) {
    switch (-r) {
    case lnx::ENOMEM: return xnu::KERN_INVALID_ADDRESS;
    case lnx::EACCES: return xnu::KERN_PROTECTION_FAILURE;
    default: return xnu::KERN_INVALID_ARGUMENT;
    }
}

i32 vm_allocate(u64& address, u64 size, i32 flags, i32 protection, u64 mask, u64 hint) {
    if (flags & ~permitted) return xnu::KERN_INVALID_ARGUMENT;
    if (size == 0) {
        address = 0;
        return 0;
    }
    u64 length = round(size);
    if (length == 0) return xnu::KERN_INVALID_ARGUMENT;
    if (flags & vm_superpage) {  // ANY rounds up, 2 MB must fit; nothing of it for children (vm_map_enter)
        const i32 kind = (flags & vm_superpage) >> 16;
        if (kind == 1) length = (length + superpage - 1) & ~(superpage - 1);
        if (kind > 2 || length % superpage) return xnu::KERN_INVALID_ARGUMENT;
        mask |= superpage - 1;
    }
    if (flags & vm_anywhere) {
        if (mask > (1ull << 40)) return xnu::KERN_NO_SPACE;
        if (hint) {  // the first hole from there on
            constexpr i32 how = lnx::MAP_PRIVATE | lnx::MAP_ANON | lnx::MAP_NORESERVE | lnx::MAP_FIXED_NOREPLACE;
            for (int tries = 0; tries < 8; tries++) {
                u64 at;
                if (!vm_gap(trunc(hint + page - 1), length, mask | (page - 1), at)) break;
                const i64 r = guest_mmap(at, length, vm_host_bits(protection), how, -1, 0);
                if (host_failed(r) && r != -lnx::EEXIST) break;
                if (host_failed(r)) continue;
                guest_account(static_cast<i64>(length));
                note_new(at, length, flags);
                address = at;
                return 0;
            }
        }
        const u64 extra = mask >= page ? mask + 1 : 0;  // room to find the alignment in
        u64 base;
        if (length + extra < length || !guest_allocate(length + extra, base)) return xnu::KERN_NO_SPACE;
        const u64 at = (base + mask) & ~mask;
        if (extra) {
            if (at > base) (void)guest_unmap(base, at - base);
            if (base + length + extra > at + length) (void)guest_unmap(at + length, base + extra - at);
        }
        if (protection != 3) host(lnx::SYS_mprotect, at, length, vm_host_bits(protection));
        note_new(at, length, flags);
        address = at;
    } else {
        const u64 at = trunc(address);
        if (at & mask) return xnu::KERN_NO_SPACE;
        if (at + length < at || at + length > guest_user_max || at < guest_user_min) return xnu::KERN_INVALID_ADDRESS;
        if (hits_emulator(at, length)) return xnu::KERN_NO_SPACE;
        const i32 fixed = flags & vm_overwrite ? lnx::MAP_FIXED : lnx::MAP_FIXED_NOREPLACE;
        const i64 r = guest_mmap(at, length, vm_host_bits(protection),
                           lnx::MAP_PRIVATE | lnx::MAP_ANON | lnx::MAP_NORESERVE | fixed, -1, 0);
        if (host_failed(r)) return r == -lnx::EPERM ? xnu::KERN_INVALID_ADDRESS : xnu::KERN_NO_SPACE;
        guest_account(static_cast<i64>(length));
        note_new(at, length, flags);
        address = at;
    }
    if (flags & vm_superpage) (void)vm_inherit(address, length, inherit_none);
    return 0;
}

i32 vm_deallocate(u64 address, u64 size) {
    if (address + size < address) return xnu::KERN_INVALID_ARGUMENT;
    if (size == 0) return 0;
    const u64 at = trunc(address);
    u64 end = round(address + size);
    if (end == 0 || end > guest_user_max) end = guest_user_max;  // holes are no error there
    if (at >= end) return 0;
    if (hits_emulator_image(at, end - at)) return xnu::KERN_INVALID_ADDRESS;
    return guest_unmap(at, end - at) ? 0 : xnu::KERN_INVALID_ARGUMENT;
}

// vm_map_protect: nobody gets more than the maximum, and that only ever shrinks.
i32 vm_protect(u64 address, u64 size, bool set_maximum, i32 protection) {
    constexpr i32 copy = 0x10;  // VM_PROT_COPY: a copy of one's own, which may be written
    if (address + size < address || protection & ~(7 | copy)) return xnu::KERN_INVALID_ARGUMENT;
    if (size == 0) return 0;
    const u64 at = trunc(address), length = round(address + size) - at;
    if (hits_emulator(at, length) || at + length > guest_user_max || at + length < at) return xnu::KERN_INVALID_ADDRESS;
    if (protection & copy) {
        protection &= ~copy;
        ranges_change(at, length, [](RangeFacts& f, u32) { f.maximum |= 2; }, 0);
    }
    for (u64 here = at, until; here < at + length; here = until)
        if (protection & ~range_facts(here, &until).maximum) return xnu::KERN_PROTECTION_FAILURE;
    if (!set_maximum) {
        const i64 r = guest_mprotect(at, length, vm_host_bits(protection));
        return host_failed(r) ? vm_from_errno(r) : 0;
    }
    if (!vm_mapped(at, length)) return xnu::KERN_INVALID_ADDRESS;
    for (u64 here = at; here < at + length;) {
        VmRegion r;
        if (!vm_region(here, r) || r.address > here) break;
        const u64 stop = r.address + r.size < at + length ? r.address + r.size : at + length;
        if (r.protection & ~static_cast<u32>(protection))
            (void)guest_mprotect(here, stop - here, static_cast<i32>(r.protection) & protection);
        here = stop;
    }
    ranges_change(at, length, [](RangeFacts& f, u32 v) { f.maximum = static_cast<u8>(v); }, static_cast<u32>(protection));
    return 0;
}

// Holes are no error (vm_map_inherit).
i32 vm_inherit(u64 address, u64 size, u32 inheritance) {
    if (address + size < address || inheritance > 2) return xnu::KERN_INVALID_ARGUMENT;
    if (size == 0) return 0;
    constexpr i32 dont_fork = 10, do_fork = 11;
    const u64 at = trunc(address), length = round(address + size) - at;
    if (hits_emulator_image(at, length) || at + length > guest_user_max || at + length < at) return xnu::KERN_INVALID_ARGUMENT;
    if (inheritance == inherit_share)
        if (const i32 failed = vm_share(at, length); failed == xnu::KERN_RESOURCE_SHORTAGE) return failed;
    around_fast(at, length, [&](u64 part, u64 size_of_it) { host(lnx::SYS_madvise, part, size_of_it, inheritance == inherit_none ? dont_fork : do_fork); });
    ranges_change(at, length, [](RangeFacts& f, u32 v) { f.inheritance = static_cast<u8>(v); }, inheritance);
    return 0;
}

// VM_BEHAVIOR_*. Linux's DONTNEED discards at once, which XNU's does not, so it is no answer to any but ZERO.
i32 vm_behavior(u64 address, u64 size, i32 behavior) {
    enum : i32 { usual, random, sequential, reverse, will_need, dont_need, can_free, zero_wired, reusable, reuse, can_reuse, pageout, zeroed };
    if (address + size < address) return xnu::KERN_INVALID_ARGUMENT;
    if (size == 0) return 0;
    const u64 at = trunc(address), length = round(address + size) - at;
    const bool knows_zero = !era || era >= era_madv_zero;
    if (behavior < usual || behavior == pageout || behavior > (knows_zero ? zeroed : can_reuse)) return xnu::KERN_INVALID_ARGUMENT;
    if (length == 0 || hits_emulator(at, length) || at + length > guest_user_max || !vm_mapped(at, length)) return xnu::KERN_INVALID_ADDRESS;
    switch (behavior) {
    case usual: case random: case sequential: case reverse:
        ranges_change(at, length, [](RangeFacts& f, u32 v) { f.behavior = static_cast<u8>(v); }, static_cast<u32>(behavior));
        host(lnx::SYS_madvise, at, length, behavior == reverse ? static_cast<i32>(usual) : behavior);
        break;
    case will_need: host(lnx::SYS_madvise, at, length, lnx::MADV_WILLNEED); break;
    case can_free: case reusable: host(lnx::SYS_madvise, at, length, lnx::MADV_FREE); break;  // not for files: those stay
    case zeroed: {
        for (u64 here = at; here < at + length;) {  // vm_map_zero_entry_preflight
            VmRegion r;
            if (!vm_region(here, r)) return xnu::KERN_INVALID_ADDRESS;
            if (!(r.protection & 2)) return xnu::KERN_PROTECTION_FAILURE;
            here = r.address + r.size;
        }
        zero(at, length);
        break;
    }
    default: break;
    }
    return 0;
}

i32 vm_msync(u64 address, u64 size, u32 flags) {
    enum : u32 { asynchronous = 1, synchronous = 2, invalidate = 4, kill_pages = 8, deactivate = 0x10, contiguous = 0x20 };
    if (flags & asynchronous && flags & synchronous) return xnu::KERN_INVALID_ARGUMENT;
    const u64 at = trunc(address), length = round(address + size) - at;
    if (size == 0) return 0;
    if (address + size < address) return flags & contiguous ? xnu::KERN_INVALID_ADDRESS : 0;
    i32 how = flags & invalidate ? lnx::MS_INVALIDATE : 0;
    how |= flags & synchronous ? lnx::MS_SYNC : lnx::MS_ASYNC;
    i64 r = hits_fast(at, length) ? -lnx::ENOMEM : 0;
    around_fast(at, length, [&](u64 part, u64 size_of_it) {
        const i64 done = host_blocking(lnx::SYS_msync, part, size_of_it, how);
        if (host_failed(done)) r = done;
    });
    if (r == -lnx::EIO) return xnu::KERN_FAILURE;
    if (r == -lnx::EINTR) return xnu::KERN_ABORTED;
    if (flags & kill_pages && !host_failed(r)) host(lnx::SYS_madvise, at, length, lnx::MADV_FREE);
    return host_failed(r) && flags & contiguous ? xnu::KERN_INVALID_ADDRESS : 0;
}

// vm_map_wire, unwire. A hole and memory that may not be touched so are errors; wirings count.
i32 vm_wire(u64 address, u64 size, i32 access) {
    if (access & ~7 || address + size < address) return xnu::KERN_INVALID_ARGUMENT;
    const u64 at = trunc(address), length = round(address + size) - at;
    if (length == 0) return 0;
    if (hits_emulator(at, length) || !vm_mapped(at, length)) return xnu::KERN_INVALID_ADDRESS;
    if (!access) {
        bool wired = true;
        for (u64 here = at, until; here < at + length; here = until) wired = range_facts(here, &until).wired != 0 && wired;
        if (!wired) return 0;  // what is not wired is left alone
        ranges_change(at, length, [](RangeFacts& f, u32) { if (f.wired) f.wired--; }, 0);
        for (u64 here = at, until; here < at + length; here = until) {
            const RangeFacts facts = range_facts(here, &until);
            const u64 stop = until < at + length ? until : at + length;
            if (!facts.wired) host(lnx::SYS_munlock, here, stop - here);
        }
        return 0;
    }
    for (u64 here = at; here < at + length;) {
        VmRegion r;
        if (!vm_region(here, r) || r.address > here) return xnu::KERN_INVALID_ADDRESS;
        if (access & ~static_cast<i32>(r.protection)) return xnu::KERN_PROTECTION_FAILURE;
        here = r.address + r.size;
    }
    const i64 r = host(lnx::SYS_mlock, at, length);
    if (host_failed(r)) return xnu::KERN_RESOURCE_SHORTAGE;
    ranges_change(at, length, [](RangeFacts& f, u32) { if (f.wired < 0xffff) f.wired++; }, 0);
    return 0;
}

// vm_map_purgable_control, vm_object_purgable_control: states 0 non-volatile, 1 volatile, 2 empty, 3 never. Nothing here ever
// runs so short of memory that it would empty a volatile one by itself.
i32 vm_purgable_control(u64 address, i32 control, i32& state) {
    enum : i32 { set_state, get_state, purge_all };
    if (control < set_state || control > purge_all) return xnu::KERN_INVALID_ARGUMENT;
    if (control == purge_all) return 0;
    constexpr i32 masks = 0xfff7;  // VM_PURGABLE_ALL_MASKS: state, volatile group, behaviour, ordering, ageing, debugging
    if (control == set_state && state & ~masks) return xnu::KERN_INVALID_ARGUMENT;
    VmRegion r;
    const u64 at = trunc(address);
    if (!vm_region(at, r) || r.address > at) return xnu::KERN_INVALID_ADDRESS;
    if (!(r.protection & 2)) return xnu::KERN_PROTECTION_FAILURE;
    if (r.facts.purgable == purgable_not) return xnu::KERN_INVALID_ARGUMENT;
    const i32 old = r.facts.purgable - 1;
    if (control == set_state) {
        i32 wanted = state & 3;
        if (wanted == 1 && state & 0x1000) wanted = 2;  // VM_PURGABLE_DEBUG_EMPTY
        if (!(wanted == 1 && old == 2 && vm_resident(r.address, r.size) == 0)) {
            if (wanted == 2) zero(r.address, r.size);
            ranges_change(r.address, r.size, [](RangeFacts& f, u32 v) { f.purgable = static_cast<u8>(v); },
                          wanted == 3 ? 0u : static_cast<u32>(wanted + 1));
        }
    }
    state = old;
    return 0;
}

i32 vm_read(u64 from, u64 size, void* to) {
    fast_text_changes(from, size);  // a copy of code may be executed
    return !hits_fast(from, size) && copyin(to, from, size) ? 0 : why_not(from, size, 1);
}

i32 vm_write(const void* data, u64 size, u64 to) { return copyout(data, to, size) ? 0 : why_not(to, size, 2); }

// Whole or not at all, as far as the source goes: a destination that ends half way keeps what was written.
i32 vm_copy(u64 from, u64 size, u64 to) {
    if (from + size < from || to + size < to) return xnu::KERN_INVALID_ADDRESS;
    if (size == 0) return 0;
    const i64 r = host(lnx::SYS_mmap, 0, size, lnx::PROT_READ | lnx::PROT_WRITE, lnx::MAP_PRIVATE | lnx::MAP_ANON, -1, 0);
    if (host_failed(r)) return xnu::KERN_RESOURCE_SHORTAGE;
    void* copy = reinterpret_cast<void*>(r);
    i32 result = vm_read(from, size, copy);
    if (!result) result = vm_write(copy, size, to);
    host(lnx::SYS_munmap, r, size);
    return result;
}

// VM_PAGE_QUERY_PAGE_*: PRESENT 1, REF 4, DIRTY 8 as far as the host tells, EXTERNAL 0x80 of a file.
i32 vm_page_query(u64 address, u32& disposition, u32& references) {
    disposition = references = 0;
    VmRegion r;
    const u64 at = trunc(address);
    if (!vm_region(at, r) || r.address > at) return xnu::KERN_INVALID_ADDRESS;
    const bool present = vm_resident(at, page) != 0;
    if (present) disposition = 1 | 4 | (r.protection & 2 && !r.file ? 8u : 0);
    if (r.file) disposition |= 0x80;
    references = present || r.file ? 1 : 0;
    return 0;
}

}  // namespace trapeze
