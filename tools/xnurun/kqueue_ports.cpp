// SPDX-License-Identifier: BSD-3-Clause
// EVFILT_MACHPORT: a port set, and from 10.12 on a receive right too, has messages (xnu-3248.60.10 osfmk/ipc/ipc_pset.c filt_machport*;
// xnu-3789.1.32). data is the name of the port that has one; with MACH_RCV_MSG in fflags the message is received where ext[0] says, of
// ext[1] bytes at most, and fflags is mach_msg's result. A set that is gone, or whose name is another's, is EV_EOF, once.
#include "sys/darwin/errno.h"
#include "sys/darwin/kern_return.h"
#include "tools/xnurun/era.h"
#include "tools/xnurun/kqueue.h"
#include "tools/xnurun/message.h"

namespace trapeze {
namespace {

Port* find_locked(const Knote& n) {
    PortEntry* e = entry_find_locked(static_cast<u32>(n.kev.ident));
    return e && e->types & (type_set | type_receive) ? e->port : nullptr;
}

}  // namespace

i32 attach_port(Knote& n) {
    if (!kqueue_wakes(*n.kq)) return xnu::ENOMEM;
    Locked hold(ports_lock);
    PortEntry* e = entry_find_locked(static_cast<u32>(n.kev.ident));
    if (!e) return xnu::ENOENT;
    const u32 kinds = era >= era_10_12 ? type_set | type_receive : type_set;
    if (!(e->types & kinds)) return xnu::ENOTSUP;
    port_ref_locked(e->port);
    n.port = e->port;
    kqueue_watch_ports();
    return 0;
}

void detach_port(Knote& n) {
    if (!n.port) return;
    Locked hold(ports_lock);
    port_unref_locked(static_cast<Port*>(n.port));
    n.port = nullptr;
}

bool port_event(Knote& n) {
    Locked hold(ports_lock);
    Port* port = find_locked(n);
    if (!port || port != n.port || port->dead) {
        n.kev.data = 0;
        n.kev.flags |= xnu::EV_EOF | xnu::EV_ONESHOT;
        return true;
    }
    const Port* with = port->kind == PortKind::set ? set_first_message_locked(port) : port->first ? port : nullptr;
    n.kev.data = with ? with->name : 0;
    return with != nullptr;
}

void port_deliver(Knote& n, xnu::kevent64_s& out) {
    if (!(n.sfflags & rcv_msg) || out.flags & xnu::EV_EOF) return;
    constexpr u32 allowed = rcv_msg | 4 | 8 | 0x200 | 0xff000000;  // LARGE, LARGE_IDENTITY, VOUCHER, the trailer
    constexpr u32 never_wait = 0x100;
    u32 size = 0, name = 0;
    out.fflags = static_cast<u32>(message_receive_to(out.ext[0], (n.sfflags & allowed) | never_wait, static_cast<u32>(out.ext[1]),
                                                     static_cast<u32>(n.kev.ident), 0, size, name));
    out.ext[1] = size;
    out.data = out.fflags == static_cast<u32>(xnu::MACH_RCV_TOO_LARGE) && n.sfflags & 8 ? name : 0;
}

}  // namespace trapeze
