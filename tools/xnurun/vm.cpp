// SPDX-License-Identifier: BSD-3-Clause
// See vm.h. What the emulator itself has mapped is no part of the guest's map: it is never replaced and never shown, as far
// as it can be told apart by its addresses.
#include "tools/xnurun/vm.h"

#include "sys/darwin/kern_return.h"
#include "sys/mem.h"
#include "tools/xnurun/load.h"
#include "tools/xnurun/memory.h"
#include "tools/xnurun/trap.h"

namespace trapeze {
namespace {

constexpr u64 page = 4096;
enum : i32 {
    anywhere = 1, purgable = 2, random_address = 8, no_cache = 0x10, overwrite = 0x4000, superpages = 0x70000,
    permitted = static_cast<i32>(0xff000000) | anywhere | purgable | random_address | no_cache | overwrite | superpages,
};

u64 trunc(u64 a) { return a & ~(page - 1); }
u64 round(u64 a) { return (a + page - 1) & ~(page - 1); }

i32 host_bits(i32 protection) { return (protection & 6 ? protection | 1 : protection) & 7; }

i32 from_errno(i64 r) {
    switch (-r) {
    case lnx::ENOMEM: return xnu::KERN_INVALID_ADDRESS;
    case lnx::EACCES: return xnu::KERN_PROTECTION_FAILURE;
    default: return xnu::KERN_INVALID_ARGUMENT;
    }
}

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

}  // namespace

i32 vm_allocate(u64& address, u64 size, i32 flags, i32 protection, u64 mask) {
    if (flags & ~permitted) return xnu::KERN_INVALID_ARGUMENT;
    if (size == 0) {
        address = 0;
        return 0;
    }
    const u64 length = round(size);
    if (length == 0) return xnu::KERN_INVALID_ARGUMENT;
    if (flags & anywhere) {
        if (mask > (1ull << 40)) return xnu::KERN_NO_SPACE;
        const u64 extra = mask >= page ? mask + 1 : 0;  // room to find the alignment in
        u64 base;
        if (length + extra < length || !guest_allocate(length + extra, base)) return xnu::KERN_NO_SPACE;
        const u64 at = (base + mask) & ~mask;
        if (extra) {
            if (at > base) (void)guest_unmap(base, at - base);
            if (base + length + extra > at + length) (void)guest_unmap(at + length, base + extra - at);
        }
        if (protection != 3) host(lnx::SYS_mprotect, at, length, host_bits(protection));
        address = at;
        return 0;
    }
    const u64 at = trunc(address);
    if (at & mask) return xnu::KERN_NO_SPACE;
    if (at + length < at || at + length > guest_user_max || at == 0) return xnu::KERN_INVALID_ADDRESS;
    if (hits_emulator(at, length)) return xnu::KERN_NO_SPACE;
    const i32 fixed = flags & overwrite ? lnx::MAP_FIXED : lnx::MAP_FIXED_NOREPLACE;
    const i64 r = host(lnx::SYS_mmap, at, length, host_bits(protection),
                       lnx::MAP_PRIVATE | lnx::MAP_ANON | lnx::MAP_NORESERVE | fixed, -1, 0);
    if (host_failed(r)) return r == -lnx::EPERM ? xnu::KERN_INVALID_ADDRESS : xnu::KERN_NO_SPACE;
    guest_account(static_cast<i64>(length));
    address = at;
    return 0;
}

i32 vm_deallocate(u64 address, u64 size) {
    if (address + size < address) return xnu::KERN_INVALID_ARGUMENT;
    if (size == 0) return 0;
    const u64 at = trunc(address);
    u64 end = round(address + size);
    if (end == 0 || end > guest_user_max) end = guest_user_max;  // holes are no error there
    if (at >= end) return 0;
    if (hits_emulator(at, end - at)) return xnu::KERN_INVALID_ADDRESS;
    return guest_unmap(at, end - at) ? 0 : xnu::KERN_INVALID_ARGUMENT;
}

i32 vm_protect(u64 address, u64 size, bool set_maximum, i32 protection) {
    if (address + size < address || protection & ~0x17) return xnu::KERN_INVALID_ARGUMENT;  // ALL, COPY
    if (size == 0) return 0;
    const u64 at = trunc(address), length = round(address + size) - at;
    if (hits_emulator(at, length) || at + length > guest_user_max) return xnu::KERN_INVALID_ADDRESS;
    if (set_maximum) {  // the host has no maximum; what exceeds it now is taken away, what comes later is not
        VmRegion region;
        if (!vm_region(at, region) || region.address > at) return xnu::KERN_INVALID_ADDRESS;
        protection &= static_cast<i32>(region.protection);
    }
    const i64 r = host(lnx::SYS_mprotect, at, length, host_bits(protection));
    return host_failed(r) ? from_errno(r) : 0;
}

i32 vm_inherit(u64 address, u64 size, u32 inheritance) {
    if (address + size < address || inheritance > 2) return xnu::KERN_INVALID_ARGUMENT;
    if (size == 0) return 0;
    constexpr i32 dont_fork = 10, do_fork = 11;
    if (inheritance == 0) give_up("vm_inherit with VM_INHERIT_SHARE is not emulated");
    const i64 r = host(lnx::SYS_madvise, trunc(address), round(address + size) - trunc(address), inheritance == 2 ? dont_fork : do_fork);
    return host_failed(r) ? from_errno(r) : 0;
}

i32 vm_behavior(u64 address, u64 size, i32 behavior) {
    if (address + size < address) return xnu::KERN_INVALID_ARGUMENT;
    if (behavior < 0 || behavior > 11) return xnu::KERN_INVALID_ARGUMENT;
    if (size == 0) return 0;
    VmRegion region;
    return vm_region(address, region) && region.address <= address ? 0 : xnu::KERN_INVALID_ADDRESS;
}

i32 vm_write(const void* data, u64 size, u64 to) {
    return copyout(data, to, size) ? 0 : why_not(to, size, 2);
}

// Whole or not at all, as far as the source goes: a destination that ends half way keeps what was written.
i32 vm_copy(u64 from, u64 size, u64 to) {
    if (from + size < from || to + size < to) return xnu::KERN_INVALID_ADDRESS;
    if (size == 0) return 0;
    const i64 r = host(lnx::SYS_mmap, 0, size, lnx::PROT_READ | lnx::PROT_WRITE, lnx::MAP_PRIVATE | lnx::MAP_ANON, -1, 0);
    if (host_failed(r)) return xnu::KERN_RESOURCE_SHORTAGE;
    void* copy = reinterpret_cast<void*>(r);
    i32 result = 0;
    if (!copyin(copy, from, size)) result = why_not(from, size, 1);
    else result = vm_write(copy, size, to);
    host(lnx::SYS_munmap, r, size);
    return result;
}

bool vm_region(u64 from, VmRegion& region) {
    const i64 fd = host(lnx::SYS_open, "/proc/self/maps", 0x80000);  // O_CLOEXEC
    if (host_failed(fd)) return false;
    char text[4096];
    i64 have = 0;
    u32 field = 0;  // 0 low, 1 high, 2 protection, 3 the rest of the line
    u64 low = 0, high = 0;
    u32 protection = 0;
    bool shared = false, found = false, began = false;
    while (!found && (have = host(lnx::SYS_read, fd, text, sizeof text)) > 0) {
        for (i64 n = 0; n < have && !found; n++) {
            const char c = text[n];
            if (c == '\n') {
                const bool own = hits_emulator(low, high - low) || (low >= 0x7e0000000000 && low < guest_stack_top - guest_stack_reserve) ||
                                 (low >= guest_stack_top && low != guest_commpage);
                if (high > from && !own) {
                    if (began && low == region.address + region.size && protection == region.protection && shared == region.shared) {
                        region.size += high - low;
                    } else if (began) {
                        found = true;
                    } else {
                        region = {low, high - low, protection, shared};
                        began = true;
                    }
                } else if (began) {
                    found = true;
                }
                low = high = protection = field = 0;
                shared = false;
            } else if (field < 2 && (c == '-' || c == ' ')) {
                field++;
            } else if (field < 2) {
                u64& v = field ? high : low;
                v = v << 4 | static_cast<u64>(c <= '9' ? c - '0' : c - 'a' + 10);
            } else if (field == 2) {
                if (c == ' ') field = 3;
                protection |= c == 'r' ? 1u : c == 'w' ? 2u : c == 'x' ? 4u : 0;
                if (c == 's') shared = true;
            }
        }
    }
    host(lnx::SYS_close, fd);
    return began;
}

}  // namespace trapeze
