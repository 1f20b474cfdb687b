// SPDX-License-Identifier: BSD-3-Clause
// In the model a broken invariant is a failed run.
#pragma once
#include <string>

#include "explorer.h"

namespace trapeze {

[[noreturn]] inline void throw_(const char* reason) { model::fail(std::string("throw: ") + reason); }
[[noreturn]] inline void panic(const char* message) { model::panicked(message); }

}  // namespace trapeze
