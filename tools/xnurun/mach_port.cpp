// SPDX-License-Identifier: BSD-3-Clause
// Mach traps on port names, clocks and the processor. The _kernelrpc_ ones look at their task argument as XNU does: any
// name but the task's own is MACH_SEND_INVALID_DEST, upon which libraries use the message instead
// (osfmk/ipc/mach_kernelrpc.c).
#include "sys/darwin/kern_return.h"
#include "tools/xnurun/handlers.h"
#include "tools/xnurun/ports.h"

namespace trapeze {
namespace {

bool is_own_task(u32 name) {
    Port* port;
    if (port_lookup_send(name, port)) return false;
    const bool own = port == task_port;
    port_unref(port);
    return own;
}

constexpr i32 wait_switch = 2;

// Sleeps until the monotonic deadline: 0, or KERN_ABORTED when a signal came first.
i32 sleep_until(u64 deadline) {
    const lnx::timespec until = {static_cast<i64>(deadline / 1000000000), static_cast<i64>(deadline % 1000000000)};
    constexpr i32 absolute = 1;
    const i64 r = host_blocking(lnx::SYS_clock_nanosleep, lnx::CLOCK_MONOTONIC, absolute, &until, 0);
    return r == -lnx::EINTR ? xnu::KERN_ABORTED : 0;
}

}  // namespace

Answer mach_reply_port(Trap&) {
    u32 name = 0;
    return kern(port_allocate(right_receive, name) ? 0 : static_cast<i32>(name));
}
Answer mach_thread_self(Trap& trap) { return kern(static_cast<i32>(port_self_send(trap.thread.port))); }
Answer mach_task_self(Trap&) { return kern(static_cast<i32>(port_self_send(task_port))); }
Answer mach_host_self(Trap&) { return kern(static_cast<i32>(port_self_send(host_port))); }

Answer mach_port_allocate(Trap& trap) {
    if (!is_own_task(trap.u(0))) return kern(xnu::MACH_SEND_INVALID_DEST);
    u32 name;
    if (const i32 failed = port_allocate(trap.u(1), name)) return kern(failed);
    if (copyout(name, trap.w(2))) return kern(0);
    (void)port_mod_refs(name, trap.u(1), -1);
    return kern(xnu::KERN_INVALID_ADDRESS);
}

Answer mach_port_deallocate(Trap& trap) {
    return kern(is_own_task(trap.u(0)) ? port_release_send(trap.u(1)) : xnu::MACH_SEND_INVALID_DEST);
}

Answer mach_port_mod_refs(Trap& trap) {
    return kern(is_own_task(trap.u(0)) ? port_mod_refs(trap.u(1), trap.u(2), trap.i(3)) : xnu::MACH_SEND_INVALID_DEST);
}

Answer mach_port_insert_right(Trap& trap) {
    return kern(is_own_task(trap.u(0)) ? port_insert_right(trap.u(1), trap.u(2), trap.u(3)) : xnu::MACH_SEND_INVALID_DEST);
}

Answer mach_swtch(Trap&) {
    host(lnx::SYS_sched_yield);
    return kern(0);  // whether another thread ran: nobody can tell
}
Answer mach_swtch_pri(Trap& trap) { return mach_swtch(trap); }

Answer mach_thread_switch(Trap& trap) {
    const i32 option = trap.i(1);
    if (option < 0 || option > 5) return kern(xnu::KERN_INVALID_ARGUMENT);
    if (option == wait_switch) {
        (void)sleep_until(monotonic_ns() + trap.u(2) * u64{1000000});
        return kern(0);
    }
    host(lnx::SYS_sched_yield);
    return kern(0);
}

// clock_sleep(clock, type, sec, nsec, wakeup): type 0 absolute, 1 relative. The clock's name is not looked at: host clocks
// come from host_get_clock_service, which ends the run by name.
Answer mach_clock_sleep(Trap& trap) {
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
