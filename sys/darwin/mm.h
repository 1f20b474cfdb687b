// SPDX-License-Identifier: BSD-3-Clause
// Darwin (XNU)/amd64: memory. Source: xnu-11417.121.6 bsd/sys/mman.h.
#pragma once
#include "sys/types.h"

namespace trapeze::xnu {

constexpr i32 PROT_NONE = 0, PROT_READ = 1, PROT_WRITE = 2, PROT_EXEC = 4;
constexpr i32 MAP_SHARED = 1, MAP_PRIVATE = 2, MAP_FIXED = 0x10, MAP_NORESERVE = 0x40, MAP_HASSEMAPHORE = 0x200,
              MAP_NOCACHE = 0x400, MAP_JIT = 0x800, MAP_ANON = 0x1000, MAP_32BIT = 0x8000, MAP_UNIX03 = 0x40000;
constexpr i32 MS_ASYNC = 1, MS_INVALIDATE = 2, MS_KILLPAGES = 4, MS_DEACTIVATE = 8, MS_SYNC = 0x10;
constexpr i32 MADV_NORMAL = 0, MADV_RANDOM = 1, MADV_SEQUENTIAL = 2, MADV_WILLNEED = 3, MADV_DONTNEED = 4, MADV_FREE = 5,
              MADV_ZERO_WIRED_PAGES = 6, MADV_FREE_REUSABLE = 7, MADV_FREE_REUSE = 8, MADV_CAN_REUSE = 9, MADV_PAGEOUT = 10,
              MADV_ZERO = 11;
constexpr u8 MINCORE_INCORE = 1, MINCORE_REFERENCED = 2, MINCORE_MODIFIED = 4, MINCORE_PAGED_OUT = 0x20, MINCORE_COPIED = 0x40,
             MINCORE_ANONYMOUS = 0x80;

}  // namespace trapeze::xnu
