// SPDX-License-Identifier: BSD-3-Clause
// From the guest's registers to a handler and back. The conventions of the three classes are here and nowhere else
// (xnu-11417 osfmk/x86_64/idt64.s, osfmk/i386/bsd_i386.c, bsd/dev/i386/systemcalls.c, bsd/kern/subr_xxx.c):
//   eax = class << 24 | number, the upper half of rax is lost; arguments rdi rsi rdx r10 r8 r9, then from rsp + 8;
//   BSD number 0 is indirect: the number is rdi, everything moves up by one register;
//   what a trap does not return it preserves, except rcx and r11.
#include "tools/xnurun/trap.h"

#include "sys/darwin/calldata.h"
#include "sys/darwin/errno.h"
#include "sys/darwin/kern_return.h"
#include "sys/mem.h"
#include "sys/xlat.h"
#include "tools/xnurun/alignment.h"
#include "tools/xnurun/commpage.h"
#include "tools/xnurun/credentials.h"
#include "tools/xnurun/era.h"
#include "tools/xnurun/dispatch.h"
#include "tools/xnurun/exceptions.h"
#include "tools/xnurun/inject.h"
#include "tools/xnurun/options.h"
#include "tools/xnurun/signal.h"
#include "tools/xnurun/tally.h"
#include "tools/xnurun/trace.h"

