// SPDX-License-Identifier: BSD-3-Clause
// The fatal signals of Darwin. A write to a protected page, as a guard is, comes as SIGBUS on XNU (bsd/uxkern/ux_exception.c:
// KERN_PROTECTION_FAILURE), an unmapped address as SIGSEGV; a trap that does not exist as SIGSYS.
#include "sched/crash.h"

namespace trapeze {

const FatalSignal fatal_signals[] = {{xnu::SIGILL, "SIGILL", false}, {xnu::SIGTRAP, "SIGTRAP", false}, {xnu::SIGFPE, "SIGFPE", false},
                                     {xnu::SIGBUS, "SIGBUS", true}, {xnu::SIGSEGV, "SIGSEGV", true}, {xnu::SIGSYS, "SIGSYS", false},
                                     {0, nullptr, false}};

}  // namespace trapeze
