// SPDX-License-Identifier: BSD-3-Clause
// Subsystem mach_port (3200): osfmk/mach/mach_port.defs, on the task's own name space.
#include "sys/darwin/kern_return.h"
#include "sys/darwin/numbers.h"
#include "tools/xnurun/exceptions.h"
#include "tools/xnurun/rpc.h"

namespace trapeze {
namespace {

u32* pages(u32 words) {
    const i64 r = host(lnx::SYS_mmap, 0, (words + 1) * u64{4}, lnx::PROT_READ | lnx::PROT_WRITE, lnx::MAP_PRIVATE | lnx::MAP_ANON, -1, 0);
    return host_failed(r) ? nullptr : reinterpret_cast<u32*>(r);
}

i32 names(Rpc& r) {
    u32 end;
    {
        Locked hold(ports_lock);
        end = entries_end_locked();
    }
    u32* list = pages(2 * end);
    if (!list) return xnu::KERN_RESOURCE_SHORTAGE;
    u32 n = 0;
    {
        Locked hold(ports_lock);
        for (u32 i = 1; i < end; i++) {
            if (!entry_locked(i).types) continue;
            const PortEntry* e = entry_find_locked(entry_name_locked(entry_locked(i)));
            list[n] = entry_name_locked(*e);
            list[end + n++] = e->types << 16 | (carried_valid(e->notify) ? type_dnrequest : 0);
        }
    }
    const bool done = r.put_memory(list, n * 4) && r.put_memory(list + end, n * 4);
    host(lnx::SYS_munmap, list, (2 * end + 1) * u64{4});
    if (!done) return xnu::KERN_RESOURCE_SHORTAGE;
    r.put_ndr();
    r.put32(n).put32(n);
    return 0;
}

i32 set_status(Rpc& r) {
    const u32 name = r.u(0);
    if (!valid_name(name)) return xnu::KERN_INVALID_RIGHT;
    for (u32 room = 64;;) {
        u32* list = pages(room);
        if (!list) return xnu::KERN_RESOURCE_SHORTAGE;
        u32 n = 0;
        i32 failed = 0;
        {
            Locked hold(ports_lock);
            const PortEntry* e = entry_find_locked(name);
            if (!e) failed = xnu::KERN_INVALID_NAME;
            else if (!(e->types & type_set)) failed = xnu::KERN_INVALID_RIGHT;
            else n = set_members_locked(e->port, list, room);
        }
        const bool fits = n <= room;
        if (!failed && fits && !r.put_memory(list, n * 4)) failed = xnu::KERN_RESOURCE_SHORTAGE;
        host(lnx::SYS_munmap, list, (room + 1) * u64{4});
        if (failed) return failed;
        if (fits) {
            r.put_ndr();
            r.put32(n);
            return 0;
        }
        room = n;
    }
}

i32 type(Rpc& r) {
    u32 types;
    if (const i32 failed = port_type(r.u(0), types)) return failed;
    r.put32(types);
    return 0;
}

i32 allocate(Rpc& r) {
    u32 name;
    if (const i32 failed = port_allocate(r.u(0), name)) return failed;
    r.put32(name);
    return 0;
}

i32 allocate_qos(Rpc& r) {  // {name:1, prealloc:1, len}: preallocation is a promise that costs nothing here
    if (r.u(4) & 1) return xnu::KERN_INVALID_ARGUMENT;
    if (r.u(4) & 2 && r.u(0) != right_receive) return xnu::KERN_INVALID_VALUE;
    u32 name;
    if (const i32 failed = port_allocate(r.u(0), name)) return failed;
    r.put32(r.u(4)).put32(r.u(8)).put32(name);
    return 0;
}

i32 get_refs(Rpc& r) {
    u32 refs;
    if (const i32 failed = port_get_refs(r.u(0), r.u(4), refs)) return failed;
    r.put32(refs);
    return 0;
}

// Some look whether the name can be one before they look it up, some do not.
template <class F>
i32 with_receive_right(u32 name, F f, i32 invalid = xnu::KERN_INVALID_RIGHT) {
    if (!valid_name(name)) return invalid;
    Locked hold(ports_lock);
    Port* port;
    if (const i32 failed = receive_right_locked(name, port)) return failed;
    return f(*port);
}

i32 set_make_send_count(Rpc& r) {
    return with_receive_right(r.u(0), [&](Port& p) { return p.make_send_count = r.u(4), 0; });
}
i32 set_sequence(Rpc& r) {
    return with_receive_right(r.u(0), [&](Port& p) { return p.sequence = r.u(4), 0; });
}
i32 get_send_rights(Rpc& r) {
    u32 n = 0;
    const i32 failed = with_receive_right(r.u(0), [&](Port& p) { return n = p.send_rights, 0; }, xnu::KERN_INVALID_NAME);
    if (!failed) r.put32(n);
    return failed;
}
i32 get_context(Rpc& r) {
    u64 context = 0;
    const i32 failed = with_receive_right(r.u(0), [&](Port& p) { return context = p.strict ? 0 : p.context, 0; });
    if (!failed) r.put64(context);
    return failed;
}
i32 set_context(Rpc& r) {
    return with_receive_right(r.u(0), [&](Port& p) -> i32 {
        if (p.strict) return guard_broken(r.u(0), p.context, guard_set_context), xnu::KERN_INVALID_ARGUMENT;
        p.context = r.w(4);
        return 0;
    });
}

// peek: name, trailer type, sequence number (0: the first), room for the trailer in bytes.
i32 peek(Rpc& r) {
    const u32 option = r.u(4), room = r.u(12);
    u32 trailer[17] = {0, trailer_size(option)};
    if (!valid_name(r.u(0))) return xnu::KERN_INVALID_RIGHT;
    if ((option >> 24 & 0xf) > 3 || trailer[1] > room) return xnu::KERN_INVALID_VALUE;
    u32 sequence = r.u(8), size = 0, id = 0;
    const i32 failed = with_receive_right(r.u(0), [&](Port& p) -> i32 {
        if (!sequence) sequence = p.sequence;
        if (sequence - p.sequence >= p.queued) return xnu::KERN_FAILURE;
        const Message* m = p.first;
        for (u32 n = sequence - p.sequence; n && m; n--) m = m->next;
        if (!m) return xnu::KERN_FAILURE;
        size = m->size;
        id = static_cast<u32>(m->id);
        return 0;
    });
    if (failed) return failed;
    trailer[2] = sequence;
    r.put32(sequence).put32(size).put32(id).put32(trailer[1]).put(trailer, trailer[1]);
    return 0;
}

i32 request_notification(Rpc& r) {
    Port *notify = r.port(0), *previous;
    Locked hold(ports_lock);
    if (const i32 failed = port_request_notification_locked(r.u(0), r.i(4), r.u(8), notify, previous)) return failed;
    r.keep_port(0);
    r.put_port(previous, msg_move_send_once);
    return 0;
}

i32 insert_right(Rpc& r) {
    const u32 name = r.u(0), disposition = r.port_type(0);
    Port* port = r.port(0);
    if (!valid_name(name)) return xnu::KERN_INVALID_VALUE;
    if (!carried_valid(port)) return xnu::KERN_INVALID_CAPABILITY;
    Locked hold(ports_lock);
    if (const i32 failed = copyout_name_locked(port, disposition, name)) return failed;
    r.keep_port(0);
    return 0;
}

i32 extract_right(Rpc& r) {
    const u32 name = r.u(0), disposition = r.u(4);
    if (!carried_type(disposition)) return xnu::KERN_INVALID_VALUE;
    if (!valid_name(name)) return xnu::KERN_INVALID_RIGHT;
    Locked hold(ports_lock);
    Port* port;
    if (const i32 failed = copyin_locked(name, disposition, true, port)) return failed;
    r.put_port(port, carried_type(disposition));
    return 0;
}

i32 get_attributes(Rpc& r) {
    u32 info[17], count = r.u(8);
    if (const i32 failed = port_attributes(r.u(0), r.i(4), info, count)) return failed;
    r.put32(count).put(info, count * 4);
    return 0;
}

i32 set_attributes(Rpc& r) {
    const u32 name = r.u(0), count = r.u(8);
    switch (r.i(4)) {
    case 1: return count < 1 ? xnu::KERN_FAILURE : port_set_queue_limit(name, r.u(12));
    case 3: if (count < 1) return xnu::KERN_FAILURE; [[fallthrough]];  // room for requests: there always is
    case 4: case 5: case 6:  // importance is nobody's business here; but a timer's port can have none
        return with_receive_right(name, [](Port& p) -> i32 { return p.kind == PortKind::timer ? xnu::KERN_INVALID_ARGUMENT : 0; });
    default: return xnu::KERN_INVALID_ARGUMENT;
    }
}

// IKOT_* of xnu-3248 osfmk/kern/ipc_kobject.h.
i32 kobject(Rpc& r) {
    const u32 name = r.u(0);
    if (!valid_name(name)) return xnu::KERN_INVALID_NAME;
    u32 kind = 0;
    {
        Locked hold(ports_lock);
        const PortEntry* e = entry_find_locked(name);
        if (!e) return xnu::KERN_INVALID_NAME;
        if (!(e->types & (type_send | type_receive))) return xnu::KERN_INVALID_RIGHT;
        switch (e->port->kind) {
        case PortKind::thread: kind = 1; break;
        case PortKind::task: kind = 2; break;
        case PortKind::host: kind = 3; break;
        case PortKind::host_priv: kind = 4; break;
        case PortKind::timer: kind = 8; break;
        case PortKind::clock: case PortKind::calendar: kind = 25; break;
        case PortKind::semaphore: kind = 23; break;
        case PortKind::memory: kind = 28; break;
        case PortKind::fileport: kind = 34; break;
        case PortKind::processor_set: kind = 7; break;
        default: break;
        }
    }
    r.put32(kind);
    if (r.request->id == xnu::MIG_mach_port_kobject) r.put64(0);  // addresses of the kernel's are nobody's business
    else if (r.request->id == xnu::MIG_mach_port_kobject_description) r.put64(0).put32(0).put32(1).put32(0);  // and no words for it
    else r.put32(0);
    return 0;
}

i32 rename(Rpc&) { return xnu::KERN_NOT_SUPPORTED; }
i32 allocate_name(Rpc& r) { return port_allocate_name(r.u(0), r.u(4)); }
i32 destroy(Rpc& r) { return port_destroy(r.u(0)); }
i32 deallocate(Rpc& r) { return port_release_send(r.u(0)); }
i32 mod_refs(Rpc& r) { return port_mod_refs(r.u(0), r.u(4), r.i(8)); }
i32 move_member(Rpc& r) { return port_move_member(r.u(0), r.u(4)); }
i32 insert_member(Rpc& r) { return port_insert_member(r.u(0), r.u(4)); }
i32 extract_member(Rpc& r) { return port_extract_member(r.u(0), r.u(4)); }
i32 destruct(Rpc& r) { return port_destruct(r.u(0), r.i(4), r.w(8)); }
// Its options come out of line: mach_port_options_t.
i32 construct(Rpc& r) {
    u64 at;
    u32 words[6], name;
    memcpy(&at, r.request->bytes + header_size + 4, 8);
    memcpy(words, reinterpret_cast<const void*>(at), sizeof words);
    if (const i32 failed = port_construct(words[0], words[1], r.w(0), name)) return failed;
    r.put32(name);
    return 0;
}
i32 guard_with_flags(Rpc& r) {
    constexpr u64 strict = 1, immovable = 2;
    return r.w(12) & ~(strict | immovable) ? xnu::KERN_INVALID_ARGUMENT : port_guard(r.u(0), r.w(4), r.w(12) & strict);
}
i32 swap_guard(Rpc& r) {
    const u64 before = r.w(4), after = r.w(12);
    return with_receive_right(r.u(0), [&](Port& p) -> i32 {
        if (!p.guarded || p.context != before) return xnu::KERN_INVALID_ARGUMENT;
        return p.context = after, 0;
    });
}
i32 guard(Rpc& r) { return port_guard(r.u(0), r.w(4), r.u(12)); }
i32 unguard(Rpc& r) { return port_unguard(r.u(0), r.w(4)); }

const RpcRow rows[] = {
    {xnu::MIG_mach_port_names, names},
    {xnu::MIG_mach_port_type, type},
    {xnu::MIG_mach_port_rename, rename},
    {xnu::MIG_mach_port_allocate_name, allocate_name},
    {xnu::MIG_mach_port_allocate, allocate},
    {xnu::MIG_mach_port_destroy, destroy},
    {xnu::MIG_mach_port_deallocate, deallocate},
    {xnu::MIG_mach_port_get_refs, get_refs},
    {xnu::MIG_mach_port_mod_refs, mod_refs},
    {xnu::MIG_mach_port_peek, peek},
    {xnu::MIG_mach_port_set_mscount, set_make_send_count},
    {xnu::MIG_mach_port_get_set_status, set_status},
    {xnu::MIG_mach_port_move_member, move_member},
    {xnu::MIG_mach_port_request_notification, request_notification},
    {xnu::MIG_mach_port_insert_right, insert_right},
    {xnu::MIG_mach_port_extract_right, extract_right},
    {xnu::MIG_mach_port_set_seqno, set_sequence},
    {xnu::MIG_mach_port_get_attributes, get_attributes},
    {xnu::MIG_mach_port_set_attributes, set_attributes},
    {xnu::MIG_mach_port_allocate_qos, allocate_qos},
    {xnu::MIG_mach_port_get_srights, get_send_rights},
    {xnu::MIG_mach_port_kernel_object, kobject},
    {xnu::MIG_mach_port_insert_member, insert_member},
    {xnu::MIG_mach_port_extract_member, extract_member},
    {xnu::MIG_mach_port_get_context, get_context},
    {xnu::MIG_mach_port_set_context, set_context},
    {xnu::MIG_mach_port_kobject, kobject},
    {xnu::MIG_mach_port_kobject_description, kobject},
    {xnu::MIG_mach_port_destruct, destruct},
    {xnu::MIG_mach_port_guard, guard},
    {xnu::MIG_mach_port_construct, construct},
    {xnu::MIG_mach_port_guard_with_flags, guard_with_flags},
    {xnu::MIG_mach_port_swap_guard, swap_guard},
    {xnu::MIG_mach_port_unguard, unguard},
};

}  // namespace

const RpcServer mig_port_server = {[](const Port* p) { return p->kind == PortKind::task; }, xnu::KERN_INVALID_TASK, rows,
                                   sizeof rows / sizeof *rows};

}  // namespace trapeze
