// SPDX-License-Identifier: BSD-3-Clause
// Bytes of this process that are in memory, by /proc/self/statm, which only Linux has; 0 elsewhere.
#pragma once
#include "sys/args.h"
#include "sys/file.h"

inline trapeze::i64 resident() {
    using namespace trapeze;
    char text[128] = {};
    Result file = open("/proc/self/statm", O_RDONLY);
    if (file.failed()) return 0;
    const Result n = read(static_cast<i32>(file.value()), text, sizeof text - 1);
    (void)close(static_cast<i32>(file.value()));
    char* p = text;
    while (*p && *p != ' ') p++;
    char* number = *p ? ++p : p;
    while (*p && *p != ' ') p++;
    *p = 0;
    i64 pages;
    return n.ok() && atoi(number, &pages) ? pages * 4096 : 0;
}
