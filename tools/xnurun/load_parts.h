// SPDX-License-Identifier: BSD-3-Clause
// The parts of load_guest that only write memory, so that a unit test can look
// at what they write.
#pragma once

#include "sys/types.h"
#include "tools/xnurun/load.h"

namespace trapeze {

struct EntryStack {
    const char* path;
    const char* const* argv;  // may be null: argc 0
    const char* const* envp;
    u64 top;                  // of the stack: the strings end here
    u64 size, alloc, alloc_size;  // main_stack=: accessible bytes, lowest reserved address, reserved bytes
    u64 random[3];            // stack_guard=, malloc_entropy=
};

// Writes strings and pointers below `top`, not below `lowest`. 0 and rsp, or
// XNU's E2BIG 7, ENAMETOOLONG 63, or EFAULT 14 if they do not fit.
i32 write_entry_stack(const EntryStack& what, u64 lowest, u64& rsp);

struct CommpageFacts {
    u64 capabilities;  // XNU's kHas* bits without the CPU count
    u32 cpus;
    u64 memory_size;   // bytes
    u64 boottime_usec;
    CommpageTime time;
};

void write_commpage(u8* page, const CommpageFacts&);

// From this machine: CPUID, the TSC against CLOCK_MONOTONIC for a quarter of a millisecond.
CommpageFacts commpage_facts();

// The page, at its address, where reserve_guest_areas has been: there at once and whole, whoever looks.
void make_commpage();

}  // namespace trapeze
