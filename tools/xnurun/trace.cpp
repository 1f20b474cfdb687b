// SPDX-License-Identifier: BSD-3-Clause
// See trace.h. The decoding of single arguments is in trace_values.cpp.
#include "tools/xnurun/trace.h"

#include "sys/darwin/errno.h"
#include "sys/kern_return.h"
#include "sys/mem.h"
#include "tools/xnurun/trace_line.h"

namespace trapeze {

u32 tracing;

bool trace_choose(const char* classes) {
    struct Name {
        const char* text;
        u32 bits;
    };
    constexpr Name names[] = {{"bsd", 1 << static_cast<u32>(TrapClass::bsd)}, {"mach", 1 << static_cast<u32>(TrapClass::mach)},
                              {"machdep", 1 << static_cast<u32>(TrapClass::mdep)}, {"messages", trace_messages},
                              {"signals", trace_signals}};
    for (const char* at = classes;;) {
        usize n = 0;
        while (at[n] && at[n] != ',') n++;
        u32 bits = 0;
        for (const Name& name : names)
            if (str_len(name.text) == n && !memcmp(name.text, at, n)) bits = name.bits;
        if (!bits) return false;
        tracing |= bits;
        if (!at[n]) return true;
        at += n + 1;
    }
}

bool traced(const Trap& trap) {
    if (!tracing) return false;
    const bool message = trap.klass == TrapClass::mach && (trap.number == 31 || trap.number == 32 || trap.number == 47);
    return tracing >> (static_cast<u32>(trap.klass) & 7) & 1 || (message && tracing & trace_messages);
}

namespace {

void put_result(TraceLine& line, const Call& call, const Answer& a) {
    line.put(" = ");
    switch (a.kind) {
    case Answer::error: {
        const char* name = xnu::errno_name(static_cast<i32>(a.rax));
        line.put(name ? name : "errno");
        line.put(" (").number(a.rax).put(")");
        break;
    }
    case Answer::value:
        if (call.result == CallResult::addr) line.hex(static_cast<u64>(a.rax));
        else line.number(a.rax);
        if (call.result == CallResult::fds || call.result == CallResult::fork || a.rdx) line.put(", ").number(a.rdx);
        break;
    case Answer::kern:
        if (call.result == CallResult::port) {
            line.hex(static_cast<u32>(a.rax));
        } else if (call.result == CallResult::kr || call.result == CallResult::mr) {
            const char* name = mach_error_name(static_cast<i32>(a.rax));
            if (name) line.put(name).put(" (");
            if (a.rax > 0xffff) line.hex(static_cast<u64>(a.rax));
            else line.number(a.rax);
            if (name) line.put(")");
        } else {
            line.number(a.rax);
        }
        break;
    case Answer::again: line.put("interrupted, begins again"); break;
    default: line.put("?"); break;
    }
}

// The process is asked for: a child of fork has its parent's memory, and a line is slow anyway.
void start(TraceLine& line, const Thread& thread) {
    line.put("[").number(host(lnx::SYS_getpid)).put(" ").number(thread.tid).put("] ");
}

}  // namespace

// The arguments are formatted before the call, into the thread's buffer: afterwards what they point to may have changed.
void trace_begin(Trap& trap, const Call& call) {
    TraceLine line(trap.thread.trace);
    start(line, trap.thread);
    line.put(call.name).put("(");
    for (u32 n = 0; n < trap.args_valid; n++) {
        if (n) line.put(", ");
        trace_argument(line, trap, call, n);
    }
    line.put(")");
    trace_message_sent(line, trap);
    const bool returns = call.result != CallResult::noreturn && !(trap.klass == TrapClass::bsd && trap.number == 361);
    if (!returns) line.write();
}

void trace_flush(Thread& thread) {
    TraceLine line(thread.trace);
    line.resume();
    line.write();
}

void trace_end(Trap& trap, const Call& call, const Answer& a) {
    TraceLine line(trap.thread.trace);
    line.resume();
    put_result(line, call, a);
    trace_message_received(line, trap, a);
    line.write();
}

void trace_signal(i32 darwin, const xnu::siginfo_t& info, const char* what) {
    if (!(tracing & trace_signals)) return;
    char text[256];
    TraceBuffer buffer{0, text, sizeof text};
    TraceLine line(buffer);
    start(line, self());
    line.put("--- ").put(xnu::signal_name(darwin)).put(", code ").number(info.si_code).put(", address ");
    line.hex(info.si_addr).put(": ").put(what);
    line.write();
}

}  // namespace trapeze
