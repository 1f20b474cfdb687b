// SPDX-License-Identifier: BSD-3-Clause
// Heritage 17: handlers return, with every flag that there is; what they see of the interrupted state and may change in it;
// what becomes of a call that they interrupt.
#include "child.h"
#include "sys/calls.h"
#include "sys/thread.h"

using namespace trapeze;

static volatile i32 count, deepest, depth;
static volatile i32 seen_signal, seen_pid;
static volatile u32 seen_uid;
static SignalSet inside_mask;

static void counts(i32 signal, SignalInfo* info, SignalContext*) {
    count = count + 1;
    seen_signal = signal;
    seen_pid = info->pid();
    seen_uid = info->uid();
    inside_mask = signals_mask();
}

static void returns() {
    // Everything that the compiler may keep in registers, and the flags, are as before.
    ok(signal_handle(kernel::SIGUSR1, counts), "heritage 17: a handler is set");
    ok(raise(kernel::SIGUSR1).ok() && count == 1, "heritage 17: raise runs it, and it returns");
    ok(seen_signal == kernel::SIGUSR1, "it is told the signal");
    ok(seen_pid == getpid() && seen_uid == static_cast<u32>(getuid()), "and who sent it");
    double x = 1.5;
    asm volatile("" : "+x"(x));
    for (i32 i = 0; i < 1000; i++) (void)raise(kernel::SIGUSR1);
    ok(count == 1001 && x == 1.5, "heritage 17: a thousand times, with the floating-point state as it was");
    ok(inside_mask.has(kernel::SIGUSR1) && !signals_mask().has(kernel::SIGUSR1), "its own signal is blocked while it runs, and not after");
    ok(kill(getpid(), kernel::SIGUSR1).ok(), "kill to the process");
    for (i32 i = 0; i < 1000 && count < 1002; i++) thread_yield();
    ok(count == 1002, "arrives too");
}

static void masks() {
    ok(signal_handle(kernel::SIGUSR1, counts, 0, SignalSet::of(kernel::SIGUSR2, kernel::SIGTERM)), "a handler with a mask");
    SignalSet outside = SignalSet::of(kernel::SIGHUP);
    (void)signals_setmask(outside);
    (void)raise(kernel::SIGUSR1);
    ok(inside_mask == SignalSet::of(kernel::SIGUSR1, kernel::SIGUSR2, kernel::SIGTERM, kernel::SIGHUP), "the masks add up while it runs");
    ok(signals_mask() == outside, "heritage 17: returning restores the mask");
    (void)signals_setmask({});

    // Nested: another signal's handler runs in the middle of this one; the same signal's does not, until it is over.
    static volatile i32 inner, order;
    inner = 0;
    order = 0;
    (void)signal_handle(kernel::SIGUSR2, [](i32, SignalInfo*, SignalContext*) { inner = inner + 1; });
    (void)signal_handle(kernel::SIGUSR1, [](i32, SignalInfo*, SignalContext*) {
        count = count + 1;
        if (count == 1) {
            (void)raise(kernel::SIGUSR1);  // waits until this one is over
            order = count == 1 && inner == 0;
        }
        (void)raise(kernel::SIGUSR2);
    });
    count = 0;
    (void)raise(kernel::SIGUSR1);
    ok(count == 2 && order == 1, "its own signal waits until it is over");
    ok(inner == 2, "heritage 17: another's handler runs in its middle, and both return");
}

static void nodefer(i32 signal, SignalInfo*, SignalContext*) {
    count = count + 1;
    depth = depth + 1;
    if (depth > deepest) deepest = depth;
    if (count < 5) (void)raise(signal);
    depth = depth - 1;
}

static void flags() {
    count = 0;
    deepest = 0;
    depth = 0;
    (void)signal_handle(kernel::SIGUSR1, nodefer, SA_NODEFER);
    (void)raise(kernel::SIGUSR1);
    ok(count == 5 && deepest == 5 && depth == 0, "heritage 17: SA_NODEFER: five deep, and all return");

    count = 0;
    deepest = 0;
    depth = 0;
    (void)signal_handle(kernel::SIGUSR1, nodefer, 0);
    (void)raise(kernel::SIGUSR1);
    ok(count == 5 && deepest == 1, "without it one after the other");

    count = 0;
    (void)signal_handle(kernel::SIGUSR1, counts, SA_RESETHAND);
    (void)raise(kernel::SIGUSR1);
    SignalHandling now{};
    ok(count == 1 && signal_action(kernel::SIGUSR1, &now).ok() && now.handler == SIG_DFL, "heritage 17: SA_RESETHAND: once, then the default");
    WaitStatus s = in_child([] {
        (void)raise(kernel::SIGUSR1);
        return 0;
    });
    ok(s.signalled() && s.signal() == kernel::SIGUSR1, "which ends the process");

    SignalHandling before{};
    ok(signal_handle(kernel::SIGUSR1, counts, SA_RESTART | SA_ONSTACK, SignalSet::of(kernel::SIGHUP), &before), "what was set is told");
    ok(before.handler == SIG_DFL, "(the default)");
    ok(signal_action(kernel::SIGUSR1, &now).ok() && now.handler == reinterpret_cast<u64>(counts) && now.flags == (SA_RESTART | SA_ONSTACK) &&
           now.mask.has(kernel::SIGHUP) && !now.mask.has(kernel::SIGTERM),
       "and what is set: handler, flags, mask");
    ok(signal_ignore(kernel::SIGUSR1).ok() && raise(kernel::SIGUSR1).ok(), "an ignored signal does nothing");
    ok(signal_restore(kernel::SIGUSR1, now).ok() && raise(kernel::SIGUSR1).ok() && count == 2, "what was told can be put back");
    fails(signal_handle(kernel::SIGKILL, counts), kernel::EINVAL, "SIGKILL: EINVAL");
    fails(signal_handle(kernel::SIGSTOP, counts), kernel::EINVAL, "SIGSTOP: EINVAL");
    fails(signal_handle(0, counts), kernel::EINVAL, "0: EINVAL");
    fails(signal_handle(signal_count + 1, counts), kernel::EINVAL, "beyond the last: EINVAL");
    fails(signal_handle(-1, counts), kernel::EINVAL, "-1: EINVAL");
    fails(raise(signal_count + 1), kernel::EINVAL, "nor can it be raised");
    fails(raise(-1), kernel::EINVAL, "nor can -1");
}

