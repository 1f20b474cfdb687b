// SPDX-License-Identifier: BSD-3-Clause
// What the tests of files, directories and memory share: a working directory of their own, which goes with them; a child that
// may use up a limit; and the errnos in which the kernels differ.
#pragma once
#include "sys/calls.h"
#include "sys/darwin/numbers.h"
#include "sys/dir.h"
#include "sys/linux/numbers.h"
#include "sys/mem.h"
#include "sys/syscall.h"
#include "sys/temporary.h"
#include "tests/tap.h"

namespace tools {
using namespace trapeze;

constexpr bool darwin = kernel::EAGAIN == 35;
constexpr i32 either(i32 on_linux, i32 on_darwin) { return darwin ? on_darwin : on_linux; }

// Addresses that no program has: for EFAULT.
inline char* bad_pointer() { return reinterpret_cast<char*>(8); }

inline bool root() { return geteuid() == 0; }

// The descriptor that a call made, or -1. 0 to 2 are never one: a kernel that answers a failure with 0 must not have a test change the mode,
// times or contents of its standard input, which may be the machine's /dev/null.
inline i32 fd_of(Result r) { return r.ok() && r.value() > 2 ? static_cast<i32>(r.value()) : -1; }

// Removes what is in the directory at the descriptor, and closes it.
inline void empty_directory(i32 fd) {
    Dir dir;
    (void)opendir(fd, &dir);
    for (DirEntry e; readdir(&dir, &e).value() > 0;) {
        if (str_eq(e.name, ".") || str_eq(e.name, "..")) continue;
        if (unlink(e.name).ok()) continue;
        if (rmdir(e.name).ok()) continue;
        const Result below = open(e.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
        if (below.failed() || chdir(e.name).failed()) continue;
        empty_directory(fd_of(below));
        (void)chdir("..");
        (void)rmdir(e.name);
        (void)rewinddir(&dir);
    }
    (void)closedir(&dir);
}

// A fresh working directory while it lives.
class Workplace {
public:
    Workplace() {
        const char* base = getenv("TMPDIR");
        if (!base || str_len(base) > 400) base = "/tmp";
        usize n = str_len(base);
        memcpy(path_, base, n);
        memcpy(path_ + n, "/trapeze.XXXXXXXX", 18);
        if (Result r = make_temporary_dir(path_); r.failed()) die_errno(path_, r);
        if (Result r = chdir(path_); r.failed()) die_errno(path_, r);
        (void)umask(022);
    }
    ~Workplace() {
        (void)chdir(path_);
        const Result here = open(".", O_RDONLY | O_DIRECTORY);
        if (here.ok()) empty_directory(fd_of(here));
        (void)chdir("/");
        (void)rmdir(path_);
    }
    Workplace(const Workplace&) = delete;
    const char* path() const { return path_; }

private:
    char path_[512];
};

inline void make_file(const char* path, const char* text = "") {
    if (Result r = writefile(path, text, str_len(text)); r.failed()) die_errno(path, r);
}

// Runs f in a child, whose status it is; -1 if it ended otherwise. f must not print. start_child and end_of_child are the halves.
template <class F>
i32 start_child(F f) {
    const Result pid = fork();
    if (pid.raw == 0) exit_process(f());
    return static_cast<i32>(pid.raw);
}
inline i32 end_of_child(i32 pid) {
    WaitStatus status;
    return pid > 0 && wait(pid, &status).ok() && status.exited() ? status.code() : -1;
}
template <class F>
i32 in_child(F f) {
    return end_of_child(start_child(f));
}

}  // namespace tools

using namespace trapeze;
using namespace tools;
