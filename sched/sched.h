// SPDX-License-Identifier: BSD-3-Clause
// Goroutines: what programs use, and what chan builds on.
#pragma once
#include <new>
#include <type_traits>
#include <utility>

#include "sched/g.h"

namespace trapeze {

// Starts a goroutine that runs f() on a stack of its own (60 KiB, guarded). f is moved onto that stack; it needs no
// allocation and must not throw. Where go was called is remembered for reports. Does not block; ends the program with a
// message if the kernel has no memory for the stack.
template <class F>
void go(F&& f, const char* file = __builtin_FILE(), u32 line = __builtin_LINE()) {
    using Fn = std::decay_t<F>;
    static_assert(std::is_invocable_v<Fn&>, "go needs something to call without arguments");
    static_assert(sizeof(Fn) <= 4096, "what go captures must fit the first page of a stack: capture a pointer");
    auto entry = [](void* closure) {
        Fn* fn = static_cast<Fn*>(closure);
        (*fn)();
        fn->~Fn();
    };
    G* g = newg(sizeof(Fn), alignof(Fn), entry, file, line);
    new (g->closure) Fn(std::forward<F>(f));
    newproc(g);
}

// Lets other goroutines run; returns when the caller's turn comes again, at once if there are none.
void gosched();

// Parks the goroutine for at least ns nanoseconds of the monotonic clock; others run meanwhile. ns <= 0: gosched.
void sleep_ns(i64 ns);
inline void sleep_ms(i64 ms) { sleep_ns(ms * 1'000'000); }

u64 goid();          // the calling goroutine's number; main's is 1
i32 gomaxprocs();    // how many goroutines may run at the same moment

// For those who build waiting on top (chan). The caller is the goroutine that waits:
//   gowaiting(why, on, n)   it is Gwaiting from here on; before it puts itself into any queue
//   gopark(commit, arg)     leaves its stack; commit(g, arg) then runs elsewhere and releases the locks that keep wakers out
// and the one that took it out of the queue calls ready(g) exactly once.
void gowaiting(Wait reason, const void* const* on, u32 n);
void gopark(Commit commit, void* arg);
void ready(G* g);

u64 fastrand();  // not for secrets; the M's own, seeded by TRAPEZE_DEBUG=seed=N if given

}  // namespace trapeze
