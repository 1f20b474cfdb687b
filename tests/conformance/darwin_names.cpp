// SPDX-License-Identifier: BSD-3-Clause
// The less travelled routines of mach_port (3200): what they do and what each says of a wrong use. xnu-3248 osfmk/ipc/mach_port.c,
// mach_debug.c, xnu-11417 for the younger ones. Rights and queues are in darwin_ports, darwin_messages.
#include "tests/conformance/darwin_mach.h"

void raw_handler(u64, i32, i32, u8*, u8*, u64) {}
void raw_thread(Regs*) {
    for (;;) {}
}

namespace {

constexpr i64 failure = 5;
constexpr u32 dead = 0xffffffff;
u32 host() {
    static u32 name;
    if (!name) name = static_cast<u32>(call(mach + 29));
    return name;
}
u64 quad(const Buffer& b, u32 at) { return b.word(at) | static_cast<u64>(b.word(at + 4)) << 32; }
u32 gone() {  // a name that was one
    const u32 name = allocate(right_receive);
    mod_refs(name, right_receive, -1);
    return name;
}

// What those say that want a receive right. `invalid`: of names that cannot be one.
template <class... W>
void wants_receive(i32 id, i64 invalid, W... words) {
    Buffer b;
    const u32 set = allocate(right_set);
    same(routine(b, id, 0, words...), invalid, "of no name");
    same(routine(b, id, dead, words...), invalid, "of the dead one");
    same(routine(b, id, gone(), words...), invalid_name, "of a name that is gone: INVALID_NAME");
    same(routine(b, id, task_self(), words...), invalid_right, "of a send right: INVALID_RIGHT");
    same(routine(b, id, set, words...), invalid_right, "of a set: INVALID_RIGHT");
    same(routine_on(host(), b, id, set, words...), invalid_task, "asked of a host: INVALID_TASK");
    mod_refs(set, right_set, -1);
}

void looks() {
    Buffer b;
    const u32 p = allocate(right_receive);
    insert_right(p, p, make_send);
    mod_refs(p, right_send, 1);
    same(routine(b, 3202, p, p + 0x100), not_supported, "mach_port_rename: NOT_SUPPORTED, for anybody");
    same(routine_on(host(), b, 3202, p, p), invalid_task, "but of a host: INVALID_TASK");
    same(routine(b, 3222, p), ok_, "mach_port_get_srights");
    same(b.word(36), 1, "one, however many references");
    wants_receive(3222, invalid_name);
    same(routine(b, 3210, p, 5), ok_, "mach_port_set_mscount");
    same(status(p, 2), 5, "is told by its status");
    wants_receive(3210, invalid_right, 5);
    same(routine(b, 3216, p, 7), ok_, "mach_port_set_seqno");
    same(status(p, 1), 7, "is told by its status");
    wants_receive(3216, invalid_right, 7);
    same(routine(b, 3229, p, 0x11111111, 0x2222), ok_, "mach_port_set_context");
    same(routine(b, 3228, p), ok_, "mach_port_get_context");
    same(static_cast<i64>(quad(b, 36)), 0x222211111111, "is what was set");
    wants_receive(3228, invalid_right);
    wants_receive(3229, invalid_right, 1, 2);
    same(routine(b, 3230, task_self()), ok_, "mach_port_kobject of a task's port");
    check(b.word(36) == 2 && quad(b, 40) == 0, "IKOT_TASK, and no address");
    same(routine(b, 3230, host()), ok_, "of the host's");
    check(b.word(36) == 3 || b.word(36) == 4, "IKOT_HOST or IKOT_HOST_PRIV");
    same(routine(b, 3230, p), ok_, "of a plain one");
    same(b.word(36), 0, "IKOT_NONE");
    same(routine(b, 3225, p), ok_, "mach_port_kernel_object");
    check(b.word(36) == 0 && b.h.size == 44, "the same in two words");
    same(routine(b, 3239, task_self()), ok_, "mach_port_kobject_description");
    check(b.word(36) == 2, "IKOT_TASK and words");
    constexpr i32 kinds[] = {3225, 3230, 3239};
    for (const i32 id : kinds) {
        same(routine(b, id, 0), invalid_name, "of no name: INVALID_NAME");
        same(routine(b, id, gone()), invalid_name, "of a name that is gone: INVALID_NAME");
        const u32 set = allocate(right_set);
        same(routine(b, id, set), invalid_right, "of a set: INVALID_RIGHT");
        mod_refs(set, right_set, -1);
        same(routine_on(host(), b, id, p), invalid_task, "asked of a host: INVALID_TASK");
    }

    // mach_port_peek: name, trailer, sequence number (0: the first), room.
    same(routine(b, 3216, p, 100), ok_, "a sequence number");
    for (i32 id = 40; id < 43; id++) send(p, copy_send, id);
    same(routine(b, 3209, p, 0, 0, 68), ok_, "mach_port_peek");
    check(b.word(36) == 100 && b.word(40) == 24 && b.word(44) == 40 && b.word(48) == 8, "the first: number, size, id, trailer");
    same(routine(b, 3209, p, 0, 102, 68), ok_, "by its number");
    same(b.word(44), 42, "the third");
    same(routine(b, 3209, p, 0, 103, 68), failure, "none of that number: FAILURE");
    same(routine(b, 3209, p, 0, 99, 68), failure, "nor any more: FAILURE");
    same(routine(b, 3209, p, 0, 0, 7), invalid_value, "too little room: INVALID_VALUE");
    same(routine(b, 3209, p, 4 << 24, 0, 68), invalid_value, "a trailer with a context: INVALID_VALUE");
    wants_receive(3209, invalid_right, 0, 0, 68);
    for (i32 n = 0; n < 3; n++) poll(p, b);
    same(routine(b, 3209, p, 0, 0, 68), failure, "an empty queue: FAILURE");
    mod_refs(p, right_receive, -1);
    deallocate(p);
}

i64 allocate_full(Buffer& b, u32 right, u32 proto, u32 qos, u32 length, u32 name) {
    return routine_port(b, 3220, proto, copy_send, right, qos, length, name);
}

void made() {
    Buffer b;
    same(allocate_full(b, right_receive, 0, 0, 0, 0), ok_, "mach_port_allocate_full");
    const u32 p = b.word(44);
    check(b.word(36) == 0 && b.word(40) == 0, "made as was asked");
    same(type(p), type_of(right_receive), "a receive right");
    same(allocate_full(b, right_receive, task_self(), 0, 0, 0), invalid_value, "after another: INVALID_VALUE");
    same(allocate_full(b, right_receive, 0, 1, 0, 0), invalid_value, "under no name: INVALID_VALUE");
    same(allocate_full(b, right_receive, 0, 1, 0, p), name_exists, "under one that is taken: NAME_EXISTS");
    same(allocate_full(b, right_set, 0, 2, 0, 0), invalid_value, "a set with a message in advance: INVALID_VALUE");
    same(allocate_full(b, right_send, 0, 0, 0, 0), invalid_value, "a send right: INVALID_VALUE");
    same(mod_refs(p, right_receive, -1), ok_, "it goes");
    same(allocate_full(b, right_set, 0, 1, 0, p + 4), ok_, "a set under a name");
    same(type(p + 4), type_of(right_set), "is there");
    mod_refs(p + 4, right_set, -1);
    same(routine(b, 3219, right_receive, 0, 0), ok_, "mach_port_allocate_qos");
    mod_refs(b.word(44), right_receive, -1);
    same(routine(b, 3219, right_receive, 1, 0), invalid_argument, "under a name: INVALID_ARGUMENT");
    same(routine(b, 3219, right_set, 2, 0), invalid_value, "a set with a message in advance: INVALID_VALUE");
    same(routine(b, 3219, right_receive, 2, 100), ok_, "a port with one");
    check(b.word(36) == 2 && b.word(40) == 100, "as was asked");
    mod_refs(b.word(44), right_receive, -1);
    same(routine_on(host(), b, 3219, right_receive, 0, 0), invalid_task, "of a host: INVALID_TASK");
    same(routine(b, 3204, right_send), invalid_value, "mach_port_allocate of a send right: INVALID_VALUE");
    const u32 options[6] = {2, 1025};
    const OolDescriptor memory{options, 0, 0, 0, 1, sizeof options};
    const u32 one = 1, context[] = {0, 1, 0, 0};
    b.h = {0x1513 | complex_bit, 24 + 4 + 16 + sizeof context, task_self(), reply_port(), 0, 3231};
    b.set(24, &one, 4);
    b.set(28, &memory, 16);
    b.set(44, context, sizeof context);
    same(message_trap(&b, send_bit | receive_bit, b.h.size, sizeof b, reply_port()), ok_, "mach_port_construct with a queue too long");
    same(static_cast<i32>(b.word(32)), invalid_value, "INVALID_VALUE");
    const u32 none = allocate(right_receive);
    insert_right(none, none, make_send);
    same(semaphore_destroy(none), invalid_argument, "semaphore_destroy of what is none: INVALID_ARGUMENT");
    same(type(none), type_of(right_receive), "the right went with the message");
    mod_refs(none, right_receive, -1);
    same(routine(b, 3221, 100), ok_, "task_set_port_space");
    same(routine_on(host(), b, 3221, 100), invalid_task, "of a host: INVALID_TASK");

    // Guards: construct, guard, unguard, swap, assert, destruct.
    const auto destruct = [&](u32 name, i32 delta, u64 guard) { return routine(b, 3232, name, delta, static_cast<u32>(guard), static_cast<u32>(guard >> 32)); };
    const u32 g = allocate(right_receive);
    same(routine(b, 3233, g, 5, 0, 1), ok_, "mach_port_guard, strictly");
    same(routine(b, 3233, g, 6, 0, 0), invalid_argument, "again: INVALID_ARGUMENT");
    same(routine(b, 3228, g), ok_, "the context of what is strictly guarded");
    same(static_cast<i64>(quad(b, 36)), 0, "is not told");
    same(routine(b, 3242, g, 8, 2, 5, 0), ok_, "mach_port_assert_attributes");
    same(routine(b, 3242, g, 8, 1, 5), failure, "half a guard: FAILURE");
    same(routine(b, 3242, 0, 8, 2, 5, 0), invalid_right, "of no name: INVALID_RIGHT");
    same(routine(b, 3242, gone(), 8, 2, 5, 0), invalid_name, "of a name that is gone: INVALID_NAME");
    same(routine(b, 3242, g, 1, 2, 5, 0), invalid_argument, "other attributes: INVALID_ARGUMENT");
    same(routine_on(host(), b, 3242, g, 8, 2, 5, 0), invalid_task, "of a host: INVALID_TASK");
    same(routine(b, 3234, g, 5, 0), ok_, "mach_port_unguard");
    same(routine(b, 3234, 0, 5, 0), invalid_name, "of no name: INVALID_NAME");
    same(routine(b, 3234, gone(), 5, 0), invalid_name, "of a name that is gone: INVALID_NAME");
    same(routine(b, 3234, task_self(), 5, 0), invalid_right, "of a send right: INVALID_RIGHT");
    same(routine_on(host(), b, 3234, g, 5, 0), invalid_task, "of a host: INVALID_TASK");
    same(routine(b, 3233, 0, 5, 0, 1), invalid_name, "guard no name: INVALID_NAME");
    same(routine(b, 3233, task_self(), 5, 0, 1), invalid_right, "a send right: INVALID_RIGHT");
    same(destruct(g, 1, 0), invalid_right, "mach_port_destruct of send rights that are not there: INVALID_RIGHT");
    insert_right(g, g, make_send);
    same(destruct(g, 1, 0), invalid_value, "of more than there are: INVALID_VALUE");
    same(destruct(0, 0, 0), invalid_name, "of no name: INVALID_NAME");
    same(destruct(gone(), 0, 0), invalid_name, "of a name that is gone: INVALID_NAME");
    same(destruct(task_self(), 0, 0), invalid_right, "of a send right: INVALID_RIGHT");
    same(routine_on(host(), b, 3232, g, 0, 0, 0), invalid_task, "of a host: INVALID_TASK");
    same(destruct(g, -1, 0), ok_, "with its send right");
    same(type(g), invalid_name, "it is gone");
}

void spaces() {
    Buffer b;
    const u32 p = allocate(right_receive), watch = allocate(right_receive);
    insert_right(p, p, make_send);
    same(routine(b, 3235), ok_, "mach_port_space_basic_info");
    const u32 size = b.word(40), used = b.word(48);
    check(b.word(36) == 0xff && size > used && used >= 4, "names of eight bits' generations, more places than names");
    same(routine_on(host(), b, 3235), invalid_task, "of a host: INVALID_TASK");
    same(routine(b, 3223), ok_, "mach_port_space_info");
    u64 at;
    u32 count;
    __builtin_memcpy(&at, b.body + 4, 8);
    __builtin_memcpy(&count, b.body + 16, 4);
    check(b.h.bits & complex_bit && count == b.word(68 + 4) * 28 && b.word(68 + 24) == b.word(68 + 4) && b.word(68 + 28) == 0, "a table of names and none of trees");
    bool found = false;
    for (u32 n = 0; n < b.word(68 + 4); n++) {
        const u32* entry = reinterpret_cast<const u32*>(at + n * 28);
        if (entry[0] == p) found = entry[2] == (type_of(right_receive) | type_of(right_send)) && entry[3] == 1;
    }
    check(found, "with the port, its rights and its references");
    if (count) call(bsd + 73, at, (count + 4095) & ~4095u);
    same(routine_on(host(), b, 3223), invalid_task, "of a host: INVALID_TASK");
    same(routine(b, 3224, p), ok_, "mach_port_dnrequest_info");
    check(b.word(36) == 0 && b.word(40) == 0, "nobody wants to hear of it");
    request_notification(p, 72, 0, watch);
    same(routine(b, 3224, p), ok_, "and then");
    check(b.word(36) > b.word(40) && b.word(40) == 1, "one does");
    wants_receive(3224, invalid_name);
    mod_refs(p, right_receive, -1);
    mod_refs(watch, right_receive, -1);
    routine(b, 3205, p);
}

void of_later_releases() {
    Buffer b;
    const u32 p = allocate(right_receive);
    same(routine(b, 3236, p), invalid_value, "a special reply port's link, without one: INVALID_VALUE");
    const u32 special = static_cast<u32>(call(mach + 50)), again = static_cast<u32>(call(mach + 50));
    check(special && again && special != again, "thread_get_special_reply_port: another each time");
    check(type(special) & type_of(right_receive) && type(again) & type_of(right_receive), "and both stay");
    same(routine(b, 3236, again), ok_, "mach_port_special_reply_port_reset_link");
    same(b.word(36), 0, "nothing was lost");
    same(routine(b, 3236, special), invalid_argument, "of the one before: INVALID_ARGUMENT");
    same(routine(b, 3236, 0), invalid_name, "of no name: INVALID_NAME");
    same(routine(b, 3236, gone()), invalid_name, "of a name that is gone: INVALID_NAME");
    same(routine_on(host(), b, 3236, again), invalid_task, "of a host: INVALID_TASK");
    same(routine(b, 3240, p, p), invalid_capability, "mach_port_is_connection_for_service: INVALID_CAPABILITY");
    same(routine(b, 3240, 0, p), invalid_name, "of no name: INVALID_NAME");
    same(routine(b, 3240, p, task_self()), invalid_right, "of a send right: INVALID_RIGHT");
    same(routine_on(host(), b, 3240, p, p), invalid_task, "of a host: INVALID_TASK");
    same(routine(b, 3241, p), invalid_capability, "mach_port_get_service_port_info: INVALID_CAPABILITY");
    wants_receive(3241, invalid_right);
    mod_refs(p, right_receive, -1);
    mod_refs(special, right_receive, -1);
    mod_refs(again, right_receive, -1);

    // Sets, a second time.
    const u32 member = allocate(right_receive), set = allocate(right_set);
    same(routine(b, 3226, member, set), ok_, "mach_port_insert_member");
    same(routine(b, 3227, member, set), ok_, "mach_port_extract_member");
    same(routine(b, 3227, member, set), not_in_set, "again: NOT_IN_SET");
    constexpr i32 two[] = {3226, 3227};
    for (const i32 id : two) {
        same(routine(b, id, 0, set), invalid_right, "of no name: INVALID_RIGHT");
        same(routine(b, id, member, 0), invalid_right, "into no set: INVALID_RIGHT");
        same(routine(b, id, gone(), set), invalid_name, "of a name that is gone: INVALID_NAME");
        same(routine(b, id, member, member), invalid_right, "into what is no set: INVALID_RIGHT");
        same(routine_on(host(), b, id, member, set), invalid_task, "of a host: INVALID_TASK");
    }
    same(routine(b, 3212, member, set), ok_, "mach_port_move_member");
    same(routine(b, 3212, member, 0), ok_, "out of it");
    same(routine(b, 3212, 0, set), invalid_right, "no name: INVALID_RIGHT");
    same(routine(b, 3212, member, dead), invalid_right, "into the dead name: INVALID_RIGHT");
    same(routine(b, 3212, gone(), set), invalid_name, "a name that is gone: INVALID_NAME");
    same(routine(b, 3212, member, gone()), invalid_name, "into one that is gone: INVALID_NAME");
    same(routine(b, 3212, task_self(), set), invalid_right, "a send right: INVALID_RIGHT");
    same(routine(b, 3212, member, member), invalid_right, "into what is no set: INVALID_RIGHT");
    same(routine(b, 3218, member, 3, 1, 4), ok_, "room for requests");
    same(routine(b, 3218, member, 3, 0), failure, "no word of it: FAILURE");
    same(routine(b, 3218, member, 4, 0), ok_, "MACH_PORT_TEMPOWNER");
    const u32 timer = static_cast<u32>(call(mach + 91));
    same(routine(b, 3218, timer, 5, 0), invalid_argument, "importance of a timer's port: INVALID_ARGUMENT");
    same(routine(b, 3218, member, 77, 0), invalid_argument, "attributes that are none: INVALID_ARGUMENT");
    same(routine(b, 3218, member, 1, 1, 1025), invalid_value, "a queue without end: INVALID_VALUE");
    same(static_cast<i32>(call(mach + 92, timer)), ok_, "the timer goes");

    // A reply right of a port that dies by the request itself: nobody hears of it.
    const u32 reply = allocate(right_receive);
    b.h = {0x1513, 24 + 8 + 4, task_self(), reply, 0, 3205};
    const u32 words[3] = {0, 1, reply};
    b.set(24, words, sizeof words);
    same(message_trap(&b, send_bit | receive_bit, 36, sizeof b, reply), receive_invalid_name, "the reply port is destroyed: RCV_INVALID_NAME");
    same(type(reply), invalid_name, "it is gone");
    b.h = {0x1513, 36, task_self(), gone(), 0, 3205};
    same(message_trap(&b, send_bit, 36, 0, 0), send_invalid_reply, "a reply port that is gone: SEND_INVALID_REPLY");
    mod_refs(member, right_receive, -1);
    mod_refs(set, right_set, -1);
}

}  // namespace

int raw_main(int, char**) {
    say("TAP version 13\n");
    const u32 before = names();
    (void)reply_port();
    (void)host();
    looks();
    made();
    spaces();
    of_later_releases();
    same(names(), before + 2, "as many names are left as there were, a reply port and the host's");
    return done();
}
