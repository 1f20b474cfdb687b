// SPDX-License-Identifier: BSD-3-Clause
// Darwin's two ports.
//
// Semaphore: made when the thread first has to sleep and destroyed with it. The kernel keeps the count, so a wake-up before the
// sleep is not lost. The word holds its name, 0 until then. Every release has the semaphore traps; the message that creates
// one goes by the trap that the release wants (mach_msg or mach_msg2, sys/darwin/release.h).
// ulock: one trap on the thread's own word, without a kernel object.
#include "sync/port_choice.h"
#include "sync/port_word.h"
#include "sys/calls.h"
#include "sys/darwin/mach.h"
#include "sys/darwin/ulock.h"
#include "sys/panic.h"

namespace trapeze {

static void semadestroy() {
    u64* word = &tls()->sema;
    xnu::kern_return_t r = semdestroy(static_cast<u32>(*word));
    if (r != xnu::KERN_SUCCESS) macherror("semaphore_destroy", static_cast<u32>(*word), r);
    *word = 0;
}

static void wait(u32* word, i64 ns) {
    // The time is in microseconds, 0 is for ever, and 71 minutes are the most: the caller goes round.
    u64 us = 0;
    if (ns >= 0 && (us = (static_cast<u64>(ns) + 999) / 1000) > 0xffffffff) us = 0xffffffff;
    // EINTR: a signal. ETIMEDOUT: the caller looks at the clock. EFAULT: the page was not there, and the caller touches it.
    Result r = sys_ulock_wait(xnu::UL_COMPARE_AND_WAIT, word, 0, static_cast<u32>(us));
    if (r.failed() && r.err() != xnu::EINTR && r.err() != xnu::ETIMEDOUT && r.err() != xnu::EFAULT) die_errno("ulock_wait", r);
}

static void wake(u32* word) { (void)sys_ulock_wake(xnu::UL_COMPARE_AND_WAIT, word, 0); }  // ENOENT: it does not sleep yet, or no longer

ThreadSema semacreate() {
    Tls* t = tls();
    u64* word = &t->sema;
    if (!*word && !port_is_ulock()) {
        xnu::kern_return_t error;
        *word = semcreate(&error);
        if (!*word) macherror("semaphore_create", 0, error);
        t->at_exit = semadestroy;
    }
    return {word};
}

bool semasleep(ThreadSema s, i64 deadline) {
    if (port_is_ulock()) return word_sleep<wait>(s, deadline);
    return semacquire(static_cast<u32>(*s.word), deadline);
}

void semawakeup(ThreadSema s) {
    if (port_is_ulock()) return word_wakeup<wake>(s);
    semrelease(static_cast<u32>(*s.word));
}

}  // namespace trapeze
