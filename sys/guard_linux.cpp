// SPDX-License-Identifier: BSD-3-Clause
// Guard pages on Linux: a guard marker in the page table where the kernel has it (6.13: no mapping of its own, so that
// vm.max_map_count, 65,530, does not bound the number of stacks), else PROT_NONE. Which one is found out once, by the
// first call's EINVAL: an unknown advice changes nothing.
#include "sys/calls.h"
#include "sys/os.h"

namespace trapeze {

Result pages_guard(void* at, usize n) {
    static bool no_marker;  // set at most once, to true: a race costs one more failing call
    if (!__atomic_load_n(&no_marker, __ATOMIC_RELAXED)) {
        Result r = sys_madvise(at, n, lnx::MADV_GUARD_INSTALL);
        if (r.err() != lnx::EINVAL) return r;
        __atomic_store_n(&no_marker, true, __ATOMIC_RELAXED);
    }
    return sys_mprotect(at, n, lnx::PROT_NONE);
}

}  // namespace trapeze
