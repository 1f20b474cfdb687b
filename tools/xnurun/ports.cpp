// SPDX-License-Identifier: BSD-3-Clause
// Names. A name is index << 8 | generation; a generation steps by 4 with every reuse of its index and keeps both low bits
// set, so a stale name is seen to be one. Freed indices are reused last in, first out, as XNU does.
#include "tools/xnurun/ports.h"

#include "sys/darwin/errno.h"
#include "sys/darwin/kern_return.h"
#include "sys/mem.h"
#include "tools/xnurun/exceptions.h"
#include "tools/xnurun/message.h"
#include "tools/xnurun/report.h"
#include "tools/xnurun/thread.h"

namespace trapeze {

HostLock ports_lock;
Port *task_port, *host_port, *host_priv_port;

namespace {

constexpr u32 max_entries = 1 << 20;
constexpr u32 default_queue_limit = 5;  // MACH_PORT_QLIMIT_BASIC

PortEntry* entries;      // index 0 is never used
u32 entries_used = 1;    // indices from here on were never used
u32 free_entry;          // 0: none
Port* free_port;
Port *fresh_port, *fresh_end;  // never used, and not touched before they are: a page fault is dear

// What was a send right of a port that died is a dead name, with one reference more if somebody asked to be told.
void check_dead(PortEntry& e) {
    if (!(e.types & (type_send | type_send_once)) || !e.port->dead) return;
    if (e.types & type_send) e.port->send_rights--;
    else e.port->send_once_rights--;
    if (e.port->name == entry_name_locked(e)) e.port->name = 0;
    port_unref_locked(e.port);
    e.port = nullptr;
    e.types = type_dead;
    if (e.notify == carried_dead) {  // told already
        e.urefs++;
        e.notify = nullptr;
    }
}

Port* kernel_port(PortKind kind) {
    Port* port = port_new_locked(kind);
    port->refs = 1;
    port->received = true;
    return port;
}

}  // namespace

Port* port_new_locked(PortKind kind) {
    Port* port = free_port;
    if (port) {
        free_port = port->next_free;
    } else {
        if (fresh_port == fresh_end) {
            constexpr u64 batch = 512;
            fresh_port = static_cast<Port*>(host_pages(batch * sizeof(Port)));
            fresh_end = fresh_port + batch;
        }
        port = fresh_port++;
    }
    *port = {};
    port->kind = kind;
    port->queue_limit = default_queue_limit;
    return port;
}

void port_unref_locked(Port* port) {
    if (--port->refs) return;
    port->next_free = free_port;
    free_port = port;
}

void port_unref(Port* port) {
    Locked hold(ports_lock);
    port_unref_locked(port);
}

bool of_kernel(const Port* port) { return port->kind > PortKind::set; }

u32 entry_name_locked(const PortEntry& e) { return static_cast<u32>(&e - entries) << 8 | e.generation; }
u32 entries_end_locked() { return entries_used; }
PortEntry& entry_locked(u32 index) { return entries[index]; }

PortEntry* entry_find_locked(u32 name) {
    const u32 index = name >> 8;
    if (!index || index >= entries_used) return nullptr;
    PortEntry& e = entries[index];
    if (!e.types || e.generation != (name & 0xff)) return nullptr;
    check_dead(e);
    return &e;
}

PortEntry* entry_new_locked(u32& name) {
    u32 index = free_entry;
    if (index) {
        free_entry = entries[index].next_free;
    } else {
        if (entries_used == max_entries) return nullptr;
        index = entries_used++;
        entries[index].generation = 0xff;
    }
    PortEntry& e = entries[index];
    const u8 generation = static_cast<u8>((e.generation + 4) | 3);
    e = {};
    e.generation = generation;
    name = entry_name_locked(e);
    return &e;
}

// osfmk/ipc/ipc_entry.c ipc_entry_alloc_name.
i32 entry_at_locked(u32 name, PortEntry*& entry) {
    const u32 index = name >> 8;
    if (index == 0) return xnu::KERN_FAILURE;
    if (index >= max_entries) return xnu::KERN_RESOURCE_SHORTAGE;
    while (entries_used <= index) {
        PortEntry& e = entries[entries_used];
        e.generation = 0xff;
        e.next_free = free_entry;
        free_entry = entries_used++;
    }
    PortEntry& e = entries[index];
    entry = &e;
    if (e.types) {
        check_dead(e);
        return e.generation == (name & 0xff) ? 0 : xnu::KERN_FAILURE;
    }
    u32* at = &free_entry;
    while (*at != index) at = &entries[*at].next_free;
    *at = e.next_free;
    e = {};
    e.generation = static_cast<u8>(name);
    return 0;
}

void entry_trim_locked(PortEntry& e) {
    if (e.types) return;
    const u32 index = static_cast<u32>(&e - entries);
    e.port = nullptr;
    e.urefs = 0;
    e.next_free = free_entry;
    free_entry = index;
}

i32 receive_right_locked(u32 name, Port*& port) {
    PortEntry* e = entry_find_locked(name);
    if (!e) return xnu::KERN_INVALID_NAME;
    if (!(e->types & type_receive)) return xnu::KERN_INVALID_RIGHT;
    port = e->port;
    return 0;
}

void init_ports() {
    task_port = kernel_port(PortKind::task);
    host_port = kernel_port(PortKind::host);
    host_priv_port = kernel_port(PortKind::host_priv);
    self().port = kernel_port(PortKind::thread);
    self().port->object = &self();
    self().has_special_port = false;
    if (!entries) entries = static_cast<PortEntry*>(host_pages(max_entries * sizeof(PortEntry)));  // after what is small
}

void fork_child_ports() {
    ports_lock.reset();
    constexpr u32 few = 256;  // a parent's pages are copied when they are written
    if (entries_used <= few) memset(entries, 0, entries_used * sizeof(PortEntry));
    else host(lnx::SYS_madvise, entries, max_entries * sizeof(PortEntry), lnx::MADV_DONTNEED);
    entries_used = 1;
    free_entry = 0;
    free_port = nullptr;  // what the parent had stays where it is: nothing refers to it
    fork_child_messages();
    fork_child_sets();
    fork_child_clocks();
    fork_child_machine();
    fork_child_exceptions();
    fork_child_timers();
    fork_child_ulocks();
    init_ports();
    fork_child_special_ports();
}

bool port_new_thread(Thread& t, u32& name) {
    name = port_make_kernel(PortKind::thread, &t, t.port);
    return name != 0;
}

void port_thread_ended(Thread& t) {
    {
        Locked hold(ports_lock);
        exceptions_release_locked(t.exceptions);
        if (t.has_special_port) right_release_locked(t.special_port, msg_move_send);
        t.has_special_port = false;
    }
    port_die(t.port);
}

u32 port_copy_send(Port* port) {
    Locked hold(ports_lock);
    if (!carried_valid(port)) return port ? port_dead_name : port_null;
    if (port->dead) return port_dead_name;
    u32 name = 0;
    send_right_copy_locked(port);
    if (!copyout_locked(port, msg_move_send, name)) return name;
    right_release_locked(port, msg_move_send);
    return port_null;
}

Port* host_port_of_user() { return host(lnx::SYS_geteuid) == 0 ? host_priv_port : host_port; }

u32 port_self_send(Port* port) {
    Locked hold(ports_lock);
    u32 name = 0;
    send_right_copy_locked(port);
    port->make_send_count++;
    if (!copyout_locked(port, msg_move_send, name)) return name;
    right_release_locked(port, msg_move_send);
    return 0;
}

u32 port_make_kernel(PortKind kind, void* object, Port*& port) {
    Locked hold(ports_lock);
    port = kernel_port(kind);
    port->object = object;
    u32 name = 0;
    send_right_copy_locked(port);
    if (!copyout_locked(port, msg_move_send, name)) return name;
    right_release_locked(port, msg_move_send);
    port_unref_locked(port);
    return 0;
}

Port* port_new_kernel(PortKind kind, void* object) {
    Locked hold(ports_lock);
    Port* port = kernel_port(kind);
    port->object = object;
    send_right_copy_locked(port);
    return port;
}

i32 port_lookup_send(u32 name, Port*& port) {
    Locked hold(ports_lock);
    PortEntry* e = valid_name(name) ? entry_find_locked(name) : nullptr;
    if (!e) return xnu::KERN_INVALID_NAME;
    if (!(e->types & type_send)) return xnu::KERN_INVALID_RIGHT;
    port = e->port;
    port->refs++;
    return 0;
}

PortCount port_count() {
    Locked hold(ports_lock);
    PortCount n{};
    for (u32 i = 1; i < entries_used; i++) {
        check_dead(entries[i]);
        const u32 types = entries[i].types;
        n.names += types != 0;
        n.receive += (types & type_receive) != 0;
        n.send += (types & type_send) != 0;
        n.send_once += (types & type_send_once) != 0;
        n.dead += (types & type_dead) != 0;
    }
    return n;
}

// Rights to one kernel object are one name, however many references it has: what leaks is mostly seen in the count.
void report_rights() {
    constexpr const char* kinds[] = {"port", "timer", "set", "task", "thread", "host", "host_priv", "clock", "calendar", "semaphore",
                                     "processor set", "memory", "kernel object"};
    constexpr u32 most = 100;
    u32 lines = 0, more = 0;
    Locked hold(ports_lock);
    for (u32 i = 1; i < entries_used; i++) {
        PortEntry& e = entries[i];
        check_dead(e);
        if (!(e.types & (type_send | type_receive | type_send_once | type_set | type_dead))) continue;
        if (lines == most) {
            more++;
            continue;
        }
        lines++;
        eprint("xnurun: right left: ", hex(entry_name_locked(e)), " ", e.port ? kinds[static_cast<u8>(e.port->kind)] : "dead name",
               e.types & type_receive ? ", receive" : "", e.types & type_send ? ", send" : "",
               e.types & type_send_once ? ", send-once" : "", ", references ", e.types & (type_send | type_dead) ? e.urefs : 1u, "\n");
    }
    if (more) eprint("xnurun: ", more, " more rights left\n");
}

}  // namespace trapeze
