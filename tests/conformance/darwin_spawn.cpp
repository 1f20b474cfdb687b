// SPDX-License-Identifier: BSD-3-Clause
// posix_spawn with all that its description can say, and what execve keeps: masks, pending signals, descriptors (xnu-3248.60.10
// bsd/kern/kern_exec.c, bsd/sys/spawn_internal.h). The program executes itself with a word that says what to look at.
#include "tests/conformance/darwin_raw.h"

extern "C" void* memcpy(void* to, const void* from, usize n) {
    void* const start = to;
    asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
    return start;
}
extern "C" void* memset(void* to, int value, usize n) {
    void* const start = to;
    asm volatile("rep stosb" : "+D"(to), "+c"(n) : "a"(value) : "memory");
    return start;
}

enum { SIGKILL = 9, SIGSEGV = 11, SIGSTOP = 17, SIGCONT = 19, SIGCHLD = 20, SIGUSR1 = 30, SIGUSR2 = 31 };
constexpr i32 EPERM = 1, ENOENT = 2, EBADF = 9, ECHILD = 10, EFAULT = 14, EINVAL = 22;

struct Attributes {
    i16 flags = 0, pad = 0;
    u32 sigdefault = 0, sigmask = 0;
    i32 pgroup = 0;
    u32 rest[20] = {};
    u64 pointers[4] = {};
};
struct FileAction {
    i32 type, fd, flags;
    u16 mode;
    char path[1024];
};
struct FileActions {
    i32 allocated, count;
    FileAction at[4];
};
struct Description {
    u64 attributes_size = 0, attributes = 0, files_size = 0, files = 0, other[8] = {};
};
static_assert(sizeof(FileAction) == 1040);

enum : i16 { setpgroup = 2, setsigdef = 4, setsigmask = 8, setexec = 0x40, start_suspended = 0x80, cloexec_default = 0x4000 };

static const char* self;
static i32 number_of(const char* s) {
    i32 n = 0;
    while (*s) n = n * 10 + *s++ - '0';
    return n;
}
static bool equal(const char* a, const char* b) {
    while (*a && *a == *b) a++, b++;
    return *a == *b;
}
static u32 bit(i32 n) { return 1u << (n - 1); }
static u32 mask_now() {
    u32 now = 0;
    call(bsd + 329, 1, 0, &now);
    return now;
}
static void set_mask(u32 set) { call(bsd + 329, 3, &set, 0); }
static bool open_fd(i32 fd) { return !Trap(bsd + 92, fd, 1, 0).go().failed(); }
static void raise(i32 n) { call(bsd + 37, call(bsd + 20), n, 1); }

struct Action {
    u64 handler;
    void (*tramp)();
    u32 mask;
    i32 flags;
};
static u64 action(i32 number, u64 handler) {
    const Action a{handler, raw_sigtramp, 0, 0x42};
    return call(bsd + 46, number, &a, 0);
}

void raw_handler(u64, i32, i32, u8*, u8*, u64) { call(bsd + 1, 21); }
void raw_thread(Regs*) { for (;;) call(bsd + 361, 0, 0, 0, 0); }

static i32 executed(int argc, char** argv) {
    const char* what = argv[1];
    if (equal(what, "code")) return argc > 2 ? number_of(argv[2]) : 99;
    if (equal(what, "mask")) return mask_now() == (bit(SIGUSR1) | bit(SIGSEGV)) ? 0 : 1;
    if (equal(what, "default")) {  // SIGUSR1's action is not to ignore, SIGUSR2's is
        u8 old[16] = {}, other[16] = {};
        call(bsd + 46, SIGUSR1, 0, old);
        call(bsd + 46, SIGUSR2, 0, other);
        return old[0] == 0 && other[0] == 1 ? 0 : 1;
    }
    if (equal(what, "group")) return call(bsd + 81) == call(bsd + 20) ? 0 : 1;
    if (equal(what, "descriptors")) {  // 7 is there, 0 and 8 are not
        return open_fd(7) && !open_fd(8) && !open_fd(0) ? 0 : 1;
    }
    if (equal(what, "write")) {
        call(bsd + 4, number_of(argv[2]), "w", 1);
        return 0;
    }
    if (equal(what, "pending")) {
        u32 set = 0;
        call(bsd + 52, &set);
        return set == (bit(SIGUSR1) | bit(SIGSEGV)) && mask_now() == set ? 0 : 1;
    }
    if (equal(what, "linger")) {
        struct {
            i64 sec;
            i32 usec, pad;
        } long_time{10, 0, 0};
        call(bsd + 93, 0, 0, 0, 0, &long_time);
        return 3;
    }
    return 98;
}

