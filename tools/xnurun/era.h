// SPDX-License-Identifier: BSD-3-Clause
// --xnu=ERA: which release answers. Without it calls of every era are there, and what cannot be both ways is as in 10.11.
#pragma once
#include "sys/types.h"

#pragma GCC visibility push(hidden)  // see host.h
namespace trapeze {

struct Call;  // sys/calltypes.h

struct Era {
    const char* name;       // 10.5 ... 15
    u32 xnu;                // major * 1000 + minor, as in the tables
    const char* osrelease;
    const char* osversion;  // the build
    const char* tag;        // of its xnu
    const char* product;
};

constexpr u32 era_10_6 = 1456001, era_10_11 = 3248060, era_10_12 = 3789001, era_10_14 = 4903221, era_13 = 8792041;
extern u32 era;             // its xnu; 0: every era
inline bool era_has(u32 since) { return !era || era >= since; }  // what is there without --xnu

bool era_choose(const char* name);          // false: there is no such era
const Era& era_shown();                     // the chosen one, or 10.11
const Call* call_of_era(const Call* call);  // what the number meant in the era, or null; of every era: its newest call
u32 era_kernel_version(char* to, u32 room); // kern.version; its length

}  // namespace trapeze
#pragma GCC visibility pop
