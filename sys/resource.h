// SPDX-License-Identifier: BSD-3-Clause
// What a process may use, what it has used, and how nicely.
#pragma once
#include "sys/kernel.h"
#include "sys/kernel_process.h"
#include "sys/result.h"

namespace trapeze {

using kernel::RUSAGE_CHILDREN, kernel::RUSAGE_SELF;
using kernel::PRIO_PGRP, kernel::PRIO_PROCESS, kernel::PRIO_USER;

// The limits that both kernels have (their numbers differ): seconds of CPU, bytes, processes of the user, descriptors. On XNU
// address_space is kept but not enforced.
enum class Limit : i32 {
    cpu = kernel::RLIMIT_CPU,
    file_size = kernel::RLIMIT_FSIZE,
    data = kernel::RLIMIT_DATA,
    stack = kernel::RLIMIT_STACK,
    core = kernel::RLIMIT_CORE,
    address_space = kernel::RLIMIT_AS,
    locked = kernel::RLIMIT_MEMLOCK,
    processes = kernel::RLIMIT_NPROC,
    files = kernel::RLIMIT_NOFILE,
};
constexpr u64 unlimited = kernel::RLIM_INFINITY;

struct Limits {
    u64 soft;  // in force
    u64 hard;  // how far the process may raise it
};
// EINVAL: soft above hard, or no such limit; on XNU also more descriptors than kern.maxfilesperproc (10,240), or a stack beyond
// 64 MiB: unlimited too. EPERM: the hard limit is raised without privilege.
Result getlimit(Limit which, Limits* limits);
Result setlimit(Limit which, Limits limits);

struct Usage {
    i64 user_ns, system_ns;
    i64 max_resident;  // bytes
    i64 minor_faults, major_faults;
    i64 switches, preemptions;  // gave the CPU up, had it taken away
};
Usage usage_of(const kernel::rusage& raw);
// RUSAGE_SELF: all threads of the process; RUSAGE_CHILDREN: children that were waited for. EINVAL.
Result getusage(i32 who, Usage* usage);

// -20, the least nice, to 19 or (XNU) 20; of a group or user the least. which: PRIO_PROCESS, _PGRP, _USER; who 0: the caller.
// ESRCH: nobody; EINVAL; to become less nice EACCES, or EPERM for somebody else's process.
// Linux's trap gives 20 - nice; XNU's gives nice itself, where the carry flag alone tells -3 from ESRCH.
Result getpriority(i32 which, u32 who, i32* nice);
Result setpriority(i32 which, u32 who, i32 nice);  // beyond the range: its end

}  // namespace trapeze
