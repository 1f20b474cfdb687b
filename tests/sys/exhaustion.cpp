// SPDX-License-Identifier: BSD-3-Clause
// When there is no more: no descriptor, no address space, no mapping, no process. What needs one says so by its errno, what needs none
// goes on: under an emulator too, which may want some of its own.
#include "child.h"

#include "sys/calls.h"
#include "sys/mem.h"
#include "sys/memory.h"
#include "sys/poll.h"
#include "sys/resource.h"
#include "sys/thread.h"

using namespace trapeze;

static const char* self;

static Result spawn_self(const char* what) {
    const char* argv[] = {"name", what, nullptr};
    return spawn(self, argv, envp());
}

static i32 ends_with(Result child) {
    WaitStatus s{-1};
    return child.ok() && wait(static_cast<i32>(child.value()), &s).ok() && s.exited() ? s.code() : -1;
}

// More than an emulator keeps room for on its stack.
static bool polls_many() {
    static pollfd many[200];
    for (pollfd& p : many) p = {1, POLLOUT, 0};
    return poll(many, 200, 0).ok();
}

static bool threads_or_says_so() {
    Result error{0};
    static i32 value;
    Thread* t = thread_create([](void*) { value = 9; }, nullptr, &error);
    if (!t) return error.err() == kernel::ENOMEM || error.err() == kernel::EAGAIN;
    thread_join(t);
    return value == 9;
}

static i32 without_descriptors(u32 hard) {
    if (setlimit(Limit::files, {16, hard}).failed()) return 1;
    while (dup(1).ok()) {}
    i32 ends[2];
    if (open("/dev/null", O_RDONLY).err() != kernel::EMFILE || pipe(ends).err() != kernel::EMFILE) return 2;
    if (sys_socket(1, 1, 0).err() != kernel::EMFILE) return 3;
    pollfd one{1, POLLOUT, 0};
    if (poll(&one, 1, 0).failed() || !threads_or_says_so()) return 4;
    const Result pages = pages_map(4 * page_size);
    if (pages.failed() || mprotect(reinterpret_cast<void*>(pages.value()), page_size, PROT_NONE).failed()) return 5;
    const char* nothing[] = {"name", nullptr};
    if (exec("/no/such/file", nothing, envp()).err() != kernel::ENOENT || exec("/etc", nothing, envp()).err() != kernel::EACCES) return 6;
    if (in_child([] {
            const char* argv[] = {"name", "seven", nullptr};
            (void)exec(self, argv, envp());
            return 99;
        }).code() != 7)
        return 7;
    const char* argv[] = {"name", "limits", nullptr};
    (void)exec(self, argv, envp());
    return 8;
}

// What the copy finds that was executed without a descriptor left.
static i32 finds_limits() {
    Limits l{};
    if (getlimit(Limit::files, &l).failed() || l.soft != 16 || (l.hard != 16 && l.hard != 32)) return 20;
    if (dup(1).err() != kernel::EMFILE) return 21;
    if (setlimit(Limit::files, {l.hard, l.hard}).failed()) return 22;
    i32 highest = 0;
    for (Result r{0}; r.ok(); r = dup(1)) highest = static_cast<i32>(r.value()) > highest ? static_cast<i32>(r.value()) : highest;
    return highest == static_cast<i32>(l.hard) - 1 || l.hard == 16 ? 0 : 23;
}

static void descriptors() {
    held(in_child([] { return without_descriptors(32); }), "without a descriptor: EMFILE to who needs one; a poll, a thread and an exec need none");
    held(in_child([] { return without_descriptors(16); }), "nor when the hard limit leaves none either");
}

// Fills the address space with memory that nobody may touch. The largest piece that was had is freed by who wants some back.
struct Piece {
    void* at;
    usize size;
};
static Piece pieces[4096];
static i32 piece_count;

static void fill() {
    for (usize size = usize{1} << 45; size >= 1 << 16 && piece_count < 4096; size /= 2)
        for (Result r{0}; piece_count < 4096;) {
            r = mmap(nullptr, size, PROT_NONE, MAP_PRIVATE | MAP_ANON | MAP_NORESERVE);
            if (r.failed()) break;
            pieces[piece_count++] = {reinterpret_cast<void*>(r.value()), size};
        }
}

static void memory() {
    held(in_child([] {
             fill();
             if (piece_count == 4096) return 1;
             if (mmap(nullptr, 1 << 20, PROT_READ, MAP_PRIVATE | MAP_ANON).err() != kernel::ENOMEM) return 2;
             if (!threads_or_says_so()) return 3;
             (void)polls_many();
             if (in_child([] { return 7; }).code() != 7) return 4;
             const Result child = spawn_self("seven");
             if (child.ok() ? ends_with(child) != 7 : child.err() != kernel::ENOMEM) return 5;
             (void)munmap(pieces[piece_count - 1].at, pieces[piece_count - 1].size);
             (void)munmap(pieces[0].at, pieces[0].size);
             const Result again = pages_map(1 << 20);
             if (again.failed()) return 6;
             *reinterpret_cast<volatile char*>(again.value()) = 1;
             return polls_many() && ends_with(spawn_self("seven")) == 7 ? 0 : 8;
         }),
         "without address space: ENOMEM; a fork works, and all does when some is given back");
}

// Linux bounds the number of mappings, XNU does not.
static void mappings() {
    held(in_child([] {
             constexpr usize pages = 1 << 17;
             const Result r = mmap(nullptr, pages * page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON | MAP_NORESERVE);
             if (r.failed()) return 1;
             char* at = reinterpret_cast<char*>(r.value());
             i32 error = 0;
             for (usize n = 0; n < pages && !error; n += 2) error = mprotect(at + n * page_size, page_size, PROT_READ).err();
             if (error && error != kernel::ENOMEM) return 2;
             if (!threads_or_says_so()) return 3;
             (void)polls_many();
             if (munmap(at, pages * page_size).failed()) return 4;
             return polls_many() && threads_or_says_so() && ends_with(spawn_self("seven")) == 7 ? 0 : 5;
         }),
         "65,536 protections: all of them, or ENOMEM; and all is well when they are gone");
}

static void processes() {
    held(in_child([] {
             if (geteuid() == 0 && (sys_setgid(65534).failed() || sys_setuid(65534).failed())) return 0;
             if (setlimit(Limit::processes, {0, 0}).failed()) return 1;
             if (fork().err() != kernel::EAGAIN) return 2;
             return spawn_self("seven").err() == kernel::EAGAIN && polls_many() ? 0 : 3;
         }),
         "beyond RLIMIT_NPROC: fork and spawn are EAGAIN");
    held(in_child([] {
             if (setlimit(Limit::data, {1 << 20, 1 << 20}).failed()) return 1;
             const Result r = pages_map(64 << 20);  // counted by Linux since 4.7, by XNU in sbrk alone
             if (r.ok() && polls_many() && threads_or_says_so() && ends_with(spawn_self("seven")) == 7) return 0;
             return r.err() == kernel::ENOMEM ? 0 : 2;
         }),
         "with a small RLIMIT_DATA memory is there or is ENOMEM");
}

int main() {
    self = argv()[0];
    if (argc() > 1 && str_eq(argv()[1], "seven")) return 7;
    if (argc() > 1) return finds_limits();
    print("TAP version 13\n");
    descriptors();
    memory();
    mappings();
    processes();
    return done();
}
