// SPDX-License-Identifier: BSD-3-Clause
// What the mach_port routines look up and set: osfmk/ipc/mach_port.c.
#include "sys/darwin/kern_return.h"
#include "sys/mem.h"
#include "tools/xnurun/exceptions.h"
#include "tools/xnurun/message.h"
#include "tools/xnurun/port_set.h"

namespace trapeze {
namespace {

enum : u32 {  // mach_port_options_t
    context_as_guard = 1, set_queue_limit = 2, insert_send_right = 0x10, strict_guard = 0x20,
};
constexpr u32 largest_queue_limit = 1024;  // MACH_PORT_QLIMIT_LARGE
enum : i32 { limits_info = 1, receive_status = 2, dnrequests_size = 3, tempowner = 4, importance_receiver = 5,
             denap_receiver = 6, info_ext = 7 };

i32 fill(PortEntry& e, u32 right) {
    if (right == right_dead_name) {
        e.urefs = 1;
    } else {
        e.port = port_new_locked(right == right_receive ? PortKind::plain : PortKind::set);
        e.port->refs = 1;
        e.port->name = entry_name_locked(e);
        e.port->received = true;
    }
    e.types = type_bit(right);
    return 0;
}

bool can_allocate(u32 right) { return right == right_receive || right == right_port_set || right == right_dead_name; }

u32 request_types(const PortEntry& e) {
    if (!carried_valid(e.notify)) return 0;
    if (!e.send_possible) return type_dnrequest;
    return type_dnrequest | type_sprequest | (e.armed ? 0 : type_sprequest_delayed);
}

void guard(Port* port, u64 context, bool strict) {
    port->context = context;
    port->guarded = true;
    port->strict = strict;
}

}  // namespace

i32 port_allocate(u32 right, u32& name) {
    if (!can_allocate(right)) return xnu::KERN_INVALID_VALUE;
    Locked hold(ports_lock);
    PortEntry* e = entry_new_locked(name);
    return e ? fill(*e, right) : xnu::KERN_NO_SPACE;
}

i32 port_allocate_name(u32 right, u32 name) {
    if (!valid_name(name) || !can_allocate(right)) return xnu::KERN_INVALID_VALUE;
    Locked hold(ports_lock);
    PortEntry* e;
    if (const i32 failed = entry_at_locked(name, e)) return failed;
    return e->types ? xnu::KERN_NAME_EXISTS : fill(*e, right);
}

i32 port_type(u32 name, u32& types) {
    if (name == port_null) return xnu::KERN_INVALID_NAME;
    types = type_dead << 16;
    if (name == port_dead_name) return 0;
    Locked hold(ports_lock);
    PortEntry* e = entry_find_locked(name);
    if (!e) return xnu::KERN_INVALID_NAME;
    types = e->types << 16 | (request_types(*e) & type_dnrequest);  // the others are for kernels' eyes alone
    return 0;
}

i32 port_get_refs(u32 name, u32 right, u32& refs) {
    if (right > 5) return xnu::KERN_INVALID_VALUE;
    refs = 1;
    if (!valid_name(name)) return right == right_send || right == right_send_once ? 0 : xnu::KERN_INVALID_NAME;
    Locked hold(ports_lock);
    PortEntry* e = entry_find_locked(name);
    if (!e) return xnu::KERN_INVALID_NAME;
    if (!(e->types & type_bit(right))) refs = 0;
    else if (right == right_send || right == right_dead_name) refs = e->urefs;
    return 0;
}

i32 port_set_queue_limit(u32 name, u32 limit) {
    if (limit > largest_queue_limit) return xnu::KERN_INVALID_VALUE;
    if (!valid_name(name)) return xnu::KERN_INVALID_RIGHT;
    Locked hold(ports_lock);
    Port* port;
    if (const i32 failed = receive_right_locked(name, port)) return failed;
    queue_limit_locked(port, limit);
    return 0;
}

i32 port_guard(u32 name, u64 context, bool strict) {
    if (!valid_name(name)) return xnu::KERN_INVALID_NAME;
    Locked hold(ports_lock);
    Port* port;
    if (const i32 failed = receive_right_locked(name, port)) return failed;
    if (port->context) return xnu::KERN_INVALID_ARGUMENT;
    guard(port, context, strict);
    return 0;
}

i32 port_unguard(u32 name, u64 context) {
    if (!valid_name(name)) return xnu::KERN_INVALID_NAME;
    Locked hold(ports_lock);
    Port* port;
    if (const i32 failed = receive_right_locked(name, port)) return failed;
    if (!port->guarded || port->context != context) {
        guard_broken(name, port->guarded ? port->context : 0, port->guarded ? guard_incorrect : guard_unguarded);
        return xnu::KERN_INVALID_ARGUMENT;
    }
    port->context = 0;
    port->guarded = port->strict = false;
    return 0;
}

i32 port_construct(u32 flags, u32 queue_limit, u64 context, u32& name) {
    if (const i32 failed = port_allocate(right_receive, name)) return failed;
    {
        Locked hold(ports_lock);
        Port* port = entry_find_locked(name)->port;
        if (flags & context_as_guard) guard(port, context, flags & strict_guard);
        else port->context = context;
    }
    i32 result = flags & set_queue_limit ? port_set_queue_limit(name, queue_limit) : 0;
    if (!result && flags & insert_send_right) result = port_insert_right(name, name, msg_make_send);
    if (result) (void)port_destruct(name, 0, context);
    return result;
}

// info has room for 17 words; count is the caller's on the way in.
i32 port_attributes(u32 name, i32 flavor, u32* info, u32& count) {
    constexpr u32 sizes[] = {0, 1, 10, 1, 0, 0, 0, 17};
    if (flavor != limits_info && flavor != receive_status && flavor != dnrequests_size && flavor != info_ext)
        return xnu::KERN_INVALID_ARGUMENT;
    if (count < sizes[flavor]) return xnu::KERN_FAILURE;
    if (!valid_name(name)) {
        if (flavor == receive_status || flavor == info_ext) return xnu::KERN_INVALID_RIGHT;
        count = flavor == limits_info ? 0 : 1;
        info[0] = 0;
        return 0;
    }
    Locked hold(ports_lock);
    Port* port;
    if (const i32 failed = receive_right_locked(name, port)) return failed;
    count = sizes[flavor];
    memset(info, 0, count * 4);
    if (flavor == limits_info) {
        info[0] = port->queue_limit;
    } else if (flavor == dnrequests_size) {
        for (u32 index = port->requests; index; index = entry_locked(index).next_request) info[0]++;
    } else {
        const u32 status[10] = {set_count_locked(port), port->sequence, port->make_send_count, port->queue_limit, port->queued,
                                port->send_once_rights, port->send_rights > 0, port->port_destroyed != nullptr,
                                port->no_senders != nullptr, (port->guarded ? 2u : 0) | (port->strict ? 4u : 0)};
        memcpy(info, status, sizeof status);
    }
    return 0;
}

}  // namespace trapeze
