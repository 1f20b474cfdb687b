// SPDX-License-Identifier: BSD-3-Clause
// Limits: bsd/kern/kern_resource.c (dosetrlimit, dogetrlimit). Most are the host's. Kept here, and handed on by execve:
//   RLIMIT_AS, RLIMIT_DATA: XNU looks at the first nowhere and at the second in sbrk alone; the host's would hit every mapping, the
//     emulator's too.
//   the hard limit of RLIMIT_NOFILE: the host's stays a few above it, for descriptors of the emulator's own (descriptors.h).
#include "sys/darwin/errno.h"
#include "sys/darwin/process.h"
#include "sys/linux/process.h"
#include "tools/xnurun/handed.h"
#include "tools/xnurun/handlers.h"
#include "tools/xnurun/limits.h"
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

constexpr u64 max_files = 12288, max_files_per_process = 10240;  // kern.maxfiles (the superuser's), kern.maxfilesperproc
constexpr u64 max_stack = 64ull << 20;                           // MAXSSIZ
constexpr u64 own_files = 16;

constexpr u64 unset = KeptLimits::unset;
constexpr u32 kept_words = 5;
static_assert(sizeof(KeptLimits) == kept_words * 8);
KeptLimits& kept() { return process().limits; }  // under address_space_lock

xnu::rlimit of_host(u32 which) {
    xnu::rlimit limit{};
    host(lnx::SYS_prlimit64, 0, limits[which], 0, &limit);
    if (limit.rlim_cur > xnu::RLIM_INFINITY) limit.rlim_cur = xnu::RLIM_INFINITY;
    if (limit.rlim_max > xnu::RLIM_INFINITY) limit.rlim_max = xnu::RLIM_INFINITY;
    return limit;
}

i64 set_host(u32 which, u64 soft, u64 hard) {
    const u64 limit[2] = {soft >= xnu::RLIM_INFINITY ? ~0ull : soft, hard >= xnu::RLIM_INFINITY ? ~0ull : hard};
    return host(lnx::SYS_prlimit64, 0, limits[which], limit, 0);
}

xnu::rlimit get(u32 which) {
    Locked hold(address_space_lock);
    if (which == xnu::RLIMIT_AS) return kept().address_space;
    if (which == xnu::RLIMIT_DATA && kept().data.rlim_cur != unset) return kept().data;
    xnu::rlimit limit = of_host(which);
    if (which == xnu::RLIMIT_NOFILE && kept().files != unset) limit.rlim_max = kept().files;
    return limit;
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

// Above the hard limit if that may be; else as far up as it is already.
i64 set_files(const xnu::rlimit& limit) {
    Locked hold(address_space_lock);
    const u64 more = limit.rlim_max < xnu::RLIM_INFINITY - own_files ? limit.rlim_max + own_files : limit.rlim_max;
    i64 r = set_host(xnu::RLIMIT_NOFILE, limit.rlim_cur, more);
    if (r == -lnx::EPERM) r = set_host(xnu::RLIMIT_NOFILE, limit.rlim_cur, of_host(xnu::RLIMIT_NOFILE).rlim_max);
    if (!host_failed(r)) kept().files = limit.rlim_max;
    return r;
}

}  // namespace

void init_stack_limit(u64 accessible) { stack_accessible = accessible; }

bool limits_write(char* text) {
    Locked hold(address_space_lock);
    const KeptLimits nothing{};
    if (!__builtin_memcmp(&kept(), &nothing, sizeof nothing)) return false;
    const u64* words = reinterpret_cast<const u64*>(&kept());
    for (u32 n = 0; n < kept_words; n++) hex_put(text, words[n], 16);
    *text = 0;
    return true;
}

void limits_read(const char* text) {
    u64* words = reinterpret_cast<u64*>(&first_process.limits);
    for (u32 n = 0; n < kept_words; n++) words[n] = hex_get(text, 16);
}

void limits_for_native(bool leaving) {
    Locked hold(address_space_lock);
    if (kept().files == unset) return;
    const xnu::rlimit now = of_host(xnu::RLIMIT_NOFILE);
    set_host(xnu::RLIMIT_NOFILE, now.rlim_cur, leaving ? kept().files : kept().files + own_files);
}

Answer bsd_getdtablesize(Trap&) {
    const u64 soft = get(xnu::RLIMIT_NOFILE).rlim_cur;
    return ok(soft < 0x7fffffff ? static_cast<i64>(soft) : 0x7fffffff);
}

Answer bsd_getrlimit(Trap& trap) {
    const u32 which = trap.u(0) & ~u32{xnu::RLIMIT_POSIX_FLAG};
    if (which > 8) return fail(xnu::EINVAL);
    return copyout(get(which), trap.w(1)) ? ok() : fail(xnu::EFAULT);
}

// dosetrlimit: beyond the kernel's own limits a POSIX caller (a flag in the number) gets EINVAL, another one is clipped.
Answer bsd_setrlimit(Trap& trap) {
    const bool posix = trap.u(0) & xnu::RLIMIT_POSIX_FLAG;
    const u32 which = trap.u(0) & ~u32{xnu::RLIMIT_POSIX_FLAG};
    xnu::rlimit limit{};
    if (!copyin(limit, trap.w(1))) return fail(xnu::EFAULT);
    if (which > 8) return fail(xnu::EINVAL);
    if (limit.rlim_cur > limit.rlim_max) return fail(xnu::EINVAL);
    const bool root = host(lnx::SYS_geteuid) == 0;
    const xnu::rlimit now = get(which);
    if ((limit.rlim_cur > now.rlim_max || limit.rlim_max > now.rlim_max) && !root) return fail(xnu::EPERM);
    if (which == xnu::RLIMIT_STACK && (limit.rlim_cur > max_stack || limit.rlim_max > max_stack)) {
        // The host's own limit may be beyond already: what is only handed back is no wish.
        if (posix && (limit.rlim_cur != now.rlim_cur || limit.rlim_max != now.rlim_max)) return fail(xnu::EINVAL);
        if (!posix && limit.rlim_cur > max_stack) limit.rlim_cur = max_stack;
        if (!posix && limit.rlim_max > max_stack && limit.rlim_max != now.rlim_max) limit.rlim_max = max_stack;
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
        return from_host(set_files(limit));
    }
    if (which == xnu::RLIMIT_AS || which == xnu::RLIMIT_DATA) {
        Locked hold(address_space_lock);
        (which == xnu::RLIMIT_AS ? kept().address_space : kept().data) = limit;
        return ok();
    }
    return from_host(set_host(which, limit.rlim_cur, limit.rlim_max));
}

}  // namespace trapeze
