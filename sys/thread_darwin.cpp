// SPDX-License-Identifier: BSD-3-Clause
// Threads on Darwin: bsdthread_register, _create, _terminate. The seed got each of them wrong (heritage 1 to 4).
#include "sys/thread.h"

#include "sys/calls.h"
#include "sys/darwin/mach.h"
#include "sys/panic.h"

namespace trapeze {

extern "C" void bsdthread_start();

// Each trap adds a reference to the right, so it is asked once: a thread that we made knows its port from the start.
u32 thread_self() {
    Tls* t = tls();
    if (!t->thread_port) t->thread_port = sys_thread_self_trap();
    return t->thread_port;
}

void thread_yield() { (void)sys_swtch_pri(); }

Result thread_kill(Thread* t, i32 signal) {
    u32 port;
    while (!(port = __atomic_load_n(&t->procid, __ATOMIC_ACQUIRE))) thread_yield();  // it has not run yet: only it is told its name
    return sys___pthread_kill(port, signal);
}

Result thread_spawn(Thread* t) {
    // Where threads start is said once, by the thread that makes the first other one: so no second thread can be here too.
    // A child of fork has the registration and this variable. Everything but the first argument is 0: later kernels take the
    // fourth as a pointer. Success is a feature mask.
    static bool registered;
    if (!registered) {
        Result r = sys_bsdthread_register(reinterpret_cast<void*>(bsdthread_start), nullptr, 0, nullptr, nullptr, 0, 0);
        if (r.failed()) return r;
        registered = true;
    }
    xnu::kern_return_t error;
    t->done = semcreate(&error);
    if (!t->done) return Result::error(xnu::EAGAIN);  // KERN_RESOURCE_SHORTAGE or KERN_NO_SPACE: what pthread_create says of them
    // PTHREAD_START_CUSTOM: the stack is ours. Without it the kernel takes its address for a size.
    Result r = sys_bsdthread_create(reinterpret_cast<void*>(thread_main), t, t, t, xnu::PTHREAD_START_CUSTOM);
    if (r.failed()) (void)semdestroy(t->done);
    return r;
}

extern "C" [[noreturn]] void thread_entry(Thread* t, u32 port);
extern "C" void thread_entry(Thread* t, u32 port) {
    set_thread_block(&t->tls);
    t->tls.thread_port = port;
    __atomic_store_n(&t->procid, port, __ATOMIC_RELEASE);
    thread_main(t);
    __builtin_unreachable();
}

void thread_exit(Thread* t) {
    reply_port_drop();
    // No stack to free, the port right that we got at the start goes back, and the joiner's semaphore is signalled.
    (void)sys_bsdthread_terminate(nullptr, 0, t->procid, reinterpret_cast<void*>(static_cast<uptr>(t->done)));
    throw_("bsdthread_terminate returned");
}

void thread_wait(Thread* t) {
    (void)semacquire(t->done, -1);
    xnu::kern_return_t r = semdestroy(t->done);
    if (r != xnu::KERN_SUCCESS) macherror("semaphore_destroy", t->done, r);
}

}  // namespace trapeze
