// SPDX-License-Identifier: BSD-3-Clause
// The places in the program's code that --fast rewrites, and their stubs. See fast_sites.cpp.
#pragma once
#include "tools/xnurun/macho.h"
#include "tools/xnurun/host.h"

#pragma GCC visibility push(hidden)  // see host.h
namespace trapeze {

struct FastSite {
    u64 at;      // of the instruction that becomes a jump
    u32 length;  // from there to the syscall: what the stub does in its place
};

const char* init_fast_sites(const MachoPlan&);                          // or why there can be none
bool fast_recognise(u64 syscall, const lnx::sigcontext&, FastSite&);    // as the code stands, and the registers at the trap
void fast_rewrite(const FastSite&);
// rip in a stub: where the program stands. False: it is in none.
bool fast_in_stub(u64 rip, u64& program);
bool fast_breakpoint(u64 rip);  // the int3 before it was put there by a rewriting, which may be over by now

}  // namespace trapeze
#pragma GCC visibility pop
