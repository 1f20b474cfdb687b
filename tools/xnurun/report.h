// SPDX-License-Identifier: BSD-3-Clause
// How a run ends, and what the emulator says of itself. Without options it says nothing unless it cannot go on.
#pragma once
#include "sys/print.h"

namespace trapeze {

constexpr i32 status_cannot_go_on = 125, status_cannot_load = 126, status_not_found = 127, status_usage = 2;

void report_end();                       // the statistics, if --stats asked for them; once
[[noreturn]] void exit_run(i32 status);  // report_end, then exit_group

// The emulator cannot go on: one line, status 125.
template <class... A>
[[noreturn]] void give_up(const A&... what) {
    eprint("xnurun: ", what..., "\n");
    exit_run(status_cannot_go_on);
}

}  // namespace trapeze
