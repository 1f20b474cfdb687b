// SPDX-License-Identifier: BSD-3-Clause
// The commpage, version 13 (xnu-3789 osfmk/i386/cpu_capabilities.h): the page at
// 0x7fffffe00000 from which programs read the clock without a trap.
//
// Filled once and never again: nt_generation stays 1, so readers' seqlock loops
// end at the first try. The scale comes from the TSC beside CLOCK_MONOTONIC
// during a quarter of a millisecond after the first look at the page (commpage.h),
// and is good to some 100 ppm. gtod_generation 0 sends readers
// of the wall clock to gettimeofday, as XNU itself does since version 13.
#include "sys/mem.h"
#include "sys/os.h"
#include "tools/xnurun/host.h"
#include "tools/xnurun/load_parts.h"

namespace trapeze {

namespace {

struct Cpuid {
    u32 a, b, c, d;
    explicit Cpuid(u32 leaf) { asm volatile("cpuid" : "=a"(a), "=b"(b), "=c"(c), "=d"(d) : "a"(leaf), "c"(0)); }
};

u64 capabilities() {
    u64 bits = 0x3a7;  // MMX, SSE, SSE2, cache line 64, gs for TLS, SSSE3, 64 bit: every x86-64 since 2006
    auto setif = [&](u64 bit, u32 word, int at) { bits |= word >> at & 1 ? bit : 0; };
    Cpuid one(1);
    setif(0x8, one.c, 0);              // kHasSSE3
    setif(0x400, one.c, 19);           // kHasSSE4_1
    setif(0x800, one.c, 20);           // kHasSSE4_2
    setif(0x1000, one.c, 25);          // kHasAES
    setif(0x02000000, one.c, 30);      // kHasRDRAND
    u32 xcr0 = 0, high = 0;
    if (one.c >> 27 & 1) asm volatile("xgetbv" : "=a"(xcr0), "=d"(high) : "c"(0));
    bool avx = (xcr0 & 6) == 6;        // the host saves the registers
    if (avx) {
        setif(0x01000000, one.c, 28);  // kHasAVX1_0
        setif(0x04000000, one.c, 29);  // kHasF16C
        setif(0x10000000, one.c, 12);  // kHasFMA
    }
    if (Cpuid(0).a < 7) return bits;
    Cpuid seven(7);
    if (avx) setif(0x20000000, seven.b, 5);  // kHasAVX2_0
    setif(0x40000000, seven.b, 3);           // kHasBMI1
    setif(0x80000000, seven.b, 8);           // kHasBMI2
    setif(0x08000000, seven.b, 9);           // kHasENFSTRG
    setif(0x800000000, seven.b, 18);         // kHasRDSEED
    setif(0x400000000, seven.b, 19);         // kHasADX
    return bits;
}

struct Moment {
    u64 tsc, ns;
};

u64 rdtsc() {
    u32 low, high;
    asm volatile("lfence\n\trdtsc" : "=a"(low), "=d"(high)::"memory");
    return u64{high} << 32 | low;
}

// TSC and clock at one time: the tightest of a few tries, for the others were interrupted.
Moment now() {
    Moment best{};
    u64 width = ~u64{0};
    for (int i = 0; i < 8; i++) {
        u64 before = rdtsc(), ns = static_cast<u64>(nanotime()), after = rdtsc();
        if (after - before >= width) continue;
        width = after - before;
        best = {before + width / 2, ns};
    }
    return best;
}

CommpageTime calibrate() {
    const Moment first = now();
    Moment last;
    do last = now();
    while (last.ns - first.ns < 250'000);
    u64 ns = last.ns - first.ns, ticks = last.tsc - first.tsc;
    for (; ns >> 32; ns >>= 1) ticks >>= 1;
    u32 shift = 0;  // for a TSC below 1 GHz, as rtclock.c does: the scale must stay below 1
    while (ticks << shift <= ns && shift < 31) shift++;
    return {last.tsc, last.ns, static_cast<u32>((ns << 32) / (ticks << shift)), shift};
}

u64 clock_usec(i32 clock) {
    lnx::timespec t{};
    host(lnx::SYS_clock_gettime, clock, &t);
    return static_cast<u64>(t.tv_sec) * 1'000'000 + static_cast<u64>(t.tv_nsec) / 1000;
}

}  // namespace

CommpageFacts commpage_facts() {
    constexpr i32 CLOCK_BOOTTIME = 7;
    u8 sysinfo[112] = {};  // totalram at 32, mem_unit at 104 (uapi/linux/sysinfo.h)
    host(lnx::SYS_sysinfo, sysinfo);
    u64 totalram;
    u32 unit;
    memcpy(&totalram, sysinfo + 32, 8);
    memcpy(&unit, sysinfo + 104, 4);
    i32 cpus = cpu_count();
    return {capabilities(), static_cast<u32>(cpus < 255 ? cpus : 255), totalram * unit,
            clock_usec(lnx::CLOCK_REALTIME) - clock_usec(CLOCK_BOOTTIME), calibrate()};
}

void write_commpage(u8* page, const CommpageFacts& facts) {
    auto put = [&](usize at, auto v) { memcpy(page + at, &v, sizeof v); };
    constexpr u64 kUP = 0x8000;
    u64 bits = facts.capabilities | u64{facts.cpus} << 16 | (facts.cpus == 1 ? kUP : 0);
    u8 cpus = static_cast<u8>(facts.cpus);
    memcpy(page, "commpage 64-bit", 16);
    put(0x10, bits);
    put(0x1e, u16{13});                    // version
    put(0x20, static_cast<u32>(bits));     // its third byte is the number of CPUs
    put(0x26, u16{64});                    // cache line
    put(0x30, u32{1000});                  // MP_SPIN_TRIES
    put(0x34, cpus);                       // active, physical, logical
    put(0x35, cpus);
    put(0x36, cpus);
    put(0x38, facts.memory_size);
    put(0x50, facts.time.tsc_base);
    put(0x58, facts.time.scale);
    put(0x5c, facts.time.shift);
    put(0x60, facts.time.ns_base);
    put(0x68, u32{1});                     // nt_generation: valid
    put(0xc8, facts.boottime_usec);
}

// Made elsewhere and moved there; without memory for that it is made in its place.
void make_commpage() {
    constexpr i32 may_move = 1, fixed = 2;
    const CommpageFacts facts = commpage_facts();
    const i64 page = host(lnx::SYS_mmap, 0, guest_commpage_size, lnx::PROT_READ | lnx::PROT_WRITE, lnx::MAP_PRIVATE | lnx::MAP_ANON, -1, 0);
    if (!host_failed(page)) {
        write_commpage(reinterpret_cast<u8*>(page), facts);
        host(lnx::SYS_mprotect, page, guest_commpage_size, lnx::PROT_READ);
        if (!host_failed(host(lnx::SYS_mremap, page, guest_commpage_size, guest_commpage_size, may_move | fixed, guest_commpage))) return;
    }
    host(lnx::SYS_mprotect, guest_commpage, guest_commpage_size, lnx::PROT_READ | lnx::PROT_WRITE);
    write_commpage(reinterpret_cast<u8*>(guest_commpage), facts);
    host(lnx::SYS_mprotect, guest_commpage, guest_commpage_size, lnx::PROT_READ);
}

}  // namespace trapeze
