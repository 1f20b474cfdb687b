// SPDX-License-Identifier: BSD-3-Clause
// Heritage 18: a signal that comes at any moment, also in the middle of a switch between goroutines, finds out from the
// interrupted stack pointer whose stack that is. Goroutines switch all the time while a thread beside the scheduler sends
// signals; each goroutine says in its M's slot who it is while it runs code of its own.
#include "tests/tap.h"

#include "sys/process.h"
#include "sys/thread.h"

using namespace trapeze;

static u64 says[max_procs + 64];  // by M; 0: somewhere in the runtime
static u32 fires, on_g0, on_goroutine, between, lost, wrong;
static u32 finished;

static void count(u32& n) { __atomic_fetch_add(&n, 1, __ATOMIC_RELAXED); }

static void asks(i32, SignalInfo*, SignalContext* c) {
    M* m = getm();
    if (!m) return;  // a thread that is about to be an M
    G* g = g_of_stack(c->rsp());
    const u64 said = __atomic_load_n(&says[m->id], __ATOMIC_RELAXED);
    if (!g) count(lost);
    else if (said && g->id != said) count(wrong);
    else if (g == &m->g0) count(on_g0);
    else count(on_goroutine);
    if (g != getg()) count(between);
    count(fires);
}

static void switches(u64 times) {
    const u64 me = goid();
    for (u64 n = 0; n < times || __atomic_load_n(&fires, __ATOMIC_RELAXED) < 300; n++) {
        __atomic_store_n(&says[getm()->id], me, __ATOMIC_RELAXED);
        for (i32 i = 0; i < 20; i++) asm volatile("");
        __atomic_store_n(&says[getm()->id], 0, __ATOMIC_RELAXED);
        gosched();
    }
}

int main() {
    print("TAP version 13\n");
    if (Result r = signal_handle(kernel::SIGUSR1, asks, SA_ONSTACK | SA_RESTART); r.failed()) die_errno("sigaction", r);
    Result error{0};
    // It has the signal blocked itself, so that every one goes to an M.
    (void)signals_block(SignalSet::of(kernel::SIGUSR1));
    Thread* sender = thread_create([](void*) {
        const i32 me = getpid();
        while (!__atomic_load_n(&finished, __ATOMIC_ACQUIRE)) {
            (void)kill(me, kernel::SIGUSR1);
            thread_yield();
        }
    }, nullptr, &error);
    (void)signals_unblock(SignalSet::of(kernel::SIGUSR1));
    if (!sender) die_errno("thread_create", error);
    auto ended = make_chan<int>();
    for (i32 i = 0; i < 3; i++)
        go([ended] {
            switches(20000);
            ended.send(1);
        });
    switches(20000);  // the main goroutine, on the kernel's stack, too
    for (i32 i = 0; i < 3; i++) ended.recv();
    __atomic_store_n(&finished, 1, __ATOMIC_RELEASE);
    thread_join(sender);
    ok(fires >= 300, "signals came while goroutines switched");
    ok(lost == 0, "heritage 18: every one found whose stack it interrupted");
    ok(wrong == 0, "heritage 18: and it was the one that ran");
    ok(on_goroutine > 0, "goroutines' stacks were among them");
    print("# ", fires, " signals, ", on_g0, " on g0, ", on_goroutine, " on goroutines, ", between, " while g and stack differed\n");
    return done();
}
