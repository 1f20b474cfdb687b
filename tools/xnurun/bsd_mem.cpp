// SPDX-License-Identifier: BSD-3-Clause
// mmap, munmap, mprotect, madvise: bsd/kern/kern_mman.c. Mappings without an address go first-fit above the image, as in
// XNU's map, so that a program sees the same addresses in every run; the host's own choice lies near its stack instead.
#include "sys/darwin/errno.h"
#include "sys/darwin/types.h"
#include "tools/xnurun/handlers.h"
#include "tools/xnurun/load.h"
#include "tools/xnurun/memory.h"

namespace trapeze {

u64 guest_mapped_bytes;
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
    i64 r = host(lnx::SYS_mmap, wanted, size, prot, flags | lnx::MAP_FIXED_NOREPLACE, fd, offset);
    if (r == -lnx::EEXIST) {
        // Something lies in the way. The kernel knows where there is room; ask for it from here upwards, once around.
        for (u64 at = wanted + (64ull << 20); at + size < guest_stack_top - guest_stack_reserve && r == -lnx::EEXIST;
             at += size > (1ull << 30) ? size : 1ull << 30)
            r = host(lnx::SYS_mmap, at, size, prot, flags | lnx::MAP_FIXED_NOREPLACE, fd, offset);
    }
    if (r == -lnx::EEXIST) r = host(lnx::SYS_mmap, 0, size, prot, flags, fd, offset);
    if (!host_failed(r) && static_cast<u64>(r) >= wanted && static_cast<u64>(r) < guest_stack_top - guest_stack_reserve)
        next_free = static_cast<u64>(r) + round_up(size);
    return r;
}

}  // namespace

// The emulator's own image cannot be moved out of the way. (Its threads' stacks lie where MAP_FIXED of a sane program
// does not go; this is no sandbox.)
bool hits_emulator(u64 base, u64 size) {
    const u64 low = reinterpret_cast<u64>(__executable_start) & ~(page - 1), high = low + (64ull << 20);
    return base < high && base + size > low;
}

void guest_account(i64 bytes) { account(bytes); }

