// SPDX-License-Identifier: BSD-3-Clause
// What XNU's loader makes of a Mach-O file: a plan of what to map and where to
// start, or the errno and a one-line reason. Pure: no trap, no allocation, no
// global; it reads only the bytes it is given, so the unit test runs the same
// code on the host over mutated files.
//
// The rules are those of xnu-11417 bsd/kern/mach_loader.c (parse_machfile,
// load_segment, load_unixthread). Where XNU would go on and start a dynamic
// linker we have none to start: a file that needs one for a library, a bind or
// a rebase is refused, one that merely names it is taken, since dyld would
// hand it exactly the state that a static program gets.
//
// Two steps, because a fat file's Mach header lies anywhere in it:
//   macho_slice  first bytes of the file  -> where the x86-64 image lies in it
//   parse_macho  first bytes of the image -> the plan
#pragma once

#include "sys/types.h"

namespace trapeze {

struct ByteView {
    const u8* data;
    usize size;
};

// x86_THREAD_STATE64, flavor 4: 21 registers in XNU's order.
struct MachoRegs {
    u64 rax, rbx, rcx, rdx, rdi, rsi, rbp, rsp;
    u64 r8, r9, r10, r11, r12, r13, r14, r15;
    u64 rip, rflags, cs, fs, gs;
};

// One LC_SEGMENT_64 that gets mapped: vmsize > 0, not the page zero. Addresses
// and sizes are as in the file, not rounded; the loader rounds as XNU does
// (start down, end up). fileoff counts from the start of the file, not of the
// slice. initprot/maxprot: read 1, write 2, execute 4.
struct MachoSegment {
    char name[17];
    u64 vmaddr, vmsize, fileoff, filesize;
    u32 initprot, maxprot;
};

struct MachoSlice {
    i32 err;  // 0, or the errno that XNU's execve gives
    char reason[120];
    u64 offset, size;
};

struct MachoPlan {
    static constexpr usize max_segments = 64;  // our limit; XNU has none

    i32 err;  // 0, or the errno that XNU's execve gives
    char reason[160];

    usize nsegments;
    MachoSegment segments[max_segments];  // in the file's order, disjoint
    u64 pagezero_end;   // nothing may be mapped below; at least 0x1000
    u64 low, high;      // page-rounded span of all segments
    u64 header_addr;    // where the Mach header is mapped
    MachoRegs regs;     // of LC_UNIXTHREAD; rsp 0 = the kernel makes the stack
    u32 flags;          // of the header: MH_PIE 0x200000 ...
    bool pie;           // may be slid; slide 0 is right as well
    bool names_dyld;    // LC_LOAD_DYLINKER is there, without anything for it to do
    bool exec_stack;    // MH_ALLOW_STACK_EXECUTION
    u64 commands_end;   // bytes of the image that parse_macho needed to see
};

// head: the first bytes of the file, 4096 if it has as many. Thin files give
// {0, file_size}. A fat file's best slice is the x86-64 one (CPU_SUBTYPE_ALL
// before x86_64h, which needs a Haswell).
MachoSlice macho_slice(ByteView head, u64 file_size);

// head: the first bytes of the slice, at least 32 + sizeofcmds of them
// (macho_head_size tells) or all there are; slice_size and slice_offset as
// macho_slice gave them; file_size of the whole file, 0 if the slice ends it.
MachoPlan parse_macho(ByteView head, u64 slice_size, u64 slice_offset = 0, u64 file_size = 0);

// Header and load commands of the image that begins with these bytes (32 are
// enough), or 0 if it is no 64-bit Mach-O. Not checked against anything.
u64 macho_head_size(ByteView head);

}  // namespace trapeze
