// SPDX-License-Identifier: BSD-3-Clause
// The model suite: the shipped source of an algorithm, its interleavings explored under C++20's memory orders.
//
// To add a primitive, write ONE file NAME.cpp here and put NAME into meson.build. plant.py makes a program of it:
//   // source sync/lock.cpp            the shipped files, in order; each is compiled as it is, and once with all its mutants
//   // orders chan/chan.cpp            the same, with mutants of memory orders only
//   // conditions sched/proc.cpp        the same, with mutants of conditions only
//   // with sync/lock.cpp              the same, without mutants
//   // set sched/runq.h: size = 256; -> size = 4;   a constant that is made small, in all variants
//   // real sync/sema.h                do not take the stand-in of shadow/ for it
//   // apart                        what is wrong may write anywhere: plants and mutants run in processes of their own
//   // for sched/sched.h: FILE         take FILE for it
//   /* plant NAME: what is wrong     a planted bug: the file's name, then lines with ' ' and '-' that must be there exactly once
//   sync/lock.cpp                     and what they become, ' ' and '+'. Each must be found, or the suite fails.
//   -    if (x) {
//   +    {
//   */
// and at its end  const model::Scenario scenarios[] = {{"3 threads, 3 times", [] { ...setup... }, 2}, ...};  where setup makes the
// shared state (fresh), declares the threads and what must hold at the end. Code under test may use Atomic, Sema, cpu_pause,
// throw_, panic; what else it includes needs a stand-in in shadow/. A mutant that survives needs, on its line or in
// the comment right above it, the words "survives as ORDER: why" ("survives if true: why", "survives if false: why",
// "survives as nothing: why"); "survives in NAME ..." where another primitive kills it.
//
// What is explored: a run deviates from the default (go on with the same thread, read the latest store, append to the
// modification order, sleep until woken) at most `bound` times; all runs with so few deviations are made. A deviation is a
// pre-emption (CHESS), a load of an older store, a store in the middle of its modification order, a spurious wake-up, or a
// time-out that pre-empts. Which thread goes on when one blocks, ends or pauses is free. `all`: no bound.
// Chosen over DPOR because one number bounds interleavings and weak memory alike, 3 threads x 3 operations stay feasible
// where all graphs are beyond 10^8, and what is found first is short to read. A run that comes to a state that was seen
// with as much of the bound left is cut there (the state: all threads' observations, views, stores and plain memory, hashed to 56
// bits), which merges interleavings of what is independent, as DPOR would.
//
// Weak memory: per location a modification order; per thread a view (the oldest store of each that it may still
// read) with its vector clock. A load reads any store that its view does not hide. release attaches the view to the store, acquire
// joins it; fences and release sequences (read-modify-writes) as in C++20. seq_cst has a global view: fences join and raise it,
// seq_cst accesses read and write nothing older in it. So it generates store buffering, message passing without orders,
// IRIW, stale reads in general, 2+2W, R, S, WRC, ISA2 (litmus.cpp shows each with its forbidden twin). It does not generate load
// buffering (a load never reads a store that is made later in the run), so nothing out of thin air either; and seq_cst operations take
// place in an order that agrees with happens-before, which C++20 demands only of strongly-happens-before. cas is strong.
//
// Plain memory: the compiler reports every plain access (-fsanitize=thread, with plain.cpp in place of its library). Two
// accesses to one place, one of them a write, must be ordered by happens-before (vector clocks), else the run fails; so does one
// to the stack of a function that has returned, and to an Atomic whose construction is not visible. Seen: the host's stacks
// of the threads, the arena (fresh), regions. Not seen: a large access against a small one inside it.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <new>
#include <utility>

