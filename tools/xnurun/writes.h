// SPDX-License-Identifier: BSD-3-Clause
// Writing for the guest: SIGPIPE as it was asked for, and buffers that end in bad memory.
#pragma once
#include "tools/xnurun/trap.h"

#pragma GCC visibility push(hidden)  // see host.h
namespace trapeze {

constexpr i64 nowhere = -1;  // no offset of its own

// write, writev and the like by the host; F_SETNOSIGPIPE is obeyed.
i64 write_as_told(u64 number, i32 fd, u64 a, u64 b, u64 c);

// What is to be written: one buffer, or count vectors in the guest's memory.
struct Pieces {
    u64 at, size;   // the buffer
    u64 vectors;    // 0: the one buffer
    u32 count;
};
// True: memory ends in the midst of it, and what XNU then does has been done. send_flags: the host's, of a send; -1: a write.
bool write_stopped(Trap&, i32 fd, const Pieces&, i64 offset, i32 send_flags, bool quiet_send, Answer&);

}  // namespace trapeze
#pragma GCC visibility pop
