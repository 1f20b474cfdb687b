// SPDX-License-Identifier: BSD-3-Clause
// Linux/amd64: processes. Waiting, limits, usage; and uname, which only Linux has. tests/unit compares with the host's headers.
// Source: include/uapi/linux/{wait,resource,utsname,sysinfo,kexec}.h, include/uapi/asm-generic/resource.h,
// arch/x86/include/uapi/asm/ldt.h; include/linux/kexec.h for kexec_segment.
#pragma once
#include "sys/linux/time.h"
#include "sys/result.h"

namespace trapeze::lnx {

constexpr i32 WNOHANG = 1, WUNTRACED = 2, WCONTINUED = 8;
constexpr i32 status_continued = 0xffff;  // wait4's status of a child that goes on

constexpr i32 RLIMIT_CPU = 0, RLIMIT_FSIZE = 1, RLIMIT_DATA = 2, RLIMIT_STACK = 3, RLIMIT_CORE = 4, RLIMIT_RSS = 5, RLIMIT_NPROC = 6,
              RLIMIT_NOFILE = 7, RLIMIT_MEMLOCK = 8, RLIMIT_AS = 9;
constexpr u64 RLIM_INFINITY = ~u64{0};

constexpr i32 RUSAGE_SELF = 0, RUSAGE_CHILDREN = -1, RUSAGE_THREAD = 1;
constexpr i32 PRIO_PROCESS = 0, PRIO_PGRP = 1, PRIO_USER = 2;

struct rlimit {
    u64 rlim_cur;
    u64 rlim_max;
};
static_assert(sizeof(rlimit) == 16);

struct new_utsname {
    char sysname[65], nodename[65], release[65], version[65], machine[65], domainname[65];
};
static_assert(sizeof(new_utsname) == 390);

struct sysinfo {  // sizes in units of mem_unit bytes, loads times 65536
    i64 uptime;
    u64 loads[3];
    u64 totalram, freeram, sharedram, bufferram, totalswap, freeswap;
    u16 procs;
    u64 totalhigh, freehigh;
    u32 mem_unit;
};
static_assert(sizeof(sysinfo) == 112 && offsetof(sysinfo, procs) == 80 && offsetof(sysinfo, mem_unit) == 104);

struct user_desc {  // modify_ldt
    u32 entry_number;
    u32 base_addr;
    u32 limit;
    u32 flags;  // from bit 0: seg_32bit, contents (2), read_exec_only, limit_in_pages, seg_not_present, useable, lm
};
static_assert(sizeof(user_desc) == 16 && offsetof(user_desc, flags) == 12);

struct kexec_segment {
    const void* buf;
    usize bufsz;
    u64 mem;
    usize memsz;
};
static_assert(sizeof(kexec_segment) == 32);

struct __sysctl_args {  // include/uapi/linux/sysctl.h up to Linux 5.4
    i32* name;
    i32 nlen;
    void* oldval;
    usize* oldlenp;
    void* newval;
    usize newlen;
    u64 unused[4];
};
static_assert(sizeof(__sysctl_args) == 80 && offsetof(__sysctl_args, oldval) == 16);

// What the kernel calls itself and the machine. EFAULT.
Result uname(new_utsname* name);

// The CPUs that a thread (its id; 0: the caller) may use, as bits; size in bytes, a multiple of 8. getaffinity gives the
// bytes it filled. EINVAL: too small for the kernel's CPUs, or none of them is there; ESRCH; EPERM: another user's.
Result setaffinity(u32 thread, const u64* mask, usize size);
Result getaffinity(u32 thread, u64* mask, usize size);

}  // namespace trapeze::lnx
