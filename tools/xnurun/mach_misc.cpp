// SPDX-License-Identifier: BSD-3-Clause
// Mach traps on processes, clocks and the processor: bsd/vm/vm_unix.c, osfmk/kern/clock.c, clock_oldops.c, syscall_subr.c.
#include "sys/darwin/kern_return.h"
#include "tools/xnurun/handlers.h"
#include "tools/xnurun/ports.h"
#include "tools/xnurun/process.h"

namespace trapeze {
namespace {

constexpr i32 wait_switch = 2, oslock_wait_switch = 5;  // the others depress or yield: over when they return

// Sleeps until the monotonic deadline: 0, or KERN_ABORTED when a signal came first.
i32 sleep_until(u64 deadline) {
    if (deadline > 0x7fffffffffffffff) deadline = 0x7fffffffffffffff;
    const lnx::timespec until = {static_cast<i64>(deadline / 1000000000), static_cast<i64>(deadline % 1000000000)};
    constexpr i32 absolute = 1;
    const i64 r = host_blocking(lnx::SYS_clock_nanosleep, lnx::CLOCK_MONOTONIC, absolute, &until, 0);
    return r == -lnx::EINTR ? xnu::KERN_ABORTED : 0;
}

bool named(u32 name, PortKind kind) {
    Port* port;
    if (port_lookup_send(name, port)) return false;
    const bool is = port->kind == kind;
    port_unref(port);
    return is;
}

// Other processes have no task here: it is as if the right to theirs were refused.
Answer task_of_pid(Trap& trap) {
    u32 name = 0;
    const bool own = named(trap.u(0), PortKind::task) && trap.i(1) == own_pid();
    if (own) name = port_self_send(task_port);
    (void)copyout(name, trap.w(2));
    return kern(own ? 0 : xnu::KERN_FAILURE);
}

}  // namespace

Answer mach_task_for_pid(Trap& trap) { return task_of_pid(trap); }
Answer mach_task_name_for_pid(Trap& trap) { return task_of_pid(trap); }

Answer mach_pid_for_task(Trap& trap) {
    const bool task = named(trap.u(0), PortKind::task);
    const i32 pid = task ? own_pid() : -1;
    (void)copyout(pid, trap.w(1));
    return kern(task ? 0 : xnu::KERN_FAILURE);
}

Answer mach_swtch(Trap&) {
    host(lnx::SYS_sched_yield);
    return kern(0);  // whether another thread ran: nobody can tell
}
Answer mach_swtch_pri(Trap& trap) { return mach_swtch(trap); }

Answer mach_thread_switch(Trap& trap) {
    const i32 option = trap.i(1);
    if (option < 0 || option > 5) return kern(xnu::KERN_INVALID_ARGUMENT);
    if (option == wait_switch || option == oslock_wait_switch) {
        (void)sleep_until(monotonic_ns() + trap.u(2) * u64{1000000});
        return kern(0);
    }
    host(lnx::SYS_sched_yield);
    return kern(0);
}

// clock_sleep(clock, type, sec, nsec, wakeup): type 0 absolute, 1 relative; a null clock is the system's, the only one that
// can be slept on.
Answer mach_clock_sleep(Trap& trap) {
    if (trap.u(0) && !named(trap.u(0), PortKind::clock))
        return kern(named(trap.u(0), PortKind::calendar) ? xnu::KERN_FAILURE : xnu::KERN_INVALID_ARGUMENT);
    const i32 type = trap.i(1), nsec = trap.i(3);
    if (type < 0 || type > 1 || nsec < 0 || nsec >= 1000000000) return kern(xnu::KERN_INVALID_VALUE);
    const u64 time = trap.u(2) * u64{1000000000} + static_cast<u64>(nsec);
    const i32 result = sleep_until(type == 0 ? time : monotonic_ns() + time);
    const u64 now = monotonic_ns();
    const u32 wakeup[2] = {static_cast<u32>(now / 1000000000), static_cast<u32>(now % 1000000000)};
    if (trap.w(4) && !copyout(wakeup, trap.w(4))) return kern(xnu::KERN_INVALID_ADDRESS);
    return kern(result);
}

Answer mach_timebase_info(Trap& trap) {
    const u32 one_to_one[2] = {1, 1};  // mach_absolute_time counts nanoseconds on x86-64
    (void)copyout(one_to_one, trap.w(0));
    return kern(0);
}

Answer mach_wait_until(Trap& trap) { return kern(sleep_until(trap.w(0))); }

}  // namespace trapeze
