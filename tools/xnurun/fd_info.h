// SPDX-License-Identifier: BSD-3-Clause
// What proc_info says of one descriptor.
#pragma once
#include "tools/xnurun/trap.h"

#pragma GCC visibility push(hidden)  // see host.h
namespace trapeze {

Answer fd_info(i32 pid, u32 flavor, i32 fd, u64 to, u32 size);

}  // namespace trapeze
#pragma GCC visibility pop
