// SPDX-License-Identifier: BSD-3-Clause
// The model suite's explorer: runs a few simulated threads through their interleavings, one after another.
//
// Threads are coroutines in one host thread. Every atomic operation of the code under test calls point() first, where the
// explorer may go on with another thread; all such choices are enumerated depth first, a run being replayed from the start
// with the choices so far (nothing is saved and restored). Switching away from a thread that could go on costs one
// of `preemptions` (CHESS); from one that blocks, spins or ends it is free. cpu_pause is fair: the thread either waits
// until somebody writes, or its spin runs out without anybody having moved; both are explored.
//
// A run fails by fail(), a broken invariant of the code (throw_), a deadlock (nobody can go on and not all have ended), a
// livelock (only spinning is left, or too many steps), a wild access, or what at_end finds. The schedule is then in Outcome.
//
// Sequential consistency only. On x86 what is missing is a load that overtakes the same thread's earlier store. In the
// code explored here such pairs go through locked instructions (cas, xchg, xadd), which order them, except in the run queue,
// where a stale head or tail only makes a taker's cas fail or a queue look emptier than it is. The
// order arguments given to Atomic are not checked, nor is what a compiler may do with a wrong one.
#pragma once
#include <cstdint>
#include <functional>
#include <string>

namespace model {

struct Outcome {
    bool failed = false;
    bool complete = true;  // false: `limit` runs were not enough
    std::uint64_t runs = 0;
    std::string what;      // the failure, and the schedule that leads to it
};

struct Options {
    int preemptions = 2;
    std::uint64_t limit = 300'000;
};

// `setup` runs before every run: it resets the state, and declares threads and the final check.
Outcome explore(Options options, const std::function<void()>& setup);
int thread(std::function<void()> body, bool daemon = false);  // returns its number; a daemon need not end
void at_end(std::function<void()> check);
void allow_panic();  // panic ends the thread instead of failing the run

// For the shadow headers and the scenarios, within a thread.
int self();
void point(const char* what, bool writes, const void* at);
void wrote();               // something changed: spinning threads look again
void pause();
std::uint32_t choose(std::uint32_t n);
void wait(bool (*ready)(void*), void* arg, const char* what);  // blocks until ready(arg)
[[noreturn]] void fail(const std::string& what);
[[noreturn]] void panicked(const char* what);
bool did_panic(int thread);
void* arena(std::size_t n);  // zeroed, gone with the run
inline void check(bool ok, const char* what) {
    if (!ok) fail(what);
}
// A thread's semaphore.
std::uint64_t* token();
bool sleep_on_token(std::uint64_t* t, bool timed);
void give_token(std::uint64_t* t);

}  // namespace model
