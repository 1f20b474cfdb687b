// SPDX-License-Identifier: BSD-3-Clause
// Waiting on a word of memory, from Darwin 16 (macOS 10.12) on: ulock_wait and ulock_wake of bsd/kern/sys_ulock.c, with
// UL_COMPARE_AND_WAIT. Before, ulock_available says no, and both calls answer ENOSYS without a trap: there it is a number that no
// call has, and SIGSYS. A sync layer that sleeps on these instead of on Mach semaphores would ask in the same place.
#pragma once
#include "sys/darwin/release.h"
#include "sys/result.h"

namespace trapeze {
namespace xnu {

constexpr u32 UL_COMPARE_AND_WAIT = 1, UL_UNFAIR_LOCK = 2;
constexpr u32 UL_COMPARE_AND_WAIT_SHARED = 3, UL_COMPARE_AND_WAIT64 = 5;  // from Darwin 20 on; SHARED 19
constexpr u32 ULF_WAKE_ALL = 0x100, ULF_WAKE_THREAD = 0x200, ULF_NO_ERRNO = 0x01000000;

}  // namespace xnu

inline bool ulock_available() { return darwin_major >= 16; }

// Sleeps while *word == value, until a wake, at most `microseconds` (0: for ever). The value is how many still wait. A word
// that differs is success at once; a wake without reason is possible, so look again.
// EINTR: a handler ran (nothing is retried: the time is relative). ETIMEDOUT. EFAULT: the word's page is not in memory, or no
// memory; touch it and call again. EINVAL: not 4-aligned, or null. ENOMEM. ENOSYS: Darwin before 16.
Result ulock_wait(const u32* word, u32 value, u32 microseconds);

// Wakes one waiter, or all. ENOENT: nobody waits. EINVAL, ENOSYS.
Result ulock_wake(const u32* word, bool all);

}  // namespace trapeze
