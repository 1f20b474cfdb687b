// SPDX-License-Identifier: BSD-3-Clause
// Which Darwin runs the program, for what changed between releases: N.x is macOS 10.(N-4) up to 10.15, then macOS N-9.
//   12 (10.8)  the _kernelrpc_ traps on ports and memory (xnu-2050)      16 (10.12) ulock_wait, ulock_wake (xnu-3789)
//   13 (10.9)  mach_port_construct, _destruct, _guard (xnu-2422)         18 (10.14) _kernelrpc_mach_port_get_attributes_trap
//   19 (10.15) mach_port_type and _request_notification as traps         22 (13)    mach_msg2_trap (xnu-8792)
//
// It is asked by sysctl kern.osrelease, never found out by trying: a Mach trap that a kernel does not have is SIGSYS, and one that
// it no longer wants (sending by mach_msg_trap from 22 on, osfmk/ipc/ipc_policy.c ipc_policy_allow_legacy_send_trap) is a guard
// exception that kills the process. osinit asks, before there is a second thread, and only in programs that link something which
// wants to know: a program that uses no Mach makes no such call.
#pragma once
#include "sys/types.h"

namespace trapeze {

// Set by osinit, constant from then on.
extern i32 darwin_major;

// osinit's hook: empty unless release_darwin.cpp is linked.
void release_init();

}  // namespace trapeze
