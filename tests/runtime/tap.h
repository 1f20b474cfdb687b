// SPDX-License-Identifier: BSD-3-Clause
// TAP 13 for stand-alone tests: ok(condition, sentence) for each fact, done() as main's result.
#pragma once
#include "trapeze.h"

inline int tap_count, tap_failed;

inline void ok(bool held, const char* sentence) {
    if (!held) tap_failed++;
    trapeze::print(held ? "ok " : "not ok ", ++tap_count, " - ", sentence, "\n");
}

inline int done() {
    trapeze::print("1..", tap_count, "\n");
    return tap_failed ? 1 : 0;
}
