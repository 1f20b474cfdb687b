// SPDX-License-Identifier: BSD-3-Clause
// Hot traps without a host signal. A site that has trapped often is rewritten (fast_sites.cpp) and goes, by its stub, to fast_entry:
// that saves the guest's registers into a HostContext at the top of the thread's host stack, calls answer_trap, which is
// the one that signals call, and goes back with what that left there. Invariants:
//   - Nothing of the guest's stack is touched: no red zone is needed, seventh arguments are where they were.
//   - The registers after it are those after the trap: all but rcx (behind the syscall) and r11 come from the context. x87 and SSE state
//     stays in its registers: the emulator is compiled without them (-mgeneral-regs-only).
//   - Who jumps to the syscall itself finds it. A signal in the stub, or on the way in, shows the guest at the instruction that it has
//     come to, at last the syscall, with its rax and flags (rcx and r11, which a syscall destroys, may be gone already): it has
//     not begun, and is answered by SIGSYS. On the way out, it shows the guest behind it (fast_signal).
//   - On the host stack it is the emulator that a signal interrupts: recorded, and looked for before leaving. There is then
//     an int3 in the place of the jump, for a frame that has the floating-point state too. Thread::context stays null, so
//     that who suspends the thread waits for that frame.
//   - Only traps that never sleep and never look at the context beyond general registers (hot()); any other that comes by the
//     same stub goes to the syscall instead, and so does a semaphore's wait that would sleep (Thread::fast).
// Of reads and writes those of regular files are among them: what such a file is, open has said (descriptors.h). A write to a pipe or
// socket that sleeps half way has been half done, and cannot be begun again by the syscall; whether it could sleep would cost the
// host call that is to be saved. Calls that change the signal mask take effect by the host's return from a signal, which there is none of.
// Not automatic, since it is not invisible: a program that reads, sums up or copies its own code sees the jmp.
#include "tools/xnurun/fast.h"

#include "sys/darwin/fs.h"
#include "tools/xnurun/descriptors.h"
#include "tools/xnurun/fast_sites.h"
#include "tools/xnurun/report.h"
#include "tools/xnurun/tally.h"
#include "tools/xnurun/trap.h"

