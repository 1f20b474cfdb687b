// SPDX-License-Identifier: BSD-3-Clause
// vfork, up to xnu-7195 (bsd/kern/kern_fork.c fork1 PROC_CREATE_VFORK, vfork_return; later kernels have no such call). There the child has no
// task and no thread: the parent's thread goes on as the child, in the parent's memory, with the parent's ports, until execve or
// _exit, and is then what it was before, with its registers and its signal mask. Descriptors, signal actions, identity, limits and
// number are the child's own.
//
// Here the child is a process of the host in this memory (CLONE_VM), and its parent's host thread sleeps until it has executed or
// ended (CLONE_VFORK). It has a host stack and a Thread of its own, since the parent's frames must survive, and that Thread stands
// in the list for the parent's: whoever asks for the port finds who runs. Its Process (process.h) is its own, so is the host's
// table of descriptors; what the emulator remembers of descriptors stays the parent's. Two things XNU's child could do are refused:
// threads (ENOMEM), which would be the parent's, and kqueues (ENOMEM).
// A child that is killed by force while it holds a lock of the emulator's leaves its parent without it: its SIGKILL must come within a
// few instructions.
#include "sys/darwin/errno.h"
#include "tools/xnurun/credentials.h"
#include "tools/xnurun/descriptors.h"
#include "tools/xnurun/exec.h"
#include "tools/xnurun/handlers.h"
#include "tools/xnurun/kqueue.h"
#include "tools/xnurun/mig_threads.h"
#include "tools/xnurun/ports.h"
#include "tools/xnurun/signal.h"

namespace trapeze {
namespace {

constexpr u64 process_size = (sizeof(Process) + 4095) & ~4095ull;

// What a thread is to the guest; the rest is its place in the host.
void copy_state(Thread& to, const Thread& from) {
    to.altstack = from.altstack;
    to.on_altstack = from.on_altstack;
    to.cancel = from.cancel, to.cancelled = from.cancelled, to.cancel_disabled = from.cancel_disabled;
    to.signals_disabled = from.signals_disabled;
    to.port = from.port;
    to.special_port = from.special_port;
    to.has_special_port = from.has_special_port;
    to.special_reply_port = from.special_reply_port;
    to.gs_base = from.gs_base;
    for (u32 i = 0; i < exception_types; i++) to.exceptions[i] = from.exceptions[i];
    to.policy_fixed = from.policy_fixed;
    to.policy_importance = from.policy_importance, to.policy_affinity = from.policy_affinity;
}

// First code of the child, all signals masked, on a host stack of its own.
void begin(void* argument) {
    Thread& t = *static_cast<Thread*>(argument);
    HostContext& context = *t.context;
    t.process->pid = t.tid = static_cast<i32>(host(lnx::SYS_gettid));
    arm_thread(t);
    vfork_child_kqueues();
    vfork_child_descriptors();
    identity_of_process(t);
    t.assumed = false;
    context.uc_mcontext.rax = static_cast<u64>(t.tid);
    stop_while_suspended(t, context);
    context.uc_sigmask = thread_host_mask(t);
    enter_guest(&context);
}

}  // namespace

Answer bsd_vfork(Trap& trap) {
    Thread& me = trap.thread;
    if (me.process->vforked) return fail(xnu::EINVAL);
    const i64 memory = host(lnx::SYS_mmap, 0, process_size, lnx::PROT_READ | lnx::PROT_WRITE, lnx::MAP_PRIVATE | lnx::MAP_ANON, -1, 0);
    Thread* child = host_failed(memory) ? nullptr : thread_new();
    if (!child) {
        if (!host_failed(memory)) host(lnx::SYS_munmap, memory, process_size);
        return fail(xnu::ENOMEM);
    }
    u64 all = ~0ull, old;
    host(lnx::SYS_rt_sigprocmask, lnx::SIG_SETMASK, &all, &old, 8);
    Process& own = *reinterpret_cast<Process*>(memory);
    {
        Locked hold(identity_lock);
        Locked and_signals(signal_lock);
        own = *me.process;
    }
    own.vforked = true;
    child->process = &own;
    child->mask = me.mask;
    child->identity_number = me.identity_number;
    child->assumed = me.assumed;
    copy_state(*child, me);
    thread_first_context(*child).uc_mcontext = trap.context.uc_mcontext;
    HostContext& context = *child->context;
    context.uc_flags = trap.context.uc_flags;
    context.uc_mcontext.rdx = 1;
    context.uc_mcontext.eflags &= ~1ull;
    thread_list_replace(me, *child);

    constexpr u64 how = lnx::CLONE_VM | 0x4000 | lnx::CLONE_SETTLS | lnx::SIGCHLD;  // CLONE_VFORK
    i32 unused;
    const i64 r = host_clone(how, child->fast_frame, begin, child, child, &unused);

    copy_state(me, *child);
    thread_list_replace(*child, me);
    if (child->image) exec_image_free(child->image);
    thread_free(child);
    host(lnx::SYS_munmap, memory, process_size);
    if (!host_failed(r)) {
        Locked hold(kqueue_lock);
        kqueue_forked();
    }
    host(lnx::SYS_rt_sigprocmask, lnx::SIG_SETMASK, &old, 0, 8);
    return from_host(r);
}

}  // namespace trapeze
