// SPDX-License-Identifier: BSD-3-Clause
// What a call has left in a buffer, at an offset in bytes.
#pragma once
#include "sys/mem.h"

template <class T>
T field(const void* buffer, trapeze::u32 offset) {
    T value;
    memcpy(&value, static_cast<const trapeze::u8*>(buffer) + offset, sizeof value);
    return value;
}
