// SPDX-License-Identifier: BSD-3-Clause
// See crash.h.
#include "sched/crash.h"

#include <cstddef>

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
    using Machine = std::remove_reference_t<decltype(c->machine())>;
    static constexpr struct {
        char name[5];
        u8 word;
    } registers[] = {{"rax ", offsetof(Machine, rax) / 8}, {"rbx ", offsetof(Machine, rbx) / 8}, {"rcx ", offsetof(Machine, rcx) / 8},
                     {"rdx ", offsetof(Machine, rdx) / 8}, {"rsi ", offsetof(Machine, rsi) / 8}, {"rdi ", offsetof(Machine, rdi) / 8},
                     {"rbp ", offsetof(Machine, rbp) / 8}, {"r8  ", offsetof(Machine, r8) / 8}, {"r9  ", offsetof(Machine, r9) / 8},
                     {"r10 ", offsetof(Machine, r10) / 8}, {"r11 ", offsetof(Machine, r11) / 8}, {"r12 ", offsetof(Machine, r12) / 8},
                     {"r13 ", offsetof(Machine, r13) / 8}, {"r14 ", offsetof(Machine, r14) / 8}};
    const u64* words = reinterpret_cast<const u64*>(&c->machine());
    for (u32 i = 0; i < 14; i++) out.line(registers[i].name, hex(words[registers[i].word]), i % 4 == 3 ? "\n" : "  ");
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
