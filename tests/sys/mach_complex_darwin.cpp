// SPDX-License-Identifier: BSD-3-Clause
// What messages carry beside bytes: rights, memory, arrays of rights; and that what nobody wants is given back
// (osfmk/ipc/ipc_kmsg.c ipc_kmsg_copyin_body, ipc_kmsg_copyout_body).
#include "tests/sys/mach_tap.h"

#include "sys/calls.h"
#include "sys/darwin/parts.h"
#include "sys/darwin/vm.h"
#include "sys/mem.h"
#include "sys/os.h"

using namespace trapeze;
using namespace trapeze::xnu;

namespace {

const mach_port_t task = mach_task_self();

struct Buffer {
    alignas(8) u8 bytes[512];
    mach_msg_header_t* header() { return reinterpret_cast<mach_msg_header_t*>(bytes); }
};

kern_return_t send(mach_msg_header_t* m) { return mach_msg(m, MACH_SEND_MSG | MACH_SEND_TIMEOUT, m->size, 0, 0, 0); }
kern_return_t receive(mach_port_t on, Buffer* b) {
    *b = {};
    return mach_msg(b->header(), MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof b->bytes, on, 0);
}

void rights(mach_port_t service) {
    Buffer b;
    MachPart p{};
    const mach_port_t gift = new_port(false);
    MachWriter w(b.bytes, sizeof b.bytes);
    w.to(service, MACH_MSG_TYPE_COPY_SEND);
    w.port(gift, MACH_MSG_TYPE_MAKE_SEND);
    w.port(gift, MACH_MSG_TYPE_MAKE_SEND_ONCE);
    w.port(0, MACH_MSG_TYPE_COPY_SEND);
    w.data("four", 4);
    ok(w.done(77) && b.header()->size == 24 + 4 + 3 * 12 + 4, "three port descriptors: 12 bytes each");
    succeeds(send(w.done(77)), "are sent");
    succeeds(receive(service, &b), "and received");
    MachReader r(b.header(), sizeof b.bytes);
    ok(r.next(&p) && p.type == MACH_MSG_PORT_DESCRIPTOR && p.name == gift && p.disposition == MACH_MSG_TYPE_MOVE_SEND,
       "MAKE_SEND arrives as a send right, under the port's own name");
    ok(references(gift, MACH_PORT_RIGHT_SEND) == 1, "which is ours now");
    MachPart once{};
    ok(r.next(&once) && once.disposition == MACH_MSG_TYPE_MOVE_SEND_ONCE && references(once.name, MACH_PORT_RIGHT_SEND_ONCE) == 1,
       "MAKE_SEND_ONCE as a send-once right");
    ok(r.next(&p) && p.name == 0, "the null port as itself");
    ok(!r.next(&p) && !r.malformed() && r.data().size == 4 && memcmp(r.data().data, "four", 4) == 0, "then the data");
    mach_msg_mac_trailer_t t;
    ok(r.trailer(&t) == 8, "and the trailer");
    mach_msg_destroy(b.header(), sizeof b.bytes);
    ok(references(gift, MACH_PORT_RIGHT_SEND) == 0 && references(once.name, MACH_PORT_RIGHT_SEND_ONCE) == ~0u, "destroy gives both back");

    // A receive right that travels is the same port, with what waits in it.
    Buffer inner;
    MachWriter first(inner.bytes, sizeof inner.bytes);
    first.to(gift, MACH_MSG_TYPE_MAKE_SEND);
    (void)send(first.done(1));
    MachWriter move(b.bytes, sizeof b.bytes);
    move.to(service, MACH_MSG_TYPE_COPY_SEND);
    move.port(gift, MACH_MSG_TYPE_MOVE_RECEIVE);
    succeeds(send(move.done(2)), "a receive right");
    ok(references(gift, MACH_PORT_RIGHT_RECEIVE) != 1, "leaves the sender");
    succeeds(receive(service, &b), "and arrives");
    MachReader moved(b.header(), sizeof b.bytes);
    ok(moved.next(&p) && p.disposition == MACH_MSG_TYPE_MOVE_RECEIVE && references(p.name, MACH_PORT_RIGHT_RECEIVE) == 1, "as a receive right");
    succeeds(receive(p.name, &inner), "with the messages in its queue");
    (void)mach_port_destroy(task, p.name);
}

void memory(mach_port_t service) {
    constexpr u32 pages = 3;
    u64 from = 0;
    succeeds(mach_vm_allocate(task, &from, pages * page_size, VM_FLAGS_ANYWHERE), "three pages");
    auto* bytes = reinterpret_cast<u8*>(from);
    for (u32 i = 0; i < pages * page_size; i++) bytes[i] = static_cast<u8>(i * 7);
    constexpr struct {
        u8 copy;
        u32 offset, size;
        const char *sentence, *same;
    } cases[] = {{MACH_MSG_VIRTUAL_COPY, 0, pages * 4096, "out of line, virtually copied", "the bytes are those that were sent"},
                 {MACH_MSG_PHYSICAL_COPY, 0, pages * 4096, "physically copied", "the bytes are the same"},
                 {MACH_MSG_VIRTUAL_COPY, 123, 77, "not a page, not aligned", "the bytes alone"},
                 {MACH_MSG_PHYSICAL_COPY, 5, 4096, "physically, across a boundary", "here too"}};
    Buffer b;
    for (const auto& c : cases) {
        MachWriter w(b.bytes, sizeof b.bytes);
        w.to(service, MACH_MSG_TYPE_COPY_SEND);
        w.memory(bytes + c.offset, c.size, c.copy);
        const kern_return_t r = send(w.done(1));
        bytes[c.offset] ^= 0xff;  // after the call: the copy does not change
        const bool came = r == KERN_SUCCESS && receive(service, &b) == KERN_SUCCESS;
        bytes[c.offset] ^= 0xff;
        MachPart p{};
        MachReader reader(b.header(), sizeof b.bytes);
        ok(came && reader.next(&p) && p.type == MACH_MSG_OOL_DESCRIPTOR && p.size == c.size && p.copy == c.copy &&
               p.deallocate == (c.copy == MACH_MSG_VIRTUAL_COPY),
           c.sentence);
        ok(came && p.address != from + c.offset && memcmp(reinterpret_cast<void*>(p.address), bytes + c.offset, c.size) == 0, c.same);
        if (came) reinterpret_cast<u8*>(p.address)[0] ^= 1;
        ok(bytes[c.offset] == static_cast<u8>(c.offset * 7), "and the receiver's own");
        mach_msg_destroy(b.header(), sizeof b.bytes);
        u64 out = 0;
        u8 byte;
        is(mach_vm_read_overwrite(task, p.address, 1, &byte, &out), KERN_INVALID_ADDRESS, "until they are given back");
    }

    MachWriter give(b.bytes, sizeof b.bytes);
    give.to(service, MACH_MSG_TYPE_COPY_SEND);
    give.memory(bytes, pages * page_size, MACH_MSG_VIRTUAL_COPY, true);
    succeeds(send(give.done(1)), "memory given away");
    u64 out = 0;
    u8 byte;
    is(mach_vm_read_overwrite(task, from, 1, &byte, &out), KERN_INVALID_ADDRESS, "is not the sender's any more");
    succeeds(receive(service, &b), "but the receiver's");
    mach_msg_destroy(b.header(), sizeof b.bytes);

    MachWriter empty(b.bytes, sizeof b.bytes);
    empty.to(service, MACH_MSG_TYPE_COPY_SEND);
    empty.memory(nullptr, 0);
    succeeds(send(empty.done(1)), "no bytes, out of line");
    succeeds(receive(service, &b), "arrive");
    MachPart p{};
    MachReader r(b.header(), sizeof b.bytes);
    ok(r.next(&p) && p.address == 0 && p.size == 0, "as nothing");
}

void arrays(mach_port_t service) {
    Buffer b;
    mach_port_t gifts[3] = {new_port(false), new_port(false), 0};
    MachWriter w(b.bytes, sizeof b.bytes);
    w.to(service, MACH_MSG_TYPE_COPY_SEND);
    w.ports(gifts, 3, MACH_MSG_TYPE_MAKE_SEND);
    ok(w.done(1) && b.header()->size == 24 + 4 + 16, "an array of names: one descriptor of 16 bytes");
    succeeds(send(w.done(1)), "is sent");
    succeeds(receive(service, &b), "and received");
    MachPart p{};
    MachReader r(b.header(), sizeof b.bytes);
    ok(r.next(&p) && p.type == MACH_MSG_OOL_PORTS_DESCRIPTOR && p.size == 3 && p.disposition == MACH_MSG_TYPE_MOVE_SEND && p.deallocate,
       "three send rights in memory of our own");
    const auto* names = reinterpret_cast<const mach_port_t*>(p.address);
    ok(names && names[0] == gifts[0] && names[1] == gifts[1] && names[2] == 0, "by their names");
    ok(references(gifts[0], MACH_PORT_RIGHT_SEND) == 1 && references(gifts[1], MACH_PORT_RIGHT_SEND) == 1, "each ours");
    mach_msg_destroy(b.header(), sizeof b.bytes);
    ok(references(gifts[0], MACH_PORT_RIGHT_SEND) == 0 && references(gifts[1], MACH_PORT_RIGHT_SEND) == 0, "destroy gives all back");

    mach_port_t wrong[2] = {gifts[0], gone_name()};
    MachWriter bad(b.bytes, sizeof b.bytes);
    bad.to(service, MACH_MSG_TYPE_COPY_SEND);
    bad.ports(wrong, 2, MACH_MSG_TYPE_MAKE_SEND);
    is(send(bad.done(1)), MACH_SEND_INVALID_RIGHT, "an array with a name that is gone: SEND_INVALID_RIGHT");
    ok(references(gifts[0], MACH_PORT_RIGHT_SEND) == 0, "the one before it was put back");
    MachWriter nowhere(b.bytes, sizeof b.bytes);
    nowhere.to(service, MACH_MSG_TYPE_COPY_SEND);
    nowhere.ports(reinterpret_cast<mach_port_t*>(16), 2, MACH_MSG_TYPE_MAKE_SEND);
    is(send(nowhere.done(1)), MACH_SEND_INVALID_MEMORY, "an array that cannot be read: SEND_INVALID_MEMORY");
    (void)mach_port_destroy(task, gifts[0]);
    (void)mach_port_destroy(task, gifts[1]);
}

void wrong(mach_port_t service) {
    Buffer b;
    auto start = [&](MachWriter& w) {
        w.to(service, MACH_MSG_TYPE_COPY_SEND);
        return &w;
    };
    {
        MachWriter w(b.bytes, sizeof b.bytes);
        start(w)->port(gone_name(), MACH_MSG_TYPE_COPY_SEND);
        is(send(w.done(1)), MACH_SEND_INVALID_RIGHT, "a right of a name that is gone: SEND_INVALID_RIGHT");
    }
    {
        MachWriter w(b.bytes, sizeof b.bytes);
        start(w)->port(task, MACH_MSG_TYPE_MOVE_RECEIVE);
        is(send(w.done(1)), MACH_SEND_INVALID_RIGHT, "a right that the name has not: SEND_INVALID_RIGHT");
    }
    {
        MachWriter w(b.bytes, sizeof b.bytes);
        start(w)->port(task, 14);
        is_either(send(w.done(1)), MACH_SEND_INVALID_RIGHT, MACH_SEND_INVALID_TYPE, "a disposition that does not exist: SEND_INVALID_RIGHT");
    }
    {
        MachWriter w(b.bytes, sizeof b.bytes);
        start(w)->memory(reinterpret_cast<void*>(16), 100);
        is(send(w.done(1)), MACH_SEND_INVALID_MEMORY, "memory that is not there: SEND_INVALID_MEMORY");
    }
    {
        MachWriter w(b.bytes, sizeof b.bytes);
        start(w)->memory(b.bytes, 100, 9);
        is(send(w.done(1)), MACH_SEND_INVALID_TYPE, "a way to copy that does not exist: SEND_INVALID_TYPE");
    }
    {
        MachWriter w(b.bytes, sizeof b.bytes);
        start(w)->port(task, MACH_MSG_TYPE_COPY_SEND);
        auto* m = w.done(1);
        b.bytes[28 + 11] = 9;
        is(send(m), MACH_SEND_INVALID_TYPE, "a descriptor of no type: SEND_INVALID_TYPE");
        b.bytes[28 + 11] = 0;
        b.bytes[24] = 2;
        is(send(m), MACH_SEND_MSG_TOO_SMALL, "more descriptors than there are: SEND_MSG_TOO_SMALL");
        b.bytes[24] = 1;
        m->size = 24;
        is_either(send(m), MACH_SEND_MSG_TOO_SMALL, KERN_SUCCESS,
                  "complex, and nothing but a header: SEND_MSG_TOO_SMALL, or up to 10.12 a message without descriptors");
        (void)receive(service, &b);
    }
    is(receive(service, &b), MACH_RCV_TIMED_OUT, "none of them arrived");
}

// In the middle of a send right is made, the next descriptor is wrong: what was made is put back.
void undone(mach_port_t service) {
    Buffer b;
    const mach_port_t gift = new_port(false);
    MachWriter w(b.bytes, sizeof b.bytes);
    w.to(service, MACH_MSG_TYPE_COPY_SEND);
    w.port(gift, MACH_MSG_TYPE_MAKE_SEND);
    w.port(gone_name(), MACH_MSG_TYPE_COPY_SEND);
    is(send(w.done(1)), MACH_SEND_INVALID_RIGHT, "the second of two rights is wrong");
    mach_port_status_t s{};
    (void)mach_port_get_status(task, gift, &s);
    ok(!s.mps_srights, "the first was put back");
    (void)mach_port_destroy(task, gift);
}

}  // namespace

int main() {
    print("TAP version 13\n");
    if (!answered("complex_messages")) {
        skip("complex messages between ports of the task are not answered", "complex messages");
        return done();
    }
    const mach_port_t service = new_port();
    rights(service);
    memory(service);
    arrays(service);
    wrong(service);
    undone(service);
    succeeds(mach_port_destroy(task, service), "the service goes");
    return done();
}
