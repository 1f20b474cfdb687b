// SPDX-License-Identifier: BSD-3-Clause
// Which of Darwin's two ports: ulock where the kernel has it, else Mach semaphores. The answer never changes in a run.
// Programs that want semaphores on every release (the tests do) link port_semaphores_dep, which answers false.
#pragma once

namespace trapeze {

bool port_is_ulock();

}  // namespace trapeze
