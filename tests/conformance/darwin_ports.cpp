// SPDX-License-Identifier: BSD-3-Clause
// Names, rights and their counts, messages and what they carry, notifications, limits: XNU's results for right and wrong uses
// (xnu-3248 osfmk/ipc/ipc_right.c, ipc_kmsg.c, ipc_mqueue.c, mach_port.c).
#include "tests/conformance/darwin_mach.h"

void raw_handler(u64, i32, i32, u8*, u8*, u64) {}

alignas(16) static u8 stack[16384];
static Regs start;
static u32 thread_port, thread_wanted;
static i64 thread_result;
static u32 thread_done;
static Buffer thread_buffer;

void raw_thread(Regs* r) {
    if (thread_wanted == 1) thread_result = receive(thread_port, thread_buffer);
    else if (thread_wanted == 2) thread_result = send(thread_port, copy_send, 77);
    call(bsd + 361, 0, 0, r->rsi, thread_done);  // its stack is the next one's
    for (;;) {}
}
static void in_thread(u32 what, u32 port) {  // and most likely let it get to its sleep
    thread_wanted = what;
    thread_port = port;
    thread_result = -1;
    Trap(bsd + 360, 0, &start, stack + sizeof stack, 0, 0x01000000).go();
    for (i32 n = 0; n < 10; n++) call(mach + 61, 0, 2, 1);  // thread_switch: wait a millisecond
}

// A thread that sleeps in a receive from (or a send to) a new port or set when its right goes: what the thread gets. One that
// came too late finds no right: then again.
static i64 dies_under(u32 what, u32 right, i64 too_late) {
    i64 result = too_late;
    for (i32 n = 0; n < 100 && result == too_late; n++) {
        const u32 name = allocate(right);
        if (what == 2) {
            insert_right(name, name, make_send);
            queue_limit(name, 1);
            send(name, copy_send, 1);
        }
        in_thread(what, name);
        mod_refs(name, right, -1);
        semaphore_wait(thread_done);
        result = thread_result;
        if (what == 2) deallocate(name);
    }
    return result;
}

