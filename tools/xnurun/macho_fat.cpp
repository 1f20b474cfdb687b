// SPDX-License-Identifier: BSD-3-Clause
// Fat files: which part of a file is the x86-64 image (bsd/kern/mach_fat.c).
//
// XNU checks the whole table before it takes a slice: every slice inside the
// file, none over the table or over another, no CPU twice. The table must lie
// in the first page. It never reads FAT_MAGIC_64. An x86_64h slice wins on a
// Haswell or later; this one counts as such no more than it must: plain x86_64
// is taken first, for it runs everywhere.
#include "tools/xnurun/macho_file.h"

namespace trapeze {

using namespace macho;

namespace {

struct Arch {
    u32 cputype, cpusubtype, offset, size;
};

constexpr usize fat_header_size = 8, fat_arch_size = 20;

Arch arch(ByteView head, u32 i) {
    const u8* at = head.data + fat_header_size + i * fat_arch_size;
    return {big32(at), big32(at + 4), big32(at + 8), big32(at + 12)};
}

bool overlap(const Arch& a, const Arch& b) {
    u64 a_end = u64{a.offset} + a.size, b_end = u64{b.offset} + b.size;
    return a.offset <= b.offset ? a_end > b.offset : a.offset < b_end;
}

int grade(const Arch& a) {
    if (a.cputype != CPU_TYPE_X86_64) return 0;
    u32 sub = a.cpusubtype & ~CPU_SUBTYPE_MASK;
    return sub == CPU_SUBTYPE_X86_64_ALL ? 2 : sub == CPU_SUBTYPE_X86_64_H ? 1 : 0;
}

}  // namespace

MachoSlice macho_slice(ByteView head, u64 file_size) {
    MachoSlice slice{0, "", 0, file_size};
    Line reason(slice.reason, sizeof slice.reason);
    if (head.size > page) head.size = page;
    u32 magic = head.size >= 4 ? big32(head.data) : 0;
    if (magic == FAT_MAGIC_64) {
        slice.err = ENOEXEC;
        reason << "a fat file with 64-bit offsets, which XNU does not execute; extract the x86_64 slice (lipo -thin)";
        return slice;
    }
    if (magic != FAT_MAGIC) return slice;

    slice.err = EBADMACHO;
    if (head.size < fat_header_size) {
        reason << "fat file truncated inside its header";
        return slice;
    }
    u32 count = big32(head.data + 4);
    if (count > (head.size - fat_header_size) / fat_arch_size) {
        (reason << "fat file names ").dec(count) << " slices, more than its first page holds";
        return slice;
    }
    u64 table_end = fat_header_size + count * fat_arch_size;
    int best = 0;
    for (u32 i = 0; i < count; i++) {
        Arch a = arch(head, i);
        if (a.offset < table_end || beyond(a.offset, a.size, file_size)) {
            (reason << "slice ").dec(i) << " of the fat file lies over its table or beyond its end";
            return slice;
        }
        for (u32 j = i + 1; j < count; j++) {
            Arch b = arch(head, j);
            if ((a.cputype == b.cputype && a.cpusubtype == b.cpusubtype) || overlap(a, b)) {
                ((reason << "slices ").dec(i) << " and ").dec(j) << " of the fat file overlap or are for one CPU";
                return slice;
            }
        }
        if (grade(a) > best) {
            best = grade(a);
            slice.offset = a.offset;
            slice.size = a.size;
        }
    }
    if (!best) {
        slice.err = EBADARCH;
        reason << "the fat file has no x86_64 slice";
        return slice;
    }
    slice.err = 0;
    return slice;
}

}  // namespace trapeze
