// SPDX-License-Identifier: BSD-3-Clause
// Memory blocks, as plain accesses.
#pragma once
#include "sys/types.h"

namespace trapeze {

inline void* memset(void* at, int c, usize n) {
    for (usize i = 0; i < n; i++) static_cast<volatile u8*>(at)[i] = static_cast<u8>(c);
    return at;
}

inline void* memcpy(void* at, const void* from, usize n) {
    for (usize i = 0; i < n; i++) static_cast<volatile u8*>(at)[i] = static_cast<const volatile u8*>(from)[i];
    return at;
}

}  // namespace trapeze
