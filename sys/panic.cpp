// SPDX-License-Identifier: BSD-3-Clause
// See panic.h.
#include "sys/panic.h"

#include "sys/errno.h"
#include "sys/os.h"

namespace trapeze {

void (*describe_hook)(Out& out);

void finish(Out& out) {
    out.flush();
    if (describe_hook) {
        describe_hook(out);
        out.flush();
    }
    exit_process(2);
}

[[noreturn, gnu::cold, gnu::noinline]] static void end(const char* kind, const char* message, const char* note, const void* pc) {
    Out out(2);
    out.line(kind, message, note, pc, "]\n");
    finish(out);
}

void throw_(const char* reason) { end("fatal error: ", reason, "\n[the runtime's own state is broken; pc=", __builtin_return_address(0)); }

void panic(const char* message) { end("panic: ", message, "\n[pc=", __builtin_return_address(0)); }

void die_of(Out& out) {
    out.put('\n');
    out.flush();
    exit_process(2);
}

void die_errno(const char* what, Result r) {
    Out out(2);
    out.line("fatal error: ", what, ": ", errno_name(r.err()), " (errno ", r.err(), ")\n");
    finish(out);
}

void dump(const void* at, usize n) {
    const u8* p = static_cast<const u8*>(at);
    for (usize i = 0; i < n; i += 16) {
        Out out(2);
        out.line(p + i, ":");
        for (usize j = i; j < i + 16 && j < n; j++) out.line(' ', "0123456789abcdef"[p[j] >> 4], "0123456789abcdef"[p[j] & 15]);
        out.put('\n');
    }
}

}  // namespace trapeze
