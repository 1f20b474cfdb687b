// SPDX-License-Identifier: BSD-3-Clause
// Who a process is, and what it may use: bsd/kern/kern_prot.c, kern_resource.c.
#include "sys/darwin/errno.h"
#include "sys/darwin/process.h"
#include "sys/linux/process.h"
#include "tools/xnurun/handlers.h"
#include "tools/xnurun/load.h"
#include "tools/xnurun/memory.h"
#include "tools/xnurun/process.h"
#include "tools/xnurun/vm.h"

namespace trapeze {

HostLock address_space_lock;

namespace {

// CPU FSIZE DATA STACK CORE AS MEMLOCK NPROC NOFILE in Linux's numbers
constexpr i32 limits[9] = {lnx::RLIMIT_CPU, lnx::RLIMIT_FSIZE, lnx::RLIMIT_DATA, lnx::RLIMIT_STACK, lnx::RLIMIT_CORE,
                           lnx::RLIMIT_AS, lnx::RLIMIT_MEMLOCK, lnx::RLIMIT_NPROC, lnx::RLIMIT_NOFILE};

// XNU keeps the address space's limit but does not enforce it, and the host's would hit the emulator: it is kept here.
xnu::rlimit address_space = {xnu::RLIM_INFINITY, xnu::RLIM_INFINITY};

constexpr u64 max_files = 12288, max_files_per_process = 10240;  // kern.maxfiles (the superuser's), kern.maxfilesperproc
constexpr u64 max_stack = 64ull << 20;                           // MAXSSIZ

i64 get(u32 which, xnu::rlimit& limit) {
    if (which == xnu::RLIMIT_AS) {
        Locked hold(address_space_lock);
        limit = address_space;
        return 0;
    }
    const i64 r = host(lnx::SYS_prlimit64, 0, limits[which], 0, &limit);
    if (limit.rlim_cur > xnu::RLIM_INFINITY) limit.rlim_cur = xnu::RLIM_INFINITY;
    if (limit.rlim_max > xnu::RLIM_INFINITY) limit.rlim_max = xnu::RLIM_INFINITY;
    return r;
}

// The whole stack is there from the start, as much as the limit says is accessible: dosetrlimit moves that edge.
u64 stack_accessible;  // 0: the program brought its own; under address_space_lock

bool set_stack(Trap& trap, u64 limit) {
    Locked hold(address_space_lock);
    if (!stack_accessible) return true;
    const u64 now = stack_accessible, wanted = (limit + 4095) & ~4095ull, top = guest_stack_top, sp = trap.context.uc_mcontext.rsp;
    if (wanted > now) {
        if (vm_protect(top - wanted, wanted - now, false, 3)) return false;
    } else if (wanted < now) {
        if (sp > top || sp <= top - wanted) return false;  // elsewhere, or in what would go
        if (vm_protect(top - now, now - wanted, false, 0)) return false;
    }
    stack_accessible = wanted;
    return true;
}

}  // namespace

void init_stack_limit(u64 accessible) { stack_accessible = accessible; }

Answer bsd_getpid(Trap&) { return ok(own_pid()); }
Answer bsd_getppid(Trap&) { return from_host(host(lnx::SYS_getppid)); }
Answer bsd_getuid(Trap&) { return ok(host(lnx::SYS_getuid)); }
Answer bsd_geteuid(Trap&) { return ok(host(lnx::SYS_geteuid)); }
Answer bsd_getgid(Trap&) { return ok(host(lnx::SYS_getgid)); }
Answer bsd_getegid(Trap&) { return ok(host(lnx::SYS_getegid)); }
Answer bsd_getpgrp(Trap&) { return from_host(host(lnx::SYS_getpgid, 0)); }
Answer bsd_getpgid(Trap& trap) { return trap.i(0) < 0 ? fail(xnu::ESRCH) : from_host(host(lnx::SYS_getpgid, trap.i(0))); }
Answer bsd_getsid(Trap& trap) { return trap.i(0) < 0 ? fail(xnu::ESRCH) : from_host(host(lnx::SYS_getsid, trap.i(0))); }
Answer bsd_setsid(Trap&) { return from_host(host(lnx::SYS_setsid)); }

// Linux looks at the group's sign before it looks for the process.
Answer bsd_setpgid(Trap& trap) {
    const i64 r = host(lnx::SYS_setpgid, trap.i(0), trap.i(1) < 0 ? 0 : trap.i(1));
    if (r == 0 && trap.i(1) < 0) return fail(xnu::EINVAL);
    return from_host(r);
}

Answer bsd_getdtablesize(Trap&) {
    xnu::rlimit limit{};
    get(xnu::RLIMIT_NOFILE, limit);
    return ok(limit.rlim_cur < 0x7fffffff ? static_cast<i64>(limit.rlim_cur) : 0x7fffffff);
}

Answer bsd_getrlimit(Trap& trap) {
    const u32 which = trap.u(0) & ~u32{xnu::RLIMIT_POSIX_FLAG};
    if (which > 8) return fail(xnu::EINVAL);
    xnu::rlimit limit{};
    const i64 r = get(which, limit);
    if (host_failed(r)) return from_host(r);
    return copyout(limit, trap.w(1)) ? ok() : fail(xnu::EFAULT);
}

// dosetrlimit: beyond the kernel's own limits a POSIX caller (a flag in the number) gets EINVAL, another one is clipped.
Answer bsd_setrlimit(Trap& trap) {
    const bool posix = trap.u(0) & xnu::RLIMIT_POSIX_FLAG;
    const u32 which = trap.u(0) & ~u32{xnu::RLIMIT_POSIX_FLAG};
    xnu::rlimit limit{}, now{};
    if (!copyin(limit, trap.w(1))) return fail(xnu::EFAULT);
    if (which > 8) return fail(xnu::EINVAL);
    if (limit.rlim_cur > limit.rlim_max) return fail(xnu::EINVAL);
    const bool root = host(lnx::SYS_geteuid) == 0;
    get(which, now);
    if ((limit.rlim_cur > now.rlim_max || limit.rlim_max > now.rlim_max) && !root) return fail(xnu::EPERM);
    if (which == xnu::RLIMIT_STACK && (limit.rlim_cur > max_stack || limit.rlim_max > max_stack)) {
        // The host's own limit may be beyond already: what is only handed back is no wish.
        if (posix && (limit.rlim_cur != now.rlim_cur || limit.rlim_max != now.rlim_max)) return fail(xnu::EINVAL);
        if (!posix && limit.rlim_cur > max_stack) limit.rlim_cur = max_stack;
    }
    if (which == xnu::RLIMIT_STACK && limit.rlim_cur != now.rlim_cur &&
        !set_stack(trap, limit.rlim_cur < max_stack ? limit.rlim_cur : max_stack))
        return fail(xnu::EINVAL);
    const u64 most = root ? max_files : max_files_per_process;
    if (which == xnu::RLIMIT_NOFILE) {
        if (limit.rlim_cur != now.rlim_cur && limit.rlim_cur > most) {
            if (posix) return fail(xnu::EINVAL);
            limit.rlim_cur = most;
        }
        if (limit.rlim_max != now.rlim_max && limit.rlim_max > most) limit.rlim_max = most;
    }
    if (which == xnu::RLIMIT_AS) {
        Locked hold(address_space_lock);
        address_space = limit;
        return ok();
    }
    if (limit.rlim_cur >= xnu::RLIM_INFINITY) limit.rlim_cur = ~0ull;
    if (limit.rlim_max >= xnu::RLIM_INFINITY) limit.rlim_max = ~0ull;
    return from_host(host(lnx::SYS_prlimit64, 0, limits[which], &limit, 0));
}

}  // namespace trapeze
