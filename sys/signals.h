// SPDX-License-Identifier: BSD-3-Clause
// Signals: sets, a thread's mask, handlers that return, alternate stacks, sending. Numbers and names are the kernel's
// (sys/errno.h: kernel::SIGUSR1); sets and flags have the same names on both.
//
// Handlers return (heritage 17): Linux is given a restorer, XNU the trampoline that calls the handler and then sigreturn.
// All take the signal, what is known of it, and the interrupted state, which they may change.
// A handler may interrupt any code of ours on its thread: it calls nothing that locks or allocates.
// What was inherited by exec: ignored stays ignored, handlers become the default, the mask stays.
//
// None of these calls is ever done again by itself; of the others' calls, sys/interrupted.h says which.
#pragma once
#include "sys/errno.h"
#include "sys/os.h"

namespace trapeze {

using kernel::SA_NOCLDSTOP, kernel::SA_NOCLDWAIT, kernel::SA_NODEFER, kernel::SA_ONSTACK, kernel::SA_RESETHAND, kernel::SA_RESTART;
using kernel::SIG_DFL, kernel::SIG_IGN;

constexpr i32 signal_count = 8 * sizeof(kernel::sigset_t);  // the highest number: 64, or 32 (of which XNU has 31)

// A set of signals; numbers that the kernel has not are in none.
struct SignalSet {
    kernel::sigset_t bits = 0;

    static constexpr kernel::sigset_t bit(i32 signal) {
        return signal < 1 || signal > signal_count ? 0 : static_cast<kernel::sigset_t>(kernel::sigset_t{1} << (signal - 1));
    }
    static constexpr SignalSet all() { return {static_cast<kernel::sigset_t>(~kernel::sigset_t{0})}; }
    template <class... S>
    static constexpr SignalSet of(S... signals) {
        return {static_cast<kernel::sigset_t>((kernel::sigset_t{0} | ... | bit(signals)))};
    }
    constexpr bool has(i32 signal) const { return bits & bit(signal); }
    constexpr void add(i32 signal) { bits |= bit(signal); }
    constexpr void remove(i32 signal) { bits &= ~bit(signal); }
    constexpr bool operator==(const SignalSet&) const = default;
};

// The calling thread's mask (never the process's: XNU's sigprocmask changes every thread's, so it is not used). What was
// unblocked and pending is handled before the call returns. SIGKILL and SIGSTOP stay open whatever the set says.
// They cannot fail but for a bad pointer.
Result signals_block(SignalSet set, SignalSet* before = nullptr);    // mask | set
Result signals_unblock(SignalSet set, SignalSet* before = nullptr);  // mask & ~set
Result signals_setmask(SignalSet set, SignalSet* before = nullptr);
SignalSet signals_mask();

// What is blocked and waits, for the thread or (Linux: also) for the process.
Result signals_pending(SignalSet* pending);

// Sleeps with the given mask until a handler has run, then puts the old mask back: always EINTR.
Result signals_suspend(SignalSet mask);

// Takes one signal of the set, which the thread should have blocked, and gives its number; sleeps until one comes.
// timeout in nanoseconds, negative: none; EAGAIN: it passed. EINTR: a handler of another signal ran. EINVAL: an empty set on XNU,
// which has no timeout either (ENOTSUP: none was waited) and tells the number alone.
Result signals_wait(SignalSet set, SignalInfo* info = nullptr, i64 timeout = -1);

using SignalHandler = void (*)(i32 signal, SignalInfo* info, SignalContext* context);

struct SignalHandling {
    u64 handler;  // SIG_DFL, SIG_IGN, or a SignalHandler's address
    u64 flags;
    SignalSet mask;
};

// From now on `handler` runs for the signal, in whichever thread has it open; while it runs, the signal itself (without
// SA_NODEFER) and `mask` are blocked. Without SA_RESTART a sleeping trap ends with EINTR, with it most are begun again by the
// kernel. EINVAL: SIGKILL, SIGSTOP, no such signal.
[[gnu::cold]] Result signal_handle(i32 signal, SignalHandler handler, u64 flags = 0, SignalSet mask = {}, SignalHandling* before = nullptr);
Result signal_ignore(i32 signal);  // discarded; children are reaped unseen if it is SIGCHLD
Result signal_default(i32 signal);
[[gnu::cold]] Result signal_action(i32 signal, SignalHandling* now);            // what is set; Linux's SIGKILL and SIGSTOP too, XNU: EINVAL
[[gnu::cold]] Result signal_restore(i32 signal, const SignalHandling& action);  // what signal_handle or signal_action gave

// The stack that the calling thread's SA_ONSTACK handlers run on. ENOMEM: too small (Linux AT_MINSIGSTKSZ, XNU 8,192 bytes);
// EPERM: the thread stands on it now. signal_stack_size() is enough for the frame and a handler of modest needs.
struct SignalStack {
    void* base;
    usize size;
    bool on;   // the thread stands on it
    bool off;  // there is none
};
[[gnu::cold]] Result signal_stack(void* base, usize size);
Result signal_stack_off();  // EPERM (Linux), EINVAL (XNU): the thread stands on it
Result signal_stack_now(SignalStack* now);
[[gnu::cold]] usize signal_stack_size();

// pid > 0: that process; 0: the caller's group; -1: all that the caller may send to (not itself on Linux); -n: group n. signal 0
// sends nothing. ESRCH: nobody; EPERM: not allowed; EINVAL: no such signal.
Result kill(i32 pid, i32 signal);
// To the calling thread: where it is not blocked, its handler has run when raise returns.
Result raise(i32 signal);

}  // namespace trapeze
