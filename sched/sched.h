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

// The park/ready contract, for those who build waiting on top (chan; waitlist.h is a queue that keeps it).
//   1. Under the lock that guards its queue, the goroutine that waits calls gowaiting(why, on, n): it is Gwaiting from here on,
//      before anybody can find it. `on` (what reports show) stays as long as it waits.
//   2. It puts itself into the queue, and calls gopark(commit, arg), still with the lock. Its stack is left, and only then
//      commit(g, arg) runs, on another stack, and releases the lock. So who finds a goroutine in a queue finds it parked.
//      A commit runs once, neither parks nor panics, and touches nothing on g's stack after it has released the lock.
//   3. Who takes it out of the queue, under that lock, owns its wake-up, and calls ready(g) exactly once, with or without the
//      lock, on a thread that holds a P (not from a signal handler, nor from a thread of one's own).
//   4. gopark returns once for each ready, never for any other reason; whatever the waker did before is seen.
// The lock is a Lock: the thread is blocked for its few instructions, not the goroutine.
// A goroutine may wait in several queues (select) or for several ends (a queue, a timer, a Cancel) if one flag under one lock, or
// one cas, says who takes it.
void gowaiting(Wait reason, const void* const* on, u32 n);
void gopark(Commit commit, void* arg);
void ready(G* g);

u64 fastrand();  // not for secrets; the M's own, seeded by TRAPEZE_DEBUG=seed=N if given

}  // namespace trapeze
