// SPDX-License-Identifier: BSD-3-Clause
// See sys/linux/memory.h.
#include "sys/calls.h"
#include "sys/linux/memory.h"

namespace trapeze::lnx {

Result mremap(void* at, usize old_size, usize new_size, i32 flags, void* to) {
    return sys_mremap(at, old_size, new_size, static_cast<u32>(flags), to);
}

Result memfd_create(const char* name, u32 flags) { return sys_memfd_create(name, flags); }

}  // namespace trapeze::lnx
