// SPDX-License-Identifier: BSD-3-Clause
// Where host signals arrive. Three cases, told apart by rip:
//   - the emulator's own code, which the vDSO belongs to: a bad guest address in guest_copy, a fault of ours (ends the run), or an asynchronous signal:
//     it is recorded, and an interrupted restartable sequence is moved so that it notices (entry_amd64.asm);
//   - guest code behind a `syscall` that Syscall User Dispatch caught: answer the trap;
//   - other guest code: record the signal; signal_entry then delivers it.
// Nothing here takes a lock or allocates in the first case: the interrupted code may hold any lock.
#include "sys/mem.h"
#include "tools/xnurun/commpage.h"
#include "tools/xnurun/exceptions.h"
#include "tools/xnurun/fast.h"
#include "tools/xnurun/signal.h"
#include "tools/xnurun/trap.h"

namespace trapeze {
namespace {

constexpr i32 sys_user_dispatch = 2;  // si_code

bool inside(u64 rip, const u8* begin, const u8* end) {
    return rip >= reinterpret_cast<u64>(begin) && rip < reinterpret_cast<u64>(end);
}

bool synchronous(const HostSiginfo& info) {
    switch (info.si_signo) {
    case lnx::SIGILL: case lnx::SIGTRAP: case lnx::SIGFPE: case lnx::SIGBUS: case lnx::SIGSEGV: return info.si_code > 0;
    default: return false;
    }
}

void own_fault(const HostSiginfo& info, HostContext& context) {
    auto& regs = context.uc_mcontext;
    if ((info.si_signo == lnx::SIGSEGV || info.si_signo == lnx::SIGBUS) &&
        inside(regs.rip, guest_copy_begin, guest_copy_end)) {
        regs.rip = reinterpret_cast<u64>(guest_copy_fault);
        return;
    }
    give_up("broken: host signal ", info.si_signo, " in the emulator itself, rip ", hex(regs.rip), ", address ",
            hex(info.si_addr), ", rsp ", hex(regs.rsp));
}

void rewind(lnx::sigcontext& regs) {
    if (inside(regs.rip, host_call_begin, host_call_end)) regs.rip = reinterpret_cast<u64>(host_call_interrupted);
    else if (inside(regs.rip, leave_begin, leave_end)) regs.rip = reinterpret_cast<u64>(leave_begin);
    else if (inside(regs.rip, fast_leave_begin, fast_leave_end)) regs.rip = reinterpret_cast<u64>(fast_leave_begin);
}

}  // namespace

namespace {

constexpr u32 arch_i386 = 0x40000003;  // AUDIT_ARCH_I386: the number came by int $0x80

// A fault that the two kernels take for different ones (osfmk/x86_64/idt_table.h, osfmk/i386/trap.c user_trap) becomes what XNU says.
// int $4 is arithmetic, int $5 a range check; int $0x80 to $0x83 are 32-bit programs' system calls and no instructions to a 64-bit one,
// int $0x7f is nobody's: these have been executed, where the host forbids them; a bad segment or stack address is a bad instruction.
// False: XNU never faults there (it checks no alignment), so the instruction is done again.
bool fault_as_xnu(HostSiginfo& info, lnx::sigcontext& regs) {
    enum : u64 { overflow = 4, range = 5, opcode = 6, tss = 10, segment = 11, stack = 12, protection = 13, alignment = 17 };
    constexpr u64 alignment_flag = 1 << 18;
    const auto executed = [&](i32 signal, u64 trap) {
        info.si_signo = signal;
        regs.trapno = trap;
        regs.err = 0;
        regs.rip += 2;
    };
    switch (regs.trapno) {
    case overflow: info.si_signo = lnx::SIGFPE; break;
    case tss: case segment: case stack: info.si_signo = lnx::SIGILL; break;
    case protection: {
        if ((regs.err & 7) != 2) break;  // not by an interrupt gate
        const u64 vector = regs.err >> 3;
        if (vector == 5) executed(lnx::SIGTRAP, range);
        else if (vector >= 0x7f && vector <= 0x83) executed(lnx::SIGILL, opcode);
        break;
    }
    case alignment:
        if (!(regs.eflags & alignment_flag)) break;
        regs.eflags &= ~alignment_flag;
        return false;
    default: break;
    }
    return true;
}

}  // namespace

// True: `context` holds the guest's registers.
extern "C" bool on_host_signal(i32 number, HostSiginfo* info, HostContext* context) {
    Thread& thread = self();
    lnx::sigcontext& regs = context->uc_mcontext;
    const FastSignal fast = fast_signal(number, regs);
    if (fast == FastSignal::elsewhere && (inside(regs.rip, __executable_start, etext) || in_vdso(regs.rip))) {
        if (number == lnx::SIGSYS && info->si_code == sys_user_dispatch) {  // the vDSO has to ask the kernel: a clock without a TSC
            regs.rax = static_cast<u64>(host_call(regs.rax, regs.rdi, regs.rsi, regs.rdx, regs.r10, regs.r8, regs.r9));
            return false;
        }
        if (number == host_stop) {  // in a trap it stops on the way out; on the way out it must look again
            if (!__atomic_load_n(&thread.context, __ATOMIC_SEQ_CST)) __atomic_store_n(&thread.attention, 1, __ATOMIC_SEQ_CST);
            if (thread.attention) rewind(regs);
            return false;
        }
        if (synchronous(*info)) {
            if (number == lnx::SIGSEGV && commpage_fault(info->si_addr)) return false;
            own_fault(*info, *context);
            return false;
        }
        record_signal(thread, darwin_signal(number), *info, nullptr);
        if (thread.attention) rewind(regs);
        return false;
    }
    if (number == lnx::SIGSEGV && info->si_code > 0 && commpage_fault(info->si_addr)) return true;
    __atomic_store_n(&thread.context, context, __ATOMIC_SEQ_CST);
    if (number == lnx::SIGSYS && info->si_code == sys_user_dispatch) {
        if (info->si_arch == arch_i386) {
            info->si_signo = lnx::SIGILL, info->si_code = 1;
            regs.trapno = 6, regs.err = 0;
            if (!exception_raise(thread, *context, *info)) record_signal(thread, xnu::SIGILL, *info, context);
        } else {
            fast_count(regs);
            answer_trap(thread, *context);
        }
    } else if (number != host_stop && fast != FastSignal::own) {
        const bool fault = synchronous(*info);
        if (!fault || (fault_as_xnu(*info, regs) && !exception_raise(thread, *context, *info)))
            record_signal(thread, darwin_signal(info->si_signo), *info, context);
    }
    stop_while_suspended(thread, *context);
    if (__atomic_exchange_n(&thread.mask_changed, false, __ATOMIC_SEQ_CST)) set_guest_mask(thread, *context, thread.mask);
    return true;
}

}  // namespace trapeze
