// SPDX-License-Identifier: BSD-3-Clause
// A thread's semaphore on Linux: the low half of the word is a futex.
//
//   word  meaning           who changes it
//   0     no wake-up        semasleep takes it to 0 (acquire: sees what the waker did before)
//   1     one wake-up       semawakeup sets it (release), then wakes the futex
//
// The waker's futex call may come after the sleeper has returned, even after its thread and the word's memory are gone:
// then it fails (EFAULT) or wakes a stranger once too often, and every sleep here looks at its word again.
#include "sync/sema.h"

#include "sync/atomic.h"
#include "sys/calls.h"
#include "sys/os.h"
#include "sys/panic.h"

namespace trapeze {

static Atomic<u32>* futex_of(Sema s) { return reinterpret_cast<Atomic<u32>*>(s.word); }

Sema semacreate() { return {&tls()->sema}; }

bool semasleep(Sema s, i64 deadline) {
    Atomic<u32>* word = futex_of(s);
    for (;;) {
        if (word->load(relaxed) == 1) {
            (void)word->xchg(0, acquire);  // with semawakeup's release
            return true;
        }
        lnx::timespec ts;
        lnx::timespec* timeout = nullptr;
        if (deadline >= 0) {
            const i64 left = deadline - nanotime();
            if (left <= 0) return false;
            ts = {left / 1'000'000'000, left % 1'000'000'000};
            timeout = &ts;
        }
        // EAGAIN: the word is 1 already. EINTR: a signal. ETIMEDOUT: looked at above. All go round.
        Result r = sys_futex(word->address(), lnx::FUTEX_WAIT | lnx::FUTEX_PRIVATE_FLAG, 0, timeout, nullptr, 0);
        if (r.failed() && r.err() != lnx::EAGAIN && r.err() != lnx::EINTR && r.err() != lnx::ETIMEDOUT)
            die_errno("futex(FUTEX_WAIT)", r);
    }
}

void semawakeup(Sema s) {
    Atomic<u32>* word = futex_of(s);
    word->store(1, release);
    (void)sys_futex(word->address(), lnx::FUTEX_WAKE | lnx::FUTEX_PRIVATE_FLAG, 1, nullptr, nullptr, 0);
}

}  // namespace trapeze
