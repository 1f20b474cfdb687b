// SPDX-License-Identifier: BSD-3-Clause
// msync, mincore, mlock, minherit: bsd/kern/kern_mman.c of xnu-3248.60.10.
#include "sys/darwin/kern_return.h"
#include "tools/xnurun/fast.h"
#include "tools/xnurun/handlers.h"
#include "tools/xnurun/memory.h"
#include "tools/xnurun/path.h"
#include "tools/xnurun/vm.h"

namespace trapeze {
namespace {

constexpr u64 page = 4096;

}  // namespace

Answer bsd_msync(Trap& trap) {
    enum : u32 { asynchronous = 1, synchronous = 2, invalidate = 4, kill_pages = 8, deactivate = 0x10, contiguous = 0x20 };
    const u64 at = trap.w(0), size = trap.w(1);
    const i32 flags = trap.i(2);
    if (at % page || size == 0) return fail(xnu::EINVAL);
    if ((flags & (xnu::MS_SYNC | xnu::MS_ASYNC)) == (xnu::MS_SYNC | xnu::MS_ASYNC)) return fail(xnu::EINVAL);
    u32 how = contiguous;
    if (flags & xnu::MS_KILLPAGES) how |= kill_pages;
    if (flags & xnu::MS_DEACTIVATE) how |= deactivate;
    if (flags & xnu::MS_INVALIDATE) how |= invalidate;
    if (!(flags & (xnu::MS_KILLPAGES | xnu::MS_DEACTIVATE))) how |= flags & xnu::MS_ASYNC ? asynchronous : synchronous;
    switch (vm_msync(at, size, how)) {
    case 0: return ok();
    case xnu::KERN_INVALID_ADDRESS: return fail(xnu::ENOMEM);
    case xnu::KERN_FAILURE: return fail(xnu::EIO);
    case xnu::KERN_ABORTED: return from_host_restartable(-lnx::EINTR);
    default: return fail(xnu::EINVAL);
    }
}

// Page by page, as XNU looks, so that what is not mapped is just not there. The host knows only whether a page is in memory.
Answer bsd_mincore(Trap& trap) {
    u64 at = trap.w(0) & ~(page - 1), to = trap.w(2);
    const u64 end = at + ((trap.w(1) + page - 1) & ~(page - 1));
    if (end < at) return fail(xnu::EINVAL);
    u8 states[256];
    while (at < end) {
        const u64 pages = (end - at) / page < sizeof states ? (end - at) / page : sizeof states;
        const i64 r = host(lnx::SYS_mincore, at, pages * page, states);
        for (u64 i = 0; i < pages; i++) {
            if (host_failed(r) && host_failed(host(lnx::SYS_mincore, at + i * page, page, &states[i]))) states[i] = 0;
            if (hits_fast(at + i * page, page)) states[i] = 0;
            states[i] = states[i] & 1 ? xnu::MINCORE_INCORE | xnu::MINCORE_REFERENCED : 0;
        }
        if (!copyout(states, to, pages)) return fail(xnu::EFAULT);
        at += pages * page;
        to += pages;
    }
    return ok();
}

// The host's EPERM, ENOMEM and EAGAIN are XNU's; what is no address to it is no memory.
Answer bsd_mlock(Trap& trap) {
    if (hits_fast(trap.w(0), trap.w(1))) return fail(xnu::ENOMEM);
    const i64 r = host(lnx::SYS_mlock, trap.w(0), trap.w(1));
    return r == -lnx::EINVAL ? fail(xnu::ENOMEM) : from_host(r);
}
Answer bsd_munlock(Trap& trap) {
    if (hits_fast(trap.w(0), trap.w(1))) return fail(xnu::ENOMEM);
    const i64 r = host(lnx::SYS_munlock, trap.w(0), trap.w(1));
    return r == -lnx::EINVAL ? fail(xnu::ENOMEM) : from_host(r);
}
Answer bsd_mlockall(Trap&) { return fail(xnu::ENOSYS); }

Answer bsd_minherit(Trap& trap) {
    switch (vm_inherit(trap.w(0), trap.w(1), trap.u(2))) {
    case 0: return ok();
    case xnu::KERN_PROTECTION_FAILURE: return fail(xnu::EACCES);
    default: return fail(xnu::EINVAL);
    }
}

// The region that dyld's cache would lie in, and that nobody has put anything into: there is none on this host
// (bsd/vm/vm_unix.c; vm_shared_region_start_address).
Answer bsd_shared_region_check_np(Trap&) { return fail(xnu::ENOMEM); }
// Only what lies on the root volume and belongs to root may go there, which nothing here does.
Answer bsd_shared_region_map_np(Trap& trap) {
    const u32 count = trap.u(1);
    constexpr u32 most = 8;  // SFM_MAX_STACK; beyond it comes a KERN_FAILURE, as an errno
    if (trap.number == 536) return fail(xnu::EPERM);
    if (count == 0) return ok();
    if (count > most) return fail(xnu::KERN_FAILURE);
    constexpr u64 one = 32;  // struct shared_file_mapping_np
    u8 mappings[most * one];
    if (!copyin(mappings, trap.w(2), count * one)) return fail(xnu::EFAULT);
    lnx::stat s{};
    if (host_failed(host(lnx::SYS_fstat, trap.i(0), &s))) return fail(xnu::EBADF);
    return fail((s.st_mode & lnx::S_IFMT) == lnx::S_IFREG ? xnu::EPERM : xnu::EINVAL);
}

Answer bsd_thread_selfusage(Trap&) {
    lnx::timespec t{};
    host(lnx::SYS_clock_gettime, lnx::CLOCK_THREAD_CPUTIME_ID, &t);
    return ok(t.tv_sec * 1000000000 + t.tv_nsec);
}

}  // namespace trapeze
