// SPDX-License-Identifier: BSD-3-Clause
// Memory under two addresses (vm_remap, memory entries, VM_INHERIT_SHARE). The host duplicates shared mappings: mremap with an
// old size of 0. Private memory is made shared in place: its pages go to a shared anonymous mapping, which then takes their
// address. Meanwhile the program's other threads run no code of theirs, and the pages cannot be written: what a trap of one of them
// would write there (a read that its bytes arrive for) is EFAULT to the host or the emulator, and is done again behind it (copyout,
// answer). Rejected: letting such writes happen, since what comes behind the copy is lost. A datagram that the host has taken
// off its queue by then is lost, as one that was never delivered.
//
// What is shared now but not by the program's wish is still copied at fork: fork_prepare_memory makes the copies, the child
// puts them in place.
#include "sys/darwin/kern_return.h"
#include "sys/mem.h"
#include "tools/xnurun/descriptors.h"
#include "tools/xnurun/fast.h"
#include "tools/xnurun/guards.h"
#include "tools/xnurun/load.h"
#include "tools/xnurun/memory.h"
#include "tools/xnurun/thread_control.h"
#include "tools/xnurun/trap.h"
#include "tools/xnurun/vm.h"

namespace trapeze {

u32 sharing_turn;

void await_sharing() {
    for (u32 turn; (turn = __atomic_load_n(&sharing_turn, __ATOMIC_ACQUIRE)) & 1;)
        host(lnx::SYS_futex, &sharing_turn, lnx::FUTEX_WAIT | lnx::FUTEX_PRIVATE_FLAG, turn, nullptr);
}

bool copyout_behind_sharing(const void* from, u64 to, u64 n) {
    if (!__atomic_load_n(&sharing_turn, __ATOMIC_ACQUIRE)) return false;  // there never was one
    await_sharing();
    return guest_copy(reinterpret_cast<void*>(to), from, n) == 0;
}

bool writable_behind_sharing(u64 to, u64 n) {
    if (!__atomic_load_n(&sharing_turn, __ATOMIC_ACQUIRE)) return false;
    await_sharing();
    return writable_now(to, n);
}

namespace {

void next_turn() {
    __atomic_fetch_add(&sharing_turn, 1, __ATOMIC_SEQ_CST);
    futex_wake(&sharing_turn, 0x7fffffff);
}

constexpr u64 page = 4096;
u64 trunc(u64 a) { return a & ~(page - 1); }
u64 round(u64 a) { return (a + page - 1) & ~(page - 1); }

struct ForkCopy {
    u64 at, size, copy;
    u32 protection;
};
ForkCopy* fork_copies;  // between fork_prepare_memory and what follows it; the forking thread holds share_lock
u32 fork_count, fork_room;
HostLock share_lock;    // before threads_lock: one at a time stops the others; a fork holds it

// The pages of `m` that there are, to `to`, which is zeroed. Of anonymous memory only what was ever touched.
void copy_pages(const HostMapping& m, u64 to) {
    const i64 fd = m.inode ? -1 : open_own("/proc/self/pagemap", lnx::O_RDONLY);
    u64 entries[512];
    for (u64 at = m.low; at < m.high;) {
        const u64 pages = (m.high - at) / page < 512 ? (m.high - at) / page : 512;
        const bool known = fd >= 0 && host(lnx::SYS_pread64, fd, entries, pages * 8, at / page * 8) == static_cast<i64>(pages * 8);
        for (u64 i = 0; i < pages; i++, at += page)
            if (!known || entries[i] >> 62) (void)copyin(reinterpret_cast<void*>(to + (at - m.low)), at, page);
    }
    if (!host_failed(fd)) host(lnx::SYS_close, fd);
}

i64 copy_of(const HostMapping& m, i32 kind) {
    const u64 size = m.high - m.low;
    const i64 r = host(lnx::SYS_mmap, 0, size, lnx::PROT_READ | lnx::PROT_WRITE, kind | lnx::MAP_ANON | lnx::MAP_NORESERVE, -1, 0);
    if (host_failed(r)) return r;
    const bool readable = m.protection & 1;
    if (!readable) host(lnx::SYS_mprotect, m.low, size, lnx::PROT_READ);
    copy_pages(m, static_cast<u64>(r));
    if (!readable) host(lnx::SYS_mprotect, m.low, size, m.protection);
    return r;
}

bool first_in(u64 from, u64 end, bool (*wanted)(const HostMapping&), HostMapping& m, bool everything = false) {
    HostMaps maps(everything);
    while (maps.next(m)) {
        if (m.high <= from) continue;
        if (m.low >= end) return false;
        if (!wanted(m)) continue;
        if (m.low < from) m.offset += from - m.low, m.low = from;
        if (m.high > end) m.high = end;
        return true;
    }
    return false;
}

// Nobody may hold a lock here that somebody else writes to the guest under: those wait for the turn's end.
bool make_shared(const HostMapping& m) {
    const u64 size = m.high - m.low;
    next_turn();
    if (m.protection & lnx::PROT_WRITE) host(lnx::SYS_mprotect, m.low, size, m.protection & ~static_cast<u32>(lnx::PROT_WRITE));
    HostMapping still = m;
    still.protection &= ~static_cast<u32>(lnx::PROT_WRITE);
    i64 r = copy_of(still, lnx::MAP_SHARED);
    if (!host_failed(r)) {
        host(lnx::SYS_mprotect, r, size, m.protection);
        r = host(lnx::SYS_mremap, r, size, size, lnx::MREMAP_MAYMOVE | lnx::MREMAP_FIXED, m.low);
    }
    if (host_failed(r)) host(lnx::SYS_mprotect, m.low, size, m.protection);
    next_turn();
    if (!host_failed(r)) guards_forget(m.low, size);  // from here on PROT_NONE is a mapping's own
    return !host_failed(r);
}

bool any_private(const HostMapping& m) { return !m.shared; }
bool any(const HostMapping&) { return true; }

// An address for the new range: PROT_NONE there.
i32 reserve(u64& target, u64 size, u64 mask, i32 flags) {
    return vm_allocate(target, size, flags & (vm_anywhere | vm_overwrite), 0, mask, flags & vm_anywhere ? target : 0);
}

}  // namespace

i32 vm_share(u64 at, u64 size) {
    HostMapping m;
    if (!first_in(at, at + size, any_private, m)) return 0;
    fast_text_changes(at, size);
    Locked hold(share_lock);
    threads_halt();
    i32 result = 0;
    for (u64 from = at; !result && first_in(from, at + size, any_private, m); from = m.high) {
        if (!make_shared(m)) result = xnu::KERN_RESOURCE_SHORTAGE;
        for (u64 here = m.low, until; here < m.high; here = until) {
            const bool usual = range_facts(here, &until).inheritance == inherit_usual;
            if (until > m.high) until = m.high;
            if (usual) ranges_change(here, until - here, [](RangeFacts& f, u32) { f.inheritance = inherit_copy; }, 0);
        }
    }
    threads_go();
    return result;
}

i32 vm_duplicate(u64 from, u64 size, u64 to) {
    HostMapping m;
    for (u64 at = from; at < from + size; at = m.high) {
        if (!first_in(at, from + size, any, m, true) || m.low > at) return xnu::KERN_INVALID_ADDRESS;
        const i64 r = host(lnx::SYS_mremap, m.low, 0, m.high - m.low, lnx::MREMAP_MAYMOVE | lnx::MREMAP_FIXED, to + (m.low - from));
        if (host_failed(r)) return r == -lnx::ENOMEM ? xnu::KERN_RESOURCE_SHORTAGE : xnu::KERN_INVALID_ARGUMENT;
    }
    return 0;
}

i32 vm_remap(u64& target, u64 size, u64 mask, i32 flags, u64 source, bool copy, i32& protection, i32& maximum, u32 inheritance) {
    constexpr i32 resilient_codesign = 0x20;
    if (flags & ~(vm_anywhere | vm_random | vm_overwrite | vm_return_data_address | resilient_codesign | vm_tag)) return xnu::KERN_INVALID_ARGUMENT;
    if (inheritance > 2 || size == 0) return xnu::KERN_INVALID_ARGUMENT;
    const u64 within = flags & vm_return_data_address ? source % page : 0;
    const u64 from = trunc(source), length = round(size + within);
    if (length == 0 || from + length < from || from + length > guest_user_max || hits_emulator(from, length)) return xnu::KERN_INVALID_ADDRESS;
    protection = maximum = 7;
    for (u64 at = from; at < from + length;) {  // vm_map_remap_extract: all of it must be there; what all of it allows
        VmRegion r;
        if (!vm_region(at, r) || r.address > at) return xnu::KERN_INVALID_ADDRESS;
        protection &= static_cast<i32>(r.protection);
        maximum &= r.facts.maximum;
        at = r.address + r.size;
    }
    if (!copy)
        if (const i32 failed = vm_share(from, length)) return failed;
    if (const i32 failed = reserve(target, length, mask, flags)) return failed;
    i32 result = 0;
    HostMapping m;
    for (u64 at = from; !result && at < from + length; at = m.high) {
        if (!first_in(at, from + length, any, m) || m.low > at) {
            result = xnu::KERN_INVALID_ADDRESS;
            break;
        }
        const u64 to = target + (m.low - from);
        if (!copy) {
            result = vm_duplicate(m.low, m.high - m.low, to);
        } else {
            const i64 r = copy_of(m, lnx::MAP_PRIVATE);
            if (host_failed(r)) {
                result = xnu::KERN_RESOURCE_SHORTAGE;
                break;
            }
            host(lnx::SYS_mprotect, r, m.high - m.low, m.protection);
            host(lnx::SYS_mremap, r, m.high - m.low, m.high - m.low, lnx::MREMAP_MAYMOVE | lnx::MREMAP_FIXED, to);
        }
        for (u64 here = m.low, until; here < m.high; here = until) {
            const RangeFacts facts = range_facts(here, &until);
            if (until > m.high) until = m.high;
            const u32 kept = facts.maximum | u32{facts.tag} << 8;
            ranges_change(target + (here - from), until - here,
                          [](RangeFacts& f, u32 v) { f.maximum = v & 7, f.tag = static_cast<u8>(v >> 8); }, kept);
        }
    }
    if (result) {
        (void)vm_deallocate(target, length);
        return result;
    }
    (void)vm_inherit(target, length, inheritance);
    target += within;
    return 0;
}

void fork_prepare_memory() {
    share_lock.lock();
    fork_count = 0;
    u64 at, end;
    for (u64 from = 0; range_with([](const RangeFacts& f) { return f.inheritance == inherit_copy; }, from, at, end); from = end) {
        HostMapping m;
        for (u64 here = at; first_in(here, end, [](const HostMapping& h) { return h.shared; }, m); here = m.high) {
            if (fork_count == fork_room) {
                const u32 wider = fork_room ? fork_room * 2 : 128;
                ForkCopy* fresh = static_cast<ForkCopy*>(host_pages(wider * sizeof(ForkCopy)));
                if (fork_copies) memcpy(fresh, fork_copies, fork_count * sizeof(ForkCopy));
                fork_copies = fresh;
                fork_room = wider;
            }
            const i64 copy = copy_of(m, lnx::MAP_PRIVATE);
            if (!host_failed(copy)) fork_copies[fork_count++] = {m.low, m.high - m.low, static_cast<u64>(copy), m.protection};
        }
    }
    ranges_lock.lock();
}

void fork_parent_memory() {
    ranges_lock.unlock();
    for (u32 n = 0; n < fork_count; n++) host(lnx::SYS_munmap, fork_copies[n].copy, fork_copies[n].size);
    share_lock.unlock();
}

void fork_child_memory() {
    sharing_turn = 0;
    ranges_lock.reset();
    for (u32 n = 0; n < fork_count; n++) {
        const ForkCopy& c = fork_copies[n];
        host(lnx::SYS_mprotect, c.copy, c.size, c.protection);
        host(lnx::SYS_mremap, c.copy, c.size, c.size, lnx::MREMAP_MAYMOVE | lnx::MREMAP_FIXED, c.at);
        guards_forget(c.at, c.size);
    }
    share_lock.reset();
    u64 at, end;  // what the child did not get has no facts either
    while (range_with([](const RangeFacts& f) { return f.inheritance == inherit_none; }, 0, at, end)) ranges_forget(at, end - at);
}

}  // namespace trapeze
