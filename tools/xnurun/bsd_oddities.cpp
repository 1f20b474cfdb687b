// SPDX-License-Identifier: BSD-3-Clause
// Small calls that belong to nobody's family: ends with a reason, kernel tracing's neighbours, numbers that only have to differ.
// Facts from xnu-11417.121.6, bsd/kern: kern_exit.c, kern_ntptime.c, kern_prot.c, kern_memorystatus.c; osfmk/kern/syscall_subr.c.
#include "sys/darwin/errno.h"
#include "sys/darwin/kern_return.h"
#include "sys/darwin/time.h"
#include "sys/linux/time.h"
#include "tools/xnurun/handlers.h"
#include "tools/xnurun/signal.h"

namespace trapeze {

// The indirect call of the indirect call: number 0 is no call.
Answer bsd_syscall(Trap& trap) {
    raise_here(trap.thread, xnu::SIGSYS);
    return fail(xnu::ENOSYS);
}

// Keeps only its own word: nothing in the kernel reads it for a program that is not traced.
Answer bsd_setprivexec(Trap& trap) {
    static u32 flag;
    return ok(__atomic_exchange_n(&flag, trap.u(0) != 0, __ATOMIC_RELAXED));
}

// Ends by SIGABRT, whatever the program does with it. The reason goes to the crash report that nobody writes here: it is told.
Answer bsd_abort_with_payload(Trap& trap) {
    char reason[256] = {};
    if (trap.w(4)) (void)copyin_string(reason, trap.w(4), sizeof reason - 1);
    eprint("xnurun: abort_with_payload, namespace ", trap.u(0), ", code ", hex(trap.w(1)), *reason ? ": " : "", reason, "\n");
    die_by_signal(xnu::SIGABRT);
}

// As abort_with_payload for the report, but the program goes on.
Answer bsd_os_fault_with_payload(Trap&) { return ok(); }

Answer bsd_terminate_with_payload(Trap& trap) {
    const i32 pid = trap.i(0);
    if (pid <= 0) return fail(xnu::EINVAL);
    return from_host(host(lnx::SYS_kill, pid, host_signal(xnu::SIGKILL)));
}

// How much of the memory is free, in per cent.
Answer bsd_memorystatus_get_level(Trap& trap) {
    struct {  // sysinfo(2)
        i64 uptime;
        u64 loads[3], total, free, shared, buffers, swap, swap_free;
        u16 procs, pad;
        u64 high, high_free;
        u32 unit;
        u32 pad2;
    } info{};
    const i64 r = host(lnx::SYS_sysinfo, &info);
    if (host_failed(r)) return from_host(r);
    const u32 level = static_cast<u32>((info.free + info.buffers) * 100 / (info.total ? info.total : 1));
    return copyout(level, trap.w(0)) ? ok() : fail(xnu::EFAULT);
}

// The result is the clock's state: the host's numbers are the same.
Answer bsd_ntp_gettime(Trap& trap) {
    lnx::timex host_clock{};
    const i64 state = host(lnx::SYS_adjtimex, &host_clock);
    if (host_failed(state)) return from_host(state);
    const bool nano = host_clock.status & 0x2000;  // STA_NANO
    const xnu::ntptimeval v{{host_clock.time.tv_sec, host_clock.time.tv_usec * (nano ? 1 : 1000)}, host_clock.maxerror,
                            host_clock.esterror, host_clock.tai, state};
    return copyout(v, trap.w(0)) ? ok(state) : fail(xnu::EFAULT);
}

// Numbers that no two callers get, in this process.
Answer mach_generate_activity_id(Trap& trap) {
    static u64 next = 1;
    const i32 count = trap.i(1);
    if (count <= 0 || count > 16) return kern(xnu::KERN_INVALID_ARGUMENT);  // MACH_ACTIVITY_ID_COUNT_MAX
    const u64 first = __atomic_fetch_add(&next, static_cast<u64>(count), __ATOMIC_RELAXED);
    return kern(copyout(first, trap.w(2)) ? 0 : i32{xnu::EFAULT});
}

// Nobody has begun an audit session: AU_DEFAUDITID.
Answer bsd_getauid(Trap& trap) { return copyout(~u32{0}, trap.w(0)) ? ok() : fail(xnu::EFAULT); }

// There is nothing to leave: XNU's does nothing either.
Answer mach_pfz_exit(Trap&) { return kern(xnu::KERN_SUCCESS); }

}  // namespace trapeze
