// SPDX-License-Identifier: BSD-3-Clause
// One trap, made at a site of a usual kind (`mov eax, N; syscall`, or one place for all traps, as in darwin_sites.asm) and at one that is
// not, must leave the same behind: every register but rip, flags with DF, AC and carry given, x87 and SSE state, the red zone, memory. An emulator that makes hot sites faster
// (xnurun --fast) has to show itself here: with the argument "rewritten", the sites must no longer be what they were.
// Then sites that a timer interrupts a thousand times a second, and sites at which threads wait for each other.
#include "tests/conformance/darwin_raw.h"

struct alignas(16) State {  // darwin_sites.asm
    u64 rax, rbx, rcx, rdx, rdi, rsi, rbp, r8, r9, r10, r11, r12, r13, r14, r15, rflags, rsp, rip;
    u8 floats[512], zone[128];
};

#define EACH(X) X(thread_self, mach + 27) X(task_self, mach + 28) X(host_self, mach + 29) X(semaphore_signal, mach + 33) \
    X(semaphore_signal_all, mach + 34) X(semaphore_wait, mach + 36) X(swtch_pri, mach + 59) X(swtch, mach + 60) X(timebase, mach + 89) \
    X(getpid, bsd + 20) X(getuid, bsd + 24) X(geteuid, bsd + 25) X(getppid, bsd + 39) X(getegid, bsd + 43) X(getgid, bsd + 47) \
    X(getpgrp, bsd + 81) X(gettimeofday, bsd + 116) X(issetugid, bsd + 327) X(close, bsd + 6) X(thread_selfid, bsd + 372) \
    X(ulock_wake, bsd + 516) X(lseek, bsd + 199) X(access, bsd + 33) X(stat, bsd + 338) X(fstat, bsd + 339) X(read, bsd + 3) X(write, bsd + 4) \
    X(pread, bsd + 153) X(pwrite, bsd + 154) X(fcntl, bsd + 92) X(kevent, bsd + 363) X(library, bsd + 20) X(long, bsd + 20)
#define DECLARE(name, number) void site_##name(State*); void apart_##name(State*);
#pragma GCC visibility push(hidden)
extern "C" {
EACH(DECLARE)
DECLARE(any, 0)
}
#pragma GCC visibility pop
#define ROW(name, number) {#name, site_##name, apart_##name, number},
#define ANY(number) {"any: " #number, site_any, apart_any, number},
static const struct Row {
    const char* name;
    void (*site)(State*);
    void (*apart)(State*);
    u64 number;
    bool any() const { return site == site_any; }
    bool cold() const { return number == bsd + 6; }
} rows[] = {EACH(ROW) ANY(bsd + 20) ANY(bsd + 116) ANY(bsd + 199) ANY(bsd + 3) ANY(bsd + 6) ANY(bsd + 327) ANY(bsd + 372) ANY(bsd + 516)};

static u64 out[18];  // a stat
static u64 file;     // a regular one, of zeros
static u64 queue;
static const struct {
    u64 ident;
    i16 filter;
    u16 flags;
    u32 fflags;
    u64 data, udata;
} change{1, -10, 0x21, 0, 0, 0};  // EVFILT_USER, EV_ADD | EV_CLEAR
static char* own_path;
static u32 sema, here, there;
static u32 bad_places, ticks;
static u64 stack_low, stack_high;

static State fresh(u64 flags) {
    State s{};
    s.rbx = 0xb0b0, s.rcx = 0xc0c0, s.rdx = 0xd0d0d0d0d0d0, s.rdi = 0, s.rsi = 0, s.rbp = 0xbeef;
    s.r8 = 0x808, s.r9 = 0x909, s.r10 = 0x1010, s.r11 = 0x1111, s.r12 = 0x1212, s.r13 = 0x1313, s.r14 = 0x1414, s.r15 = 0x1515;
    s.rflags = 0x202 | flags;
    asm volatile("fninit; fldpi; fld1; fxsave %0; fninit" : "=m"(s.floats));
    for (int i = 0; i < 256; i++) s.floats[160 + i] = static_cast<u8>(i * 7 + 1);  // xmm0 to xmm15
    for (int i = 0; i < 128; i++) s.zone[i] = static_cast<u8>(0x80 + i);
    return s;
}

