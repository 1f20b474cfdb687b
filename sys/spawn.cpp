// SPDX-License-Identifier: BSD-3-Clause
// spawn of process.h. The child's way: signals open as the caller had them, descriptors in their places, exec; on failure its
// errno goes through the pipe, whose reading end sees the end of file when exec closed the writing one.
#include "sys/file.h"
#include "sys/process.h"
#include "sys/signals.h"

namespace trapeze {

namespace {

using Exec = Result (*)(const char*, const char* const*, const char* const*);

// A duplicate of fd whose number is no target. Not just one above all targets: there may be none, as when the last descriptor
// of the limit is a target. What collides is left to be overwritten.
Result out_of_the_way(i32 fd, const SpawnFile* files, usize n) {
    for (i32 least = 3;;) {
        const Result r = fcntl(fd, kernel::F_DUPFD_CLOEXEC, static_cast<u64>(least));
        if (r.failed()) return r.err() == kernel::EINVAL ? Result::error(kernel::EMFILE) : r;  // EINVAL: `least` is the limit
        usize i = 0;
        while (i < n && files[i].to != r.value()) i++;
        if (i == n) return r;
        least = static_cast<i32>(r.value()) + 1;
    }
}

// All sources get out of the way first, so that no move overwrites a descriptor that another one, or the pipe, needs.
Result place(const SpawnFile* files, usize n, i32* pipe_end) {
    i32 moved[spawn_files_max];
    if (n > spawn_files_max) return Result::error(kernel::EINVAL);
    Result r = out_of_the_way(*pipe_end, files, n);
    if (r.failed()) return r;
    *pipe_end = static_cast<i32>(r.value());
    for (usize i = 0; i < n; i++) {
        r = out_of_the_way(files[i].from, files, n);
        if (r.failed()) return r;
        moved[i] = static_cast<i32>(r.value());
    }
    for (usize i = 0; i < n; i++) {
        if (files[i].to < 0) return Result::error(kernel::EBADF);
        r = dup2(moved[i], files[i].to);
        if (r.failed()) return r;
    }
    return {0};
}

// A handler of the parent's must not run in the child, which shares its files: default before the mask opens.
void forget_handlers() {
    for (i32 s = 1; s <= signal_count; s++) {
        SignalHandling now;
        if (signal_action(s, &now).ok() && now.handler != SIG_DFL && now.handler != SIG_IGN) (void)signal_default(s);
    }
}

Result spawn_with(Exec run, const char* path, const char* const* argv, const char* const* envp, const SpawnFile* files, usize n) {
    i32 ends[2];
    if (Result r = pipe(ends, O_CLOEXEC); r.failed()) return r;
    SignalSet mask;
    (void)signals_setmask(SignalSet::all(), &mask);
    Result child = fork();
    if (child.ok() && child.value() == 0) {
        i32 pipe_end = ends[1];
        forget_handlers();
        Result r = n ? place(files, n, &pipe_end) : Result{0};
        if (r.ok()) {
            (void)signals_setmask(mask);
            r = run(path, argv, envp);
        }
        const i32 error = r.err();
        (void)write(pipe_end, &error, sizeof error);
        exit_process(127);
    }
    (void)signals_setmask(mask);
    (void)close(ends[1]);
    if (child.ok()) {
        i32 error = 0;
        Result r = read(ends[0], &error, sizeof error);
        if (r.value() == sizeof error) {
            (void)wait(static_cast<i32>(child.value()), nullptr);
            child = Result::error(error);
        }
    }
    (void)close(ends[0]);
    return child;
}

}  // namespace

Result spawn(const char* path, const char* const* argv, const char* const* envp, const SpawnFile* files, usize n) {
    return spawn_with(exec, path, argv, envp, files, n);
}

Result spawn_path(const char* name, const char* const* argv, const char* const* envp, const SpawnFile* files, usize n) {
    return spawn_with(exec_path, name, argv, envp, files, n);
}

}  // namespace trapeze
