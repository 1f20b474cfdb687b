// SPDX-License-Identifier: BSD-3-Clause
// TAP 13 for stand-alone tests: ok(condition, sentence) for each fact, done() as main's result.
//
// TRAPEZE_UNANSWERED names, separated by commas, what the kernel or wrapper under the test is known not to answer; a test asks
// answered(name) before it uses it and skips what depends on it by name. Unset, everything is tried.
#pragma once
#include "rt0/trapeze.h"

inline int tap_count, tap_failed;

inline void ok(bool held, const char* sentence) {
    if (!held) tap_failed++;
    trapeze::print(held ? "ok " : "not ok ", ++tap_count, " - ", sentence, "\n");
}

// For a Result: on failure the line after says what came instead.
inline void ok(trapeze::Result r, const char* sentence) {
    ok(r.ok(), sentence);
    if (r.failed()) trapeze::print("# errno ", r.err(), " ", trapeze::errno_name(r.err()), "\n");
}
inline void fails(trapeze::Result r, trapeze::i32 expected, const char* sentence) {
    ok(r.err() == expected, sentence);
    if (r.err() != expected) trapeze::print("# result ", r.raw, ", errno ", r.err(), " instead of ", expected, "\n");
}

inline void skip(const char* reason, const char* sentence) {
    trapeze::print("ok ", ++tap_count, " - ", sentence, " # SKIP ", reason, "\n");
}

inline bool answered(const char* name) {
    const char* p = trapeze::getenv("TRAPEZE_UNANSWERED");
    while (p && *p) {
        const char* n = name;
        while (*n && *p == *n) p++, n++;
        if (!*n && (!*p || *p == ',')) return false;
        while (*p && *p++ != ',') {}
    }
    return true;
}

inline int done() {
    trapeze::print("1..", tap_count, "\n");
    return tap_failed ? 1 : 0;
}
