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
constexpr u32 exc_guard = 12;
void exceptions_release_locked(ExceptionAction*);  // all that a thread has asked for
void fork_child_exceptions();                      // the parent's handlers are out of reach

i32 rpc_set_exception_ports(Rpc&), rpc_get_exception_ports(Rpc&), rpc_swap_exception_ports(Rpc&);  // the object says whose

}  // namespace trapeze
#pragma GCC visibility pop
