// SPDX-License-Identifier: BSD-3-Clause
// See trap.cpp.
#pragma once
#include "sys/calls.h"
#include "sys/linux/types.h"

inline void trap_time() {
    trapeze::lnx::timeval now;
    (void)trapeze::sys_gettimeofday(&now, nullptr);
}

inline void trap_wake() {
    static trapeze::u32 word;
    (void)trapeze::sys_futex(&word, trapeze::lnx::FUTEX_WAKE | trapeze::lnx::FUTEX_PRIVATE_FLAG, 1, nullptr, nullptr, 0);
}
