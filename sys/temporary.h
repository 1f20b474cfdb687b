// SPDX-License-Identifier: BSD-3-Clause
// Files and directories with a name that nobody has yet, for tests and for what is written beside its target and renamed.
//
// The path ends in a run of X's, which become letters and digits. Making it is exclusive (O_EXCL, mkdir), so the name is ours
// even if somebody guesses it; it is mixed from the clock's lowest bits and the process's number, not secret.
#pragma once
#include "sys/result.h"

namespace trapeze {

// The descriptor, read and write, mode 0600. EINVAL: fewer than six X's; EEXIST: a hundred names were taken.
Result make_temporary(char* path);
// A directory of mode 0700.
Result make_temporary_dir(char* path);

}  // namespace trapeze
