// SPDX-License-Identifier: BSD-3-Clause
// --stats: how often each trap was called and how often refused, and for how long the process ran. Counters are of the process:
// a fork's child begins anew.
#pragma once
#include "sys/calltypes.h"
#include "tools/xnurun/trap.h"

#pragma GCC visibility push(hidden)  // see host.h
namespace trapeze {

extern bool tallying;  // set once by main

void tally_begin();    // also in the child of a fork
void tally(TrapClass, const Call&, bool refused);
void tally_again(TrapClass, const Call&);  // what was counted has not begun, and will be counted then
void tally_fast();     // one has been answered without a signal
void tally_report();   // a line of stderr for each trap that was called, `xnurun: 12 read`, one for those without a signal, one for the time

}  // namespace trapeze
#pragma GCC visibility pop
