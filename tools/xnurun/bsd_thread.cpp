// SPDX-License-Identifier: BSD-3-Clause
// bsdthread_register, bsdthread_create, bsdthread_terminate, thread_selfid and machdep call 3, as the 10.11 era has them
// (libpthread-138 kern/kern_support.c, xnu-3248): rsp of a new thread is its stack less the red zone; without
// PTHREAD_START_CUSTOM the stack argument is a size that the kernel allocates, however absurd.
//
// Flags of create: CUSTOM and SUSPENDED alone matter here; policy and QoS are accepted and have no effect.
#include "sys/darwin/errno.h"
#include "tools/xnurun/handlers.h"
#include "tools/xnurun/memory.h"
#include "tools/xnurun/mig_threads.h"
#include "tools/xnurun/ports.h"
#include "tools/xnurun/semaphore.h"
#include "tools/xnurun/signal.h"

namespace trapeze {
namespace {

constexpr u64 redzone = 128;
// DISPATCHFUNC, FINEPRIO, BSDTHREADCTL, SETSELF, QOS_MAINTENANCE, QOS_DEFAULT: callers look at the carry flag only.
constexpr i64 features = 0x4000001f;

bool registered;
u64 thread_start;
i32 pthread_size;

bool canonical(u64 address) { return static_cast<i64>(address << 16) >> 16 == static_cast<i64>(address); }

// First code of the host thread, all signals masked, on its own host stack. enter_guest takes the stack over.
void begin(void* argument) {
    Thread& t = *static_cast<Thread*>(argument);
    arm_thread(t);
    HostContext& context = *reinterpret_cast<HostContext*>(t.region + 0x1000);
    stop_while_suspended(t, context);
    context.uc_sigmask = thread_host_mask(t);
    enter_guest(&context);
}

}  // namespace

HostContext& thread_first_context(Thread& t) {
    HostContext& c = *reinterpret_cast<HostContext*>(t.region + 0x1000);
    init_host_context(t, c);
    t.context = &c;  // it counts as inside a trap until it runs
    return c;
}

bool thread_launch(Thread& t) {
    thread_list_add(t);
    u64 all = ~0ull, old;
    host(lnx::SYS_rt_sigprocmask, lnx::SIG_SETMASK, &all, &old, 8);
    const u64 share = lnx::CLONE_VM | lnx::CLONE_FS | lnx::CLONE_FILES | lnx::CLONE_SIGHAND | lnx::CLONE_THREAD |
                      lnx::CLONE_SYSVSEM | lnx::CLONE_SETTLS | lnx::CLONE_PARENT_SETTID;
    const i64 r = host_clone(share, reinterpret_cast<u64>(&t), begin, &t, &t, &t.tid);
    host(lnx::SYS_rt_sigprocmask, lnx::SIG_SETMASK, &old, 0, 8);
    if (!host_failed(r)) return true;
    thread_list_remove(t);
    threads_started--;
    port_thread_ended(t);
    thread_free(&t);
    return false;
}

Answer bsd_bsdthread_register(Trap& trap) {
    const i32 size = trap.i(2);
    if (size < 0 || size > 64 * 1024) return fail(xnu::EINVAL);
    if (registered) return fail(xnu::EINVAL);
    if (const u64 data = trap.w(3)) {  // a block whose first word is its own size
        u64 words[7] = {};
        u64 length = trap.w(4);
        if (length < 8) return fail(xnu::EINVAL);
        if (length > sizeof words) length = sizeof words;
        if (!copyin(words, data, length)) return fail(xnu::EFAULT);
        if (words[0] != trap.w(4)) return fail(xnu::EINVAL);
        if (!copyout(words, data, length)) return fail(xnu::EFAULT);
    }
    registered = true;
    thread_start = trap.w(0);
    pthread_size = size;
    return ok(features);
}

Answer bsd_bsdthread_create(Trap& trap) {
    if (!registered) return fail(xnu::EINVAL);
    const u64 function = trap.w(0), argument = trap.w(1), stack = trap.w(2);
    const u32 flags = trap.u(4);
    u64 pthread = trap.w(3), top = stack;
    if (!(flags & xnu::PTHREAD_START_CUSTOM)) {
        // size + guard + pthread structure; the guard lies lowest
        const u64 total = ((stack + 4095) & ~4095ull) + 4096 + ((static_cast<u64>(pthread_size) + 4095) & ~4095ull);
        u64 base = 0;
        if (total < stack || !guest_allocate(total, base)) return fail(xnu::ENOMEM);
        guest_protect_none(base, 4096);
        top = pthread = base + ((stack + 4095) & ~4095ull) + 4096;
    }
    Thread* t = thread_new();
    if (!t) return fail(xnu::ENOMEM);
    t->mask = trap.thread.mask;
    u32 name;
    if (!port_new_thread(*t, name)) {
        thread_free(t);
        return fail(xnu::EMFILE);
    }

    // The lowest page of the host stack holds the first register state: enter_guest frees it by leaving it.
    HostContext& c = thread_first_context(*t);
    lnx::sigcontext& regs = c.uc_mcontext;
    regs.rip = thread_start;
    regs.rdi = pthread;
    regs.rsi = name;
    regs.rdx = function;
    regs.rcx = argument;
    regs.r8 = stack;
    regs.r9 = flags & ~xnu::PTHREAD_START_SUSPENDED;
    regs.rsp = top - redzone;
    if (!canonical(regs.rip) || !canonical(regs.rsp)) regs.rip = regs.rsp = 0;  // XNU leaves the zeroed state
    if (flags & xnu::PTHREAD_START_SUSPENDED) t->suspend_count = 1;

    if (!thread_launch(*t)) {
        port_release_send(name);
        return fail(xnu::ENOMEM);
    }
    return ok(static_cast<i64>(pthread));
}

// LP order: stack, semaphore, port. Failures are nobody's business: the thread is going.
Answer bsd_bsdthread_terminate(Trap& trap) {
    const u64 stack = trap.w(0), size = trap.u(1);
    if (stack && size) guest_unmap(stack, size);
    if (trap.u(3)) (void)semaphore_signal_name(trap.u(3));
    if (trap.u(2)) (void)port_release_send(trap.u(2));
    thread_end(trap.thread);
}

Answer bsd_thread_selfid(Trap& trap) { return ok(trap.thread.tid); }

// thread_fast_set_cthread_self64: the new GS base; the result is the selector USER_CTHREAD, no kern_return_t.
Answer mdep_set_gs_base(Trap& trap) {
    set_gs_base(trap.thread, canonical(trap.w(0)) && static_cast<i64>(trap.w(0)) >= 0 ? trap.w(0) : 0);
    return kern(0x0f);
}

}  // namespace trapeze
