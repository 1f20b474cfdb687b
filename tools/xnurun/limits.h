// SPDX-License-Identifier: BSD-3-Clause
// Limits that the emulator keeps for the program, on their way to its next image. See bsd_limits.cpp.
#pragma once
#include "sys/types.h"

#pragma GCC visibility push(hidden)  // see host.h
namespace trapeze {

constexpr u32 limits_text = 96;
bool limits_write(char* text);         // false: none is kept
void limits_read(const char* text);    // what limits_write wrote
void limits_for_native(bool leaving);  // a host's program has them from the host, as far as it has them

}  // namespace trapeze
#pragma GCC visibility pop
