// SPDX-License-Identifier: BSD-3-Clause
// Hot traps without a host signal. Where `mov eax, imm32; syscall` has trapped often, the mov (5 bytes) becomes a jmp to a stub,
// the syscall stays. The stub lies in the image's page zero, in reach of rel32 and where no guest can map anything:
//   site: jmp stub ; syscall        stub: mov eax, imm32 ; mov rcx, site + 7 ; mov r11, fast_entry ; jmp r11
// fast_entry saves the guest's registers into a HostContext at the top of the thread's host stack, calls answer_trap, which is
// the one that signals call, and goes back with what that left there. Invariants:
//   - Nothing of the guest's stack is touched: no red zone is needed, seventh arguments are where they were.
//   - The registers after it are those after the trap: all but rcx (= site + 7) and r11 come from the context. x87 and SSE state
//     stays in its registers: the emulator is compiled without them (-mgeneral-regs-only).
//   - Who jumps to the syscall itself finds it. A signal in the stub, or on the way in, shows the guest at the syscall with
//     rax set: it has not begun, and is answered by SIGSYS. On the way out, it shows the guest behind it (fast_signal).
//   - On the host stack it is the emulator that a signal interrupts: recorded, and looked for before leaving. There is then
//     an int3 in the place of the jump, for a frame that has the floating-point state too. Thread::context stays null, so
//     that who suspends the thread waits for that frame.
//   - Only traps that never sleep and never look at the context beyond general registers (hot()). semaphore_wait, if it would
//     sleep, goes to the syscall instead (Thread::fast).
//   - Threads that execute the site meanwhile: int3 over the first byte, all processors synchronised, the rest, again, the
//     first byte. One that meets the int3 does what the mov does and goes on at the syscall.
//   - What the bytes before a syscall mean cannot be known for certain: they must say `mov eax, n`, rax must have been n each
//     time, and r8 must not have been (REX.B would make it `mov r8d, n`).
// Limits: a program that reads, copies or rewrites its own code sees the jmp; one without page zero gets no stubs.
// Rejected: `call *%rax` (2 bytes, as syscall) into sleds at 0x1000000, 0x2000000, 0x3000000: it writes below rsp, where Darwin
// programs have a red zone; a wild rax lands anywhere; images lie at these addresses. Rewriting by /proc/self/mem: a descriptor
// that the guest could see.
#include "tools/xnurun/fast.h"

#include "sys/mem.h"
#include "tools/xnurun/load.h"
#include "tools/xnurun/memory.h"
#include "tools/xnurun/report.h"
#include "tools/xnurun/trap.h"
#include "tools/xnurun/vm_maps.h"

