// SPDX-License-Identifier: BSD-3-Clause
// What a new image has of the old one's registered, special and exception ports: as an option that execve hands on.
#pragma once
#include "tools/xnurun/thread.h"

#pragma GCC visibility push(hidden)  // see host.h
namespace trapeze {

// What a slot holds, as far as another image can have it.
enum : u8 { slot_empty, slot_dead, slot_host, slot_host_priv, slot_replaced };  // replaced: by null, where there is a port of the task's own

struct KeptPorts {
    static constexpr u32 slot_count = 9;
    u8 slots[slot_count];                      // three registered ones, then the special ones
    u8 exceptions[exception_types];
    u32 behaviors[exception_types], flavors[exception_types];
};
void special_ports_keep(KeptPorts&, bool new_task), special_ports_take(const KeptPorts&);
void exceptions_keep(KeptPorts&), exceptions_take(const KeptPorts&);

constexpr char kept_ports_option[] = "--ports=";
constexpr u32 kept_ports_size = sizeof kept_ports_option + KeptPorts::slot_count + exception_types * 17;
bool kept_ports_write(char (&option)[kept_ports_size], bool new_task);  // false: there is nothing to hand on
void kept_ports_read(const char* text);                                // what follows the option's name

}  // namespace trapeze
#pragma GCC visibility pop
