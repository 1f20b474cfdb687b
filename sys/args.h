// SPDX-License-Identifier: BSD-3-Clause
// Arguments and environment, as the kernel left them on the first stack. Set once by rt0 before anything else runs;
// read-only afterwards, so no lock. Nothing here blocks or allocates.
#pragma once
#include "sys/types.h"

namespace trapeze {

// Called by rt0: argc and the kernel's vector argv[0..argc], NULL, environment, NULL, then auxv (Linux) or apple[] (Darwin).
[[gnu::cold]] void args(i32 argc, char** argv);

i32 argc();
char** argv();
char** envp();
[[gnu::cold]] void* after_envp();  // Linux: auxv pairs; Darwin: apple[] strings

// The value of the environment variable, or null. The first one wins if the name is there twice.
[[gnu::cold]] const char* getenv(const char* name);

// A whole string of decimal digits, with an optional sign, that fits: stores it and returns true.
// "", "12x", " 1" and what overflows are no numbers: false, and *out is untouched.
bool atoi(const char* text, i64* out);

}  // namespace trapeze
