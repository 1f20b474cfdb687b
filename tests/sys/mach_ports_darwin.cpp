// SPDX-License-Identifier: BSD-3-Clause
// Ports and rights: what each call does, and the code of each wrong use (osfmk/ipc/mach_port.c, ipc_right.c, ipc_object.c).
#include "tests/sys/mach_tap.h"

#include "sys/calls.h"

using namespace trapeze;
using namespace trapeze::xnu;

namespace {

const mach_port_t task = mach_task_self();

void by_trap() {
    mach_port_t a = 0, b = 0, set = 0, dead = 0;
    succeeds(mach_port_allocate(task, MACH_PORT_RIGHT_RECEIVE, &a), "a receive right");
    ok((a & 3) == 3 && a >> 8, "its name has an index and both low bits");
    succeeds(mach_port_allocate(task, MACH_PORT_RIGHT_PORT_SET, &set), "a port set");
    succeeds(mach_port_allocate(task, MACH_PORT_RIGHT_DEAD_NAME, &dead), "a dead name");
    is(mach_port_allocate(task, MACH_PORT_RIGHT_SEND, &b), KERN_INVALID_VALUE, "a send right cannot be allocated");
    is(mach_port_allocate(task, 99, &b), KERN_INVALID_VALUE, "nor a right that does not exist");
    ok(b == 0, "a failure leaves the name alone");

    const mach_port_t gone = gone_name();
    succeeds(mach_port_insert_right(task, a, a, MACH_MSG_TYPE_MAKE_SEND), "a send right of one's own port");
    succeeds(mach_port_insert_right(task, a, a, MACH_MSG_TYPE_MAKE_SEND), "and a second reference");
    is(mach_port_insert_right(task, gone, a, MACH_MSG_TYPE_MAKE_SEND), KERN_RIGHT_EXISTS, "under another name: RIGHT_EXISTS");
    is(mach_port_insert_right(task, 0, a, MACH_MSG_TYPE_MAKE_SEND), KERN_INVALID_VALUE, "under name 0: INVALID_VALUE");
    is(mach_port_insert_right(task, a, gone, MACH_MSG_TYPE_MAKE_SEND), KERN_INVALID_NAME, "of a name that is gone: INVALID_NAME");
    is(mach_port_insert_right(task, a, set, MACH_MSG_TYPE_MAKE_SEND), KERN_INVALID_RIGHT, "of a set: INVALID_RIGHT");
    is(mach_port_insert_right(task, dead, dead, MACH_MSG_TYPE_COPY_SEND), KERN_INVALID_CAPABILITY, "of a dead name: INVALID_CAPABILITY");
    succeeds(mach_port_allocate(task, MACH_PORT_RIGHT_RECEIVE, &b), "another port");
    is(mach_port_insert_right(task, b, a, MACH_MSG_TYPE_MAKE_SEND_ONCE), KERN_NAME_EXISTS, "a send-once right under its name: NAME_EXISTS");

    succeeds(mach_port_mod_refs(task, a, MACH_PORT_RIGHT_SEND, 3), "three more references");
    succeeds(mach_port_mod_refs(task, a, MACH_PORT_RIGHT_SEND, -4), "four less");
    is(mach_port_mod_refs(task, a, MACH_PORT_RIGHT_SEND, -2), KERN_INVALID_VALUE, "less than none: INVALID_VALUE");
    is(mach_port_mod_refs(task, a, MACH_PORT_RIGHT_RECEIVE, 1), KERN_INVALID_VALUE, "two receive rights: INVALID_VALUE");
    succeeds(mach_port_mod_refs(task, a, MACH_PORT_RIGHT_RECEIVE, 0), "no change");
    is(mach_port_mod_refs(task, a, 99, 1), KERN_INVALID_VALUE, "a right that does not exist: INVALID_VALUE");
    is(mach_port_mod_refs(task, b, MACH_PORT_RIGHT_SEND, 1), KERN_INVALID_RIGHT, "one that the name has not: INVALID_RIGHT");
    is(mach_port_mod_refs(task, gone, MACH_PORT_RIGHT_SEND, 1), KERN_INVALID_NAME, "of a name that is gone: INVALID_NAME");
    succeeds(mach_port_mod_refs(task, 0, MACH_PORT_RIGHT_SEND, 1), "of the null port: nothing");
    is(mach_port_mod_refs(task, 0, MACH_PORT_RIGHT_RECEIVE, -1), KERN_INVALID_NAME, "but it has no receive right");
    is_either(mach_port_mod_refs(task, a, MACH_PORT_RIGHT_SEND, MACH_PORT_UREFS_MAX), KERN_UREFS_OVERFLOW, KERN_SUCCESS,
              "more than 65534: UREFS_OVERFLOW, or from 10.12 on the count stays there");

    succeeds(mach_port_deallocate(task, dead), "deallocate a dead name");
    is(mach_port_deallocate(task, dead), KERN_INVALID_NAME, "that was its only reference");
    is(mach_port_deallocate(task, b), KERN_INVALID_RIGHT, "a receive right is not deallocated: INVALID_RIGHT");
    succeeds(mach_port_deallocate(task, 0), "the null port: nothing");
    succeeds(mach_port_mod_refs(task, b, MACH_PORT_RIGHT_RECEIVE, -1), "it is given up by its receive right");
    is(mach_port_deallocate(task, b), KERN_INVALID_NAME, "and its name is gone");
    succeeds(mach_port_mod_refs(task, set, MACH_PORT_RIGHT_PORT_SET, -1), "so is a set");
    succeeds(mach_port_mod_refs(task, a, MACH_PORT_RIGHT_RECEIVE, -1), "a receive right with send rights beside it");
    is(mach_port_mod_refs(task, a, MACH_PORT_RIGHT_SEND, -1), KERN_INVALID_RIGHT, "these are no send rights now");
    succeeds(mach_port_mod_refs(task, a, MACH_PORT_RIGHT_DEAD_NAME, 1), "but a dead name");
    succeeds(mach_port_deallocate(task, a), "that is given up like them");

    is(mach_port_allocate(0, MACH_PORT_RIGHT_RECEIVE, &b), MACH_SEND_INVALID_DEST, "task 0: SEND_INVALID_DEST, from the message");
    is(mach_port_allocate(gone, MACH_PORT_RIGHT_RECEIVE, &b), MACH_SEND_INVALID_DEST, "a task that is no name: the same");
}

void by_message() {
    mach_port_t a = new_port(), b = 0;
    const mach_port_t gone = gone_name();
    u32 types = 0, n = 0;
    ok(references(a, MACH_PORT_RIGHT_RECEIVE) == 1 && references(a, MACH_PORT_RIGHT_SEND) == 1, "get_refs: one of each");
    ok(references(a, MACH_PORT_RIGHT_DEAD_NAME) == 0, "0 of what it has not");
    is(mach_port_get_refs(task, a, 99, &n), KERN_INVALID_VALUE, "a right that does not exist: INVALID_VALUE");
    is(mach_port_get_refs(task, gone, MACH_PORT_RIGHT_SEND, &n), KERN_INVALID_NAME, "a name that is gone: INVALID_NAME");
    succeeds(mach_port_type(task, a, &types), "type");
    ok(types == (MACH_PORT_TYPE_SEND | MACH_PORT_TYPE_RECEIVE), "is all that the name has");
    is(mach_port_type(task, gone, &types), KERN_INVALID_NAME, "type of a name that is gone: INVALID_NAME");
    is(mach_port_allocate_name(task, MACH_PORT_RIGHT_RECEIVE, a), KERN_NAME_EXISTS, "allocate_name: NAME_EXISTS");
    succeeds(mach_port_allocate_name(task, MACH_PORT_RIGHT_DEAD_NAME, gone), "under a free name");
    succeeds(mach_port_type(task, gone, &types), "it is there");
    ok(types == MACH_PORT_TYPE_DEAD_NAME, "and a dead name");
    succeeds(mach_port_deallocate(task, gone), "until it is given up");

    u8 as = 0;
    succeeds(mach_port_extract_right(task, a, MACH_MSG_TYPE_MAKE_SEND, &b, &as), "extract a send right from oneself");
    ok(b == a && as == MACH_MSG_TYPE_MOVE_SEND && references(a, MACH_PORT_RIGHT_SEND) == 2, "gives one more to the same name");
    succeeds(mach_port_extract_right(task, a, MACH_MSG_TYPE_MAKE_SEND_ONCE, &b, &as), "a send-once right");
    ok(b != a && as == MACH_MSG_TYPE_MOVE_SEND_ONCE && references(b, MACH_PORT_RIGHT_SEND_ONCE) == 1, "has a name of its own");
    is(mach_port_extract_right(task, a, 99, &b, &as), KERN_INVALID_VALUE, "a disposition that does not exist: INVALID_VALUE");
    is(mach_port_extract_right(task, gone, MACH_MSG_TYPE_COPY_SEND, &b, &as), KERN_INVALID_NAME, "of a name that is gone: INVALID_NAME");
    is(mach_port_extract_right(task, 0, MACH_MSG_TYPE_COPY_SEND, &b, &as), KERN_INVALID_RIGHT, "of the null port: INVALID_RIGHT");
    succeeds(mach_port_deallocate(task, b), "the send-once right is given up");
    is(mach_port_get_refs(task, b, MACH_PORT_RIGHT_SEND_ONCE, &n), KERN_INVALID_NAME, "and its name is gone");

    mach_port_status_t s{};
    succeeds(mach_port_get_status(task, a, &s), "status");
    ok(s.mps_qlimit == MACH_PORT_QLIMIT_DEFAULT && s.mps_srights && s.mps_msgcount == 1, "five at most; the notice of the send-once right waits");
    succeeds(mach_port_set_qlimit(task, a, MACH_PORT_QLIMIT_MAX), "a longer queue");
    is(mach_port_set_qlimit(task, a, MACH_PORT_QLIMIT_MAX + 1), KERN_INVALID_VALUE, "too long a queue: INVALID_VALUE");
    is(mach_port_set_qlimit(task, gone, 1), KERN_INVALID_NAME, "of a name that is gone: INVALID_NAME");
    is(mach_port_set_qlimit(task, 0, 1), KERN_INVALID_RIGHT, "of the null port: INVALID_RIGHT");
    succeeds(mach_port_set_mscount(task, a, 7), "a make-send count");
    succeeds(mach_port_set_seqno(task, a, 9), "a sequence number");
    succeeds(mach_port_get_status(task, a, &s), "status again");
    ok(s.mps_qlimit == MACH_PORT_QLIMIT_MAX && s.mps_mscount == 7 && s.mps_seqno == 9, "shows all three");
    i32 info[17];
    u32 count = 17;
    is(mach_port_get_attributes(task, a, 99, info, &count), KERN_INVALID_ARGUMENT, "a flavor that does not exist: INVALID_ARGUMENT");
    count = 1;
    is(mach_port_get_attributes(task, a, MACH_PORT_RECEIVE_STATUS, info, &count), KERN_FAILURE, "too little room: FAILURE");
    u64 context = 1;
    succeeds(mach_port_set_context(task, a, 0x123456789abcdef0), "a context");
    succeeds(mach_port_get_context(task, a, &context), "read back");
    ok(context == 0x123456789abcdef0, "is all 64 bits");

    MachNames names{};
    succeeds(mach_port_names(task, &names), "all names");
    bool found = false, self = false;
    for (u32 i = 0; i < names.count; i++) {
        found = found || (names.names[i] == a && names.types[i] == (MACH_PORT_TYPE_SEND | MACH_PORT_TYPE_RECEIVE));
        self = self || (names.names[i] == task && names.types[i] == MACH_PORT_TYPE_SEND);
    }
    ok(found && self, "ours with its rights, and the task's own");
    mach_port_names_free(&names);

    is(mach_port_set_context(mach_host_self(), a, 1), KERN_INVALID_TASK, "a port that is no task: INVALID_TASK");
    succeeds(mach_port_destroy(task, a), "destroy");
    is(mach_port_get_refs(task, a, MACH_PORT_RIGHT_SEND, &n), KERN_INVALID_NAME, "takes all rights");
    is(mach_port_destroy(task, a), KERN_INVALID_NAME, "and leaves no name");
}

void guarded() {
    mach_port_t a = 0, none = 0;
    succeeds(mach_port_construct(task, {MPO_QLIMIT | MPO_INSERT_SEND_RIGHT | MPO_CONTEXT_AS_GUARD, 3, {}}, 0xfeed, &a), "construct a guarded port");
    mach_port_status_t s{};
    succeeds(mach_port_get_status(task, a, &s), "its status");
    ok(s.mps_qlimit == 3 && s.mps_flags & 2 && references(a, MACH_PORT_RIGHT_SEND) == 1, "limit, guard and send right");
    is(mach_port_guard(task, a, 0xbeef, false), KERN_INVALID_ARGUMENT, "a second guard: INVALID_ARGUMENT");
    succeeds(mach_port_unguard(task, a, 0xfeed), "unguard");
    succeeds(mach_port_guard(task, a, 0xbeef, true), "guard it strictly");
    is(mach_port_destruct(task, a, 1, 0xbeef), KERN_INVALID_VALUE, "destruct with more send rights: INVALID_VALUE");
    is(mach_port_destruct(task, a, -2, 0xbeef), KERN_INVALID_VALUE, "with less than none: INVALID_VALUE");
    succeeds(mach_port_destruct(task, a, -1, 0xbeef), "destruct, send right and all");
    is(mach_port_destruct(task, a, 0, 0), KERN_INVALID_NAME, "its name is gone");
    is(mach_port_construct(task, {MPO_QLIMIT, MACH_PORT_QLIMIT_MAX + 1, {}}, 0, &none), KERN_INVALID_VALUE, "too long a queue: INVALID_VALUE");
    ok(none == 0, "a failure leaves the name alone");
}

}  // namespace

int main() {
    print("TAP version 13\n");
    if (answered("port_rights")) by_trap();
    else skip("wrong uses of rights are not all answered", "ports by trap");
    if (answered("mig_ports")) by_message();
    else skip("port routines by message are not answered", "ports by message");
    if (answered("guards")) guarded();
    else skip("mach_port_construct is not answered", "guarded ports");
    return done();
}
