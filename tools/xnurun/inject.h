// SPDX-License-Identifier: BSD-3-Clause
// --inject=TRAP:RESULT[:WHEN]: such traps fail without being executed. See inject.cpp for what the parts may be.
#pragma once
#include "sys/calltypes.h"
#include "tools/xnurun/trap.h"

namespace trapeze {

// Adds a rule. Null, or what is wrong with the text.
const char* inject_parse(const char* text);
// True: `answer` is what this trap gets.
bool inject(const Trap&, const Call&, Answer& answer);

}  // namespace trapeze
