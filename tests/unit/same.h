// SPDX-License-Identifier: BSD-3-Clause
// What the linux_*.cpp files compare with: two lists, ours and the host's, in the same order.
#pragma once
#include "sys/types.h"

template <class T, trapeze::usize N>
constexpr bool same(const T (&a)[N], const T (&b)[N]) {
    for (trapeze::usize i = 0; i < N; i++)
        if (a[i] != b[i]) return false;
    return true;
}
