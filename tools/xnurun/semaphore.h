// SPDX-License-Identifier: BSD-3-Clause
// Mach semaphores with XNU's counts and results (osfmk/kern/sync_sema.c), on the waiters' own futex words.
#pragma once
#include "tools/xnurun/ports.h"
#include "sys/darwin/errno.h"
#include "tools/xnurun/trap.h"

namespace trapeze {

// FIFO, or LIFO by its policy. A waiter that was taken off the queue owns its wake-up: Thread::wake says why.
struct Semaphore {
    i32 count;
    bool lifo;
    Thread* first;
    Thread* last;
    Port* port;
    Semaphore* next_free;
};

i32 semaphore_create_port(i32 policy, i32 value, Port*& port);  // kern_return_t; with a send right in flight
void semaphore_destroy(Port*);                           // waiters get KERN_TERMINATED
i32 semaphore_signal_name(u32 name);
i32 semaphore_signal_port(Port*, bool all);
u32 semaphores_living();
void fork_child_semaphores();

}  // namespace trapeze
