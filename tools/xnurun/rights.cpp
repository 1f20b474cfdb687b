// SPDX-License-Identifier: BSD-3-Clause
// Rights on their way: out of a name (copyin), into one (copyout), given up (release). osfmk/ipc/ipc_right.c.
// A right in flight holds a reference to its Port and counts in send_rights or send_once_rights like one under a name.
#include "sys/darwin/kern_return.h"
#include "tools/xnurun/exceptions.h"
#include "tools/xnurun/message.h"
#include "tools/xnurun/ports.h"
#include "tools/xnurun/vm.h"

namespace trapeze {

namespace {

constexpr u32 max_urefs = 65535;  // MACH_PORT_UREFS_MAX: never reached

bool underflow(u32 urefs, i32 delta) { return delta < 0 && static_cast<u32>(-static_cast<i64>(delta)) > urefs; }
bool overflow(u32 urefs, i32 delta) { return delta > 0 && static_cast<u64>(urefs) + static_cast<u32>(delta) >= max_urefs; }

void send_right_gone(Port* port) {
    if (--port->send_rights || port->dead) return;
    if (port->kind == PortKind::memory) return vm_entry_gone_locked(port);
    if (port->kind == PortKind::fileport) return fileport_gone_locked(port);
    if (port->no_senders) {
        Port* notify = port->no_senders;
        port->no_senders = nullptr;
        notify_no_senders_locked(notify, port->make_send_count);
    }
}

// The entry holds nothing of its port any more; its reference goes where the caller says.
void detach(PortEntry& e, u32 name) {
    Port* notify = request_cancel_locked(e);
    if (e.port->name == name) e.port->name = 0;
    e.port = nullptr;
    entry_trim_locked(e);
    if (notify) notify_deleted_locked(notify, name);
}

}  // namespace

u32 carried_type(u32 disposition) {
    switch (disposition) {
    case msg_move_receive: return msg_move_receive;
    case msg_move_send: case msg_copy_send: case msg_make_send: return msg_move_send;
    case msg_move_send_once: case msg_make_send_once: return msg_move_send_once;
    default: return 0;
    }
}

void send_right_copy_locked(Port* port) {
    port->send_rights++;
    port->refs++;
}

void right_release_locked(Port* port, u32 type) {
    if (!carried_valid(port)) return;
    switch (type) {
    case msg_move_send:
        send_right_gone(port);
        port_unref_locked(port);
        break;
    case msg_move_send_once:
        if (!port->dead && !of_kernel(port)) {
            notify_send_once_locked(port);
        } else {
            port->send_once_rights--;
            port_unref_locked(port);
        }
        break;
    default: receive_right_dies_locked(port); break;
    }
}

bool copyin_possible_locked(const PortEntry& e, u32 disposition) {
    switch (disposition) {
    case msg_make_send: case msg_make_send_once: case msg_move_receive: return e.types & type_receive;
    case msg_move_send_once: return e.types & (type_dead | type_send_once);
    case msg_copy_send: case msg_move_send: return e.types & (type_dead | type_send);
    default: return false;
    }
}

i32 copyin_locked(u32 name, u32 disposition, bool dead_ok, Port*& port) {
    PortEntry* e = entry_find_locked(name);
    if (!e) return xnu::KERN_INVALID_NAME;
    if (!copyin_possible_locked(*e, disposition)) return xnu::KERN_INVALID_RIGHT;
    port = e->port;
    if (e->types & type_dead) {
        if (!dead_ok) return xnu::KERN_INVALID_RIGHT;
        port = carried_dead;
        if (disposition != msg_copy_send && --e->urefs == 0) {
            e->types = 0;
            entry_trim_locked(*e);
        }
        return 0;
    }
    switch (disposition) {
    case msg_make_send:
        port->make_send_count++;
        send_right_copy_locked(port);
        break;
    case msg_make_send_once:
        port->send_once_rights++;
        port->refs++;
        break;
    case msg_copy_send: send_right_copy_locked(port); break;
    case msg_move_receive:
        e->types &= ~type_receive;
        if (e->types) port->refs++;
        else detach(*e, name);
        receiver_cleared_locked(port);
        port->received = false;
        port->destination = nullptr;
        break;
    case msg_move_send:
        if (e->urefs > 1) {
            e->urefs--;
            send_right_copy_locked(port);
            break;
        }
        e->urefs = 0;
        e->types &= ~type_send;
        if (e->types) port->refs++;
        else detach(*e, name);
        break;
    default:  // msg_move_send_once
        e->types = 0;
        detach(*e, name);
        break;
    }
    return 0;
}

i32 copyout_locked(Port* port, u32 type, u32& name) {
    if (!carried_valid(port)) {
        name = port ? port_dead_name : port_null;
        return 0;
    }
    if (port->dead) return xnu::KERN_INVALID_CAPABILITY;
    if (type != msg_move_send_once && port->name) {
        name = port->name;
        const i32 result = copyout_name_locked(port, type, name);
        if (result != xnu::KERN_UREFS_OVERFLOW) return result;
        port->send_rights--;  // one reference too many is none: ipc_right_copyout with overflow
        port_unref_locked(port);
        return 0;
    }
    PortEntry* e = entry_new_locked(name);
    if (!e) return xnu::KERN_NO_SPACE;
    e->port = port;
    e->types = type == msg_move_send ? type_send : type == msg_move_send_once ? type_send_once : type_receive;
    if (type != msg_move_send_once) port->name = name;
    if (type == msg_move_receive) port->received = true;
    else e->urefs = 1;
    return 0;
}

// osfmk/ipc/ipc_object.c ipc_object_copyout_name, ipc_right_copyout.
i32 copyout_name_locked(Port* port, u32 type, u32 name) {
    PortEntry* e;
    if (const i32 failed = entry_at_locked(name, e)) return failed;
    if (type != msg_move_send_once && port->name && !port->dead) {
        if (port->name != name) {
            entry_trim_locked(*e);
            return xnu::KERN_RIGHT_EXISTS;
        }
    } else {
        if (e->types) return xnu::KERN_NAME_EXISTS;
        if (port->dead) {
            entry_trim_locked(*e);
            return xnu::KERN_INVALID_CAPABILITY;
        }
        e->port = port;
        port->refs++;
    }
    if (type == msg_move_send) {
        if (e->types & type_send) {
            if (e->urefs + 1 >= max_urefs) return xnu::KERN_UREFS_OVERFLOW;
            port->send_rights--;
        }
        e->types |= type_send;
        e->urefs++;
    } else if (type == msg_move_receive) {
        e->types |= type_receive;
        port->received = true;
    } else {
        e->types = type_send_once;
        e->urefs = 1;
    }
    if (type != msg_move_send_once) port->name = name;
    port_unref_locked(port);  // the right's own; the entry has one
    return 0;
}

// ipc_right_dealloc.
i32 port_release_send(u32 name) {
    if (!valid_name(name)) return 0;
    Locked hold(ports_lock);
    PortEntry* e = entry_find_locked(name);
    if (!e) return xnu::KERN_INVALID_NAME;
    Port* port = e->port;
    if (e->types & type_dead) {
        if (--e->urefs == 0) {
            e->types = 0;
            entry_trim_locked(*e);
        }
    } else if (e->types & type_send_once) {
        e->types = 0;
        detach(*e, name);
        right_release_locked(port, msg_move_send_once);
    } else if (e->types & type_send) {
        if (--e->urefs) return 0;
        e->types &= ~type_send;
        if (e->types) {
            send_right_gone(port);
        } else {
            detach(*e, name);
            right_release_locked(port, msg_move_send);
        }
    } else {
        return xnu::KERN_INVALID_RIGHT;
    }
    return 0;
}

namespace {

// The receive right under `name` goes: what was a send right beside it becomes a dead name, unless the port lives on
// because somebody wants it when it is destroyed.
void drop_receive(PortEntry& e, u32 name) {
    Port* port = e.port;
    e.types &= ~type_receive;
    if (e.types) port->refs++;  // the entry keeps its own
    else detach(e, name);
    receiver_cleared_locked(port);
    port->received = false;
    receive_right_dies_locked(port);
    if (e.types) (void)entry_find_locked(name);
}

i32 change_send(PortEntry& e, u32 name, i32 delta) {
    Port* port = e.port;
    if (underflow(e.urefs, delta)) return xnu::KERN_INVALID_VALUE;
    if (overflow(e.urefs + 1, delta)) return xnu::KERN_UREFS_OVERFLOW;
    e.urefs = static_cast<u32>(static_cast<i32>(e.urefs) + delta);
    if (e.urefs) return 0;
    e.types &= ~type_send;
    if (e.types) {
        send_right_gone(port);
    } else {
        detach(e, name);
        right_release_locked(port, msg_move_send);
    }
    return 0;
}

}  // namespace

// ipc_right_delta.
i32 port_mod_refs(u32 name, u32 right, i32 delta) {
    if (right > 5) return xnu::KERN_INVALID_VALUE;  // 5, LABELH, is a number without meaning
    if (!valid_name(name)) return right == right_send || right == right_send_once ? 0 : xnu::KERN_INVALID_NAME;
    Locked hold(ports_lock);
    PortEntry* e = entry_find_locked(name);
    if (!e) return xnu::KERN_INVALID_NAME;
    if (!(e->types & type_bit(right))) return xnu::KERN_INVALID_RIGHT;
    switch (right) {
    case right_send: return change_send(*e, name, delta);
    case right_dead_name:
        if (underflow(e->urefs, delta)) return xnu::KERN_INVALID_VALUE;
        if (overflow(e->urefs, delta)) return xnu::KERN_UREFS_OVERFLOW;
        e->urefs = static_cast<u32>(static_cast<i32>(e->urefs) + delta);
        if (!e->urefs) e->types = 0;
        entry_trim_locked(*e);
        return 0;
    default: break;
    }
    if (delta == 0) return 0;
    if (delta != -1) return xnu::KERN_INVALID_VALUE;
    Port* port = e->port;
    if (right == right_receive) {
        if (port->guarded) return guard_broken(name, port->context, guard_mod_refs), xnu::KERN_INVALID_RIGHT;
        drop_receive(*e, name);
    } else if (right == right_port_set) {
        e->types = 0;
        detach(*e, name);
        set_dies_locked(port);
    } else {
        e->types = 0;
        detach(*e, name);
        right_release_locked(port, msg_move_send_once);
    }
    return 0;
}

// ipc_right_destroy: all that the name denotes, at once. A send right beside the receive right leaves no dead name.
i32 port_destroy(u32 name) {
    if (!valid_name(name)) return 0;
    Locked hold(ports_lock);
    PortEntry* e = entry_find_locked(name);
    if (!e) return xnu::KERN_INVALID_NAME;
    Port* port = e->port;
    const u32 types = e->types;
    if (types & type_receive && port->guarded && port->context != 0)
        return guard_broken(name, port->context, guard_destroy), xnu::KERN_INVALID_RIGHT;
    e->types = 0;
    if (types & type_dead) {
        entry_trim_locked(*e);
        return 0;
    }
    detach(*e, name);
    if (types & type_set) {
        set_dies_locked(port);
    } else if (types & type_receive) {
        if (types & type_send) send_right_gone(port);
        receiver_cleared_locked(port);
        port->received = false;
        receive_right_dies_locked(port);
    } else {
        right_release_locked(port, types & type_send ? msg_move_send : msg_move_send_once);
    }
    return 0;
}

i32 port_destruct(u32 name, i32 send_delta, u64 guard) {
    if (!valid_name(name)) return xnu::KERN_INVALID_NAME;
    Locked hold(ports_lock);
    PortEntry* e = entry_find_locked(name);
    if (!e) return xnu::KERN_INVALID_NAME;
    if (!(e->types & type_receive) || (send_delta && !(e->types & type_send))) return xnu::KERN_INVALID_RIGHT;
    if (send_delta > 0) return xnu::KERN_INVALID_VALUE;
    if (e->port->guarded && e->port->context != guard)
        return guard_broken(name, e->port->context, guard_destroy), xnu::KERN_INVALID_ARGUMENT;
    if (send_delta)
        if (const i32 failed = change_send(*e, name, send_delta)) return failed;
    drop_receive(*e, name);
    return 0;
}

i32 port_insert_right(u32 name, u32 poly, u32 disposition) {
    Locked hold(ports_lock);
    Port* port;
    // osfmk/ipc/mach_kernelrpc.c: the right is taken first, and lost if its new name is refused.
    if (valid_name(poly)) {
        if (const i32 failed = copyin_locked(poly, disposition, true, port)) return failed;
    } else {
        return xnu::KERN_INVALID_NAME;
    }
    const u32 type = carried_type(disposition);
    i32 result = 0;
    if (!valid_name(name)) result = xnu::KERN_INVALID_VALUE;
    else if (!carried_valid(port)) result = xnu::KERN_INVALID_CAPABILITY;
    else result = copyout_name_locked(port, type, name);
    if (result) right_release_locked(port, type);
    return result;
}

}  // namespace trapeze