void init_guest_memory(u64 image_high) {
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

void guest_protect_none(u64 base, u64 size) { host(lnx::SYS_mprotect, base, size, lnx::PROT_NONE); }

bool guest_unmap(u64 base, u64 size) {
    size = round_up(size);
    if (base % page || hits_emulator(base, size)) return false;
    if (host_failed(host(lnx::SYS_munmap, base, size))) return false;
    account(-static_cast<i64>(size));
    Locked hold(memory_lock);
    if (base + size == next_free) next_free = base;
    return true;
}

Answer bsd_mmap(Trap& trap) {
    u64 size = trap.w(1), hint = trap.w(0);
    const i32 flags = trap.i(3);
    i32 fd = trap.i(4);
    i64 offset = static_cast<i64>(trap.w(5));
    const i32 type = flags & (xnu::MAP_SHARED | xnu::MAP_PRIVATE);
    const bool strict = flags & xnu::MAP_UNIX03;  // elsewhere the C library looks
    if (strict && (type == 0 || size == 0)) return fail(xnu::EINVAL);
    // Shared if it says so, whatever else it says.
    i32 host_flags = (type & xnu::MAP_SHARED ? lnx::MAP_SHARED : lnx::MAP_PRIVATE) | lnx::MAP_NORESERVE;  // XNU overcommits
    u64 within = 0;  // the page that the address returned lies in
    if (flags & xnu::MAP_ANON) {
        // fd: -1, or VM allocation flags: a tag in the top byte, PURGABLE 2
        if (fd != -1 && (fd & 0x00ffffff & ~2)) return fail(xnu::EINVAL);
        host_flags |= lnx::MAP_ANON;
        fd = -1;
        offset = 0;
    } else {
        // An odd offset maps the page that it lies in, and the address returned is as odd.
        within = static_cast<u64>(offset) % page;
        if (within && strict) return fail(xnu::EINVAL);
        if (static_cast<u64>(offset) + size > ~0ull - page) return fail(xnu::EINVAL);
        if (host_failed(host(lnx::SYS_fcntl, fd, lnx::F_GETFD))) return fail(xnu::EBADF);
        offset -= static_cast<i64>(within);
        size += size ? within : 0;
    }
    if (size == 0) return ok();
    if (size > guest_user_max) return fail(xnu::ENOMEM);
    const i32 prot = host_protection(trap.i(2));
    i64 r;
    if (flags & xnu::MAP_FIXED) {
        hint -= within;
        if (hint % page) return fail(xnu::EINVAL);
        if (hits_emulator(hint, size) || hint + size > guest_user_max) return fail(xnu::ENOMEM);
        r = host(lnx::SYS_mmap, hint, size, prot, host_flags | lnx::MAP_FIXED, fd, offset);
    } else {
        r = -lnx::EEXIST;
        if (hint) r = host(lnx::SYS_mmap, round_up(hint), size, prot, host_flags | lnx::MAP_FIXED_NOREPLACE, fd, offset);
        // A hint that is taken, or no address for a user at all, is only a hint.
        if (r == -lnx::EEXIST || (hint && (r == -lnx::ENOMEM || r == -lnx::EPERM || r == -lnx::EINVAL)))
            r = map_anywhere(size, prot, host_flags, fd, offset);
    }
    // ENODEV is for devices there; directories and pipes are just not what can be mapped.
    if (r == -lnx::ENODEV) {
        lnx::stat s{};
        host(lnx::SYS_fstat, fd, &s);
        return fail((s.st_mode & lnx::S_IFMT) == lnx::S_IFCHR ? xnu::ENODEV : xnu::EINVAL);
    }
    if (host_failed(r)) return from_host(r);
    account(static_cast<i64>(round_up(size)));
    return ok(r + static_cast<i64>(within));
}

Answer bsd_munmap(Trap& trap) {
    if (trap.w(0) % page || trap.w(0) + trap.w(1) < trap.w(0)) return fail(xnu::EINVAL);
    if (trap.w(1) == 0) return fail(xnu::EINVAL);
    return guest_unmap(trap.w(0), trap.w(1)) ? ok() : fail(xnu::EINVAL);
}

Answer bsd_mprotect(Trap& trap) {
    if (trap.w(0) % page) return fail(xnu::EINVAL);
    if (trap.w(1) == 0) return ok();
    if (hits_emulator(trap.w(0), trap.w(1))) return fail(xnu::ENOMEM);
    return from_host(host(lnx::SYS_mprotect, trap.w(0), round_up(trap.w(1)), host_protection(trap.i(2))));
}

// FREE 5, FREE_REUSABLE 7: contents may go; the others are hints. Linux's DONTNEED discards at once, which XNU's does not,
// so it is no answer to any of them.
Answer bsd_madvise(Trap& trap) {
    const i32 advice = trap.i(2);
    if (advice < 0 || advice > 11 || advice == 11) return fail(xnu::EINVAL);
    if (hits_emulator(trap.w(0), trap.w(1))) return fail(xnu::ENOMEM);
    constexpr i32 can_free = 5, reusable = 7;
    const u64 base = trap.w(0) & ~(page - 1), size = round_up(trap.w(1) + (trap.w(0) - base));
    if (advice == can_free || advice == reusable) {
        host(lnx::SYS_madvise, base, size, lnx::MADV_FREE);
        return ok();
    }
    if (advice <= 3) {
        const i64 r = host(lnx::SYS_madvise, base, size, advice);
        return r == -lnx::ENOMEM || r == -lnx::EBADF ? fail(xnu::EINVAL) : from_host(r);  // a hole is a wrong argument
    }
    return ok();
}

}  // namespace trapeze
