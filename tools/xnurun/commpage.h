// SPDX-License-Identifier: BSD-3-Clause
// The commpage is made when it is first looked at: most programs never do, and it takes a quarter of a millisecond of clock to
// measure and instructions that a hypervisor answers. Until then its address is reserved and nothing can be read there; who tries
//   itself, or has the emulator copy from there: faults, and the page is there when the instruction is executed again;
//   has the host copy from there: the host's EFAULT is not believed, and the trap is executed again.
// Rejected: a page with everything but the clock, corrected later: readers on other threads could see time go back.
#pragma once
#include "sys/calltypes.h"
#include "tools/xnurun/trap.h"

#pragma GCC visibility push(hidden)  // see host.h
namespace trapeze {

bool commpage_made();
void commpage_make();                 // any thread, also more than once; takes a lock that nobody waits with
bool commpage_fault(u64 address);     // true: that is why, and now it is there
bool commpage_was_meant(const Trap&, const Call&);  // a trap that gave EFAULT, before the page was made
void commpage_fork_child();

}  // namespace trapeze
#pragma GCC visibility pop
