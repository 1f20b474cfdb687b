// SPDX-License-Identifier: BSD-3-Clause
// In the model a broken invariant is a failed run, and a panic too unless the scenario allows it.
#pragma once
#include "model.h"
#include "sys/print.h"
#include "sys/result.h"

namespace trapeze {

[[noreturn]] inline void throw_(const char* reason) { model::fail("throw: %s", reason); }
[[noreturn]] inline void die_errno(const char* what, Result r) { model::fail("%s: errno %d", what, r.err()); }
[[noreturn]] inline void finish(Out&) { model::fail("the program ends with a message"); }
[[noreturn]] inline void panic(const char* message) { model::panicked(message); }

}  // namespace trapeze
