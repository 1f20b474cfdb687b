// SPDX-License-Identifier: BSD-3-Clause
// Routines on threads and policies that the tables of task and thread_act name: mig_policy.cpp.
#pragma once
#include "tools/xnurun/rpc.h"
#include "tools/xnurun/thread.h"

#pragma GCC visibility push(hidden)  // see host.h
namespace trapeze {

// bsd_thread.cpp. The registers that a new thread begins with, zeroed; then its start: false, it is gone again.
HostContext& thread_first_context(Thread&);
bool thread_launch(Thread&);

i32 rpc_thread_create(Rpc&), rpc_thread_create_running(Rpc&), rpc_thread_terminate(Rpc&), rpc_thread_policy_set(Rpc&);
i32 rpc_thread_policy_get(Rpc&), rpc_task_policy_set(Rpc&), rpc_task_policy_get(Rpc&), rpc_depress_abort(Rpc&);

}  // namespace trapeze
#pragma GCC visibility pop
