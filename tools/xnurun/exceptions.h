// SPDX-License-Identifier: BSD-3-Clause
// Exception ports of threads, of the task and of the host, and the message that comes to them before a Unix signal is made of a
// fault: osfmk/kern/exception.c, ipc_tt.c.
#pragma once
#include "tools/xnurun/message.h"
#include "tools/xnurun/rpc.h"
#include "tools/xnurun/thread.h"

#pragma GCC visibility push(hidden)  // see host.h
namespace trapeze {

// The fault that this host signal is goes to whoever has asked for it. True: it was handled, `context` is where to go on.
bool exception_raise(Thread&, HostContext& context, const HostSiginfo&);
bool exception_notify(Thread&, HostContext& context, u32 exception, i64 code, i64 subcode);  // of any other kind
bool exception_wanted(u32 exception);              // the task or the host has a handler for it
constexpr u32 exc_syscall = 7, exc_crash = 10, exc_guard = 12;

// A guard of a port was broken (osfmk/ipc/mach_port.c mach_port_guard_exception): EXC_GUARD, then SIGKILL, when the trap is over,
// in the releases that end such programs, if --xnu chose one: later ones go on, and so does a kernel for all of them.
void guard_broken(u32 name, u64 guard, u32 reason);
void guard_answer(Thread&, HostContext&);
constexpr u32 guard_destroy = 1, guard_mod_refs = 2, guard_set_context = 4, guard_unguarded = 8, guard_incorrect = 16;

void exceptions_release_locked(ExceptionAction*);  // all that a thread has asked for
void fork_child_exceptions();                      // the parent's handlers are out of reach

i32 rpc_set_exception_ports(Rpc&), rpc_get_exception_ports(Rpc&), rpc_swap_exception_ports(Rpc&);  // the object says whose

}  // namespace trapeze
#pragma GCC visibility pop
