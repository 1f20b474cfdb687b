// SPDX-License-Identifier: BSD-3-Clause
// What a handler finds and leaves beside the registers (xnu-3248.60.10 bsd/dev/i386/unix_signal.c, osfmk/i386/fpu.c), what siginfo
// says of each origin, and what is told of actions (bsd/kern/kern_sig.c).
#include "tests/conformance/darwin_raw.h"

extern "C" void* memcpy(void* to, const void* from, usize n) {  // what the compiler makes of copies
    void* const start = to;
    asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
    return start;
}

void raw_thread(Regs*) { for (;;) call(bsd + 361, 0, 0, 0, 0); }

enum { SIGFPE = 8, SIGBUS = 10, SIGSEGV = 11, SIGALRM = 14, SIGCHLD = 20, SIGSTOP = 17, SIGTSTP = 18, SIGCONT = 19, SIGIO = 23,
       SIGUSR1 = 30, SIGUSR2 = 31 };
enum { onstack_flag = 1, restart = 2, resethand = 4, nocldstop = 8, nodefer = 0x10, nocldwait = 0x20, siginfo_flag = 0x40 };

static volatile i32 count;
static u8 info[104], context[56], machine[2632];
static volatile u64 machine_at, frame_rsp, handler_mxcsr, handler_fcw, size_of_machine;
static volatile u64 skip;
static bool use_avx, edit_ymm, use_avx512;
static u8 ymm_inside[32], zmm_inside[64];
static u16 mask_inside;

template <class T>
static T get(const u8* at) {
    T v;
    __builtin_memcpy(&v, at, sizeof v);
    return v;
}

[[gnu::target("avx512f")]] void raw_handler(u64, i32, i32, u8* i, u8* c, u64 rsp) {
    u32 mxcsr;
    u16 fcw;
    asm volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(mxcsr), "=m"(fcw));
    handler_mxcsr = mxcsr;
    handler_fcw = fcw;
    if (use_avx) asm volatile("vmovdqu %%ymm9, %0\n\tvpcmpeqb %%ymm9, %%ymm9, %%ymm9" : "=m"(ymm_inside) : : "xmm9");
    if (use_avx512) asm volatile("kmovw %%k3, %%eax\n\tmovw %%ax, %0\n\tvmovdqu64 %%zmm17, %1\n\tkxnorw %%k3, %%k3, %%k3\n\tvpternlogd $0xff, %%zmm17, %%zmm17, %%zmm17"
                                 : "=m"(mask_inside), "=m"(zmm_inside) : : "rax");
    asm volatile("pcmpeqb %%xmm8, %%xmm8\n\tfld1" : : : "xmm8");
    count = count + 1;
    __builtin_memcpy(info, i, sizeof info);
    __builtin_memcpy(context, c, sizeof context);
    machine_at = get<u64>(c + 48);
    size_of_machine = get<u64>(c + 40);
    u8* m = reinterpret_cast<u8*>(machine_at);
    __builtin_memcpy(machine, m, size_of_machine <= sizeof machine ? size_of_machine : sizeof machine);
    frame_rsp = rsp;
    if (skip) {
        const u64 rip = get<u64>(m + 144) + skip;
        __builtin_memcpy(m + 144, &rip, 8);
    }
    if (edit_ymm) m[772 + 9 * 16 + 3] = 0x77;
    if (use_avx512) m[1604 + 64 + 5] = 0x77;
}

struct Action {
    u64 handler;
    void (*tramp)();
    u32 mask;
    i32 flags;
};
static u64 action(i32 number, u64 handler, i32 flags, u32 mask = 0) {
    const Action a{handler, raw_sigtramp, mask, flags};
    return call(bsd + 46, number, &a, 0);
}
static i32 told(i32 number) {
    u8 old[16] = {};
    call(bsd + 46, number, 0, old);
    return get<i32>(old + 12);
}
static u32 bit(i32 n) { return 1u << (n - 1); }
static void raise(i32 n) { call(bsd + 328, call(mach + 27), n); }
static u32 mask(i32 how, u32 set) {
    u32 old = 0;
    call(bsd + 329, how, &set, &old);
    return old;
}
static u32 pending() {
    u32 set = 99;
    call(bsd + 52, &set);
    return set;
}

