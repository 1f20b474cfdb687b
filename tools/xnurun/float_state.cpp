// SPDX-License-Identifier: BSD-3-Clause
// Floating-point state between the host's signal frame and Darwin's: the FXSAVE image, the upper halves of the YMM registers, and what
// AVX-512 has beyond (xnu-3248 and xnu-4570.71.2 osfmk/i386/fpu.c, osfmk/mach/i386/_structs.h; Linux
// arch/x86/include/uapi/asm/sigcontext.h).
//
// The host's image is an uncompacted XSAVE area if its words say so (magic): header at 512, components where CPUID leaf 13 says.
// XNU (from 10.13 on) gives a thread AVX-512 when it first uses it, and every later one of its task from the start; its frames are
// larger from then on. Here its use is seen when a signal comes. To 10.12 a processor's AVX-512 is not switched on there: the host's is,
// and a program that uses it anyway loses it in a handler. What the host has beyond (protection keys, tiles) stays in its registers.
// XNU gives every handler a reset unit, and so does float_state_reset.
#include "sys/mem.h"
#include "tools/xnurun/era.h"
#include "tools/xnurun/signal.h"

namespace trapeze {
namespace {

constexpr u64 fxsave_size = 512, header = 512, ymm_halves = 576, halves_size = 256;
constexpr u64 image_at = 192;               // in mcontext64 and mcontext_avx64
constexpr u64 x87_sse = 3, avx = 4, avx512 = 0xe0;
constexpr u32 xstate_magic = 0x46505853;    // FP_XSTATE_MAGIC1, in the FXSAVE image's reserved part at 464; xfeatures at 472
constexpr u32 era_10_7 = 1699022, era_10_13 = 4570001;  // the first with AVX, with AVX-512
constexpr u32 reset_mxcsr = 0x1f80;

template <class T>
T load(const u8* at) {
    T v;
    memcpy(&v, at, sizeof v);
    return v;
}
template <class T>
void store(u8* at, T v) { memcpy(at, &v, sizeof v); }

u64 features(const u8* image) { return load<u32>(image + 464) == xstate_magic ? load<u64>(image + 472) : 0; }

// Where the host's image has a component of AVX-512: 5 opmasks, 6 upper halves of zmm0-15, 7 zmm16-31.
u64 component_at(u32 number) {
    u32 a = 13, b, c = number, d;
    asm("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    return b;
}
struct Avx512Part {
    u32 component;
    u64 size, at;  // in mcontext_avx512_64
};
constexpr Avx512Part avx512_parts[] = {{5, 64, xnu::mcontext_avx512_64_opmask}, {6, 512, xnu::mcontext_avx512_64_zmmh},
                                       {7, 1024, xnu::mcontext_avx512_64_zmm16}};
bool task_uses_avx512;  // for threads to come

bool host_has_avx() {
    u32 a = 1, b, c = 0, d;
    asm("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    if (!(c >> 27 & 1) || !(c >> 28 & 1)) return false;  // OSXSAVE, AVX
    u32 low, high;
    asm("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (low & 6) == 6;
}

}  // namespace

bool float_state_avx() {
    static i32 known;  // 0 not asked yet, 1 no, 2 yes: whoever asks at the same time finds the same
    if (!known) known = host_has_avx() && (!era || era >= era_10_7) ? 2 : 1;
    return known == 2;
}

void float_state_notice(Thread& t, const lnx::sigcontext& regs) {
    const u8* from = reinterpret_cast<const u8*>(regs.fpstate);
    if (t.avx512 || !from || (era && era < era_10_13) || !float_state_avx()) return;
    if ((features(from) & avx512) != avx512 || !(load<u64>(from + header) & avx512)) return;
    t.avx512 = true;
    __atomic_store_n(&task_uses_avx512, true, __ATOMIC_RELAXED);
}

void float_state_born(Thread& t) { t.avx512 = __atomic_load_n(&task_uses_avx512, __ATOMIC_RELAXED); }

u64 machine_context_size(const Thread& t) {
    return t.avx512 ? xnu::mcontext_avx512_64_size : float_state_avx() ? xnu::mcontext_avx64_size : sizeof(xnu::mcontext64);
}

void float_state_save(const Thread& t, const lnx::sigcontext& regs, u8* machine) {
    u8* image = machine + image_at;
    const u8* from = reinterpret_cast<const u8*>(regs.fpstate);
    if (!from) {
        store<u16>(image, 0x37f);
        store(image + 24, reset_mxcsr);
        return;
    }
    memcpy(image, from, fxsave_size);
    memset(image + 416, 0, fxsave_size - 416);  // the host's own words
    const u64 has = features(from);
    if (!has) return;
    const u64 in_use = load<u64>(from + header);
    if (!(in_use & 1)) {  // in its initial state the host need not have written it
        memset(image, 0, 24);
        memset(image + 32, 0, 128);
        store<u16>(image, 0x37f);
    }
    if (!(in_use & 2)) memset(image + 160, 0, 256);
    if (float_state_avx() && has & avx && in_use & avx) memcpy(machine + xnu::mcontext_avx64_ymmh, from + ymm_halves, halves_size);
    for (const Avx512Part& p : avx512_parts)
        if (t.avx512 && in_use >> p.component & 1) memcpy(machine + p.at, from + component_at(p.component), p.size);
}

void float_state_restore(const Thread& t, lnx::sigcontext& regs, const u8* machine) {
    u8* to = reinterpret_cast<u8*>(regs.fpstate);
    if (!to) return;
    memcpy(to, machine + image_at, 416);
    const u32 mask = load<u32>(to + 28);
    store(to + 24, load<u32>(to + 24) & (mask ? mask & 0xffff : 0xffbf));  // a reserved bit would make the host's restore fault
    const u64 has = features(to);
    if (!has) return;
    u64 in_use = load<u64>(to + header) | x87_sse;
    if (float_state_avx() && has & avx) {
        memcpy(to + ymm_halves, machine + xnu::mcontext_avx64_ymmh, halves_size);
        in_use |= avx;
    }
    if (t.avx512 && (has & avx512) == avx512) {
        for (const Avx512Part& p : avx512_parts) memcpy(to + component_at(p.component), machine + p.at, p.size);
        in_use |= avx512;
    }
    store(to + header, in_use);
}

void float_state_reset(lnx::sigcontext& regs) {
    u8* to = reinterpret_cast<u8*>(regs.fpstate);
    if (!to) return;
    memset(to, 0, 24);
    memset(to + 32, 0, 416 - 32);
    store<u16>(to, 0x37f);
    store(to + 24, reset_mxcsr);
    if (features(to)) store(to + header, load<u64>(to + header) & ~(x87_sse | avx | avx512));
}

}  // namespace trapeze
