// SPDX-License-Identifier: BSD-3-Clause
// Darwin (XNU)/amd64: the structures and constants of the BSD, Mach and machine-dependent calls that the runtime and
// xnurun use. Where a structure is one that XNU gets wrong copies of (timeval, stat64, sigaction), every offset is
// asserted. Sources, by tag xnu-11417.121.6 unless said: bsd/sys/fcntl.h, mman.h, stat.h, signal.h, _types/*.h,
// bsd/i386/_mcontext.h, osfmk/mach/message.h, osfmk/mach/ndr.h, bsd/kern/pthread_shims.c.
#pragma once
#include "sys/types.h"

namespace trapeze::xnu {

constexpr i32 O_RDONLY = 0, O_WRONLY = 1, O_RDWR = 2, O_ACCMODE = 3, O_NONBLOCK = 0x4, O_APPEND = 0x8, O_SHLOCK = 0x10,
              O_EXLOCK = 0x20, O_ASYNC = 0x40, O_SYNC = 0x80, O_NOFOLLOW = 0x100, O_CREAT = 0x200, O_TRUNC = 0x400,
              O_EXCL = 0x800, O_EVTONLY = 0x8000, O_NOCTTY = 0x20000, O_DIRECTORY = 0x100000, O_SYMLINK = 0x200000,
              O_DSYNC = 0x400000, O_CLOEXEC = 0x1000000;
constexpr i32 AT_FDCWD = -2;

constexpr i32 PROT_NONE = 0, PROT_READ = 1, PROT_WRITE = 2, PROT_EXEC = 4;
constexpr i32 MAP_SHARED = 1, MAP_PRIVATE = 2, MAP_FIXED = 0x10, MAP_NORESERVE = 0x40, MAP_HASSEMAPHORE = 0x200,
              MAP_NOCACHE = 0x400, MAP_JIT = 0x800, MAP_ANON = 0x1000, MAP_32BIT = 0x8000, MAP_UNIX03 = 0x40000;
constexpr i32 MADV_NORMAL = 0, MADV_DONTNEED = 4, MADV_FREE = 5;

constexpr u32 S_IFMT = 0170000, S_IFDIR = 0040000, S_IFREG = 0100000, S_IFIFO = 0010000, S_IFCHR = 0020000;

// bsdthread_create flags (libpthread kern/kern_internal.h)
constexpr u32 PTHREAD_START_CUSTOM = 0x01000000, PTHREAD_START_SUSPENDED = 0x20000000;

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
    i32 tv_usec;  // 32 bits, then padding: the seed had 64
    i32 pad;
};
static_assert(sizeof(timeval) == 16 && offsetof(timeval, tv_usec) == 8 && sizeof(timeval::tv_usec) == 4);

struct stat64 {
    i32 st_dev;
    u16 st_mode;
    u16 st_nlink;
    u64 st_ino;
    u32 st_uid;
    u32 st_gid;
    i32 st_rdev;
    i32 pad;
    timespec st_atim;
    timespec st_mtim;
    timespec st_ctim;
    timespec st_birthtim;
    i64 st_size;
    i64 st_blocks;
    i32 st_blksize;
    u32 st_flags;
    u32 st_gen;
    i32 st_lspare;
    i64 st_qspare[2];
};
static_assert(sizeof(stat64) == 144 && offsetof(stat64, st_mode) == 4 && offsetof(stat64, st_ino) == 8 &&
              offsetof(stat64, st_rdev) == 24 && offsetof(stat64, st_atim) == 32 && offsetof(stat64, st_birthtim) == 80 &&
              offsetof(stat64, st_size) == 96 && offsetof(stat64, st_blksize) == 112 && offsetof(stat64, st_lspare) == 124 &&
              offsetof(stat64, st_qspare) == 128);

using kern_return_t = i32;
using mach_port_t = u32;

}  // namespace trapeze::xnu
