// SPDX-License-Identifier: BSD-3-Clause
// bsdthread_register, bsdthread_create, bsdthread_terminate, thread_selfid and machdep call 3, without --xnu as 10.11 has them
// (libpthread-138 kern/kern_support.c, xnu-3248): rsp of a new thread is its stack less the red zone (from 10.15 its stack); without
// PTHREAD_START_CUSTOM the stack argument is a size that the kernel allocates, however absurd (from 10.14 EINVAL).
//
// Flags of create: CUSTOM and SUSPENDED alone matter here; policy and QoS are accepted and have no effect.
#include "sys/darwin/errno.h"
#include "tools/xnurun/era.h"
#include "tools/xnurun/handlers.h"
#include "tools/xnurun/memory.h"
#include "tools/xnurun/mig_threads.h"
#include "tools/xnurun/ports.h"
#include "tools/xnurun/process.h"
#include "tools/xnurun/semaphore.h"
#include "tools/xnurun/signal.h"

namespace trapeze {
namespace {

constexpr u64 redzone = 128;
// PTHREAD_FEATURE_SUPPORTED of libpthread's kern/kern_internal.h, which callers without libpthread do not look at; 0 before there was one.
i64 features() {
    if (era && era < 2422001) return 0;
    if (era_has(8019041) && era) return 0x400001df;       // libpthread-486 and later: COOPERATIVE_WORKQ
    return era >= era_10_12 ? 0x400000df : 0x4000003f;    // libpthread-301: KEVENT has another number, WORKLOOP; libpthread-138
}

bool registered;
u64 thread_start;
i32 pthread_size;

bool canonical(u64 address) { return static_cast<i64>(address << 16) >> 16 == static_cast<i64>(address); }

// First code of the host thread, on its own host stack. A signal that comes now is recorded, and delivered by begin_guest.
void begin(void* argument) {
    Thread& t = *static_cast<Thread*>(argument);
    arm_thread(t);
    HostContext& context = *t.context;
    stop_while_suspended(t, context);
    context.uc_sigmask = thread_host_mask(t);
    begin_guest(&context);
}

}  // namespace

// At the top of the host stack, where begin_guest wants it.
HostContext& thread_first_context(Thread& t) {
    HostContext& c = *reinterpret_cast<HostContext*>(t.fast_frame);
    init_host_context(t, c);
    t.context = &c;  // it counts as inside a trap until it runs
    return c;
}

bool thread_launch(Thread& t) {
    const Thread& maker = self();
    if (maker.process->vforked) return false;  // it would be a thread of the parent's, which the host cannot make here
    t.process = maker.process;
    t.identity_number = maker.identity_number;
    t.assumed = maker.assumed;
    float_state_born(t);
    thread_list_add(t);
    t.on_stack = 1;
    const i64 r = host_clone(thread_clone_flags, t.fast_frame, begin, &t, &t, &t.tid);
    if (!host_failed(r)) return true;
    t.on_stack = 0;
    thread_list_remove(t);
    threads_started--;
    port_thread_ended(t);
    thread_free(&t);
    return false;
}

Answer bsd_bsdthread_register(Trap& trap) {
    const i32 size = trap.i(2);
    if (size < 0 || size > 64 * 1024) return fail(xnu::EINVAL);
    if (registered && era_has(era_10_6)) return fail(xnu::EINVAL);  // 10.5 takes the new one
    if (const u64 data = era_has(2782001) ? trap.w(3) : 0) {  // a block whose first word is its own size
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
    return ok(features());
}

Answer bsd_bsdthread_create(Trap& trap) {
    if (!registered && era_has(era_10_6)) return fail(xnu::EINVAL);
    const u64 function = trap.w(0), argument = trap.w(1), stack = trap.w(2);
    const u32 flags = trap.u(4);
    u64 pthread = trap.w(3), top = stack;
    if (!(flags & xnu::PTHREAD_START_CUSTOM)) {
        if (era >= 4903221) return fail(xnu::EINVAL);  // libpthread-330
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

    HostContext& c = thread_first_context(*t);
    lnx::sigcontext& regs = c.uc_mcontext;
    regs.rip = thread_start;
    regs.rdi = pthread;
    regs.rsi = name;
    regs.rdx = function;
    regs.rcx = argument;
    regs.r8 = stack;
    regs.r9 = flags & ~xnu::PTHREAD_START_SUSPENDED;
    regs.rsp = era >= 6153011 ? top : top - redzone;  // libpthread-416
    if (!canonical(regs.rip) || !canonical(regs.rsp)) regs.rip = regs.rsp = 0;  // XNU leaves the zeroed state
    if (flags & xnu::PTHREAD_START_SUSPENDED) t->suspend_count = 1;

    if (!thread_launch(*t)) {
        port_release_send(name);
        return fail(xnu::ENOMEM);
    }
    return ok(static_cast<i64>(pthread));
}

// LP order: stack, semaphore, port. To 10.13 a stack that is none is EINVAL, and the thread lives on; a semaphore that is none ends the
// thread all the same, but its port stays. From 10.12 on the main thread's stack is made inaccessible only. From xnu-8020.101 on
// the last argument may be the address on which who joins it waits: names end in binary 11.
Answer bsd_bsdthread_terminate(Trap& trap) {
    const u64 stack = trap.w(0), size = trap.w(1), joiners = trap.w(3);
    const bool strict_about_failures = era < era_10_14;
    if (stack && size && stack + size < stack) {
        if (strict_about_failures) return fail(xnu::EINVAL);
    } else if (stack && size) {
        if (trap.thread.is_main && era >= era_10_12) guest_protect_none(stack & ~4095ull, (size - 1) & ~4095ull);
        else guest_unmap(stack, size);
    }
    if (joiners && joiners != (static_cast<u32>(joiners) | 3) && era_has(8020101)) {
        ulock_wake_joiners(joiners);
    } else if (trap.u(3) && semaphore_signal_name(trap.u(3)) && strict_about_failures) {
        thread_end(trap.thread);
    }
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
