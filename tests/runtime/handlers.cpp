// SPDX-License-Identifier: BSD-3-Clause
// Heritage 23: handlers run on the thread's alternate stack, also when it runs a goroutine, and a new thread is ready for
// them when its function begins.
#include "raise.h"
#include "tests/tap.h"

using namespace trapeze;

static uptr handler_stack;
void handled() { handler_stack = reinterpret_cast<uptr>(__builtin_frame_address(0)); }

static bool inside(uptr at, const void* base, usize size) { return at - reinterpret_cast<uptr>(base) < size; }

static bool on_signal_stack, mask_is_creators;

int main() {
    print("TAP version 13\n");
    install_handler();

    raise_here();
    const uptr here = reinterpret_cast<uptr>(__builtin_frame_address(0)) - (64 << 10);
    ok(handler_stack && !inside(handler_stack, reinterpret_cast<void*>(here), 128 << 10), "heritage 23: not on the main goroutine's stack");

    bool elsewhere = false;
    auto finished = make_chan<int>();
    go([=, &elsewhere] {
        handler_stack = 0;
        raise_here();
        const G* g = getg();
        elsewhere = handler_stack && !inside(handler_stack, reinterpret_cast<void*>(g->stack_low), g->stack_high - g->stack_low);
        finished.send(1);
    });
    finished.recv();
    ok(elsewhere, "heritage 23: not on a goroutine's stack");

    Result error;
    handler_stack = 0;
    const u64 before = block_signals();
    restore_signals(before);
    Thread* t = thread_create([](void* creators) {
        const Thread* me = reinterpret_cast<Thread*>(tls());
        raise_here();
        on_signal_stack = inside(handler_stack, me->mapping + page_size, signal_stack_size());
        const u64 mine = block_signals();
        restore_signals(mine);
        mask_is_creators = mine == *static_cast<const u64*>(creators);
    }, const_cast<u64*>(&before), &error);
    thread_join(t);
    ok(on_signal_stack, "heritage 23: a thread's handler runs on the thread's own alternate stack");
    ok(mask_is_creators, "heritage 23: a thread that is ready has its creator's mask");
    return done();
}
