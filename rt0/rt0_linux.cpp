// SPDX-License-Identifier: BSD-3-Clause
// ELF: the linker gathers static constructors in .init_array and defines its bounds.
#include "rt0/rt0.h"

extern "C" {
[[gnu::visibility("hidden")]] extern const trapeze::Constructor __init_array_start[];
[[gnu::visibility("hidden")]] extern const trapeze::Constructor __init_array_end[];
}

namespace trapeze {

const Constructor* constructors_begin() { return __init_array_start; }
const Constructor* constructors_end() { return __init_array_end; }

}  // namespace trapeze
