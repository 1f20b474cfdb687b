// SPDX-License-Identifier: BSD-3-Clause
// The CPUs that Linux lets this process use.
#include "sys/calls.h"
#include "sys/os.h"

namespace trapeze {

i32 cpu_count() {
    u64 mask[128];  // 8,192 CPUs, the most that CONFIG_NR_CPUS allows; the kernel returns the bytes it filled
    Result r = sys_sched_getaffinity(0, sizeof mask, reinterpret_cast<u8*>(mask));
    i32 n = 0;
    if (r.ok())
        for (i64 i = 0; i < r.value() / 8; i++)
            for (u64 bits = mask[i]; bits; bits &= bits - 1) n++;  // no popcount: it may become a call into libgcc
    return n ? n : 1;
}

}  // namespace trapeze
