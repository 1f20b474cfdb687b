// SPDX-License-Identifier: BSD-3-Clause
// Darwin's monotonic clock: mach_absolute_time, which no trap returns. The kernel publishes its parameters in the
// commpage and user code computes it from the time stamp counter (osfmk/i386/commpage/commpage.h, _COMM_PAGE_NT_*;
// osfmk/x86_64/pmCPU.c and libsyscall wrappers/mach_absolute_time.s are the two ends of the protocol).
// nt_generation is a sequence lock: 0 while the kernel writes, and changed when it has written.
// One tick is one nanosecond on x86-64 (osfmk/i386/rtclock.c: timebase 1/1).
#include "sys/os.h"

namespace trapeze {

i64 nanotime() {
    const uptr page = 0x7fffffe00000;
    const auto* base = reinterpret_cast<const volatile u64*>(page + 0x50);
    const auto* scale = reinterpret_cast<const volatile u32*>(page + 0x58);
    const auto* shift = reinterpret_cast<const volatile u32*>(page + 0x5c);
    const auto* nanos = reinterpret_cast<const volatile u64*>(page + 0x60);
    const auto* generation = reinterpret_cast<const volatile u32*>(page + 0x68);
    for (;;) {
        const u32 before = *generation;
        asm volatile("lfence" ::: "memory");  // rdtsc is not ordered by itself
        const u64 ticks = (__builtin_ia32_rdtsc() - *base) << *shift;
        const u64 at = static_cast<u64>(static_cast<unsigned __int128>(ticks) * *scale >> 32) + *nanos;
        asm volatile("" ::: "memory");
        if (before && before == *generation) return static_cast<i64>(at);
    }
}

}  // namespace trapeze
