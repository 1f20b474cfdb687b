// SPDX-License-Identifier: BSD-3-Clause
// darwin_ages ERA: calls whose arguments, flags and results changed from release to release, each as that one has it. ERA: 10.5 ... 15, or
// any for a kernel that takes programs of all: then what is newer is there, and what cannot be both ways is as in 10.11. The numbers of
// xnu at which things changed are from Apple's tags: bsd/kern/syscalls.master, kern_descrip.c, kern_event.c, sys_generic.c, sys_ulock.c,
// bsd/vfs/vfs_syscalls.c, bsd/dev/i386/unix_signal.c, and libpthread's kern/kern_support.c.
#include "tests/conformance/darwin_raw.h"

namespace {

constexpr i64 EPERM = 1, ENOENT = 2, EFAULT = 14, EINVAL = 22, ENOTTY = 25, EAGAIN = 35, ENOTSUP = 45, ENAMETOOLONG = 63, ENOSYS = 78, none = -1;
volatile i32 handled;
u64 started_rsp, started_r8;
volatile u32 started;
i32 version;  // xnu's major and minor, major * 1000 + minor; 0: any

bool has(i32 since) { return !version || version >= since; }
i32 of_any(i32 v) { return version ? v : 3248060; }
bool behaves(i32 since) { return of_any(version) >= since; }

bool equal(const char* a, const char* b) {
    while (*a && *a == *b) a++, b++;
    return *a == *b;
}

// The errno of a call, or none; ENOSYS for one that is not there.
template <class... A>
i64 error(u64 number, A... a) {
    Trap t(bsd + number, a...);
    t.go();
    return t.failed() ? static_cast<i64>(t.r.rax) : none;
}

}  // namespace

void raw_handler(u64, i32, i32, u8*, u8*, u64) { handled = handled + 1; }
void raw_thread(Regs* r) {
    started_rsp = r->rsp;
    started_r8 = r->r8;
    __atomic_store_n(&started, 1, __ATOMIC_RELEASE);
    call(bsd + 361, 0, 0, r->rsi, 0);
    for (;;) {}
}