namespace trapeze {
namespace {

constexpr u64 page = 4096, stub_size = 32, area_size = 0x4000, max_stubs = area_size / stub_size;
constexpr u32 often = 16;
constexpr u64 barrier = 32, barrier_register = 64;  // MEMBARRIER_CMD_(REGISTER_)PRIVATE_EXPEDITED_SYNC_CORE
constexpr i32 prot_rx = lnx::PROT_READ | lnx::PROT_EXEC, prot_rwx = prot_rx | lnx::PROT_WRITE;

u64 area;                       // of the stubs; 0: no fast path
u64 text_low, text_high;        // of the image's code
struct Stub {
    u64 site;                   // of the mov
    u32 number;                 // rax at the trap
};
HostLock fast_lock;             // who makes a stub
Stub stubs[max_stubs];          // written under fast_lock before stub_count says so
u32 stub_count;

struct Count {                  // a cache: who comes to the same place takes it over; races lose counts only
    u64 site;
    u32 times;
};
Count counts[256];

bool hot(u32 number) {
    switch (number) {
    case 0x1000000 + 27: case 0x1000000 + 28: case 0x1000000 + 29:                         // thread, task, host_self
    case 0x1000000 + 33: case 0x1000000 + 34: case 0x1000000 + 36:                         // semaphore_signal, _all, _wait
    case 0x1000000 + 59: case 0x1000000 + 60: case 0x1000000 + 89:                         // swtch_pri, swtch, timebase_info
    case 0x2000000 + 20: case 0x2000000 + 24: case 0x2000000 + 25: case 0x2000000 + 39:    // getpid, getuid, geteuid, getppid
    case 0x2000000 + 43: case 0x2000000 + 47: case 0x2000000 + 81: case 0x2000000 + 116:   // getegid, getgid, getpgrp, gettimeofday
    case 0x2000000 + 327: return true;                                                     // issetugid
    default: return false;
    }
}

void put32(u8* at, u32 v) { memcpy(at, &v, sizeof v); }
void put64(u8* at, u64 v) { memcpy(at, &v, sizeof v); }

bool make_writable(u64 at, u64 size, i32 protection) {
    const u64 low = at & ~(page - 1);
    return !host_failed(host(lnx::SYS_mprotect, low, ((at + size + page - 1) & ~(page - 1)) - low, protection));
}

void store(u8* at, u8 byte) { __atomic_store_n(at, byte, __ATOMIC_SEQ_CST); }

bool synchronise() { return !host_failed(host(lnx::SYS_membarrier, barrier, 0, 0)); }

void rewrite(u64 site, u32 number) {
    for (u32 n = 0; n < stub_count; n++)
        if (stubs[n].site == site) return;  // somebody was faster, or the guest has put the old bytes back: once is enough
    if (stub_count == max_stubs) return;
    const u64 at = area + stub_count * stub_size;
    const i64 distance = static_cast<i64>(at) - static_cast<i64>(site + 5);
    VmRegion text;
    if (distance != static_cast<i32>(distance) || !vm_region(site, text) || text.address > site ||
        text.address + text.size < site + 7 || text.protection != static_cast<u32>(prot_rx) || !text.file || text.shared)
        return;
    host(lnx::SYS_membarrier, barrier_register, 0, 0);  // again in every child
    if (!synchronise()) return;
    if (!make_writable(at, stub_size, prot_rwx)) return;
    u8* stub = reinterpret_cast<u8*>(at);
    stub[0] = 0xb8, put32(stub + 1, number);                                            // mov eax, number
    stub[5] = 0x48, stub[6] = 0xb9, put64(stub + 7, site + 7);                          // mov rcx, site + 7
    stub[15] = 0x49, stub[16] = 0xbb, put64(stub + 17, reinterpret_cast<u64>(fast_entry));  // mov r11, fast_entry
    stub[25] = 0x41, stub[26] = 0xff, stub[27] = 0xe3;                                  // jmp r11
    make_writable(at, stub_size, prot_rx);
    if (!make_writable(site, 5, prot_rwx)) return;
    stubs[stub_count] = {site, number};
    __atomic_store_n(&stub_count, stub_count + 1, __ATOMIC_SEQ_CST);
    u8* code = reinterpret_cast<u8*>(site);
    store(code, 0xcc);
    synchronise();
    u8 rel[4];
    put32(rel, static_cast<u32>(distance));
    for (int n = 0; n < 4; n++) store(code + 1 + n, rel[n]);
    synchronise();
    store(code, 0xe9);
    synchronise();
    make_writable(site, 5, prot_rx);
}

// The guest as it stands at the syscall behind the mov.
void at_syscall(lnx::sigcontext& regs, const Stub& stub) {
    regs.rip = stub.site + 5;
    regs.rax = stub.number;
}

}  // namespace

void init_fast(const MachoPlan& plan) {
    u64 end = plan.pagezero_end < plan.low ? plan.pagezero_end : plan.low;
    end &= ~(page - 1);
    for (usize n = 0; n < plan.nsegments; n++) {
        const MachoSegment& s = plan.segments[n];
        if ((s.initprot & 6) != 4 || s.filesize < 7) continue;
        text_low = s.vmaddr, text_high = s.vmaddr + s.filesize;
        break;
    }
    const char* why = nullptr;
    if (end < 0x10000 + area_size) why = "the program has no page zero to put its stubs in";
    else if (text_high == 0) why = "the program has no code that is not writable";
    else if (host_failed(host(lnx::SYS_membarrier, barrier_register, 0, 0))) why = "the host has no membarrier";
    else {
        const i64 r = host(lnx::SYS_mmap, end - area_size, area_size, prot_rx,
                           lnx::MAP_PRIVATE | lnx::MAP_ANON | lnx::MAP_FIXED_NOREPLACE, -1, 0);
        if (host_failed(r) || static_cast<u64>(r) != end - area_size) why = "the host allows no code in page zero";
        else area = static_cast<u64>(r);
    }
    if (why) eprint("xnurun: --fast has no effect: ", why, "\n");
}

bool hits_fast(u64 base, u64 size) { return area && base < area + area_size && base + size > area; }

void fast_count(const lnx::sigcontext& regs) {
    const u32 number = static_cast<u32>(regs.rax);
    const u64 site = regs.rip - 7;
    if (!area || regs.rax != number || !hot(number) || regs.r8 == number || site < text_low || site + 7 > text_high) return;
    u8 code[5];
    u32 said;
    if (!copyin(code, site)) return;
    memcpy(&said, code + 1, sizeof said);
    if (code[0] != 0xb8 || said != number) return;
    Count& c = counts[(site ^ site >> 8) % (sizeof counts / sizeof *counts)];
    if (c.site != site) {
        c.site = site;
        c.times = 0;
    }
    if (++c.times < often) return;
    c.times = 0;
    Locked hold(fast_lock);
    rewrite(site, number);
}

void fast_fork_child() { fast_lock.reset(); }

FastSignal fast_signal(i32 number, lnx::sigcontext& regs) {
    if (!area) return FastSignal::elsewhere;
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
    if (rip >= area && (rip - area) / stub_size < __atomic_load_n(&stub_count, __ATOMIC_SEQ_CST)) {
        at_syscall(regs, stubs[(rip - area) / stub_size]);
        return FastSignal::guest;
    }
    if (number == lnx::SIGTRAP && rip > text_low && rip <= text_high && regs.trapno == 3) {  // #BP
        const u32 n = __atomic_load_n(&stub_count, __ATOMIC_SEQ_CST);
        for (u32 i = 0; i < n; i++)
            if (stubs[i].site + 1 == rip) return at_syscall(regs, stubs[i]), FastSignal::own;
    }
    return FastSignal::elsewhere;
}

extern "C" void fast_trap(HostContext* context) {
    Thread& thread = self();
    thread.fast = true;
    answer_trap(thread, *context);
    thread.fast = false;
}

}  // namespace trapeze