namespace model {

constexpr int all = 200;

struct Scenario {
    const char* name;
    void (*setup)();
    int bound;  // deviations, or all
    const char* outcomes = nullptr;  // exactly those that `outcome` must be called with, in order, "00 01 10"
};

// --- in setup
int thread(std::function<void()> body, bool daemon = false);  // its number; a daemon need not end
void at_end(std::function<void()> check);                     // when all threads have ended; sees everything
void allow_panic();                                           // panic ends the thread instead of failing the run
void region(void* at, std::size_t n, const char* name);       // a global of the code under test: set back before every exploration
void outcome(const char* what);                               // in the final check: what came out, if the scenario lists it
void allow_leftover_tokens();                                 // a wake-up nobody consumed is no mistake

// --- in setup and in threads
void* arena(std::size_t n, const char* name = "");            // zeroed shared memory, gone with the run
void name(const void* at, const char* name);                  // for the table of a failing run
template <class T, class... A>
T* fresh(const char* name, A&&... a) { return new (arena(sizeof(T), name)) T{std::forward<A>(a)...}; }

// --- in threads
int self();
[[noreturn]] void fail(const char* format, ...) __attribute__((format(printf, 1, 2)));
inline void check(bool ok, const char* what) {
    if (!ok) fail("%s", what);
}
std::uint32_t choose(std::uint32_t n);                        // any of 0 .. n-1, all are explored
std::uint32_t deviate(std::uint32_t n, const char* what);     // the same, but all except 0 count as a deviation
bool did_panic(int thread);
[[noreturn]] void finish();                                   // the run is over, and well: as main's return ends a program
void note(const char* what);                                  // a line in the table; no scheduling point
void step(const char* what, const void* at);                  // a scheduling point, and something changed
void look(const char* what, const void* at);                  // a scheduling point
// Blocks until ready(arg), which looks at shared memory and changes nothing. With `free_to_go` it may go on at any moment.
void wait(bool (*ready)(void*), void* arg, const char* what, bool free_to_go = false);
void changed();                                               // shared memory changed, though no Atomic did: paused threads look again
void seen(std::uint64_t value);                               // what the thread read by other means than Atomics and plain memory
int spawn(void (*fn)(void*), void* arg, bool daemon);         // a thread that this one starts
void* stack(std::size_t* size);                               // one more stack, for code that switches stacks

// A release/acquire pair that is no Atomic: what lies in the kernel, or another lock that is proved elsewhere.
void publish(const void* channel);   // all that this thread has seen
void observe(const void* channel);   // is seen by this one from here on

// --- for shadow/
std::uint64_t load(const void* at, std::uint32_t size, int order, const char* file, std::uint32_t line);
void store(void* at, std::uint32_t size, std::uint64_t value, int order, const char* file, std::uint32_t line);
enum class Rmw { xchg, add, or_, and_ };
std::uint64_t rmw(void* at, std::uint32_t size, Rmw op, std::uint64_t operand, int order, const char* file, std::uint32_t line);
bool cas(void* at, std::uint32_t size, std::uint64_t* expected, std::uint64_t desired, int order, const char* file, std::uint32_t line);
void fence(int order, const char* file, std::uint32_t line);
void made(void* at, std::uint32_t size);
void gone(void* at);
void touch(const void* at);    // it must be there
void freed(void* at, std::size_t n);  // nobody uses that any more, nor has without this thread's knowing
bool is_gone(const void* at);
void pause();
[[noreturn]] void panicked(const char* what);
std::uint64_t* token();        // the calling thread's semaphore
bool sleep_on_token(std::uint64_t* t, bool timed, bool may_end = true);  // may_end: its time may come
void give_token(std::uint64_t* t);

// --- for mutants
extern int mutant;             // which one is on
template <class O>
O weakened(int id, O order, O to) { return mutant == id ? to : order; }
inline bool decided(int yes, int no, bool c) { return mutant == yes || (mutant != no && c); }
inline bool kept(int id) { return mutant != id; }

// --- what plant.py makes
struct Variant {
    const char* name;
    const char* what;
    const Scenario* scenarios;
    int n;
};
struct Mutant {
    int id;
    const char* where;    // file:line
    const char* what;
    const char* survives; // why, or null
};
struct Primitive {
    const char* name;
    const Variant* variants;  // the true one, all mutants, the planted bugs
    int nvariants;
    const Mutant* mutants;
    int nmutants;
    bool apart;
};
extern const Primitive primitive;

}  // namespace model
