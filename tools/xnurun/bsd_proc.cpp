// SPDX-License-Identifier: BSD-3-Clause
// The process: exit, fork, wait4, identity, limits, times, randomness.
#include "sys/darwin/errno.h"
#include "sys/darwin/types.h"
#include "sys/mem.h"
#include "tools/xnurun/era.h"
#include "tools/xnurun/handlers.h"
#include "tools/xnurun/kqueue.h"
#include "tools/xnurun/semaphore.h"
#include "tools/xnurun/signal.h"

namespace trapeze {
namespace {

xnu::timeval to_timeval(const lnx::timeval& t) { return {t.tv_sec, static_cast<i32>(t.tv_usec), 0}; }

struct LinuxRusage {
    lnx::timeval utime, stime;
    i64 rest[14];  // maxrss first
};
struct DarwinRusage {
    xnu::timeval utime, stime;
    i64 rest[14];
};
static_assert(sizeof(DarwinRusage) == 144);

DarwinRusage to_darwin(const LinuxRusage& l) {
    DarwinRusage d{to_timeval(l.utime), to_timeval(l.stime), {}};
    for (int i = 0; i < 14; i++) d.rest[i] = l.rest[i];
    d.rest[0] *= 1024;  // bytes there, KiB here
    return d;
}

// CPU FSIZE DATA STACK CORE AS MEMLOCK NPROC NOFILE in Linux's numbers
constexpr i32 limits[9] = {0, 1, 2, 3, 4, 9, 8, 6, 7};
constexpr u64 infinity = 0x7fffffffffffffff;

// The host's wait status in Darwin's numbers.
i32 wait_status(i32 s) {
    if (s == 0xffff) return 0x137f;  // continued: stopped by SIGCONT
    if ((s & 0xff) == 0x7f) return darwin_signal(s >> 8 & 0xff) << 8 | 0x7f;
    if (s & 0x7f) return darwin_signal(s & 0x7f) | (s & 0x80);
    return s;
}

}  // namespace

Answer bsd_exit(Trap& trap) { exit_run(trap.i(0) & 0xff); }

// One thread goes on in the child, with its registers; ports and semaphores do not (osfmk/kern/ipc_tt.c), the registration
// of bsdthread_register does.
Answer bsd_fork(Trap&) {
    u64 all = ~0ull, old;
    host(lnx::SYS_rt_sigprocmask, lnx::SIG_SETMASK, &all, &old, 8);
    threads_lock.lock();
    ports_lock.lock();
    kqueue_lock.lock();
    signal_lock.lock();
    const i64 r = host(lnx::SYS_fork);
    if (r == 0) {
        signal_lock.reset();
        fork_child_threads();
        fork_child_ports();
        fork_child_semaphores();
        fork_child_kqueues();
    } else {
        signal_lock.unlock();
        kqueue_lock.unlock();
        ports_lock.unlock();
        threads_lock.unlock();
    }
    host(lnx::SYS_rt_sigprocmask, lnx::SIG_SETMASK, &old, 0, 8);
    if (r == 0) return ok(host(lnx::SYS_getpid), 1);
    return from_host(r);
}

Answer bsd_wait4(Trap& trap) {
    const i32 options = trap.i(2);
    i32 host_options = options & 3;  // WNOHANG, WUNTRACED
    if (options & 0x10) host_options |= 8;  // WCONTINUED
    i32 status = 0;
    LinuxRusage usage{};
    const i64 r = host_blocking(lnx::SYS_wait4, trap.i(0), &status, host_options, &usage);
    if (host_failed(r)) return from_host_restartable(r);
    if (r > 0) {
        status = wait_status(status);
        if (trap.w(1) && !copyout(status, trap.w(1))) return fail(xnu::EFAULT);
        if (trap.w(3) && !copyout(to_darwin(usage), trap.w(3))) return fail(xnu::EFAULT);
    }
    return ok(r);
}

Answer bsd_getpid(Trap&) { return from_host(host(lnx::SYS_getpid)); }
Answer bsd_getppid(Trap&) { return from_host(host(lnx::SYS_getppid)); }
Answer bsd_getuid(Trap&) { return ok(host(lnx::SYS_getuid)); }
Answer bsd_geteuid(Trap&) { return ok(host(lnx::SYS_geteuid)); }
Answer bsd_getgid(Trap&) { return ok(host(lnx::SYS_getgid)); }
Answer bsd_getegid(Trap&) { return ok(host(lnx::SYS_getegid)); }
Answer bsd_setsid(Trap&) { return from_host(host(lnx::SYS_setsid)); }
Answer bsd_issetugid(Trap&) { return ok(0); }

Answer bsd_getdtablesize(Trap&) {
    u64 limit[2];
    host(lnx::SYS_prlimit64, 0, limits[8], 0, limit);
    return ok(limit[0] < 0x7fffffff ? static_cast<i64>(limit[0]) : 0x7fffffff);
}

Answer bsd_getrlimit(Trap& trap) {
    const u32 which = trap.u(0) & ~0x1000u;  // _RLIMIT_POSIX_FLAG
    if (which > 8) return fail(xnu::EINVAL);
    u64 limit[2];
    const i64 r = host(lnx::SYS_prlimit64, 0, limits[which], 0, limit);
    if (host_failed(r)) return from_host(r);
    for (u64& l : limit)
        if (l > infinity) l = infinity;
    return copyout(limit, trap.w(1)) ? ok() : fail(xnu::EFAULT);
}

Answer bsd_setrlimit(Trap& trap) {
    const u32 which = trap.u(0) & ~0x1000u;
    if (which > 8) return fail(xnu::EINVAL);
    u64 limit[2];
    if (!copyin(limit, trap.w(1))) return fail(xnu::EFAULT);
    for (u64& l : limit)
        if (l >= infinity) l = ~0ull;
    return from_host(host(lnx::SYS_prlimit64, 0, limits[which], limit, 0));
}

Answer bsd_getrusage(Trap& trap) {
    if (trap.i(0) != 0 && trap.i(0) != -1) return fail(xnu::EINVAL);
    LinuxRusage usage;
    const i64 r = host(lnx::SYS_getrusage, trap.i(0), &usage);
    if (host_failed(r)) return from_host(r);
    return copyout(to_darwin(usage), trap.w(1)) ? ok() : fail(xnu::EFAULT);
}

// Up to 10.11 the kernel gives registers and never writes *tp; from 10.12 it writes memory and gives 0. Both at once serve
// callers of either era: whoever looks at memory first finds the right time there too.
Answer bsd_gettimeofday(Trap& trap) {
    if (!trap.w(0)) return ok();
    lnx::timeval now;
    host(lnx::SYS_gettimeofday, &now, 0);
    const bool by_memory = !era || era >= era_10_12, by_registers = !era || era < era_10_12;
    if (by_memory && !copyout(to_timeval(now), trap.w(0))) return fail(xnu::EFAULT);
    const u64 zone = 0;
    if (trap.w(1) && !copyout(zone, trap.w(1))) return fail(xnu::EFAULT);
    return by_registers ? ok(now.tv_sec, now.tv_usec) : ok();
}

struct DarwinTimer {
    xnu::timeval interval, value;
};
struct LinuxTimer {
    lnx::timeval interval, value;
};

Answer bsd_getitimer(Trap& trap) {
    if (trap.u(0) > 2) return fail(xnu::EINVAL);
    LinuxTimer l;
    const i64 r = host(lnx::SYS_getitimer, trap.u(0), &l);
    if (host_failed(r)) return from_host(r);
    const DarwinTimer d{to_timeval(l.interval), to_timeval(l.value)};
    return copyout(d, trap.w(1)) ? ok() : fail(xnu::EFAULT);
}

Answer bsd_setitimer(Trap& trap) {
    if (trap.u(0) > 2) return fail(xnu::EINVAL);
    if (!trap.w(1)) return trap.w(2) ? (trap.arg[1] = trap.arg[2], bsd_getitimer(trap)) : ok();
    DarwinTimer d;
    if (!copyin(d, trap.w(1))) return fail(xnu::EFAULT);
    const LinuxTimer l{{d.interval.tv_sec, d.interval.tv_usec}, {d.value.tv_sec, d.value.tv_usec}};
    LinuxTimer old;
    const i64 r = host(lnx::SYS_setitimer, trap.u(0), &l, &old);
    if (host_failed(r)) return from_host(r);
    const DarwinTimer o{to_timeval(old.interval), to_timeval(old.value)};
    return trap.w(2) && !copyout(o, trap.w(2)) ? fail(xnu::EFAULT) : ok();
}

Answer bsd_getentropy(Trap& trap) {
    if (trap.w(1) > 256) return fail(xnu::EINVAL);
    const i64 r = host(lnx::SYS_getrandom, trap.w(0), trap.w(1), 0);
    return host_failed(r) ? from_host(r) : ok();
}

}  // namespace trapeze
