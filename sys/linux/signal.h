// SPDX-License-Identifier: BSD-3-Clause
// Linux/amd64: signals. What rt_sigaction and its kin take and give, and the frame that a handler finds. tests/unit compares
// sizes, offsets and constants with the host's own headers.
// Source: arch/x86/include/uapi/asm/{signal,sigcontext,ucontext}.h, include/uapi/asm-generic/siginfo.h, fs/select.c.
#pragma once
#include "sys/types.h"

namespace trapeze::lnx {

constexpr i32 SIG_BLOCK = 0, SIG_UNBLOCK = 1, SIG_SETMASK = 2;
constexpr u64 SIG_DFL = 0, SIG_IGN = 1;
constexpr u64 SA_NOCLDSTOP = 1, SA_NOCLDWAIT = 2, SA_SIGINFO = 4, SA_RESTORER = 0x04000000, SA_ONSTACK = 0x08000000,
              SA_RESTART = 0x10000000, SA_NODEFER = 0x40000000, SA_RESETHAND = 0x80000000;
constexpr i32 SS_ONSTACK = 1, SS_DISABLE = 2;
constexpr u64 MINSIGSTKSZ = 2048;  // what sigaltstack enforces at least: where AT_MINSIGSTKSZ is given, that
constexpr i32 SI_USER = 0, SI_TKILL = -6, CLD_EXITED = 1, CLD_KILLED = 2, CLD_DUMPED = 3, CLD_STOPPED = 5, CLD_CONTINUED = 6;

using sigset_t = u64;

// What rt_sigaction takes and gives: not libc's struct sigaction.
struct kernel_sigaction {
    u64 handler;
    u64 flags;
    u64 restorer;
    sigset_t mask;
};
static_assert(sizeof(kernel_sigaction) == 32);

struct stack_t {
    u64 ss_sp;
    i32 ss_flags;
    i32 pad;
    u64 ss_size;
};
static_assert(sizeof(stack_t) == 24);

struct siginfo_t {
    i32 si_signo;
    i32 si_errno;
    i32 si_code;
    i32 pad;
    union {
        u64 si_addr;  // SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP
        struct {
            i32 si_pid;
            u32 si_uid;
            u64 si_value;
        };
        struct {  // SIGSYS
            u64 si_call_addr;
            i32 si_syscall;
            u32 si_arch;
        };
        u64 fill[14];
    };
};
static_assert(sizeof(siginfo_t) == 128 && offsetof(siginfo_t, si_addr) == 16 && offsetof(siginfo_t, si_syscall) == 24);

struct sigcontext {
    u64 r8, r9, r10, r11, r12, r13, r14, r15;
    u64 rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, eflags;
    u16 cs, gs, fs, ss;
    u64 err, trapno, oldmask, cr2;
    u64 fpstate;  // pointer to the FXSAVE/XSAVE image, or 0
    u64 reserved[8];
};
static_assert(sizeof(sigcontext) == 256);

struct ucontext {
    u64 uc_flags;
    u64 uc_link;
    stack_t uc_stack;
    sigcontext uc_mcontext;
    sigset_t uc_sigmask;
};
static_assert(sizeof(ucontext) == 304 && offsetof(ucontext, uc_mcontext) == 40 && offsetof(ucontext, uc_sigmask) == 296);

constexpr i32 SIGEV_SIGNAL = 0, SIGEV_NONE = 1, SIGEV_THREAD_ID = 4;
struct sigevent {  // timer_create, mq_notify
    u64 sigev_value;
    i32 sigev_signo;
    i32 sigev_notify;
    i32 sigev_tid;  // SIGEV_THREAD_ID: the thread that gets it
    i32 pad[11];
};
static_assert(sizeof(sigevent) == 64 && offsetof(sigevent, sigev_notify) == 12 && offsetof(sigevent, sigev_tid) == 16);

struct sigset_argpack {  // fs/select.c: pselect6's sixth argument
    const sigset_t* p;
    usize size;  // 8
};
static_assert(sizeof(sigset_argpack) == 16);

}  // namespace trapeze::lnx