static i32 last_pid;
static i32 spawn(const Description* d, const char* what, const char* word = nullptr, const char* path = nullptr) {
    const char* argv[] = {"name", what, word, nullptr};
    const char* envp[] = {nullptr};
    last_pid = -1;
    Trap t(bsd + 244, &last_pid, path ? path : self, d, argv, envp);
    t.go();
    return t.failed() ? static_cast<i32>(t.r.rax) : 0;
}
static i32 status() {
    i32 s = -1;
    const u64 r = call(bsd + 7, last_pid, &s, 0, 0);
    return r == static_cast<u64>(last_pid) ? s : -1;
}
static void exits(i32 error, i32 code, const char* what) {
    if (error) {
        same(error, 0, what);
        return;
    }
    same(status(), code << 8, what);
}

static Attributes attributes;
static FileActions files;
static Description description() {
    Description d;
    d.attributes_size = sizeof attributes;
    d.attributes = Trap::word(&attributes);
    if (files.count) {
        d.files_size = 8 + static_cast<u64>(files.count) * sizeof(FileAction);
        d.files = Trap::word(&files);
    }
    return d;
}
static void clear() {
    memset(&attributes, 0, sizeof attributes);
    files.count = 0;
}
static void add(i32 type, i32 fd, i32 flags = 0, const char* path = "") {
    FileAction& a = files.at[files.count];
    files.count = files.count + 1;
    a.type = type, a.fd = fd, a.flags = flags, a.mode = 0644;
    usize n = 0;
    while (path[n]) a.path[n] = path[n], n++;
    a.path[n] = 0;
}

static void attributes_of_spawn() {
    exits(spawn(nullptr, "code", "7"), 7, "without a description");
    clear();
    Description d = description();
    exits(spawn(&d, "code", "8"), 8, "with attributes that say nothing");
    attributes.flags = setsigmask;
    attributes.sigmask = bit(SIGUSR1) | bit(SIGSEGV) | bit(SIGKILL);
    exits(spawn(&d, "mask"), 0, "SETSIGMASK: its mask, without SIGKILL");
    clear();
    set_mask(bit(SIGUSR1) | bit(SIGSEGV));
    exits(spawn(&d, "mask"), 0, "without it the caller's");
    set_mask(0);
    action(SIGUSR1, 1);
    action(SIGUSR2, 1);
    attributes.flags = setsigdef;
    attributes.sigdefault = bit(SIGUSR1) | bit(SIGKILL);
    exits(spawn(&d, "default"), 0, "SETSIGDEF: no longer ignored, what it does not name is");
    action(SIGUSR1, 0);
    action(SIGUSR2, 0);
    clear();
    attributes.flags = setpgroup;
    exits(spawn(&d, "group"), 0, "SETPGROUP 0: a group of its own");
    attributes.pgroup = -5;
    same(spawn(&d, "code", "1"), EINVAL, "a negative one: EINVAL");
    attributes.pgroup = 0x3fffffff;
    same(spawn(&d, "code", "1"), EPERM, "one that is not there: EPERM");
    clear();
    attributes.flags = start_suspended;
    same(spawn(&d, "code", "9"), 0, "START_SUSPENDED");
    i32 s = 0;
    call(bsd + 7, last_pid, &s, 2, 0);
    same(s & 0xff, 0x7f, "it is stopped");
    call(bsd + 37, last_pid, SIGCONT, 1);
    same(status(), 9 << 8, "until SIGCONT");
    clear();
    attributes.flags = setexec;
    Trap child(bsd + 2);
    child.go();
    if (child.r.rdx == 1) {
        spawn(&d, "code", "11");
        call(bsd + 1, 50);
    }
    last_pid = static_cast<i32>(child.r.rax);
    same(status(), 11 << 8, "SETEXEC: the caller itself becomes the image");
}

