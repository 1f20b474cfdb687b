// SPDX-License-Identifier: BSD-3-Clause
// Mach-O: static constructors are the pointers in the section __mod_init_func, which tools/machold puts into __TEXT;
// the linker defines its bounds as section$start and section$end.
#include "rt0/rt0.h"

[[gnu::visibility("hidden")]] extern const trapeze::Constructor constructors_first[] asm("section$start$__TEXT$__mod_init_func");
[[gnu::visibility("hidden")]] extern const trapeze::Constructor constructors_last[] asm("section$end$__TEXT$__mod_init_func");

namespace trapeze {

const Constructor* constructors_begin() { return constructors_first; }
const Constructor* constructors_end() { return constructors_last; }

}  // namespace trapeze
