// SPDX-License-Identifier: BSD-3-Clause
// A call that a signal interrupted is called again by its wrapper, and not by its trampoline.
#include "sys/interrupted.h"
#include "sys/signals.h"
#include "sys/time.h"
#include "tests/sys/fs_tools.h"

static i32 ends[2];
static volatile i32 seen, write_at;

static void on_alarm(i32, SignalInfo*, SignalContext*) {
    seen = seen + 1;
    if (seen == write_at) (void)sys_write(ends[1], "x", 1);
}

int main() {
    print("TAP version 13\n");
    (void)pipe(ends);
    ok(signal_handle(kernel::SIGALRM, on_alarm), "a handler without SA_RESTART");
    constexpr IntervalTimer often{20'000'000, 20'000'000};
    (void)setitimer(ITIMER_REAL, often);
    char x = 0;
    fails(sys_read(ends[0], &x, 1), kernel::EINTR, "the trampoline's read is interrupted");
    write_at = seen + 3;
    ok(read(ends[0], &x, 1).raw == 1 && x == 'x', "the wrapper's goes on until there is a byte");
    ok(seen >= write_at, "after three signals");

    i64 slept = nanotime();
    const i32 before = seen;
    sleep_thread(100'000'000);
    slept = nanotime() - slept;
    ok(slept >= 100'000'000 && seen > before, "sleep_thread sleeps its time over them");

    int calls = 0;
    const Result r = again_when_interrupted([&] { return calls++ < 5 ? Result::error(kernel::EINTR) : Result{7}; });
    ok(r.raw == 7 && calls == 6, "the rule itself");
    calls = 0;
    fails(again_when_interrupted([&] { return calls++, Result::error(kernel::EAGAIN); }), kernel::EAGAIN, "is for EINTR alone");
    ok(calls == 1, "at once");
    (void)setitimer(ITIMER_REAL, {0, 0});
    return done();
}
