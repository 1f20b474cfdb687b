// SPDX-License-Identifier: BSD-3-Clause
// Where code compiled with -fstack-protector ends up when a function's canary changed.
#include "sys/panic.h"

extern "C" [[noreturn]] void __stack_chk_fail();
extern "C" void __stack_chk_fail() { trapeze::throw_("stack smashing detected: a function wrote beyond its local array"); }
