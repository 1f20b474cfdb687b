// SPDX-License-Identifier: BSD-3-Clause
// What the tables' column `xnurun` says of a row (tools/abi_gen/verdict.py). The arrays are in the generated dispatch.h: those
// of traps by Call::row, that of MIG routines in the order of their ids.
#pragma once
#include "tools/xnurun/trap.h"

namespace trapeze {

enum class Sigsys : u8 { never, always, in_10_5 };

struct Verdict {
    TrapHandler handler;  // null and no refusal: missing
    i32 refused;          // errno or kern_return_t
    bool loud;            // told on stderr, once: XNU would not refuse it
    const char* reason;
    Sigsys sigsys;        // what refuses it is XNU's nosys
};

enum class Routine : u8 { missing, emulated, passed, refused, sent };
struct RoutineVerdict {
    i32 id;
    u32 since, until;     // as in Call
    Routine what;
    const char* name;
    i32 refused;
    bool loud;
    const char* reason;
};

}  // namespace trapeze
