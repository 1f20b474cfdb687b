// SPDX-License-Identifier: BSD-3-Clause
// Messages: headers, what bodies carry, queues and who waits at them: XNU's results for right and wrong uses
// (xnu-3248 osfmk/ipc/ipc_kmsg.c, ipc_mqueue.c).
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

int raw_main(int, char**) {
    say("TAP version 13\n");
    same(semaphore_create(0, thread_done), 0, "semaphore_create");
    Trap(bsd + 366, raw_thread_entry, 0, 0, 0, 0, 0, 0).go();
    (void)reply_port();
    const u32 before = names();
    headers();
    queues();
    bodies();
    for (i32 n = 0; n < 500 && names() != before; n++) call(mach + 61, 0, 2, 10);  // threads end
    same(names(), before, "no name is left");
    return done();
}
