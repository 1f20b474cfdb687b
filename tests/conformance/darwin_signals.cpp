// SPDX-License-Identifier: BSD-3-Clause
// The signal frame and its return, masks, the alternate stack, faults, interrupted calls (xnu-11417
// bsd/dev/i386/unix_signal.c, bsd/kern/kern_sig.c, bsd/uxkern/ux_exception.c).
#include "tests/conformance/darwin_raw.h"

void raw_thread(Regs*) { for (;;) call(bsd + 361, 0, 0, 0, 0); }

static volatile i32 count, last_signal, last_style, last_code, onstack;
static volatile u64 last_catcher, last_rsp, last_addr, last_context, last_info, last_machine, frame_rsp;
static volatile u32 mask_inside, mask_saved;
static volatile u64 skip, set_rax;

template <class T>
static T get(const u8* at) {
    T v;
    __builtin_memcpy(&v, at, sizeof v);
    return v;
}

void raw_handler(u64 catcher, i32 style, i32 number, u8* info, u8* context, u64 rsp) {
    count = count + 1;
    last_signal = number;
    last_style = style;
    last_catcher = catcher;
    last_rsp = rsp;
    last_code = get<i32>(info + 8);
    last_addr = get<u64>(info + 24);
    last_context = Trap::word(context);
    last_info = Trap::word(info);
    last_machine = get<u64>(context + 48);
    onstack = get<i32>(context);
    mask_saved = get<u32>(context + 4);
    u8* machine = reinterpret_cast<u8*>(get<u64>(context + 48));
    frame_rsp = get<u64>(machine + 72);
    u32 mask = 0;
    call(bsd + 329, 1, 0, &mask);
    mask_inside = mask;
    if (skip) {  // go on behind the instruction
        const u64 rip = get<u64>(machine + 144) + skip;
        __builtin_memcpy(machine + 144, &rip, 8);
    }
    if (set_rax) {
        const u64 rax = set_rax;
        __builtin_memcpy(machine + 16, &rax, 8);
    }
}

struct Action {
    u64 handler;
    void (*tramp)();
    u32 mask;
    i32 flags;
};
static u64 action(i32 number, u64 handler, u32 mask, i32 flags) {
    const Action a{handler, raw_sigtramp, mask, flags};
    return call(bsd + 46, number, &a, 0);
}

enum { SIGILL = 4, SIGTRAP = 5, SIGFPE = 8, SIGBUS = 10, SIGSEGV = 11, SIGSYS = 12, SIGALRM = 14, SIGUSR1 = 30, SIGUSR2 = 31 };
enum { onstack_flag = 1, restart = 2, resethand = 4, nodefer = 0x10, siginfo_flag = 0x40 };

static u32 bit(i32 n) { return 1u << (n - 1); }
static void raise(i32 n) { call(bsd + 328, call(mach + 27), n); }
alignas(16) static u8 other_stack[32768];

