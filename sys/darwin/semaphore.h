// SPDX-License-Identifier: BSD-3-Clause
// Mach semaphores: a count in the kernel, under a port name. Made and destroyed by RPC to the task, waited for and signalled by
// trap. osfmk/mach/semaphore.defs has the same as messages to the semaphore (617200 and on), but only 10.5's kernel serves them:
// from xnu-1456 on the answer is MIG_BAD_ID (osfmk/kern/ipc_kobject.c, mig_e).
// What the traps answer (osfmk/kern/sync_sema.c): INVALID_NAME no such name; INVALID_RIGHT a name without a send right, so also a
// dead one; TERMINATED destroyed; INVALID_ARGUMENT (to Darwin 15) or INVALID_CAPABILITY a port of another kind; waits also ABORTED
// for a signal's handler and OPERATION_TIMED_OUT.
#pragma once
#include "sys/darwin/message.h"

namespace trapeze {

// A new semaphore with count 0, or 0 and the reason in *error. Destroy: its waiters get KERN_TERMINATED.
xnu::mach_port_t semcreate(xnu::kern_return_t* error);
xnu::kern_return_t semdestroy(xnu::mach_port_t semaphore);

// Takes one from the count, waiting for it (deadline on nanotime's clock; negative: for ever). False: the time passed.
// Goes on when a signal interrupted it. A port that is no semaphore ends the program by macherror, here and below.
bool semacquire(xnu::mach_port_t semaphore, i64 deadline);
void semrelease(xnu::mach_port_t semaphore);
// Takes whatever the count holds, without waiting.
void semreset(xnu::mach_port_t semaphore);

// The same and the rest under the kernel's names, for whoever wants the codes. Nothing is retried: a wait gives KERN_ABORTED.
// Times are relative; nanoseconds outside 0..999999999 are KERN_INVALID_VALUE.
constexpr i32 SYNC_POLICY_FIFO = 0, SYNC_POLICY_LIFO = 2;
[[nodiscard]] xnu::kern_return_t semaphore_create(xnu::mach_port_t task, xnu::mach_port_t* semaphore, i32 policy, i32 value);
[[nodiscard]] xnu::kern_return_t semaphore_destroy(xnu::mach_port_t task, xnu::mach_port_t semaphore);
[[nodiscard]] xnu::kern_return_t semaphore_signal(xnu::mach_port_t semaphore);
[[nodiscard]] xnu::kern_return_t semaphore_signal_all(xnu::mach_port_t semaphore);  // wakes all; without waiters nothing is counted
// Wakes that thread, or with thread 0 any; KERN_NOT_WAITING if it does not wait, and nothing is counted.
[[nodiscard]] xnu::kern_return_t semaphore_signal_thread(xnu::mach_port_t semaphore, xnu::mach_port_t thread);
[[nodiscard]] xnu::kern_return_t semaphore_wait(xnu::mach_port_t semaphore);
[[nodiscard]] xnu::kern_return_t semaphore_timedwait(xnu::mach_port_t semaphore, u32 seconds, i32 nanoseconds);
// Signals one and waits for the other as one step.
[[nodiscard]] xnu::kern_return_t semaphore_wait_signal(xnu::mach_port_t wait, xnu::mach_port_t signal);
[[nodiscard]] xnu::kern_return_t semaphore_timedwait_signal(xnu::mach_port_t wait, xnu::mach_port_t signal, u32 seconds, i32 nanoseconds);

}  // namespace trapeze
