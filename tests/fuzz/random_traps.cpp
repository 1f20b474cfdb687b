// SPDX-License-Identifier: BSD-3-Clause
// Traps of every class at random: random_traps SEED COUNT, in the folder that it is started in. What each argument is comes from the tables,
// so that most calls get past their first check; the rest are pointers to nowhere, to the edge of a page, lengths at limits, noise.
// Where it is, it stores behind each trap into the file `progress`, which it shares with whoever watches (driver.cpp), who tells there
// which numbers the emulator has no answer to: they would end every run before it got anywhere.
//
// It does everything that a program may do to itself and to others: kill, fork, execute, unlink. It is made for a jail; started without
// arguments it ends at once, so that what it executes by chance stays harmless too.
#include <initializer_list>

#include "sys/darwin/calldata.h"
#include "tests/conformance/darwin_raw.h"

static Random choices{1};
static u8* pages;  // four that can be written, one that can be read, one that is not there
static constexpr u32 writable = 4;
static u32 ports[24], port_count;
static i32 fds[24];
static u32 fd_count;
static u8 stacks[4][16384];
static volatile u8* unanswered;  // 1024 bits for each of the classes 1 to 3

static u64 next(u64 n) { return choices.next(n); }
static u64 noise() { return next(1u << 31) << 40 ^ next(1u << 31) << 20 ^ next(1u << 31); }
static u64 valid_pointer() { return Trap::word(pages) + next(writable * 4096 - 600) / 8 * 8; }
static u64 some_pointer() {
    const u64 base = Trap::word(pages);
    switch (next(24)) {
    case 0: return 0;
    case 1: return next(4096);
    case 2: return base + (writable + 1) * 4096;             // not there
    case 3: return base + writable * 4096;                   // not to be written
    case 4: return base + (writable + 1) * 4096 - next(64);  // ends where it may not
    case 5: return 0xffff800000000000 | noise();
    case 6: return ~0ull - next(64);
    case 7: return 0x7fffffe00000 - next(2) * 8;
    default: return valid_pointer();
    }
}
static u64 some_length() {
    switch (next(10)) {
    case 0: return ~0ull - next(64);
    case 1: return 0x7ffffff0 + next(32);
    case 2: return 1ull << next(64);
    case 3: return 4096 * next(6);
    default: return next(300);
    }
}
static u64 some_fd() {
    switch (next(10)) {
    case 0: return ~0ull - next(4);
    case 1: return 3 + next(60);
    case 2: return noise();
    default: return static_cast<u64>(fds[next(fd_count)]);
    }
}
static u64 some_port() {
    switch (next(8)) {
    case 0: return next(3) - 1;
    case 1: return noise() & 0xffffffff;
    default: return ports[next(port_count)];
    }
}
static u64 some_path() {
    constexpr const char* names[] = {"a", "b", "c/d", "c", "", ".", "a/", "no/such", "/", "/bin/hello", "link", "fifo", "socket", "/tmp/x", "/dev/null",
        "/private/tmp/y", "../../../a", "/bin/random_traps", "c/d/../../a"};
    return next(8) ? Trap::word(names[next(sizeof names / sizeof *names)]) : some_pointer();
}
static u64 some_word() {
    switch (next(9)) {
    case 0: return some_fd();
    case 1: return some_pointer();
    case 2: return some_length();
    case 3: return some_port();
    case 4: return noise();
    case 5: return 1ull << next(34);
    case 6: return (1ull << next(20)) | (1ull << next(20));
    default: return next(48);
    }
}

static void put(u64 at, u64 value, u32 size) { __builtin_memcpy(pages + at, &value, size); }
static void fill() {
    for (u32 i = 0; i < writable * 4096; i += 8) put(i, some_word(), 8);
    for (u32 i = 0; i < 40; i++) put(next(writable * 2048) * 2 / 8 * 8, next(0x10000) | next(0x10000) << 32, 8);
    // addresses: their length and family
    for (u32 i = 0; i < 20; i++) {
        constexpr u16 heads[] = {0x0210, 0x1e1c, 0x016a, 0x0100};
        put(next(2000) * 8, heads[next(4)] | 0x10000u * next(0x10000) | 0x7full << 32 | 1ull << 56, 8);
    }
}
// A message that a routine of the kernel may be behind.
static u64 message() {
    const u64 at = next(1500) * 8;
    constexpr u32 subsystems[] = {200, 206, 1000, 3200, 3400, 3401, 3600, 3800, 4800, 3418};
    put(at, 0x1500 | (next(8) ? 0x13 : next(64)) | (next(3) ? 0 : 0x80000000), 4);
    put(at + 4, 24 + 4 * next(next(2) ? 8 : 24), 4);
    put(at + 8, some_port(), 4);
    put(at + 12, next(4) ? ports[0] : some_port(), 4);
    put(at + 16, 0, 4);
    put(at + 20, subsystems[next(10)] + next(60), 4);
    if (next(2)) put(at + 24, 1ull << 32, 8);
    if (next(4) == 0) put(at + 24, 1 + next(3), 4);
    return Trap::word(pages) + at;
}

