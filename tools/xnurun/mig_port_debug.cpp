// SPDX-License-Identifier: BSD-3-Clause
// The routines of mach_port (3200) that look at the name space as a whole, and those for ports of kinds that this task has none of
// (osfmk/ipc/mach_debug.c, mach_port.c). Addresses of the kernel's are 0, as for those that may not know them.
#include "sys/darwin/kern_return.h"
#include "sys/darwin/numbers.h"
#include "tools/xnurun/rpc.h"
#include "tools/xnurun/thread.h"

namespace trapeze {
namespace {

constexpr u32 generations = 0xff;  // of a name
u32 next_size(u32 n) {             // that a table of n grows to
    u32 size = 16;
    while (size <= n) size *= 2;
    return size;
}

i32 space_info(Rpc& r) {
    struct Name {
        u32 name, collision, type, references, object, next, hash;
    };
    u32 n;
    {
        Locked hold(ports_lock);
        n = entries_end_locked();
    }
    const u64 bytes = n * sizeof(Name);
    Name* names = static_cast<Name*>(host_pages(bytes));
    {
        Locked hold(ports_lock);
        for (u32 i = 1; i < n; i++) {
            PortEntry& e = entry_locked(i);
            if (!e.types) continue;
            const u32 name = entry_name_locked(e);
            if (!entry_find_locked(name)) continue;
            names[i] = {name, 0, e.types << 16 | (carried_valid(e.notify) ? type_dnrequest : 0), e.urefs, 0, 0, 0};
        }
    }
    const bool done = r.put_memory(names, static_cast<u32>(bytes)) && r.put_memory(nullptr, 0);
    host(lnx::SYS_munmap, names, bytes);
    if (!done) return xnu::KERN_RESOURCE_SHORTAGE;
    r.put_ndr();
    r.put32(generations).put32(n).put32(next_size(n)).put32(0).put32(0).put32(0).put32(n).put32(0);
    return 0;
}

i32 basic_info(Rpc& r) {
    u32 n, used = 0;
    {
        Locked hold(ports_lock);
        n = entries_end_locked();
        for (u32 i = 1; i < n; i++) used += entry_locked(i).types != 0;
    }
    r.put32(generations).put32(n).put32(next_size(n)).put32(used).put32(0).put32(0);
    return 0;
}

// How many names of the port want to hear of its death, and how many there is room for.
i32 requests_info(Rpc& r) {
    if (!valid_name(r.u(0))) return xnu::KERN_INVALID_NAME;
    u32 used = 0, total = 0;
    {
        Locked hold(ports_lock);
        Port* port;
        if (const i32 failed = receive_right_locked(r.u(0), port)) return failed;
        for (u32 at = port->requests; at; at = entry_locked(at).next_request) used++;
    }
    for (total = used ? 2 : 0; used && total <= used;) total *= 2;
    r.put32(total).put32(used);
    return 0;
}

// {name:1, prealloc:1, len:30}: preallocation is a promise that costs nothing here.
i32 allocate_full(Rpc& r) {
    const u32 right = r.u(0);
    u32 name = r.u(12);
    const bool named = r.u(4) & 1, prealloc = r.u(4) & 2;
    if (r.port(0)) return xnu::KERN_INVALID_VALUE;
    if (named && !valid_name(name)) return xnu::KERN_INVALID_VALUE;
    if (prealloc && right != right_receive) return xnu::KERN_INVALID_VALUE;
    const bool by_name = named && right != right_dead_name;  // a dead name is never the caller's choice
    if (const i32 failed = by_name ? port_allocate_name(right, name) : port_allocate(right, name)) return failed;
    r.put32(r.u(4)).put32(r.u(8)).put32(name);
    return 0;
}

i32 reset_link(Rpc& r) {  // no link is ever made, so none is lost
    const u32 name = r.u(0);
    if (!valid_name(name)) return xnu::KERN_INVALID_NAME;
    const u32 special = self().special_reply_port;
    if (!special) return xnu::KERN_INVALID_VALUE;
    {
        Locked hold(ports_lock);
        Port* port;
        if (const i32 failed = receive_right_locked(name, port)) return failed;
    }
    if (name != special) return xnu::KERN_INVALID_ARGUMENT;
    r.put32(0);
    return 0;
}

i32 no_service(u32 name) {
    Locked hold(ports_lock);
    Port* port;
    const i32 failed = receive_right_locked(name, port);
    return failed ? failed : xnu::KERN_INVALID_CAPABILITY;
}
i32 connection(Rpc& r) { return valid_name(r.u(0)) && valid_name(r.u(4)) ? no_service(r.u(4)) : xnu::KERN_INVALID_NAME; }
i32 service(Rpc& r) { return valid_name(r.u(0)) ? no_service(r.u(0)) : xnu::KERN_INVALID_RIGHT; }

// MACH_PORT_GUARD_INFO: strictly guarded, by just that.
i32 assert_attributes(Rpc& r) {
    constexpr i32 guard_info = 8;
    if (r.i(4) != guard_info) return xnu::KERN_INVALID_ARGUMENT;
    if (r.u(8) < 2) return xnu::KERN_FAILURE;
    if (!valid_name(r.u(0))) return xnu::KERN_INVALID_RIGHT;
    Locked hold(ports_lock);
    Port* port;
    if (const i32 failed = receive_right_locked(r.u(0), port)) return failed;
    return port->guarded && port->strict && port->context == r.w(12) ? 0 : xnu::KERN_INVALID_ARGUMENT;
}

const RpcRow rows[] = {
    {xnu::MIG_mach_port_space_info, space_info},
    {xnu::MIG_mach_port_dnrequest_info, requests_info},
    {xnu::MIG_mach_port_space_basic_info, basic_info},
    {xnu::MIG_mach_port_allocate_full, allocate_full},
    {xnu::MIG_mach_port_special_reply_port_reset_link, reset_link},
    {xnu::MIG_mach_port_is_connection_for_service, connection},
    {xnu::MIG_mach_port_get_service_port_info, service},
    {xnu::MIG_mach_port_assert_attributes, assert_attributes},
};

}  // namespace

const RpcServer mig_port_debug_server = {[](const Port* p) { return p->kind == PortKind::task; }, xnu::KERN_INVALID_TASK, rows,
                                         sizeof rows / sizeof *rows};

}  // namespace trapeze
