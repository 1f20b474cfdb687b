// SPDX-License-Identifier: BSD-3-Clause
// For the mach_* tests: a kern_return_t against the expected one, said by name when it is another.
#pragma once
#include "sys/darwin/mach.h"
#include "sys/darwin/port.h"
#include "tests/tap.h"

inline void is(trapeze::xnu::kern_return_t got, trapeze::xnu::kern_return_t expected, const char* sentence) {
    ok(got == expected, sentence);
    if (got != expected)
        trapeze::print("# ", static_cast<const char*>(trapeze::mach_error_string(got).text), " instead of ",
                       static_cast<const char*>(trapeze::mach_error_string(expected).text), "\n");
}
// Where releases differ.
inline void is_either(trapeze::xnu::kern_return_t got, trapeze::xnu::kern_return_t one, trapeze::xnu::kern_return_t other, const char* sentence) {
    is(got, got == other ? other : one, sentence);
}
inline void succeeds(trapeze::xnu::kern_return_t got, const char* sentence) { is(got, trapeze::xnu::KERN_SUCCESS, sentence); }

// A name that the task had and has no more.
inline trapeze::xnu::mach_port_t gone_name() {
    trapeze::xnu::mach_port_t name = 0;
    (void)trapeze::mach_port_allocate(trapeze::mach_task_self(), trapeze::xnu::MACH_PORT_RIGHT_RECEIVE, &name);
    (void)trapeze::mach_port_mod_refs(trapeze::mach_task_self(), name, trapeze::xnu::MACH_PORT_RIGHT_RECEIVE, -1);
    return name;
}
inline trapeze::u32 references(trapeze::xnu::mach_port_t name, trapeze::u32 right) {
    trapeze::u32 n = 0;
    return trapeze::mach_port_get_refs(trapeze::mach_task_self(), name, right, &n) == trapeze::xnu::KERN_SUCCESS ? n : ~0u;
}
inline trapeze::xnu::mach_port_t new_port(bool send_right = true) {
    trapeze::xnu::mach_port_t name = 0;
    if (trapeze::mach_port_allocate(trapeze::mach_task_self(), trapeze::xnu::MACH_PORT_RIGHT_RECEIVE, &name)) return 0;
    if (send_right) (void)trapeze::mach_port_insert_right(trapeze::mach_task_self(), name, name, trapeze::xnu::MACH_MSG_TYPE_MAKE_SEND);
    return name;
}
