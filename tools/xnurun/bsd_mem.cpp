// SPDX-License-Identifier: BSD-3-Clause
// mmap, munmap, mprotect, madvise: bsd/kern/kern_mman.c. Mappings without an address go first-fit above the image, as in
// XNU's map, so that a program sees the same addresses in every run; the host's own choice lies near its stack instead.
#include "sys/darwin/errno.h"
#include "sys/darwin/kern_return.h"
#include "sys/darwin/types.h"
#include "tools/xnurun/fast.h"
#include "tools/xnurun/guards.h"
#include "tools/xnurun/handlers.h"
#include "tools/xnurun/load.h"
#include "tools/xnurun/memory.h"
#include "tools/xnurun/vm.h"

namespace trapeze {

u64 guest_mapped_bytes, guest_user_min;
HostLock memory_lock;

namespace {

constexpr u64 page = 4096;
constexpr u64 first_above = 1ull << 32;  // below lies what PAGEZERO usually covers

u64 next_free;  // where the next mapping without an address is tried

u64 round_up(u64 n) { return (n + page - 1) & ~(page - 1); }

void account(i64 bytes) { __atomic_fetch_add(&guest_mapped_bytes, static_cast<u64>(bytes), __ATOMIC_RELAXED); }

i32 host_protection(i32 prot) {
    if (prot & (xnu::PROT_WRITE | xnu::PROT_EXEC)) prot |= xnu::PROT_READ;
    return prot & 7;
}

i64 map_anywhere(u64 size, i32 prot, i32 flags, i32 fd, i64 offset) {
    Locked hold(memory_lock);
    const u64 wanted = next_free;
    i64 r = guest_mmap(wanted, size, prot, flags | lnx::MAP_FIXED_NOREPLACE, fd, offset);
    for (int tries = 0; r == -lnx::EEXIST && tries < 8; tries++) {  // something lies in the way
        u64 at;
        if (!vm_gap(wanted, round_up(size), page - 1, at)) break;
        r = guest_mmap(at, size, prot, flags | lnx::MAP_FIXED_NOREPLACE, fd, offset);
    }
    if (r == -lnx::EEXIST) r = guest_mmap(0, size, prot, flags, fd, offset);
    if (!host_failed(r) && static_cast<u64>(r) >= wanted && static_cast<u64>(r) < guest_stack_top - guest_stack_reserve)
        next_free = static_cast<u64>(r) + round_up(size);
    return r;
}

}  // namespace

// The emulator's own image cannot be moved out of the way. (Its threads' stacks lie where MAP_FIXED of a sane program
// does not go; this is no sandbox.)
bool hits_emulator_image(u64 base, u64 size) {
    const u64 low = reinterpret_cast<u64>(__executable_start) & ~(page - 1), high = low + (64ull << 20);
    return base < high && base + size > low;
}
bool hits_emulator(u64 base, u64 size) { return hits_emulator_image(base, size) || hits_fast(base, size); }

void guest_account(i64 bytes) { account(bytes); }

void init_guest_memory(u64 pagezero_end, u64 image_high) {
    guest_user_min = pagezero_end;  // vm_map_raise_min_offset
    next_free = round_up(image_high) + (1ull << 20);
    if (next_free < first_above) next_free = first_above;
}

bool guest_allocate(u64 size, u64& base) {
    if (size > guest_user_max) return false;
    const i64 r = map_anywhere(size, lnx::PROT_READ | lnx::PROT_WRITE,
                               lnx::MAP_PRIVATE | lnx::MAP_ANON | lnx::MAP_NORESERVE, -1, 0);
    if (host_failed(r)) return false;
    account(static_cast<i64>(size));
    base = static_cast<u64>(r);
    return true;
}

void guest_protect_none(u64 base, u64 size) { (void)guest_mprotect(base, size, lnx::PROT_NONE); }

bool guest_unmap(u64 base, u64 size) {
    size = round_up(size);
    if (base % page || hits_emulator_image(base, size)) return false;
    if (host_failed(guest_munmap(base, size))) return false;
    account(-static_cast<i64>(size));
    ranges_forget(base, size);
    Locked hold(memory_lock);
    if (base + size == next_free) next_free = base;
    return true;
}

namespace {

// A hint that is taken: the first hole from there on, as XNU's map looks for it; beyond the last, one anywhere.
i64 map_above(u64 hint, u64 size, i32 prot, i32 flags, i32 fd, i64 offset) {
    for (int tries = 0; tries < 8; tries++) {
        u64 at;
        if (!vm_gap(hint, round_up(size), page - 1, at)) break;
        const i64 r = guest_mmap(at, size, prot, flags | lnx::MAP_FIXED_NOREPLACE, fd, offset);
        if (r != -lnx::EEXIST) return r;
    }
    return map_anywhere(size, prot, flags, fd, offset);
}

// What vm allocation flags in the descriptor's place ask for: a tag, PURGABLE, a superpage.
Answer map_flagged(u64 hint, u64 size, i32 prot, i32 flags, i32 vm_flags) {
    u64 at = hint;
    vm_flags |= flags & xnu::MAP_FIXED ? vm_overwrite : vm_anywhere;
    switch (vm_allocate(at, size, vm_flags, prot, 0, hint)) {
    case 0: return ok(static_cast<i64>(at));
    case xnu::KERN_NO_SPACE: case xnu::KERN_INVALID_ADDRESS: return fail(xnu::ENOMEM);
    default: return fail(xnu::EINVAL);
    }
}

}  // namespace

Answer bsd_mmap(Trap& trap) {
    u64 size = trap.w(1), hint = trap.w(0);
    const i32 flags = trap.i(3);
    i32 fd = trap.i(4), vm_flags = 0;
    u64 offset = trap.w(5);
    const i32 type = flags & (xnu::MAP_SHARED | xnu::MAP_PRIVATE);
    const bool strict = flags & xnu::MAP_UNIX03;  // elsewhere the C library looks
    if (strict && (type == 0 || size == 0)) return fail(xnu::EINVAL);
    constexpr i32 jit = 0x800, resilient = 0x2000 | 0x4000;  // MAP_JIT, MAP_RESILIENT_CODESIGN, _MEDIA
    if (offset + size > -page || offset + size < offset) return fail(xnu::EINVAL);
    // An odd offset maps the page that it lies in, and the address returned is as odd.
    const u64 within = offset % page;
    const bool anonymous = flags & xnu::MAP_ANON;
    if (within && strict && !anonymous) return fail(xnu::EINVAL);
    offset -= within;
    size = round_up(size + within);
    if (flags & jit && (flags & (xnu::MAP_FIXED | xnu::MAP_SHARED | resilient) || !anonymous)) return fail(xnu::EINVAL);
    if (flags & resilient) {
        if (anonymous) return fail(xnu::EINVAL);
        if (trap.i(2) & (xnu::PROT_WRITE | xnu::PROT_EXEC)) return fail(xnu::EPERM);
    }
    if (flags & xnu::MAP_FIXED) {
        hint -= within;
        if (hint % page) return fail(xnu::EINVAL);
    }
    // Shared if it says so, whatever else it says.
    i32 host_flags = (type & xnu::MAP_SHARED ? lnx::MAP_SHARED : lnx::MAP_PRIVATE) | lnx::MAP_NORESERVE;  // XNU overcommits
    if (anonymous) {
        if (fd != -1) {
            vm_flags = fd & (vm_tag | vm_superpage | vm_purgable_flag);
            if (vm_flags != fd) return fail(xnu::EINVAL);
        }
        host_flags |= lnx::MAP_ANON;
        fd = -1;
        offset = 0;
    } else if ((size == 0 || size > guest_user_max || flags & xnu::MAP_FIXED) && host_failed(host(lnx::SYS_fcntl, fd, lnx::F_GETFD))) {
        return fail(xnu::EBADF);  // elsewhere the host says so
    }
    if (size == 0) return ok();
    if (size > guest_user_max) return fail(xnu::ENOMEM);
    const i32 prot = host_protection(trap.i(2));
    if (vm_flags & (vm_superpage | vm_purgable_flag)) return map_flagged(hint, size, prot, flags, vm_flags);
    i64 r;
    if (flags & xnu::MAP_FIXED) {
        if (hits_emulator(hint, size) || hint < guest_user_min || hint + size > guest_user_max) return fail(xnu::ENOMEM);
        r = guest_mmap(hint, size, prot, host_flags | lnx::MAP_FIXED, fd, static_cast<i64>(offset));
        if (r == -lnx::EPERM) r = -lnx::ENOMEM;  // below vm.mmap_min_addr
    } else {
        r = -lnx::EEXIST;
        if (hint && hint < guest_user_min) hint = guest_user_min;
        if (hint) r = guest_mmap(round_up(hint), size, prot, host_flags | lnx::MAP_FIXED_NOREPLACE, fd, static_cast<i64>(offset));
        // A hint that is taken, or no address for a user at all, is only a hint.
        if (hint && r == -lnx::EEXIST) r = map_above(round_up(hint), size, prot, host_flags, fd, static_cast<i64>(offset));
        else if (!hint || r == -lnx::ENOMEM || r == -lnx::EPERM || r == -lnx::EINVAL)
            r = map_anywhere(size, prot, host_flags, fd, static_cast<i64>(offset));
    }
    // ENODEV is for devices there; directories and pipes are just not what can be mapped.
    if (r == -lnx::ENODEV) {
        lnx::stat s{};
        host(lnx::SYS_fstat, fd, &s);
        return fail((s.st_mode & lnx::S_IFMT) == lnx::S_IFCHR ? xnu::ENODEV : xnu::EINVAL);
    }
    if (host_failed(r)) return from_host(r);
    const u64 at = static_cast<u64>(r);
    account(static_cast<i64>(size));
    ranges_forget(at, size);
    if (vm_flags) ranges_change(at, size, [](RangeFacts& f, u32 v) { f.tag = static_cast<u8>(v); }, static_cast<u32>(vm_flags) >> 24);
    if (flags & resilient) ranges_change(at, size, [](RangeFacts& f, u32 v) { f.maximum = static_cast<u8>(v); }, static_cast<u32>(prot));
    return ok(static_cast<i64>(at + within));
}

Answer bsd_munmap(Trap& trap) {
    if (trap.w(0) % page || trap.w(0) + trap.w(1) < trap.w(0)) return fail(xnu::EINVAL);
    if (trap.w(1) == 0) return fail(xnu::EINVAL);
    return vm_deallocate(trap.w(0), trap.w(1)) ? fail(xnu::EINVAL) : ok();
}

// Bits beyond the three are none but one that x86 refuses (VM_PROT_TRUSTED).
Answer bsd_mprotect(Trap& trap) {
    constexpr i32 trusted = 0x20;
    if (trap.w(0) % page) return fail(xnu::EINVAL);
    if (trap.i(2) & trusted) return fail(xnu::ENOTSUP);
    switch (vm_protect(trap.w(0), trap.w(1), false, host_protection(trap.i(2)))) {
    case 0: return ok();
    case xnu::KERN_PROTECTION_FAILURE: return fail(xnu::EACCES);
    case xnu::KERN_INVALID_ADDRESS: return fail(xnu::ENOMEM);
    default: return fail(xnu::EINVAL);
    }
}

Answer bsd_madvise(Trap& trap) {
    // MADV_* 0 to 11 as VM_BEHAVIOR_*; 10, PAGEOUT, is for kernels made for debugging.
    constexpr i8 behaviors[12] = {0, 1, 2, 4, 5, 6, 7, 8, 9, 10, -1, 12};
    const i32 advice = trap.i(2);
    if (advice == 10) return fail(xnu::ENOTSUP);
    if (advice < 0 || advice > 11) return fail(xnu::EINVAL);
    switch (vm_behavior(trap.w(0), trap.w(1), behaviors[advice])) {
    case 0: return ok();
    case xnu::KERN_PROTECTION_FAILURE: return fail(xnu::EPERM);
    default: return fail(xnu::EINVAL);  // a hole is a wrong argument
    }
}

}  // namespace trapeze
