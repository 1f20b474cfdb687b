// SPDX-License-Identifier: BSD-3-Clause
// Subsystem thread_act (3600): osfmk/mach/thread_act.defs, osfmk/kern/thread.c.
#include "sys/darwin/kern_return.h"
#include "sys/darwin/numbers.h"
#include "tools/xnurun/exceptions.h"
#include "tools/xnurun/mig_threads.h"
#include "tools/xnurun/thread_control.h"
#include "tools/xnurun/thread_state.h"

namespace trapeze {
namespace {

i32 info(Rpc& r) {
    enum : i32 { basic = 3, identifier = 4, extended = 5, sched_timeshare = 10, sched_rr = 11, sched_fifo = 12 };
    const i32 flavor = r.i(0);
    const u32 room = r.u(4);
    Locked hold(threads_lock);
    const Thread* t = thread_of_port(r.object);
    if (!t) return xnu::KERN_INVALID_ARGUMENT;
    if (flavor == basic || flavor == extended) {
        if (room < (flavor == basic ? 10u : 28u)) return xnu::KERN_INVALID_ARGUMENT;
        lnx::timespec now{};
        const i32 clock = ~t->tid << 3 | 6;  // its processor time, as Linux numbers such clocks
        host(lnx::SYS_clock_gettime, clock, &now);
        enum : u32 { running = 1, stopped = 2, waiting = 3 };
        const u32 suspended = __atomic_load_n(&t->suspend_count, __ATOMIC_RELAXED);
        const u32 state = suspended ? stopped : __atomic_load_n(&t->sleeping, __ATOMIC_RELAXED) ? waiting : running;
        if (flavor == extended) {  // times in ns, usage, policy, state, flags, sleep, three priorities; then the name, which nobody gave
            const u32 words[8] = {0, 1, state, 0, 0, 31, 31, 63};
            const u8 name[64] = {};
            r.put32(28).put64(static_cast<u64>(now.tv_sec) * 1000000000 + static_cast<u64>(now.tv_nsec)).put64(0);
            r.put(words, sizeof words).put(name, sizeof name);
            return 0;
        }
        const u32 out[10] = {static_cast<u32>(now.tv_sec), static_cast<u32>(now.tv_nsec / 1000), 0, 0, 0, 1, state, 0, suspended, 0};
        r.put32(10).put(out, sizeof out);
        return 0;
    }
    if (flavor == identifier) {
        if (room < 6) return xnu::KERN_INVALID_ARGUMENT;
        r.put32(6).put64(static_cast<u64>(t->tid)).put64(t->gs_base).put64(0);
        return 0;
    }
    if (flavor == sched_timeshare) {  // max_priority, base, current, depressed, depress_priority
        if (room < 5) return xnu::KERN_INVALID_ARGUMENT;
        r.put32(5).put32(63).put32(31).put32(31).put32(0).put32(~0u);
        return 0;
    }
    if (flavor == sched_rr || flavor == sched_fifo) return room < (flavor == sched_rr ? 6u : 5u) ? xnu::KERN_INVALID_ARGUMENT : xnu::KERN_INVALID_POLICY;
    return xnu::KERN_INVALID_ARGUMENT;
}

i32 special_port(Rpc& r) {
    if (r.i(0) != 1) return xnu::KERN_INVALID_ARGUMENT;  // THREAD_KERNEL_PORT
    Locked hold(ports_lock);
    if (r.object->dead) return xnu::KERN_FAILURE;
    const Thread* t = static_cast<Thread*>(r.object->object);
    Port* port = t->has_special_port ? t->special_port : r.object;
    if (carried_valid(port)) send_right_copy_locked(port);
    r.put_port(port, msg_move_send);
    return 0;
}

i32 set_special_port(Rpc& r) {
    if (r.i(0) != 1) return xnu::KERN_INVALID_ARGUMENT;
    Locked hold(ports_lock);
    if (r.object->dead) return xnu::KERN_FAILURE;
    Thread* t = static_cast<Thread*>(r.object->object);
    if (t->has_special_port) right_release_locked(t->special_port, msg_move_send);
    t->has_special_port = true;
    t->special_port = r.port(0);
    r.keep_port(0);
    return 0;
}

i32 suspend(Rpc& r) { return thread_suspend(r.object); }
i32 resume(Rpc& r) { return thread_resume(r.object); }
i32 abort(Rpc& r) { return thread_abort(r.object); }

i32 get_state(Rpc& r) {
    u32 words[most_state_words], count = r.u(4) < most_state_words ? r.u(4) : most_state_words;
    if (const i32 failed = thread_get_state(r.object, r.i(0), words, count)) return failed;
    r.put32(count).put(words, count * 4);
    return 0;
}

i32 set_state(Rpc& r) {
    const u32 count = r.u(4);
    if (count > most_state_words) return xnu::KERN_INVALID_ARGUMENT;
    u32 words[most_state_words];
    memcpy(words, r.request->bytes + r.arguments + 8, count * 4);
    return thread_set_state(r.object, r.i(0), words, count);
}

const RpcRow rows[] = {
    {xnu::MIG_thread_get_state, get_state},
    {xnu::MIG_thread_set_state, set_state},
    {xnu::MIG_thread_suspend, suspend},
    {xnu::MIG_thread_resume, resume},
    {xnu::MIG_thread_abort, abort},
    {xnu::MIG_thread_abort_safely, abort},
    {xnu::MIG_thread_set_exception_ports, rpc_set_exception_ports},
    {xnu::MIG_thread_get_exception_ports, rpc_get_exception_ports},
    {xnu::MIG_thread_swap_exception_ports, rpc_swap_exception_ports},
    {xnu::MIG_thread_terminate, rpc_thread_terminate},
    {xnu::MIG_thread_policy_set, rpc_thread_policy_set},
    {xnu::MIG_thread_policy_get, rpc_thread_policy_get},
    {xnu::MIG_thread_depress_abort, rpc_depress_abort},
    {xnu::MIG_act_get_state, get_state},
    {xnu::MIG_act_set_state, set_state},
    {xnu::MIG_thread_get_special_port, special_port},
    {xnu::MIG_thread_set_special_port, set_special_port},
    {xnu::MIG_thread_info, info},
};

}  // namespace

const RpcServer mig_thread_server = {[](const Port* p) { return p->kind == PortKind::thread; }, xnu::KERN_INVALID_ARGUMENT, rows,
                                     sizeof rows / sizeof *rows};

}  // namespace trapeze
