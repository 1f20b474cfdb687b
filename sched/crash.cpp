// SPDX-License-Identifier: BSD-3-Clause
// See crash.h.
#include "sched/crash.h"

#include "sys/panic.h"

namespace trapeze {

void crash(const Crash& c) {
    static constinit Atomic<u32> crashing;
    if (crashing.xchg(1, relaxed)) exit_process(2);  // a second one, or one in the report itself: enough has been said
    Out out(2);
    G* overflowed = c.has_address ? g_of_guard(c.address) : nullptr;
    if (overflowed)
        out.line("fatal error: stack overflow in goroutine ", overflowed->id, ": its ",
                 (overflowed->stack_high - overflowed->stack_low) >> 10, " KiB are used up\n");
    out.line("[signal ", c.signal, ", code ", c.code);
    if (c.has_address) out.line(", address ", hex(c.address));
    out.line(", pc=", hex(c.rip), " sp=", hex(c.rsp), "]\n");
    static const char names[14][5] = {"rax ", "rbx ", "rcx ", "rdx ", "rsi ", "rdi ", "rbp ",
                                      "r8  ", "r9  ", "r10 ", "r11 ", "r12 ", "r13 ", "r14 "};
    for (int i = 0; i < 14; i++) out.line(names[i], hex(c.registers[i]), i % 4 == 3 ? "\n" : "  ");
    out.put("\n");
    finish(out);
}

}  // namespace trapeze
