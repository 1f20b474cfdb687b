// SPDX-License-Identifier: BSD-3-Clause
// msync, mincore, mlock, minherit: bsd/kern/kern_mman.c of xnu-3248.60.10.
#include "tools/xnurun/handlers_file.h"
#include "tools/xnurun/memory.h"
#include "tools/xnurun/path.h"

namespace trapeze {
namespace {

constexpr u64 page = 4096;

}  // namespace

Answer bsd_msync(Trap& trap) {
    const u64 at = trap.w(0), size = trap.w(1);
    const i32 flags = trap.i(2);
    if (at % page || size == 0 || at + size < at) return fail(xnu::EINVAL);
    if ((flags & (xnu::MS_SYNC | xnu::MS_ASYNC)) == (xnu::MS_SYNC | xnu::MS_ASYNC)) return fail(xnu::EINVAL);
    i32 how = flags & xnu::MS_INVALIDATE ? lnx::MS_INVALIDATE : 0;
    how |= flags & (xnu::MS_ASYNC | xnu::MS_KILLPAGES | xnu::MS_DEACTIVATE) ? lnx::MS_ASYNC : lnx::MS_SYNC;
    const i64 r = host_blocking(lnx::SYS_msync, at, size, how);
    return r == -lnx::EBUSY ? fail(xnu::EINVAL) : from_host_restartable(r);  // EBUSY: invalidating what is locked
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
    const i64 r = host(lnx::SYS_mlock, trap.w(0), trap.w(1));
    return r == -lnx::EINVAL ? fail(xnu::ENOMEM) : from_host(r);
}
Answer bsd_munlock(Trap& trap) {
    const i64 r = host(lnx::SYS_munlock, trap.w(0), trap.w(1));
    return r == -lnx::EINVAL ? fail(xnu::ENOMEM) : from_host(r);
}
Answer bsd_mlockall(Trap&) { return fail(xnu::ENOSYS); }

// VM_INHERIT_SHARE 0, COPY 1, NONE 2 (osfmk/mach/vm_inherit.h). A private mapping cannot become shared here.
Answer bsd_minherit(Trap& trap) {
    constexpr i32 dontfork = 10, dofork = 11;
    if (trap.w(0) + trap.w(1) < trap.w(0) || trap.u(2) > 2) return fail(xnu::EINVAL);
    if (trap.u(2) == 0) give_up("minherit with VM_INHERIT_SHARE is not emulated");
    const u64 base = trap.w(0) & ~(page - 1);
    const i64 r = host(lnx::SYS_madvise, base, trap.w(0) + trap.w(1) - base, trap.u(2) == 2 ? dontfork : dofork);
    return host_failed(r) ? fail(xnu::EINVAL) : ok();
}

Answer bsd_thread_selfusage(Trap&) {
    lnx::timespec t{};
    host(lnx::SYS_clock_gettime, lnx::CLOCK_THREAD_CPUTIME_ID, &t);
    return ok(t.tv_sec * 1000000000 + t.tv_nsec);
}

}  // namespace trapeze
