// SPDX-License-Identifier: BSD-3-Clause
// Messages into user space: osfmk/ipc/ipc_kmsg.c. What there is no room for is lost, and said in the result's bits.
#include "sys/darwin/kern_return.h"
#include "tools/xnurun/memory.h"
#include "tools/xnurun/message_parts.h"

namespace trapeze {
namespace {

// ipc_kmsg_copyout_object.
u32 give_right(Port* port, u32 type, u32& name) {
    const i32 failed = copyout_locked(port, type, name);
    if (!failed) return 0;
    right_release_locked(port, type);
    name = failed == xnu::KERN_INVALID_CAPABILITY ? port_dead_name : port_null;
    return name ? 0 : ipc_space;
}

u32 copyout_ool(Ool& o) {
    const u64 copy = o.address;
    o.address = 0;
    o.deallocate = o.copy == 1;  // what was copied lazily is the receiver's to give back
    if (!copy) {
        o.size = 0;
        return 0;
    }
    u64 at;
    u32 failed = vm_space;
    if (guest_allocate(o.size, at)) {
        failed = 0;
        (void)copyout(reinterpret_cast<const void*>(copy), at, o.size);
        o.address = at;
    }
    free_pages(copy, o.size);
    if (failed) o.size = 0;
    return failed;
}

u32 copyout_ool_ports(Ool& o) {
    Port** ports = reinterpret_cast<Port**>(o.address);
    o.address = 0;
    o.deallocate = o.copy == 1;
    if (!ports) return 0;
    u32* names = reinterpret_cast<u32*>(ports);
    const u64 bytes = o.size * u64{8};
    u64 at;
    u32 failed = guest_allocate(o.size * u64{4}, at) ? 0 : vm_space, no_room = 0;
    {
        Locked hold(ports_lock);
        for (u32 i = 0; i < o.size; i++) {
            Port* port = ports[i];
            if (failed) right_release_locked(port, o.disposition);
            else no_room |= give_right(port, o.disposition, names[i]);
        }
    }
    if (!failed) {
        (void)copyout(names, at, o.size * u64{4});
        o.address = at;
    } else {
        o.size = 0;
    }
    free_pages(as_word(ports), bytes);
    return failed | no_room;
}

u32 copyout_body(Message* m) {
    u32 failed = 0;
    u8* d = m->bytes + header_size + 4;
    for (u32 n = descriptor_count(m); n; n--) {
        const u8 type = d[11];
        if (type == descriptor_port) {
            u32 words[2] = {0, 0};
            Locked hold(ports_lock);
            failed |= give_right(port_of(d), d[10], words[0]);
            memcpy(d, words, 8);
            d[8] = d[9] = 0;
        } else {
            Ool o;
            memcpy(&o, d, sizeof o);
            failed |= type == descriptor_ool_ports ? copyout_ool_ports(o) : copyout_ool(o);
            memcpy(d, &o, sizeof o);
        }
        d += descriptor_size(type);
    }
    return failed;
}

void put_header(Message* m, u32 remote_type, u32 local_type, u32 remote, u32 local) {
    xnu::mach_msg_header_t h{};
    h.bits = remote_type | local_type << 8 | (m->complex ? bits_complex : 0);
    h.size = m->size;
    h.remote_port = remote;
    h.local_port = local;
    h.id = m->id;
    memcpy(m->bytes, &h, sizeof h);
}

// ipc_object_copyout_dest: the right that the message came by is used up; the name is the receive right's.
u32 destination_name_locked(Message* m) {
    Port* port = m->remote;
    m->remote = nullptr;
    if (port->dead) {
        right_release_locked(port, m->remote_type);
        return port_dead_name;
    }
    const u32 name = port->received ? port->name : 0;
    if (m->remote_type == msg_move_send_once && name) {
        port->send_once_rights--;
        port_unref_locked(port);
    } else {
        right_release_locked(port, m->remote_type);
    }
    return name;
}

}  // namespace

// ipc_kmsg_copyout: the reply right, the destination's name, then the body.
i32 message_copyout(Message* m, bool& header_only) {
    u32 reply = 0, destination;
    header_only = false;
    {
        Locked hold(ports_lock);
        send_possible_locked(m->remote);
        Port* local = m->local;
        m->local = nullptr;
        const i32 failed = copyout_locked(local, m->local_type, reply);
        if (failed == xnu::KERN_INVALID_CAPABILITY) {
            right_release_locked(local, m->local_type);
            reply = port_dead_name;
        } else if (failed) {
            m->local = local;
            header_only = true;
            return xnu::MACH_RCV_HEADER_ERROR | static_cast<i32>(ipc_space);
        }
        destination = destination_name_locked(m);
    }
    put_header(m, m->local_type, m->remote_type, reply, destination);
    const u32 failed = m->complex ? copyout_body(m) : 0;
    return failed ? xnu::MACH_RCV_BODY_ERROR | static_cast<i32>(failed) : 0;
}

i32 message_copyout_pseudo(Message* m) {
    u32 remote, local, failed;
    {
        Locked hold(ports_lock);
        failed = give_right(m->remote, m->remote_type, remote) | give_right(m->local, m->local_type, local);
        m->remote = m->local = nullptr;
    }
    put_header(m, m->remote_type, m->local_type, remote, local);
    if (m->complex) failed |= copyout_body(m);
    return static_cast<i32>(failed);
}

void message_copyout_dest(Message* m) {
    Locked hold(ports_lock);
    const u32 destination = destination_name_locked(m);
    const u32 reply = m->local == carried_dead ? port_dead_name : port_null;
    right_release_locked(m->local, m->local_type);
    m->local = nullptr;
    put_header(m, m->local_type, m->remote_type, reply, destination);
    clean_body_locked(m, descriptor_count(m));
    const u32 size = header_size;
    memcpy(m->bytes + 4, &size, 4);
}

}  // namespace trapeze
