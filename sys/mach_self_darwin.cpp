// SPDX-License-Identifier: BSD-3-Clause
// The names of the task's own port and the host's. A file of its own: fork resets them, and need not know of messages.
#include "sys/calls.h"
#include "sys/darwin/mach.h"
#include "sys/kernel.h"

namespace trapeze {

using namespace xnu;

namespace {

mach_port_t task_name, host_name;  // 0 until asked for; every thread gets the same, so whoever stores is right

mach_port_t name_of(mach_port_t* name, mach_port_t (*ask)()) {
    mach_port_t known = __atomic_load_n(name, __ATOMIC_RELAXED);
    if (!known) __atomic_store_n(name, known = ask(), __ATOMIC_RELAXED);
    return known;
}

}  // namespace

mach_port_t mach_task_self() { return name_of(&task_name, sys_task_self_trap); }
mach_port_t mach_host_self() { return name_of(&host_name, sys_host_self_trap); }

// The child has one thread, this one.
void mach_forked() { task_name = host_name = tls()->reply_port = tls()->thread_port = 0; }

}  // namespace trapeze
