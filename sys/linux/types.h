// SPDX-License-Identifier: BSD-3-Clause
// Linux/amd64: the structures and constants of the system-call interface that the runtime and xnurun use.
// Sizes and offsets are asserted here; tests/unit compares them, and the constants, with the host's own headers.
// Source: include/uapi and arch/x86/include/uapi of the kernel; the spelling is the kernel's.
#pragma once
#include "sys/types.h"

namespace trapeze::lnx {

constexpr i32 O_RDONLY = 0, O_WRONLY = 1, O_RDWR = 2, O_ACCMODE = 3, O_CREAT = 0x40, O_EXCL = 0x80, O_NOCTTY = 0x100,
              O_TRUNC = 0x200, O_APPEND = 0x400, O_NONBLOCK = 0x800, O_DSYNC = 0x1000, O_ASYNC = 0x2000,
              O_DIRECT = 0x4000, O_DIRECTORY = 0x10000, O_NOFOLLOW = 0x20000, O_CLOEXEC = 0x80000, O_SYNC = 0x101000,
              O_PATH = 0x200000;
constexpr i32 AT_FDCWD = -100;

constexpr i32 PROT_NONE = 0, PROT_READ = 1, PROT_WRITE = 2, PROT_EXEC = 4;
constexpr i32 MAP_SHARED = 1, MAP_PRIVATE = 2, MAP_FIXED = 0x10, MAP_ANON = 0x20, MAP_NORESERVE = 0x4000,
              MAP_STACK = 0x20000, MAP_FIXED_NOREPLACE = 0x100000;
constexpr i32 MADV_NORMAL = 0, MADV_DONTNEED = 4, MADV_FREE = 8, MADV_POPULATE_WRITE = 23, MADV_GUARD_INSTALL = 102,
              MADV_GUARD_REMOVE = 103;

constexpr u32 S_IFMT = 0170000, S_IFDIR = 0040000, S_IFREG = 0100000, S_IFIFO = 0010000, S_IFCHR = 0020000;

constexpr u64 AT_NULL = 0, AT_PHDR = 3, AT_PAGESZ = 6, AT_RANDOM = 25, AT_HWCAP2 = 26, AT_SYSINFO_EHDR = 33,
              AT_MINSIGSTKSZ = 51;
constexpr i32 ARCH_SET_GS = 0x1001, ARCH_SET_FS = 0x1002, ARCH_GET_FS = 0x1003, ARCH_GET_GS = 0x1004;
constexpr i32 CLOCK_REALTIME = 0, CLOCK_MONOTONIC = 1;

constexpr i32 FUTEX_WAIT = 0, FUTEX_WAKE = 1, FUTEX_PRIVATE_FLAG = 128;

constexpr u32 CLONE_VM = 0x100, CLONE_FS = 0x200, CLONE_FILES = 0x400, CLONE_SIGHAND = 0x800, CLONE_THREAD = 0x10000,
              CLONE_SYSVSEM = 0x40000, CLONE_SETTLS = 0x80000, CLONE_PARENT_SETTID = 0x100000,
              CLONE_CHILD_CLEARTID = 0x200000;

struct timespec {
    i64 tv_sec;
    i64 tv_nsec;
};
struct iovec {
    void* iov_base;
    usize iov_len;
};

struct timeval {
    i64 tv_sec;
    i64 tv_usec;
};

struct stat {
    u64 st_dev;
    u64 st_ino;
    u64 st_nlink;
    u32 st_mode;
    u32 st_uid;
    u32 st_gid;
    u32 pad0;
    u64 st_rdev;
    i64 st_size;
    i64 st_blksize;
    i64 st_blocks;
    timespec st_atim;
    timespec st_mtim;
    timespec st_ctim;
    i64 unused[3];
};
static_assert(sizeof(stat) == 144 && offsetof(stat, st_mode) == 24 && offsetof(stat, st_size) == 48);

}  // namespace trapeze::lnx
