// SPDX-License-Identifier: BSD-3-Clause
// Mach traps and messages with arguments at random: bad pointers, lengths, names, dispositions, descriptors, routine ids. The
// answers do not matter; that there is one does, and that the program lives. The seed is printed and may be given.
#include "tests/conformance/darwin_mach.h"

static Random choices{20081009};
static u32 names_[8];
static u8* pages;     // a page that can be written, one that can be read, one that is not there
static volatile i32 signals;

void raw_handler(u64, i32, i32, u8*, u8*, u64) { signals = signals + 1; }
void raw_thread(Regs*) {
    for (;;) {}
}

static u64 next(u64 n) { return choices.next(n); }
static u32 some_name() {
    switch (next(10)) {
    case 0: return 0;
    case 1: return 0xffffffff;
    case 2: return static_cast<u32>(choices.seed >> 20);
    default: return names_[next(8)];
    }
}
static u64 some_pointer() {
    const u64 base = Trap::word(pages);
    switch (next(8)) {
    case 0: return 0;
    case 1: return 16;
    case 2: return base + 8192;                     // not there
    case 3: return base + 4096;                     // not to be written
    case 4: return base + 8192 - next(40);          // ends where it may not
    case 5: return 0xffff800000000000 | choices.seed;
    default: return base + next(3000);
    }
}
static u64 some_word() {
    switch (next(5)) {
    case 0: return some_name();
    case 1: return some_pointer();
    case 2: return next(64);
    case 3: return ~0ull - next(64);
    default: return next(1 << 16);
    }
}

static void traps(u32 n) {
    // not: waits that nobody ends, task_for_pid and kin, which are nobody's business, what is refused by name
    constexpr u8 numbers[] = {10, 12, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 33, 34, 35, 38, 40, 41, 42, 46,
                              76, 77, 89, 91, 92, 93, 94, 95};
    for (u32 i = 0; i < n; i++) {
        const u8 number = numbers[next(sizeof numbers)];
        if (number == 38) {
            call(mach + 38, some_word(), 0, next(2000));
            continue;
        }
        u64 target = next(4) ? task_self() : some_word();
        u64 a = some_word(), b = some_word();
        if ((number == 12 || number == 14 || number == 10 || number == 15) && target == task_self()) {
            // memory of the program's own must not go: addresses that are surely nobody's
            if (number == 12 || number == 14) a = 0x500000000000 + next(1 << 30), b = next(1 << 16);
            else a = some_pointer(), b = next(2) ? ~0ull - next(9000) : next(9000);
        }
        if ((number == 18 || number == 19 || number == 17 || number == 25) && (a == task_self() || a == reply_port())) continue;
        u64 c = some_word();
        if (number == 10 || number == 15) c |= 1, c &= ~0x4000ull;
        call(mach + number, target, a, b, c, some_word(), some_word(), some_word());
    }
}

static void messages(u32 n) {
    constexpr i32 ids[] = {3200, 3201, 3203, 3204, 3205, 3206, 3207, 3208, 3209, 3210, 3211, 3212, 3213, 3214, 3215, 3216, 3217, 3218,
                           3219, 3222, 3225, 3226, 3227, 3228, 3229, 3230, 3232, 3233, 3234, 3402, 3404, 3405, 3409, 3418, 3419, 3610,
                           3612, 200, 201, 202, 206, 216, 219, 1000, 1001, 4816, 4808, 4804, 99999, 65, 70, 71, 72};
    for (u32 i = 0; i < n; i++) {
        u32 m[64];
        for (u32& w : m) w = static_cast<u32>(some_word());
        const u32 size = static_cast<u32>(next(3) ? 24 + 4 * next(16) : next(260));
        m[0] = next(3) ? 0x1513 : static_cast<u32>(choices.seed >> 13) & 0x801f1f1f;
        if (next(3) == 0) m[0] |= complex_bit;
        m[2] = next(2) ? task_self() : some_name();
        m[3] = next(2) ? reply_port() : some_name();
        if (m[2] == reply_port()) m[0] |= 0x10;
        m[5] = static_cast<u32>(ids[next(sizeof ids / sizeof *ids)]);
        if (m[0] & complex_bit) {
            m[6] = next(5) ? static_cast<u32>(next(4)) : static_cast<u32>(choices.seed);
            u32 at = 7;
            for (u32 d = 0; d < 3 && at + 4 < 64; d++) {
                const u32 kind = static_cast<u32>(next(6));
                m[at] = some_name();
                m[at + 2] = (kind ? static_cast<u32>(next(3)) << 8 : 0) | static_cast<u32>(15 + next(8)) << 16 | kind << 24;
                if (kind) {
                    const u64 p = some_pointer();
                    __builtin_memcpy(&m[at], &p, 8);
                    m[at + 3] = next(8) ? static_cast<u32>(next(5000)) : static_cast<u32>(choices.seed);
                }
                at += kind && kind < 5 ? 4 : 3;
            }
        }
        const u64 where = next(8) ? Trap::word(m) : some_pointer();
        u32 option = send_bit | send_timeout | receive_timeout | static_cast<u32>(next(2) * receive_bit);
        if (next(4) == 0) option |= static_cast<u32>(next(16)) << 24 | static_cast<u32>(next(4)) << 2;
        call(mach + 31 + next(2), where, option, size, next(2) ? sizeof m : next(100), next(2) ? reply_port() : some_name(), 0, some_word(),
             next(2) ? 0 : some_pointer());
        Buffer b;
        for (u32 k = 0; k < 2 && poll(reply_port(), b) == ok_; k++) {}
    }
}

int raw_main(int argc, char** argv) {
    say("TAP version 13\n");
    u64 rounds = 40;
    if (argc > 1)
        for (choices.seed = 0; *argv[1]; argv[1]++) choices.seed = choices.seed * 10 + static_cast<u64>(*argv[1] - '0');
    if (argc > 2)
        for (rounds = 0; *argv[2]; argv[2]++) rounds = rounds * 10 + static_cast<u64>(*argv[2] - '0');
    say("# seed ");
    say_number(static_cast<i64>(choices.seed));
    say("\n");
    (void)reply_port();
    pages = reinterpret_cast<u8*>(call(bsd + 197, 0, 3 * 4096, 3, 0x1002, 0xffffffff, 0));
    call(bsd + 74, pages + 4096, 4096, 1);
    call(bsd + 73, pages + 8192, 4096);
    for (u64 n = 0; n < rounds; n++) {
        names_[0] = task_self();
        names_[1] = allocate(right_receive);
        insert_right(names_[1], names_[1], make_send);
        names_[2] = allocate(right_receive);
        names_[3] = allocate(right_set);
        semaphore_create(1, names_[4]);
        names_[5] = static_cast<u32>(call(mach + 27));
        names_[6] = static_cast<u32>(call(mach + 29));
        names_[7] = static_cast<u32>(call(mach + 91));
        mod_refs(task_self(), right_send, 100);
        traps(200);
        messages(300);
        for (u32 k = 1; k < 8; k++) {
            Buffer b;
            if (names_[k] != reply_port()) routine(b, 3205, names_[k]);
        }
    }
    const u32 p = static_cast<u32>(call(mach + 26));  // the reply port may be gone: nothing is sacred to chance
    Buffer b;
    check(p && send(p, make_send, 9) == ok_ && poll(p, b) == ok_ && b.h.id == 9, "the program lives, and its kernel answers");
    return done();
}
