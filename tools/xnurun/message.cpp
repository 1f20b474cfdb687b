// SPDX-License-Identifier: BSD-3-Clause
// Messages between user space and the kernel: osfmk/ipc/ipc_kmsg.c, in its order, so that of two faults the same one is
// reported. Out-of-line memory is copied at once into pages of the emulator's; XNU defers that, which nobody can tell.
#include "tools/xnurun/message.h"

#include "sys/darwin/kern_return.h"
#include "sys/mem.h"
#include "tools/xnurun/memory.h"
#include "tools/xnurun/trap.h"

namespace trapeze {
namespace {

constexpr u32 max_size = (48u << 20) - 68;         // ipc_kmsg_max_body_space of a machine with plenty
constexpr u32 vm_space = 0x1000, vm_kernel = 0x400, ipc_space = 0x2000;  // MACH_MSG_*

Message* free_messages;
HostLock message_lock;  // the free list alone; taken under ports_lock or alone

struct [[gnu::packed]] Ool {
    u64 address;
    u8 deallocate, copy, disposition, type;
    u32 size;  // or count
};
static_assert(sizeof(Ool) == 16);

void* try_pages(u64 size) {
    const i64 r = host(lnx::SYS_mmap, 0, size, lnx::PROT_READ | lnx::PROT_WRITE, lnx::MAP_PRIVATE | lnx::MAP_ANON, -1, 0);
    return host_failed(r) ? nullptr : reinterpret_cast<void*>(r);
}
void free_pages(u64 at, u64 size) {
    if (at) host(lnx::SYS_munmap, at, size);
}

u32 descriptor_size(u8 type) {
    return type == descriptor_ool || type == descriptor_ool_volatile || type == descriptor_ool_ports ? 16 : 12;
}

u32 descriptor_count(const Message* m) {
    u32 n = 0;
    if (m->complex && m->size >= header_size + 4) memcpy(&n, m->bytes + header_size, 4);
    return n;
}

Port* port_of(const u8* d) {
    Port* p;
    memcpy(&p, d, 8);
    return p;
}
void set_port(u8* d, Port* p) { memcpy(d, &p, 8); }

// What descriptor `d`, copied in, carries is given up. Under ports_lock.
void clean_descriptor(const u8* d) {
    if (d[11] == descriptor_port) {
        right_release_locked(port_of(d), d[10]);
        return;
    }
    Ool o;
    memcpy(&o, d, sizeof o);
    if (o.type == descriptor_ool_ports) {
        Port** ports = reinterpret_cast<Port**>(o.address);
        for (u32 i = 0; ports && i < o.size; i++) right_release_locked(ports[i], o.disposition);
        free_pages(o.address, o.size * u64{8});
    } else {
        free_pages(o.address, o.size);
    }
}

void clean_body_locked(Message* m, u32 count) {
    u8* d = m->bytes + header_size + 4;
    for (u32 i = 0; i < count; i++) {
        clean_descriptor(d);
        d += descriptor_size(d[11]);
    }
    m->complex = false;
}

Message* doomed;  // destroying one message may destroy a port with more of them: no recursion, however deep they are nested
bool reaping;

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

Message* message_new(u32 size) {
    if (size < header_size) size = header_size;
    Message* m;
    {
        Locked hold(message_lock);
        if (!free_messages) {
            constexpr u64 batch = 32;
            Message* fresh = static_cast<Message*>(try_pages(batch * sizeof(Message)));
            if (!fresh) return nullptr;
            for (u64 i = 0; i < batch; i++) fresh[i].next = i + 1 < batch ? &fresh[i + 1] : nullptr;
            free_messages = fresh;
        }
        m = free_messages;
        free_messages = m->next;
    }
    *m = {};
    m->size = size;
    m->bytes = m->small;
    m->room = sizeof m->small;
    m->from_kernel = true;
    if (size > sizeof m->small) {
        m->mapped = (size + 4095ull) & ~4095ull;
        m->bytes = static_cast<u8*>(try_pages(m->mapped));
        m->room = static_cast<u32>(m->mapped);
        if (!m->bytes) {
            m->mapped = 0;
            message_free(m);
            return nullptr;
        }
    }
    return m;
}

void message_free(Message* m) {
    if (m->mapped) free_pages(as_word(m->bytes), m->mapped);
    Locked hold(message_lock);
    m->next = free_messages;
    free_messages = m;
}

void fork_child_messages() {
    message_lock.reset();
    free_messages = doomed = nullptr;
    reaping = false;
}

u32 message_add_port(Message* m, Port* port, u32 type) {
    u32 count = 0;
    if (m->complex) memcpy(&count, m->bytes + header_size, 4);
    m->complex = true;
    u8* d = m->bytes + header_size + 4 + 12 * count++;
    memcpy(m->bytes + header_size, &count, 4);
    set_port(d, port);
    d[8] = d[9] = 0;
    d[10] = static_cast<u8>(type);
    d[11] = descriptor_port;
    if (type == msg_move_receive) port->destination = m->remote;
    return header_size + 4 + 12 * count;
}

void message_destroy_locked(Message* m) {
    m->next = doomed;
    doomed = m;
    if (reaping) return;
    reaping = true;
    while ((m = doomed)) {
        doomed = m->next;
        right_release_locked(m->remote, m->remote_type);
        right_release_locked(m->local, m->local_type);
        clean_body_locked(m, descriptor_count(m));
        message_free(m);
    }
    reaping = false;
}

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
