// SPDX-License-Identifier: BSD-3-Clause
// BSD traps with arguments at random: bad pointers, lengths at and beyond limits, descriptors of every kind and of none, structures full of
// noise. Every round is a process of its own, in a folder of its own that the test leaves empty, and bounded by an alarm. What the
// calls answer does not matter; that they answer, and that the process ends by its own will, does. The seed is printed and may be given.
//
// Not among the calls: what ends or stops processes, changes who they are, waits for nobody, or takes the memory that they run in.
#include "tests/conformance/darwin_raw.h"

static Random choices{20081010};
static u8* pages;     // two that can be written, one that can be read, one that is not there
static i32 fds[12];

void raw_handler(u64, i32, i32, u8*, u8*, u64) {}
void raw_thread(Regs*) {
    for (;;) {}
}

static u64 next(u64 n) { return choices.next(n); }
static u64 some_pointer() {
    const u64 base = Trap::word(pages);
    switch (next(12)) {
    case 0: return 0;
    case 1: return 16;
    case 2: return base + 3 * 4096;                 // not there
    case 3: return base + 2 * 4096;                 // not to be written
    case 4: return base + 3 * 4096 - next(40);      // ends where it may not
    case 5: return 0xffff800000000000 | choices.seed;
    default: return base + next(6000);
    }
}
static u64 some_fd() {
    switch (next(8)) {
    case 0: return ~0ull - next(4);
    case 1: return 3 + next(40);
    case 2: return choices.seed >> 12;
    default: return static_cast<u64>(fds[next(12)]);
    }
}
static u64 some_length() {
    switch (next(6)) {
    case 0: return ~0ull - next(64);
    case 1: return 0x7ffffff0 + next(32);
    case 2: return 1ull << next(64);
    default: return next(300);
    }
}
static u64 some_word() {
    switch (next(6)) {
    case 0: return some_fd();
    case 1: return some_pointer();
    case 2: return some_length();
    case 3: return 1ull << next(34);
    default: return next(40);
    }
}

// A path below the folder, or noise that is none, as the traps that take a path get it.
static const char* some_path() {
    constexpr const char* names[] = {"a", "b", "c/d", "", ".", "a/", "no/such"};
    return next(6) ? names[next(sizeof names / sizeof *names)] : reinterpret_cast<const char*>(some_pointer());
}

static void fill() {
    for (u32 i = 0; i < 2 * 4096; i += 8) {
        u64 w = some_word();
        if (next(3) == 0) w = some_pointer();
        if (next(3) == 0) w = next(64) | next(64) << 32;
        __builtin_memcpy(pages + i, &w, 8);
    }
}

// A change that the kernel may take: every filter but Mach's, idents that exist.
static void change(u8* to) {
    Kevent k{next(2) ? some_fd() : some_word(), static_cast<i16>(-1 - static_cast<i32>(next(15))), static_cast<u16>(next(3) ? 1 + next(0x100) : choices.seed),
        static_cast<u32>(next(2) ? 1u << next(32) : choices.seed), static_cast<i64>(some_length()), choices.seed};
    if (k.filter == -8) k.filter = -7;
    __builtin_memcpy(to, &k, sizeof k);
}

struct Row {
    u16 number;
    const char* shape;  // f descriptor, p pointer, s path, n length, w word, k kqueue
};
constexpr Row rows[] = {
    {3, "fpn"}, {4, "fpn"}, {12, "s"}, {20, ""}, {27, "fpw"}, {28, "fpw"}, {29, "fpnwpp"}, {30, "fpp"}, {31, "fpp"}, {32, "fpp"}, {33, "sw"},
    {41, "f"}, {42, ""}, {46, "wpp"}, {52, "p"}, {58, "spn"}, {75, "pnw"}, {78, "pnp"}, {83, "wpp"}, {86, "wp"},
    {92, "fwp"}, {93, "npppp"}, {95, "f"}, {97, "www"}, {98, "fpn"}, {104, "fpn"}, {105, "fwwpn"}, {106, "fw"}, {116, "ppp"}, {117, "wp"},
    {118, "fwwpp"}, {120, "fpn"}, {121, "fpn"}, {131, "fw"}, {133, "fpnwpn"}, {134, "fw"}, {135, "wwwp"}, {153, "fpnn"}, {154, "fpnw"},
    {188, "sp"}, {189, "fp"}, {190, "sp"}, {194, "wp"}, {199, "fnw"}, {202, "pnppnn"}, {230, "pnw"}, {234, "sppnww"},
    {235, "fppnww"}, {236, "sppnww"}, {237, "fppnww"}, {240, "spnw"}, {241, "fpnw"}, {274, "pnppnn"}, {329, "wpp"}, {337, "ffnppw"}, {338, "sp"},
    {339, "fp"}, {340, "sp"}, {344, "fpnp"}, {345, "sp"}, {346, "fp"}, {347, "pnw"}, {362, ""}, {363, "kpnpnp"}, {369, "kpnpnwp"}, {401, "fpw"},
    {402, "fpw"}, {463, "fsww"}, {466, "fsww"}, {469, "fspw"}, {470, "fspw"}, {473, "fspn"}, {500, "pn"}, {516, "wpw"}, {540, "fpnn"},
    {541, "fpnn"}, {59, "ppp"}, {53, "pp"}, {139, "fp"}, {138, "sp"}, {191, "sw"}, {192, "fw"}, {173, "wwpw"}, {400, "wpwp"}, {5, "sww"}};

