// SPDX-License-Identifier: BSD-3-Clause
// A thread's semaphore on Darwin: a Mach semaphore, created when the thread first has to sleep and destroyed with it.
// The kernel keeps the count, so a wake-up before the sleep is not lost. The word holds its name, 0 until then.
// From macOS 13 on the message that creates it kills the sender (osfmk/ipc/ipc_policy.c, ipc_policy_allow_legacy_send_trap):
// this port serves 10.5 to 12.
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
