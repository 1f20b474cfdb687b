// SPDX-License-Identifier: BSD-3-Clause
// A message's body as the files around message.cpp see it: descriptors in the layout of message.h, and pages of the emulator's.
#pragma once
#include "sys/mem.h"
#include "tools/xnurun/message.h"
#include "tools/xnurun/trap.h"

namespace trapeze {

constexpr u32 vm_kernel = 0x400, vm_space = 0x1000, ipc_space = 0x2000;  // MACH_MSG_*: what there was no room in

struct [[gnu::packed]] Ool {
    u64 address;
    u8 deallocate, copy, disposition, type;
    u32 size;  // or count
};
static_assert(sizeof(Ool) == 16);

inline void* try_pages(u64 size) {
    const i64 r = host(lnx::SYS_mmap, 0, size, lnx::PROT_READ | lnx::PROT_WRITE, lnx::MAP_PRIVATE | lnx::MAP_ANON, -1, 0);
    return host_failed(r) ? nullptr : reinterpret_cast<void*>(r);
}
inline void free_pages(u64 at, u64 size) {
    if (at) host(lnx::SYS_munmap, at, size);
}

inline u32 descriptor_size(u8 type) {
    return type == descriptor_ool || type == descriptor_ool_volatile || type == descriptor_ool_ports ? 16 : 12;
}

inline u32 descriptor_count(const Message* m) {
    u32 n = 0;
    if (m->complex && m->size >= header_size + 4) memcpy(&n, m->bytes + header_size, 4);
    return n;
}

inline Port* port_of(const u8* d) {
    Port* p;
    memcpy(&p, d, 8);
    return p;
}
inline void set_port(u8* d, Port* p) { memcpy(d, &p, 8); }

// The first `count` descriptors, copied in, give up what they carry. Under ports_lock.
void clean_body_locked(Message*, u32 count);

}  // namespace trapeze