static void one() {
    const Row& row = rows[next(sizeof rows / sizeof *rows)];
    u64 a[7] = {};
    u32 n = 0;
    for (const char* c = row.shape; *c; c++) {
        switch (*c) {
        case 'f': a[n++] = some_fd(); break;
        case 'k': a[n++] = next(6) ? static_cast<u64>(fds[10 + next(2)]) : some_fd(); break;
        case 'p': a[n++] = some_pointer(); break;
        case 's': a[n++] = Trap::word(some_path()); break;
        case 'n': a[n++] = some_length(); break;
        default: a[n++] = some_word(); break;
        }
    }
    if (next(4) == 0) fill();
    if (row.number == 93) a[0] &= 1023;
    if (row.number == 59 && next(2)) a[0] = Trap::word("a");
    if (row.number == 363 || row.number == 369) {
        const u32 size = row.number == 363 ? 32 : 48;
        if (next(4)) {
            a[2] = next(6);
            a[1] = Trap::word(pages);
            for (u32 i = 0; i < a[2]; i++) change(pages + i * size);
        } else {
            a[2] = 0;
        }
        if (row.number == 369 && next(2)) a[5] = 1;
        static u64 zero[2];
        (row.number == 363 ? a[5] : a[6]) = Trap::word(zero);
    }
    if (row.number == 230 || row.number == 400 || row.number == 173) a[row.number == 173 ? 3 : 2] |= 1;
    if (row.number == 230) a[2] = next(3);
    if (row.number == 75 && a[1] > 3000) a[0] = 0x500000000000;
    if (row.number == 92) {
        constexpr u8 commands[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 42, 44, 45, 48, 50, 51, 55, 62, 67, 73, 74, 76, 90, 92, 99};
        a[1] = commands[next(sizeof commands)];
        if (a[1] == 0 || a[1] == 67) a[2] = next(2) ? next(300) : some_length();
        if (a[1] == 6) a[2] = 0;
    }
    call(bsd + row.number, a[0], a[1], a[2], a[3], a[4], a[5], a[6]);
}

static void arm(u32 milliseconds) {  // SIGALRM, at its default, ends what sleeps
    struct {
        i64 interval[2], value[2];
    } t{{0, 0}, {milliseconds / 1000, milliseconds % 1000 * 1000}};
    call(bsd + 83, 0, &t, 0);
}

static void make_descriptors() {
    u32 pair[2];
    fds[0] = static_cast<i32>(call(bsd + 5, "a", 0x202, 0644));
    fds[1] = static_cast<i32>(call(bsd + 5, ".", 0, 0));
    Trap pipe(bsd + 42);
    pipe.go();
    fds[2] = static_cast<i32>(pipe.r.rax);
    fds[3] = static_cast<i32>(pipe.r.rdx);
    call(bsd + 135, 1, 1, 0, pair);
    fds[4] = static_cast<i32>(pair[0]);
    fds[5] = static_cast<i32>(pair[1]);
    call(bsd + 135, 1, 2, 0, pair);
    fds[6] = static_cast<i32>(pair[0]);
    fds[7] = static_cast<i32>(pair[1]);
    fds[8] = static_cast<i32>(call(bsd + 97, 2, 1, 0));
    fds[9] = static_cast<i32>(call(bsd + 97, 2, 2, 0));
    fds[10] = static_cast<i32>(call(bsd + 362));
    fds[11] = static_cast<i32>(call(bsd + 362));
    for (u32 i = 2; i < 8; i++) call(bsd + 92, fds[i], 4, 4);  // O_NONBLOCK
    call(bsd + 92, fds[9], 4, 4);
}

int raw_main(int argc, char** argv) {
    say("TAP version 13\n");
    u64 rounds = 12, calls = 400;
    if (argc > 1)
        for (choices.seed = 0; *argv[1]; argv[1]++) choices.seed = choices.seed * 10 + static_cast<u64>(*argv[1] - '0');
    if (argc > 2)
        for (rounds = 0; *argv[2]; argv[2]++) rounds = rounds * 10 + static_cast<u64>(*argv[2] - '0');
    say("# seed ");
    say_number(static_cast<i64>(choices.seed));
    say("\n");
    char folder[] = "/tmp/darwin_noise.00000000";
    u64 id = call(bsd + 20);
    for (u32 at = sizeof folder - 2; folder[at] != '.'; at--, id /= 10) folder[at] = static_cast<char>('0' + id % 10);
    call(bsd + 136, folder, 0700);
    if (!same(static_cast<i64>(call(bsd + 12, folder)), 0, "a folder of its own")) return done();
    u64 wrong = 0;
    for (u64 n = 0; n < rounds; n++) {
        choices.seed += n * 7919;
        const u64 round_seed = choices.seed;
        const u64 parent = call(bsd + 20);
        Trap fork(bsd + 2);
        fork.go();
        if (fork.r.rdx & 1 || call(bsd + 20) != parent) {
            pages = reinterpret_cast<u8*>(call(bsd + 197, 0, 4 * 4096, 3, 0x1002, 0xffffffff, 0));
            call(bsd + 74, pages + 2 * 4096, 4096, 1);
            call(bsd + 73, pages + 3 * 4096, 4096);
            make_descriptors();
            fill();
            for (u64 i = 0; i < calls; i++) {
                arm(3000);
                one();
            }
            call(bsd + 1, 7);
        }
        i32 status = 0;
        call(bsd + 7, fork.r.rax, &status, 0, 0);
        if (status == 7 << 8 || (status & 0x7f) == 14 || (status & 0x7f) == 26 || (status & 0x7f) == 27 || (status & 0x7f) == 13) continue;
        wrong++;
        say("# seed of the round ");
        say_number(static_cast<i64>(round_seed));
        say(", status ");
        say_number(status);
        say("\n");
    }
    same(static_cast<i64>(wrong), 0, "every process lives through its noise");
    call(bsd + 10, "a");
    call(bsd + 12, "/");
    call(bsd + 137, folder);
    return done();
}
