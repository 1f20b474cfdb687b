// SPDX-License-Identifier: BSD-3-Clause
// A thread's semaphore on Darwin: a Mach semaphore, created when the thread first has to sleep and destroyed with it.
// The kernel keeps the count, so a wake-up before the sleep is not lost. The word holds its name, 0 until then.
// Every release has the semaphore traps; the message that creates one goes by the trap that the release wants (mach_msg or
// mach_msg2, sys/darwin/release.h). From 10.12 on a sleep could be one trap on the thread's own word instead, without a kernel
// object: ulock_available() in sys/darwin/ulock.h would choose here.
#include "sync/sema.h"

#include "sys/darwin/mach.h"
#include "sys/os.h"

namespace trapeze {

static void semadestroy() {
    u64* word = &tls()->sema;
    xnu::kern_return_t r = semdestroy(static_cast<u32>(*word));
    if (r != xnu::KERN_SUCCESS) macherror("semaphore_destroy", static_cast<u32>(*word), r);
    *word = 0;
}

Sema semacreate() {
    Tls* t = tls();
    u64* word = &t->sema;
    if (!*word) {
        xnu::kern_return_t error;
        *word = semcreate(&error);
        if (!*word) macherror("semaphore_create", 0, error);
        t->at_exit = semadestroy;
    }
    return {word};
}

bool semasleep(Sema s, i64 deadline) { return semacquire(static_cast<u32>(*s.word), deadline); }

void semawakeup(Sema s) { semrelease(static_cast<u32>(*s.word)); }

}  // namespace trapeze
