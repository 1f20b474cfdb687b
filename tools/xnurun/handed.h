// SPDX-License-Identifier: BSD-3-Clause
// What execve hands on to the next xnurun goes in options of its own (--limits=, --mask=, --ports= and the like): numbers in hexadecimal
// digits, as many as the reader knows of.
#pragma once
#include "sys/types.h"

namespace trapeze {

inline void hex_put(char*& at, u64 v, u32 digits) {
    for (u32 n = digits; n-- > 0;) *at++ = "0123456789abcdef"[v >> n * 4 & 15];
}

inline u64 hex_get(const char*& at, u32 digits) {  // ends with the text
    u64 v = 0;
    for (; digits && *at; digits--, at++) v = v << 4 | static_cast<u32>(*at <= '9' ? *at - '0' : *at - 'a' + 10);
    return v;
}

}  // namespace trapeze
