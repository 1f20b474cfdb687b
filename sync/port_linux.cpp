// SPDX-License-Identifier: BSD-3-Clause
// Linux's port: a futex in the thread's block.
#include "sync/port_word.h"
#include "sys/calls.h"
#include "sys/panic.h"

namespace trapeze {

static void wait(u32* word, i64 ns) {
    const lnx::timespec ts{ns / 1'000'000'000, ns % 1'000'000'000};
    // EAGAIN: the word is 1 already. EINTR: a signal. ETIMEDOUT: the caller looks at the clock. All go round.
    Result r = sys_futex(word, lnx::FUTEX_WAIT | lnx::FUTEX_PRIVATE_FLAG, 0, ns < 0 ? nullptr : const_cast<lnx::timespec*>(&ts), nullptr, 0);
    // survives if false: the kernel gives no other
    if (r.failed() && r.err() != lnx::EAGAIN && r.err() != lnx::EINTR && r.err() != lnx::ETIMEDOUT) die_errno("futex(FUTEX_WAIT)", r);
}

static void wake(u32* word) { (void)sys_futex(word, lnx::FUTEX_WAKE | lnx::FUTEX_PRIVATE_FLAG, 1, nullptr, nullptr, 0); }

ThreadSema semacreate() { return {&tls()->sema}; }

bool semasleep(ThreadSema s, i64 deadline) { return word_sleep<wait>(s, deadline); }

void semawakeup(ThreadSema s) { word_wakeup<wake>(s); }

}  // namespace trapeze
