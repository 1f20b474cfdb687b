// SPDX-License-Identifier: BSD-3-Clause
// --fast: hot traps without a host signal. See fast.cpp.
#pragma once
#include "tools/xnurun/macho.h"
#include "tools/xnurun/thread.h"

#pragma GCC visibility push(hidden)  // see host.h
namespace trapeze {

void init_fast(const MachoPlan&);              // from now on sites are counted and rewritten; or a line of stderr says why not
void fast_count(const lnx::sigcontext&);       // a trap has come by the host signal: regs as they were at it
bool hits_fast(u64 base, u64 size);            // the stubs lie there, which are not the guest's
void fast_fork_child();

// A host signal came on the way into or out of the emulator: the context becomes one that XNU could show.
enum class FastSignal : u8 {
    elsewhere,  // nothing of this file's: the context is as it was
    guest,      // the registers are the guest's now, and the signal is for it
    own,        // the same, but the signal was only the means
};
FastSignal fast_signal(i32 number, lnx::sigcontext&);

extern "C" {
void fast_entry();
void fast_trap(HostContext*);
extern const u8 fast_entry_switched[], fast_leave_begin[], fast_leave_jump[], fast_leave_trap[], fast_leave_end[];
}

}  // namespace trapeze
#pragma GCC visibility pop