static void rights() {
    const u32 p = allocate(right_receive);
    check(p >> 8 && (p & 3) == 3, "mach_port_allocate: a name");
    same(type(p), type_of(right_receive), "mach_port_type: a receive right");
    same(refs(p, right_receive), 1, "get_refs of it");
    same(refs(p, right_send), 0, "and of what is not there: 0");
    same(insert_right(p, p, make_send), ok_, "insert_right MAKE_SEND under the same name");
    same(insert_right(p, p, make_send), ok_, "and once more");
    same(refs(p, right_send), 2, "two send references");
    same(status(p, 2), 2, "make-send count 2");
    same(type(p), type_of(right_receive) | type_of(right_send), "both rights");
    same(insert_right(0x12303, p, make_send), right_exists, "under another name: RIGHT_EXISTS");
    same(status(p, 2), 3, "yet it was made");
    same(insert_right(0, p, make_send), invalid_value, "under null: INVALID_VALUE");
    same(insert_right(p, 0, move_send), invalid_capability, "the null right: INVALID_CAPABILITY");
    same(insert_right(0x12303, p, make_send_once), ok_, "a send-once right under a chosen name");
    same(type(0x12303), type_of(right_send_once), "there it is");
    same(status(p, 5), 1, "counted");
    same(insert_right(0x12303, p, make_send_once), name_exists, "the name is taken: NAME_EXISTS");
    Buffer b;
    same(poll(p, b), ok_, "which uses the right up");
    same(b.h.id, 71, "as a send-once notification");
    same(b.h.bits, 0x1200, "its bits");
    same(b.h.local, p, "its port");
    same(mod_refs(p, right_send, 65533 - 2), ok_, "mod_refs to the most that there may be");
    same(mod_refs(p, right_send, 1), urefs_overflow, "one more: UREFS_OVERFLOW");
    same(mod_refs(p, right_send, -70000), invalid_value, "too many less: INVALID_VALUE");
    same(mod_refs(p, right_send, 2 - 65533), ok_, "back to two");
    same(mod_refs(p, right_dead, 1), invalid_right, "no dead name: INVALID_RIGHT");
    same(mod_refs(p, 6, 1), invalid_value, "no such right: INVALID_VALUE");
    same(mod_refs(p, right_receive, 1), invalid_value, "a second receive right: INVALID_VALUE");
    same(mod_refs(p + 0x100000, right_send, 1), invalid_name, "no such name: INVALID_NAME");
    same(mod_refs(0, right_send, 1), ok_, "null send rights: SUCCESS");
    same(mod_refs(0, right_receive, 1), invalid_name, "null receive right: INVALID_NAME");
    same(deallocate(p), ok_, "deallocate");
    same(deallocate(p), ok_, "and again");
    same(deallocate(p), invalid_right, "no send right left: INVALID_RIGHT");
    same(routine(b, 3202, p, 0x5503), not_supported, "rename: NOT_SUPPORTED");
    same(routine(b, 3203, right_receive, 0x99907), ok_, "allocate_name");
    same(routine(b, 3203, right_receive, 0x99907), name_exists, "and again: NAME_EXISTS");
    same(routine(b, 3203, right_receive, 0), invalid_value, "null: INVALID_VALUE");
    same(routine(b, 3204, right_send), invalid_value, "allocate a send right: INVALID_VALUE");
    same(routine(b, 3205, 0x99907), ok_, "destroy");
    same(type(0x99907), invalid_name, "it is gone");
    same(routine_on(thread_done, b, 3204, right_receive), invalid_task, "of a semaphore: INVALID_TASK");
    same(routine(b, 3204), -304, "a request too short: MIG_BAD_ARGUMENTS");
    same(routine(b, 99999, 1), -303, "an id that nobody serves: MIG_BAD_ID");

    insert_right(p, p, make_send);
    same(mod_refs(p, right_receive, -1), ok_, "the receive right goes");
    same(type(p), type_of(right_dead), "the send right is a dead name");
    same(refs(p, right_dead), 1, "with its references");
    same(send(p, copy_send, 1), send_invalid_dest, "send to it: INVALID_DEST");
    same(mod_refs(p, right_dead, 65533), ok_, "dead names count to 65534");
    same(mod_refs(p, right_dead, 1), urefs_overflow, "no further");
    same(mod_refs(p, right_dead, -65534), ok_, "all gone");
    same(type(p), invalid_name, "and the name with them");
    const u32 again = allocate(right_receive);
    check(again >> 8 == p >> 8 && again != p, "its index is used again with another generation");
    mod_refs(again, right_receive, -1);
    same(type(0x12303), type_of(right_dead), "the send-once right is a dead name too");
    same(deallocate(0x12303), ok_, "and given back");
}