namespace trapeze {
namespace {

u32 often;                      // 0: no fast path

struct Count {                  // a cache: who comes to the same place takes it over; races lose counts only
    u64 syscall;
    u32 times;
};
Count counts[256];

bool never_sleeps(u32 number) {
    switch (number) {
    case 0x1000000 + 27: case 0x1000000 + 28: case 0x1000000 + 29:                         // thread, task, host_self
    case 0x1000000 + 33: case 0x1000000 + 34: case 0x1000000 + 35:                         // semaphore_signal, _all, _thread
    case 0x1000000 + 36: case 0x1000000 + 37: case 0x1000000 + 38: case 0x1000000 + 39:    // semaphore_wait, _signal, timedwait, _signal
    case 0x1000000 + 59: case 0x1000000 + 60: case 0x1000000 + 89:                         // swtch_pri, swtch, timebase_info
    case 0x2000000 + 20: case 0x2000000 + 24: case 0x2000000 + 25: case 0x2000000 + 39:    // getpid, getuid, geteuid, getppid
    case 0x2000000 + 43: case 0x2000000 + 47: case 0x2000000 + 81: case 0x2000000 + 116:   // getegid, getgid, getpgrp, gettimeofday
    case 0x2000000 + 73: case 0x2000000 + 74: case 0x2000000 + 75: case 0x2000000 + 197:   // munmap, mprotect, madvise, mmap
    case 0x2000000 + 33: case 0x2000000 + 58: case 0x2000000 + 189: case 0x2000000 + 339:  // access, readlink, fstat, fstat64
    case 0x2000000 + 188: case 0x2000000 + 190: case 0x2000000 + 338: case 0x2000000 + 340:  // stat, lstat, stat64, lstat64
    case 0x2000000 + 199: case 0x2000000 + 327: case 0x2000000 + 372:                      // lseek, issetugid, thread_selfid
    case 0x2000000 + 516: return true;                                                     // ulock_wake
    default: return false;
    }
}

bool of_a_file(u32 number) {
    switch (number) {
    case 0x2000000 + 3: case 0x2000000 + 4: case 0x2000000 + 153: case 0x2000000 + 154:      // read, write, pread, pwrite
    case 0x2000000 + 396: case 0x2000000 + 397: case 0x2000000 + 414: case 0x2000000 + 415:  // their _nocancel
    case 0x2000000 + 6: case 0x2000000 + 399: return true;                                   // close
    default: return false;
    }
}

// What never sleeps since it only asks or marks a descriptor, or makes known to a kqueue and asks for nothing.
bool asks_little(u32 number, const lnx::sigcontext& regs) {
    const u32 command = static_cast<u32>(regs.rsi), wanted = static_cast<u32>(regs.r8);
    switch (number) {
    case 0x2000000 + 92: case 0x2000000 + 406: return command >= xnu::F_GETFD && command <= xnu::F_SETFL;  // fcntl
    case 0x2000000 + 363: return wanted == 0;                                                              // kevent
    default: return false;
    }
}

bool hot(const lnx::sigcontext& regs) {
    const u32 number = static_cast<u32>(regs.rax);
    if (never_sleeps(number)) return true;
    if (asks_little(number, regs)) return !guard_of(static_cast<i32>(regs.rdi));
    if (!of_a_file(number)) return false;
    const i32 fd = static_cast<i32>(regs.rdi);
    const Known k = known(fd);
    return k.sort == Known::vnode && k.type == regular_file && !guard_of(fd);  // EXC_GUARD's handler may ask for the whole state
}

}  // namespace

void init_fast(const MachoPlan& plan, u32 after) {
    if (const char* why = init_fast_sites(plan)) eprint("xnurun: --fast has no effect: ", why, "\n");
    else often = after;
}

bool fast_wanted() { return often; }

void fast_count(const lnx::sigcontext& regs) {
    FastSite site;
    const u64 syscall = regs.rip - 2;
    if (!often || !hot(regs) || !fast_recognise(syscall, regs, site)) return;
    Count& c = counts[(syscall ^ syscall >> 8) % (sizeof counts / sizeof *counts)];
    if (c.syscall != syscall) {
        c.syscall = syscall;
        c.times = 0;
    }
    if (++c.times < often) return;
    c.times = 0;
    fast_rewrite(site);
}

FastSignal fast_signal(i32 number, lnx::sigcontext& regs) {
    if (!often) return FastSignal::elsewhere;
    const u64 rip = regs.rip;
    const auto is = [](const void* label) { return reinterpret_cast<u64>(label); };
    if (rip >= is(reinterpret_cast<const void*>(fast_entry)) && rip < is(fast_entry_switched)) {
        regs.rip = regs.rcx - 2;
        return FastSignal::guest;
    }
    if (rip == is(fast_leave_jump) || rip == is(fast_leave_trap) || rip == is(fast_leave_end)) {
        regs.rip = regs.rcx;
        return number == lnx::SIGTRAP && rip == is(fast_leave_end) ? FastSignal::own : FastSignal::guest;
    }
    if (fast_in_stub(rip, regs.rip)) return FastSignal::guest;
    if (number == lnx::SIGTRAP && regs.trapno == 3 && fast_breakpoint(rip)) {  // #BP
        regs.rip = rip - 1;
        return FastSignal::own;
    }
    return FastSignal::elsewhere;
}

extern "C" void fast_trap(HostContext* context) {
    lnx::sigcontext& regs = context->uc_mcontext;
    if (!hot(regs)) {
        regs.r11 = 0;
        regs.rip -= 2;  // the syscall
        return;
    }
    Thread& thread = self();
    const u64 behind = regs.rip;
    thread.fast = true;
    answer_trap(thread, *context);
    thread.fast = false;
    if (tallying && regs.rip == behind) tally_fast();
}

}  // namespace trapeze