namespace {

// Paths and flags.
void files(const char* path) {
    constexpr i32 rw_create = 0x202;
    const i64 fd = static_cast<i64>(call(bsd + 5, path, rw_create, 0644));
    check(fd > 2, "a file");
    const struct {
        i32 command, since;
        i64 then;
        const char* what;
    } commands[] = {{40, 1699022, none, "F_FLUSH_DATA"}, {62, 1699022, none, "F_NODIRECT"}, {67, 1699022, none, "F_DUPFD_CLOEXEC"}, {73, 1699022, none, "F_SETNOSIGPIPE"},
                    {76, 2050007, none, "F_SINGLE_WRITER"}, {78, 2422001, ENOTSUP, "F_FINDSIGS"}, {82, 2782001, EINVAL, "F_SETIOTYPE"}, {85, 3247001, none, "F_BARRIERFSYNC"},
                    {96, 3247001, none, "F_GETCONFINED"}, {99, 3789051, EFAULT, "F_PUNCHHOLE"}, {101, 6153011, EFAULT, "F_SPECULATIVE_READ"},
                    {106, 8792041, ENOTSUP, "F_SETLEASE"}, {112, 11215001, none, "F_NOCACHE_EXT"}, {48, 0, none, "F_NOCACHE"}, {60, 0, EINVAL, "F_MARKDEPENDENCY"}};
    for (const auto& c : commands) same(error(92, fd, c.command, 0), has(c.since) ? c.then : ENOTTY, c.what);
    i64 lock[3] = {0, 0, i64{2} << 32};  // F_UNLCK
    const bool getlkpid = !version || version >= 4570001 || (version >= 1699022 && version < 2422001);
    same(error(92, fd, 66, lock), getlkpid ? none : ENOTTY, "F_GETLKPID, which was for phones alone for some years");
    same(error(92, fd, 94, lock), has(4570001) ? none : ENOTTY, "F_OFD_GETLKPID");
    same(error(199, fd, 0, 3), has(3789051) ? 6 : EINVAL, "lseek by SEEK_HOLE: there is none in an empty file, ENXIO, or no such way");
    const i64 again = static_cast<i64>(call(bsd + 5, path, 0x1000000, 0));
    same(static_cast<i64>(call(bsd + 92, again, 1, 0)), has(1699022), "O_CLOEXEC means something");
    call(bsd + 6, again);
    if (has(2782001)) {
        same(error(466, -2, path, 0, 0x20), has(6153011) ? none : EINVAL, "faccessat: AT_SYMLINK_NOFOLLOW");
        same(error(466, -2, path, 0, 0x800), has(8020101) ? none : EINVAL, "faccessat: AT_SYMLINK_NOFOLLOW_ANY");
        u8 st[144];
        same(error(470, fd, "", st, 0x400), has(6153011) ? none : EINVAL, "fstatat64: AT_FDONLY");
        same(error(470, -2, path, st, 0x200), has(6153011) ? none : EINVAL, "fstatat64: AT_REALDEV");
        same(error(470, -2, path, st, 0x800), has(8020101) ? none : EINVAL, "fstatat64: AT_SYMLINK_NOFOLLOW_ANY");
        same(error(472, -2, "/nowhere/at/all", 0x100), has(6153011) ? ENOENT : EINVAL, "unlinkat: AT_REMOVEDIR_DATALESS");
        same(error(472, -2, "/nowhere/at/all", 0x800), has(10002001) ? ENOENT : EINVAL, "unlinkat: AT_SYMLINK_NOFOLLOW_ANY");
        same(error(472, -2, "/nowhere/at/all", 0x1000), has(11215061) ? ENOENT : EINVAL, "unlinkat: AT_SYSTEM_DISCARDED");
    }
    if (has(3789001)) {
        same(error(462, -2, "/nowhere", -2, "/nowhere", 2), has(4570001) ? ENOENT : EINVAL, "clonefileat: CLONE_NOOWNERCOPY");
        same(error(462, -2, "/nowhere", -2, "/nowhere", 4), has(8792041) ? ENOENT : EINVAL, "clonefileat: CLONE_ACL");
        same(error(462, -2, "/nowhere", -2, "/nowhere", 8), has(11215001) ? ENOENT : EINVAL, "clonefileat: CLONE_NOFOLLOW_ANY");
        same(error(488, -2, "/nowhere", -2, "/nowhere", 0x10), has(8020101) ? ENOENT : EINVAL, "renameatx_np: RENAME_NOFOLLOW_ANY");
    }
    // A name that cannot be copied.
    same(error(234, path, 8, 0, 0, 0, 0), behaves(4903221) ? EFAULT : EPERM, "getxattr of a name from nowhere");
    same(error(236, path, 8, 0, 0, 0, 0), behaves(4903221) ? EFAULT : ENAMETOOLONG, "setxattr of it");
    // The last word of a large buffer.
    const i64 folder = static_cast<i64>(call(bsd + 5, "/", 0, 0));
    alignas(8) static u8 entries[65536];
    for (u8& b : entries) b = 0x55;
    i64 position = 0;
    bool last = false;
    for (i64 n = 1; n > 0;) {
        n = static_cast<i64>(call(bsd + 344, folder, entries, sizeof entries, &position));
        last = *reinterpret_cast<u32*>(entries + sizeof entries - 4) == 1;
    }
    check(last == behaves(6153011), "getdirentries64 says in its buffer that it is the end");
    call(bsd + 6, folder);
    call(bsd + 6, fd);
    call(bsd + 10, path);
}

void sockets() {
    const i64 fd = static_cast<i64>(call(bsd + 97, 2, 1, 0));
    const struct {
        i32 level, name, since;
        const char* what;
    } options[] = {{0xffff, 0x800, 1699022, "SO_TIMESTAMP_MONOTONIC"}, {0xffff, 0x1082, 1456001, "SO_RANDOMPORT"}, {0xffff, 0x1086, 1504009, "SO_TRAFFIC_CLASS"},
                   {0xffff, 0x1104, 2050007, "SO_RECV_ANYIF"}, {0xffff, 0x10000, 2782001, "SO_NOWAKEFROMSLEEP"}, {0xffff, 0x1115, 3248040, "SO_MARK_CELLFALLBACK"},
                   {0xffff, 0x20000, 3789001, "SO_NOAPNFALLBK"}, {6, 0x20, 1456001, "TCP_CONNECTIONTIMEOUT"}, {6, 0x80, 1699022, "TCP_RXT_CONNDROPTIME"},
                   {6, 0x101, 2422001, "TCP_KEEPINTVL"}, {6, 0x104, 2782001, "TCP_ENABLE_ECN"}, {6, 0x210, 3248020, "TCP_ECN_MODE"}, {0, 26, 1699022, "IP_PKTINFO"},
                   {6, 1, 0, "TCP_NODELAY"}};
    for (const auto& o : options) {
        const i32 one = 1;
        same(error(105, fd, o.level, o.name, &one, 4), has(o.since) ? none : 42, o.what);  // ENOPROTOOPT
    }
    i32 pair[2];
    call(bsd + 135, 1, 1, 0, pair);
    u32 size = 4;
    i32 pid = 0;
    same(error(118, pair[0], 0, 2, &pid, &size), has(2050007) ? none : 102, "LOCAL_PEERPID");      // EOPNOTSUPP
    same(error(118, pair[0], 0, 3, &pid, &size), has(2422001) ? none : 102, "LOCAL_PEEREPID");
    // MSG_NOSIGNAL: before macOS 11 the signal comes.
    const struct {
        u64 handler;
        void (*tramp)();
        u32 mask;
        i32 flags;
    } caught{0x4242, raw_sigtramp, 0, 0};
    call(bsd + 46, 13, &caught, 0);
    call(bsd + 6, pair[1]);
    const i32 before = handled;
    same(error(133, pair[0], "x", 1, 0x80000, 0, 0), 32, "sendto with MSG_NOSIGNAL to nobody: EPIPE");
    check((handled == before) == has(7195050), "and SIGPIPE up to 10.15");
    call(bsd + 6, pair[0]);
    call(bsd + 6, fd);
}

void times() {
    struct {
        i64 sec;
        i32 usec, pad;
    } now{};
    u64 tick = 0;
    Trap t(bsd + 116, &now, 0, &tick);
    t.go();
    check(!t.failed() && (tick != 0) == (version >= 3789001), "gettimeofday's third argument, which only 10.12 and later have");
    check((static_cast<i64>(t.r.rax) > 1'000'000'000) == !(version >= 3789001), "its seconds in rax");
    check((now.sec > 1'000'000'000) == (!version || version >= 3789001), "its seconds in memory");
    u8 uuid[16] = {}, same_one[16] = {};
    const i64 timeout[2] = {1, 0};
    const i64 r = error(142, uuid, timeout, 0);
    if (r == EAGAIN) {
        check(true, "gethostuuid # SKIP the machine has none");
        check(true, "the same each time # SKIP the machine has none");
    } else {
        u8 any = 0;
        for (const u8 b : uuid) any |= b;
        check(r == none && any, "gethostuuid");
        bool equal_bytes = error(142, same_one, timeout, 0) == none;
        for (u32 i = 0; i < 16; i++) equal_bytes = equal_bytes && uuid[i] == same_one[i];
        check(equal_bytes, "the same each time");
    }
    same(error(142, uuid, 0, 0), EFAULT, "its timeout must be there: EFAULT");
    if (r == none) same(error(142, 8, timeout, 0), EFAULT, "a place for it too");
}

void ulocks() {
    if (!has(3789001)) {
        same(error(515, 1, 0, 0, 0), ENOSYS, "ulock_wait: not yet");
        return;
    }
    u64 word = 5;
    const auto wait = [&](u64 operation) { return error(515, operation, &word, 4, 0); };  // the value differs: none, at once
    for (u64 kind = 1; kind <= 7; kind++)
        same(wait(kind), kind <= 2 || (kind <= 6 && kind != 4 && has(6153011)) ? none : EINVAL, "kinds of ulock_wait: two in 10.12, four more from 10.15 on, one not to wait for");
    same(wait(1 | 0x10000), none, "ULF_WAIT_WORKQ_DATA_CONTENTION");
    same(wait(1 | 0x20000), has(4903221) ? none : EINVAL, "ULF_WAIT_CANCEL_POINT");
    same(wait(1 | 0x40000), has(6153011) ? none : EINVAL, "ULF_WAIT_ADAPTIVE_SPIN");
    same(wait(1 | 0x2000000), has(10063101) ? none : EINVAL, "ULF_DEADLINE");
    same(wait(1 | 0x80000), EINVAL, "and no other");
    same(error(516, 1 | 0x400, &word, 0), has(7195050) ? ENOENT : EINVAL, "ULF_WAKE_ALLOW_NON_OWNER");
    same(error(516, 1 | 0x100, &word, 0), ENOENT, "ULF_WAKE_ALL");
}

// 3 x 100,000 bytes in the environment of a new image: more than 256 KiB, which was the limit up to 10.15.
void images(const char* self) {
    static char text[100'001];
    for (char& c : text) c = 'x';
    text[100'000] = 0;
    const char *const arguments[] = {self, nullptr}, *const environment[] = {text, text, text, nullptr};
    Trap child(bsd + 2);
    child.go();
    if (child.r.rdx == 1) {
        call(bsd + 6, 1);  // it says that no era was named
        const i64 e = error(59, self, arguments, environment);
        call(bsd + 1, static_cast<u64>(e));
    }
    i32 status = -1;
    call(bsd + 7, child.r.rax, &status, 0, 0);
    same(status >> 8, behaves(7195050) ? 0 : 7, "execve with 300,000 bytes: E2BIG up to 10.15");
}

// kevent64's flags: nothing before 10.11.
void kevents() {
    if (!has(1456001)) return void(same(error(369, 0, 0, 0, 0, 0, 0, 0), ENOSYS, "kevent64: not yet"));
    const i64 kq = static_cast<i64>(call(bsd + 362));
    struct Event {
        u64 ident;
        i16 filter;
        u16 flags;
        u32 fflags;
        i64 data;
        u64 udata, ext[2];
    } event{1, -7, 1, 0, 20, 0, {}}, out{};  // EVFILT_TIMER, EV_ADD, 20 ms
    call(bsd + 369, kq, &event, 1, 0, 0, 0, 0);
    const i64 soon[2] = {5, 0};
    const i64 n = static_cast<i64>(call(bsd + 369, kq, 0, 0, &out, 1, 1, soon));  // KEVENT_FLAG_IMMEDIATE
    same(n, has(3247001) ? 0 : 1, "KEVENT_FLAG_IMMEDIATE does not wait, or does not exist");
    call(bsd + 6, kq);
}

void threads() {
    // 10.5 would start a thread at 0.
    if (behaves(1456001)) same(error(360, 0, 0, 0, 0, 0x1000000), EINVAL, "bsdthread_create before bsdthread_register: EINVAL");
    // To 10.9 the fourth argument means nothing; later it is a block that must be readable.
    const i64 odd = error(366, raw_thread_entry, 0, 0, 8, 64, 0, 0);
    same(odd, behaves(2782001) ? EFAULT : none, "bsdthread_register with a fourth argument");
    Trap t(bsd + 366, raw_thread_entry, 0, 0, 0, 0, 0, 0);
    t.go();
    const i64 bits = of_any(version) < 2422001 ? 0 : of_any(version) < 3789001 ? 0x4000003f : of_any(version) < 8019041 ? 0x400000df : 0x400001df;
    if (odd == none && behaves(1456001)) same(t.failed() ? static_cast<i64>(t.r.rax) : none, EINVAL, "once: EINVAL");
    else same(t.failed() ? -static_cast<i64>(t.r.rax) : static_cast<i64>(t.r.rax), bits, "bsdthread_register's result");
    same(error(366, raw_thread_entry, 0, 0, 0, 0, 0, 0), behaves(1456001) ? EINVAL : none, "a second time: EINVAL, but 10.5 takes it");
    same(error(366, raw_thread_entry, 0, 64 * 1024 + 1, 0, 0, 0, 0), EINVAL, "too large a pthread: EINVAL");
    alignas(16) static u8 stack[32768];
    static Regs state;
    u8* top = stack + sizeof stack;
    started = 0;
    same(error(360, 1, &state, top, 3, 0x1000000), none, "bsdthread_create");
    while (!__atomic_load_n(&started, __ATOMIC_ACQUIRE)) call(mach + 60);
    same(static_cast<i64>(reinterpret_cast<u64>(top) - started_rsp), behaves(6153011) ? 0 : 128, "a thread's stack pointer: a red zone below its stack up to 10.14");
    check(started_r8 == reinterpret_cast<u64>(top), "its stack in r8");
    started = 0;
    const i64 sized = error(360, 1, &state, 65536, 0, 0);
    same(sized, behaves(4903221) ? EINVAL : none, "a stack that is a size: EINVAL from 10.14 on");
    while (sized == none && !__atomic_load_n(&started, __ATOMIC_ACQUIRE)) call(mach + 60);
}

// The token of a signal's frame, from 10.14 on, for who has said so with the first sigaction.
void signals(bool validates) {
    const struct {
        u64 handler;
        void (*tramp)();
        u32 mask;
        i32 flags;
    } caught{0x4242, raw_sigtramp, 0, validates ? 0x400 : 0};
    call(bsd + 46, 30, &caught, 0);
    call(bsd + 37, call(bsd + 20), 30, 1);
    check(handled > 0, "a signal and its return, with the token that came");
    alignas(16) static u8 context[56], machine[2632];
    same(error(184, 8, 0, 0), EFAULT, "sigreturn from nowhere: EFAULT");
    same(error(184, context, 0, 0), EFAULT, "of registers that are nowhere: EFAULT, whatever the token");
    if (version < 4903221 || !validates) return;
    const u64 registers = reinterpret_cast<u64>(machine);
    __builtin_memcpy(context + 48, &registers, 8);
    same(error(184, context, 0, 0x1234), EINVAL, "with another token: EINVAL");
}

}  // namespace

int raw_main(int argc, char** argv) {
    say("TAP version 13\n");
    if (argc < 3) {
        say("1..0 # SKIP no era was named\n");
        return 0;
    }
    constexpr const char* names[] = {"10.5", "10.6", "10.11", "10.13", "12", "13", "14", "15"};
    constexpr i32 xnu[] = {1228015, 1504015, 3248060, 4570071, 8020140, 8796141, 10063141, 11417121};
    for (u32 n = 0; n < 8; n++)
        if (equal(argv[1], names[n])) version = xnu[n];
    signals(argc > 3);
    const struct {
        u64 handler;
        void (*tramp)();
        u32 mask;
        i32 flags;
    } caught{0x4242, raw_sigtramp, 0, 0};
    call(bsd + 46, 12, &caught, 0);  // SIGSYS: what is not there
    files(argv[2]);
    sockets();
    times();
    ulocks();
    kevents();
    images(argv[0]);
    threads();
    return done();
}
