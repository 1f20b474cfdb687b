// SPDX-License-Identifier: BSD-3-Clause
// See host.h.
#include "tools/xnurun/host.h"

#include "sys/auxv_linux.h"
#include "sys/os.h"
#include "sys/time.h"
#include "tools/xnurun/report.h"
#include "tools/xnurun/thread.h"

namespace trapeze {

static u64 vdso_begin;  // written before the first guest instruction

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

u64 monotonic_ns() { return static_cast<u64>(nanotime()); }
u64 wall_ns() { return static_cast<u64>(walltime()); }

void find_vdso() { vdso_begin = auxval(lnx::AT_SYSINFO_EHDR); }

// Its headers are looked at when something is near, so that a start touches none of it.
bool in_vdso(u64 rip) {
    constexpr u64 larger_than_any = 1 << 20;
    const u64 distance = rip - vdso_begin;
    if (!vdso_begin || distance >= larger_than_any) return false;
    // Elf64_Ehdr: e_phoff at 32, e_phnum at 56. Elf64_Phdr, 56 bytes: p_type at 0, p_vaddr at 16, p_memsz at 40.
    const auto at = [](u64 where) { return *reinterpret_cast<const u64*>(where); };
    const u64 headers = vdso_begin + at(vdso_begin + 32), count = at(vdso_begin + 56) & 0xffff;
    for (u64 header = headers; header < headers + 56 * count; header += 56)
        if (static_cast<u32>(at(header)) == 1 && distance < (at(header + 16) & 4095) + at(header + 40)) return true;
    return false;
}

namespace {

u64 reserve_at, reserve_end;  // atomic: what is taken only grows, beyond the end too

i64 map_own(u64 size) {
    return host(lnx::SYS_mmap, 0, size, lnx::PROT_READ | lnx::PROT_WRITE, lnx::MAP_PRIVATE | lnx::MAP_ANON | lnx::MAP_NORESERVE, -1, 0);
}

}  // namespace

// As much as can be had, if the host has a limit of its own (ulimit -v).
void init_host_pages(u64 size) {
    for (; size; size /= 2) {
        const i64 r = map_own(size);
        if (host_failed(r)) continue;
        reserve_at = static_cast<u64>(r);
        reserve_end = reserve_at + size;
        return;
    }
}

void* host_pages(u64 size) {
    size = (size + 4095) & ~4095ull;
    const u64 at = __atomic_fetch_add(&reserve_at, size, __ATOMIC_RELAXED);
    if (at + size <= reserve_end) return reinterpret_cast<void*>(at);
    const i64 r = map_own(size);
    if (host_failed(r)) give_up("no memory for the emulator itself: mmap of ", size, " bytes failed with errno ", -r);
    return reinterpret_cast<void*>(r);
}

void* host_room(u64 size) {
    const i64 r = map_own(size);
    return host_failed(r) ? nullptr : reinterpret_cast<void*>(r);
}

void host_room_free(void* p, u64 size) { host(lnx::SYS_munmap, p, size); }

}  // namespace trapeze
