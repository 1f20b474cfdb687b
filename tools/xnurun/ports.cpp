// SPDX-License-Identifier: BSD-3-Clause
// The name space. A name is index << 8 | generation; a generation steps by 4 with every reuse of its index and keeps both
// low bits set, so a stale name is seen to be one. Freed indices are reused last in, first out, as XNU does.
#include "tools/xnurun/ports.h"

#include "sys/darwin/errno.h"
#include "sys/darwin/kern_return.h"
#include "sys/mem.h"
#include "tools/xnurun/message.h"
#include "tools/xnurun/report.h"
#include "tools/xnurun/thread.h"

namespace trapeze {

HostLock ports_lock;
Port* task_port;
Port* host_port;

namespace {

constexpr u32 max_entries = 1 << 20;
constexpr u32 max_urefs = 65534;

PortEntry* entries;      // index 0 is never used
u32 entries_used = 1;    // indices from here on were never used
u32 free_entry;          // 0: none
Port* free_port;

Port* port_new(PortKind kind) {
    if (!free_port) {
        constexpr u64 batch = 512;
        Port* fresh = static_cast<Port*>(host_pages(batch * sizeof(Port)));
        for (u64 i = 0; i < batch; i++) fresh[i].next_free = i + 1 < batch ? &fresh[i + 1] : nullptr;
        free_port = fresh;
    }
    Port* port = free_port;
    free_port = port->next_free;
    *port = {};
    port->kind = kind;
    return port;
}

void unref_locked(Port* port) {
    if (--port->refs) return;
    port->next_free = free_port;
    free_port = port;
}

u32 name_of(u32 index) { return index << 8 | entries[index].generation; }

PortEntry* find(u32 name) {
    const u32 index = name >> 8;
    if (!index || index >= entries_used) return nullptr;
    PortEntry& e = entries[index];
    return e.types && e.generation == (name & 0xff) ? &e : nullptr;
}

PortEntry* entry_new(Port* port, u32 types, u32& name) {
    u32 index = free_entry;
    if (index) {
        free_entry = entries[index].next_free;
    } else {
        if (entries_used == max_entries) return nullptr;
        index = entries_used++;
        entries[index].generation = 0xff;
    }
    PortEntry& e = entries[index];
    e.generation = static_cast<u8>(e.generation + 4);
    e.port = port;
    e.types = types;
    e.urefs = 0;
    if (port) port->refs++;
    name = name_of(index);
    if (port && types & (type_bit(right_send) | type_bit(right_receive) | type_bit(right_port_set))) port->name = name;
    return &e;
}

// After a right went: the entry goes with the last one.
void entry_trim(PortEntry& e) {
    if (e.types) return;
    const u32 index = static_cast<u32>(&e - entries);
    if (e.port) {
        if (e.port->name == name_of(index)) e.port->name = 0;
        unref_locked(e.port);
    }
    e.port = nullptr;
    e.next_free = free_entry;
    free_entry = index;
}

// The port is gone: what was a send right under its name is a dead name now.
void kill_locked(Port* port) {
    port->dead = true;
    if (port->name) {
        PortEntry& e = entries[port->name >> 8];
        port->name = 0;
        e.types &= ~type_bit(right_receive) & ~type_bit(right_port_set);
        if (e.types & type_bit(right_send)) {
            e.types = type_bit(right_dead_name);
            e.port = nullptr;
            unref_locked(port);
        } else {
            entry_trim(e);
        }
    }
    while (Message* m = port_receive_locked(port)) message_destroy_locked(m);
    __atomic_fetch_add(&port->sequence, 1, __ATOMIC_RELEASE);
    futex_wake(&port->sequence, 0x7fffffff);
}

u32 add_send(Port* port) {
    if (port->name) {
        PortEntry& e = entries[port->name >> 8];
        e.types |= type_bit(right_send);
        if (e.urefs < max_urefs) e.urefs++;
        return port->name;
    }
    u32 name;
    PortEntry* e = entry_new(port, type_bit(right_send), name);
    if (!e) return 0;
    e->urefs = 1;
    return name;
}

void drop_send(PortEntry& e) {
    if (--e.urefs == 0) {
        e.types &= ~type_bit(right_send) & ~type_bit(right_dead_name);
        entry_trim(e);
    }
}

}  // namespace

void init_ports() {
    entries = static_cast<PortEntry*>(host_pages(max_entries * sizeof(PortEntry)));
    task_port = port_new(PortKind::task);
    host_port = port_new(PortKind::host);
    task_port->refs = host_port->refs = 1;
    self().port = port_new(PortKind::thread);
    self().port->refs = 1;
}

void fork_child_ports() {
    ports_lock.reset();
    host(lnx::SYS_munmap, entries, max_entries * sizeof(PortEntry));
    entries_used = 1;
    free_entry = 0;
    free_port = nullptr;  // what the parent had stays where it is: nothing refers to it
    init_ports();
}

bool port_new_thread(Thread& t, u32& name) {
    Locked hold(ports_lock);
    t.port = port_new(PortKind::thread);
    t.port->refs = 1;
    name = add_send(t.port);
    if (!name) unref_locked(t.port);
    return name != 0;
}

void port_thread_ended(Thread& t) { port_die(t.port); }

u32 port_self_send(Port* port) {
    Locked hold(ports_lock);
    return add_send(port);
}

u32 port_make_kernel(PortKind kind, Semaphore* semaphore, Port*& port) {
    Locked hold(ports_lock);
    port = port_new(kind);
    port->refs = 1;
    port->semaphore = semaphore;
    const u32 name = add_send(port);
    if (!name) unref_locked(port);
    return name;
}

void port_die(Port* port) {
    Locked hold(ports_lock);
    kill_locked(port);
    unref_locked(port);
}

i32 port_lookup_send(u32 name, Port*& port) {
    Locked hold(ports_lock);
    PortEntry* e = name == 0xffffffff ? nullptr : find(name);
    if (!e) return xnu::KERN_INVALID_NAME;
    if (!(e->types & type_bit(right_send))) return xnu::KERN_INVALID_RIGHT;
    port = e->port;
    port->refs++;
    return 0;
}

Port* port_lookup_receive(u32 name) {
    Locked hold(ports_lock);
    PortEntry* e = find(name);
    if (!e || !(e->types & (type_bit(right_receive) | type_bit(right_port_set)))) return nullptr;
    e->port->refs++;
    return e->port;
}

void port_unref(Port* port) {
    Locked hold(ports_lock);
    unref_locked(port);
}

i32 port_allocate(u32 right, u32& name) {
    if (right != right_receive && right != right_port_set && right != right_dead_name) return xnu::KERN_INVALID_VALUE;
    Locked hold(ports_lock);
    Port* port = nullptr;
    if (right != right_dead_name) port = port_new(right == right_receive ? PortKind::plain : PortKind::set);
    PortEntry* e = entry_new(port, type_bit(right), name);
    if (!e) return xnu::KERN_NO_SPACE;
    if (right == right_dead_name) e->urefs = 1;
    return 0;
}

i32 port_release_send(u32 name) {
    if (name == 0 || name == 0xffffffff) return 0;
    Locked hold(ports_lock);
    PortEntry* e = find(name);
    if (!e) return xnu::KERN_INVALID_NAME;
    if (e->types & (type_bit(right_send) | type_bit(right_dead_name))) {
        drop_send(*e);
    } else if (e->types & type_bit(right_send_once)) {
        e->types = 0;
        entry_trim(*e);
    } else {
        return xnu::KERN_INVALID_RIGHT;
    }
    return 0;
}

void port_drop_send_locked(u32 name) {
    PortEntry* e = find(name);
    if (e && e->types & (type_bit(right_send) | type_bit(right_dead_name))) drop_send(*e);
}

i32 port_mod_refs(u32 name, u32 right, i32 delta) {
    if (right > right_dead_name) return xnu::KERN_INVALID_VALUE;
    if (name == 0 || name == 0xffffffff)
        return right == right_send || right == right_send_once ? 0 : xnu::KERN_INVALID_NAME;
    Locked hold(ports_lock);
    PortEntry* e = find(name);
    if (!e) return xnu::KERN_INVALID_NAME;
    if (!(e->types & type_bit(right))) return xnu::KERN_INVALID_RIGHT;
    if (right == right_send || right == right_dead_name) {
        const i64 urefs = static_cast<i64>(e->urefs) + delta;
        if (urefs < 0) return xnu::KERN_INVALID_VALUE;
        if (urefs > max_urefs) return xnu::KERN_UREFS_OVERFLOW;
        e->urefs = static_cast<u32>(urefs ? urefs : 1);
        if (!urefs) drop_send(*e);
        return 0;
    }
    if (delta == 0) return 0;
    if (delta != -1) return xnu::KERN_INVALID_VALUE;
    if (right == right_send_once) {
        e->types = 0;
        entry_trim(*e);
    } else {
        kill_locked(e->port);
    }
    return 0;
}

bool port_copyin(u32 name, u32 disposition, Port*& port) {
    Locked hold(ports_lock);
    PortEntry* e = find(name);
    if (!e) return false;
    const bool sends = e->types & type_bit(right_send);
    switch (disposition) {
    case msg_copy_send:
    case msg_move_send:
        if (!sends) return false;
        port = e->port;
        port->refs++;
        if (disposition == msg_move_send) drop_send(*e);
        return true;
    case msg_make_send:
    case msg_make_send_once:
        if (!(e->types & type_bit(right_receive))) return false;
        port = e->port;
        port->refs++;
        return true;
    case msg_move_send_once:
        if (!(e->types & type_bit(right_send_once))) return false;
        port = e->port;
        port->refs++;
        e->types = 0;
        entry_trim(*e);
        return true;
    default: return false;
    }
}

i32 port_insert_right(u32 name, u32 poly, u32 disposition) {
    if (name == 0 || name == 0xffffffff) return xnu::KERN_INVALID_VALUE;
    if (disposition < msg_move_receive || disposition > msg_make_send_once) return xnu::KERN_INVALID_VALUE;
    if (disposition != msg_make_send && disposition != msg_copy_send && disposition != msg_move_send)
        give_up("mach_port_insert_right with disposition ", disposition, " is not emulated");
    Port* port;
    if (!port_copyin(poly, disposition, port)) {
        Locked hold(ports_lock);
        return find(poly) ? xnu::KERN_INVALID_RIGHT : xnu::KERN_INVALID_NAME;
    }
    Locked hold(ports_lock);
    i32 result = 0;
    PortEntry* e = find(name);
    if (port->name == name) add_send(port);
    else if (port->name) result = xnu::KERN_RIGHT_EXISTS;
    else if (e) result = xnu::KERN_NAME_EXISTS;
    else give_up("mach_port_insert_right under a name of the caller's choice is not emulated");
    unref_locked(port);
    return result;
}

void port_send(Port* port, Message* message) {
    Locked hold(ports_lock);
    if (port->dead) {
        message_destroy_locked(message);
        return;
    }
    message->next = nullptr;
    (port->last ? port->last->next : port->first) = message;
    port->last = message;
    __atomic_fetch_add(&port->sequence, 1, __ATOMIC_RELEASE);
    futex_wake(&port->sequence, 1);
}

Message* port_receive_locked(Port* port) {
    Message* m = port->first;
    if (!m) return nullptr;
    port->first = m->next;
    if (!port->first) port->last = nullptr;
    return m;
}

PortCount port_count() {
    Locked hold(ports_lock);
    PortCount n{};
    for (u32 i = 1; i < entries_used; i++) {
        const u32 types = entries[i].types;
        n.names += types != 0;
        n.receive += (types & type_bit(right_receive)) != 0;
        n.send += (types & type_bit(right_send)) != 0;
        n.send_once += (types & type_bit(right_send_once)) != 0;
        n.dead += (types & type_bit(right_dead_name)) != 0;
    }
    return n;
}

}  // namespace trapeze