static u64 argument(const CallArg& a) {
    if (next(12) == 0) return some_word();
    switch (a.kind) {
    case Kind::in: case Kind::out: case Kind::inout: case Kind::ptr: return some_pointer();
    case Kind::addr: return next(3) ? some_pointer() & ~4095ull : some_pointer();
    case Kind::fd: return some_fd();
    case Kind::dirfd: return next(2) ? static_cast<u64>(-2) : some_fd();
    case Kind::str: return some_path();
    case Kind::port: return some_port();
    case Kind::size: case Kind::off: case Kind::ssize: return some_length();
    case Kind::pid: return next(3) ? call(bsd + 20) : next(3) ? next(6) - 2 : noise();
    case Kind::sig: return next(40);
    case Kind::prot: return next(8);
    case Kind::map_flags: return next(2) ? 0x1002 : next(0x2000);
    case Kind::sock_domain: return next(2) ? 1 : next(34);
    case Kind::sock_type: return 1 + next(4);
    case Kind::sock_level: return next(2) ? 0xffff : next(42);
    case Kind::sock_opt: return next(3) ? 1ull << next(13) : 0x1000 + next(0x120);
    case Kind::mode: return next(01000);
    case Kind::open_flags: return next(4) | (next(2) ? 0x200 : 0) | (1u << next(24));
    case Kind::fcntl_cmd: return next(110);
    case Kind::mach_msg_options: return next(3) ? 0x103 : next(0x1000);
    default: return next(3) ? next(34) : some_word();
    }
}

static void keep(CallResult kind, const Trap& t) {
    if (t.failed()) return;
    if (kind == CallResult::fd || kind == CallResult::fds) fds[next(fd_count)] = static_cast<i32>(t.r.rax);
    if (kind == CallResult::port) ports[1 + next(port_count - 1)] = static_cast<u32>(t.r.rax);
}

// What mostly ends the process, or makes it deaf: now and then alone.
static bool drastic(u64 number) {
    for (u64 n : {1, 37, 48, 59, 73, 74, 184, 329, 328, 331, 361, 410, 111, 520, 521, 244, 7, 400})
        if (number == n) return true;
    return false;
}

static void one() {
    const u64 klass = next(10) < 6 ? 2 : next(16) ? 1 : 1 + next(5);
    u64 number = next(klass == 2 ? sizeof xnu::bsd_calls / sizeof *xnu::bsd_calls : klass == 1 ? 128 : klass == 3 ? 7 : 40);
    if (klass == 1 && next(3) == 0) number = next(12) ? 31 : 47;  // mach_msg, mach_msg2: wrong options of the latter end the process
    if (klass == 2 && drastic(number) && next(30)) return;
    if (klass == 1 && (number == 12 || number == 14) && next(20)) return;
    if (next(400) == 0) number = noise() & 0xffffff;
    const Call* c = nullptr;
    if (klass == 2 && number < sizeof xnu::bsd_calls / sizeof *xnu::bsd_calls) c = &xnu::bsd_calls[number];
    if (klass == 1 && number < sizeof xnu::mach_calls / sizeof *xnu::mach_calls) c = &xnu::mach_calls[number];
    if (next(6) == 0) fill();
    u64 a[9];
    for (u32 i = 0; i < 9; i++) a[i] = c && i < c->argc && c->args ? argument(c->args[i]) : some_word();
    if (klass == 1 && (number == 31 || number == 32) && next(8)) {
        a[0] = message();
        a[2] = next(6) ? *reinterpret_cast<u32*>(a[0] + 4) : some_length();
        a[3] = next(6) ? next(400) : some_length();
        a[4] = next(4) ? ports[0] : some_port();
        a[5] = next(3);
    }
    if (klass == 2 && number == 360 && next(6)) {  // a thread, on a stack of ours
        const u64 top = Trap::word(stacks[next(4)]) + 16384;
        a[1] = top - 4096, a[2] = top - 8192, a[3] = 0, a[4] = 0x01000000;
    }
    if (klass < 4 && number < 1024 && unanswered[(klass - 1) * 128 + number / 8] >> number % 8 & 1) return;
    Trap t(klass << 24 | number, a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8]);
    t.r.rdi = a[0], t.r.rsi = a[1], t.r.rdx = a[2], t.r.r10 = a[3], t.r.r8 = a[4], t.r.r9 = a[5];
    t.go();
    if (klass == 2 && (number == 2 || number == 66) && t.r.rdx == 1 && !t.failed()) call(bsd + 1, 0);  // the child
    if (c) keep(c->result, t);
}

