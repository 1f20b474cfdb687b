// SPDX-License-Identifier: BSD-3-Clause
// Puts a static Mach-O and all that XNU's execve puts beside it into this
// address space: segments at their addresses, the main stack with argc, argv,
// envp and apple[]; the commpage's place. It runs once, before the first guest
// instruction, on the one thread there is.
//
// The emulator itself must lie where no guest can: it is linked above
// 0x7e0000000000 and below the guest's stack, and MAP_FIXED_NOREPLACE makes a
// collision an error instead of a crash.
#pragma once

#include "sys/types.h"
#include "tools/xnurun/macho.h"

namespace trapeze {

// xnu-1228 .. xnu-3789 (10.5 .. 10.12) VM_USRSTACK64. A non-PIE program's
// stack is never slid, so its top is this very address.
inline constexpr u64 guest_stack_top = 0x7fff5fc00000;
inline constexpr u64 guest_stack_reserve = 64ull << 20;  // MAXSSIZ, PROT_NONE below the limit
inline constexpr u64 guest_stack_size = 8ull << 20;      // DFLSSIZ, the RLIMIT_STACK default
inline constexpr u64 guest_commpage = 0x7fffffe00000;
inline constexpr u64 guest_commpage_size = 0x1000;
inline constexpr u64 guest_user_max = 0x7fffffe00000;    // mmap gives nothing from here on

// The clock of the commpage: ns = ((tsc - tsc_base) << shift) * scale >> 32, + ns_base,
// on CLOCK_MONOTONIC. mach_absolute_time counts the same nanoseconds.
struct CommpageTime {
    u64 tsc_base, ns_base;
    u32 scale, shift;
};

struct Guest {
    MachoPlan plan;     // what was mapped
    MachoRegs regs;     // at the first instruction: rip, rsp -> argc, rflags; the rest as the file says.
                        // cs is XNU's 0x2b: a host register state needs the host's
    u64 stack_low;      // lowest accessible byte; below it PROT_NONE down to guest_stack_reserve under the top
    u64 stack_top;      // first byte above the strings; both 0 if the program brought its own stack
};

// First of all in main: reserves the stack's and the commpage's addresses. Where
// Linux's address randomisation happened to put the emulator's own stack or vDSO
// there (about one run in 200), it executes itself again without randomisation.
// False, with one line in message, if the addresses cannot be had at all.
bool reserve_guest_areas(char* const* host_argv, char* const* host_envp, char* message, usize message_size);

// The file as execve would look at it before the old image goes: 0, or XNU's errno for it.
i32 examine_macho(const u8* file, u64 size);

// Maps `path` and builds the entry state; reserve_guest_areas came before. 0, or
// XNU's errno for that execve with one line in message[0..message_size) that names
// the file, what is wrong with it and, where something helps, what to do. Nothing
// is unmapped again on an error: the process is expected to end.
i32 load_guest(const char* path, const char* const* argv, const char* const* envp,
               Guest& guest, char* message, usize message_size);

}  // namespace trapeze
