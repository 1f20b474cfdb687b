// SPDX-License-Identifier: BSD-3-Clause
// What is a process's own and no thread's, nor the task's: its number, what it does with signals, who it is. There is one in a host
// process, but while a child of vfork lives in its parent's memory: then its thread has another (bsd_vfork.cpp), and everything else,
// ports, memory, threads, is both's, as in XNU, where that child has no task of its own.
#pragma once
#include "sys/darwin/process.h"
#include "sys/darwin/signal.h"
#include "tools/xnurun/host.h"
#include "tools/xnurun/thread.h"

#pragma GCC visibility push(hidden)  // see host.h
namespace trapeze {

struct GuestAction {
    u64 handler = 0, tramp = 0;  // handler: 0 default, 1 ignore
    u32 mask = 0;
    i32 flags = xnu::SA_RESTART;  // as XNU tells of an action that nobody has set
};

constexpr u32 most_groups = 16;
struct Identity {
    u32 uid[3], gid[3];  // real, effective, saved
    u32 group_count;     // 0: the host's list, which nobody has changed
    u32 groups[most_groups];  // the first is the effective group
};

// sigreturn's token: until sigaction sets the first action, which says for good whether tokens are looked at.
enum : u8 { tokens_undecided, tokens_checked, tokens_free };

// What the host's limits are not, as it is handed on: bsd_limits.cpp. Under address_space_lock.
struct KeptLimits {
    static constexpr u64 unset = ~0ull;
    xnu::rlimit address_space = {xnu::RLIM_INFINITY, xnu::RLIM_INFINITY}, data = {unset, unset};
    u64 files = unset;  // RLIMIT_NOFILE's hard limit
};

struct Process {
    i32 pid;                   // the first thread's number; after a fork the one thread's
    bool vforked;              // its thread is a child's of vfork
    bool changed_identity;     // P_SUGID
    bool background;           // PRIO_DARWIN_PROCESS
    GuestAction actions[32];   // by Darwin number; under signal_lock
    u8 tokens;                 // likewise
    Identity identity;         // valid if identity_number is not 0; under identity_lock
    KeptLimits limits;
    u32 identity_number;       // counts its changes: a thread whose own number differs follows (credentials.h)
};
extern Process first_process;

inline Process& process() { return *self().process; }
inline i32 own_pid() { return process().pid; }

}  // namespace trapeze
#pragma GCC visibility pop