void raw_handler(u64, i32, i32, u8*, u8*, u64) {}
void raw_thread(Regs*) {
    for (u32 i = 0; i < 20; i++) call(bsd + 20);
    call(bsd + 361, 0, 0, 0, 0);
    for (;;) {}
}

static u64 parse(const char* s) {
    u64 n = 0;
    while (*s) n = n * 10 + static_cast<u64>(*s++ - '0');
    return n;
}

static void begin() {
    pages = reinterpret_cast<u8*>(call(bsd + 197, 0, (writable + 2) * 4096, 3, 0x1002, 0xffffffff, 0));
    call(bsd + 74, pages + writable * 4096, 4096, 1);
    call(bsd + 73, pages + (writable + 1) * 4096, 4096);
    for (const i32 signal : {1, 2, 12, 13, 14, 16, 20, 23, 26, 27, 30, 31}) {
        struct {
            u64 handler, trampoline;
            u32 mask;
            i32 flags;
        } action{1000, Trap::word(raw_sigtramp), 0, 0};
        call(bsd + 46, signal, &action, 0);
    }
    call(bsd + 366, raw_thread_entry, 0, 0, 0, 0, 0);
    u32 pair[2];
    fds[0] = static_cast<i32>(call(bsd + 5, "a", 0x202, 0644));
    fds[1] = static_cast<i32>(call(bsd + 5, ".", 0, 0));
    fds[2] = static_cast<i32>(call(bsd + 362));
    fds[3] = static_cast<i32>(call(bsd + 97, 2, 1, 0));
    fds[4] = static_cast<i32>(call(bsd + 97, 2, 2, 0));
    fd_count = 5;
    for (const u32 type : {1u, 2u}) {
        call(bsd + 135, 1, type, 0, pair);
        fds[fd_count++] = static_cast<i32>(pair[0]);
        fds[fd_count++] = static_cast<i32>(pair[1]);
    }
    Trap pipe(bsd + 42);
    pipe.go();
    fds[fd_count++] = static_cast<i32>(pipe.r.rax);
    fds[fd_count++] = static_cast<i32>(pipe.r.rdx);
    call(bsd + 136, "c", 0755);
    ports[0] = reply_port();
    ports[1] = task_self();
    ports[2] = static_cast<u32>(call(mach + 27));
    ports[3] = static_cast<u32>(call(mach + 29));
    port_count = 4;
    for (u32 i = 0; i < 3; i++) semaphore_create(static_cast<i32>(i), ports[port_count++]);
    for (u32 i = 0; i < 4; i++) ports[port_count++] = static_cast<u32>(call(mach + 26));
}

int raw_main(int argc, char** argv) {
    if (argc != 3) return 0;
    choices.seed = parse(argv[1]) * 0x9e3779b97f4a7c15 + 1;
    const u64 count = parse(argv[2]);
    const u64 file = call(bsd + 5, "progress", 2, 0);
    auto* progress = reinterpret_cast<volatile u64*>(call(bsd + 197, 0, 4096, 3, 1, file, 0));
    call(bsd + 6, file);
    unanswered = reinterpret_cast<volatile u8*>(progress) + 1024;
    begin();
    fill();
    for (u64 i = 1; i <= count; i++) {
        one();
        *progress = i;
    }
    return 0;
}