static bool has_avx() {
    u32 a = 1, b, c = 0, d;
    asm("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    return (c >> 27 & 3) == 3;
}

static bool has_avx512() {
    u32 a = 7, b, c = 0, d;
    asm("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    if (!has_avx() || !(b >> 16 & 1)) return false;
    u32 low, high;
    asm("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (low & 0xe6) == 0xe6;
}

// From 10.13 on a thread's frames have AVX-512 once it has used it (xnu-4570.71.2 osfmk/i386/fpu.c).
[[gnu::target("avx512f")]] static void wide_state(const u64* args) {
    alignas(64) u8 in[64], out[64];
    for (u32 n = 0; n < 64; n++) in[n] = static_cast<u8>(n + 1);
    const auto interrupt = [&]() __attribute__((target("avx512f"))) {
        u16 mask_out = 0;
        asm volatile("vmovdqu64 %[in], %%zmm17\n\tmov $0x5a5a, %%eax\n\tkmovw %%eax, %%k3\n\t"
                     "mov (%[args]), %%rax\n\tmov 8(%[args]), %%rdi\n\tmov 16(%[args]), %%rsi\n\tsyscall\n\t"
                     "vmovdqu64 %%zmm17, %[out]\n\tkmovw %%k3, %%eax\n\tmovw %%ax, %[mask]\n\tvzeroupper"
                     : [out] "=m"(out), [mask] "=m"(mask_out)
                     : [in] "m"(in), [args] "r"(args)
                     : "rax", "rcx", "rdx", "rdi", "rsi", "r11", "memory");
        return mask_out;
    };
    use_avx512 = true;
    u16 mask_out = interrupt();
    use_avx512 = false;
    bool zero = true, same_bytes = true;
    for (u32 n = 0; n < 64; n++) {
        zero &= zmm_inside[n] == 0;
        same_bytes &= out[n] == (n == 5 ? 0x77 : in[n]);
    }
    same(static_cast<i64>(size_of_machine), 2632, "uc_mcsize of a thread that uses AVX-512");
    check(zero && mask_inside == 0, "zmm17 and k3 are 0 in the handler");
    check(get<u64>(machine + 1604 + 64) == get<u64>(in) && get<u16>(machine + 1028 + 3 * 8) == 0x5a5a, "zmm17 is in the frame at 1604 + 64, k3 at 1028 + 24");
    check(same_bytes && mask_out == 0x5a5a, "and back afterwards, with the byte that the handler edited");
    mask_out = interrupt();
    same_bytes = mask_out == 0x5a5a;
    for (u32 n = 0; n < 64; n++) same_bytes &= out[n] == in[n];
    check(same_bytes, "also by a handler that uses none of it");
}

static void float_state() {
    action(SIGUSR1, 0x4242, siginfo_flag);
    const u32 mxcsr = 0x5f80;  // round up
    const u16 fcw = 0xf7f;     // truncate
    u64 kept[2] = {0x1122334455667788, 0x99aabbccddeeff00}, back[2] = {};
    u32 mxcsr_back = 0;
    u16 fcw_back = 0;
    long double top = 0;
    const u64 self = call(mach + 27), args[3] = {bsd + 328, self, SIGUSR1};
    asm volatile("ldmxcsr %[mxcsr]\n\tfldcw %[fcw]\n\tfldpi\n\tmovdqu %[kept], %%xmm8\n\t"
                 "mov (%[args]), %%rax\n\tmov 8(%[args]), %%rdi\n\tmov 16(%[args]), %%rsi\n\tsyscall\n\t"
                 "movdqu %%xmm8, %[back]\n\tfstpt %[top]\n\tstmxcsr %[mback]\n\tfnstcw %[fback]\n\tfninit"
                 : [back] "=m"(back), [top] "=m"(top), [mback] "=m"(mxcsr_back), [fback] "=m"(fcw_back)
                 : [mxcsr] "m"(mxcsr), [fcw] "m"(fcw), [kept] "m"(kept), [args] "r"(args)
                 : "rax", "rcx", "rdx", "rdi", "rsi", "r11", "xmm8", "memory");
    const u32 standard = 0x1f80;
    asm volatile("ldmxcsr %0" : : "m"(standard));
    check(handler_mxcsr == 0x1f80 && handler_fcw == 0x37f, "a handler starts with a reset unit: MXCSR 0x1f80, FCW 0x37f");
    check(mxcsr_back == mxcsr && fcw_back == fcw, "and what was interrupted has its own again");
    check(back[0] == kept[0] && back[1] == kept[1], "xmm8 too, which the handler overwrote");
    check(top > 3.14L && top < 3.15L, "and the x87 stack");
    check(get<u16>(machine + 192) == fcw && get<u32>(machine + 192 + 24) == mxcsr, "the frame has FCW at 192 and MXCSR at 216");
    check(get<u64>(machine + 192 + 160 + 8 * 16) == kept[0], "xmm8 at 192 + 160 + 8 * 16");
    check(size_of_machine == 712 || size_of_machine == 1032, "uc_mcsize: 712, or 1032 with AVX");
    same(static_cast<i64>(size_of_machine), has_avx() ? 1032 : 712, "as the processor has it");
    same(static_cast<i64>(get<u64>(context + 8)), static_cast<i64>(frame_rsp), "uc_stack.ss_sp: the handler's rsp");
    same(static_cast<i64>(get<u64>(context + 16)), 0, "ss_size 0 without an alternate stack");
    if (!has_avx()) return;
    use_avx = edit_ymm = true;
    u8 in[32], out[32] = {};
    for (u32 n = 0; n < 32; n++) in[n] = static_cast<u8>(n + 1);
    asm volatile("vmovdqu %[in], %%ymm9\n\tmov (%[args]), %%rax\n\tmov 8(%[args]), %%rdi\n\tmov 16(%[args]), %%rsi\n\tsyscall\n\t"
                 "vmovdqu %%ymm9, %[out]\n\tvzeroupper"
                 : [out] "=m"(out)
                 : [in] "m"(in), [args] "r"(args)
                 : "rax", "rcx", "rdx", "rdi", "rsi", "r11", "xmm9", "memory");
    use_avx = edit_ymm = false;
    bool zero = true, same_bytes = true;
    for (u32 n = 0; n < 32; n++) {
        zero &= ymm_inside[n] == 0;
        same_bytes &= out[n] == (n == 19 ? 0x77 : in[n]);
    }
    check(zero, "ymm9 is 0 in the handler");
    check(get<u64>(machine + 772 + 9 * 16) == get<u64>(in + 16), "its upper half is in the frame at 772 + 9 * 16");
    check(same_bytes, "and back afterwards, with the byte that the handler edited");
    if (has_avx512()) wide_state(args);
}

static void origins() {
    const i32 me = static_cast<i32>(call(bsd + 20));
    action(SIGUSR1, 0x4242, siginfo_flag);
    for (u8& b : info) b = 0xee;
    call(bsd + 37, me, SIGUSR1, 1);
    check(get<i32>(info) == SIGUSR1 && get<i32>(info + 4) == 0 && get<i32>(info + 8) == 0, "kill: si_code 0");
    same(get<i32>(info + 12), me, "si_pid: the sender");
    same(get<i32>(info + 20), SIGUSR1, "si_status: the signal");
    same(static_cast<i64>(get<u64>(info + 24)), static_cast<i64>(get<u64>(machine + 144)), "si_addr: the interrupted rip");
    same(static_cast<i64>(get<u64>(info + 48)), static_cast<i64>(get<u64>(machine + 72)), "the first spare word: the interrupted rsp");

    struct {
        i64 sec;
        i32 usec, pad;
    } timer[2] = {{0, 0, 0}, {0, 1000, 0}}, long_time{10, 0, 0};
    action(SIGALRM, 0x4242, siginfo_flag);
    call(bsd + 83, 0, timer, 0);
    call(bsd + 93, 0, 0, 0, 0, &long_time);
    check(get<i32>(info) == SIGALRM && get<i32>(info + 8) == 0 && get<i32>(info + 12) == 0 && get<i32>(info + 20) == SIGALRM,
          "a timer's SIGALRM: nobody's pid, si_status the signal");

    action(SIGCHLD, 0x4242, siginfo_flag);
    call(bsd + 37, me, SIGCHLD, 1);
    check(get<i32>(info) == SIGCHLD && get<i32>(info + 8) == 0 && get<i32>(info + 12) == 0 && get<i32>(info + 20) == 0,
          "kill with SIGCHLD says nothing of the sender");
    const struct {
        i32 how, code, status;
        const char* what;
    } ends[] = {{0, 1, 7, "an exit: CLD_EXITED, the code"}, {9, 2, 9, "a kill: CLD_KILLED, the signal"},
                {SIGSTOP, 5, SIGSTOP, "SIGSTOP: CLD_STOPPED, the signal"}, {SIGTSTP, 5, 0, "another stop: CLD_STOPPED, 0"}};
    for (const auto& e : ends) {
        const i32 before = count;
        mask(1, bit(SIGCHLD));
        Trap child(bsd + 2);
        child.go();
        if (child.r.rdx == 1) {
            if (!e.how) call(bsd + 1, 7);
            if (e.how == SIGTSTP) call(bsd + 82, 0, 0);  // still not orphaned: its parent is in another group of the session
            call(bsd + 37, call(bsd + 20), e.how, 1);
            for (;;) call(bsd + 93, 0, 0, 0, 0, &long_time);
        }
        i32 status = 0;
        const u64 pid = child.r.rax;
        call(bsd + 7, pid, &status, 2, 0);  // WUNTRACED
        // The last child that is waited for takes a masked SIGCHLD with it; one that only stopped does not.
        if (e.how != SIGSTOP && e.how != SIGTSTP) {
            check(!(pending() & bit(SIGCHLD)), "wait4 of the last child takes the masked SIGCHLD away");
            mask(3, 0);
            same(count - before, 0, "so that no handler runs");
            continue;
        }
        mask(3, 0);
        check(count == before + 1 && get<i32>(info + 8) == e.code && get<i32>(info + 12) == static_cast<i32>(pid) &&
                  get<i32>(info + 20) == e.status,
              e.what);
        call(bsd + 37, pid, SIGCONT, 1);
        call(bsd + 7, pid, &status, 0x10, 0);  // WCONTINUED
        same(count - before, 1, "SIGCONT sends the parent nothing");
        mask(1, bit(SIGCHLD));
        call(bsd + 37, pid, 9, 1);
        call(bsd + 7, pid, &status, 0, 0);
        mask(3, 0);
    }
    for (const auto& e : ends) {  // unmasked, so that the signal comes
        if (e.how == SIGSTOP || e.how == SIGTSTP) continue;
        count = 0;
        Trap child(bsd + 2);
        child.go();
        if (child.r.rdx == 1) {
            if (!e.how) call(bsd + 1, 7);
            call(bsd + 37, call(bsd + 20), e.how, 1);
            for (;;) {}
        }
        i32 status = 0;
        while (count == 0) call(bsd + 93, 0, 0, 0, 0, &timer[1]);
        check(get<i32>(info + 8) == e.code && get<i32>(info + 12) == static_cast<i32>(child.r.rax) && get<i32>(info + 20) == e.status,
              e.what);
        call(bsd + 7, child.r.rax, &status, 0, 0);
    }
    action(SIGCHLD, 0, 0);
}

static void faults() {
    action(SIGFPE, 0x4242, siginfo_flag);
    action(SIGSEGV, 0x4242, siginfo_flag);
    action(SIGBUS, 0x4242, siginfo_flag);
    skip = 4;
    const u32 unmasked = 0x1d80, standard = 0x1f80;  // ZM clear
    const double one = 1, zero = 0;
    asm volatile("ldmxcsr %0\n\tmovsd %1, %%xmm0\n\tmovsd %2, %%xmm1\n\tdivsd %%xmm1, %%xmm0\n\tldmxcsr %3"
                 : : "m"(unmasked), "m"(one), "m"(zero), "m"(standard) : "xmm0", "xmm1");
    check(get<i32>(info) == SIGFPE && get<i32>(info + 8) == 1, "SSE division by 0: SIGFPE, FPE_FLTDIV");
    same(static_cast<i64>(get<u64>(info + 24)), static_cast<i64>(get<u64>(machine + 144)), "si_addr: the instruction");
    skip = 0;
    call(bsd + 37, call(bsd + 20), SIGBUS, 1);
    check(get<i32>(info) == SIGBUS && get<i32>(info + 8) == 2 && get<i32>(info + 12) == 0, "SIGBUS by kill: BUS_ADRERR, no sender");

    // The main stack's overflow is SIGSEGV although what lies below is mapped; elsewhere such a page is SIGBUS.
    action(SIGSEGV, 0x4242, siginfo_flag | onstack_flag);
    const u64 frame = Trap::word(__builtin_frame_address(0));
    skip = 2;
    asm volatile("movb (%0), %%al" : : "d"(frame - (40ull << 20)) : "memory", "rax");
    check(get<i32>(info) == SIGSEGV && (get<i32>(info + 8) == 2 || get<i32>(info + 8) == 1) && get<u64>(info + 24) == frame - (40ull << 20),
          "40 MiB below the main stack: SIGSEGV");
    skip = 0;

    // A fault that is masked or ignored is tried again for ever; a timer ends the process.
    struct {
        i64 sec;
        i32 usec, pad;
    } const timer[2] = {{0, 0, 0}, {0, 20000, 0}};
    for (i32 way = 0; way < 2; way++) {
        Trap child(bsd + 2);
        child.go();
        if (child.r.rdx == 1) {
            action(SIGALRM, 0, 0);
            if (way) action(SIGSEGV, 1, 0);
            else mask(1, bit(SIGSEGV));
            call(bsd + 83, 0, timer, 0);
            asm volatile("movb (%0), %%al" : : "d"(64) : "memory", "rax");
            call(bsd + 1, 3);
        }
        i32 status = 0;
        call(bsd + 7, child.r.rax, &status, 0, 0);
        same(status, SIGALRM, way ? "an ignored SIGSEGV: the instruction faults for ever" : "a masked SIGSEGV: the instruction faults for ever");
    }
}

// A program that wants alignment checked (AC) does not make the kernel check its own.
static void alignment() {
    action(SIGUSR1, 0x4242, siginfo_flag);
    u8 place[32] = {};
    const u64 args[3] = {bsd + 328, call(mach + 27), SIGUSR1}, at = Trap::word(place) + 1;
    count = 0;
    asm volatile("pushfq\n\torl $0x40000, (%%rsp)\n\tpopfq\n\t"
                 "mov (%[args]), %%rax\n\tmov 8(%[args]), %%rdi\n\tmov 16(%[args]), %%rsi\n\tsyscall\n\t"
                 "mov $0x2000034, %%eax\n\tmov %[at], %%rdi\n\tsyscall\n\t"
                 "pushfq\n\tandl $~0x40000, (%%rsp)\n\tpopfq"
                 : : [args] "r"(args), [at] "r"(at) : "rax", "rcx", "rdx", "rdi", "rsi", "r11", "memory", "cc");
    check(count == 1 && (get<u64>(machine + 152) & 0x40000), "a signal and unaligned results under AC, which the frame tells");
}

static void actions() {
    same(told(SIGIO), restart, "an action that nobody has set is told with SA_RESTART");
    action(SIGUSR2, 0x4242, 0x1ff);
    same(told(SIGUSR2), onstack_flag | restart | nodefer | siginfo_flag, "SA_RESETHAND, SA_NOCLD* and unknown flags are not told");
    action(SIGUSR2, 0x4242, resethand | siginfo_flag | nodefer);
    raise(SIGUSR2);
    same(told(SIGUSR2), 0, "SA_RESETHAND drops SA_SIGINFO and SA_NODEFER too");
    action(SIGCHLD, 0x4242, nocldstop | nocldwait);
    same(told(SIGCHLD), nocldstop | nocldwait, "SIGCHLD's own flags are told of SIGCHLD");
    action(SIGCHLD, 1, 0);
    same(told(SIGCHLD), nocldwait, "to ignore it is SA_NOCLDWAIT");
    action(SIGCHLD, 0, 0);
    same(told(SIGCHLD), 0, "which its default ends");

    const i32 me = static_cast<i32>(call(bsd + 20));
    action(SIGUSR1, 0x4242, 0);
    mask(1, bit(SIGUSR1) | bit(SIGSEGV));
    call(bsd + 37, me, SIGUSR1, 1);
    call(bsd + 37, me, SIGSEGV, 1);
    same(static_cast<i64>(pending()), static_cast<i64>(bit(SIGUSR1) | bit(SIGSEGV)), "two masked signals wait");
    action(SIGUSR1, 1, 0);
    action(SIGSEGV, 1, 0);
    same(static_cast<i64>(pending()), 0, "to ignore them forgets them");
    call(bsd + 37, me, SIGUSR1, 1);
    same(static_cast<i64>(pending()), 0, "an ignored signal is not pending though masked");
    action(SIGUSR1, 0x4242, 0);
    count = 0;
    mask(3, 0);
    same(count, 0, "and does not come when it is caught and unmasked afterwards");
    same(static_cast<i64>(call(bsd + 52, 8)), 0, "sigpending says nothing of a bad place");
}

int raw_main(int, char**) {
    say("TAP version 13\n");
    float_state();
    origins();
    faults();
    alignment();
    actions();
    return done();
}
