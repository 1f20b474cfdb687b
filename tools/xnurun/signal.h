// SPDX-License-Identifier: BSD-3-Clause
// Guest signals. A host signal becomes a bit in Thread::pending with its Darwin siginfo (record_signal); deliver_pending
// turns what is pending and unmasked into XNU's frames on the guest's stack, when the guest's registers are at hand:
// in a handler that interrupted guest code, and on the way out of every trap.
//
// SIGSYS and the synchronous ones (SIGILL TRAP FPE BUS SEGV) always have a host handler and are never masked on the host,
// since the emulator itself needs them; the guest's wishes about them are kept here alone.
#pragma once
#include "sys/darwin/errno.h"
#include "sys/darwin/types.h"
#include "tools/xnurun/process.h"

#pragma GCC visibility push(hidden)  // see host.h
namespace trapeze {

void raise_here(Thread&, i32 darwin_signal);  // a signal to this very thread, delivered when the trap returns
bool cancellation_point(u32 bsd_number);
bool cancelled_before(Thread&, u32 bsd_number);  // the thread is to be cancelled: the call gives EINTR

extern HostLock signal_lock;

constexpr u32 sigbit(i32 darwin) { return 1u << (darwin - 1); }
constexpr u32 unmaskable = sigbit(xnu::SIGKILL) | sigbit(xnu::SIGSTOP);

i32 host_signal(i32 darwin);    // 0: none. SIGEMT and SIGINFO live on real-time signals
i32 darwin_signal(i32 host);    // 0: none
u64 host_mask(u32 darwin_mask); // without those that must stay open
u32 darwin_mask_of(u64 host_mask);

bool signal_ignored(i32 darwin);  // by the guest's wish or by default: never pending (XNU's p_sigignore)
bool host_ignores(i32 darwin);    // by what apply_host_action makes of it
u64 thread_host_mask(const Thread&);
extern u64 guest_user_stack;      // top of the main stack: a protection failure up to 64 MiB below it is SIGSEGV

// The frame's floating-point state: float_state.cpp.
bool float_state_avx();           // frames have the YMM registers too
void float_state_notice(Thread&, const lnx::sigcontext&);  // has it begun to use AVX-512? Its frames have that from then on
void float_state_born(Thread&);                            // a new thread, as the task's are
u64 machine_context_size(const Thread&);                   // mcontext64, mcontext_avx64 or mcontext_avx512_64
void float_state_save(const Thread&, const lnx::sigcontext&, u8* machine_context);
void float_state_restore(const Thread&, lnx::sigcontext&, const u8* machine_context);
void float_state_reset(lnx::sigcontext&);  // what a handler starts with

void record_signal(Thread&, i32 darwin, const HostSiginfo&, const HostContext*);
void set_guest_mask(Thread&, HostContext&, u32 mask);  // takes effect when the context is left to
void apply_host_action(i32 darwin);                    // makes the host's disposition fit the process's actions; under signal_lock
void init_signals();                                   // dispositions inherited from the parent; SIGSYS and faults caught
[[noreturn]] void die_by_signal(i32 darwin);           // the default action that ends the process, seen as such by its parent
bool first_deliverable_restarts(Thread&);              // SA_RESTART of the signal that would be delivered next; true if none

// A thread that runs guest code is stopped by a host signal that no Darwin signal is: thread_control.cpp.
constexpr i32 host_stop = 42;
void stop_while_suspended(Thread&, HostContext&);  // on the way to guest code

extern "C" void deliver_pending(HostContext*);

}  // namespace trapeze
#pragma GCC visibility pop
