// SPDX-License-Identifier: BSD-3-Clause
// How a port ends and who is told: osfmk/ipc/ipc_port.c ipc_port_destroy, ipc_notify.c. A notification is a message from the
// kernel that uses up the send-once right it was asked for with; no memory for it: it is lost.
#include "sys/darwin/kern_return.h"
#include "sys/darwin/mach.h"
#include "sys/mem.h"
#include "tools/xnurun/message.h"
#include "tools/xnurun/ports.h"

namespace trapeze {
namespace {

enum : i32 {
    notify_port_deleted = 65, notify_send_possible = 66, notify_port_destroyed = 69, notify_no_senders = 70,
    notify_send_once = 71, notify_dead_name = 72,
};

void post(Port* notify, i32 id, bool has_word, u32 word) {
    if (notify->dead) {
        notify->send_once_rights--;
        port_unref_locked(notify);
        return;
    }
    struct {
        xnu::NDR_record_t ndr;
        u32 word;
    } body{xnu::ndr_record, word};
    Message* m = message_new(24 + (has_word ? sizeof body : 0));
    if (!m) return;
    m->remote = notify;
    m->remote_type = msg_move_send_once;
    m->id = id;
    if (has_word) memcpy(m->bytes + 24, &body, sizeof body);
    message_post_locked(m);
}

void tell_word(Port* notify, i32 id, u32 word) {
    if (carried_valid(notify)) post(notify, id, true, word);
}

void link_request(PortEntry& e) {
    const u32 index = entry_name_locked(e) >> 8;
    e.previous_request = 0;
    e.next_request = e.port->requests;
    if (e.next_request) entry_locked(e.next_request).previous_request = index;
    e.port->requests = index;
}

void unlink_request(PortEntry& e) {
    if (e.previous_request) entry_locked(e.previous_request).next_request = e.next_request;
    else e.port->requests = e.next_request;
    if (e.next_request) entry_locked(e.next_request).previous_request = e.previous_request;
    e.next_request = e.previous_request = 0;
}

}  // namespace

void notify_deleted_locked(Port* notify, u32 name) { tell_word(notify, notify_port_deleted, name); }
void notify_dead_name_locked(Port* notify, u32 name) { tell_word(notify, notify_dead_name, name); }
void notify_send_possible_locked(Port* notify, u32 name) { tell_word(notify, notify_send_possible, name); }
void notify_no_senders_locked(Port* notify, u32 count) { tell_word(notify, notify_no_senders, count); }
void notify_send_once_locked(Port* port) { post(port, notify_send_once, false, 0); }

Port* request_cancel_locked(PortEntry& e) {
    Port* notify = e.notify;
    if (!carried_valid(notify)) return nullptr;
    unlink_request(e);
    e.notify = nullptr;
    return notify;
}

void send_possible_locked(Port* port) {
    if (!port->send_possible) return;
    port->send_possible = false;
    for (u32 index = port->requests; index;) {
        PortEntry& e = entry_locked(index);
        index = e.next_request;
        if (!e.send_possible || !e.armed) continue;
        Port* notify = request_cancel_locked(e);
        notify_send_possible_locked(notify, entry_name_locked(e));
    }
}

void receiver_cleared_locked(Port* port) {
    set_remove_all_locked(port);
    receivers_wake_locked(port);
    port->make_send_count = 0;
    port->sequence = 0;
    port->context = 0;
    port->guarded = port->strict = false;
}

void receive_right_dies_locked(Port* port) {
    if (Port* wanted = port->port_destroyed) {  // the right goes to who asked for it
        port->port_destroyed = nullptr;
        port->destination = nullptr;
        Message* m = message_new(40);
        if (m && !wanted->dead) {
            m->remote = wanted;
            m->remote_type = msg_move_send_once;
            m->id = notify_port_destroyed;
            message_add_port(m, port, msg_move_receive);
            message_post_locked(m);
            return;
        }
        if (m) message_free(m);
        right_release_locked(wanted, msg_move_send_once);
    }
    port->dead = true;
    object_died_locked(port);
    if (Port* notify = port->no_senders) {
        port->no_senders = nullptr;
        right_release_locked(notify, msg_move_send_once);
    }
    receivers_wake_locked(port);
    senders_wake_locked(port);
    queue_destroy_locked(port);
    while (port->requests) {
        PortEntry& e = entry_locked(port->requests);
        const u32 name = entry_name_locked(e);
        Port* notify = request_cancel_locked(e);
        e.notify = carried_dead;  // so that the dead name gets the reference that goes with the message
        notify_dead_name_locked(notify, name);
    }
    port_unref_locked(port);
}

void port_die(Port* port) {
    Locked hold(ports_lock);
    receive_right_dies_locked(port);
}

// osfmk/ipc/mach_port.c mach_port_request_notification, ipc_right_request_alloc. `notify` is a send-once right (or null),
// consumed on success; `previous` one that the caller gets.
i32 port_request_notification_locked(u32 name, i32 id, u32 sync, Port* notify, Port*& previous) {
    previous = nullptr;
    if (notify == carried_dead) return xnu::KERN_INVALID_CAPABILITY;
    Port* port;
    if (id == notify_port_destroyed || id == notify_no_senders) {
        if (id == notify_port_destroyed && sync) return xnu::KERN_INVALID_VALUE;
        if (!valid_name(name)) return xnu::KERN_INVALID_RIGHT;
        if (const i32 failed = receive_right_locked(name, port)) return failed;
        if (id == notify_port_destroyed) {
            previous = port->port_destroyed;
            port->port_destroyed = notify;
            return 0;
        }
        previous = port->no_senders;
        port->no_senders = nullptr;
        if (!port->send_rights && sync <= port->make_send_count && notify) notify_no_senders_locked(notify, port->make_send_count);
        else port->no_senders = notify;
        return 0;
    }
    if (id != notify_send_possible && id != notify_dead_name) return xnu::KERN_INVALID_VALUE;
    if (!valid_name(name)) return xnu::KERN_INVALID_ARGUMENT;
    const bool send_possible = id == notify_send_possible;
    PortEntry* e = entry_find_locked(name);
    if (!e) return xnu::KERN_INVALID_NAME;
    if (!notify && !carried_valid(e->notify)) return 0;
    if (e->types & (type_send | type_receive | type_send_once)) {
        port = e->port;
        previous = request_cancel_locked(*e);
        if (!notify) return 0;
        if (send_possible && sync &&
            (e->types & type_send_once || of_kernel(port) || port->queued < port->queue_limit)) {
            notify_send_possible_locked(notify, name);
            return 0;
        }
        e->notify = notify;
        e->send_possible = send_possible;
        e->armed = send_possible && sync;
        if (e->armed) port->send_possible = true;
        link_request(*e);
        return 0;
    }
    if (!(e->types & type_dead)) return xnu::KERN_INVALID_RIGHT;
    if (!(send_possible || sync) || !notify) return xnu::KERN_INVALID_ARGUMENT;
    if (e->urefs + 1 >= 65535) return xnu::KERN_UREFS_OVERFLOW;
    e->urefs++;
    notify_dead_name_locked(notify, name);
    return 0;
}

}  // namespace trapeze