// The instruction that faults is stepped over by the handler: it writes rip, and the register that the load was for.
[[gnu::noinline]] static u64 load_or(const u64* at, u64 otherwise) {
    u64 value = otherwise;
    asm volatile("movq (%1), %%rax; movq %%rax, %0" : "=r"(value) : "r"(at) : "rax", "memory");
    return value;
}
static volatile u64 fault_address;
static void steps_over(i32, SignalInfo* info, SignalContext* c) {
    count = count + 1;
    fault_address = info->address();
    c->rax() = 4711;
    const u8* at = reinterpret_cast<const u8*>(c->rip());
    // movq (reg), %rax: REX 8B modrm, with one more byte for r12 (SIB) or rbp/r13 (displacement)
    c->rip() += (at[2] & 7) == 4 || (at[2] >> 6) == 1 ? 4 : 3;
}

static void contexts() {
    count = 0;
    (void)signal_handle(kernel::SIGSEGV, steps_over);
    (void)signal_handle(kernel::SIGBUS, steps_over);
    ok(load_or(reinterpret_cast<const u64*>(0x10), 1) == 4711 && count == 1, "heritage 17: a handler writes rax and rip, and the thread goes on there");
    ok(fault_address == 0x10, "it is told the address of a fault");
    Result page = pages_map(page_size);
    (void)pages_guard(reinterpret_cast<void*>(page.value()), page_size);
    ok(load_or(reinterpret_cast<const u64*>(page.value() + 8), 1) == 4711 && count == 2 && fault_address == static_cast<u64>(page.value() + 8),
       "on a page without access too");
    (void)signal_default(kernel::SIGSEGV);
    (void)signal_default(kernel::SIGBUS);

    static u64 rsp, rip, rbp;
    static SignalSet mask;
    (void)signals_setmask(SignalSet::of(kernel::SIGHUP));
    (void)signal_handle(kernel::SIGUSR1, [](i32, SignalInfo*, SignalContext* c) {
        rsp = c->rsp(), rip = c->rip(), rbp = c->rbp();
        mask.bits = c->mask();
        c->mask() = SignalSet::of(kernel::SIGTERM).bits;
    });
    (void)raise(kernel::SIGUSR1);
    const u64 here = reinterpret_cast<u64>(__builtin_frame_address(0));
    ok(rsp - (here - 4096) < 8192, "it sees the stack pointer that it interrupted");
    ok(rip > 0x1000 && mask == SignalSet::of(kernel::SIGHUP), "and where, and with which mask");
    ok(signals_mask() == SignalSet::of(kernel::SIGTERM), "the mask that it wrote is the thread's");
    (void)signals_setmask({});
}

// A read of an empty pipe, in a thread, that a signal interrupts; then a byte comes.
static i32 pipe_ends[2];
static volatile i32 in_read;
static void nothing(i32, SignalInfo*, SignalContext*) { count = count + 1; }

static i64 interrupted_read(u64 action_flags, bool by_wrapper) {
    (void)signal_handle(kernel::SIGUSR1, nothing, action_flags);
    count = 0;
    static volatile i64 result;
    static bool wrapped;
    wrapped = by_wrapper;
    in_read = 0;
    result = 77;
    Result error{0};
    Thread* t = thread_create([](void*) {
        char c;
        in_read = 1;
        result = wrapped ? read(pipe_ends[0], &c, 1).raw : sys_read(pipe_ends[0], &c, 1).raw;
        in_read = 2;
    }, nullptr, &error);
    if (!t) return -1000;
    while (!in_read) thread_yield();
    // Until it has been interrupted three times, or has come back: it may be still on its way into read the first time.
    for (i32 n = 0; in_read == 1 && n < 3;) {
        const i32 before = count;
        (void)thread_kill(t, kernel::SIGUSR1);
        while (count == before) thread_yield();
        for (i32 i = 0; i < 200 && in_read == 1; i++) thread_yield();
        n++;
    }
    if (in_read == 1) (void)write(pipe_ends[1], "x", 1);
    thread_join(t);
    return result;
}

static void calls() {
    if (pipe(pipe_ends, O_CLOEXEC).failed()) return ok(false, "a pipe");
    i64 r = interrupted_read(0, true);
    ok(r == 1 && count == 3, "heritage 17: a read that a handler without SA_RESTART interrupts is called again by our wrapper");
    r = interrupted_read(SA_RESTART, false);
    ok(r == 1 && count == 3, "with SA_RESTART the kernel does it, below a bare trap too");
    for (i32 i = 0; i < 50; i++) {  // until it was in the trap when the signal came
        r = interrupted_read(0, false);
        if (r != 1) break;
    }
    ok(r == -kernel::EINTR, "without it a bare trap ends with EINTR");
}

int main() {
    print("TAP version 13\n");
    returns();
    masks();
    flags();
    contexts();
    calls();
    return done();
}