static void headers() {
    const u32 p = allocate(right_receive);
    Buffer b;
    same(send(p, make_send, 5), ok_, "a message by MAKE_SEND");
    same(poll(p, b), ok_, "arrives");
    check(b.h.id == 5 && b.h.bits == 0x1100 && b.h.size == 24 && b.h.local == p && b.h.remote == 0, "with its header");
    check(b.word(24) == 0 && b.word(28) == 8, "and the minimal trailer");
    same(poll(p, b), receive_timed_out, "no more: RCV_TIMED_OUT");
    same(send(p, copy_send, 1), send_invalid_dest, "COPY_SEND of no send right: INVALID_DEST");
    same(send(0, copy_send, 1), send_invalid_dest, "to null");
    same(send(0xffffffff, copy_send, 1), send_invalid_dest, "to the dead name");
    same(send(p, move_receive, 1), send_invalid_header, "a disposition that is none: INVALID_HEADER");
    same(send(p, make_send, 1, 0, 0, p, 0), send_invalid_header, "a reply port without one");
    same(send(p, make_send, 1, 0, 0, p + 0x100000, copy_send), send_invalid_reply, "no such reply port: INVALID_REPLY");
    same(send(p, make_send, 1, 0, 0, p, copy_send), send_invalid_reply, "no such right to it");
    same(status(p, 2), 1, "nothing was made by those that failed");
    same(message_trap(&b, send_bit, 20, 0, 0), send_too_small, "20 bytes: SEND_MSG_TOO_SMALL");
    same(message_trap(&b, send_bit, 26, 0, 0), send_too_small, "26 bytes too");
    same(message_trap(&b, send_bit, 0x10000000, 0, 0), send_too_large, "256 MiB: SEND_TOO_LARGE");
    same(message_trap(reinterpret_cast<void*>(16), send_bit, 24, 0, 0), send_invalid_data, "a bad pointer: INVALID_DATA");
    same(message_trap(&b, receive_bit, 0, sizeof b, p + 0x100000), receive_invalid_name, "receive from no name: INVALID_NAME");
    same(send(p, make_send_once, 6, 0, 0, p, make_send), ok_, "send-once, and a reply right to the same port");
    same(poll(p, b), ok_, "arrives");
    check(b.h.bits == 0x1211 && b.h.remote == p && b.h.local == p, "remote and local changed places");
    same(refs(p, right_send), 1, "with a send right");
    same(send(p, move_send, 7, 0, 0, p, move_send), send_invalid_dest, "one right moved twice: INVALID_DEST");
    mod_refs(p, right_send, 1);
    same(send(p, move_send, 7, 0, 0, p, move_send), ok_, "two rights moved");
    same(refs(p, right_send), 0, "are gone");
    same(status(p, 6), 1, "though they exist");
    same(poll(p, b), ok_, "until it is received");
    same(refs(p, right_send), 1, "one is back");

    send(p, copy_send, 8);
    same(receive(p, b, large, 0, 28), receive_too_large, "RCV_LARGE and no room for the trailer: TOO_LARGE");
    same(b.h.size, 24, "with the size");
    same(receive(p, b, large, 0, 32), ok_, "the message waited");
    send(p, copy_send, 8, 0, 0, p, make_send_once);
    same(receive(p, b, 0, 0, 20), receive_too_large, "without it");
    same(poll(p, b), ok_, "the message is lost, its reply right used up");
    same(b.h.id, 71, "by a notification");
    const u32 options[][2] = {{0x01000000, 12}, {0x02000000, 20}, {0x03000000, 52}};
    for (const auto& o : options) {
        send(p, copy_send, 9);
        check(receive(p, b, o[0]) == ok_ && b.word(28) == o[1], "a trailer as asked for");
    }
    const u32 sequence = b.word(32);
    send(p, copy_send, 9);
    check(receive(p, b, 0x01000000) == ok_ && b.word(32) == sequence + 1, "sequence numbers count up");
    send(p, copy_send, 9);
    same(message_trap(reinterpret_cast<void*>(16), receive_bit, 0, 100, p), receive_invalid_data, "into nowhere: RCV_INVALID_DATA");
    deallocate(p);
    mod_refs(p, right_receive, -1);
}

