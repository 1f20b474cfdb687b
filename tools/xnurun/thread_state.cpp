// SPDX-License-Identifier: BSD-3-Clause
// See thread_state.h. The floating-point part lies in the host's signal frame in the hardware's own layout.
#include "tools/xnurun/thread_state.h"

#include "sys/darwin/kern_return.h"
#include "sys/mem.h"
#include "tools/xnurun/thread_control.h"

namespace trapeze {
namespace {

enum : i32 {
    flavor_list = 0, thread_64 = 4, float_64 = 5, exception_64 = 6, thread_any = 7, float_any = 8, exception_any = 9, debug_64 = 11,
    debug_any = 12, none_flavor = 13, avx_64 = 17, avx_any = 18, flavor_list_new = 128, last = 18,
};
constexpr u32 fxsave_size = 512, xstate_bv = 512, ymm_offset = 576, ymm_size = 256, float_words = 131, avx_words = 211;

i32 plain(i32 flavor) {
    switch (flavor) {
    case thread_any: return thread_64;
    case float_any: return float_64;
    case exception_any: return exception_64;
    case debug_any: return debug_64;
    case avx_any: return avx_64;
    default: return flavor;
    }
}

u32 words_of(i32 flavor) {
    switch (flavor) {
    case thread_64: return 42;
    case float_64: return float_words;
    case exception_64: return 4;
    case debug_64: return 16;
    case avx_64: return avx_words;
    default: return 0;
    }
}

bool has_ymm(const u8* fp) {
    u32 magic;
    u64 components;
    memcpy(&magic, fp + 464, 4);
    memcpy(&components, fp + 464 + 8, 8);  // fpx_sw_bytes: magic, size, which parts there are
    return magic == 0x46505853 && components & 4;
}

void put_float(const u8* fp, u8* to) {  // two words, the FXSAVE image, one word
    if (fp) {
        memcpy(to + 8, fp, fxsave_size);
        memset(to + 8 + 416, 0, 96);
    } else {
        to[8] = 0x7f, to[9] = 0x03, to[8 + 24] = 0x80, to[8 + 25] = 0x1f;
    }
}

void take_float(u8* fp, const u8* from) {
    u32 mxcsr, mask, magic;
    memcpy(&mask, fp + 28, 4);
    memcpy(fp, from + 8, 416);
    memcpy(&mxcsr, fp + 24, 4);
    mxcsr &= mask ? mask : 0xffbf;
    memcpy(fp + 24, &mxcsr, 4);
    memcpy(fp + 28, &mask, 4);
    memcpy(&magic, fp + 464, 4);
    if (magic == 0x46505853) fp[xstate_bv] |= 3;
}

}  // namespace

bool state_flavor_valid(i32 flavor) { return flavor > 0 && flavor <= last; }

i32 state_get(const Thread& t, const HostContext& context, i32 flavor, u32* words, u32& count) {
    if (flavor == flavor_list || flavor == flavor_list_new) {
        constexpr u32 old_list[3] = {1, 2, 3}, new_list[4] = {thread_any, float_any, exception_any, debug_any};
        const u32 n = flavor == flavor_list ? 3 : 4;
        if (count < n) return xnu::KERN_INVALID_ARGUMENT;
        memcpy(words, flavor == flavor_list ? old_list : new_list, n * 4);
        count = n;
        return 0;
    }
    const i32 kind = plain(flavor);
    const u32 head = kind != flavor ? 2 : 0, n = words_of(kind);
    if (!n || count < head + n) return xnu::KERN_INVALID_ARGUMENT;
    const lnx::sigcontext& r = context.uc_mcontext;
    const u8* fp = reinterpret_cast<const u8*>(r.fpstate);
    if (kind == avx_64 && (!fp || !has_ymm(fp))) return xnu::KERN_FAILURE;
    if (head) words[0] = static_cast<u32>(kind), words[1] = n;
    u32* out = words + head;
    memset(out, 0, n * 4);
    switch (kind) {
    case thread_64: {
        const ThreadState64 s = {r.rax, r.rbx, r.rcx, r.rdx, r.rdi, r.rsi, r.rbp, r.rsp, r.r8, r.r9, r.r10, r.r11, r.r12, r.r13, r.r14, r.r15,
                                 r.rip, r.eflags, 0x2b, 0, 0};
        memcpy(out, &s, sizeof s);
        break;
    }
    case float_64: put_float(fp, reinterpret_cast<u8*>(out)); break;
    case avx_64: {
        u8* to = reinterpret_cast<u8*>(out);
        put_float(fp, to);
        if (fp[xstate_bv] & 4) memcpy(to + 524 + 64, fp + ymm_offset, ymm_size);
        break;
    }
    case exception_64:
        out[0] = t.trapno & 0xffff;
        out[1] = t.fault_err;
        memcpy(out + 2, &t.fault_addr, 8);
        break;
    default: break;  // no breakpoints in hardware: a process cannot set its own on this host
    }
    count = head + n;
    return 0;
}

i32 state_set(HostContext& context, i32 flavor, const u32* words, u32 count) {
    const i32 kind = plain(flavor);
    const u32 head = kind != flavor ? 2 : 0, n = words_of(kind);
    if (!n || count != head + n) return xnu::KERN_INVALID_ARGUMENT;
    if (head && (words[0] != static_cast<u32>(kind) || words[1] != n)) return xnu::KERN_INVALID_ARGUMENT;
    const u32* in = words + head;
    lnx::sigcontext& r = context.uc_mcontext;
    u8* fp = reinterpret_cast<u8*>(r.fpstate);
    switch (kind) {
    case thread_64: {
        ThreadState64 s;
        memcpy(&s, in, sizeof s);
        constexpr u64 user_end = 0x7fffffffffff;
        if (s.rip >= user_end || s.rsp >= user_end) return xnu::KERN_INVALID_ARGUMENT;
        r.rax = s.rax, r.rbx = s.rbx, r.rcx = s.rcx, r.rdx = s.rdx, r.rdi = s.rdi, r.rsi = s.rsi, r.rbp = s.rbp, r.rsp = s.rsp;
        r.r8 = s.r8, r.r9 = s.r9, r.r10 = s.r10, r.r11 = s.r11, r.r12 = s.r12, r.r13 = s.r13, r.r14 = s.r14, r.r15 = s.r15;
        r.rip = s.rip;
        r.eflags = (s.rflags & 0xcd5) | 0x200;
        return 0;
    }
    case float_64: case avx_64:
        if (!fp || (kind == avx_64 && !has_ymm(fp))) return xnu::KERN_FAILURE;  // it has never run
        take_float(fp, reinterpret_cast<const u8*>(in));
        if (kind == avx_64) {
            memcpy(fp + ymm_offset, reinterpret_cast<const u8*>(in) + 524 + 64, ymm_size);
            fp[xstate_bv] |= 4;
        }
        return 0;
    case debug_64:
        for (u32 i = 0; i < n; i++)
            if (in[i]) return xnu::KERN_INVALID_ARGUMENT;  // see state_get
        return 0;
    default: return xnu::KERN_INVALID_ARGUMENT;  // of the exception state nothing can be set
    }
}

}  // namespace trapeze
