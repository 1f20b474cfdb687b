// SPDX-License-Identifier: BSD-3-Clause
#include "raise.h"
#include "sys/calls.h"
#include "sys/panic.h"

using namespace trapeze;

extern "C" void signal_restorer();

void install_handler() {
    lnx::kernel_sigaction act = {reinterpret_cast<u64>(+[](i32) { handled(); }), lnx::SA_ONSTACK | lnx::SA_RESTORER,
                                 reinterpret_cast<u64>(signal_restorer), 0};
    Result r = sys_rt_sigaction(lnx::SIGUSR1, &act, nullptr, sizeof act.mask);
    if (r.failed()) die_errno("rt_sigaction", r);
}

void raise_here() { (void)sys_tgkill(static_cast<i32>(sys_getpid().raw), static_cast<i32>(sys_gettid().raw), lnx::SIGUSR1); }
