// SPDX-License-Identifier: BSD-3-Clause
// Processes: fork, exec, spawn, wait, and who is who. Limits, usage and priorities are in sys/resource.h, signals to
// processes (kill) in sys/signals.h, the end of this one (exit_process) in sys/os.h, the environment in sys/args.h.
//
// None blocks but wait, and spawn for the time that the child needs to become the new program.
#pragma once
#include "sys/kernel.h"
#include "sys/kernel_process.h"
#include "sys/resource.h"
#include "sys/result.h"

namespace trapeze {

using kernel::WCONTINUED, kernel::WNOHANG, kernel::WUNTRACED;

// Two processes from here on: the child's number in the parent, 0 in the child (on XNU too, whose trap says the parent's
// number and sets rdx). EAGAIN: RLIMIT_NPROC or the machine's limit; ENOMEM.
// The child has a copy of the memory and the descriptors, and one thread: the caller's, with its block and stack. Of the
// runtime that leaves the sys layer alone: a lock that another thread held stays held, goroutines have no scheduler, so a
// program with goroutines or threads calls only sys there, and soon exec or exit_process. On XNU no port name of the
// parent means anything in the child: what sys keeps of them is forgotten, semaphores of locks and notes are not.
Result fork();

// This process becomes another program; returns only if that failed, with nothing changed. argv and envp end with null.
// Descriptors without O_CLOEXEC, mask, ignored signals, working directory and limits stay.
// ENOENT, ENOTDIR, EACCES (not executable, or no file), ENOEXEC (no format of the kernel; XNU also EBADARCH, EBADMACHO),
// E2BIG (strings and their pointers beyond a quarter of the stack limit on Linux, 256 KiB on XNU, 1 MiB from xnu-7195 on), ETXTBSY,
// ELOOP, ENAMETOOLONG, EFAULT.
Result exec(const char* path, const char* const* argv, const char* const* envp);
// A name without a slash is looked for in PATH of this process's environment (unset: /usr/bin:/bin); the error is EACCES if
// one was found that may not be executed, else the last one. There is no shell for what is ENOEXEC.
Result exec_path(const char* name, const char* const* argv, const char* const* envp);

// A descriptor of the child: `to` there is what `from` is here. All moves happen at once, so they may swap.
struct SpawnFile {
    i32 from, to;
};
constexpr usize spawn_files_max = 64;
// A child that is the program `path`, or one found in PATH: its number, or exec's own errno, without a child, if it could not
// be executed. files: `n` of them, at most spawn_files_max (EINVAL); other descriptors without O_CLOEXEC it has as they are. Its
// signals are as exec leaves them, the mask is the caller's. EBADF: a source that is not open, a target that cannot be; EMFILE:
// the moves need a free descriptor for each file and one more.
// fork and exec, and a pipe that closes by itself at exec, through which the child says why not. Rejected: posix_spawn, which
// Linux has not; vfork, whose child writes into the parent's memory. On XNU the pipe is marked close-on-exec after it was
// made: a child that another thread forks in between has it without the mark, and spawn waits until that child has ended, whatever it
// executes: programs that start children from several threads do so one at a time.
Result spawn(const char* path, const char* const* argv, const char* const* envp, const SpawnFile* files = nullptr, usize n = 0);
Result spawn_path(const char* name, const char* const* argv, const char* const* envp, const SpawnFile* files = nullptr, usize n = 0);

// How a child ended or stopped.
struct WaitStatus {
    i32 raw = 0;

    constexpr bool exited() const { return (raw & 0x7f) == 0; }
    constexpr i32 code() const { return raw >> 8 & 0xff; }                 // if exited()
    constexpr bool signalled() const { return (raw & 0x7f) != 0 && (raw & 0x7f) != 0x7f; }
    constexpr i32 signal() const { return raw & 0x7f; }                    // if signalled()
    constexpr bool core() const { return raw & 0x80; }
    constexpr bool continued() const { return raw == kernel::status_continued; }
    constexpr bool stopped() const { return (raw & 0xff) == 0x7f && !continued(); }
    constexpr i32 stop_signal() const { return raw >> 8 & 0xff; }          // if stopped()
};

// Waits for a child: pid > 0 that one, -1 any, 0 any of the caller's group, -n any of group n. Its number, or 0 with WNOHANG
// if none has news. WUNTRACED: stopped ones too; WCONTINUED: and those that go on. Interrupted, it waits on.
// ECHILD: there is no such child (or SIGCHLD is ignored, so all were reaped); EINVAL: options (Linux).
Result wait(i32 pid, WaitStatus* status, i32 options = 0, Usage* usage = nullptr);

i32 getpid();
i32 getppid();
i32 getuid();
i32 geteuid();
i32 getgid();
i32 getegid();
Result getpgid(i32 pid);            // 0: the caller's. ESRCH
Result setpgid(i32 pid, i32 group); // 0: the caller, its own number. EACCES: the child has called exec; EPERM; ESRCH; EINVAL: < 0
Result getsid(i32 pid);             // ESRCH
Result setsid();                    // a new session and group without a terminal. EPERM: leads a group already

}  // namespace trapeze
