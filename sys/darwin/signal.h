// SPDX-License-Identifier: BSD-3-Clause
// Darwin (XNU)/amd64: signals. What sigaction and its kin take and give (the action that goes in has a trampoline, the one that
// comes out has none), and the frame that a handler finds.
// Source, xnu-11417.121.6: bsd/sys/signal.h, bsd/sys/_types/*.h, bsd/i386/_mcontext.h, bsd/kern/kern_sig.c.
#pragma once
#include "sys/types.h"

namespace trapeze::xnu {

constexpr i32 SIG_BLOCK = 1, SIG_UNBLOCK = 2, SIG_SETMASK = 3;
constexpr u64 SIG_DFL = 0, SIG_IGN = 1;
constexpr i32 SA_ONSTACK = 0x1, SA_RESTART = 0x2, SA_RESETHAND = 0x4, SA_NOCLDSTOP = 0x8, SA_NODEFER = 0x10,
              SA_NOCLDWAIT = 0x20, SA_SIGINFO = 0x40;
constexpr i32 SS_ONSTACK = 1, SS_DISABLE = 4;
constexpr u64 MINSIGSTKSZ = 8192;  // what sigaltstack enforces (bsd/kern/kern_sig.c); the header says 32768
constexpr i32 CLD_EXITED = 1, CLD_KILLED = 2, CLD_DUMPED = 3, CLD_STOPPED = 5, CLD_CONTINUED = 6;

using sigset_t = u32;

struct sigaction_in {  // what sigaction takes: with the trampoline
    u64 handler;
    u64 tramp;
    sigset_t mask;
    i32 flags;
};
struct sigaction_out {  // what it gives: without
    u64 handler;
    sigset_t mask;
    i32 flags;
};
static_assert(sizeof(sigaction_in) == 24 && offsetof(sigaction_in, mask) == 16 && sizeof(sigaction_out) == 16 &&
              offsetof(sigaction_out, mask) == 8);

struct stack_t {
    u64 ss_sp;
    u64 ss_size;
    i32 ss_flags;
    i32 pad;
};
static_assert(sizeof(stack_t) == 24 && offsetof(stack_t, ss_size) == 8 && offsetof(stack_t, ss_flags) == 16);

struct siginfo_t {
    i32 si_signo;
    i32 si_errno;
    i32 si_code;
    i32 si_pid;
    u32 si_uid;
    i32 si_status;
    u64 si_addr;
    u64 si_value;
    i64 si_band;
    u64 pad[7];
};
static_assert(sizeof(siginfo_t) == 104 && offsetof(siginfo_t, si_addr) == 24 && offsetof(siginfo_t, si_band) == 40);

struct mcontext64 {
    u16 trapno;
    u16 cpu;
    u32 err;
    u64 faultvaddr;
    u64 rax, rbx, rcx, rdx, rdi, rsi, rbp, rsp, r8, r9, r10, r11, r12, r13, r14, r15, rip, rflags, cs, fs, gs;
    u8 fpstate[528];  // fpu_reserved, FXSAVE image at 192, reserved1
};
static_assert(sizeof(mcontext64) == 712 && offsetof(mcontext64, rax) == 16 && offsetof(mcontext64, rsp) == 72 &&
              offsetof(mcontext64, rip) == 144 && offsetof(mcontext64, fpstate) == 184);

// mcontext_avx64: the same, then (behind reserved1) 64 reserved bytes and the upper halves of ymm0 to ymm15.
constexpr usize mcontext_avx64_size = 1032, mcontext_avx64_ymmh = 772;
// mcontext_avx512_64 (xnu-4570.71.2 osfmk/mach/i386/_structs.h): and then k0 to k7, the upper halves of zmm0 to zmm15, zmm16 to zmm31.
constexpr usize mcontext_avx512_64_size = 2632, mcontext_avx512_64_opmask = 1028, mcontext_avx512_64_zmmh = 1092, mcontext_avx512_64_zmm16 = 1604;

struct ucontext64 {
    i32 uc_onstack;
    sigset_t uc_sigmask;
    stack_t uc_stack;
    u64 uc_link;
    u64 uc_mcsize;
    u64 uc_mcontext64;
};
static_assert(sizeof(ucontext64) == 56 && offsetof(ucontext64, uc_mcontext64) == 48);

}  // namespace trapeze::xnu
