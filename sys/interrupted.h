// SPDX-License-Identifier: BSD-3-Clause
// The one rule for calls that a signal interrupts (EINTR), for every wrapper of sys:
//
//   A call that did nothing when the signal came is called again; what it moved before that it reports as a short count,
//   which is a success and is left to the caller (write_all goes on by itself).
//   close is never called again: the descriptor is gone on both kernels, and a second close could hit another thread's file
//   (Linux fs/open.c close, XNU bsd/kern/kern_descrip.c close_internal_locked).
//   A wait with a relative timeout would start anew, so it is given an absolute end, or its header says what it does.
//   A call whose purpose is to wait for a signal (sigsuspend, pause) returns when it came.
//
// The kernel restarts by itself what was interrupted by a handler with SA_RESTART; this rule is for the handlers without.
// A program that wants to hear of signals between reads asks its handler, or calls the trampoline (sys/calls.h).
#pragma once
#include "sys/kernel.h"
#include "sys/result.h"

namespace trapeze {

template <class Call>
auto again_when_interrupted(Call call) {
    for (;;) {
        auto r = call();
        if (r.err() != kernel::EINTR) return r;
    }
}

}  // namespace trapeze
