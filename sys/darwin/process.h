// SPDX-License-Identifier: BSD-3-Clause
// Darwin (XNU)/amd64: processes. Waiting, limits, usage; and sysctl, which only Darwin has.
// Source, xnu-11417.121.6: bsd/sys/{wait,resource,sysctl,fcntl}.h, bsd/kern/{kern_exit,kern_resource,kern_newsysctl}.c.
#pragma once
#include "sys/darwin/time.h"
#include "sys/result.h"

namespace trapeze::xnu {

constexpr i32 WNOHANG = 1, WUNTRACED = 2, WCONTINUED = 0x10;
constexpr i32 status_continued = 0x137f;  // wait4's status of a child that goes on: stopped by SIGCONT

constexpr i32 RLIMIT_CPU = 0, RLIMIT_FSIZE = 1, RLIMIT_DATA = 2, RLIMIT_STACK = 3, RLIMIT_CORE = 4, RLIMIT_AS = 5, RLIMIT_MEMLOCK = 6,
              RLIMIT_NPROC = 7, RLIMIT_NOFILE = 8;
constexpr i32 RLIMIT_POSIX_FLAG = 0x1000;  // or'ed to the number: what is beyond the kernel's own limit is EINVAL, not clipped
constexpr u64 RLIM_INFINITY = 0x7fffffffffffffff;

constexpr i32 RUSAGE_SELF = 0, RUSAGE_CHILDREN = -1;
constexpr i32 PRIO_PROCESS = 0, PRIO_PGRP = 1, PRIO_USER = 2;

struct rlimit {
    u64 rlim_cur;
    u64 rlim_max;
};
static_assert(sizeof(rlimit) == 16);

constexpr i32 CTL_KERN = 1, CTL_HW = 6;
constexpr i32 KERN_OSTYPE = 1, KERN_OSRELEASE = 2, KERN_VERSION = 4, KERN_HOSTNAME = 10, HW_MACHINE = 1, HW_NCPU = 3, HW_PAGESIZE = 7,
              HW_MEMSIZE = 24;

// A value of the kernel by its number or its name. *size: the room at `value`, then the bytes that are there; a null value asks
// for the size alone. Setting one takes the superuser. ENOENT: no such name; too little room: nothing is given, *size is 0, and up to
// 10.14 that is no error, then ENOMEM; EPERM; EFAULT; EINVAL: fewer than 2 or more than 12 numbers; EISDIR: numbers below a leaf.
Result sysctl(const i32* name, u32 names, void* value, usize* size, const void* fresh = nullptr, usize fresh_size = 0);
Result sysctl(const char* name, void* value, usize* size, const void* fresh = nullptr, usize fresh_size = 0);

}  // namespace trapeze::xnu
