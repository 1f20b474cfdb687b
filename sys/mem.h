// SPDX-License-Identifier: BSD-3-Clause
// The memory and string primitives that compilers call on their own (they emit memcpy & co. whatever the flags), and the
// few string helpers that start-up needs. Nothing here allocates or blocks.
#pragma once
#include "sys/types.h"

extern "C" {
void* memcpy(void* to, const void* from, std::size_t n);
void* memmove(void* to, const void* from, std::size_t n);
void* memset(void* at, int byte, std::size_t n);
int memcmp(const void* a, const void* b, std::size_t n);
}

namespace trapeze {

constexpr usize str_len(const char* s) {
    usize n = 0;
    while (s[n]) n++;
    return n;
}

constexpr bool str_eq(const char* a, const char* b) {
    while (*a && *a == *b) a++, b++;
    return *a == *b;
}

}  // namespace trapeze
