// SPDX-License-Identifier: BSD-3-Clause
// A thread's semaphore on Darwin: a Mach semaphore, created when the thread first has to sleep and destroyed with it.
// The kernel keeps the count, so a wake-up before the sleep is not lost. The word holds its name, 0 until then.
// From macOS 13 on the message that creates it kills the sender (osfmk/ipc/ipc_policy.c, ipc_policy_allow_legacy_send_trap):
// this port serves 10.5 to 12.
#include "sync/sema.h"

#include "sys/darwin/mach.h"
#include "sys/os.h"

namespace trapeze {

Sema semacreate() {
    u64* word = &tls()->sema;
    if (!*word) {
        xnu::kern_return_t error;
        *word = semcreate(&error);
        if (!*word) macherror("semaphore_create", 0, error);
    }
    return {word};
}

bool semasleep(Sema s, i64 deadline) { return semacquire(static_cast<u32>(*s.word), deadline); }

void semawakeup(Sema s) { semrelease(static_cast<u32>(*s.word)); }

void semadestroy(Sema s) {
    if (!*s.word) return;
    xnu::kern_return_t r = semdestroy(static_cast<u32>(*s.word));
    if (r != xnu::KERN_SUCCESS) macherror("semaphore_destroy", static_cast<u32>(*s.word), r);
    *s.word = 0;
}

}  // namespace trapeze