static void queues() {
    const u32 p = allocate(right_receive);
    insert_right(p, p, make_send);
    Buffer b;
    same(status(p, 3), 5, "the queue limit is 5");
    for (i32 n = 0; n < 5; n++) send(p, copy_send, n, send_timeout, 0);
    same(status(p, 4), 5, "five messages lie there");
    same(send(p, copy_send, 5, send_timeout, 0), send_timed_out, "no room, no time: SEND_TIMED_OUT");
    same(send(p, copy_send, 5, send_timeout, 20), send_timed_out, "nor in 20 ms");
    same(refs(p, right_send), 3, "the copied rights came back with the messages: ipc_kmsg_copyout_pseudo");
    same(send(p, make_send_once, 5), ok_, "send-once has always room");
    in_thread(2, p);
    same(thread_result, -1, "a sender waits");
    same(poll(p, b), ok_, "until there is room");
    same(status(p, 4), 5, "one more was above the limit");
    same(poll(p, b), ok_, "now there is");
    semaphore_wait(thread_done);
    same(thread_result, ok_, "it went on");
    check(b.h.id == 1, "first come, first received");
    same(queue_limit(p, 1025), invalid_value, "a limit above 1024: INVALID_VALUE");
    same(queue_limit(p, 1024), ok_, "1024");
    for (i32 n = 0; n < 1019; n++) send(p, copy_send, n, send_timeout, 0);
    same(send(p, copy_send, 5, send_timeout, 0), send_timed_out, "and not one more");
    mod_refs(p, right_receive, -1);
    same(mod_refs(p, right_dead, -4), ok_, "four references to a dead name");
    same(dies_under(2, right_receive, send_invalid_dest), ok_, "the port dies under a sender: as if it was sent");

    const u32 q = allocate(right_receive);
    in_thread(1, q);
    same(send(q, make_send, 42), ok_, "a receiver waits");
    semaphore_wait(thread_done);
    check(thread_result == ok_ && thread_buffer.h.id == 42, "and gets the message");
    mod_refs(q, right_receive, -1);
    same(dies_under(1, right_receive, receive_invalid_name), receive_port_changed, "the port dies under a receiver: RCV_PORT_CHANGED");
    const u32 s = allocate(right_set);
    in_thread(1, s);
    const u32 r = allocate(right_receive);
    send(r, make_send, 43);
    same(routine(b, 3226, r, s), ok_, "a port with a message comes into a set that is received from");
    semaphore_wait(thread_done);
    check(thread_result == ok_ && thread_buffer.h.id == 43 && thread_buffer.h.local == r, "the receiver has it");
    mod_refs(s, right_set, -1);
    same(dies_under(1, right_set, receive_invalid_name), receive_port_changed, "the set dies under a receiver: RCV_PORT_CHANGED");
    mod_refs(r, right_receive, -1);
}

static void sets() {
    const u32 s = allocate(right_set), s2 = allocate(right_set), p = allocate(right_receive), q = allocate(right_receive);
    Buffer b;
    same(routine(b, 3226, p, s), ok_, "insert_member");
    same(routine(b, 3226, p, s), already_in_set, "twice: ALREADY_IN_SET");
    same(routine(b, 3226, q, s), ok_, "another");
    same(routine(b, 3226, p, s2), ok_, "a port in two sets");
    same(status(p, 0), 2, "is in two sets");
    same(routine(b, 3226, s, s2), invalid_right, "a set in a set: INVALID_RIGHT");
    same(routine(b, 3227, q, s2), not_in_set, "extract_member of no member: NOT_IN_SET");
    same(routine(b, 3211, s), ok_, "get_set_status");
    same(b.word(24 + 4 + 16 + 8), 2, "two members");
    same(routine(b, 3211, p), invalid_right, "of a port: INVALID_RIGHT");
    for (i32 n = 0; n < 2; n++) send(p, make_send, 10 + n), send(q, make_send, 20 + n);
    u32 from[4];
    for (u32& f : from) f = poll(s, b) ? 0 : b.h.local;
    check(from[0] != from[1] && from[1] != from[2] && from[2] != from[3], "members take turns");
    same(routine(b, 3212, p, 0), ok_, "move_member to no set");
    same(status(p, 0), 0, "is in none");
    same(routine(b, 3212, p, s2), ok_, "to another");
    send(p, make_send, 30);
    same(poll(s, b), receive_timed_out, "nothing in the first");
    same(poll(s2, b), ok_, "a message in the second");
    same(insert_right(s, s, make_send), send_invalid_right, "a right to a set cannot be sent");
    same(routine(b, 3205, s), ok_, "destroy a set");
    same(mod_refs(s2, right_set, -1), ok_, "the other by mod_refs");
    same(status(p, 0), 0, "its member is in no set");
    mod_refs(p, right_receive, -1);
    mod_refs(q, right_receive, -1);
}

