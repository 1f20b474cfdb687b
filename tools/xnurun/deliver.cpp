// SPDX-License-Identifier: BSD-3-Clause
// XNU's signal frame and its undoing: sendsig and sigreturn of bsd/dev/i386/unix_signal.c. The machine context is mcontext64
// up to 10.6, mcontext_avx64 later, where the processor has AVX, mcontext_avx512_64 from 10.13 on, where the thread has used AVX-512.
//
//   stack, downwards from the interrupted rsp or the top of the alternate stack:
//   128 bytes red zone | ucontext64 | siginfo | mcontext | rsp = ((there - 16) & ~15) - 8, the slot at rsp not written
#include "sys/mem.h"
#include "sys/xlat.h"
#include "tools/xnurun/era.h"
#include "tools/xnurun/exceptions.h"
#include "tools/xnurun/signal.h"
#include "tools/xnurun/trace.h"
#include "tools/xnurun/trap.h"

namespace trapeze {

namespace {

constexpr u64 redzone = 128;
constexpr i32 uc_trad = 1, uc_flavor = 30;  // infostyle
constexpr u64 rflags_user = 0x200;

struct Frame {
    union {
        xnu::mcontext64 machine;
        u8 bytes[xnu::mcontext_avx512_64_size];
    };
    xnu::siginfo_t info;
    xnu::ucontext64 context;
};

void save_machine(const Thread& thread, const lnx::sigcontext& r, xnu::mcontext64& m) {
    m.trapno = static_cast<u16>(thread.trapno);
    m.err = thread.fault_err;
    m.faultvaddr = thread.fault_addr;
    m.rax = r.rax, m.rbx = r.rbx, m.rcx = r.rcx, m.rdx = r.rdx, m.rdi = r.rdi, m.rsi = r.rsi, m.rbp = r.rbp;
    m.rsp = r.rsp, m.r8 = r.r8, m.r9 = r.r9, m.r10 = r.r10, m.r11 = r.r11, m.r12 = r.r12, m.r13 = r.r13;
    m.r14 = r.r14, m.r15 = r.r15, m.rip = r.rip, m.rflags = r.eflags;
    m.cs = 0x2b, m.fs = 0, m.gs = 0;
    float_state_save(thread, r, reinterpret_cast<u8*>(&m));
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

    Frame frame;
    memset(&frame, 0, sizeof frame);
    float_state_notice(thread, regs);
    const u64 machine_size = machine_context_size(thread);
    const u64 context_at = sp -= sizeof frame.context;
    const u64 info_at = sp -= sizeof frame.info;
    const u64 machine_at = sp -= machine_size;
    const u64 frame_at = ((sp - 16) & ~15ull) - 8;

    frame.context.uc_onstack = was_on_altstack;
    frame.context.uc_sigmask = old_mask;
    frame.context.uc_stack.ss_sp = frame_at;
    frame.context.uc_stack.ss_size = use_altstack ? static_cast<u32>(thread.altstack.ss_size) : 0;
    if (was_on_altstack) frame.context.uc_stack.ss_flags = xnu::SS_ONSTACK;
    frame.context.uc_mcsize = machine_size;
    frame.context.uc_mcontext64 = machine_at;
    info.pad[0] = regs.rsp;
    if (number != xnu::SIGSEGV && number != xnu::SIGBUS) info.si_addr = regs.rip;
    frame.info = info;
    save_machine(thread, regs, frame.machine);
    if (!copyout(frame.context, context_at) || !copyout(frame.info, info_at) || !copyout(&frame.machine, machine_at, machine_size))
        return false;

    if (use_altstack) thread.on_altstack = true;
    const u8 tokens = __atomic_load_n(&process().tokens, __ATOMIC_RELAXED);
    if (era ? era >= era_10_14 : tokens == tokens_checked) {
        if (thread.frames++ == 0) host(lnx::SYS_getrandom, &thread.sigreturn_token, sizeof thread.sigreturn_token, 0);
        regs.r9 = context_at ^ thread.sigreturn_token;
    }
    regs.rsp = frame_at;
    regs.rip = action.tramp;
    regs.rdi = action.handler;
    regs.rsi = static_cast<u64>(action.flags & xnu::SA_SIGINFO ? uc_flavor : uc_trad);
    regs.rdx = static_cast<u64>(number);
    regs.rcx = info_at;
    regs.r8 = context_at;
    regs.eflags = rflags_user;
    float_state_reset(regs);
    return true;
}

}  // namespace

extern "C" void deliver_pending(HostContext* host_context) {
    Thread& thread = self();
    stop_while_suspended(thread, *host_context);
    for (;;) {
        __atomic_store_n(&thread.attention, 0, __ATOMIC_SEQ_CST);
        host_context->uc_sigmask = thread_host_mask(thread);  // another thread's sigprocmask may have changed it
        const u32 ready = __atomic_load_n(&thread.pending, __ATOMIC_SEQ_CST) & ~thread.mask;
        if (!ready) break;
        const i32 number = __builtin_ctz(ready) + 1;
        const u32 bit = sigbit(number);
        const xnu::siginfo_t info = thread.info[number - 1];
        __atomic_fetch_and(&thread.pending, ~bit, __ATOMIC_SEQ_CST);

        signal_lock.lock();
        const GuestAction action = process().actions[number];
        if (action.handler > xnu::SIG_IGN && action.flags & xnu::SA_RESETHAND && number != xnu::SIGILL &&
            number != xnu::SIGTRAP) {
            process().actions[number].handler = xnu::SIG_DFL;
            process().actions[number].flags &= ~(xnu::SA_SIGINFO | xnu::SA_NODEFER);
            apply_host_action(number);
        }
        signal_lock.unlock();

        if (action.handler == xnu::SIG_IGN) continue;
        if (action.handler == xnu::SIG_DFL) {
            const SignalAction what = xnu_signal_action[number];
            if (what == SignalAction::term || what == SignalAction::core) {
                trace_signal(number, info, "default action: ends the process");
                if (what == SignalAction::core && exception_wanted(exc_crash))
                    eprint("xnurun: EXC_CRASH is not delivered: its handler ends with the process\n");
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

// 184. rdi ucontext, esi infostyle, rdx token, which from 10.14 on the handler's trampoline got in r9: its frame's address and a random
// number of the thread's, new when no frame is left. Without --xnu a program that asks for the check has it.
Answer bsd_sigreturn(Trap& trap) {
    Thread& thread = trap.thread;
    if (trap.u(1) == 0x40000000 || trap.u(1) == 0x80000000) {  // siglongjmp tells about the alternate stack
        thread.on_altstack = trap.u(1) == 0x40000000;
        return ok();
    }
    xnu::ucontext64 context;
    union {
        xnu::mcontext64 m;
        u8 bytes[xnu::mcontext_avx512_64_size];
    };
    if (!copyin(context, trap.w(0)) || !copyin(&m, context.uc_mcontext64, machine_context_size(thread))) return fail(xnu::EFAULT);
    thread.on_altstack = context.uc_onstack & 1;
    const u8 tokens = __atomic_load_n(&process().tokens, __ATOMIC_RELAXED);
    const bool checked = tokens == tokens_checked || (era >= era_10_14 && tokens == tokens_undecided);
    if (checked && (era == 0 || era >= era_10_14) && trap.w(2) != (trap.w(0) ^ thread.sigreturn_token)) {
        set_guest_mask(thread, trap.context, context.uc_sigmask);
        return fail(xnu::EINVAL);
    }
    if (!canonical(m.rip) || !canonical(m.rsp)) return fail(xnu::EINVAL);
    if (thread.frames) thread.frames--;
    lnx::sigcontext& r = trap.context.uc_mcontext;
    r.rax = m.rax, r.rbx = m.rbx, r.rcx = m.rcx, r.rdx = m.rdx, r.rdi = m.rdi, r.rsi = m.rsi, r.rbp = m.rbp;
    r.rsp = m.rsp, r.r8 = m.r8, r.r9 = m.r9, r.r10 = m.r10, r.r11 = m.r11, r.r12 = m.r12, r.r13 = m.r13;
    r.r14 = m.r14, r.r15 = m.r15, r.rip = m.rip;
    r.eflags = (m.rflags & ~0x17000ull) | 0x200;  // IOPL, NT, RF cleared, IF set
    float_state_restore(thread, r, bytes);
    set_guest_mask(thread, trap.context, context.uc_sigmask);
    return just_return();
}

}  // namespace trapeze