static void arguments(const Row& row, State& s) {
    s.rax = row.number - bsd + (row.any() ? 0x7654321000000000 : 0);
    switch (row.number) {
    case mach + 33: case mach + 34: case mach + 36: s.rdi = sema; break;
    case mach + 89: s.rdi = reinterpret_cast<u64>(out); break;
    case bsd + 116: s.rdi = reinterpret_cast<u64>(out), s.rsi = 0; break;
    case bsd + 6: case bsd + 199: s.rdi = 12345; break;  // no descriptor
    case bsd + 33: s.rdi = reinterpret_cast<u64>("/"), s.rsi = 0; break;
    case bsd + 338: s.rdi = reinterpret_cast<u64>(own_path), s.rsi = reinterpret_cast<u64>(out); break;
    case bsd + 339: s.rdi = file, s.rsi = reinterpret_cast<u64>(out); break;
    case bsd + 3: case bsd + 4: case bsd + 153: case bsd + 154:
        s.rdi = file, s.rsi = reinterpret_cast<u64>(out), s.rdx = sizeof out, s.r10 = 64;
        break;
    case bsd + 92: s.rdi = file, s.rsi = 3; break;  // F_GETFL
    case bsd + 363: s.rdi = queue, s.rsi = reinterpret_cast<u64>(&change), s.rdx = 1, s.r8 = 0; break;
    case bsd + 516: s.rdi = 1, s.rsi = reinterpret_cast<u64>(out); break;  // nobody waits there
    default: break;
    }
}

static bool equal(const State& a, const State& b, bool time) {
    bool same = a.rbx == b.rbx && a.rdi == b.rdi && a.rsi == b.rsi && a.rbp == b.rbp && a.r8 == b.r8 && a.r9 == b.r9 &&
                a.r10 == b.r10 && a.r11 == b.r11 && a.r12 == b.r12 && a.r13 == b.r13 && a.r14 == b.r14 && a.r15 == b.r15 &&
                a.rflags == b.rflags && a.rsp == 0 && b.rsp == 0 && a.rcx == a.rip && b.rcx == b.rip;
    if (!time) same = same && a.rax == b.rax && a.rdx == b.rdx;
    for (int i = 0; i < 416; i++) same = same && a.floats[i] == b.floats[i];
    for (int i = 0; i < 128; i++) same = same && a.zone[i] == b.zone[i];
    return same;
}

// What is written are zeros, so that what is read is.
static void refill(const Row& row) {
    const bool writes = row.number == bsd + 4 || row.number == bsd + 154;
    for (u64& word : out) word = writes ? 0 : 7;
}

static void compare(const Row& row) {
    const bool time = row.number == bsd + 116;
    const bool waits = row.number == mach + 36;
    bool all = true, memory = true;
    constexpr u64 flags[] = {0, carry, 0x400, 0x40000, 0x40000 | 0x400 | 0xcd5};
    for (u64 n = 0; n < 100; n++) {
        State a = fresh(flags[n % 5]), b = a;
        arguments(row, a);
        arguments(row, b);
        if (waits) semaphore_signal(sema), semaphore_signal(sema);
        u64 first[18];
        refill(row);
        row.apart(&a);
        __builtin_memcpy(first, out, sizeof out);
        refill(row);
        row.site(&b);
        all = all && equal(a, b, time);
        if (time) memory = memory && out[0] - first[0] < 5 && b.rax - a.rax < 5;
        else memory = memory && !__builtin_memcmp(out, first, sizeof out);
    }
    check(all, row.name);
    check(memory, "its memory");
}

// At a bad pointer, and a semaphore that is none.
static void failures_too(const Row& row) {
    bool all = true;
    for (int n = 0; n < 40; n++) {
        State a = fresh(carry);
        a.rax = row.number - bsd;
        a.rdi = 0x10;
        State b = a;
        row.apart(&a);
        row.site(&b);
        all = all && equal(a, b, false);
    }
    check(all, row.name);
}

void raw_handler(u64, i32, i32, u8*, u8* context, u64) {
    u8* machine;
    __builtin_memcpy(&machine, context + 48, 8);
    u64 rip, rsp;
    __builtin_memcpy(&rip, machine + 16 + 16 * 8, 8);
    __builtin_memcpy(&rsp, machine + 16 + 7 * 8, 8);
    const u64 code = reinterpret_cast<u64>(&raw_trap);
    if (rip < code - 0x10000 || rip > code + 0x10000 || rsp < stack_low || rsp > stack_high) bad_places++;
    ticks++;
}

void raw_thread(Regs*) {
    State s = fresh(0);
    for (int n = 0; n < 2000; n++) {
        s.rdi = here;
        site_semaphore_wait(&s);
        s.rdi = there;
        site_semaphore_signal(&s);
    }
    for (;;) call(bsd + 361, 0, 0, 0, 0);
}

