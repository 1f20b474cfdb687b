// SPDX-License-Identifier: BSD-3-Clause
// A fork while another thread is inside the kernel: the child, which has one thread, must find the kernel as if the others had never
// been there. And what a descriptor tells of SIGPIPE (fcntl F_SETNOSIGPIPE, xnu-3248.60.10 bsd/kern/kern_descrip.c), and a kqueue of
// signals that have no number (bsd/kern/kern_sig.c filt_sigattach).
#include "tests/conformance/darwin_raw.h"

static volatile i32 signals;
static volatile u64 mapped;
static Regs start;
alignas(16) static u8 stack[16384];

void raw_handler(u64, i32, i32, u8*, u8*, u64) { signals = signals + 1; }

void raw_thread(Regs*) {
    for (;;) {
        const u64 at = call(bsd + 197, 0, 1 << 16, 3, 0x1002, 0xffffffff, 0);
        call(bsd + 73, at, 1 << 16);
        mapped = mapped + 1;
    }
}

static void catch_signal(i32 n) {
    const struct {
        u64 handler;
        void (*tramp)();
        u32 mask;
        i32 flags;
    } caught{0x4242, raw_sigtramp, 0, 0};
    call(bsd + 46, n, &caught, 0);
}

static void pipes() {
    catch_signal(13);
    Trap ends(bsd + 42);
    ends.go();
    const u64 in = ends.r.rax, out = ends.r.rdx;
    call(bsd + 6, in);
    same(static_cast<i64>(call(bsd + 92, out, 74, 0)), 0, "F_GETNOSIGPIPE: not at first");
    Trap loud(bsd + 4, out, "x", 1);
    check(loud.go().failed() && loud.r.rax == 32 && signals == 1, "a pipe without a reader: EPIPE and SIGPIPE");
    same(static_cast<i64>(call(bsd + 92, out, 73, 1)), 0, "F_SETNOSIGPIPE");
    same(static_cast<i64>(call(bsd + 92, out, 74, 0)), 1, "F_GETNOSIGPIPE: now it is");
    Trap still(bsd + 4, out, "x", 1);
    check(still.go().failed() && still.r.rax == 32 && signals == 1, "then EPIPE alone");
    struct {
        const char* base;
        u64 size;
    } piece{"x", 1};
    Trap vector(bsd + 121, out, &piece, 1);
    check(vector.go().failed() && vector.r.rax == 32 && signals == 1, "of writev too");
    const u64 other = call(bsd + 41, out);
    Trap copy(bsd + 4, other, "x", 1);
    check(copy.go().failed() && copy.r.rax == 32 && signals == 1, "and through its copy");
    call(bsd + 6, other);
    call(bsd + 6, out);
    u32 pair[2];
    call(bsd + 135, 1, 1, 0, pair);
    call(bsd + 6, pair[1]);
    same(static_cast<i64>(call(bsd + 92, pair[0], 73, 1)), 0, "F_SETNOSIGPIPE of a socket");
    same(static_cast<i64>(call(bsd + 92, pair[0], 74, 0)), 1, "is its SO_NOSIGPIPE");
    Trap socket(bsd + 4, pair[0], "x", 1);
    check(socket.go().failed() && socket.r.rax == 32 && signals == 1, "and EPIPE alone");
    call(bsd + 92, pair[0], 73, 0);
    Trap again(bsd + 4, pair[0], "x", 1);
    check(again.go().failed() && again.r.rax == 32 && signals == 2, "and a socket's may be taken back");
    call(bsd + 6, pair[0]);
}

static void no_number() {
    Kevent k[2] = {{31, -6, 1, 0, 0, 0}, {63, -6, 1, 0, 0, 0}}, out[2] = {};
    u64 zero[2] = {};
    catch_signal(31);
    const u64 kq = call(bsd + 362);
    same(static_cast<i64>(call(bsd + 363, kq, k, 2, 0, 0, zero)), 0, "signals 31 and 63 are watched");
    call(bsd + 37, call(bsd + 20), 31);
    same(static_cast<i64>(call(bsd + 363, kq, 0, 0, out, 2, zero)), 1, "31 comes, 63 does not");
    same(static_cast<i64>(out[0].ident), 31, "the event's ident");
    call(bsd + 6, kq);
}

static void forks() {
    check(!Trap(bsd + 366, raw_thread_entry, 0, 0, 0, 0, 0, 0).go().failed(), "bsdthread_register");
    check(!Trap(bsd + 360, 0, &start, stack + sizeof stack, 0, 0x01000000).go().failed(), "bsdthread_create");
    while (!mapped) call(mach + 61, 0, 1, 1);
    i32 wrong = 0;
    const u64 parent = call(bsd + 20);
    for (u32 n = 0; n < 100 && !wrong; n++) {
        Trap fork(bsd + 2);
        fork.go();
        if (call(bsd + 20) != parent) {
            struct {
                i64 interval[2], value[2];
            } t{{0, 0}, {5, 0}};
            call(bsd + 83, 0, &t, 0);  // a child that waits for a thread it has not is ended
            call(bsd + 73, call(bsd + 197, 0, 4096, 3, 0x1002, 0xffffffff, 0), 4096);
            call(bsd + 1, 3);
        }
        i32 status = 0;
        call(bsd + 7, fork.r.rax, &status, 0, 0);
        if (status != 3 << 8) wrong++;
    }
    same(wrong, 0, "a child maps memory while a thread of its parent's did");
}

int raw_main(int, char**) {
    say("TAP version 13\n");
    pipes();
    no_number();
    forks();
    return done();
}
