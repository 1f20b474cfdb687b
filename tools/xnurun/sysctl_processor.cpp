// SPDX-License-Identifier: BSD-3-Clause
// machdep.cpu.*, hw.optional.* and what else of hw.* is about the processor, which is the host's: bsd/dev/i386/sysctl.c, kern_mib.c,
// osfmk/i386/cpuid.c and commpage.c of xnu-3248.60.10. The names of features are in XNU's order, which is that of the bits.
#include <cpuid.h>

#include "sys/darwin/errno.h"
#include "sys/mem.h"
#include "sys/os.h"
#include "tools/xnurun/descriptors.h"
#include "tools/xnurun/sysctl.h"

namespace trapeze {
namespace {

using V = SysctlValue;
using T = SysctlType;

struct Cpuid {
    u32 a = 0, b = 0, c = 0, d = 0;
    explicit Cpuid(u32 leaf, u32 sub = 0) {
        if (__get_cpuid_max(leaf & 0x80000000, nullptr) >= leaf) __cpuid_count(leaf, sub, a, b, c, d);
    }
};
u64 features() {
    const Cpuid one(1);
    return static_cast<u64>(one.c) << 32 | one.d;
}
u64 extended_features() {
    const Cpuid x(0x80000001);
    return static_cast<u64>(x.c) << 32 | x.d;
}
u32 leaf7_features() { return Cpuid(7).b; }

struct Bit {
    u8 number;
    char name[18];
};
constexpr Bit feature_names[] = {
    {0, "FPU"}, {1, "VME"}, {2, "DE"}, {3, "PSE"}, {4, "TSC"}, {5, "MSR"}, {6, "PAE"}, {7, "MCE"}, {8, "CX8"}, {9, "APIC"}, {11, "SEP"},
    {12, "MTRR"}, {13, "PGE"}, {14, "MCA"}, {15, "CMOV"}, {16, "PAT"}, {17, "PSE36"}, {18, "PSN"}, {19, "CLFSH"}, {21, "DS"},
    {22, "ACPI"}, {23, "MMX"}, {24, "FXSR"}, {25, "SSE"}, {26, "SSE2"}, {27, "SS"}, {28, "HTT"}, {29, "TM"}, {31, "PBE"}, {32, "SSE3"},
    {33, "PCLMULQDQ"}, {34, "DTES64"}, {35, "MON"}, {36, "DSCPL"}, {37, "VMX"}, {38, "SMX"}, {39, "EST"}, {40, "TM2"}, {41, "SSSE3"},
    {42, "CID"}, {44, "FMA"}, {45, "CX16"}, {46, "TPR"}, {47, "PDCM"}, {51, "SSE4.1"}, {52, "SSE4.2"}, {53, "x2APIC"}, {54, "MOVBE"},
    {55, "POPCNT"}, {57, "AES"}, {63, "VMM"}, {49, "PCID"}, {58, "XSAVE"}, {59, "OSXSAVE"}, {43, "SEGLIM64"}, {56, "TSCTMR"},
    {60, "AVX1.0"}, {62, "RDRAND"}, {61, "F16C"}};
constexpr Bit extended_names[] = {{11, "SYSCALL"}, {20, "XD"}, {26, "1GBPAGE"}, {29, "EM64T"}, {32, "LAHF"}, {37, "LZCNT"},
    {40, "PREFETCHW"}, {27, "RDTSCP"}};
constexpr Bit leaf7_names[] = {{7, "SMEP"}, {9, "ERMS"}, {0, "RDWRFSGS"}, {1, "TSC_THREAD_OFFSET"}, {3, "BMI1"}, {4, "HLE"}, {5, "AVX2"},
    {8, "BMI2"}, {10, "INVPCID"}, {11, "RTM"}, {20, "SMAP"}, {18, "RDSEED"}, {19, "ADX"}, {25, "IPT"}, {2, "SGX"}, {12, "PQM"},
    {13, "FPU_CSDS"}, {14, "MPX"}, {15, "PQE"}, {23, "CLFSOPT"}, {29, "SHA"}};

template <usize n>
void names(V& v, u64 bits, const Bit (&table)[n]) {
    for (const Bit& bit : table) {
        if (!(bits >> bit.number & 1)) continue;
        if (v.size) v.put(" ", 1);
        v.put(bit.name, static_cast<u32>(str_len(bit.name)));
    }
    v.put("", 1);
}

void vendor(V& v) {
    const Cpuid zero(0);
    v.put(&zero.b, 4), v.put(&zero.d, 4), v.put(&zero.c, 4), v.put("", 1);
}
void brand_string(V& v) {
    char text[49] = {};
    for (u32 i = 0; i < 3; i++) {
        const Cpuid part(0x80000002 + i);
        memcpy(text + 16 * i, &part, 16);
    }
    const char* p = text;
    while (*p == ' ') p++;
    v.text(p);
}

struct Signature {
    u32 value = Cpuid(1).a, stepping = value & 15, extended_family = value >> 20 & 0xff, extended_model = value >> 16 & 15;
    u32 family = (value >> 8 & 15) + ((value >> 8 & 15) == 15 ? extended_family : 0);
    u32 model = (value >> 4 & 15) + ((value >> 8 & 15) == 15 || (value >> 8 & 15) == 6 ? extended_model << 4 : 0);
};

// CPUFAMILY_INTEL_*; 0 for what the release does not know, which is a machine that it would not start on.
u32 cpu_family() {
    const Signature s;
    if (s.family != 6) return 0;
    switch (s.model) {
    case 15: return 0x426f69ef;
    case 23: return 0x78ea4fbc;
    case 26: case 30: case 31: case 46: return 0x6b5a4cd2;
    case 37: case 44: case 47: return 0x573b5eec;
    case 42: case 45: return 0x5490b78c;
    case 58: case 62: return 0x1f65e835;
    case 60: case 63: case 69: case 70: return 0x10b282dc;
    case 61: case 71: return 0x582ed09c;
    case 78: case 94: return 0x37fc219f;
    default: return 0;
    }
}

enum class Cache : u8 { data = 1, instructions = 2, both = 3 };
struct CacheSize {
    u32 size = 0, line = 0, threads = 0;
};
CacheSize cache(u32 level, Cache kind) {
    const u32 leaf = Cpuid(0x80000001).c & (1 << 22) ? 0x8000001d : 4;  // AMD's, of the same shape
    for (u32 i = 0; i < 16; i++) {
        const Cpuid c(leaf, i);
        if (!(c.a & 31)) break;
        if ((c.a & 31) != static_cast<u32>(kind) || (c.a >> 5 & 7) != level) continue;
        const u32 line = (c.b & 0xfff) + 1;
        return {line * ((c.b >> 12 & 0x3ff) + 1) * ((c.b >> 22) + 1) * (c.c + 1), line, (c.a >> 14 & 0xfff) + 1};
    }
    return {};
}
CacheSize cache(u32 what) {
    return what == 1 ? cache(1, Cache::instructions) : what == 0 ? cache(1, Cache::data) : cache(what, Cache::both);
}
template <u32 what>
void cache_int(V& v) {
    const CacheSize c = cache(what);
    if (c.size) v.number(static_cast<i32>(c.size));
    else v.error = xnu::EINVAL;
}
template <u32 what>
void cache_quad(V& v) {
    const CacheSize c = cache(what);
    if (c.size) v.quad(c.size);
    else v.error = xnu::EINVAL;
}

u32 threads_of_a_core() {
    const u32 n = Cpuid(11).b & 0xffff, all = static_cast<u32>(cpu_count());
    return n && all % n == 0 ? n : 1;
}
void cores(V& v) { v.number(cpu_count() / static_cast<i32>(threads_of_a_core())); }
void logical_per_package(V& v) { v.number(cpu_count()); }

void cache_sharing(V& v) {
    const u64 all = static_cast<u64>(cpu_count());
    u64 list[10] = {all};
    for (u32 level = 1; level <= 3; level++) {
        const u64 n = level == 1 ? cache(0).threads : cache(level).threads;
        list[level] = n && n < all ? n : n ? all : 0;
    }
    v.put(list, sizeof list);
}
void cache_sizes(V& v) {
    u64 list[10] = {0, cache(0).size, cache(2).size, cache(3).size};
    v.put(list, sizeof list);
}

// From the clock that the host's kernel reports, as no unprivileged program reads the multiplier.
u64 frequency() {
    char text[1024];
    const i64 fd = open_own("/proc/cpuinfo", lnx::O_RDONLY);
    if (host_failed(fd)) return 0;
    const i64 n = host(lnx::SYS_read, fd, text, sizeof text - 1);
    host(lnx::SYS_close, fd);
    if (host_failed(n)) return 0;
    text[n] = 0;
    for (const char* p = text; *p; p++) {
        if (memcmp(p, "cpu MHz", 7) != 0) continue;
        while (*p && *p != ':') p++;
        u64 hz = 0, unit = 1000000;
        for (p++; *p == ' '; p++) {}
        for (; *p >= '0' && *p <= '9'; p++) hz = hz * 10 + static_cast<u64>(*p - '0');
        hz *= 1000000;
        if (*p == '.')
            for (p++; *p >= '0' && *p <= '9' && unit > 1; p++) hz += static_cast<u64>(*p - '0') * (unit /= 10);
        return hz;
    }
    return 0;
}
void frequency_quad(V& v) {
    if (const u64 hz = frequency()) v.quad(hz);
    else v.error = xnu::ENOENT;
}
void frequency_int(V& v) {
    if (const u64 hz = frequency()) v.number(static_cast<i32>(hz < 0x7fffffff ? hz : 0x7fffffff));
    else v.error = xnu::ENOENT;
}

template <u32 bit>
void feature(V& v) { v.number(features() >> bit & 1); }
template <u32 bit>
void feature7(V& v) { v.number(leaf7_features() >> bit & 1); }
template <u32 n>
void number(V& v) { v.number(n); }

constexpr i32 hw_ = 6, machdep_ = 7, optional_ = 130, cpu_ = 100;

const SysctlRow rows[] = {
    {"hw.cpufrequency_compat", {hw_, 15}, 2, T::integer, "I", frequency_int},
    {"hw.cachelinesize_compat", {hw_, 16}, 2, T::integer, "I", [](V& v) { v.number(static_cast<i32>(cache(0).line)); }},
    {"hw.l1icachesize_compat", {hw_, 17}, 2, T::integer, "I", cache_int<1>},
    {"hw.l1dcachesize_compat", {hw_, 18}, 2, T::integer, "I", cache_int<0>},
    {"hw.l2cachesize_compat", {hw_, 20}, 2, T::integer, "I", cache_int<2>},
    {"hw.l3cachesize_compat", {hw_, 22}, 2, T::integer, "I", cache_int<3>},
    {"hw.physicalcpu", {hw_, 100}, 2, T::integer, "I", cores},
    {"hw.physicalcpu_max", {hw_, 101}, 2, T::integer, "I", cores},
    {"hw.cputype", {hw_, 104}, 2, T::integer, "I", number<7>},        // CPU_TYPE_X86
    {"hw.cpusubtype", {hw_, 105}, 2, T::integer, "I", number<4>},     // CPU_SUBTYPE_X86_ARCH1
    {"hw.cpu64bit_capable", {hw_, 106}, 2, T::integer, "I", number<1>},
    {"hw.cpufamily", {hw_, 107}, 2, T::integer, "I", [](V& v) { v.number(static_cast<i32>(cpu_family())); }},
    {"hw.cacheconfig", {hw_, 108}, 2, T::structure, "Q", cache_sharing},
    {"hw.cachesize", {hw_, 109}, 2, T::structure, "Q", cache_sizes},
    {"hw.cpufrequency", {hw_, 112}, 2, T::quad, "Q", frequency_quad},
    {"hw.cpufrequency_min", {hw_, 113}, 2, T::quad, "Q", frequency_quad},
    {"hw.cpufrequency_max", {hw_, 114}, 2, T::quad, "Q", frequency_quad},
    {"hw.cachelinesize", {hw_, 115}, 2, T::quad_only, "Q", [](V& v) { v.quad(cache(0).line); }},
    {"hw.l1icachesize", {hw_, 116}, 2, T::quad_only, "Q", cache_quad<1>},
    {"hw.l1dcachesize", {hw_, 117}, 2, T::quad_only, "Q", cache_quad<0>},
    {"hw.l2cachesize", {hw_, 118}, 2, T::quad_only, "Q", cache_quad<2>},
    {"hw.l3cachesize", {hw_, 119}, 2, T::quad_only, "Q", cache_quad<3>},
    {"hw.packages", {hw_, 122}, 2, T::integer, "I", number<1>},
    {"hw.optional.floatingpoint", {hw_, optional_, 100}, 3, T::integer, "I", number<1>},
    {"hw.optional.mmx", {hw_, optional_, 101}, 3, T::integer, "I", feature<23>},
    {"hw.optional.sse", {hw_, optional_, 102}, 3, T::integer, "I", feature<25>},
    {"hw.optional.sse2", {hw_, optional_, 103}, 3, T::integer, "I", feature<26>},
    {"hw.optional.sse3", {hw_, optional_, 104}, 3, T::integer, "I", feature<32>},
    {"hw.optional.supplementalsse3", {hw_, optional_, 105}, 3, T::integer, "I", feature<41>},
    {"hw.optional.sse4_1", {hw_, optional_, 106}, 3, T::integer, "I", feature<51>},
    {"hw.optional.sse4_2", {hw_, optional_, 107}, 3, T::integer, "I", feature<52>},
    {"hw.optional.x86_64", {hw_, optional_, 108}, 3, T::integer, "I", number<1>},
    {"hw.optional.aes", {hw_, optional_, 109}, 3, T::integer, "I", feature<57>},
    {"hw.optional.avx1_0", {hw_, optional_, 110}, 3, T::integer, "I", feature<60>},
    {"hw.optional.rdrand", {hw_, optional_, 111}, 3, T::integer, "I", feature<62>},
    {"hw.optional.f16c", {hw_, optional_, 112}, 3, T::integer, "I", feature<61>},
    {"hw.optional.enfstrg", {hw_, optional_, 113}, 3, T::integer, "I", feature7<9>},
    {"hw.optional.fma", {hw_, optional_, 114}, 3, T::integer, "I", feature<44>},
    {"hw.optional.avx2_0", {hw_, optional_, 115}, 3, T::integer, "I", feature7<5>},
    {"hw.optional.bmi1", {hw_, optional_, 116}, 3, T::integer, "I", feature7<3>},
    {"hw.optional.bmi2", {hw_, optional_, 117}, 3, T::integer, "I", feature7<8>},
    {"hw.optional.rtm", {hw_, optional_, 118}, 3, T::integer, "I", feature7<11>},
    {"hw.optional.hle", {hw_, optional_, 119}, 3, T::integer, "I", feature7<4>},
    {"hw.optional.adx", {hw_, optional_, 120}, 3, T::integer, "I", feature7<19>},
    {"machdep.cpu.max_basic", {machdep_, cpu_, 100}, 3, T::integer, "IU", [](V& v) { v.number(static_cast<i32>(Cpuid(0).a)); }},
    {"machdep.cpu.max_ext", {machdep_, cpu_, 101}, 3, T::integer, "IU", [](V& v) { v.number(static_cast<i32>(Cpuid(0x80000000).a)); }},
    {"machdep.cpu.vendor", {machdep_, cpu_, 102}, 3, T::text, "A", vendor},
    {"machdep.cpu.brand_string", {machdep_, cpu_, 103}, 3, T::text, "A", brand_string},
    {"machdep.cpu.family", {machdep_, cpu_, 104}, 3, T::integer, "I", [](V& v) { v.number(static_cast<i32>(Signature().family)); }},
    {"machdep.cpu.model", {machdep_, cpu_, 105}, 3, T::integer, "I", [](V& v) { v.number(static_cast<i32>(Signature().model)); }},
    {"machdep.cpu.extmodel", {machdep_, cpu_, 106}, 3, T::integer, "I", [](V& v) { v.number(static_cast<i32>(Signature().extended_model)); }},
    {"machdep.cpu.extfamily", {machdep_, cpu_, 107}, 3, T::integer, "I", [](V& v) { v.number(static_cast<i32>(Signature().extended_family)); }},
    {"machdep.cpu.stepping", {machdep_, cpu_, 108}, 3, T::integer, "I", [](V& v) { v.number(static_cast<i32>(Signature().stepping)); }},
    {"machdep.cpu.feature_bits", {machdep_, cpu_, 109}, 3, T::quad_only, "IU", [](V& v) { v.quad(features()); }},
    {"machdep.cpu.leaf7_feature_bits", {machdep_, cpu_, 110}, 3, T::integer, "IU", [](V& v) {
        v.number(static_cast<i32>(leaf7_features()));
        if (!leaf7_features()) v.error = xnu::ENOENT;
    }},
    {"machdep.cpu.extfeature_bits", {machdep_, cpu_, 111}, 3, T::quad_only, "IU", [](V& v) { v.quad(extended_features()); }},
    {"machdep.cpu.signature", {machdep_, cpu_, 112}, 3, T::integer, "I", [](V& v) { v.number(static_cast<i32>(Signature().value)); }},
    {"machdep.cpu.brand", {machdep_, cpu_, 113}, 3, T::integer, "I", [](V& v) { v.number(static_cast<i32>(Cpuid(1).b & 0xff)); }},
    {"machdep.cpu.features", {machdep_, cpu_, 114}, 3, T::text, "A", [](V& v) { names(v, features(), feature_names); }},
    {"machdep.cpu.leaf7_features", {machdep_, cpu_, 115}, 3, T::text, "A", [](V& v) {
        names(v, leaf7_features(), leaf7_names);
        if (!leaf7_features()) v.error = xnu::ENOENT;
    }},
    {"machdep.cpu.extfeatures", {machdep_, cpu_, 116}, 3, T::text, "A", [](V& v) { names(v, extended_features(), extended_names); }},
    {"machdep.cpu.logical_per_package", {machdep_, cpu_, 117}, 3, T::integer, "I", logical_per_package},
    {"machdep.cpu.cores_per_package", {machdep_, cpu_, 118}, 3, T::integer, "I", cores},
    {"machdep.cpu.core_count", {machdep_, cpu_, 119}, 3, T::integer, "I", cores},
    {"machdep.cpu.thread_count", {machdep_, cpu_, 120}, 3, T::integer, "I", logical_per_package},
};

}  // namespace

const SysctlRows sysctl_processor_rows{rows, sizeof rows / sizeof rows[0]};

}  // namespace trapeze
