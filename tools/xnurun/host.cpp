// SPDX-License-Identifier: BSD-3-Clause
// See host.h.
#include "tools/xnurun/host.h"

#include "tools/xnurun/report.h"
#include "tools/xnurun/thread.h"

namespace trapeze {

void HostLock::lock() {
    u32 free = 0;
    if (__atomic_compare_exchange_n(&word_, &free, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) return;
    while (__atomic_exchange_n(&word_, 2, __ATOMIC_ACQUIRE) != 0)
        host(lnx::SYS_futex, &word_, lnx::FUTEX_WAIT | lnx::FUTEX_PRIVATE_FLAG, 2, 0);
}

void HostLock::unlock() {
    if (__atomic_exchange_n(&word_, 0, __ATOMIC_RELEASE) == 2) futex_wake(&word_, 1);
}

extern "C" i64 host_call_sleeping(u64 number, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f) {
    Thread& me = self();
    __atomic_store_n(&me.sleeping, true, __ATOMIC_SEQ_CST);
    const i64 r = host_call_interruptible(number, a, b, c, d, e, f);
    __atomic_store_n(&me.sleeping, false, __ATOMIC_RELAXED);
    return r;
}

i64 futex_wait(u32* word, u32 value, const lnx::timespec* until_monotonic) {
    constexpr i32 wait_bitset = 9;  // the variant whose deadline is absolute; its clock is the monotonic one
    return host_blocking(lnx::SYS_futex, word, wait_bitset | lnx::FUTEX_PRIVATE_FLAG, value, until_monotonic, 0,
                         0xffffffffu);
}

void futex_wake(u32* word, i32 count) {
    host(lnx::SYS_futex, word, lnx::FUTEX_WAKE | lnx::FUTEX_PRIVATE_FLAG, count);
}

u64 monotonic_ns() {
    lnx::timespec now;
    host(lnx::SYS_clock_gettime, lnx::CLOCK_MONOTONIC, &now);
    return static_cast<u64>(now.tv_sec) * 1000000000 + static_cast<u64>(now.tv_nsec);
}

void* host_pages(u64 size) {
    i64 r = host(lnx::SYS_mmap, 0, size, lnx::PROT_READ | lnx::PROT_WRITE, lnx::MAP_PRIVATE | lnx::MAP_ANON, -1, 0);
    if (host_failed(r)) give_up("no memory for the emulator itself: mmap of ", size, " bytes failed with errno ", -r);
    return reinterpret_cast<void*>(r);
}

}  // namespace trapeze
