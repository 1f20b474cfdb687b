// SPDX-License-Identifier: BSD-3-Clause
// The ends of a program that went wrong. None of them returns, allocates or locks; each ends the process with status 2.
//
// throw_: the runtime's own invariant is broken. panic: the program made a mistake that the runtime was told to refuse
// (send on a closed channel). die: the outside world is at fault (a bad GOMAXPROCS, no memory, a trap that failed).
// All say what happened on standard error; what is known of the current goroutine and M is added by the describe hook,
// which sched installs, because sys knows neither. Cold: the compiler keeps them and what leads to them small and aside.
#pragma once
#include "sys/os.h"
#include "sys/print.h"

namespace trapeze {

extern void (*describe_hook)(Out& out);  // prints "goroutine 5 on M 2 ..." lines; null without a scheduler

[[noreturn, gnu::cold]] void throw_(const char* reason);
[[noreturn, gnu::cold]] void panic(const char* message);
[[noreturn, gnu::cold]] void finish(Out& out);  // flushes, adds what the hook knows, exits 2

[[noreturn, gnu::cold]] void die_of(Out& out);  // ends the line and the process: what all die() share

template <class... A>
[[noreturn, gnu::cold]] void die(const A&... a) {
    Out out(2);
    (out.put(a), ...);
    die_of(out);
}

// For a trap without which nothing can go on: "mmap of 65536 bytes for a stack: ENOMEM".
[[noreturn, gnu::cold]] void die_errno(const char* what, Result r);

// Memory as hex, 16 bytes a line with its address, to standard error.
void dump(const void* at, usize n);

}  // namespace trapeze
