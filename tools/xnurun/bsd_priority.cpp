// SPDX-License-Identifier: BSD-3-Clause
// getpriority, setpriority: bsd/kern/kern_resource.c of xnu-3248. Nice values as they are: 0 with the carry clear is one of them. XNU's
// is the process's, the host's each thread's.
//
// PRIO_DARWIN_THREAD and _PROCESS put into the background: here SCHED_BATCH, and idle input and output. (SCHED_IDLE would be nearer,
// but there is no way back from it without a right.) Of another process the first thread is looked at and put there. PRIO_DARWIN_GPU and _ROLE: no process here is an application, or draws.
#include "sys/darwin/errno.h"
#include "tools/xnurun/credentials.h"
#include "tools/xnurun/handlers.h"
#include "tools/xnurun/host_process.h"

namespace trapeze {
namespace {

enum : u32 { of_process = 0, of_group = 1, of_user = 2, darwin_thread = 3, darwin_process = 4, darwin_gpu = 5, darwin_role = 6 };
constexpr i32 background = 0x1000, no_interface = 0x1001;  // PRIO_DARWIN_BG, _NONUI
constexpr i32 sched_other = 0, sched_batch = 3;

bool behind(i32 tid) { return host(lnx::SYS_sched_getscheduler, tid) == sched_batch; }

i64 set_behind(i32 tid, bool on) {
    constexpr u64 ioprio_process = 1, ioprio_idle = 3 << 13;
    const i32 no_priority = 0;
    const i64 r = host(lnx::SYS_sched_setscheduler, tid, on ? sched_batch : sched_other, &no_priority);
    if (!host_failed(r)) host(lnx::SYS_ioprio_set, ioprio_process, tid, on ? ioprio_idle : 0);
    return r;
}

bool own(u32 who) { return !who || who == static_cast<u32>(own_pid()); }

// f(thread) of every thread of this process; the first failure, or 0.
template <class F>
i64 each_thread(F f) {
    Locked hold(threads_lock);
    i64 failed = 0;
    for (Thread* t = threads; t; t = t->next) {
        if (t->process != &process() || !t->tid) continue;
        const i64 r = f(*t);
        if (host_failed(r) && !failed) failed = r;
    }
    return failed;
}

// Another process's: is it there, and may the caller ask?
i32 reachable(u32 who) {
    HostProcess other;
    if (own(who)) return 0;
    if (!host_process(static_cast<i32>(who), other)) return xnu::ESRCH;
    const u32 effective = static_cast<u32>(host(lnx::SYS_geteuid)), real = static_cast<u32>(host(lnx::SYS_getuid));
    return effective && real && effective != other.uid[1] && real != other.uid[1] ? xnu::EPERM : 0;
}

}  // namespace

Answer bsd_getpriority(Trap& trap) {
    const u32 kind = trap.u(0), who = trap.u(1);
    if (who > 0x7fffffff) return fail(xnu::EINVAL);
    switch (kind) {
    case of_process: case of_group: case of_user: {
        const i64 r = host(lnx::SYS_getpriority, kind, who);
        return host_failed(r) ? from_host(r) : ok(20 - r);
    }
    case darwin_thread: return who ? fail(xnu::EINVAL) : ok(trap.thread.background);
    case darwin_process: case darwin_role: {
        if (const i32 failed = reachable(who)) return fail(failed);
        return ok(kind == darwin_process && (own(who) ? __atomic_load_n(&process().background, __ATOMIC_RELAXED) : behind(static_cast<i32>(who))));
    }
    default: return fail(xnu::EINVAL);
    }
}

Answer bsd_setpriority(Trap& trap) {
    const u32 kind = trap.u(0), who = trap.u(1);
    const i32 priority = trap.i(2);
    if (who > 0x7fffffff) return fail(xnu::EINVAL);
    switch (kind) {
    case of_process:
        if (own(who)) return from_host(each_thread([&](Thread& t) { return host(lnx::SYS_setpriority, of_process, t.tid, priority); }));
        return from_host(host(lnx::SYS_setpriority, kind, who, priority));
    case of_group: case of_user: return from_host(host(lnx::SYS_setpriority, kind, who, priority));
    case darwin_thread:
        if (who) return fail(xnu::EINVAL);
        if (trap.thread.process->vforked) return fail(xnu::EPERM);
        trap.thread.background = priority == background;
        return from_host(set_behind(0, trap.thread.background || process().background));
    case darwin_process: {
        if (const i32 failed = reachable(who)) return fail(failed);
        if (priority == no_interface) return ok();
        const bool on = priority == background;
        if (!own(who)) return from_host(set_behind(static_cast<i32>(who), on));
        __atomic_store_n(&process().background, on, __ATOMIC_RELAXED);
        return from_host(each_thread([&](Thread& t) { return set_behind(t.tid, on || t.background); }));
    }
    case darwin_gpu:
        if (!who) return fail(xnu::EINVAL);
        if (const i32 failed = reachable(who)) return fail(failed);
        if (own(who)) return fail(xnu::EPERM);
        return priority == 1 || priority == 2 ? ok() : fail(xnu::EINVAL);  // _ALLOW, _DENY: what it has not is denied it already
    case darwin_role:
        if (const i32 failed = reachable(who)) return fail(failed);
        return fail(xnu::ENOTSUP);
    default: return fail(xnu::EINVAL);
    }
}

}  // namespace trapeze
