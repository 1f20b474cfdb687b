// SPDX-License-Identifier: BSD-3-Clause
// --strict: pointers of a trap that C++ would not let be what the table says that they are. See alignment.cpp.
#pragma once
#include "sys/darwin/calldata.h"
#include "tools/xnurun/trap.h"

namespace trapeze {

// The trap is over. Says what it finds, once for a call and place in the program; changes nothing.
void check_alignment(const Trap&, const Call&, const Answer&);

}  // namespace trapeze
