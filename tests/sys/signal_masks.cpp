// SPDX-License-Identifier: BSD-3-Clause
// A thread's mask, what is pending, waiting for signals, alternate stacks.
#include "child.h"

#include "sys/calls.h"
#include "sys/thread.h"

using namespace trapeze;

static volatile i32 count;
static volatile uptr where;
static void counts(i32, SignalInfo*, SignalContext*) {
    count = count + 1;
    where = reinterpret_cast<uptr>(__builtin_frame_address(0));
}

constexpr SignalSet usr1 = SignalSet::of(kernel::SIGUSR1), usr2 = SignalSet::of(kernel::SIGUSR2);

static void sets() {
    SignalSet s = SignalSet::of(kernel::SIGUSR1, kernel::SIGTERM);
    ok(s.has(kernel::SIGUSR1) && s.has(kernel::SIGTERM) && !s.has(kernel::SIGUSR2), "a set has what was put in");
    s.remove(kernel::SIGTERM);
    s.add(kernel::SIGHUP);
    ok(s == SignalSet::of(kernel::SIGHUP, kernel::SIGUSR1), "and changes");
    ok(!s.has(0) && !s.has(-1) && !s.has(signal_count + 1) && SignalSet::of(0, signal_count + 1) == SignalSet{}, "no set has what is no signal");
    ok(SignalSet::all().has(1) && SignalSet::all().has(signal_count), "all has the first and the last");
}

static void masks() {
    (void)signals_setmask({});
    (void)signal_handle(kernel::SIGUSR1, counts);
    SignalSet before = SignalSet::all();
    ok(signals_block(usr1, &before).ok() && before == SignalSet{}, "block tells the mask before");
    ok(signals_block(usr2, &before).ok() && before == usr1, "and adds");
    ok(signals_mask() == SignalSet::of(kernel::SIGUSR1, kernel::SIGUSR2), "to what was there");
    ok(signals_unblock(usr2, &before).ok() && signals_mask() == usr1, "unblock takes away");
    ok(signals_setmask(SignalSet::all()).ok() && !signals_mask().has(kernel::SIGKILL) && !signals_mask().has(kernel::SIGSTOP),
       "SIGKILL and SIGSTOP cannot be blocked");
    (void)signals_setmask(usr1);
    count = 0;
    (void)raise(kernel::SIGUSR1);
    (void)raise(kernel::SIGUSR1);
    SignalSet pending;
    ok(count == 0 && signals_pending(&pending).ok() && pending == usr1, "a blocked signal is pending");
    (void)signals_unblock(usr1);
    ok(count == 1, "unblocking runs its handler once, before the call returns");
    ok(signals_pending(&pending).ok() && pending == SignalSet{}, "and nothing is left");

    // A mask is the thread's own: the other one has it blocked, this one not.
    static volatile i32 state;
    state = 0;
    Result error{0};
    (void)signals_setmask({});
    Thread* t = thread_create([](void*) {
        (void)signals_block(usr1);
        state = 1;
        while (state != 2) thread_yield();
    }, nullptr, &error);
    while (state != 1) thread_yield();
    ok(!signals_mask().has(kernel::SIGUSR1), "a thread's mask is its own");
    count = 0;
    (void)thread_kill(t, kernel::SIGUSR1);
    (void)raise(kernel::SIGUSR1);
    ok(count == 1, "a signal to a thread that has it blocked waits there");
    state = 2;
    thread_join(t);
    const i32 bad = signals_pending(reinterpret_cast<SignalSet*>(8)).err();
    ok(bad == kernel::EFAULT || bad == 0, "a bad place for what is pending: EFAULT; XNU says nothing of it");
}

