// SPDX-License-Identifier: BSD-3-Clause
// The options of this run, as its own execve hands them on to the next image. Set once by main.
#pragma once
#include "sys/types.h"

#pragma GCC visibility push(hidden)  // see host.h
namespace trapeze {

constexpr u32 max_run_options = 64;
extern const char* run_options[max_run_options];  // without --program=PATH and --
extern u32 run_option_count;
extern bool strict;  // what XNU checks and the lenient mode forgives is checked

}  // namespace trapeze
#pragma GCC visibility pop
