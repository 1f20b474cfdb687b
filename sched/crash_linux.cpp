// SPDX-License-Identifier: BSD-3-Clause
// The fatal signals of Linux.
#include "sched/crash.h"

namespace trapeze {

const FatalSignal fatal_signals[] = {{lnx::SIGILL, "SIGILL", false}, {lnx::SIGTRAP, "SIGTRAP", false}, {lnx::SIGBUS, "SIGBUS", true},
                                     {lnx::SIGFPE, "SIGFPE", false}, {lnx::SIGSEGV, "SIGSEGV", true}, {0, nullptr, false}};

}  // namespace trapeze