namespace trapeze {
namespace {

constexpr u64 carry = 1;
constexpr u64 poison = 0x5ca1ab1e0ddba11;  // nobody can have meant to rely on it

template <usize N>
const Call* find(const Call (&calls)[N], u32 number) {
    return number < N && calls[number].name ? &calls[number] : nullptr;
}

const char* class_name(TrapClass c) {
    constexpr const char* names[] = {"class 0", "Mach", "BSD", "machdep", "diagnostics", "IPC"};
    return static_cast<u8>(c) < 6 ? names[static_cast<u8>(c)] : "unknown class";
}

void say_unknown(const Trap& trap) {
    eprint("xnurun: ", class_name(trap.klass), " trap ", trap.number, " at rip ",
           hex(trap.context.uc_mcontext.rip - 2), ": XNU has no such trap\n");
}

// EXC_SYSCALL; unhandled, SIGSYS to the thread; rax stays.
Answer bad_syscall(Trap& trap) {
    if (exception_notify(trap.thread, trap.context, exc_syscall, static_cast<i64>(trap.context.uc_mcontext.rax), 1)) return just_return();
    say_unknown(trap);
    raise_here(trap.thread, xnu::SIGSYS);
    return just_return();
}

Answer unknown_bsd(Trap& trap) {
    say_unknown(trap);
    raise_here(trap.thread, xnu::SIGSYS);
    return fail(xnu::ENOSYS);
}

Answer unknown_mdep(Trap& trap) {
    say_unknown(trap);
    return kern(xnu::KERN_INVALID_ARGUMENT);
}

[[noreturn]] void not_emulated(const Trap& trap, const Call& call) {
    give_up(class_name(trap.klass), " trap ", trap.number, " (", call.name, ") at rip ",
            hex(trap.context.uc_mcontext.rip - 2), " is not emulated");
}

// Arguments beyond the registers. False: the stack cannot be read.
bool stack_arguments(Trap& trap, u32 from, u32 count) {
    return count <= from || copyin(&trap.arg[from], trap.context.uc_mcontext.rsp + 8, 8 * (count - from));
}

struct Found {
    const Call* call;
    const Verdict* verdicts;  // by Call::row
    Answer (*unknown)(Trap&);
    Answer (*failure)(i32);
    i32 bad_stack;            // errno or kern_return
};

Found look_up(const Trap& trap) {
    switch (trap.klass) {
    case TrapClass::bsd: return {find(xnu::bsd_calls, trap.number), bsd_verdicts, unknown_bsd, fail, xnu::EFAULT};
    case TrapClass::mach:
        return {find(xnu::mach_calls, trap.number), mach_verdicts, bad_syscall, kern, xnu::KERN_INVALID_ARGUMENT};
    case TrapClass::mdep: return {find(xnu::mdep_calls, trap.number), mdep_verdicts, unknown_mdep, kern, 0};
    default: return {nullptr, nullptr, bad_syscall, kern, 0};
    }
}

// What XNU would do and this emulator does not is told once for each call.
bool told[sizeof bsd_verdicts / sizeof *bsd_verdicts + sizeof mach_verdicts / sizeof *mach_verdicts +
          sizeof mdep_verdicts / sizeof *mdep_verdicts];
bool first_time(const Trap& trap, const Call& call) {
    constexpr usize bsd = sizeof bsd_verdicts / sizeof *bsd_verdicts, mach = sizeof mach_verdicts / sizeof *mach_verdicts;
    const usize base = trap.klass == TrapClass::bsd ? 0 : trap.klass == TrapClass::mach ? bsd : bsd + mach;
    return !__atomic_exchange_n(&told[base + call.row], true, __ATOMIC_RELAXED);
}

Answer execute(Trap& trap, const Call& call, const Found& found) {
    const Verdict& verdict = found.verdicts[call.row];
    if (verdict.handler) return verdict.handler(trap);
    if (verdict.sigsys == Sigsys::always || (verdict.sigsys == Sigsys::in_10_5 && era && era < era_10_6)) {
        raise_here(trap.thread, xnu::SIGSYS);
        return fail(xnu::ENOSYS);
    }
    if (verdict.loud && first_time(trap, call))
        eprint("xnurun: ", call.name, " is refused: ", verdict.reason, "\n");
    return found.failure(verdict.refused);
}

Answer answer(Trap& trap, u32 register_arguments, const Call*& call) {
    const Found found = look_up(trap);
    call = call_of_era(found.call);
    if (!call) return found.unknown(trap);
    if (call->enosys) return fail(xnu::ENOSYS);
    const u32 argc = call->argc > 9 ? 9 : call->argc;
    trap.args_valid = argc;
    if (argc > register_arguments && !stack_arguments(trap, register_arguments, argc)) return found.failure(found.bad_stack);
    Answer injected{};
    const bool executed = !inject(trap, *call, injected);
    const Verdict& verdict = found.verdicts[call->row];
    if (executed && !verdict.handler && !verdict.reason) not_emulated(trap, *call);
    if (tallying) tally(trap.klass, *call, !verdict.handler);
    if (traced(trap)) trace_begin(trap, *call);
    if (!executed) return injected;
    if (trap.klass != TrapClass::bsd) return execute(trap, *call, found);
    if (cancelled_before(trap.thread, trap.number)) return fail(xnu::EINTR);
    const u32 turn = __atomic_load_n(&sharing_turn, __ATOMIC_ACQUIRE);
    trap.thread.cancel_point = cancellation_point(trap.number);
    const Answer a = execute(trap, *call, found);
    trap.thread.cancel_point = false;
    if (a.kind == Answer::error && a.rax == xnu::EFAULT && (turn & 1 || turn != __atomic_load_n(&sharing_turn, __ATOMIC_ACQUIRE))) {
        await_sharing();  // the host wrote where nobody could at that moment
        return begin_again();
    }
    return a;
}

}  // namespace

void answer_trap(Thread& thread, HostContext& context) {
    lnx::sigcontext& regs = context.uc_mcontext;
    const u32 word = static_cast<u32>(regs.rax);
    Trap trap{thread, context, static_cast<TrapClass>(word >> 24), word & 0xffffff,
              {regs.rdi, regs.rsi, regs.rdx, regs.r10, regs.r8, regs.r9}, 0};
    u32 register_arguments = trap.klass == TrapClass::mdep ? 3 : 6;
    if (trap.klass == TrapClass::bsd && trap.number == 0) {
        trap.number = trap.u(0);
        for (int n = 0; n < 5; n++) trap.arg[n] = trap.arg[n + 1];
        register_arguments = 5;
    }
    identity_look(thread);
    const u64 rip = regs.rip;
    regs.rcx = rip;  // as SYSRET leaves it
    regs.r11 = poison;

    const Call* call;
    Answer a = answer(trap, register_arguments, call);
    if (a.kind == Answer::error && a.rax == xnu::EFAULT && call && commpage_was_meant(trap, *call)) {
        commpage_make();
        a = answer(trap, register_arguments, call);
    }
    if (a.kind == Answer::restart_or_eintr)
        a = first_deliverable_restarts(thread) ? begin_again() : fail(xnu::EINTR);
    if (call && tallying && a.kind == Answer::again) tally_again(trap.klass, *call);
    if (call && traced(trap)) trace_end(trap, *call, a);
    if (call && strict) check_alignment(trap, *call, a);
    switch (a.kind) {
    case Answer::value:
        regs.rax = static_cast<u64>(a.rax);
        regs.rdx = static_cast<u64>(a.rdx);
        regs.eflags &= ~carry;
        break;
    case Answer::error:
        regs.rax = static_cast<u64>(a.rax);
        regs.eflags |= carry;
        break;
    case Answer::kern: regs.rax = static_cast<u64>(a.rax); break;
    case Answer::again: regs.rip = rip - 2; break;  // rax still holds the number
    default: break;
    }
    if (thread.guard_code) guard_answer(thread, context);
}

Answer from_host(i64 r) {
    if (!host_failed(r)) return ok(r);
    const i32 number = errno_lnx_to_xnu(static_cast<i32>(-r));
    return fail(number ? number : xnu::EINVAL);
}

Answer from_host_restartable(i64 r) {
    if (r == -lnx::EINTR) return {Answer::restart_or_eintr, 0, 0};
    return from_host(r);
}

i32 copyin_string(char* to, u64 from, u64 size) {
    for (u64 done = 0; done < size;) {
        u64 n = 4096 - ((from + done) & 4095);  // to the end of the page: what lies behind it may be unmapped
        if (n > size - done) n = size - done;
        if (!copyin(to + done, from + done, n)) return xnu::EFAULT;
        for (u64 i = done; i < done + n; i++)
            if (!to[i]) return 0;
        done += n;
    }
    return xnu::ENAMETOOLONG;
}

}  // namespace trapeze
