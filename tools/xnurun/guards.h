// SPDX-License-Identifier: BSD-3-Clause
// Changes of the guest's map, and guard pages that cost no mapping of the host's. See guards.cpp.
#pragma once
#include "tools/xnurun/host.h"

#pragma GCC visibility push(hidden)  // see host.h
namespace trapeze {

// As the host's calls of these names, with the host's arguments and results; the only ways to change what the guest has mapped.
i64 guest_mmap(u64 base, u64 size, i32 protection, i32 flags, i32 fd, i64 offset);
i64 guest_munmap(u64 base, u64 size);
i64 guest_mprotect(u64 base, u64 size, i32 protection);

bool guarded(u64 address);  // mapped without any access, although the host's map shows more; takes guard_lock

// The first part of [low, high), which the host's map shows as one: all guards, or free of them.
struct GuardPart {
    u64 high;
    bool guards;
};
GuardPart guard_part(u64 low, u64 high);

void guards_fork_child();
void guards_forget(u64 base, u64 size);  // something else was put in their place

extern HostLock guard_lock;  // a fork holds it; taken after memory_lock

}  // namespace trapeze
#pragma GCC visibility pop