static void notifications() {
    const u32 n = allocate(right_receive), p = allocate(right_receive);
    Buffer b;
    insert_right(p, p, make_send);
    same(request_notification(p, 70, 0, n), ok_, "ask for no-senders");
    same(poll(n, b), receive_timed_out, "there is a sender");
    send(p, copy_send, 1);
    deallocate(p);
    same(poll(n, b), receive_timed_out, "and one in a message");
    poll(p, b);
    same(poll(n, b), ok_, "and none any more");
    check(b.h.id == 70 && b.word(32) == 1 && b.h.size == 36, "no-senders with the make-send count");
    same(request_notification(p, 70, 0, n), ok_, "asked for when there is none already");
    same(poll(n, b), ok_, "it comes at once");
    same(request_notification(p, 70, 2, n), ok_, "but not before the make-send count is reached");
    same(poll(n, b), receive_timed_out, "it waits");
    same(request_notification(p, 70, 0, 0, move_send_once), ok_, "cancelled");
    same(type(previous), type_of(right_send_once), "the right that it was asked with is given back");
    deallocate(previous);
    same(poll(n, b), ok_, "and given up");
    insert_right(p, p, make_send);
    same(request_notification(p, 72, 0, n), ok_, "ask for dead-name");
    check(type(p) & 0x80000000, "the type tells");
    mod_refs(p, right_receive, -1);
    same(poll(n, b), ok_, "the port dies");
    check(b.h.id == 72 && b.word(32) == p, "dead-name with the name");
    same(refs(p, right_dead), 2, "which has a reference for the message");
    same(request_notification(p, 72, 1, n), ok_, "of a name that is dead");
    same(poll(n, b), ok_, "at once");
    same(request_notification(p, 72, 0, n), invalid_argument, "unless it must not be: INVALID_ARGUMENT");
    check(poll(n, b) == ok_ && b.h.id == 71, "the refused request's right ends in a notification");
    same(mod_refs(p, right_dead, -3), ok_, "three references by now");
    const u32 q = allocate(right_receive);
    insert_right(q, q, make_send);
    insert_right(0x77703, q, make_send_once);
    same(request_notification(0x77703, 72, 0, n), ok_, "dead-name for a send-once right");
    same(deallocate(0x77703), ok_, "which is given up");
    same(poll(n, b), ok_, "port-deleted");
    check(b.h.id == 65 && b.word(32) == 0x77703, "with the name");
    poll(q, b);
    same(request_notification(q, 69, 0, n), ok_, "ask for port-destroyed");
    same(mod_refs(q, right_receive, -1), ok_, "destroy it");
    same(type(q), type_of(right_send), "the port lives on");
    same(poll(n, b), ok_, "with who asked");
    check(b.h.id == 69 && b.h.bits == (0x1200 | complex_bit) && b.word(28) == q && b.word(36) >> 16 == move_receive, "and got its right");
    same(type(q), type_of(right_send) | type_of(right_receive), "both again");
    same(request_notification(q, 66, 1, n), ok_, "send-possible, when there is room");
    same(poll(n, b), ok_, "at once");
    same(b.h.id, 66, "send-possible");
    same(request_notification(q, 64, 0, n), invalid_value, "no such notification: INVALID_VALUE");
    poll(n, b);
    deallocate(q);
    mod_refs(q, right_receive, -1);
    mod_refs(n, right_receive, -1);
}

struct [[gnu::packed]] OnePort {
    Header h;
    u32 count;
    PortDescriptor d;
};
struct [[gnu::packed]] OneOol {
    Header h;
    u32 count;
    OolDescriptor d;
};

