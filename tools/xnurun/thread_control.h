// SPDX-License-Identifier: BSD-3-Clause
// Threads at others' command: osfmk/kern/thread_act.c. `thread` is a thread's port; all give a kern_return_t.
#pragma once
#include "tools/xnurun/thread.h"

namespace trapeze {

struct ThreadState64 {  // x86_thread_state64_t
    u64 rax, rbx, rcx, rdx, rdi, rsi, rbp, rsp, r8, r9, r10, r11, r12, r13, r14, r15, rip, rflags, cs, fs, gs;
};
static_assert(sizeof(ThreadState64) == 168);

void threads_halt();               // no other thread runs guest code any more; nothing but threads_go may be halted twice
void threads_go();
i32 thread_suspend(Port* thread);  // returns when it runs no more guest code
i32 thread_resume(Port* thread);
i32 thread_terminate(Port* thread);  // it ends on its way back to guest code; a wait in the host is aborted for it
i32 thread_abort(Port* thread);    // what it waits in ends as by a signal, without one
i32 thread_get_state(Port* thread, i32 flavor, u32* words, u32& count);  // thread_state.h
i32 thread_set_state(Port* thread, i32 flavor, const u32* words, u32 count);

}  // namespace trapeze
