// SPDX-License-Identifier: BSD-3-Clause
// The auxiliary vector that Linux puts behind the environment.
#pragma once
#include "sys/types.h"

namespace trapeze {

// The value of the entry (lnx::AT_...), or 0 if the kernel gave none.
u64 auxval(u64 type);

}  // namespace trapeze
