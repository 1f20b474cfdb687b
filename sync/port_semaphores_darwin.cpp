// SPDX-License-Identifier: BSD-3-Clause
// In the place of port_choice_darwin.cpp: Mach semaphores on every release.
#include "sync/port_choice.h"

namespace trapeze {

bool port_is_ulock() { return false; }

}  // namespace trapeze
