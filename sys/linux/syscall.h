// SPDX-License-Identifier: BSD-3-Clause
// Linux's part of sys/syscall.h, which includes it.
#pragma once

namespace trapeze {

extern "C" Result syscall_number(u64 number, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f);

template <class... A>
Result syscall(u64 number, A... arguments) {
    static_assert(sizeof...(A) <= 6, "Linux takes six arguments");
    u64 a[6] = {syscall_argument(arguments)...};
    return syscall_number(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

}  // namespace trapeze
