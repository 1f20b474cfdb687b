// SPDX-License-Identifier: BSD-3-Clause
// Heritage 23: handlers run on the thread's alternate stack, also when it runs a goroutine, and a new thread is ready for
// them when its function begins.
#include "tests/tap.h"

#include "sys/signals.h"

using namespace trapeze;

static uptr handler_stack;
static void handled(i32, SignalInfo*, SignalContext*) { handler_stack = reinterpret_cast<uptr>(__builtin_frame_address(0)); }

static bool inside(uptr at, const void* base, usize size) { return at - reinterpret_cast<uptr>(base) < size; }

static bool on_signal_stack, mask_is_creators;

int main() {
    print("TAP version 13\n");
    if (Result r = signal_handle(kernel::SIGUSR1, handled, SA_ONSTACK); r.failed()) die_errno("sigaction", r);

    (void)raise(kernel::SIGUSR1);
    const uptr here = reinterpret_cast<uptr>(__builtin_frame_address(0)) - (64 << 10);
    ok(handler_stack && !inside(handler_stack, reinterpret_cast<void*>(here), 128 << 10), "heritage 23: not on the main goroutine's stack");

    bool elsewhere = false;
    auto finished = make_chan<int>();
    go([=, &elsewhere] {
        handler_stack = 0;
        (void)raise(kernel::SIGUSR1);
        const G* g = getg();
        elsewhere = handler_stack && !inside(handler_stack, reinterpret_cast<void*>(g->stack_low), g->stack_high - g->stack_low);
        finished.send(1);
    });
    finished.recv();
    ok(elsewhere, "heritage 23: not on a goroutine's stack");

    Result error;
    handler_stack = 0;
    SignalSet before = signals_mask();
    Thread* t = thread_create([](void* creators) {
        const Thread* me = reinterpret_cast<Thread*>(tls());
        (void)raise(kernel::SIGUSR1);
        on_signal_stack = inside(handler_stack, me->mapping + page_size, signal_stack_size());
        mask_is_creators = signals_mask() == *static_cast<const SignalSet*>(creators);
    }, &before, &error);
    thread_join(t);
    ok(on_signal_stack, "heritage 23: a thread's handler runs on the thread's own alternate stack");
    ok(mask_is_creators, "heritage 23: a thread that is ready has its creator's mask");
    return done();
}
