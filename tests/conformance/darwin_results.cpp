// SPDX-License-Identifier: BSD-3-Clause
// How traps give results: carry, rdx, what is preserved, where the seventh argument is read (xnu-11417
// bsd/dev/i386/systemcalls.c, osfmk/x86_64/idt64.s, osfmk/i386/bsd_i386.c).
#include "tests/conformance/darwin_raw.h"

void raw_thread(Regs*) { for (;;) call(bsd + 361, 0, 0, 0, 0); }
void raw_handler(u64, i32, i32, u8*, u8*, u64) {}

static void preserved(const Regs& before, const Regs& after, const char* what) {
    check(before.rbx == after.rbx && before.rbp == after.rbp && before.rdi == after.rdi && before.rsi == after.rsi &&
              before.r8 == after.r8 && before.r9 == after.r9 && before.r10 == after.r10 && before.r12 == after.r12 &&
              before.r13 == after.r13 && before.r14 == after.r14 && before.r15 == after.r15,
          what);
}

// Over a trap of that number: MXCSR and the control word included.
static bool floats_kept(u64 number) {
    alignas(16) u8 before[512], after[512];
    u8 high_before[16 * 16], high_after[16 * 16];
    asm volatile("fninit; fldpi; fld1; fxsave %0; fninit" : "=m"(before));
    for (int i = 0; i < 256; i++) before[160 + i] = static_cast<u8>(i * 11 + 3), high_before[i] = static_cast<u8>(i * 5 + 1);
    before[1] |= 0xc;      // truncate
    before[25] = 0x7f;     // all masked, round to zero
    u32 a = 1, b, c = 0, d, low = 0, high;
    asm volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    if (c >> 27 & 1) asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    const bool avx = c >> 28 & 1 && (low & 6) == 6;
    Trap t(number, 12345);
    asm volatile("fxrstor %0" : : "m"(before));
#define HALF(n) "vinsertf128 $1, 16*" #n "(%0), %%ymm" #n ", %%ymm" #n "\n"
    if (avx) asm volatile(HALF(0) HALF(7) HALF(15) : : "r"(high_before));
    raw_trap(&t.r);
#define TAKE(n) "vextractf128 $1, %%ymm" #n ", 16*" #n "(%0)\n"
    if (avx) asm volatile(TAKE(0) TAKE(7) TAKE(15) : : "r"(high_after) : "memory");
    asm volatile("fxsave %0; fninit" : "=m"(after));
    u32 usual = 0x1f80;
    asm volatile("ldmxcsr %0" : : "m"(usual));
    bool same = true;
    for (int i = 0; i < 416; i++) same = same && (before[i] == after[i] || (i >= 6 && i < 24) || (i >= 28 && i < 32));
    constexpr int looked_at[] = {0, 7, 15};
    for (const int n : looked_at)
        for (int i = 0; avx && i < 16; i++) same = same && high_before[16 * n + i] == high_after[16 * n + i];
    return same;
}