int raw_main(int, char**) {
    say("TAP version 13\n");
    u64 here = Trap::word(__builtin_frame_address(0));
    same(static_cast<i64>(action(SIGUSR1, 0x4242, bit(SIGUSR2), siginfo_flag)), 0, "sigaction");
    {
        u8 old[24];
        for (u8& b : old) b = 0xee;
        call(bsd + 46, SIGUSR1, 0, old);
        check(get<u64>(old) == 0x4242 && get<u32>(old + 8) == bit(SIGUSR2) && get<i32>(old + 12) == siginfo_flag,
              "the old action: handler 0, mask 8, flags 12");
        check(get<u64>(old + 16) == 0xeeeeeeeeeeeeeeee, "and no more than 16 bytes");
    }
    same(static_cast<i64>(action(9, 0x4242, 0, 0)), 22, "SIGKILL cannot be caught");
    same(static_cast<i64>(action(32, 0x4242, 0, 0)), 22, "there is no signal 32");

    {
        Trap t(bsd + 328, call(mach + 27), SIGUSR1);
        const Regs before = t.r;
        t.go();
        same(count, 1, "__pthread_kill to itself is delivered before it returns");
        check(!t.failed() && t.r.rax == 0 && t.r.rbx == before.rbx && t.r.r10 == before.r10 && t.r.r15 == before.r15 &&
                  t.r.r8 == before.r8 && t.r.rdi == before.rdi,
              "and the registers come back");
    }
    same(last_signal, SIGUSR1, "edx: the signal");
    same(last_style, 30, "esi: UC_FLAVOR with SA_SIGINFO");
    same(static_cast<i64>(last_catcher), 0x4242, "rdi: the handler");
    same(static_cast<i64>(last_rsp % 16), 8, "rsp is 8 modulo 16, as behind a call");
    check(last_rsp < last_machine && last_machine < last_info && last_info < last_context && last_context < frame_rsp,
          "from below: rsp, mcontext, siginfo, ucontext, what was interrupted");
    same(static_cast<i64>(last_info - last_machine >= 712 && last_context - last_info == 104), 1, "712 or more, then 104 bytes");
    same(static_cast<i64>(frame_rsp - (last_context + 56) >= 128), 1, "the red zone is spared");
    same(static_cast<i64>(mask_inside), static_cast<i64>(bit(SIGUSR1) | bit(SIGUSR2)), "masked: sa_mask and the signal itself");
    same(static_cast<i64>(mask_saved), 0, "the old mask is in the ucontext");
    u32 now = 99;
    call(bsd + 329, 1, 0, &now);
    same(static_cast<i64>(now), 0, "and back after sigreturn");

    action(SIGUSR1, 0x4242, 0, nodefer | resethand);
    raise(SIGUSR1);
    same(last_style, 1, "esi: UC_TRAD without SA_SIGINFO");
    same(static_cast<i64>(mask_inside), 0, "SA_NODEFER");
    u8 old[16];
    call(bsd + 46, SIGUSR1, 0, old);
    same(static_cast<i64>(get<u64>(old)), 0, "SA_RESETHAND");

    action(SIGUSR1, 0x4242, 0, siginfo_flag);
    u32 block = bit(SIGUSR1) | bit(9), pending = 0;
    call(bsd + 329, 1, &block, 0);
    call(bsd + 329, 1, 0, &now);
    same(static_cast<i64>(now), static_cast<i64>(bit(SIGUSR1)), "SIGKILL cannot be masked");
    count = 0;
    call(bsd + 37, call(bsd + 20), SIGUSR1, 1);
    same(count, 0, "a masked signal waits");
    call(bsd + 52, &pending);
    same(static_cast<i64>(pending), static_cast<i64>(bit(SIGUSR1)), "sigpending tells");
    call(bsd + 329, 2, &block, 0);
    same(count, 1, "and comes when it is unmasked");

    const struct {
        u64 sp, size;
        i32 flags, pad;
    } small{Trap::word(other_stack), 8191, 0, 0}, good{Trap::word(other_stack), sizeof other_stack, 0, 0}, off{0, 0, 4, 0};
    same(static_cast<i64>(call(bsd + 53, &small, 0)), 12, "sigaltstack below 8192 bytes is ENOMEM");
    same(static_cast<i64>(call(bsd + 53, &good, 0)), 0, "sigaltstack");
    raise(SIGUSR1);
    check(last_rsp > here - 65536 && last_rsp < here, "without SA_ONSTACK the handler runs where it was");
    action(SIGUSR1, 0x4242, 0, siginfo_flag | onstack_flag);
    raise(SIGUSR1);
    check(last_rsp > good.sp && last_rsp < good.sp + good.size, "with it on the alternate stack");
    same(onstack, 0, "and knows that it came from elsewhere");
    same(static_cast<i64>(call(bsd + 53, &off, 0)), 0, "which can be disabled afterwards");

    // Faults. Each handler goes on behind the instruction, whose length is known.
    const i32 faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
    for (const i32 n : faults) action(n, 0x4242, 0, siginfo_flag);
    const u64 page = call(bsd + 197, 0, 4096, 1, 0x1002, 0xffffffff, 0);
    skip = 2;
    asm volatile("movb %%al, (%0)" : : "d"(page) : "memory");  // 88 02
    check(last_signal == SIGBUS && last_addr == page, "a write to a read-only page: SIGBUS, its address");
    call(bsd + 73, page, 4096);
    asm volatile("movb (%0), %%al" : : "d"(page) : "memory", "rax");  // 8a 02
    check(last_signal == SIGSEGV && last_addr == page && last_code == 1, "a read of no page: SIGSEGV, SEGV_MAPERR");
    asm volatile("movb (%0), %%al" : : "d"(0x8000000000000000) : "memory", "rax");
    check(last_signal == SIGSEGV && last_addr == 0, "an address that cannot be: SIGSEGV, address 0");
    set_rax = 77;
    const int quotient = raw_divide(1, 0);  // f7 fe
    check(last_signal == SIGFPE && (last_code == 7 || last_code == 0), "division by 0: SIGFPE");
    same(quotient, 77, "a handler that edits rax and rip is obeyed");
    set_rax = 0;
    asm volatile("ud2");
    same(last_signal, SIGILL, "ud2: SIGILL");
    skip = 0;
    asm volatile("int3");
    same(last_signal, SIGTRAP, "int3: SIGTRAP");

    // SSE state survives a handler that uses it.
    {
        double kept = 1.5;
        asm volatile("movsd %1, %%xmm9\n\tint3\n\tmovsd %%xmm9, %0" : "=m"(kept) : "m"(kept) : "xmm9", "memory");
        check(kept == 1.5, "xmm registers come back");
    }

    // Interrupted calls.
    struct {
        i64 sec;
        i32 usec, pad;
    } timer[2] = {{0, 0, 0}, {0, 50000, 0}}, long_time{10, 0, 0};
    action(SIGALRM, 0x4242, 0, siginfo_flag | restart);
    u32 semaphore;
    semaphore_create(0, semaphore);
    call(bsd + 83, 0, timer, 0);
    same(semaphore_wait(semaphore), 14, "a signal aborts semaphore_wait: KERN_ABORTED");
    call(bsd + 83, 0, timer, 0);
    same(static_cast<i64>(call(bsd + 93, 0, 0, 0, 0, &long_time)), 4, "select is never restarted: EINTR");
    Trap ends(bsd + 42);
    ends.go();
    action(SIGALRM, 0x4242, 0, siginfo_flag);
    call(bsd + 83, 0, timer, 0);
    u8 byte;
    Trap read(bsd + 3, ends.r.rax, &byte, 1);
    check(read.go().failed() && read.r.rax == 4, "read without SA_RESTART: EINTR");
    action(SIGALRM, 0x4242, 0, siginfo_flag | restart);
    count = 0;
    call(bsd + 83, 0, timer, 0);
    const i64 pid = static_cast<i64>(call(bsd + 20));
    Trap child(bsd + 2);
    child.go();
    if (child.r.rdx == 1) {
        const struct {
            i64 sec;
            i32 usec, pad;
        } later{0, 200000, 0};
        call(bsd + 93, 0, 0, 0, 0, &later);
        call(bsd + 4, ends.r.rdx, "y", 1);
        call(bsd + 1, static_cast<i64>(call(bsd + 39)) == pid ? 21 : 22);
    }
    read = Trap(bsd + 3, ends.r.rax, &byte, 1);
    read.go();
    check(!read.failed() && read.r.rax == 1 && byte == 'y' && count == 1, "read with SA_RESTART goes on behind the handler");
    i32 status = 0;
    same(static_cast<i64>(call(bsd + 7, child.r.rax, &status, 0, 0)), static_cast<i64>(child.r.rax), "fork: the child's pid, rdx 0");
    same(status, 21 << 8, "in the child rdx is 1, and its status comes through wait4");

    // Unknown numbers.
    action(SIGSYS, 0x4242, 0, siginfo_flag);
    count = 0;
    Trap old_creat(bsd + 8);
    old_creat.go();
    check(old_creat.failed() && old_creat.r.rax == 78 && count == 0, "a BSD number that was one: ENOSYS, no signal");
    Trap unknown(bsd + 4000);
    unknown.go();
    check(unknown.failed() && unknown.r.rax == 78, "a BSD number that is none: ENOSYS");
    check(count == 1 && last_signal == SIGSYS, "and SIGSYS");
    count = 0;
    Trap none(mach + 1);
    none.go();
    check(count == 1 && last_signal == SIGSYS && none.r.rax == mach + 1, "a Mach number that is none: SIGSYS, rax stays");
    count = 0;
    Trap no_class(20);
    no_class.go();
    check(count == 1 && last_signal == SIGSYS, "class 0: SIGSYS");
    count = 0;
    same(static_cast<i64>(call(mdep + 99)), 4, "a machdep number that is none: 4");
    same(count, 0, "and no signal");
    call(bsd + 37, pid, SIGSYS, 1);
    check(count == 1 && last_signal == SIGSYS, "kill with SIGSYS is delivered as signal 12");
    return done();
}
