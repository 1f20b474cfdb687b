// SPDX-License-Identifier: BSD-3-Clause
// darwin_eras ERA RELEASE: is the kernel what it says? ERA: 10.5 ... 15, or any for one that takes programs of all. Which traps
// exist is asked by calling them: a number that is none raises SIGSYS. No ERA: there is nothing to compare with.
#include "tests/conformance/darwin_mach.h"

static volatile i32 refused;
void raw_handler(u64, i32, i32, u8*, u8*, u64) { refused = refused + 1; }
void raw_thread(Regs*) {
    for (;;) {}
}

static bool exists(u64 number, u64 a = 0, u64 b = 0, u64 c = 0, u64 d = 0) {
    refused = 0;
    Trap(number, a, b, c, d, u64{0}, u64{0}).go();
    return !refused;
}
static bool equal(const char* a, const char* b) {
    while (*a && *a == *b) a++, b++;
    return *a == *b;
}

int raw_main(int argc, char** argv) {
    say("TAP version 13\n");
    if (argc < 3) {
        say("1..0 # SKIP no era was named\n");
        return 0;
    }
    constexpr const char* names[] = {"10.5", "10.6", "10.11", "10.13", "12", "13", "14", "15"};
    constexpr i32 xnu[] = {1228, 1504, 3248, 4570, 8020, 8796, 10063, 11417};
    i32 version = 0;
    u32 era = 0;
    for (u32 n = 0; n < 8; n++)
        if (equal(argv[1], names[n])) version = xnu[n], era = n;
    const bool any = !version;
    const struct {
        u64 handler;
        void (*tramp)();
        u32 mask;
        i32 flags;
    } caught{0x4242, raw_sigtramp, 0, 2};
    call(bsd + 46, 12, &caught, 0);
    char release[32] = {};
    u64 size = sizeof release;
    const i32 osrelease[2] = {1, 2};
    call(bsd + 202, osrelease, 2, release, &size, 0, 0);
    check(equal(release, argv[2]), "kern.osrelease");
    const struct {
        u64 number;
        i32 since;
        const char* what;
    } traps[] = {{mach + 26, 0, "mach_reply_port"}, {mach + 16, 2050, "mach_port_allocate_trap"},
                 {mach + 24, 2422, "mach_port_construct_trap"}, {mach + 95, 3789, "mk_timer_arm_leeway"},
                 {mach + 50, 4570, "thread_get_special_reply_port"}, {mach + 76, 6153, "mach_port_type_trap"},
                 {mach + 47, 8792, "mach_msg2_trap"}, {bsd + 500, 3789, "getentropy"}, {bsd + 515, 3789, "ulock_wait"},
                 {bsd + 544, 7195, "ulock_wait2"}};
    for (const auto& t : traps) {
        const bool there = exists(t.number);
        check(there == (any || version >= t.since), t.what);
    }
    // bsd/kern/syscalls.master of the eight: nosys (SIGSYS, too), enosys (quiet), or a call, which has other complaints about zeros.
    constexpr i64 ENOSYS = 78;
    const struct {
        u64 number;
        const char* in;  // n, q or c, an era each; the last is of a kernel for all of them
        const char* what;
    } slots[] = {{8, "nnqqqqqqq", "8, once creat"}, {439, "nnccccccc", "kas_info"}, {461, "nnccccccc", "getattrlistbulk"},
                 {462, "nnqcccccc", "clonefileat, in 10.11 a place kept for it"}, {482, "nnccccccc", "thread_selfusage"},
                 {500, "nnncccccc", "getentropy"}};
    for (const auto& slot : slots) {
        refused = 0;
        Trap t(bsd + slot.number, 0, 0, 0, 0, 0, 0);
        t.go();
        const bool quiet = t.failed() && t.r.rax == ENOSYS;
        const char seen = refused && quiet ? 'n' : quiet ? 'q' : refused ? '?' : 'c';
        check(seen == slot.in[any ? 8 : era], slot.what);
    }
    struct {
        i64 sec;
        i32 usec, pad;
    } now{};
    Trap t(bsd + 116, &now, 0, 0);
    t.go();
    const bool registers = t.r.rax > 1000000000, memory = now.sec > 1000000000;
    check(any ? registers && memory : registers == (version < 3789) && memory == (version >= 3789), "gettimeofday by registers or memory");
    Buffer b;
    const u32 p = static_cast<u32>(call(mach + 26));
    check(message_trap(&b, receive_bit | receive_timeout, 0, sizeof b, p) == receive_timed_out, "mach_msg_trap receives in every era");
    if (any || version >= 8792) {
        const u64 kernel_call = 2ull << 32, options = send_bit | receive_bit | kernel_call;
        const u32 words[3] = {0, 1, right_receive};
        b.set(24, words, sizeof words);
        const i64 r = static_cast<i32>(call(mach + 47, &b, options, 0x1513 | 36ull << 32, task_self() | static_cast<u64>(p) << 32, 3204ull << 32,
                                            static_cast<u64>(p) << 32, sizeof b, 0));
        check(r == ok_ && b.h.id == 3304 && b.word(32) == 0, "mach_msg2_trap: an RPC");
        check(type_of(right_receive) && b.word(36) >> 8, "a name");
    } else {
        check(send(p, make_send, 1) == ok_, "mach_msg_trap sends");
    }
    return done();
}
