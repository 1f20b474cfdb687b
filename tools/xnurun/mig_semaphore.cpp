// SPDX-License-Identifier: BSD-3-Clause
// Subsystem semaphore (617200): a server of the kernel's in 10.5 only (osfmk/kern/ipc_kobject.c of xnu-1228); later the
// traps alone. The waits are not here: no client of it was ever anything but a trap.
#include "sys/darwin/kern_return.h"
#include "sys/darwin/numbers.h"
#include "tools/xnurun/rpc.h"
#include "tools/xnurun/semaphore.h"

namespace trapeze {
namespace {

i32 signal(Rpc& r) { return semaphore_signal_port(r.object, false); }
i32 signal_all(Rpc& r) { return semaphore_signal_port(r.object, true); }

const RpcRow rows[] = {
    {xnu::MIG_semaphore_signal, signal},
    {xnu::MIG_semaphore_signal_all, signal_all},
};

}  // namespace

const RpcServer mig_semaphore_server = {[](const Port* p) { return p->kind == PortKind::semaphore; }, xnu::KERN_INVALID_ARGUMENT,
                                        rows, sizeof rows / sizeof *rows};

}  // namespace trapeze
