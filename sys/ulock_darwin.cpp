// SPDX-License-Identifier: BSD-3-Clause
// See sys/darwin/ulock.h. ULF_NO_ERRNO makes the kernel give -errno as the value instead of setting errno and carry: both forms
// are one Result here, so it is the plain one.
#include "sys/darwin/ulock.h"

#include "sys/calls.h"
#include "sys/kernel.h"

namespace trapeze {

Result ulock_wait(const u32* word, u32 value, u32 microseconds) {
    if (!ulock_available()) return Result::error(xnu::ENOSYS);
    return sys_ulock_wait(xnu::UL_COMPARE_AND_WAIT, const_cast<u32*>(word), value, microseconds);
}

Result ulock_wake(const u32* word, bool all) {
    if (!ulock_available()) return Result::error(xnu::ENOSYS);
    return sys_ulock_wake(xnu::UL_COMPARE_AND_WAIT | (all ? xnu::ULF_WAKE_ALL : 0), const_cast<u32*>(word), 0);
}

}  // namespace trapeze
