// SPDX-License-Identifier: BSD-3-Clause
// Linux's part of sys/process.h.
#include "sys/process.h"

#include "sys/calls.h"

namespace trapeze {

Result fork() { return sys_fork(); }

}  // namespace trapeze
