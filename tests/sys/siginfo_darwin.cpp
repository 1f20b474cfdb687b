// SPDX-License-Identifier: BSD-3-Clause
// What siginfo_t says of each kind of signal: faults one by one, with the address at which the program is found, and who sent what was
// sent. Facts: xnu-3248.60.10 bsd/dev/i386/unix_signal.c sendsig, machine_exception, bsd/uxkern/ux_exception.c, osfmk/i386/trap.c user_trap,
// osfmk/x86_64/idt_table.h, bsd/kern/kern_sig.c psignal_internal.
#include "sys/darwin/signal.h"
#include "sys/memory.h"
#include "sys/signals.h"
#include "sys/thread.h"
#include "tests/sys/fs_tools.h"

namespace {

using namespace trapeze;
using tools::Workplace;

struct Seen {
    i32 count, number, code, error, pid, status;
    u32 uid;
    u64 address, value;
    i64 band;
    u64 rip;
};
Seen seen;
u64 resume;  // where the program goes on after a fault; 0: where it was

void note(i32 number, SignalInfo* info, SignalContext* context) {
    xnu::siginfo_t i;
    memcpy(&i, info, sizeof i);
    xnu::mcontext64* m = reinterpret_cast<xnu::mcontext64*>(reinterpret_cast<xnu::ucontext64*>(context)->uc_mcontext64);
    seen = {seen.count + 1, number == i.si_signo ? number : -1, i.si_code, i.si_errno, i.si_pid, i.si_status, i.si_uid, i.si_addr, i.si_value, i.si_band, m->rip};
    if (resume) m->rip = resume;
    m->rflags &= ~0x40100ull;  // no more single steps, no alignment
    constexpr u32 standard = 0x1f80;
    memcpy(m->fpstate + 24, &standard, 4);  // MXCSR, in the FXSAVE image
}

void catch_all() {
    for (const i32 n : {4, 5, 8, 10, 11, 13, 14, 16, 20, 23, 30}) (void)signal_handle(n, note, kernel::SA_SIGINFO | SA_ONSTACK);
}

// The fault, then `resumed:`. at: where the program was, in bytes from its first instruction.
#define FAULT(code, ...) /* an assembler's label cannot come from a function */ \
    seen = {}; \
    asm volatile("lea 9f(%%rip), %%r11\n\tmov %%r11, %[to]\n\tlea 8f(%%rip), %%r11\n\tmov %%r11, %[at]\n\t" code "\n9:" : [to] "=m"(resume), [at] "=m"(start) : __VA_ARGS__ : "rax", "rcx", "rdx", "r11", "xmm0", "xmm1", "memory", "cc"); \
    resume = 0

u64 start;

void is(i32 number, i32 code, u64 offset, const char* sentence) {
    const bool held = seen.count == 1 && seen.number == number && seen.code == code && seen.address == start + offset && seen.rip == start + offset && !seen.pid && !seen.uid && !seen.status && !seen.value;
    ok(held, sentence);
    if (!held) print("# count ", seen.count, ", signal ", seen.number, ", code ", seen.code, ", address +", static_cast<i64>(seen.address - start), ", rip +", static_cast<i64>(seen.rip - start), "\n");
}
void is_at(i32 number, i32 code, u64 address, const char* sentence) {
    const bool held = seen.count == 1 && seen.number == number && seen.code == code && seen.address == address && seen.rip == start && !seen.pid && !seen.uid && !seen.status;
    ok(held, sentence);
    if (!held) print("# count ", seen.count, ", signal ", seen.number, ", code ", seen.code, ", address ", hex(seen.address), ", rip +", static_cast<i64>(seen.rip - start), "\n");
}

void instructions() {
    FAULT("xor %%ecx, %%ecx\n\txor %%edx, %%edx\n\tmov $1, %%eax\n8:\tdiv %%ecx", "m"(start));
    is(xnu::SIGFPE, 7, 0, "a division by 0: FPE_INTDIV");
    FAULT("8:\tint $4", "m"(start));
    is(xnu::SIGFPE, 8, 2, "int $4, which is INTO: FPE_INTOVF");
    FAULT("8:\tud2", "m"(start));
    is(xnu::SIGILL, 1, 0, "ud2: ILL_ILLOPC");
    FAULT("mov $20, %%eax\n8:\tint $0x80", "m"(start));
    is(xnu::SIGILL, 1, 2, "int $0x80: ILL_ILLOPC");
    FAULT("8:\tint $0x82", "m"(start));
    is(xnu::SIGILL, 1, 2, "int $0x82");
    FAULT("8:\tint $0x7f", "m"(start));
    is(xnu::SIGILL, 1, 2, "int $0x7f");
    FAULT("8:\tint3", "m"(start));
    is(xnu::SIGTRAP, 1, 1, "int3: TRAP_BRKPT");
    FAULT("8:\tint $5", "m"(start));
    is(xnu::SIGTRAP, 1, 2, "int $5, which is BOUND");
    FAULT("pushfq\n\torl $0x100, (%%rsp)\n\tpopfq\n8:\tnop\n\tnop", "m"(start));
    is(xnu::SIGTRAP, 1, 1, "a single step");
    FAULT("8:\tint $0x40", "m"(start));
    is_at(xnu::SIGSEGV, 0, 0, "any other int n: no code, no address");
    FAULT("8:\thlt", "m"(start));
    is_at(xnu::SIGSEGV, 0, 0, "a privileged instruction");
    FAULT("movabs $0x8000000000000000, %%rax\n8:\tmovb (%%rax), %%cl", "m"(start));
    is_at(xnu::SIGSEGV, 0, 0, "an address that is none");
    FAULT("mov %%rbp, %%rdx\n\tmovabs $0x8000000000000000, %%rbp\n8:\tmovb (%%rbp), %%cl\n9:\tmov %%rdx, %%rbp\n\tjmp 7f\n\tnop\n7:", "m"(start));
    is(xnu::SIGILL, 0, 0, "one that is none for the stack: SIGILL, no code");
    seen = {};
    resume = 0;
    alignas(8) u8 bytes[16] = {};
    asm volatile("pushfq\n\torl $0x40000, (%%rsp)\n\tpopfq\n\tmovl 1(%0), %%eax\n\tpushfq\n\tandl $~0x40000, (%%rsp)\n\tpopfq" : : "r"(bytes) : "rax", "memory", "cc");
    ok(seen.count == 0, "alignment is not checked, whatever the flag says");
}

void floats() {
    const double one = 1, zero = 0, big = 1e308, small = 1e-308, third = 3;
    const u64 denormal = 1;
    const auto unmask = [](u32 bit) { return 0x1f80u & ~(0x80u << bit); };
    u32 mxcsr = unmask(2);
    FAULT("movsd %[a], %%xmm0\n\tmovsd %[b], %%xmm1\n\tldmxcsr %[m]\n8:\tdivsd %%xmm1, %%xmm0", [a] "m"(one), [b] "m"(zero), [m] "m"(mxcsr));
    is(xnu::SIGFPE, 1, 0, "SSE, division by 0: FPE_FLTDIV");
    mxcsr = unmask(3);
    FAULT("movsd %[a], %%xmm0\n\tldmxcsr %[m]\n8:\tmulsd %%xmm0, %%xmm0", [a] "m"(big), [m] "m"(mxcsr));
    is(xnu::SIGFPE, 2, 0, "overflow: FPE_FLTOVF");
    mxcsr = unmask(4);
    FAULT("movsd %[a], %%xmm0\n\tldmxcsr %[m]\n8:\tmulsd %%xmm0, %%xmm0", [a] "m"(small), [m] "m"(mxcsr));
    is(xnu::SIGFPE, 3, 0, "underflow: FPE_FLTUND");
    mxcsr = unmask(5);
    FAULT("movsd %[a], %%xmm0\n\tmovsd %[b], %%xmm1\n\tldmxcsr %[m]\n8:\tdivsd %%xmm1, %%xmm0", [a] "m"(one), [b] "m"(third), [m] "m"(mxcsr));
    is(xnu::SIGFPE, 4, 0, "inexact: FPE_FLTRES");
    mxcsr = unmask(0);
    FAULT("movsd %[a], %%xmm0\n\tldmxcsr %[m]\n8:\tdivsd %%xmm0, %%xmm0", [a] "m"(zero), [m] "m"(mxcsr));
    is(xnu::SIGFPE, 5, 0, "invalid: FPE_FLTINV");
    mxcsr = unmask(1);
    FAULT("movsd %[a], %%xmm0\n\tmovsd %[b], %%xmm1\n\tldmxcsr %[m]\n8:\taddsd %%xmm1, %%xmm0", [a] "m"(denormal), [b] "m"(one), [m] "m"(mxcsr));
    is(xnu::SIGFPE, 0, 0, "a denormal operand: FPE_NOOP");
    constexpr u32 standard = 0x1f80;
    asm volatile("ldmxcsr %0" : : "m"(standard));
    const u16 control = 0x37f & ~4;
    FAULT("fninit\n\tfldcw %[c]\n\tfld1\n\tfldz\n\tfdivrp\n8:\tfwait", [c] "m"(control));
    asm volatile("fninit");
    is(xnu::SIGFPE, 1, 0, "x87, division by 0: at the next instruction");
}

void memory() {
    const Result four = mmap(nullptr, 4 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON);
    u8* const base = reinterpret_cast<u8*>(four.raw);
    (void)mprotect(base, 4096, PROT_NONE), (void)mprotect(base + 4096, 4096, PROT_READ), (void)munmap(base + 3 * 4096, 4096);
    const u64 at = reinterpret_cast<u64>(base);
    FAULT("8:\tmovb 7(%[p]), %%cl", [p] "r"(base));
    is_at(xnu::SIGBUS, 2, at + 7, "a page that cannot be read: SIGBUS, BUS_ADRERR");
    FAULT("8:\tmovb $1, 9(%[p])", [p] "r"(base + 4096));
    is_at(xnu::SIGBUS, 2, at + 4096 + 9, "nor written");
    u64 there = at + 3 * 4096 + 3;
    FAULT("8:\tmovb (%[p]), %%cl", [p] "r"(there));
    is_at(xnu::SIGSEGV, 1, there, "nothing there: SIGSEGV, SEGV_MAPERR");
    FAULT("xor %%eax, %%eax\n8:\tmovb 5(%%rax), %%cl", "m"(start));
    is_at(xnu::SIGSEGV, 1, 5, "page 0");
    FAULT("movabs $0xffffff8000200000, %%rax\n8:\tmovb (%%rax), %%cl", "m"(start));
    ok(seen.count == 1 && seen.number == xnu::SIGSEGV && seen.code == 1 && seen.address == 0xffffff8000200000, "the kernel's memory: nothing there");
    tools::make_file("file", "0123456789");
    const i32 fd = tools::fd_of(open("file", O_RDWR));
    const Result mapped = mmap(nullptr, 3 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
    there = static_cast<u64>(mapped.raw) + 4096 + 100;
    FAULT("8:\tmovb (%[p]), %%cl", [p] "r"(there));
    is_at(xnu::SIGBUS, 2, there, "beyond the end of a file: SIGBUS, BUS_ADRERR");
    (void)munmap(base, 3 * 4096), (void)munmap(reinterpret_cast<void*>(mapped.raw), 3 * 4096);
    (void)close(fd);
}

// What comes from elsewhere: no address but the program's.
void is_from(i32 number, i32 code, i32 pid, u32 uid, i32 status, const char* sentence) {
    const bool held = seen.number == number && seen.code == code && seen.pid == pid && seen.uid == uid && seen.status == status && !seen.value && !seen.band && !seen.error && seen.count == 1;
    ok(held, sentence);
    if (!held) print("# count ", seen.count, ", signal ", seen.number, ", code ", seen.code, ", pid ", seen.pid, ", uid ", seen.uid, ", status ", seen.status, "\n");
}

void senders() {
    const i32 me = getpid();
    const u32 user = getuid();
    seen = {};
    (void)kill(me, xnu::SIGUSR1);
    is_from(xnu::SIGUSR1, 0, me, user, xnu::SIGUSR1, "kill: code 0, the sender, the signal as status");
    ok(seen.address == seen.rip, "the address is the interrupted program's");
    seen = {};
    (void)syscall(328, thread_self(), xnu::SIGUSR1);
    is_from(xnu::SIGUSR1, 0, me, user, xnu::SIGUSR1, "__pthread_kill likewise");
    for (const i32 n : {xnu::SIGSEGV, xnu::SIGBUS, xnu::SIGILL, xnu::SIGFPE, xnu::SIGTRAP}) {
        seen = {};
        (void)kill(me, n);
        is_from(n, n == xnu::SIGBUS ? 2 : n == xnu::SIGTRAP ? 1 : 0, 0, 0, 0, "a fault's signal that is sent says nothing of its sender");
    }
    i32 p[2];
    (void)pipe(p);
    (void)close(p[0]);
    seen = {};
    (void)sys_write(p[1], "x", 1);
    is_from(xnu::SIGPIPE, 0, me, user, xnu::SIGPIPE, "SIGPIPE is the writer's own");
    (void)close(p[1]);
    // From a child, which is seen to end afterwards.
    SignalSet before;
    (void)signals_block(SignalSet::of(xnu::SIGCHLD, xnu::SIGUSR1), &before);
    const Result child = fork();
    if (child.ok() && child.raw == 0) {
        (void)kill(me, xnu::SIGUSR1);
        exit_process(3);
    }
    const i32 pid = static_cast<i32>(child.raw);
    seen = {};
    SignalSet open = before;
    open.add(xnu::SIGCHLD);
    open.remove(xnu::SIGUSR1);
    (void)signals_suspend(open);
    is_from(xnu::SIGUSR1, 0, pid, user, xnu::SIGUSR1, "kill by a child");
    seen = {};
    open.remove(xnu::SIGCHLD);
    (void)signals_suspend(open);
    is_from(xnu::SIGCHLD, 1, pid, user, 3, "its end: CLD_EXITED, its status");
    (void)wait(pid, nullptr);
    (void)signals_setmask(before);
}

}  // namespace

int main() {
    Workplace here;
    static u8 stack[65536];
    (void)signal_stack(stack, sizeof stack);
    catch_all();
    instructions();
    floats();
    memory();
    senders();
    return done();
}