static void bodies() {
    const u32 p = allocate(right_receive), q = allocate(right_receive);
    insert_right(p, p, make_send);
    Buffer b;
    OnePort m{{copy_send | complex_bit, sizeof m, p, 0, 0, 1}, 1, {q, 0, 0, make_send, 0}};
    same(message_trap(&m, send_bit, sizeof m, 0, 0), ok_, "a port in a message");
    same(poll(p, b), ok_, "arrives");
    check(b.h.bits == (0x1100 | complex_bit) && b.word(24) == 1 && b.word(28) == q && b.word(36) == (move_send << 16), "as a send right");
    same(refs(q, right_send), 1, "counted");
    m.d.disposition = move_receive;
    same(message_trap(&m, send_bit, sizeof m, 0, 0), ok_, "the receive right moves");
    same(type(q), type_of(right_send), "a send right stays");
    same(send(q, copy_send, 5), ok_, "messages find it on its way");
    same(poll(p, b), ok_, "it arrives");
    same(type(q), type_of(right_send) | type_of(right_receive), "under the same name");
    check(poll(q, b) == ok_ && b.h.id == 5, "with its messages");
    m.d.disposition = move_send_once;
    same(message_trap(&m, send_bit, sizeof m, 0, 0), send_invalid_right, "a right that is not there: INVALID_RIGHT");
    m.d.disposition = 9;
    same(message_trap(&m, send_bit, sizeof m, 0, 0), send_invalid_right, "no disposition at all: INVALID_RIGHT");
    m.d.type = 7;
    same(message_trap(&m, send_bit, sizeof m, 0, 0), send_invalid_type, "no such descriptor: INVALID_TYPE");
    m.d.type = 0, m.count = 2;
    same(message_trap(&m, send_bit, sizeof m, 0, 0), send_too_small, "more descriptors than bytes: TOO_SMALL");
    m.count = 1, m.d.name = 0xffffffff, m.d.disposition = copy_send;
    same(message_trap(&m, send_bit, sizeof m, 0, 0), ok_, "the dead name may be sent");
    check(poll(p, b) == ok_ && b.word(28) == 0xffffffff, "and comes as such");
    m.d.name = p, m.d.disposition = move_receive;
    same(message_trap(&m, send_bit, sizeof m, 0, 0), ok_, "a receive right sent to itself");
    same(type(p), type_of(right_dead), "is destroyed");
    deallocate(p);

    static u8 data[10000];
    for (u32 i = 0; i < sizeof data; i++) data[i] = static_cast<u8>(i * 7);
    OneOol o{{copy_send | complex_bit, sizeof o, q, 0, 0, 2}, 1, {data, 0, 1, 0, 1, sizeof data}};
    same(message_trap(&o, send_bit, sizeof o, 0, 0), ok_, "memory in a message");
    same(poll(q, b), ok_, "arrives");
    u64 at;
    __builtin_memcpy(&at, b.body + 4, 8);
    const u8* copy = reinterpret_cast<const u8*>(at);
    bool equal = b.word(40) == sizeof data;
    for (u32 i = 0; equal && i < sizeof data; i++) equal = copy[i] == data[i];
    check(equal && copy != data, "copied");
    check((b.word(36) & 0xff) == 1, "and the receiver's to give back");
    o.d.address = copy, o.d.deallocate = 1, o.d.copy = 0;
    same(message_trap(&o, send_bit, sizeof o, 0, 0), ok_, "sent on with deallocate");
    check(Trap(bsd + 4, 1, at, 1).go().failed(), "it is gone here");
    same(poll(q, b), ok_, "and there");
    o.d.deallocate = 0;
    o.d.address = reinterpret_cast<void*>(16);
    same(message_trap(&o, send_bit, sizeof o, 0, 0), send_invalid_memory, "no memory there: INVALID_MEMORY");
    o.d.copy = 2;
    same(message_trap(&o, send_bit, sizeof o, 0, 0), send_invalid_type, "no such way to copy: INVALID_TYPE");
    o.d.copy = 1, o.d.size = 0;
    same(message_trap(&o, send_bit, sizeof o, 0, 0), ok_, "nothing of it is fine");
    same(poll(q, b), ok_, "and arrives");

    const u32 list[3] = {q, 0, 0xffffffff};
    OneOol a{{copy_send | complex_bit, sizeof a, q, 0, 0, 3}, 1, {list, 0, 1, copy_send, 2, 3}};
    same(message_trap(&a, send_bit, sizeof a, 0, 0), ok_, "an array of ports");
    same(refs(q, right_send), 1, "copied");
    same(poll(q, b), ok_, "arrives");
    __builtin_memcpy(&at, b.body + 4, 8);
    const u32* got = reinterpret_cast<const u32*>(at);
    check(b.word(40) == 3 && got[0] == q && got[1] == 0 && got[2] == 0xffffffff, "whole");
    same(refs(q, right_send), 2, "a reference more");
    const u32 wrong[2] = {q, q + 0x100000};
    a.d.address = wrong, a.d.size = 2;
    same(message_trap(&a, send_bit, sizeof a, 0, 0), send_invalid_right, "one wrong name in it: INVALID_RIGHT");
    a.d.address = reinterpret_cast<void*>(16);
    same(message_trap(&a, send_bit, sizeof a, 0, 0), send_invalid_memory, "a bad address: INVALID_MEMORY");
    a.d.size = 0x7fffffff;
    same(message_trap(&a, send_bit, sizeof a, 0, 0), send_too_large, "too many: TOO_LARGE");

    // A chain of ports, each receive right in the queue of the next: it goes without a trace, however long.
    u32 last = allocate(right_receive);
    for (i32 i = 0; i < 2000; i++) {
        const u32 next = allocate(right_receive);
        OnePort chain{{make_send | complex_bit, sizeof chain, next, 0, 0, 1}, 1, {last, 0, 0, move_receive, 0}};
        message_trap(&chain, send_bit, sizeof chain, 0, 0);
        last = next;
    }
    same(mod_refs(last, right_receive, -1), ok_, "2,000 ports in each other's queues are destroyed at once");
    mod_refs(q, right_send, -2);
    mod_refs(q, right_receive, -1);
}

