// SPDX-License-Identifier: BSD-3-Clause
// Who the process and its threads are. As in XNU (bsd/kern/kern_credential.c kauth_cred_uthread_update), the identity is the process's,
// and a thread takes on what has changed when it begins its next trap: the host's identities are each thread's own. So one that
// sleeps in a trap meanwhile ends it as who it was, and nobody need be interrupted.
//
// A thread that has taken on another identity (settid) keeps that; the host's thread keeps its capabilities, not in force, so that it
// can come back. Rejected: a signal to every thread, as C libraries do it, which sleeping traps would see.
#pragma once
#include "tools/xnurun/process.h"

#pragma GCC visibility push(hidden)  // see host.h
namespace trapeze {

void identity_follow(Thread&);           // out of line part of:
inline void identity_look(Thread& t) {   // at the beginning of each trap
    if (__builtin_expect(t.identity_number != __atomic_load_n(&t.process->identity_number, __ATOMIC_ACQUIRE), 0) && !t.assumed)
        identity_follow(t);
}
extern HostLock identity_lock;           // a fork holds it
Identity identity_here();                // who this host thread is
void identity_of_process(const Thread&); // this host thread becomes who the process is: in a child, and before a new image
void identity_again(const Identity&);    // and who it was, as there is no new image

}  // namespace trapeze
#pragma GCC visibility pop
