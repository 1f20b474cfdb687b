// SPDX-License-Identifier: BSD-3-Clause
// __pthread_markcancel, __pthread_canceled, and what a cancellation ends: bsd/kern/kern_sig.c. The kernel keeps three bits a thread
// and acts on them in the calls that are cancellation points: one that begins gives EINTR, one that sleeps is aborted.
#include "sys/darwin/errno.h"
#include "tools/xnurun/handlers.h"
#include "tools/xnurun/ports.h"
#include "tools/xnurun/signal.h"

namespace trapeze {
namespace {

bool cancels(const Thread& t) { return t.cancel && !t.cancelled && !t.cancel_disabled; }

// Those that have a _nocancel twin: bsd/kern/syscalls.master.
constexpr u16 points[] = {3, 4, 5, 6, 7, 27, 28, 29, 30, 65, 92, 93, 95, 98, 111, 120, 121, 133, 153, 154, 173, 230, 260, 261, 271,
                          315, 330, 334, 394, 463, 540, 541};

}  // namespace

bool cancellation_point(u32 bsd_number) {
    for (const u16 n : points)
        if (n == bsd_number) return true;
    return false;
}

// __semwait_signal looks once it is asleep, all others before they begin: EINTR either way.
bool cancelled_before(Thread& t, u32 bsd_number) { return cancels(t) && cancellation_point(bsd_number); }

Answer bsd_pthread_markcancel(Trap& trap) {
    Port* port;
    if (port_lookup_send(trap.u(0), port)) return fail(xnu::ESRCH);
    bool found = false;
    {
        Locked hold(threads_lock);
        Thread* t = thread_of_port(port);
        found = t;
        if (t && !t->cancel && !t->cancelled) {
            t->signals_disabled = true;
            __atomic_store_n(&t->cancel, true, __ATOMIC_SEQ_CST);
            if (t != &trap.thread && !t->cancel_disabled && __atomic_load_n(&t->cancel_point, __ATOMIC_SEQ_CST)) {
                __atomic_store_n(&t->attention, 1, __ATOMIC_SEQ_CST);
                host(lnx::SYS_tgkill, t->process->pid, t->tid, host_stop);
            }
        }
    }
    port_unref(port);
    return found ? ok() : fail(xnu::ESRCH);
}

Answer bsd_pthread_canceled(Trap& trap) {
    Thread& t = trap.thread;
    switch (trap.i(0)) {
    case 1: t.cancel_disabled = false; return ok();
    case 2: t.cancel_disabled = true; return ok();
    default:
        if (!cancels(t)) return fail(xnu::EINVAL);
        t.cancel = false;
        t.cancelled = t.signals_disabled = true;
        return ok();
    }
}

}  // namespace trapeze
