// SPDX-License-Identifier: BSD-3-Clause
// A site of --fast: the instruction before a syscall, five bytes or more, becomes a jmp to a stub that does the same; the syscall stays.
//   mov eax, n ; syscall                       (b8)            the program's own stubs, one for each trap
//   mov rax, n ; syscall                       (48 c7 c0)
//   either ; mov r10, rcx ; syscall            (49 89 ca)      as Apple's C library has it
//   mov rax, [rsp or rbp + d] ; add rax, class ; syscall       one stub for all traps: the number is known when it runs
//   site: jmp stub ; syscall        stub: what stood there ; mov rcx, behind the syscall ; mov r11, fast_entry ; jmp r11
//
// What bytes mean cannot be known for certain from their end: rax must be what they say, each time; r8 must not be n (REX.B would
// make it `mov r8d, n`); flags must be what such an addition leaves. What precedes an add must be its load, since 48 05 may be the
// end of one instruction and the beginning of another.
// Invariants, under fast_lock:
//   - Between the first int3 and the last byte `rewriting` is set. Threads that execute the site meanwhile: int3 over the first byte,
//     all processors synchronised, the rest, again, the first byte. One that meets the int3 is sent back to it.
//   - The program's text is as it was loaded but for these jumps, and no other: whatever maps, protects or shares a part of it calls
//     fast_text_changes first, which puts the old bytes back everywhere, for good. Stubs stay: threads may be in them.
//   - Stubs lie in page zero where it has room, as close below the image as possible: the program can map nothing there (XNU
//     raises the map's minimum). Images without such a page zero have them 2 GiB above, where a program of theirs finds no room for 16 KiB.
//     A page of them is accessible when it has the first; /proc/self/maps shows them apart (MADV_DONTDUMP), whatever the program maps beside.
// Rejected: `call *%rax` (2 bytes, as syscall) into sleds at 0x1000000, 0x2000000, 0x3000000: it writes below rsp, where Darwin
// programs have a red zone; a wild rax lands anywhere; images lie at these addresses. Rewriting by /proc/self/mem: a descriptor
// that the guest could see.
#include "tools/xnurun/fast_sites.h"

#include "sys/mem.h"
#include "tools/xnurun/fast.h"
#include "tools/xnurun/trap.h"

