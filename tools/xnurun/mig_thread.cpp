// SPDX-License-Identifier: BSD-3-Clause
// Subsystem thread_act (3600): osfmk/mach/thread_act.defs, osfmk/kern/thread.c.
#include "sys/darwin/kern_return.h"
#include "sys/darwin/numbers.h"
#include "tools/xnurun/rpc.h"
#include "tools/xnurun/thread.h"

namespace trapeze {
namespace {

i32 info(Rpc& r) {
    enum : i32 { basic = 3, identifier = 4 };
    const i32 flavor = r.i(0);
    const u32 room = r.u(4);
    Locked hold(threads_lock);
    const Thread* t = thread_of_port(r.object);
    if (!t) return xnu::KERN_INVALID_ARGUMENT;
    if (flavor == basic) {
        if (room < 10) return xnu::KERN_INVALID_ARGUMENT;
        lnx::timespec now{};
        const i32 clock = ~t->tid << 3 | 6;  // its processor time, as Linux numbers such clocks
        host(lnx::SYS_clock_gettime, clock, &now);
        const u32 running = t == &self() ? 1 : 3;  // TH_STATE_RUNNING, TH_STATE_WAITING: the others' state is a guess
        const u32 out[10] = {static_cast<u32>(now.tv_sec), static_cast<u32>(now.tv_nsec / 1000), 0, 0, 0, 1, running, 0, 0, 0};
        r.put32(10).put(out, sizeof out);
        return 0;
    }
    if (flavor == identifier) {
        if (room < 6) return xnu::KERN_INVALID_ARGUMENT;
        r.put32(6).put64(static_cast<u64>(t->tid)).put64(t->gs_base).put64(0);
        return 0;
    }
    return xnu::KERN_INVALID_ARGUMENT;
}

i32 special_port(Rpc& r) {
    if (r.i(0) != 1) return xnu::KERN_INVALID_ARGUMENT;  // THREAD_KERNEL_PORT
    Locked hold(ports_lock);
    if (r.object->dead) return xnu::KERN_FAILURE;
    send_right_copy_locked(r.object);
    r.put_port(r.object, msg_move_send);
    return 0;
}

const RpcRow rows[] = {
    {xnu::MIG_thread_get_special_port, 4, 0, false, special_port},
    {xnu::MIG_thread_info, 8, 0, false, info},
};

}  // namespace

const RpcServer mig_thread_server = {[](const Port* p) { return p->kind == PortKind::thread; }, xnu::KERN_INVALID_ARGUMENT, rows,
                                     sizeof rows / sizeof *rows};

}  // namespace trapeze
