// SPDX-License-Identifier: BSD-3-Clause
// Port sets and notifications: who is told what when rights come and go (osfmk/ipc/ipc_pset.c, ipc_notify.c).
#include "tests/sys/mach_tap.h"

using namespace trapeze;
using namespace trapeze::xnu;

namespace {

const mach_port_t task = mach_task_self();

struct Received {
    mach_msg_header_t header;
    union {
        u32 words[4];
        mach_port_destroyed_notification_t destroyed;
    };
    mach_msg_mac_trailer_t trailer;
};

kern_return_t send(mach_port_t to, i32 id) {
    mach_msg_header_t m = {MACH_MSG_TYPE_MAKE_SEND, sizeof m, to, 0, 0, id};
    return mach_msg(&m, MACH_SEND_MSG | MACH_SEND_TIMEOUT, sizeof m, 0, 0, 0);
}
kern_return_t receive(mach_port_t on, Received* m) {
    *m = {};
    return mach_msg(&m->header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof *m, on, 0);
}
i32 next_id(mach_port_t on) {
    Received m;
    return receive(on, &m) == KERN_SUCCESS ? m.header.id : 0;
}

void sets() {
    mach_port_t set = 0, other = 0;
    (void)mach_port_allocate(task, MACH_PORT_RIGHT_PORT_SET, &set);
    (void)mach_port_allocate(task, MACH_PORT_RIGHT_PORT_SET, &other);
    const mach_port_t a = new_port(false), b = new_port(false), gone = gone_name();
    Received m;
    is(receive(set, &m), MACH_RCV_TIMED_OUT, "an empty set: RCV_TIMED_OUT");
    succeeds(mach_port_move_member(task, a, set), "a port into the set");
    succeeds(mach_port_insert_member(task, b, set), "and another");
    is(mach_port_insert_member(task, b, set), KERN_ALREADY_IN_SET, "twice: ALREADY_IN_SET");
    is(mach_port_insert_member(task, gone, set), KERN_INVALID_NAME, "a name that is gone: INVALID_NAME");
    is(mach_port_insert_member(task, set, set), KERN_INVALID_RIGHT, "the set into itself: INVALID_RIGHT");
    is(mach_port_insert_member(task, b, a), KERN_INVALID_RIGHT, "into a port: INVALID_RIGHT");
    is(mach_port_move_member(task, b, gone), KERN_INVALID_NAME, "into a name that is gone: INVALID_NAME");
    is(mach_port_move_member(task, b, MACH_PORT_DEAD), KERN_INVALID_RIGHT, "into the dead name: INVALID_RIGHT");
    is(mach_port_extract_member(task, a, other), KERN_NOT_IN_SET, "out of a set that it is not in: NOT_IN_SET");
    succeeds(mach_port_insert_member(task, a, other), "one port may be in two sets");
    (void)send(a, 1);
    (void)send(b, 2);
    (void)send(a, 3);
    u32 seen = 0;
    for (i32 i = 0; i < 3; i++) {
        if (receive(set, &m) == KERN_SUCCESS && m.header.local_port == (m.header.id == 2 ? b : a)) seen |= 1u << m.header.id;
    }
    ok(seen == 0b1110, "the set gives all messages, with the port that each came to");
    (void)send(a, 4);
    ok(next_id(a) == 4, "a member can be received from as well");
    is(receive(set, &m), MACH_RCV_TIMED_OUT, "and the set has it no more");
    mach_port_status_t s{};
    succeeds(mach_port_get_status(task, a, &s), "a member's status");
    ok(s.mps_pset != 0, "says that it is one");
    MachNames members{};
    succeeds(mach_port_get_set_status(task, set, &members), "the set's members");
    ok(members.count == 2 && ((members.names[0] == a && members.names[1] == b) || (members.names[0] == b && members.names[1] == a)), "are both");
    mach_port_names_free(&members);
    is(mach_port_get_set_status(task, a, &members), KERN_INVALID_RIGHT, "of a port: INVALID_RIGHT");
    succeeds(mach_port_extract_member(task, a, set), "out again");
    (void)send(a, 5);
    is(receive(set, &m), MACH_RCV_TIMED_OUT, "what comes to it the set does not give");
    ok(next_id(other) == 5, "but the other set does");
    succeeds(mach_port_move_member(task, a, 0), "moved out of all");
    (void)send(a, 6);
    is(receive(other, &m), MACH_RCV_TIMED_OUT, "it is in none");
    (void)send(b, 7);
    succeeds(mach_port_mod_refs(task, set, MACH_PORT_RIGHT_PORT_SET, -1), "a set that goes");
    ok(next_id(b) == 7, "leaves its members and their messages");
    (void)mach_port_destroy(task, a);
    (void)mach_port_destroy(task, b);
    (void)mach_port_destroy(task, other);
}

// A request that fails destroys the right that it brought, and that is told.
void drain(mach_port_t on) {
    while (next_id(on) == MACH_NOTIFY_SEND_ONCE) {}
}

kern_return_t ask(mach_port_t name, i32 what, u32 sync, mach_port_t notify, mach_port_t* previous) {
    return mach_port_request_notification(task, name, what, sync, notify, MACH_MSG_TYPE_MAKE_SEND_ONCE, previous);
}

void notifications() {
    const mach_port_t notify = new_port(false), gone = gone_name();
    mach_port_t previous = 0;
    Received m;
    {
        const mach_port_t port = new_port();
        succeeds(ask(port, MACH_NOTIFY_DEAD_NAME, 0, notify, &previous), "dead name: asked for");
        ok(previous == 0, "for the first time");
        u32 types = 0;
        (void)mach_port_type(task, port, &types);
        ok(types & MACH_PORT_TYPE_DNREQUEST, "its type says so");
        is(receive(notify, &m), MACH_RCV_TIMED_OUT, "nothing yet");
        (void)mach_port_mod_refs(task, port, MACH_PORT_RIGHT_RECEIVE, -1);
        succeeds(receive(notify, &m), "its receive right goes: the notification");
        ok(m.header.id == MACH_NOTIFY_DEAD_NAME && reinterpret_cast<mach_notify_t*>(&m)->value == port && m.header.size == sizeof(mach_notify_t),
           "names the port");
        ok(references(port, MACH_PORT_RIGHT_DEAD_NAME) == 2, "with a reference of its own");
        is(ask(gone, MACH_NOTIFY_DEAD_NAME, 0, notify, &previous), KERN_INVALID_NAME, "for a name that is gone: INVALID_NAME");
        is(ask(0, MACH_NOTIFY_DEAD_NAME, 0, notify, &previous), KERN_INVALID_ARGUMENT, "for the null port: INVALID_ARGUMENT");
        (void)mach_port_mod_refs(task, port, MACH_PORT_RIGHT_DEAD_NAME, -2);
        drain(notify);
    }
    {
        const mach_port_t port = new_port();
        succeeds(ask(port, MACH_NOTIFY_DEAD_NAME, 0, notify, &previous), "asked for again");
        succeeds(mach_port_request_notification(task, port, MACH_NOTIFY_DEAD_NAME, 0, 0, 0, &previous), "and cancelled");
        ok(references(previous, MACH_PORT_RIGHT_SEND_ONCE) == 1, "gives the right back");
        (void)mach_port_deallocate(task, previous);
        ok(next_id(notify) == MACH_NOTIFY_SEND_ONCE, "whose end is told");
        (void)mach_port_destroy(task, port);
        is(receive(notify, &m), MACH_RCV_TIMED_OUT, "the port's is not");
    }
    {
        const mach_port_t port = new_port();
        succeeds(ask(port, MACH_NOTIFY_NO_SENDERS, 0, notify, &previous), "no senders: asked for");
        is(receive(notify, &m), MACH_RCV_TIMED_OUT, "there is one");
        (void)mach_port_deallocate(task, port);
        succeeds(receive(notify, &m), "the last send right goes");
        ok(m.header.id == MACH_NOTIFY_NO_SENDERS && reinterpret_cast<mach_notify_t*>(&m)->value == 1, "with the make-send count");
        succeeds(ask(port, MACH_NOTIFY_NO_SENDERS, 1, notify, &previous), "asked while there is none, sync reached");
        ok(next_id(notify) == MACH_NOTIFY_NO_SENDERS, "is told at once");
        is(ask(gone, MACH_NOTIFY_NO_SENDERS, 0, notify, &previous), KERN_INVALID_NAME, "for a name that is gone: INVALID_NAME");
        is(ask(task, MACH_NOTIFY_NO_SENDERS, 0, notify, &previous), KERN_INVALID_RIGHT, "for a send right: INVALID_RIGHT");
        drain(notify);
        (void)mach_port_destroy(task, port);
    }
    {
        const mach_port_t port = new_port();
        (void)send(port, 9);
        is(ask(port, MACH_NOTIFY_PORT_DESTROYED, 1, notify, &previous), KERN_INVALID_VALUE, "port destroyed, with sync: INVALID_VALUE");
        drain(notify);
        succeeds(ask(port, MACH_NOTIFY_PORT_DESTROYED, 0, notify, &previous), "port destroyed: asked for");
        (void)mach_port_mod_refs(task, port, MACH_PORT_RIGHT_RECEIVE, -1);
        succeeds(receive(notify, &m), "its receive right goes");
        const auto& d = *reinterpret_cast<mach_port_destroyed_notification_t*>(&m);
        ok(d.header.id == MACH_NOTIFY_PORT_DESTROYED && d.body.descriptor_count == 1 && d.rights.disposition == MACH_MSG_TYPE_MOVE_RECEIVE,
           "and comes in the notification");
        ok(d.rights.name == port && next_id(port) == 9, "alive, under its name, with its messages");
        (void)mach_port_destroy(task, port);
    }
    const mach_port_t port = new_port();
    is(ask(port, 99, 0, notify, &previous), KERN_INVALID_VALUE, "a notification that does not exist: INVALID_VALUE");
    is(mach_port_request_notification(task, port, MACH_NOTIFY_DEAD_NAME, 0, MACH_PORT_DEAD, MACH_MSG_TYPE_MOVE_SEND_ONCE, &previous),
       KERN_INVALID_CAPABILITY, "to the dead port: INVALID_CAPABILITY");
    (void)mach_port_destroy(task, port);
    (void)mach_port_destroy(task, notify);
}

}  // namespace

int main() {
    print("TAP version 13\n");
    sets();
    notifications();
    return done();
}