namespace trapeze {

HostLock fast_lock;

namespace {

constexpr u64 page = 4096, stub_size = 48, area_size = 0x4000, max_stubs = area_size / stub_size;
constexpr u64 barrier = 32, barrier_register = 64;  // MEMBARRIER_CMD_(REGISTER_)PRIVATE_EXPEDITED_SYNC_CORE
constexpr i32 prot_rx = lnx::PROT_READ | lnx::PROT_EXEC, prot_rwx = prot_rx | lnx::PROT_WRITE;
constexpr u32 jump_size = 5, window = 16;

u64 area;                       // of the stubs; 0: no fast path
u64 text_low, text_high;        // of the image's code; equal: nothing is rewritten any more
FastSite sites[max_stubs];      // written under fast_lock before site_count says so
u32 site_count;
bool rewriting;

u64 stub_of(u32 index) { return area + index * stub_size; }

void put32(u8* at, u32 v) { memcpy(at, &v, sizeof v); }
void put64(u8* at, u64 v) { memcpy(at, &v, sizeof v); }
u32 get32(const u8* at) {
    u32 v;
    memcpy(&v, at, sizeof v);
    return v;
}

bool protect(u64 at, u64 size, i32 protection) {
    const u64 low = at & ~(page - 1);
    return !host_failed(host(lnx::SYS_mprotect, low, ((at + size + page - 1) & ~(page - 1)) - low, protection));
}

void store(u64 at, u8 byte) { __atomic_store_n(reinterpret_cast<u8*>(at), byte, __ATOMIC_SEQ_CST); }

bool synchronise() { return !host_failed(host(lnx::SYS_membarrier, barrier, 0, 0)); }

// `first`[0..4] over each of the `count` sites from `from` on; their pages are writable.
template <class Bytes>
void exchange(u32 from, u32 count, Bytes bytes) {
    __atomic_store_n(&rewriting, true, __ATOMIC_SEQ_CST);
    for (u32 n = from; n < from + count; n++) store(sites[n].at, 0xcc);
    synchronise();
    for (u32 n = from; n < from + count; n++)
        for (u32 i = 1; i < jump_size; i++) store(sites[n].at + i, bytes(n, i));
    synchronise();
    for (u32 n = from; n < from + count; n++) store(sites[n].at, bytes(n, 0));
    synchronise();
    __atomic_store_n(&rewriting, false, __ATOMIC_SEQ_CST);
}

constexpr u64 arithmetic = 0x8d5;  // OF SF ZF AF PF CF
u64 flags_of_sum(u64 a, u64 b) {
    u64 flags;
    asm("add %2, %0\n pushfq\n pop %1" : "+r"(a), "=r"(flags) : "r"(b) : "cc", "memory");
    return flags & arithmetic;
}

// The number comes from the stack, by rsp or rbp; `end` is behind that instruction.
bool loads_rax(const u8* end) {
    return (end[-5] == 0x48 && end[-4] == 0x8b && end[-3] == 0x44 && end[-2] == 0x24) || (end[-4] == 0x48 && end[-3] == 0x8b && end[-2] == 0x45);
}

}  // namespace

const char* init_fast_sites(const MachoPlan& plan) {
    for (usize n = 0; n < plan.nsegments && !text_high; n++) {
        const MachoSegment& s = plan.segments[n];
        if ((s.initprot & 6) == 4 && s.filesize >= 2 * window) text_low = s.vmaddr, text_high = s.vmaddr + s.filesize;
    }
    const u64 zero_end = (plan.pagezero_end < plan.low ? plan.pagezero_end : plan.low) & ~(page - 1);
    const u64 wanted = zero_end >= 0x10000 + area_size ? zero_end - area_size : ((text_low + (1ull << 31)) & ~(page - 1)) - area_size - page;
    const char* why = nullptr;
    if (text_high == 0) why = "the program has no code that is not writable";
    else if (text_high - text_low >= 1ull << 30) why = "the program's code is too long";
    else if (host_failed(host(lnx::SYS_membarrier, barrier_register, 0, 0))) why = "the host has no membarrier";
    else {
        const i64 r = host(lnx::SYS_mmap, wanted, area_size, lnx::PROT_NONE, lnx::MAP_PRIVATE | lnx::MAP_ANON | lnx::MAP_FIXED_NOREPLACE, -1, 0);
        if (host_failed(r) || static_cast<u64>(r) != wanted) why = "there is no room for its stubs";
        else area = wanted;
    }
    if (why) text_high = text_low;
    else host(lnx::SYS_madvise, area, area_size, lnx::MADV_DONTDUMP);
    return why;
}

bool hits_fast(u64 base, u64 size) { return area && base < area + area_size && base + size > area; }
u64 fast_area_low() { return area; }
u64 fast_area_high() { return area + area_size; }

bool fast_recognise(u64 syscall, const lnx::sigcontext& regs, FastSite& site) {
    u8 code[window];
    if (syscall < text_low + window || syscall >= text_high || !copyin(code, syscall - window, window)) return false;
    const u8* end = code + window;
    if (end[-3] == 0x49 && end[-2] == 0x89 && end[-1] == 0xca) end -= 3;  // mov r10, rcx
    const u32 n = get32(end - 4);
    u32 first = 0;
    if (end[-5] == 0xb8) {
        if (regs.rax == n && regs.r8 != n) first = 5;
    } else if (end[-7] == 0x48 && end[-6] == 0xc7 && end[-5] == 0xc0) {
        if (regs.rax == static_cast<u64>(static_cast<i64>(static_cast<i32>(n)))) first = 7;
    } else if (end[-6] == 0x48 && end[-5] == 0x05) {
        const bool sum = n && n <= 0x3000000 && n % 0x1000000 == 0 && (regs.eflags & arithmetic) == flags_of_sum(regs.rax - n, n);
        if (sum && loads_rax(end - 6)) first = 6;
    }
    if (!first) return false;
    site.length = first + static_cast<u32>(code + window - end);
    site.at = syscall - site.length;
    return true;
}

void fast_rewrite(const FastSite& site) {
    Locked hold(fast_lock);
    if (site.at < text_low || site.at >= text_high || site_count == max_stubs) return;
    for (u32 n = 0; n < site_count; n++)
        if (sites[n].at == site.at) return;  // somebody was faster
    const u64 at = stub_of(site_count), behind = site.at + site.length + 2;
    host(lnx::SYS_membarrier, barrier_register, 0, 0);  // again in every child
    if (!synchronise() || !protect(at, stub_size, prot_rwx)) return;
    u8* stub = reinterpret_cast<u8*>(at);
    memcpy(stub, reinterpret_cast<const u8*>(site.at), site.length);
    stub += site.length;
    stub[0] = 0x48, stub[1] = 0xb9, put64(stub + 2, behind);                                     // mov rcx, behind
    stub[10] = 0x49, stub[11] = 0xbb, put64(stub + 12, reinterpret_cast<u64>(fast_entry));       // mov r11, fast_entry
    stub[20] = 0x41, stub[21] = 0xff, stub[22] = 0xe3;                                           // jmp r11
    protect(at, stub_size, prot_rx);
    if (!protect(site.at, jump_size, prot_rwx)) return;
    const u32 index = site_count;
    sites[index] = site;
    __atomic_store_n(&site_count, index + 1, __ATOMIC_SEQ_CST);
    u8 jump[jump_size] = {0xe9};
    put32(jump + 1, static_cast<u32>(at - (site.at + jump_size)));
    exchange(index, 1, [&](u32, u32 i) { return jump[i]; });
    protect(site.at, jump_size, prot_rx);
}

void fast_text_changes(u64 base, u64 size) {
    if (!area || base >= __atomic_load_n(&text_high, __ATOMIC_ACQUIRE) || base + size <= text_low) return;
    Locked hold(fast_lock);
    if (text_high == text_low) return;
    host(lnx::SYS_membarrier, barrier_register, 0, 0);
    for (u32 n = 0; n < site_count; n++) protect(sites[n].at, jump_size, prot_rwx);
    exchange(0, site_count, [](u32 n, u32 i) { return reinterpret_cast<const u8*>(stub_of(n))[i]; });
    for (u32 n = 0; n < site_count; n++) protect(sites[n].at, jump_size, prot_rx);
    __atomic_store_n(&text_high, text_low, __ATOMIC_RELEASE);
}

bool fast_in_stub(u64 rip, u64& program) {
    const u64 n = (rip - area) / stub_size, within = (rip - area) % stub_size;
    if (!area || rip < area || n >= __atomic_load_n(&site_count, __ATOMIC_SEQ_CST)) return false;
    program = sites[n].at + (within < sites[n].length ? within : sites[n].length);
    return true;
}

bool fast_breakpoint(u64 rip) {
    const u32 count = area ? __atomic_load_n(&site_count, __ATOMIC_SEQ_CST) : 0;
    for (u32 n = 0; n < count; n++) {
        if (sites[n].at + 1 != rip) continue;
        u8 now = 0xcc;
        if (__atomic_load_n(&rewriting, __ATOMIC_SEQ_CST)) return true;
        return (copyin(now, rip - 1) && now != 0xcc) || __atomic_load_n(&rewriting, __ATOMIC_SEQ_CST);
    }
    return false;
}

}  // namespace trapeze
