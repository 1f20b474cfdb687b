// SPDX-License-Identifier: BSD-3-Clause
// The tree of sysctl as its leaves: one row each, with its whole name by letters and by numbers; the nodes between are what rows have in
// common. Whoever answers may be a value, which is small and copied out by sysctl.cpp, or a handler that takes the rest of the name.
//
// Nothing may be set: the machine is not the guest's. OID_AUTO numbers begin at 100, as XNU's do, and are ours otherwise: programs ask for
// such leaves by name.
#pragma once
#include "tools/xnurun/trap.h"

#pragma GCC visibility push(hidden)  // see host.h
namespace trapeze {

struct SysctlValue {
    i32 error = 0;  // or what XNU says where there is no such thing
    u32 size = 0;
    alignas(8) char bytes[640];

    void put(const void* from, u32 n);
    void number(i32 n) { put(&n, 4); }
    void quad(u64 n) { put(&n, 8); }
    void text(const char*);
};

struct SysctlRequest {
    u64 old, room, fresh, used;
    i32 out(const void* from, u64 n);  // 0, ENOMEM where it does not fit, EFAULT
};

// What sysctl_io_number (narrow: a quad into 4 bytes, if it fits), SYSCTL_OUT alone and sysctl_io_string do.
enum class SysctlType : u8 { integer, quad, quad_only, text, cut_text, structure, node };

struct SysctlRow {
    const char* name;
    i32 mib[4];       // 0 ends it, but for the first, and for kern.proc.all
    u8 depth;
    SysctlType type;
    const char* format;
    void (*value)(SysctlValue&);
    i32 (*handler)(SysctlRequest&, const i32* rest, u32 count, i32 which) = nullptr;  // 0 or errno; node
    u32 since = 0;    // era
};
struct SysctlRows {
    const SysctlRow* first;
    u32 count;
};
extern const SysctlRows sysctl_machine_rows, sysctl_processor_rows;

i32 sysctl_processes(SysctlRequest&, const i32* rest, u32 count, i32 which);  // kern.proc.*
i32 sysctl_arguments(SysctlRequest&, const i32* rest, u32 count, i32 which);  // kern.procargs2
void sysctl_remember_arguments(u64 strings, u64 argc);                        // of this process; 0: it has no stack of XNU's making

}  // namespace trapeze
#pragma GCC visibility pop