static void waits() {
    (void)signals_setmask(usr1);
    count = 0;
    (void)raise(kernel::SIGUSR1);
    fails(signals_suspend({}), kernel::EINTR, "suspend: what was pending is handled, then EINTR");
    ok(count == 1 && signals_mask() == usr1, "and the old mask is back");

    static i32 parent;
    parent = getpid();
    Result child = fork();
    if (child.value() == 0) {
        for (i32 i = 0; i < 2000; i++) (void)getppid();
        (void)kill(parent, kernel::SIGUSR1);
        exit_process(0);
    }
    fails(signals_suspend({}), kernel::EINTR, "suspend sleeps until another process sends one");
    ok(count == 2, "whose handler has run");
    (void)wait(static_cast<i32>(child.value()), nullptr);

    (void)signals_block(SignalSet::of(kernel::SIGUSR1, kernel::SIGUSR2));
    (void)raise(kernel::SIGUSR2);
    SignalInfo info;
    ok(signals_wait(SignalSet::of(kernel::SIGUSR1, kernel::SIGUSR2), &info).value() == kernel::SIGUSR2 && info.signal() == kernel::SIGUSR2,
       "wait takes a pending signal and tells which");
    ok(count == 2, "without its handler");
    child = fork();
    if (child.value() == 0) {
        for (i32 i = 0; i < 2000; i++) (void)getppid();
        (void)kill(parent, kernel::SIGUSR1);
        exit_process(0);
    }
    ok(signals_wait(usr1).value() == kernel::SIGUSR1, "wait sleeps until one comes");
    (void)wait(static_cast<i32>(child.value()), nullptr);
    SignalSet pending;
    ok(signals_pending(&pending).ok() && !pending.has(kernel::SIGUSR1) && count == 2, "and takes it");

    const i64 begin = nanotime();
    Result r = signals_wait(usr1, nullptr, 5'000'000);
    if (r.err() == kernel::EAGAIN) ok(nanotime() - begin >= 5'000'000, "wait with a timeout: EAGAIN, not before its time");
    else fails(r, kernel::ENOTSUP, "a timeout is more than XNU's sigwait has: ENOTSUP");
    (void)signals_setmask({});
}

static void stacks() {
    const usize size = signal_stack_size();
    Result map = pages_map(size);
    u8* base = reinterpret_cast<u8*>(map.value());
    SignalStack now{};
    ok(signal_stack_off().ok() && signal_stack_now(&now).ok() && now.off && !now.on, "no alternate stack");
    ok(signal_stack(base, size).ok() && signal_stack_now(&now).ok() && now.base == base && now.size == size && !now.off && !now.on, "one is set, and told");
    (void)signal_handle(kernel::SIGUSR1, counts, SA_ONSTACK);
    (void)raise(kernel::SIGUSR1);
    ok(where - reinterpret_cast<uptr>(base) < size, "SA_ONSTACK: its handler runs there");
    (void)signal_handle(kernel::SIGUSR1, counts);
    (void)raise(kernel::SIGUSR1);
    ok(where - reinterpret_cast<uptr>(base) >= size, "without the flag it does not");

    static bool on;
    static i32 other, off;
    static u8* there;
    there = base;
    (void)signal_handle(kernel::SIGUSR1, [](i32, SignalInfo*, SignalContext*) {
        SignalStack inner{};
        (void)signal_stack_now(&inner);
        on = inner.on;
        other = signal_stack(there, 64 << 10).err();
        off = signal_stack_off().err();
    }, SA_ONSTACK);
    (void)raise(kernel::SIGUSR1);
    ok(on, "in it the thread stands on it");
    ok(other == kernel::EPERM, "and cannot change it: EPERM");
    ok(off == kernel::EPERM || off == kernel::EINVAL, "nor drop it");
    ok(signal_stack_now(&now).ok() && !now.on, "heritage 17: back from it the thread does not");
    fails(signal_stack(base, 1024), kernel::ENOMEM, "too small a stack: ENOMEM");

    // A stack that is exhausted: the handler for it runs, because it has a stack of its own.
    held(in_child([] {
             (void)signal_handle(kernel::SIGSEGV, [](i32, SignalInfo*, SignalContext*) { exit_process(0); }, SA_ONSTACK);
             (void)signal_handle(kernel::SIGBUS, [](i32, SignalInfo*, SignalContext*) { exit_process(0); }, SA_ONSTACK);
             u64 rsp;
             asm volatile("mov %%rsp, %0; xor %%esp, %%esp; push %%rax; mov %0, %%rsp" : "=&r"(rsp) : : "memory");
             return 1;
         }),
         "a bad stack pointer is handled on the alternate stack");
}

int main() {
    print("TAP version 13\n");
    sets();
    masks();
    waits();
    stacks();
    return done();
}
