// SPDX-License-Identifier: BSD-3-Clause
// What only Linux can do with memory.
#pragma once
#include "sys/linux/mm.h"
#include "sys/result.h"

namespace trapeze::lnx {

// Grows or shrinks a mapping, moving it if MREMAP_MAYMOVE allows; its address. ENOMEM: no room here; EFAULT: nothing mapped there.
Result mremap(void* at, usize old_size, usize new_size, i32 flags, void* to = nullptr);

// A file without a name, of size 0, in memory: MFD_CLOEXEC, MFD_ALLOW_SEALING. EINVAL: a name of more than 249 bytes.
Result memfd_create(const char* name, u32 flags);

}  // namespace trapeze::lnx
