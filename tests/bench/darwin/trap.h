// SPDX-License-Identifier: BSD-3-Clause
// See trap.cpp.
#pragma once
#include "sys/calls.h"
#include "sys/darwin/semaphore.h"
#include "sys/darwin/types.h"

inline void trap_time() {
    trapeze::xnu::timeval now;
    (void)trapeze::sys_gettimeofday(&now, nullptr, nullptr);
}

inline void trap_wake() {
    static trapeze::xnu::kern_return_t error;
    static const trapeze::u32 semaphore = trapeze::semcreate(&error);
    (void)trapeze::sys_semaphore_signal_trap(semaphore);
}
