// SPDX-License-Identifier: BSD-3-Clause
// A test's part that runs in a child of its own: what it returns is the child's exit code.
#pragma once
#include "tests/tap.h"

#include "sys/process.h"
#include "sys/signals.h"

template <class F>
trapeze::WaitStatus in_child(F f) {
    trapeze::WaitStatus status{-1};
    trapeze::Result child = trapeze::fork();
    if (child.ok() && child.value() == 0) trapeze::exit_process(f());
    if (child.ok()) (void)trapeze::wait(static_cast<trapeze::i32>(child.value()), &status);
    return status;
}

// Checks in a child, 0: all held, else the line that did not.
inline void held(trapeze::WaitStatus status, const char* sentence) {
    ok(status.exited() && status.code() == 0, sentence);
    if (!status.exited()) trapeze::print("# status ", trapeze::hex(static_cast<trapeze::u32>(status.raw)), "\n");
    else if (status.code()) trapeze::print("# check ", status.code(), " did not hold\n");
}

// A child that stops at once and waits to be told.
inline trapeze::i32 sleeper() {
    trapeze::Result child = trapeze::fork();
    if (child.ok() && child.value() == 0)
        for (;;) (void)trapeze::signals_suspend({});
    return static_cast<trapeze::i32>(child.value());
}