static void interrupted() {
    const struct { u64 handler, tramp; u32 mask; i32 flags; } action = {1000, reinterpret_cast<u64>(raw_sigtramp), 0, 0};
    struct { i64 sec; i32 usec, pad; i64 sec2; i32 usec2, pad2; } every{0, 1000, 0, 0, 1000, 0}, never{};
    stack_low = reinterpret_cast<u64>(&every) - 0x10000, stack_high = stack_low + 0x20000;
    same(static_cast<i64>(call(bsd + 46, 14, &action, 0)), 0, "a handler for SIGALRM");
    same(static_cast<i64>(call(bsd + 83, 0, &every, 0)), 0, "a timer, 1000 times a second");
    const u64 pid = call(bsd + 20);
    bool right = true;
    void (*const sites[])(State*) = {site_getpid, site_any, site_library, site_long, site_any};
    for (u32 n = 0; ticks < 300; n = n == 4 ? 0 : n + 1) {
        State s = fresh(0);
        s.rax = n == 4 ? 6 : 20;
        s.rdi = 12345;
        State was = s;
        sites[n](&s);
        was.rax = pid, was.rdx = 0, was.rcx = was.rip = s.rip, was.r11 = s.r11;
        if (n == 2) was.r10 = 0xc0c0;                                               // rcx
        if (n % 3 == 1) was.rflags |= 4;                                            // the sum's parity
        if (n == 4) was.rax = 9, was.rdx = 0xd0d0d0d0d0d0, was.rflags |= carry;  // close of no descriptor
        right = right && equal(s, was, false);
    }
    call(bsd + 83, 0, &never, 0);
    check(right, "300 interruptions, and every trap left all as it should");
    same(bad_places, 0, "each showed a place in the program, on its stack");
}

static void threads() {
    same(semaphore_create(0, here) | semaphore_create(0, there), 0, "two semaphores");
    call(bsd + 366, &raw_thread_entry, &raw_thread_entry, 4096, 0, 0, 0, 0);
    static Regs started;
    static u8 stack[65536];
    check(!Trap(bsd + 360, &raw_thread, &started, stack + sizeof stack, 0, 0x01000000).go().failed(), "a thread");
    State s = fresh(0);
    bool all = true;
    for (int n = 0; n < 2000; n++) {
        s.rdi = here;
        site_semaphore_signal(&s);
        all = all && s.rax == 0;
        s.rdi = there;
        site_semaphore_wait(&s);
        all = all && s.rax == 0;
    }
    check(all, "2000 times two threads wait for each other");
}

int raw_main(int argc, char** argv) {
    say("TAP version 13\n");
    own_path = argv[0];
    char path[] = "/tmp/darwin_sites.0000000000";
    for (u64 at = sizeof path - 2, pid = call(bsd + 20); pid; pid /= 10) path[at--] = static_cast<char>('0' + pid % 10);
    file = call(bsd + 5, path, 0x602, 0600);  // O_RDWR | O_CREAT | O_TRUNC
    same(static_cast<i64>(call(bsd + 10, path)), 0, "a file without a name");
    same(static_cast<i64>(call(bsd + 201, file, 1 << 20)), 0, "of zeros");
    queue = call(bsd + 362);
    same(semaphore_create(0, sema), 0, "a semaphore");
    for (const Row& row : rows) compare(row);
    say("# failures\n");
    for (const Row& row : rows)
        if (!row.cold()) failures_too(row);
    interrupted();
    threads();
    // A child has the sites, and what makes them fast.
    const u64 pid = call(bsd + 20);
    Trap child(bsd + 2);
    child.go();
    if (child.r.rdx) {
        bool right = true;
        for (int n = 0; n < 40; n++) {
            State s = fresh(0);
            site_getpid(&s);
            right = right && s.rax != pid && s.rax == call(bsd + 20);
            State t = fresh(0);
            site_getppid(&t);
            right = right && t.rax == pid;
        }
        call(bsd + 1, right ? 0 : 1);
    }
    i32 status = -1;
    call(bsd + 7, child.r.rax, &status, 0, 0);
    same(status, 0, "a child's sites answer for the child");
    if (argc > 1) {
        for (const Row& row : rows) {
            State s = fresh(0);
            arguments(row, s);
            if (row.number == mach + 36) semaphore_signal(sema);
            row.site(&s);
            const u8* behind = reinterpret_cast<const u8*>(s.rip);
            const u8* begin = behind - (row.any() ? 8 : row.site == site_library ? 10 : row.site == site_long ? 9 : 7);
            check((begin[0] == 0xe9) == (row.any() || !row.cold()) && behind[-2] == 0x0f && behind[-1] == 5, row.name);
        }
    }
    return done();
}
