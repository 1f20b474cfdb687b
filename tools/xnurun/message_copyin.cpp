// SPDX-License-Identifier: BSD-3-Clause
// Messages out of user space: osfmk/ipc/ipc_kmsg.c, in its order, so that of two faults the same one is reported.
// Out-of-line memory is copied at once into pages of the emulator's; XNU defers that, which nobody can tell.
#include "sys/darwin/kern_return.h"
#include "tools/xnurun/memory.h"
#include "tools/xnurun/message_parts.h"

namespace trapeze {
namespace {

constexpr u32 max_size = (48u << 20) - 68;  // ipc_kmsg_max_body_space of a machine with plenty

// A receive right in a message to a port whose own receive right lies in that port's queue: nobody could ever get either.
bool circular(const Port* moved, const Port* destination) {
    for (const Port* p = destination; p; p = p->received ? nullptr : p->destination)
        if (p == moved) return true;
    return false;
}

i32 copyin_right(Message* m, u32 name, u32 disposition, Port*& port) {
    port = name ? carried_dead : nullptr;
    if (!valid_name(name)) return 0;
    if (copyin_locked(name, disposition, true, port)) return xnu::MACH_SEND_INVALID_RIGHT;
    if (disposition == msg_move_receive) {
        if (circular(port, m->remote)) m->circular = true;
        else port->destination = m->remote;
    }
    return 0;
}

i32 copyin_ool(Ool& o) {
    const u64 from = o.address;
    o.address = 0;
    if (o.size == 0) return 0;
    void* copy = try_pages(o.size);
    if (!copy) return static_cast<i32>(vm_kernel);
    if (!copyin(copy, from, o.size)) {
        free_pages(as_word(copy), o.size);
        return xnu::MACH_SEND_INVALID_MEMORY;
    }
    if (o.deallocate) (void)guest_unmap(from & ~4095ull, ((from + o.size + 4095) & ~4095ull) - (from & ~4095ull));
    o.address = as_word(copy);
    return 0;
}

i32 copyin_ool_ports(Message* m, Ool& o) {
    const u64 from = o.address;
    const u32 disposition = o.disposition;
    o.address = 0;
    o.disposition = static_cast<u8>(carried_type(disposition));
    if (o.size > 0x7fffffff / 8) return xnu::MACH_SEND_TOO_LARGE;
    if (o.size == 0) return 0;
    Port** ports = static_cast<Port**>(try_pages(o.size * u64{8}));
    if (!ports) return xnu::MACH_SEND_NO_BUFFER;
    u32* names = reinterpret_cast<u32*>(ports) + o.size;  // the upper half: each is read before it is overwritten
    i32 result = copyin(names, from, o.size * u64{4}) ? 0 : xnu::MACH_SEND_INVALID_MEMORY;
    if (result == 0) {
        if (o.deallocate) (void)guest_unmap(from & ~4095ull, ((from + o.size * u64{4} + 4095) & ~4095ull) - (from & ~4095ull));
        Locked hold(ports_lock);
        u32 n = 0;
        for (; n < o.size && !result; n++) {
            Port* port;
            result = copyin_right(m, names[n], disposition, port);
            if (!result) ports[n] = port;
        }
        if (result)
            for (u32 i = 0; i + 1 < n; i++) right_release_locked(ports[i], o.disposition);
    }
    if (result) free_pages(as_word(ports), o.size * u64{8});
    else o.address = as_word(ports);
    return result;
}

// ipc_kmsg_copyin_body: sizes and copy options of all descriptors first, then one after the other.
i32 copyin_body(Message* m) {
    const u32 count = descriptor_count(m);
    if (count == 0) return 0;  // XNU leaves the complex bit
    u64 at = header_size + 4;
    for (u32 i = 0; i < count; i++) {
        if (at + 12 > m->size) return xnu::MACH_SEND_MSG_TOO_SMALL;
        const u8* d = m->bytes + at;
        at += descriptor_size(d[11]);
        if (at > m->size) return xnu::MACH_SEND_MSG_TOO_SMALL;
        if ((d[11] == descriptor_ool || d[11] == descriptor_ool_volatile) && d[9] > 1) return xnu::MACH_SEND_INVALID_TYPE;
    }
    u8* d = m->bytes + header_size + 4;
    for (u32 i = 0; i < count; i++) {
        i32 result = 0;
        Ool o;
        memcpy(&o, d, d[11] == descriptor_port ? 12 : descriptor_size(d[11]));
        if (o.type == descriptor_port) {
            u32 name;
            memcpy(&name, d, 4);
            Locked hold(ports_lock);
            Port* port;
            result = copyin_right(m, name, o.disposition, port);
            if (result == 0) {
                d[10] = static_cast<u8>(carried_type(o.disposition));
                set_port(d, port);
            }
        } else if (o.type == descriptor_ool || o.type == descriptor_ool_volatile) {
            result = copyin_ool(o);
            memcpy(d, &o, sizeof o);
        } else if (o.type == descriptor_ool_ports) {
            result = copyin_ool_ports(m, o);
            memcpy(d, &o, sizeof o);
        } else {
            result = xnu::MACH_SEND_INVALID_TYPE;
        }
        if (result) {
            Locked hold(ports_lock);
            clean_body_locked(m, i);
            return result;
        }
        d += descriptor_size(o.type);
    }
    return 0;
}

// ipc_kmsg_copyin_header: the destination first, a reply port that could not be copied in before either is.
i32 copyin_header(Message* m, const xnu::mach_msg_header_t& h, u32& option) {
    const u32 remote = h.bits & 0x1f, local = h.bits >> 8 & 0x1f, voucher = h.bits >> 16 & 0x1f;
    const auto sends = [](u32 d) { return d >= msg_move_send && d <= msg_make_send_once; };
    if (!sends(remote) || (local ? !sends(local) : h.local_port != 0)) return xnu::MACH_SEND_INVALID_HEADER;
    if (!valid_name(h.remote_port)) return xnu::MACH_SEND_INVALID_DEST;
    if (voucher) {  // there are no vouchers here: only the null one is one
        if (h.voucher_port == port_dead_name || (voucher != msg_move_send && voucher != msg_copy_send) || h.voucher_port != 0)
            return 0x10000005;  // MACH_SEND_INVALID_VOUCHER
    }
    Locked hold(ports_lock);
    PortEntry* destination = entry_find_locked(h.remote_port);
    if (!destination) return xnu::MACH_SEND_INVALID_DEST;
    PortEntry* reply = valid_name(h.local_port) ? entry_find_locked(h.local_port) : nullptr;
    if (valid_name(h.local_port) && (!reply || !copyin_possible_locked(*reply, local))) return xnu::MACH_SEND_INVALID_REPLY;
    m->local = h.local_port ? carried_dead : nullptr;
    if (reply == destination) {  // ipc_right_copyin_two: both or none
        const bool twice = remote == msg_move_send && local == msg_move_send;
        if (remote == msg_move_send_once || local == msg_move_send_once || (twice && reply->urefs < 2) ||
            (reply->types & type_dead) || !copyin_possible_locked(*reply, remote))
            return xnu::MACH_SEND_INVALID_DEST;
        // A copy before the move, or the move could leave nothing to copy.
        const bool reply_first = remote == msg_move_send;
        (void)copyin_locked(h.remote_port, reply_first ? local : remote, false, reply_first ? m->local : m->remote);
        (void)copyin_locked(h.remote_port, reply_first ? remote : local, false, reply_first ? m->remote : m->local);
    } else {
        if (copyin_locked(h.remote_port, remote, false, m->remote)) return xnu::MACH_SEND_INVALID_DEST;
        if (reply) (void)copyin_locked(h.local_port, local, true, m->local);
    }
    m->remote_type = carried_type(remote);
    m->local_type = carried_type(local);
    if (option & send_notify && m->remote_type == msg_move_send && !of_kernel(m->remote) && !m->remote->dead) {
        PortEntry* e = entry_find_locked(h.remote_port);
        if (e && carried_valid(e->notify)) {
            if (m->remote->queued < m->remote->queue_limit) option |= send_always;
            else if (e->send_possible) e->armed = m->remote->send_possible = true;
        }
    }
    return 0;
}

}  // namespace

i32 message_get(u64 from, u32 size, Message*& message) {
    if (size < header_size || size % 4) return xnu::MACH_SEND_MSG_TOO_SMALL;
    if (size > max_size) return xnu::MACH_SEND_TOO_LARGE;
    xnu::mach_msg_header_t h;
    if (!copyin(h, from)) return xnu::MACH_SEND_INVALID_DATA;
    Message* m = message_new(size);
    if (!m) return xnu::MACH_SEND_NO_BUFFER;
    m->from_kernel = false;
    memcpy(m->bytes, &h, sizeof h);
    if (!copyin(m->bytes + header_size, from + header_size, size - header_size)) {
        message_free(m);
        return xnu::MACH_SEND_INVALID_DATA;
    }
    message = m;
    return 0;
}

i32 message_copyin(Message* m, u32& option) {
    xnu::mach_msg_header_t h;
    memcpy(&h, m->bytes, sizeof h);
    h.bits &= bits_user;
    m->id = h.id;
    i32 result = copyin_header(m, h, option);
    if (result == 0) {
        m->complex = h.bits & bits_complex;
        result = m->complex ? copyin_body(m) : 0;
        if (result) {
            m->complex = false;
            Locked hold(ports_lock);
            message_destroy_locked(m);
            return result;
        }
    } else {
        message_free(m);
    }
    return result;
}

}  // namespace trapeze
