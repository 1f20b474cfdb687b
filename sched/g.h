// SPDX-License-Identifier: BSD-3-Clause
// G, M and P.
//
// G: a goroutine: a stack, where it stopped, and why. It lies at the top of its own stack slot.
// M: an OS thread. It runs Gs while it holds a P, and its own g0 (the scheduler's stack) in between.
// P: the right to run Gs, GOMAXPROCS of them, and what goes with it: a run queue and caches, of dead Gs and of memory.
//
// status    meaning                                     changed by
// Gidle     a slot that never held a goroutine          newg
// Grunnable in a run queue, or about to be              ready, gosched's commit, newproc
// Grunning  on some M                                   the M that takes it out of a queue
// Gwaiting  parked; whoever finds it in a wait queue    the G itself, before it queues itself anywhere (heritage 8)
//           owns its wake-up
// Gdead     in a cache of dead Gs                       goexit's commit
// Only reports read the status of a G that is not theirs; every hand-over goes through a queue or a lock.
#pragma once
#include "sched/runq.h"
#include "sync/lock.h"
#include "sync/malcache.h"
#include "sync/note.h"
#include "sys/print.h"
#include "sys/thread.h"

namespace trapeze {

enum Status : u32 { Gidle, Grunnable, Grunning, Gwaiting, Gdead };

// What a goroutine waits for, as reports say it. Whoever builds a new kind of wait makes one: Wait{"mutex lock"}.
struct Wait {
    const char* text;
    static const Wait chan_send, chan_recv, chan_send_nil, chan_recv_nil, select, select_nothing, sleep;
};
inline constexpr Wait Wait::chan_send{"chan send"}, Wait::chan_recv{"chan receive"}, Wait::chan_send_nil{"chan send (nil chan)"},
    Wait::chan_recv_nil{"chan receive (nil chan)"}, Wait::select{"select"}, Wait::select_nothing{"select (no cases)"}, Wait::sleep{"sleep"};

struct M;
struct P;

struct G {
    uptr sp;  // of the saved context, see switch_amd64.asm
    G* schedlink;
    M* m;     // while running
    uptr stack_low, stack_high;
    void (*entry)(void*);
    void* closure;
    void* param;            // what the waker hands over (chan's sudog)
    Atomic<u32> selectdone; // a select with several waiters: the first waker sets it
    Atomic<u32> status;
    Wait reason;
    u64 id;
    const void* const* waits_on;  // channels, mutexes ..., for reports
    u32 nwaits;
    u64 creator;            // its id, and where it said go()
    const char* file;
    u32 line;
};

// Runs on the next stack, after `g` has left its own: from then on others may run g.
using Commit = void (*)(G* g, void* arg);

struct P {
    RunQueue<G> runq;
    u32 id;
    u32 tick;     // scheduling decisions made
    M* m;         // null: idle
    P* link;      // the idle list
    G* dead;      // cache of dead Gs
    u32 ndead;
    MalCache mal;
};

struct M {
    G g0;
    G* curg;
    P* p;
    P* nextp;  // given by who wakes it
    bool spinning;
    bool idle;  // in the idle list; sched.lock
    u32 id;
    u32 procid;  // the kernel's name of its thread, for reports and debuggers
    u64 random;
    Commit commit;
    void* commit_arg;
    G* parked;
    Note park;
    M* link;  // the idle list
    Thread* thread;
};

constexpr i64 never = 0x7fffffffffffffff;
constexpr u32 max_procs = 256;

struct Sched {
    Lock lock;  // guards the global queue, the idle lists, keeper, mcount
    G* runq_head;
    G* runq_tail;
    Atomic<u32> runq_size;
    M* idle_ms;
    u32 nidle_ms;
    u32 mcount;
    P* idle_ps;
    Atomic<u32> nidle_ps;
    Atomic<u32> nspinning;
    M* keeper;  // the idle M that sleeps only until the next timer
    Atomic<i64> keeper_until;
    bool started;
    u32 nprocs;
    P* allp;
    Atomic<u64> next_id;
};

extern Sched sched;

// globq.cpp
void runqput(P* p, G* g, bool next);  // into p's queue; what does not fit goes to the global one
G* globrunqget(P* p);                 // one G from the global queue, and a fair share of the others into p's; or null
G* globrunqget_locked(P* p);

// proc.cpp
void newproc(G* g);
void landed();                // first thing on a stack that was switched to
[[noreturn]] void goexit();
[[gnu::cold]] void start_ms(bool predawn);  // wakes Ps for what is queued
[[noreturn]] void schedule(); // g0's loop

// start.cpp
[[gnu::cold]] M* newm(u32 id);
G* main_goroutine();

// stack.cpp
G* newg(usize closure_size, usize closure_align, void (*entry)(void*), const char* file, u32 line);
void gfree(G* g);
[[gnu::cold]] void for_each_g(void (*visit)(G*, void*), void* arg);
[[gnu::cold]] G* g_of_guard(uptr address);  // the goroutine whose guard page this is, or null
[[gnu::cold]] G* g_of_stack(uptr sp);       // whose stack that is: a goroutine's, this M's g0, or null (a signal stack)
void prepare_context(G* g, void (*entry)());

// timer.cpp
struct Timer {
    i64 when;
    G* g;                   // made ready when the time has come, if `fire` is null or says so
    bool (*fire)(Timer*);   // runs on any M, under the timers' lock: takes no lock but a WaitList's, parks nothing
    u32 at;                 // its place in the heap + 1; 0: not there
};
extern Atomic<i64> next_timer;  // when the earliest timer is due, or never
void add_timer(Timer* t);       // of a sleeper: its g has left its stack
void del_timer(Timer* t);       // nothing if it is not there any more. Afterwards fire neither runs nor will
void run_timers();              // what is due
void mind_timers();             // after add_timer: sees to it that somebody wakes up in time

// report.cpp
[[noreturn, gnu::cold]] void report_deadlock();
[[gnu::cold]] void describe(Out& out);

// crash.cpp
[[gnu::cold]] void crashinit();

}  // namespace trapeze
