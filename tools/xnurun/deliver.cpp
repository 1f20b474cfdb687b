// SPDX-License-Identifier: BSD-3-Clause
// XNU's signal frame and its undoing: sendsig and sigreturn of xnu-11417 bsd/dev/i386/unix_signal.c, for tasks without AVX
// state (mcontext64 of 712 bytes, as every release gives a program that never used AVX).
//
//   stack, downwards from the interrupted rsp or the top of the alternate stack:
//   128 bytes red zone | ucontext64 | siginfo | mcontext64 | rsp = ((there - 16) & ~15) - 8, the slot at rsp not written
#include "sys/mem.h"
#include "sys/xlat.h"
#include "tools/xnurun/signal.h"
#include "tools/xnurun/trace.h"
#include "tools/xnurun/trap.h"

namespace trapeze {
namespace {

constexpr u64 fxsave_size = 512, redzone = 128;
constexpr i32 uc_trad = 1, uc_flavor = 30;  // infostyle
constexpr u32 xstate_magic = 0x46505853;    // FP_XSTATE_MAGIC1, in the FXSAVE image's reserved part at 464
constexpr u64 rflags_user = 0x200;

struct Frame {
    xnu::mcontext64 machine;
    xnu::siginfo_t info;
    xnu::ucontext64 context;
};

void save_fpu(const lnx::sigcontext& regs, xnu::mcontext64& m) {
    u8* image = m.fpstate + 8;
    if (regs.fpstate) {
        memcpy(image, reinterpret_cast<const void*>(regs.fpstate), fxsave_size);
        memset(image + 416, 0, 96);  // the host's own words
    } else {
        image[0] = 0x7f, image[1] = 0x03;  // FCW 0x37f, MXCSR 0x1f80: the reset state
        image[24] = 0x80, image[25] = 0x1f;
    }
}

void restore_fpu(lnx::sigcontext& regs, const xnu::mcontext64& m) {
    u8* to = reinterpret_cast<u8*>(regs.fpstate);
    if (!to) return;
    memcpy(to, m.fpstate + 8, 416);
    u32 mxcsr, mask, magic;
    memcpy(&mxcsr, to + 24, 4);
    memcpy(&mask, to + 28, 4);
    mxcsr &= mask ? mask : 0xffbf;  // a reserved bit would make the host's restore fault
    memcpy(to + 24, &mxcsr, 4);
    memcpy(&magic, to + 464, 4);
    if (magic == xstate_magic) to[fxsave_size] |= 3;  // XSTATE_BV: x87 and SSE are not in their initial state
}

void save_machine(const Thread& thread, const lnx::sigcontext& r, xnu::mcontext64& m) {
    m.trapno = static_cast<u16>(thread.trapno);
    m.err = thread.fault_err;
    m.faultvaddr = thread.fault_addr;
    m.rax = r.rax, m.rbx = r.rbx, m.rcx = r.rcx, m.rdx = r.rdx, m.rdi = r.rdi, m.rsi = r.rsi, m.rbp = r.rbp;
    m.rsp = r.rsp, m.r8 = r.r8, m.r9 = r.r9, m.r10 = r.r10, m.r11 = r.r11, m.r12 = r.r12, m.r13 = r.r13;
    m.r14 = r.r14, m.r15 = r.r15, m.rip = r.rip, m.rflags = r.eflags;
    m.cs = 0x2b, m.fs = 0, m.gs = 0;
    save_fpu(r, m);
}

bool canonical(u64 address) { return static_cast<i64>(address << 16) >> 16 == static_cast<i64>(address); }

// The guest's registers become those of its trampoline. False: its stack is bad.
bool push_frame(Thread& thread, HostContext& host_context, i32 number, const GuestAction& action, xnu::siginfo_t info,
                u32 old_mask) {
    lnx::sigcontext& regs = host_context.uc_mcontext;
    const bool was_on_altstack = thread.on_altstack;
    u64 sp = regs.rsp;
    const bool use_altstack =
        action.flags & xnu::SA_ONSTACK && !(thread.altstack.ss_flags & xnu::SS_DISABLE) && !was_on_altstack;
    if (use_altstack) sp = thread.altstack.ss_sp + thread.altstack.ss_size;
    sp -= redzone;

    Frame frame{};
    frame.context.uc_onstack = was_on_altstack;
    frame.context.uc_sigmask = old_mask;
    frame.context.uc_stack = thread.altstack;
    if (was_on_altstack) frame.context.uc_stack.ss_flags |= xnu::SS_ONSTACK;
    frame.context.uc_mcsize = sizeof frame.machine;
    info.pad[0] = regs.rsp;
    frame.info = info;
    save_machine(thread, regs, frame.machine);

    sp -= sizeof frame.context;
    const u64 context_at = sp;
    sp -= sizeof frame.info;
    const u64 info_at = sp;
    sp -= sizeof frame.machine;
    const u64 machine_at = sp;
    frame.context.uc_mcontext64 = machine_at;
    if (!copyout(frame.context, context_at) || !copyout(frame.info, info_at) || !copyout(frame.machine, machine_at))
        return false;

    if (use_altstack) thread.on_altstack = true;
    regs.rsp = ((sp - 16) & ~15ull) - 8;
    regs.rip = action.tramp;
    regs.rdi = action.handler;
    regs.rsi = static_cast<u64>(action.flags & xnu::SA_SIGINFO ? uc_flavor : uc_trad);
    regs.rdx = static_cast<u64>(number);
    regs.rcx = info_at;
    regs.r8 = context_at;
    regs.eflags = rflags_user;
    return true;
}

}  // namespace

extern "C" void deliver_pending(HostContext* host_context) {
    Thread& thread = self();
    stop_while_suspended(thread, *host_context);
    for (;;) {
        __atomic_store_n(&thread.attention, 0, __ATOMIC_SEQ_CST);
        const u32 ready = __atomic_load_n(&thread.pending, __ATOMIC_SEQ_CST) & ~thread.mask;
        if (!ready) break;
        const i32 number = __builtin_ctz(ready) + 1;
        const u32 bit = sigbit(number);
        const xnu::siginfo_t info = thread.info[number - 1];
        __atomic_fetch_and(&thread.pending, ~bit, __ATOMIC_SEQ_CST);

        signal_lock.lock();
        const GuestAction action = guest_actions[number];
        if (action.handler > xnu::SIG_IGN && action.flags & xnu::SA_RESETHAND && number != xnu::SIGILL &&
            number != xnu::SIGTRAP) {
            guest_actions[number].handler = xnu::SIG_DFL;
            apply_host_action(number);
        }
        signal_lock.unlock();

        if (action.handler == xnu::SIG_IGN) continue;
        if (action.handler == xnu::SIG_DFL) {
            const SignalAction what = xnu_signal_action[number];
            if (what == SignalAction::term || what == SignalAction::core) {
                trace_signal(number, info, "default action: ends the process");
                die_by_signal(number);
            }
            continue;  // stop and continue are the host's own doing
        }
        trace_signal(number, info, "handler");
        const u32 old_mask = thread.suspended ? thread.suspend_mask : thread.mask;
        thread.suspended = false;
        u32 mask = thread.mask | action.mask;
        if (!(action.flags & xnu::SA_NODEFER)) mask |= bit;
        if (!push_frame(thread, *host_context, number, action, info, old_mask)) {
            trace_signal(number, info, "its stack is bad: SIGILL ends the process");
            die_by_signal(xnu::SIGILL);
        }
        set_guest_mask(thread, *host_context, mask);
        thread.trapno = thread.fault_err = 0;
        thread.fault_addr = 0;
    }
    if (thread.suspended) {  // what ended sigsuspend had no handler after all
        thread.suspended = false;
        set_guest_mask(thread, *host_context, thread.suspend_mask);
    }
}

// 184. rdi ucontext, esi infostyle, rdx token: tokens are checked for nobody who has not asked for it by sigaction flag
// 0x400, which no program of this era does.
Answer bsd_sigreturn(Trap& trap) {
    Thread& thread = trap.thread;
    if (trap.u(1) == 0x40000000 || trap.u(1) == 0x80000000) {  // siglongjmp tells about the alternate stack
        thread.on_altstack = trap.u(1) == 0x40000000;
        return ok();
    }
    xnu::ucontext64 context;
    xnu::mcontext64 m;
    if (!copyin(context, trap.w(0)) || !copyin(m, context.uc_mcontext64)) return fail(xnu::EFAULT);
    if (!canonical(m.rip) || !canonical(m.rsp)) return fail(xnu::EINVAL);
    thread.on_altstack = context.uc_onstack & 1;
    lnx::sigcontext& r = trap.context.uc_mcontext;
    r.rax = m.rax, r.rbx = m.rbx, r.rcx = m.rcx, r.rdx = m.rdx, r.rdi = m.rdi, r.rsi = m.rsi, r.rbp = m.rbp;
    r.rsp = m.rsp, r.r8 = m.r8, r.r9 = m.r9, r.r10 = m.r10, r.r11 = m.r11, r.r12 = m.r12, r.r13 = m.r13;
    r.r14 = m.r14, r.r15 = m.r15, r.rip = m.rip;
    r.eflags = (m.rflags & ~0x17000ull) | 0x200;  // IOPL, NT, RF cleared, IF set
    restore_fpu(r, m);
    set_guest_mask(thread, trap.context, context.uc_sigmask);
    return just_return();
}

}  // namespace trapeze
