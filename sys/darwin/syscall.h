// SPDX-License-Identifier: BSD-3-Clause
// Darwin's part of sys/syscall.h, which includes it: the BSD class with and without its second result, the Mach class.
#pragma once

namespace trapeze {

extern "C" Result2 bsd_number(u64 eax, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f, u64 g, u64 h);
extern "C" u64 mach_number(u64 eax, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f, u64 g, u64 h, u64 i);

// rax and rdx; on failure raw is -errno.
template <class... A>
Result2 syscall2(u32 number, A... arguments) {
    static_assert(sizeof...(A) <= 8, "the BSD class takes eight arguments");
    u64 a[8] = {syscall_argument(arguments)...};
    return bsd_number(0x2000000 | number, a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7]);
}

template <class... A>
Result syscall(u32 number, A... arguments) {
    return {syscall2(number, arguments...).raw};
}

template <class... A>
u64 mach_trap(u32 number, A... arguments) {
    static_assert(sizeof...(A) <= 9, "the Mach class takes nine arguments");
    u64 a[9] = {syscall_argument(arguments)...};
    return mach_number(0x1000000 | number, a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8]);
}

}  // namespace trapeze
