// SPDX-License-Identifier: BSD-3-Clause
// Darwin's part of sys/process.h.
#include "sys/process.h"

#include "sys/calls.h"
#include "sys/darwin/mach.h"

namespace trapeze {

// rax is the child's number in the parent and the parent's in the child, where rdx is 1 (bsd/kern/kern_fork.c fork,
// bsd/dev/i386/systemcalls.c). The child's port names are a fresh space (osfmk/kern/ipc_tt.c ipc_task_init): the thread
// forgets its own, and mach_task_self the task's.
Result fork() {
    const Result2 r = sys_fork();
    if (r.failed() || !r.second) return {r.raw};
    Tls* t = tls();
    t->reply_port = t->thread_port = 0;
    t->sema = 0;
    t->at_exit = nullptr;
    mach_forked();
    return {0};
}

}  // namespace trapeze
