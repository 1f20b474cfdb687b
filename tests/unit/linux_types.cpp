// SPDX-License-Identifier: BSD-3-Clause
// sys/linux/types.h, signal.h and process.h against the host's own headers: sizes, offsets and constants, at compile time.
// Ours come first: the host's are macros, which would replace our names too.
#include "sys/linux/process.h"
#include "sys/linux/signal.h"
#include "sys/linux/types.h"
#include "tests/unit/same.h"

namespace {
using namespace trapeze;
constexpr i64 our_constants[] = {
    lnx::O_CREAT, lnx::O_EXCL, lnx::O_NOCTTY, lnx::O_TRUNC, lnx::O_APPEND, lnx::O_NONBLOCK, lnx::O_DSYNC, lnx::O_DIRECTORY,
    lnx::O_NOFOLLOW, lnx::O_CLOEXEC, lnx::O_SYNC, lnx::AT_FDCWD, lnx::PROT_EXEC, lnx::MAP_PRIVATE, lnx::MAP_FIXED,
    lnx::MAP_ANON, lnx::MAP_NORESERVE, lnx::MAP_STACK, lnx::MAP_FIXED_NOREPLACE, lnx::MADV_DONTNEED, lnx::MADV_FREE,
    lnx::S_IFMT, lnx::S_IFDIR, lnx::S_IFREG, lnx::AT_PAGESZ, lnx::AT_RANDOM, lnx::AT_HWCAP2, lnx::AT_SYSINFO_EHDR,
    lnx::AT_MINSIGSTKSZ, lnx::ARCH_SET_GS, lnx::ARCH_SET_FS, lnx::CLOCK_MONOTONIC, lnx::FUTEX_WAIT, lnx::FUTEX_WAKE,
    lnx::FUTEX_PRIVATE_FLAG, lnx::CLONE_VM, lnx::CLONE_THREAD, lnx::CLONE_SYSVSEM, lnx::CLONE_SETTLS,
    lnx::CLONE_PARENT_SETTID, lnx::CLONE_CHILD_CLEARTID, lnx::SIG_BLOCK, lnx::SIG_UNBLOCK, lnx::SIG_SETMASK,
    lnx::SA_SIGINFO, lnx::SA_ONSTACK, lnx::SA_RESTART, lnx::SA_NODEFER, static_cast<i64>(lnx::SA_RESETHAND), lnx::SS_DISABLE,
    lnx::SS_ONSTACK, lnx::SA_NOCLDSTOP, lnx::SA_NOCLDWAIT, lnx::SI_USER, lnx::SI_TKILL, lnx::CLD_EXITED,
    lnx::CLD_KILLED, lnx::CLD_DUMPED, lnx::CLD_STOPPED, lnx::CLD_CONTINUED, lnx::WNOHANG, lnx::WUNTRACED, lnx::WCONTINUED,
    lnx::RLIMIT_CPU, lnx::RLIMIT_FSIZE, lnx::RLIMIT_DATA, lnx::RLIMIT_STACK, lnx::RLIMIT_CORE, lnx::RLIMIT_RSS, lnx::RLIMIT_NPROC,
    lnx::RLIMIT_NOFILE, lnx::RLIMIT_MEMLOCK, lnx::RLIMIT_AS, static_cast<i64>(lnx::RLIM_INFINITY), lnx::RUSAGE_SELF, lnx::RUSAGE_CHILDREN,
    lnx::RUSAGE_THREAD, lnx::PRIO_PROCESS, lnx::PRIO_PGRP, lnx::PRIO_USER};

constexpr usize our_offsets[] = {
    sizeof(lnx::stat), offsetof(lnx::stat, st_mode), offsetof(lnx::stat, st_rdev), offsetof(lnx::stat, st_size),
    offsetof(lnx::stat, st_blocks), offsetof(lnx::stat, st_mtim), sizeof(lnx::timespec), sizeof(lnx::timeval),
    sizeof(lnx::stack_t), offsetof(lnx::stack_t, ss_flags), offsetof(lnx::stack_t, ss_size), sizeof(lnx::siginfo_t),
    offsetof(lnx::siginfo_t, si_addr), offsetof(lnx::siginfo_t, si_syscall), offsetof(lnx::ucontext, uc_mcontext),
    offsetof(lnx::ucontext, uc_sigmask), offsetof(lnx::sigcontext, rip), offsetof(lnx::sigcontext, fpstate),
    sizeof(lnx::rlimit), offsetof(lnx::rlimit, rlim_max), sizeof(lnx::rusage), offsetof(lnx::rusage, ru_maxrss),
    offsetof(lnx::rusage, ru_minflt), offsetof(lnx::rusage, ru_nivcsw), sizeof(lnx::new_utsname), offsetof(lnx::new_utsname, machine)};
}  // namespace