static void traps() {
    u32 name = 0;
    same(static_cast<i32>(call(mach + 16, task_self(), 1, &name)), ok_, "trap 16 allocates");
    same(type(name), type_of(right_receive), "a receive right");
    same(static_cast<i32>(call(mach + 16, thread_done, 1, &name)), send_invalid_dest, "of no task: MACH_SEND_INVALID_DEST");
    same(static_cast<i32>(call(mach + 16, task_self(), 1, 16)), 14, "a bad pointer: EFAULT, which stays made");
    same(static_cast<i32>(call(mach + 21, task_self(), name, name, make_send)), ok_, "trap 21 inserts a right");
    same(static_cast<i32>(call(mach + 19, task_self(), name, right_send, 3)), ok_, "trap 19");
    same(refs(name, right_send), 4, "counts");
    same(static_cast<i32>(call(mach + 25, task_self(), name, -4, 0)), ok_, "trap 25 destructs");
    same(type(name), invalid_name, "all of it");
    struct {
        u32 flags, limit;
        u64 reserved[2];
    } options{0x1 | 0x2 | 0x10, 9, {}};
    same(static_cast<i32>(call(mach + 24, task_self(), &options, 0x1234, &name)), ok_, "trap 24 constructs");
    check(status(name, 3) == 9 && refs(name, right_send) == 1 && (status(name, 9) & 2), "limit, send right and guard");
    same(mod_refs(name, right_receive, -1), invalid_right, "a guarded port's right does not go: INVALID_RIGHT");
    same(static_cast<i32>(call(mach + 25, task_self(), name, -1, 0x9999)), invalid_argument, "nor with a wrong guard");
    same(static_cast<i32>(call(mach + 42, task_self(), name, 0x1234)), ok_, "trap 42 unguards");
    same(static_cast<i32>(call(mach + 41, task_self(), name, 0x77, 1)), ok_, "trap 41 guards");
    same(static_cast<i32>(call(mach + 25, task_self(), name, -1, 0x77)), ok_, "and goes");
    u64 at = 0;
    same(static_cast<i32>(call(mach + 10, task_self(), &at, 10000, 1)), ok_, "trap 10 allocates memory");
    check(at && at % 4096 == 0 && !*reinterpret_cast<u8*>(at + 9999), "zeroed");
    u64 same_place = at;
    same(static_cast<i32>(call(mach + 10, task_self(), &same_place, 4096, 0)), no_space, "there again: NO_SPACE");
    same(static_cast<i32>(call(mach + 14, task_self(), at, 4096, 0, 1)), ok_, "trap 14 protects");
    same(static_cast<i32>(call(mach + 12, task_self(), at, 10000)), ok_, "trap 12 deallocates");
    same(static_cast<i32>(call(mach + 14, task_self(), at, 4096, 0, 1)), 1, "then there is nothing: INVALID_ADDRESS");
    i32 pid = 0;
    same(static_cast<i32>(call(mach + 46, task_self(), &pid)), ok_, "pid_for_task");
    same(pid, static_cast<i64>(call(bsd + 20)), "is getpid");
    same(static_cast<i32>(call(mach + 45, task_self(), 1, &name)), 5, "task_for_pid of init: FAILURE");
    const u32 timer = static_cast<u32>(call(mach + 91));
    u32 timebase[2];
    call(mach + 89, timebase);
    Buffer b;
    check(timer && type(timer) == type_of(right_receive), "mk_timer_create");
    same(static_cast<i32>(call(mach + 93, timer, 1)), ok_, "armed for long ago");
    same(receive(timer, b, receive_timeout, 5000), ok_, "it goes off");
    check(b.h.size == 48 && b.h.bits == 0x1100 && b.h.id == 0, "with an empty message");
    same(static_cast<i32>(call(mach + 93, timer, 1ull << 62)), ok_, "armed for the far future");
    u64 when = 0;
    check(call(mach + 94, timer, &when) == 0 && when == 1ull << 62, "mk_timer_cancel tells when");
    same(static_cast<i32>(call(mach + 93, reply_port(), 1)), invalid_argument, "what is no timer: INVALID_ARGUMENT");
    same(static_cast<i32>(call(mach + 92, timer)), ok_, "mk_timer_destroy");
    u32 word = 7;
    Trap w(bsd + 515, 1, &word, 8, 0);
    check(!w.go().failed() && w.r.rax == 0, "ulock_wait on another value returns at once");
    Trap t(bsd + 515, 1 | 0x1000000, &word, 7, 1000);
    check(!t.go().failed() && static_cast<i32>(t.r.rax) == -60, "ulock_wait's time passes: -ETIMEDOUT with ULF_NO_ERRNO");
    Trap n(bsd + 516, 1, &word, 0);
    check(n.go().failed() && n.r.rax == 2, "ulock_wake without a waiter: ENOENT");
    Trap e(bsd + 515, 1, 0, 0, 0);
    check(e.go().failed() && e.r.rax == 22, "ulock_wait at null: EINVAL");
    Trap f(bsd + 515, 1, 16, 0, 0);
    check(f.go().failed() && f.r.rax == 14, "ulock_wait at a bad address: EFAULT");
}

int raw_main(int, char**) {
    say("TAP version 13\n");
    same(semaphore_create(0, thread_done), 0, "semaphore_create");
    Trap(bsd + 366, raw_thread_entry, 0, 0, 0, 0, 0, 0).go();
    (void)reply_port();
    const u32 before = names();
    rights();
    headers();
    queues();
    sets();
    notifications();
    bodies();
    for (i32 n = 0; n < 500 && names() != before; n++) call(mach + 61, 0, 2, 10);  // threads end
    same(names(), before, "no name is left");
    traps();
    return done();
}
