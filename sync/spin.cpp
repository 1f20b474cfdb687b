// SPDX-License-Identifier: BSD-3-Clause
// Whether spinning can pay; see atomic.h. A file of its own: programs may replace lock.cpp by lock_checked.cpp.
#include "sync/atomic.h"

namespace trapeze {

bool one_cpu;

}  // namespace trapeze