#include <asm/prctl.h>
#include <elf.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>

namespace {
constexpr trapeze::i64 host_constants[] = {
    O_CREAT, O_EXCL, O_NOCTTY, O_TRUNC, O_APPEND, O_NONBLOCK, O_DSYNC, O_DIRECTORY, O_NOFOLLOW, O_CLOEXEC, O_SYNC, AT_FDCWD,
    PROT_EXEC, MAP_PRIVATE, MAP_FIXED, MAP_ANONYMOUS, MAP_NORESERVE, MAP_STACK, MAP_FIXED_NOREPLACE, MADV_DONTNEED, MADV_FREE,
    S_IFMT, S_IFDIR, S_IFREG, AT_PAGESZ, AT_RANDOM, AT_HWCAP2, AT_SYSINFO_EHDR, AT_MINSIGSTKSZ, ARCH_SET_GS, ARCH_SET_FS,
    CLOCK_MONOTONIC, FUTEX_WAIT, FUTEX_WAKE, FUTEX_PRIVATE_FLAG, CLONE_VM, CLONE_THREAD, CLONE_SYSVSEM, CLONE_SETTLS,
    CLONE_PARENT_SETTID, CLONE_CHILD_CLEARTID, SIG_BLOCK, SIG_UNBLOCK, SIG_SETMASK, SA_SIGINFO, SA_ONSTACK, SA_RESTART,
    SA_NODEFER, static_cast<trapeze::i64>(static_cast<unsigned>(SA_RESETHAND)), SS_DISABLE, SS_ONSTACK, SA_NOCLDSTOP,
    SA_NOCLDWAIT, SI_USER, SI_TKILL, CLD_EXITED, CLD_KILLED, CLD_DUMPED, CLD_STOPPED, CLD_CONTINUED, WNOHANG, WUNTRACED,
    WCONTINUED, RLIMIT_CPU, RLIMIT_FSIZE, RLIMIT_DATA, RLIMIT_STACK, RLIMIT_CORE, RLIMIT_RSS, RLIMIT_NPROC, RLIMIT_NOFILE,
    RLIMIT_MEMLOCK, RLIMIT_AS, static_cast<trapeze::i64>(RLIM_INFINITY), RUSAGE_SELF, RUSAGE_CHILDREN, 1 /* RUSAGE_THREAD is libc's to hide */,
    PRIO_PROCESS, PRIO_PGRP, PRIO_USER};

using mcontext = decltype(::ucontext_t::uc_mcontext);
constexpr trapeze::usize host_offsets[] = {
    sizeof(struct stat), offsetof(struct stat, st_mode), offsetof(struct stat, st_rdev), offsetof(struct stat, st_size),
    offsetof(struct stat, st_blocks), offsetof(struct stat, st_mtim), sizeof(struct timespec), sizeof(struct timeval),
    sizeof(::stack_t), offsetof(::stack_t, ss_flags), offsetof(::stack_t, ss_size), sizeof(::siginfo_t),
    offsetof(::siginfo_t, si_addr), offsetof(::siginfo_t, si_syscall), offsetof(::ucontext_t, uc_mcontext),
    offsetof(::ucontext_t, uc_sigmask), offsetof(mcontext, gregs) + REG_RIP * 8, offsetof(mcontext, fpregs),
    sizeof(struct rlimit), offsetof(struct rlimit, rlim_max), sizeof(struct rusage), offsetof(struct rusage, ru_maxrss),
    offsetof(struct rusage, ru_minflt), offsetof(struct rusage, ru_nivcsw), sizeof(struct utsname), offsetof(struct utsname, machine)};

static_assert(same(our_constants, host_constants));
static_assert(same(our_offsets, host_offsets));
}  // namespace
