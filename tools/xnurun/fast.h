// SPDX-License-Identifier: BSD-3-Clause
// --fast: hot traps without a host signal. See fast.cpp; the program's code and the stubs are in fast_sites.cpp.
#pragma once
#include "tools/xnurun/macho.h"
#include "tools/xnurun/thread.h"

#pragma GCC visibility push(hidden)  // see host.h
namespace trapeze {

void init_fast(const MachoPlan&, u32 often);   // sites are rewritten from now on, after so many traps; or a line of stderr says why not
bool fast_wanted();
void fast_count(const lnx::sigcontext&);       // a trap has come by the host signal: regs as they were at it
bool hits_fast(u64 base, u64 size);            // the stubs lie there: to the program a hole in its map
u64 fast_area_low(), fast_area_high();
void fast_text_changes(u64 base, u64 size);    // before a part of the map is replaced, protected or shared
extern HostLock fast_lock;                     // taken last; a fork holds it

// A host signal came on the way into or out of the emulator: the context becomes one that XNU could show.
enum class FastSignal : u8 {
    elsewhere,  // nothing of this file's: the context is as it was
    guest,      // the registers are the guest's now, and the signal is for it
    own,        // the same, but the signal was only the means
};
FastSignal fast_signal(i32 number, lnx::sigcontext&);

// f(at, size) for the parts of a range that are the program's.
template <class F>
void around_fast(u64 at, u64 size, F f) {
    if (!hits_fast(at, size)) return f(at, size);
    const u64 low = fast_area_low(), high = fast_area_high();
    if (at < low) f(at, low - at);
    if (at + size > high) f(high, at + size - high);
}

extern "C" {
void fast_entry();
void fast_trap(HostContext*);
extern const u8 fast_entry_switched[], fast_leave_begin[], fast_leave_jump[], fast_leave_trap[], fast_leave_end[];
}

}  // namespace trapeze
#pragma GCC visibility pop
