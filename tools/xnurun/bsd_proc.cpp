// SPDX-License-Identifier: BSD-3-Clause
// The process: exit, fork, times, randomness. Identity and limits are in bsd_ids.cpp, waiting in bsd_wait.cpp, execve in
// bsd_exec.cpp.
#include "sys/darwin/errno.h"
#include "sys/darwin/types.h"
#include "sys/mem.h"
#include "tools/xnurun/commpage.h"
#include "tools/xnurun/credentials.h"
#include "tools/xnurun/descriptors.h"
#include "tools/xnurun/era.h"
#include "tools/xnurun/fast.h"
#include "tools/xnurun/guards.h"
#include "tools/xnurun/handlers.h"
#include "tools/xnurun/kqueue.h"
#include "tools/xnurun/memory.h"
#include "tools/xnurun/semaphore.h"
#include "tools/xnurun/signal.h"
#include "tools/xnurun/socket_options.h"
#include "tools/xnurun/tally.h"
#include "tools/xnurun/vm.h"

namespace trapeze {
namespace {

xnu::timeval to_timeval(const lnx::timeval& t) { return {t.tv_sec, static_cast<i32>(t.tv_usec), 0}; }

}  // namespace

Answer bsd_exit(Trap& trap) { exit_run(trap.i(0) & 0xff); }

// One thread goes on in the child, with its registers; ports and semaphores do not (osfmk/kern/ipc_tt.c), the registration
// of bsdthread_register does.
Answer bsd_fork(Trap&) {
    u64 all = ~0ull, old;
    host(lnx::SYS_rt_sigprocmask, lnx::SIG_SETMASK, &all, &old, 8);
    fork_prepare_memory();
    threads_lock.lock();
    kqueue_lock.lock();  // a kqueue looks at ports
    ports_lock.lock();
    aio_lock.lock();
    kept_lock.lock();
    fdguard_lock.lock();
    memory_lock.lock();
    guard_lock.lock();
    address_space_lock.lock();
    identity_lock.lock();
    signal_lock.lock();
    fast_lock.lock();
    limit_lock.lock();  // taken inside all others
    regions_lock.lock();
    const i64 r = host(lnx::SYS_fork);
    if (r == 0) {
        limit_lock.reset();
        fast_lock.reset();
        signal_lock.reset();
        identity_lock.reset();
        guards_fork_child();
        memory_lock.reset();
        address_space_lock.reset();
        fork_child_memory();
        aio_lock.reset();
        kept_lock.reset();
        fdguard_lock.reset();
        aio_done_count = 0;
        commpage_fork_child();
        fork_child_threads();
        fork_child_ports();
        fork_child_semaphores();
        fork_child_kqueues();
        process().vforked = false;
        fork_child_fileports();
        fork_child_descriptors();
        identity_of_process(self());
        self().assumed = false;
        if (tallying) tally_begin();
    } else {
        regions_lock.unlock();
        limit_lock.unlock();
        fast_lock.unlock();
        signal_lock.unlock();
        identity_lock.unlock();
        address_space_lock.unlock();
        guard_lock.unlock();
        memory_lock.unlock();
        fdguard_lock.unlock();
        kept_lock.unlock();
        aio_lock.unlock();
        ports_lock.unlock();
        if (!host_failed(r)) kqueue_forked();
        kqueue_lock.unlock();
        threads_lock.unlock();
        fork_parent_memory();
    }
    host(lnx::SYS_rt_sigprocmask, lnx::SIG_SETMASK, &old, 0, 8);
    if (r == 0) return ok(self().tid, 1);
    return from_host(r);
}

// Up to 10.11 the kernel gives registers and never writes *tp; from 10.12 it writes memory and gives 0. Both at once serve
// callers of either era: whoever looks at memory first finds the right time there too.
Answer bsd_gettimeofday(Trap& trap) {
    if (!trap.w(0)) return ok();
    const u64 us = wall_ns() / 1000;
    const xnu::timeval now = {static_cast<i64>(us / 1000000), static_cast<i32>(us % 1000000), 0};
    const bool by_memory = !era || era >= era_10_12, by_registers = !era || era < era_10_12;
    if (by_memory && !copyout(now, trap.w(0))) return fail(xnu::EFAULT);
    // What old callers leave in the third register is garbage: it counts only where the release is known to read it.
    if (era >= era_10_12 && trap.w(2) && !copyout(monotonic_ns(), trap.w(2))) return fail(xnu::EFAULT);
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
    constexpr i64 longest = 100000000;  // itimerfix (bsd/kern/kern_time.c)
    if (d.interval.tv_sec > longest || d.value.tv_sec > longest) return fail(xnu::EINVAL);
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
    return host_failed(r) ? from_host(r) : static_cast<u64>(r) < trap.w(1) ? fail(xnu::EFAULT) : ok();
}

// bsd/kern/kdebug.c: nobody traces, and that is success; it was EINVAL before xnu-2782. xnu-3248 alone looks at the code first: DBG_TRACE
// is the kernel's own class.
Answer bsd_kdebug_trace(Trap& trap) {
    constexpr u32 dbg_trace = 7, xnu_2782 = 2782000;
    if (era && era < xnu_2782) return fail(xnu::EINVAL);
    return (!era || era == era_10_11) && trap.u(0) >> 24 == dbg_trace ? fail(xnu::EPERM) : ok();
}
Answer bsd_kdebug_trace_string(Trap&) { return ok(); }  // nothing is looked at while nobody traces

}  // namespace trapeze