static void file_actions() {
    Trap ends(bsd + 42);
    ends.go();
    const i32 in = static_cast<i32>(ends.r.rax), out = static_cast<i32>(ends.r.rdx);
    u8 byte = 0;
    clear();
    add(2, out, 20);
    Description d = description();
    exits(spawn(&d, "write", "20"), 0, "dup2");
    check(call(bsd + 3, in, &byte, 1) == 1 && byte == 'w' && !open_fd(20), "is done in the child alone");
    clear();
    add(0, 21, 1, "/dev/null");
    add(2, 21, 22);
    add(1, 21);
    d = description();
    exits(spawn(&d, "write", "22"), 0, "open at a number, dup2, close");
    clear();
    add(2, out, 7);
    attributes.flags = cloexec_default;
    d = description();
    call(bsd + 90, in, 8);
    exits(spawn(&d, "descriptors"), 0, "CLOEXEC_DEFAULT: only what an action names is there");
    clear();
    call(bsd + 90, in, 7);
    call(bsd + 92, 7, 2, 1);  // FD_CLOEXEC
    add(3, 7);
    attributes.flags = cloexec_default;
    d = description();
    exits(spawn(&d, "descriptors"), 0, "inherit: in spite of FD_CLOEXEC");
    call(bsd + 6, 7);
    call(bsd + 6, 8);

    clear();
    add(2, 500, 3);
    d = description();
    same(spawn(&d, "code", "1"), EBADF, "dup2 of a descriptor that is not open: EBADF");
    clear();
    add(1, 500);
    same(spawn(&d, "code", "1"), EBADF, "close of one");
    clear();
    add(3, 500);
    same(spawn(&d, "code", "1"), EBADF, "inherit of one");
    clear();
    add(0, 9, 0, "/nowhere/at/all");
    same(spawn(&d, "code", "1"), ENOENT, "open of nothing: ENOENT");
    clear();
    add(4, 1);
    same(spawn(&d, "code", "1"), EINVAL, "an action that is none: EINVAL");
    clear();
    add(1, in);
    d = description();
    d.files_size -= 1;
    same(spawn(&d, "code", "1"), EINVAL, "a size that does not fit the count: EINVAL");
    d.files_size = 8;
    same(spawn(&d, "code", "1"), EINVAL, "one below an action's");
    d.files_size = ~0ull;
    same(spawn(&d, "code", "1"), EINVAL, "one beyond every limit");
    for (u32 n = 0; n < 8; n += 2) {  // ports, labels, coalitions, persona
        d = description();
        d.other[n] = 1, d.other[n + 1] = Trap::word(&d);
        same(spawn(&d, "code", "1"), EINVAL, "a byte of what has a size of its own: EINVAL");
    }
    d = description();
    d.files = 8;
    same(spawn(&d, "code", "1"), EFAULT, "bad actions: EFAULT");
    d = description();
    d.attributes = 8;
    same(spawn(&d, "code", "1"), EPERM, "bad attributes: EPERM, as 10.11 has it");
    same(spawn(reinterpret_cast<const Description*>(8), "code", "1"), EFAULT, "a bad description: EFAULT");
    same(spawn(nullptr, "code", "1", "/nowhere/at/all"), ENOENT, "no such program: ENOENT");
    same(spawn(nullptr, "code", "1", reinterpret_cast<const char*>(8)), EFAULT, "a bad path: EFAULT");
    same(static_cast<i64>(call(bsd + 244, 0, self, 0, 8, 0)), EFAULT, "bad arguments: EFAULT");
    i32 s;
    same(static_cast<i64>(call(bsd + 7, -1, &s, 1, 0)), ECHILD, "none of these left a child");
    const char* argv[] = {"name", "code", "5", nullptr};
    same(static_cast<i64>(call(bsd + 244, 8, self, 0, argv, 0)), 0, "a bad place for the pid is nobody's business");
    call(bsd + 7, -1, &s, 0, 0);
    same(s, 5 << 8, "the child ran");
    call(bsd + 6, in);
    call(bsd + 6, out);
}

static void execs() {
    const char* argv[] = {"name", "pending", nullptr};
    Trap child(bsd + 2);
    child.go();
    if (child.r.rdx == 1) {
        action(SIGUSR1, 0x4242);
        set_mask(bit(SIGUSR1) | bit(SIGSEGV));
        raise(SIGUSR1);
        raise(SIGSEGV);
        call(bsd + 59, self, argv, 0);
        call(bsd + 1, 50);
    }
    last_pid = static_cast<i32>(child.r.rax);
    same(status(), 0, "execve keeps the mask and what is pending");

    // A signal that comes at any moment around execve is handled before it or ends the new image: it is never lost.
    argv[1] = "linger";
    i32 before = 0, after = 0, lost = 0;
    Random random{7};
    for (i32 n = 0; n < 60; n++) {
        Trap t(bsd + 2);
        t.go();
        if (t.r.rdx == 1) {
            action(SIGUSR1, 0x4242);
            call(bsd + 59, self, argv, 0);
            call(bsd + 1, 50);
        }
        struct {
            i64 sec;
            i32 usec, pad;
        } wait{0, static_cast<i32>(500 + random.next(6000)), 0};
        call(bsd + 93, 0, 0, 0, 0, &wait);
        last_pid = static_cast<i32>(t.r.rax);
        call(bsd + 37, last_pid, SIGUSR1, 1);
        const i32 s = status();
        if (s == 21 << 8) before++;
        else if (s == SIGUSR1) after++;
        else lost++;
    }
    same(lost, 0, "60 signals around execve: none is lost");
    check(before + after == 60, "each was handled before or ended the new image");
    argv[1] = "code";
    same(static_cast<i64>(call(bsd + 59, "/nowhere/at/all", argv, 0)), ENOENT, "an execve that fails");
    same(mask_now(), 0, "leaves the mask");
}

int raw_main(int argc, char** argv) {
    if (argc > 1) return executed(argc, argv);
    self = argv[0];
    say("TAP version 13\n");
    attributes_of_spawn();
    file_actions();
    execs();
    return done();
}
