// SPDX-License-Identifier: BSD-3-Clause
#include "raise.h"
#include "sys/calls.h"
#include "sys/panic.h"

using namespace trapeze;

extern "C" void signal_tramp();

void install_handler() {
    xnu::sigaction_in act = {reinterpret_cast<u64>(+[](i32) { handled(); }), reinterpret_cast<u64>(signal_tramp), 0, xnu::SA_ONSTACK};
    Result r = sys_sigaction(xnu::SIGUSR1, &act, nullptr);
    if (r.failed()) die_errno("sigaction", r);
}

void raise_here() { (void)sys___pthread_kill(sys_thread_self_trap(), xnu::SIGUSR1); }
