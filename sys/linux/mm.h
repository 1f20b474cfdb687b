// SPDX-License-Identifier: BSD-3-Clause
// Linux/amd64: memory. Source: include/uapi/asm-generic/mman-common.h, mman.h; arch/x86/include/uapi/asm/mman.h;
// include/uapi/linux/mman.h, memfd.h.
#pragma once
#include "sys/types.h"

namespace trapeze::lnx {

constexpr i32 PROT_NONE = 0, PROT_READ = 1, PROT_WRITE = 2, PROT_EXEC = 4;
constexpr i32 MAP_SHARED = 1, MAP_PRIVATE = 2, MAP_FIXED = 0x10, MAP_ANON = 0x20, MAP_32BIT = 0x40, MAP_GROWSDOWN = 0x100,
              MAP_LOCKED = 0x2000, MAP_NORESERVE = 0x4000, MAP_POPULATE = 0x8000, MAP_STACK = 0x20000,
              MAP_FIXED_NOREPLACE = 0x100000;
constexpr i32 MS_ASYNC = 1, MS_INVALIDATE = 2, MS_SYNC = 4;
constexpr i32 MADV_NORMAL = 0, MADV_RANDOM = 1, MADV_SEQUENTIAL = 2, MADV_WILLNEED = 3, MADV_DONTNEED = 4, MADV_FREE = 8,
              MADV_HUGEPAGE = 14, MADV_NOHUGEPAGE = 15, MADV_DONTDUMP = 16, MADV_POPULATE_READ = 22, MADV_POPULATE_WRITE = 23, MADV_GUARD_INSTALL = 102,
              MADV_GUARD_REMOVE = 103;
constexpr i32 MREMAP_MAYMOVE = 1, MREMAP_FIXED = 2;
constexpr u32 MFD_CLOEXEC = 1, MFD_ALLOW_SEALING = 2;

struct cachestat_range {  // of a file, in bytes; len 0: to its end
    u64 off;
    u64 len;
};
struct cachestat {  // pages
    u64 nr_cache, nr_dirty, nr_writeback, nr_evicted, nr_recently_evicted;
};
static_assert(sizeof(cachestat_range) == 16 && sizeof(cachestat) == 40);

}  // namespace trapeze::lnx
