// SPDX-License-Identifier: BSD-3-Clause
// One trap of the guest and its answer. A handler (bsd_*, mach_*, mdep_*) sees the arguments as 64-bit words and takes of
// each what XNU takes; it says what the result is, and finish_trap (trap.cpp) alone knows which registers that means.
#pragma once
#include "tools/xnurun/report.h"
#include "tools/xnurun/thread.h"

namespace trapeze {

enum class TrapClass : u8 { none = 0, mach = 1, bsd = 2, mdep = 3, diag = 4, ipc = 5 };

struct Trap {
    Thread& thread;
    HostContext& context;
    TrapClass klass;
    u32 number;     // without the class; the real one after an indirect call
    u64 arg[9];
    u32 args_valid; // how many of arg are meaningful

    i32 i(int n) const { return static_cast<i32>(arg[n]); }
    u32 u(int n) const { return static_cast<u32>(arg[n]); }
    u64 w(int n) const { return arg[n]; }
    template <class T = void>
    T* ptr(int n) const { return reinterpret_cast<T*>(arg[n]); }
};

// systemcalls.c, bsd_i386.c (xnu-11417): value sets rax and rdx and clears carry; error sets rax and carry and keeps rdx;
// kern sets rax only; untouched leaves what the handler put into the context (EJUSTRETURN).
// interrupted: a signal came first. restart re-executes the trap if its handler has SA_RESTART, else EINTR.
struct [[nodiscard]] Answer {
    enum Kind : u8 { value, error, kern, untouched, restart_or_eintr, again };
    Kind kind;
    i64 rax, rdx;
};
inline Answer ok(i64 v = 0, i64 second = 0) { return {Answer::value, v, second}; }
inline Answer fail(i32 darwin_errno) { return {Answer::error, darwin_errno, 0}; }
inline Answer kern(i32 code) { return {Answer::kern, code, 0}; }  // kern_return_t, mach_msg_return_t: sign-extended
inline Answer just_return() { return {Answer::untouched, 0, 0}; }
// The trap has not begun: deliver the pending signal as if it had come before, then execute the trap again.
inline Answer begin_again() { return {Answer::again, 0, 0}; }

// Host result: value, or the errno translated; EINTR of a call that XNU restarts (restartable) or never does.
Answer from_host(i64 r);
Answer from_host_restartable(i64 r);

using TrapHandler = Answer (*)(Trap&);

// The answer to the trap that `context` stands behind; called by on_host_signal.
void answer_trap(Thread&, HostContext&);

// Private memory that becomes shared (vm_share.cpp) cannot be written meanwhile. The number is odd then; who saw another one before must
// try again what was EFAULT.
extern u32 sharing_turn;
void await_sharing();
bool copyout_behind_sharing(const void* from, u64 to, u64 n);
bool writable_behind_sharing(u64 to, u64 n);

// Guest memory. false = EFAULT.
inline bool copyin(void* to, u64 from, u64 n) { return guest_copy(to, reinterpret_cast<const void*>(from), n) == 0; }
inline bool copyout(const void* from, u64 to, u64 n) {
    return guest_copy(reinterpret_cast<void*>(to), from, n) == 0 || copyout_behind_sharing(from, to, n);
}
// Could n bytes, a page at most, be written there? For calls whose effect must not come before EFAULT.
inline bool writable_now(u64 to, u64 n) {
    return guest_touch(reinterpret_cast<void*>(to)) == 0 && guest_touch(reinterpret_cast<void*>(to + n - 1)) == 0;
}
inline bool writable(u64 to, u64 n) { return writable_now(to, n) || writable_behind_sharing(to, n); }
template <class T>
bool copyin(T& to, u64 from) { return copyin(&to, from, sizeof to); }
template <class T>
bool copyout(const T& from, u64 to) { return copyout(&from, to, sizeof from); }
i32 copyin_string(char* to, u64 from, u64 size);  // 0, or Darwin's EFAULT / ENAMETOOLONG

}  // namespace trapeze
