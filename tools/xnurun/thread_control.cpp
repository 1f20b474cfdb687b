// SPDX-License-Identifier: BSD-3-Clause
// See thread_control.h. A thread is stopped when it is in the emulator, where it looks at suspend_count before it goes back:
// one that is in guest code is sent host_stop. Who looks first:
//   suspender: suspend_count++ ; context null?  -> signal      (both sequentially consistent, so that
//   thread:    context = null  ; count not 0?   -> sleeps        at least one of them sees the other)
// A thread that waits in a trap is stopped as it is and goes on waiting, as in XNU.
#include "tools/xnurun/thread_control.h"

#include "sys/darwin/kern_return.h"
#include "tools/xnurun/signal.h"
#include "tools/xnurun/thread_state.h"

namespace trapeze {
namespace {

void signal(const Thread& t) { host(lnx::SYS_tgkill, t.process->pid, t.tid, host_stop); }

bool stopped(const Thread& t) { return &t == &self() || __atomic_load_n(&t.context, __ATOMIC_SEQ_CST); }

}  // namespace

void stop_while_suspended(Thread& t, HostContext& context) {
    for (;;) {
        while (const u32 count = __atomic_load_n(&t.suspend_count, __ATOMIC_SEQ_CST)) {
            __atomic_store_n(&t.context, &context, __ATOMIC_SEQ_CST);
            host(lnx::SYS_futex, &t.suspend_count, lnx::FUTEX_WAIT | lnx::FUTEX_PRIVATE_FLAG, count, nullptr);
        }
        if (__atomic_load_n(&t.terminating, __ATOMIC_SEQ_CST)) thread_end(t);
        __atomic_store_n(&t.context, nullptr, __ATOMIC_SEQ_CST);
        if (!__atomic_load_n(&t.suspend_count, __ATOMIC_SEQ_CST)) return;
    }
}

i32 thread_suspend(Port* port) {
    for (bool first = true;; first = false) {
        {
            Locked hold(threads_lock);
            Thread* t = thread_of_port(port);
            if (!t) return xnu::KERN_TERMINATED;
            if (first) __atomic_fetch_add(&t->suspend_count, 1, __ATOMIC_SEQ_CST);
            if (stopped(*t)) return 0;
            signal(*t);  // again and again: one that came before the thread was ever in the guest is lost
        }
        const lnx::timespec moment = {0, 200000};  // it may have to wait for a processor first
        host(lnx::SYS_nanosleep, &moment, 0);
    }
}

void threads_halt() {
    for (;;) {
        bool all = true;
        {
            Locked hold(threads_lock);
            for (Thread* t = threads; t; t = t->next) {
                if (t == &self()) continue;
                if (!t->halted) __atomic_fetch_add(&t->suspend_count, 1, __ATOMIC_SEQ_CST);
                t->halted = true;
                if (stopped(*t)) continue;
                signal(*t);
                all = false;
            }
        }
        if (all) return;
        const lnx::timespec moment = {0, 100000};
        host(lnx::SYS_nanosleep, &moment, 0);
    }
}

void threads_go() {
    Locked hold(threads_lock);
    for (Thread* t = threads; t; t = t->next) {
        if (!t->halted) continue;
        t->halted = false;
        __atomic_sub_fetch(&t->suspend_count, 1, __ATOMIC_SEQ_CST);
        futex_wake(&t->suspend_count, 1);
    }
}

i32 thread_resume(Port* port) {
    Locked hold(threads_lock);
    Thread* t = thread_of_port(port);
    if (!t) return xnu::KERN_TERMINATED;
    if (!t->suspend_count) return xnu::KERN_FAILURE;
    __atomic_sub_fetch(&t->suspend_count, 1, __ATOMIC_SEQ_CST);
    futex_wake(&t->suspend_count, 1);  // to go on, or to sleep on the new value
    return 0;
}

i32 thread_terminate(Port* port) {
    Locked hold(threads_lock);
    Thread* t = thread_of_port(port);
    if (!t) return xnu::KERN_TERMINATED;
    __atomic_store_n(&t->terminating, true, __ATOMIC_SEQ_CST);
    __atomic_store_n(&t->suspend_count, 0, __ATOMIC_SEQ_CST);
    __atomic_store_n(&t->attention, 1, __ATOMIC_SEQ_CST);
    futex_wake(&t->suspend_count, 1);
    if (t != &self()) signal(*t);
    return 0;
}

i32 thread_abort(Port* port) {
    Locked hold(threads_lock);
    Thread* t = thread_of_port(port);
    if (!t) return xnu::KERN_TERMINATED;
    if (t != &self() && __atomic_load_n(&t->sleeping, __ATOMIC_SEQ_CST)) {
        __atomic_store_n(&t->attention, 1, __ATOMIC_SEQ_CST);  // so that even a sleep that is yet to begin ends
        signal(*t);
    }
    return 0;
}

i32 thread_get_state(Port* port, i32 flavor, u32* words, u32& count) {
    if (const i32 failed = thread_suspend(port)) return failed;
    i32 result = xnu::KERN_FAILURE;
    {
        Locked hold(threads_lock);
        const Thread* t = thread_of_port(port);
        if (t && t->context) result = state_get(*t, *t->context, flavor, words, count);
    }
    (void)thread_resume(port);
    return result;
}

i32 thread_set_state(Port* port, i32 flavor, const u32* words, u32 count) {
    if (const i32 failed = thread_suspend(port)) return failed;
    i32 result = xnu::KERN_FAILURE;
    {
        Locked hold(threads_lock);
        Thread* t = thread_of_port(port);
        if (t && t->context) result = state_set(*t->context, flavor, words, count);
    }
    (void)thread_resume(port);
    return result;
}

}  // namespace trapeze
