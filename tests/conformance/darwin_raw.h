// SPDX-License-Identifier: BSD-3-Clause
// What the darwin_* tests stand on: raw traps and a TAP 13 printer; nothing of the runtime, so that they test the kernel
// that answers, be it XNU or an emulator. Numbers are XNU's own, from xnu-11417 and xnu-1228 alike.
#pragma once
#include "sys/types.h"

using namespace trapeze;

struct Regs {  // darwin_raw.asm
    u64 rax, rbx, rcx, rdx, rdi, rsi, rbp, r8, r9, r10, r11, r12, r13, r14, r15, rflags, rsp, rip, stack[3];
};

#pragma GCC visibility push(hidden)
extern "C" {
void raw_trap(Regs*);
void raw_thread_entry();
void raw_sigtramp();
int raw_divide(int, int);
int raw_main(int argc, char** argv);               // the test's
[[noreturn]] void raw_thread(Regs*);               // the test's: what a new thread runs
void raw_handler(u64 catcher, i32 infostyle, i32 signal, u8* siginfo, u8* ucontext, u64 rsp);  // the test's
}
#pragma GCC visibility pop

constexpr u64 bsd = 0x2000000, mach = 0x1000000, mdep = 0x3000000;
constexpr u64 carry = 1, other_flags = 0xcd4 & ~0x400;  // of rflags; DF is tested alone

// One trap; missing arguments are garbage, as a kernel must expect.
struct Trap {
    Regs r{};
    explicit Trap(u64 number) {
        r.rax = number;
        r.rdi = r.rsi = r.rdx = r.r10 = r.r8 = r.r9 = 0xdeadbeef00000000;
        r.rbx = 0xb0b0, r.rcx = 0xc0c0, r.rbp = 0xbeef, r.r11 = 0x1111;
        r.r12 = 0x1212, r.r13 = 0x1313, r.r14 = 0x1414, r.r15 = 0x1515;
        r.rflags = 0x202;
    }
    template <class... A>
    Trap(u64 number, A... a) : Trap(number) {
        const u64 args[] = {word(a)...};
        u64* places[] = {&r.rdi, &r.rsi, &r.rdx, &r.r10, &r.r8, &r.r9, &r.stack[0], &r.stack[1], &r.stack[2]};
        for (usize i = 0; i < sizeof...(a); i++) *places[i] = args[i];
    }
    Trap& go() {
        raw_trap(&r);
        return *this;
    }
    bool failed() const { return r.rflags & carry; }
    template <class T>
    static u64 word(T v) {
        if constexpr (__is_pointer(T)) return reinterpret_cast<u64>(v);
        else return static_cast<u64>(v);
    }
};

struct Kevent {  // struct kevent, bsd/sys/event.h
    u64 ident;
    i16 filter;
    u16 flags;
    u32 fflags;
    i64 data;
    u64 udata;
};

struct Random {
    u64 seed;
    u64 next(u64 n) {
        seed = seed * 6364136223846793005 + 1442695040888963407;
        return (seed >> 33) % n;
    }
};

template <class... A>
u64 call(u64 number, A... a) {  // rax alone
    return Trap(number, a...).go().r.rax;
}

inline usize length(const char* s) {
    usize n = 0;
    while (s[n]) n++;
    return n;
}
inline void say(const char* s) { call(bsd + 4, 1, s, length(s)); }
inline void say_number(i64 v) {
    char text[24];
    usize at = sizeof text;
    u64 n = v < 0 ? -static_cast<u64>(v) : static_cast<u64>(v);
    do text[--at] = static_cast<char>('0' + n % 10);
    while (n /= 10);
    if (v < 0) text[--at] = '-';
    call(bsd + 4, 1, text + at, sizeof text - at);
}

inline int tests, failures;

inline bool check(bool passed, const char* what) {
    tests++;
    if (!passed) failures++;
    say(passed ? "ok " : "not ok ");
    say_number(tests);
    say(" - ");
    say(what);
    say("\n");
    return passed;
}
inline bool same(i64 got, i64 wanted, const char* what) {
    if (check(got == wanted, what)) return true;
    say("# got ");
    say_number(got);
    say(", wanted ");
    say_number(wanted);
    say("\n");
    return false;
}
inline int done() {
    say("1..");
    say_number(tests);
    say("\n");
    return failures != 0;
}

// Semaphores by the kernel's RPC: xnu-11417 osfmk/mach/task.defs, 3418 and 3419.
struct [[gnu::packed]] CreateMessage {
    u32 bits, size, remote, local, voucher, id;
    u8 ndr[8];
    i32 policy, value;
    u8 trailer[8];
};
inline u32 task_self() {
    static u32 name;
    if (!name) name = static_cast<u32>(call(mach + 28));
    return name;
}
inline u32 reply_port() {
    static u32 name;
    if (!name) name = static_cast<u32>(call(mach + 26));
    return name;
}
// 0 and the name, or the kern_return_t / mach_msg_return_t.
inline i32 semaphore_create(i32 value, u32& name) {
    CreateMessage m{0x1513, 40, task_self(), reply_port(), 0, 3418, {0, 0, 0, 0, 1}, 0, value, {}};
    const i32 r = static_cast<i32>(call(mach + 31, &m, 3, 40, sizeof m, reply_port(), 0, 0));
    if (r) return r;
    if (!(m.bits & 0x80000000)) return m.policy;  // error reply: RetCode at 32
    __builtin_memcpy(&name, m.ndr + 4, 4);
    return 0;
}
inline i32 semaphore_destroy(u32 name) {
    struct [[gnu::packed]] {
        u32 bits, size, remote, local, voucher, id, count, name, pad;
        u16 pad2;
        u8 disposition, type;
        u8 trailer[8];
    } m{0x80001513, 40, task_self(), reply_port(), 0, 3419, 1, name, 0, 0, 17, 0, {}};
    const i32 r = static_cast<i32>(call(mach + 31, &m, 3, 40, sizeof m, reply_port(), 0, 0));
    return r ? r : static_cast<i32>(m.pad);  // RetCode at 32
}
inline i32 semaphore_signal(u32 name) { return static_cast<i32>(call(mach + 33, name)); }
inline i32 semaphore_wait(u32 name) { return static_cast<i32>(call(mach + 36, name)); }
inline i32 semaphore_timedwait(u32 name, u32 sec, i32 nsec) { return static_cast<i32>(call(mach + 38, name, sec, nsec)); }