int raw_main(int, char**) {
    say("TAP version 13\n");
    {
        Trap t(bsd + 20);
        t.r.rflags |= carry;
        const Regs before = t.r;
        t.go();
        check(!t.failed() && static_cast<i64>(t.r.rax) > 0, "getpid clears the carry that was set");
        same(static_cast<i64>(t.r.rdx), 0, "a success without second result sets rdx to 0");
        preserved(before, t.r, "a BSD call preserves all but rax, rdx, rcx, r11");
    }
    constexpr u64 numbers[] = {bsd + 20, bsd + 6, mach + 28, mach + 36, mdep + 3};  // a success, an error, each class
    for (const u64 number : numbers) {
        Trap t(number, 12345);
        t.go();
        check(t.r.rcx != 0xc0c0 && t.r.r11 != 0x1111, "rcx and r11 are destroyed: no program can rely on them");
        check(floats_kept(number), "x87, SSE and AVX registers are not");
    }
    {
        Trap t(bsd + 6, 12345, 1, 0x77777777777);
        const Regs before = t.r;
        t.go();
        check(t.failed(), "close of no descriptor sets carry");
        same(static_cast<i64>(t.r.rax), 9, "rax is EBADF, positive");
        same(static_cast<i64>(t.r.rdx), 0x77777777777, "an error keeps rdx");
        preserved(before, t.r, "an error preserves the other registers");
    }
    {
        Trap t(bsd + 6, 0xffffffff00003039);
        check(t.go().failed() && t.r.rax == 9, "the upper half of a 32-bit argument is not looked at");
        Trap u(0xabcdef0000000000 | bsd | 20);
        check(!u.go().failed() && u.r.rax == call(bsd + 20), "nor is the upper half of rax");
    }
    {
        Trap t(bsd + 42);
        t.go();
        check(!t.failed() && t.r.rdx == t.r.rax + 1, "pipe: both descriptors in rax and rdx");
        const u64 in = t.r.rax, out = t.r.rdx;
        char c = 0;
        if (same(static_cast<i64>(call(bsd + 4, out, "x", 1)), 1, "the second writes"))  // else a read would wait for ever
            check(call(bsd + 3, in, &c, 1) == 1 && c == 'x', "the first reads");
        same(static_cast<i64>(call(bsd + 3, in, &c, 0x80000000)), 22, "a count above INT_MAX is EINVAL");
        call(bsd + 6, in);
        call(bsd + 6, out);
    }
    {
        Trap t(bsd + 0, 20);
        check(!t.go().failed() && t.r.rax == call(bsd + 20), "number 0 calls what rdi says");
        Trap w(bsd + 0, 4, 1, "# written by an indirect call\n", 30);
        same(static_cast<i64>(w.go().r.rax), 30, "its arguments begin in rsi");
    }
    for (u64 c = 0; c <= carry; c++) {
        Trap t(mach + 28);
        t.r.rflags |= c;
        const Regs before = t.r;
        t.go();
        same(static_cast<i64>(t.r.rflags & carry), static_cast<i64>(c), "a Mach trap leaves carry as it was");
        check(t.r.rax != 0 && (t.r.rax & 3) == 3 && t.r.rax >> 32 == 0, "task_self is a name with both low bits set");
        check(t.r.rdx == before.rdx, "a Mach trap keeps rdx");
        preserved(before, t.r, "a Mach trap preserves the other registers");
    }
    {
        Trap t(mach + 36, 0);
        same(static_cast<i64>(t.go().r.rax), 15, "a kern_return_t comes in rax: semaphore_wait(0) is INVALID_NAME");
    }
    {
        // The eighth argument of mach_msg_overwrite is where the reply goes: it is read from 16(rsp) at the trap.
        CreateMessage m{0x1513, 40, task_self(), reply_port(), 0, 99999, {0, 0, 0, 0, 1}, 0, 0, {}};
        CreateMessage reply{};
        const u64 r = call(mach + 32, &m, 3, 40, sizeof reply, reply_port(), 0, 0, &reply);
        same(static_cast<i64>(r), 0, "mach_msg_overwrite: an RPC");
        check(m.id == 99999 && reply.id == 100099, "the reply lies where the eighth argument says");
        same(reply.policy, -303, "an id that no server has is MIG_BAD_ID");
        same(static_cast<i64>(reply.size), 36, "in an error reply of 36 bytes");
        u32 trailer[2];
        __builtin_memcpy(trailer, reinterpret_cast<u8*>(&reply) + 36, 8);
        check(trailer[0] == 0 && trailer[1] == 8, "with a trailer of 8 bytes behind it");
        CreateMessage small{0x1513, 40, task_self(), reply_port(), 0, 99999, {0, 0, 0, 0, 1}, 0, 0, {}};
        same(static_cast<i64>(call(mach + 31, &small, 3, 40, 43, reply_port(), 0, 0)), 0x10004004,
             "room for the reply without its trailer is RCV_TOO_LARGE");
        same(static_cast<i64>(call(mach + 31, &small, 3, 20, 48, reply_port(), 0, 0)), 0x10000008, "20 bytes are no message");
        small = {0x1513, 40, 0x77703, reply_port(), 0, 99999, {0, 0, 0, 0, 1}, 0, 0, {}};
        same(static_cast<i64>(call(mach + 31, &small, 3, 40, 48, reply_port(), 0, 0)), 0x10000003, "to no port: INVALID_DEST");
        same(static_cast<i64>(call(mach + 31, &small, 2, 0, 48, task_self(), 0, 0)), 0x10004002,
             "receiving without the receive right: INVALID_NAME");
        same(static_cast<i64>(call(mach + 31, &small, 0x102, 0, 48, reply_port(), 0, 0)), 0x10004003,
             "nothing there and no time: TIMED_OUT");
        same(static_cast<i64>(call(mach + 31, 8, 3, 40, 48, reply_port(), 0, 0)), 0x10000002, "a bad buffer: INVALID_DATA");
    }
    {
        Trap t(mdep + 3, 0);
        t.go();
        check(t.r.rax == 0x0f || t.r.rax == 0x37, "setting the gs base gives the selector, no return code");
        u64 block[2] = {0x1234567890, 0};
        call(mdep + 3, block);
        u64 v;
        asm volatile("mov %%gs:0, %0" : "=r"(v));
        check(v == block[0], "and gs is there");
    }
    {
        struct {
            i64 sec;
            i32 usec, pad;
        } tv{};
        Trap t(bsd + 116, &tv, 0, 0);
        t.go();
        check(!t.failed() && ((t.r.rax > 1000000000 && t.r.rdx < 1000000) || tv.sec > 1000000000),
              "gettimeofday: in registers, or in memory");
    }
    return done();
}
