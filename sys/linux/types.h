// SPDX-License-Identifier: BSD-3-Clause
// Linux/amd64: the structures and constants of the system-call interface that the runtime and xnurun use.
// Those of files, memory and time are in fs.h, mm.h and time.h beside it, which this includes. Sizes and offsets are
// asserted; tests/unit compares them, and the constants, with the host's own headers.
// Source: include/uapi and arch/x86/include/uapi of the kernel; the spelling is the kernel's.
#pragma once
#include "sys/linux/fs.h"
#include "sys/linux/mm.h"
#include "sys/linux/time.h"
#include "sys/types.h"

namespace trapeze::lnx {

constexpr u64 AT_NULL = 0, AT_PHDR = 3, AT_PAGESZ = 6, AT_RANDOM = 25, AT_HWCAP2 = 26, AT_SYSINFO_EHDR = 33,
              AT_MINSIGSTKSZ = 51;
constexpr i32 ARCH_SET_GS = 0x1001, ARCH_SET_FS = 0x1002, ARCH_GET_FS = 0x1003, ARCH_GET_GS = 0x1004;
constexpr i32 FUTEX_WAIT = 0, FUTEX_WAKE = 1, FUTEX_PRIVATE_FLAG = 128;

constexpr u32 CLONE_VM = 0x100, CLONE_FS = 0x200, CLONE_FILES = 0x400, CLONE_SIGHAND = 0x800, CLONE_THREAD = 0x10000,
              CLONE_SYSVSEM = 0x40000, CLONE_SETTLS = 0x80000, CLONE_PARENT_SETTID = 0x100000,
              CLONE_CHILD_CLEARTID = 0x200000;

}  // namespace trapeze::lnx
