// SPDX-License-Identifier: BSD-3-Clause
// sigreturn's token (xnu-4903.221.2 and xnu-11417.121.6 bsd/dev/i386/unix_signal.c): a process whose first action has
// SA_VALIDATE_SIGRETURN_FROM_SIGTRAMP returns from a handler with the token that its trampoline got in r9, and with no other.
#include "tests/conformance/darwin_raw.h"

void raw_thread(Regs*) { for (;;) {} }

constexpr i32 SIGUSR1 = 30, SIGUSR2 = 31, EINVAL = 22, EFAULT = 14;
static volatile i32 handled;
static u32 mask_then;

static i32 returning(u8* context, u64 token) {
    Trap t(bsd + 184, context, 0, token);
    t.go();
    return t.failed() ? static_cast<i32>(t.r.rax) : 0;
}
static u32 mask_now() {
    u32 old = 0;
    call(bsd + 329, 1, 0, &old);
    return old;
}
static void raise(i32 n) { call(bsd + 328, call(mach + 27), n); }

void raw_handler(u64, i32, i32 n, u8*, u8* context, u64) {
    handled = handled + 1;
    if (n == SIGUSR2) return;
    mask_then = mask_now();
    same(returning(context, 0), EINVAL, "no token: EINVAL");
    check(mask_then != 0 && mask_now() == 0, "and the mask is the context's already");
    same(returning(context, reinterpret_cast<u64>(context)), EINVAL, "the address alone: EINVAL");
    Trap bad(bsd + 184, 8, 0, 0);
    check(bad.go().failed() && bad.r.rax == EFAULT, "a context that cannot be read: EFAULT");
    raise(SIGUSR2);
    check(handled == 2, "a handler within it returns by the same number");
}

int raw_main(int, char**) {
    say("TAP version 13\n");
    const struct {
        u64 handler;
        void (*tramp)();
        u32 mask;
        i32 flags;
    } checked{0x4242, raw_sigtramp, 0, 0x440}, plain{0x4242, raw_sigtramp, 0, 0x40};
    call(bsd + 46, SIGUSR1, &checked, 0);
    call(bsd + 46, SIGUSR2, &plain, 0);  // too late to say otherwise
    raise(SIGUSR1);
    check(handled == 2, "with the token it returns");
    handled = 1;
    raise(SIGUSR2);
    check(handled == 2, "again, with another");
    return done();
}
