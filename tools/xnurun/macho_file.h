// SPDX-License-Identifier: BSD-3-Clause
// What is in a Mach-O file, as far as a loader looks: numbers of mach-o/loader.h
// and mach-o/fat.h (names as there), unaligned reads, XNU's errnos of a failed
// exec, and the writer of one-line reasons. For macho*.cpp and load*.cpp only.
#pragma once

#include "sys/types.h"
#include "tools/xnurun/macho.h"

namespace trapeze::macho {

constexpr u64 page = 4096;

constexpr u32 MH_MAGIC = 0xfeedface, MH_CIGAM = 0xcefaedfe, MH_MAGIC_64 = 0xfeedfacf, MH_CIGAM_64 = 0xcffaedfe;
constexpr u32 FAT_MAGIC = 0xcafebabe, FAT_MAGIC_64 = 0xcafebabf;  // big-endian in the file
constexpr u32 CPU_TYPE_X86 = 7, CPU_TYPE_X86_64 = 0x01000007;
constexpr u32 CPU_SUBTYPE_X86_64_ALL = 3, CPU_SUBTYPE_X86_64_H = 8, CPU_SUBTYPE_MASK = 0xff000000;
constexpr u32 MH_EXECUTE = 2;
constexpr u32 MH_DYLDLINK = 0x4, MH_ALLOW_STACK_EXECUTION = 0x20000, MH_PIE = 0x200000;
constexpr u32 VM_PROT_READ = 1, VM_PROT_WRITE = 2, VM_PROT_EXECUTE = 4, VM_PROT_ALL = 7;
constexpr u32 SG_PROTECTED_VERSION_1 = 0x8, SG_READ_ONLY = 0x10;

constexpr u32 LC_SEGMENT = 0x1, LC_UNIXTHREAD = 0x5, LC_DYSYMTAB = 0xb, LC_LOAD_DYLIB = 0xc, LC_LOAD_DYLINKER = 0xe,
              LC_SEGMENT_64 = 0x19, LC_UUID = 0x1b, LC_LAZY_LOAD_DYLIB = 0x20, LC_ENCRYPTION_INFO = 0x21,
              LC_DYLD_INFO = 0x22, LC_VERSION_MIN_MACOSX = 0x24, LC_VERSION_MIN_IPHONEOS = 0x25,
              LC_ENCRYPTION_INFO_64 = 0x2c, LC_VERSION_MIN_TVOS = 0x2f, LC_VERSION_MIN_WATCHOS = 0x30,
              LC_BUILD_VERSION = 0x32, LC_LOAD_WEAK_DYLIB = 0x80000018, LC_REEXPORT_DYLIB = 0x8000001f,
              LC_DYLD_INFO_ONLY = 0x80000022, LC_LOAD_UPWARD_DYLIB = 0x80000023, LC_MAIN = 0x80000028,
              LC_DYLD_CHAINED_FIXUPS = 0x80000034;
constexpr u32 S_THREAD_LOCAL_REGULAR = 0x11, S_THREAD_LOCAL_INIT_FUNCTION_POINTERS = 0x15;
constexpr u32 x86_THREAD_STATE64 = 4, x86_THREAD_STATE64_COUNT = 42;
constexpr u64 VM_MIN_ADDRESS64 = 0x1000;         // XNU's entry point for a thread state whose rip is 0
constexpr u64 VM_MAX_ADDRESS64 = 0x7fffffe00000;  // up to 10.15; the commpage begins here

// load_return_to_errno, bsd/kern/kern_exec.c; the comment is the LOAD_ code.
constexpr i32 ENOEXEC = 8;     // no image activator claims the file
constexpr i32 ENOMEM = 12;     // NOSPACE, RESOURCE
constexpr i32 EAUTH = 80;      // DECRYPTFAIL
constexpr i32 EBADEXEC = 85;   // FAILURE
constexpr i32 EBADARCH = 86;   // BADARCH
constexpr i32 EBADMACHO = 88;  // BADMACHO

template <class T>
T read_at(const u8* at) {
    T value;
    __builtin_memcpy(&value, at, sizeof value);
    return value;
}
inline u32 big32(const u8* at) { return __builtin_bswap32(read_at<u32>(at)); }

// a + b > limit, without overflow
inline bool beyond(u64 a, u64 b, u64 limit) { return a > limit || b > limit - a; }

inline u64 page_down(u64 n) { return n & ~(page - 1); }
inline u64 page_up(u64 n) { return page_down(n + page - 1); }

// Text into a fixed buffer, cut off where it ends, always terminated. What came
// out of a file is made printable, for it goes to somebody's terminal.
class Line {
public:
    Line(char* out, usize size) : at_(out), end_(out + size - 1) { *at_ = 0; }

    Line& operator<<(const char* s) {
        while (*s) put(*s++);
        return *this;
    }
    Line& name(const char* s, usize most) {
        for (usize i = 0; i < most && s[i]; i++) put(s[i] >= 0x20 && s[i] < 0x7f ? s[i] : '?');
        return *this;
    }
    Line& hex(u64 n) {
        *this << "0x";
        int shift = 60;
        while (shift && !(n >> shift)) shift -= 4;
        for (; shift >= 0; shift -= 4) put("0123456789abcdef"[n >> shift & 15]);
        return *this;
    }
    Line& dec(u64 n) {
        char digits[20];
        int count = 0;
        do digits[count++] = static_cast<char>('0' + n % 10);
        while (n /= 10);
        while (count) put(digits[--count]);
        return *this;
    }

private:
    void put(char c) {
        if (at_ == end_) return;
        *at_++ = c;
        *at_ = 0;
    }
    char* at_;
    char* end_;
};

}  // namespace trapeze::macho
