// SPDX-License-Identifier: BSD-3-Clause
// See exec_ports.h. An execution empties the space of ports (task_complete_halt: ipc_space_clean), so what the program received itself is
// dead, but the task's slots stay: exception ports with behavior and flavor, registered ones, the bootstrap port. To 10.11 the task is the
// same one; from 10.12 on, and in posix_spawn ever, a new one takes what a child of fork does (ipc_task_init).
// Sources: xnu-3248.60.10 and xnu-3789.70.16 bsd/kern/kern_exec.c, osfmk/kern/ipc_tt.c, task.c.
#include "tools/xnurun/exec_ports.h"

#include "sys/mem.h"
#include "tools/xnurun/handed.h"

namespace trapeze {

bool kept_ports_write(char (&option)[kept_ports_size], bool new_task) {
    KeptPorts k{};
    special_ports_keep(k, new_task);
    exceptions_keep(k);
    bool any = false;
    memcpy(option, kept_ports_option, sizeof kept_ports_option - 1);
    char* at = option + sizeof kept_ports_option - 1;
    for (const u8 slot : k.slots) hex_put(at, slot, 1), any |= slot != slot_empty;
    for (u32 i = 1; i < exception_types; i++) {
        const bool set = k.exceptions[i] != slot_empty || k.behaviors[i] || k.flavors[i];
        hex_put(at, set ? k.exceptions[i] + 1u : 0u, 1), any |= set;
        if (set) hex_put(at, k.behaviors[i], 8), hex_put(at, k.flavors[i], 8);
    }
    *at = 0;
    return any;
}

void kept_ports_read(const char* text) {
    KeptPorts k{};
    for (u8& slot : k.slots) slot = static_cast<u8>(hex_get(text, 1));
    for (u32 i = 1; i < exception_types; i++) {
        const u64 set = hex_get(text, 1);
        if (!set) continue;
        k.exceptions[i] = static_cast<u8>(set - 1);
        k.behaviors[i] = static_cast<u32>(hex_get(text, 8));
        k.flavors[i] = static_cast<u32>(hex_get(text, 8));
    }
    special_ports_take(k);
    exceptions_take(k);
}

}  // namespace trapeze
