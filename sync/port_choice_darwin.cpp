// SPDX-License-Identifier: BSD-3-Clause
// See port_choice.h. By the release that osinit asked for, never by trying: a call that the kernel has not is SIGSYS.
#include "sync/port_choice.h"

#include "sys/darwin/ulock.h"

namespace trapeze {

bool port_is_ulock() { return ulock_available(); }

}  // namespace trapeze
