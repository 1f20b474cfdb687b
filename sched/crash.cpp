// SPDX-License-Identifier: BSD-3-Clause
// See crash.h.
#include "sched/crash.h"

#include "sys/panic.h"

namespace trapeze {

void crash(i32 signal, SignalInfo* info, SignalContext* c) {
    static constinit Atomic<u32> crashing;
    if (crashing.xchg(1, relaxed)) exit_process(2);  // a second one, or one in the report itself: enough has been said
    const FatalSignal* what = fatal_signals;
    while (what->number && what->number != signal) what++;
    Out out(2);
    G* overflowed = what->address ? g_of_guard(info->address()) : nullptr;
    if (overflowed)
        out.line("fatal error: stack overflow in goroutine ", overflowed->id, ": its ",
                 (overflowed->stack_high - overflowed->stack_low) >> 10, " KiB are used up\n");
    out.line("[signal ", what->name, ", code ", info->code());
    if (what->address) out.line(", address ", hex(info->address()));
    out.line(", pc=", hex(c->rip()), " sp=", hex(c->rsp()), "]\n");
    // r15 is left to debuggers.
    const u64 registers[14] = {c->rax(), c->rbx(), c->rcx(), c->rdx(), c->rsi(), c->rdi(), c->rbp(),
                               c->r8(), c->r9(), c->r10(), c->r11(), c->r12(), c->r13(), c->r14()};
    static const char names[14][5] = {"rax ", "rbx ", "rcx ", "rdx ", "rsi ", "rdi ", "rbp ",
                                      "r8  ", "r9  ", "r10 ", "r11 ", "r12 ", "r13 ", "r14 "};
    for (int i = 0; i < 14; i++) out.line(names[i], hex(registers[i]), i % 4 == 3 ? "\n" : "  ");
    out.put("\n");
    finish(out);
}

void crashinit() {
    for (const FatalSignal* s = fatal_signals; s->number; s++) {
        Result r = signal_handle(s->number, crash, SA_ONSTACK, SignalSet::all());
        if (r.failed()) die_errno("sigaction", r);
    }
}

}  // namespace trapeze
