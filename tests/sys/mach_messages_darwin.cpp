// SPDX-License-Identifier: BSD-3-Clause
// Messages from the task to itself: order, queue limits, sizes, trailers, timeouts, ports that die, and the code of each wrong
// message (osfmk/ipc/mach_msg.c, ipc_kmsg.c, ipc_mqueue.c).
#include "tests/sys/mach_tap.h"

#include "sys/calls.h"
#include "sys/darwin/release.h"
#include "sys/mem.h"
#include "sys/os.h"

using namespace trapeze;
using namespace trapeze::xnu;

namespace {

const mach_port_t task = mach_task_self();

struct Numbered {
    mach_msg_header_t header;
    i32 number;
};
struct Received {
    mach_msg_header_t header;
    i32 number;
    mach_msg_mac_trailer_t trailer;
};

kern_return_t send(mach_port_t to, i32 number, u64 options = 0, u32 ms = 0, u8 disposition = MACH_MSG_TYPE_COPY_SEND) {
    Numbered m = {{disposition, sizeof m, to, 0, 0, 1000 + number}, number};
    return mach_msg(&m.header, MACH_SEND_MSG | options, sizeof m, 0, 0, ms);
}
kern_return_t receive(mach_port_t on, Received* m, u64 options = 0, u32 room = sizeof(Received)) {
    *m = {};
    return mach_msg(&m->header, MACH_RCV_MSG | MACH_RCV_TIMEOUT | options, 0, room, on, 0);
}

void order() {
    const mach_port_t port = new_port();
    Received m;
    is(receive(port, &m), MACH_RCV_TIMED_OUT, "an empty queue, no time: RCV_TIMED_OUT");
    bool all = true;
    for (i32 i = 0; i < 5; i++) all = all && send(port, i) == KERN_SUCCESS;
    ok(all, "five messages fit");
    is(send(port, 5, MACH_SEND_TIMEOUT), MACH_SEND_TIMED_OUT, "the sixth: SEND_TIMED_OUT");
    ok(references(port, MACH_PORT_RIGHT_SEND) >= 1, "the right is still there");
    const i64 start = nanotime();
    is(send(port, 5, MACH_SEND_TIMEOUT, 30), MACH_SEND_TIMED_OUT, "the same with some time");
    ok(nanotime() - start >= 30'000'000, "which passed");
    for (i32 i = 0; i < 5; i++) all = all && receive(port, &m) == KERN_SUCCESS && m.number == i && m.header.id == 1000 + i;
    ok(all, "they come in their order");
    ok(m.header.local_port == port && m.header.remote_port == 0 && m.header.size == sizeof(Numbered) &&
           m.header.bits == mach_msgh_bits(0, MACH_MSG_TYPE_MOVE_SEND),
       "from a send right, without one to answer to");
    ok(m.trailer.type == 0 && m.trailer.size == 8, "with a trailer of 8 bytes");
    (void)mach_port_destroy(task, port);
}

void trailers() {
    const mach_port_t port = new_port();
    Received m;
    constexpr struct {
        u32 elements, size;
        const char* sentence;
    } cases[] = {{MACH_RCV_TRAILER_SEQNO, 12, "trailer with sequence number: 12 bytes"},
                 {MACH_RCV_TRAILER_SENDER, 20, "with sender: 20"},
                 {MACH_RCV_TRAILER_AUDIT, 52, "with audit token: 52"}};
    const u32 uid = static_cast<u32>(sys_geteuid().value()), gid = static_cast<u32>(sys_getegid().value());
    i32 n = 0;
    for (const auto& c : cases) {
        (void)send(port, n);
        const kern_return_t r = receive(port, &m, mach_rcv_trailer(c.elements));
        ok(r == KERN_SUCCESS && m.trailer.size == c.size && m.trailer.seqno == static_cast<u32>(n), c.sentence);
        n++;
    }
    ok(m.trailer.sender[0] == uid && m.trailer.sender[1] == gid, "the sender is us");
    ok(m.trailer.audit[1] == uid && m.trailer.audit[2] == gid && m.trailer.audit[5] == static_cast<u32>(sys_getpid().value()),
       "so says the audit token, with our pid");
    (void)mach_port_destroy(task, port);
}

void too_large() {
    const mach_port_t port = new_port();
    Received m;
    (void)send(port, 1);
    is(receive(port, &m, MACH_RCV_LARGE, sizeof(Numbered)), MACH_RCV_TOO_LARGE, "no room for the trailer: RCV_TOO_LARGE");
    ok(m.header.size == sizeof(Numbered), "with RCV_LARGE the size is told");
    is(receive(port, &m, MACH_RCV_LARGE | MACH_RCV_LARGE_IDENTITY, 0), MACH_RCV_TOO_LARGE, "no room at all");
    ok(m.header.local_port == port, "with RCV_LARGE_IDENTITY the port too");
    succeeds(receive(port, &m, 0, sizeof(Numbered) + 8), "and the message stays");
    (void)send(port, 2);
    is(receive(port, &m, 0, sizeof(Numbered)), MACH_RCV_TOO_LARGE, "without RCV_LARGE");
    is(receive(port, &m), MACH_RCV_TIMED_OUT, "it is lost");
    is(receive(port, &m, 0, 0), MACH_RCV_TIMED_OUT, "no room is no error while there is no message");
    (void)mach_port_destroy(task, port);
}

void wrong_receives() {
    Received m;
    is(receive(gone_name(), &m), MACH_RCV_INVALID_NAME, "receive on a name that is gone: RCV_INVALID_NAME");
    is(receive(task, &m), MACH_RCV_INVALID_NAME, "on a send right: RCV_INVALID_NAME");
    is(receive(0, &m), MACH_RCV_INVALID_NAME, "on the null port: RCV_INVALID_NAME");
    const mach_port_t port = new_port();
    (void)send(port, 1);
    const Result none = pages_map(page_size);
    auto* bad = reinterpret_cast<mach_msg_header_t*>(none.value());
    (void)pages_guard(bad, page_size);
    is(mach_msg(bad, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, 100, port, 0), MACH_RCV_INVALID_DATA, "into a page that cannot be written: RCV_INVALID_DATA");
    is(darwin_major >= 22 ? MACH_SEND_INVALID_DATA : sys_mach_msg_trap(bad, MACH_SEND_MSG, 28, 0, 0, 0, 0), MACH_SEND_INVALID_DATA,
       "send from it: SEND_INVALID_DATA");
    (void)pages_unmap(bad, page_size);
    (void)mach_port_destroy(task, port);
}

void wrong_sends() {
    const mach_port_t port = new_port(), gone = gone_name();
    auto sends = [](Numbered m, u32 size) { return mach_msg(&m.header, MACH_SEND_MSG | MACH_SEND_TIMEOUT, size, 0, 0, 0); };
    const Numbered good = {{MACH_MSG_TYPE_COPY_SEND, sizeof good, port, 0, 0, 1}, 0};
    Numbered m = good;
    is(sends(m, 20), MACH_SEND_MSG_TOO_SMALL, "less than a header: SEND_MSG_TOO_SMALL");
    is(sends(m, 26), MACH_SEND_MSG_TOO_SMALL, "an odd size: SEND_MSG_TOO_SMALL");
    is(sends(m, 0), MACH_SEND_MSG_TOO_SMALL, "nothing: SEND_MSG_TOO_SMALL");
    m.header.size = 4;
    succeeds(sends(m, sizeof m), "what the header says of its size is not looked at");
    Received r;
    succeeds(receive(port, &r), "it came");
    ok(r.header.size == sizeof m, "with the size that was sent");
    m = good, m.header.bits |= 0x40000000;
    succeeds(sends(m, sizeof m), "a bit that is the kernel's");
    succeeds(receive(port, &r), "arrives");
    ok(r.header.bits == mach_msgh_bits(0, MACH_MSG_TYPE_MOVE_SEND), "without it");

    m = good, m.header.remote_port = gone;
    is(sends(m, sizeof m), MACH_SEND_INVALID_DEST, "to a name that is gone: SEND_INVALID_DEST");
    m.header.remote_port = 0;
    is(sends(m, sizeof m), MACH_SEND_INVALID_DEST, "to the null port: SEND_INVALID_DEST");
    m.header.remote_port = MACH_PORT_DEAD;
    is(sends(m, sizeof m), MACH_SEND_INVALID_DEST, "to the dead port: SEND_INVALID_DEST");
    m = good, m.header.bits = MACH_MSG_TYPE_MOVE_SEND_ONCE;
    is(sends(m, sizeof m), MACH_SEND_INVALID_DEST, "by a right that the name has not: SEND_INVALID_DEST");
    m.header.bits = 0;
    is(sends(m, sizeof m), MACH_SEND_INVALID_HEADER, "without a disposition: SEND_INVALID_HEADER");
    m.header.bits = MACH_MSG_TYPE_MOVE_RECEIVE;
    is(sends(m, sizeof m), MACH_SEND_INVALID_HEADER, "with one that cannot be sent to: SEND_INVALID_HEADER");
    m = good, m.header.local_port = port;
    is(sends(m, sizeof m), MACH_SEND_INVALID_HEADER, "a reply port without disposition: SEND_INVALID_HEADER");
    m = good, m.header.bits = mach_msgh_bits(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE), m.header.local_port = gone;
    is(sends(m, sizeof m), MACH_SEND_INVALID_REPLY, "a reply port that is gone: SEND_INVALID_REPLY");
    m.header.local_port = task;
    is(sends(m, sizeof m), MACH_SEND_INVALID_REPLY, "one that we do not receive from: SEND_INVALID_REPLY");
    is(receive(port, &r), MACH_RCV_TIMED_OUT, "none of them arrived");
    ok(references(port, MACH_PORT_RIGHT_SEND) == 1, "and no right was lost");
    (void)mach_port_destroy(task, port);
}

void death() {
    mach_port_t port = new_port();
    (void)send(port, 1);
    succeeds(mach_port_mod_refs(task, port, MACH_PORT_RIGHT_RECEIVE, -1), "the receive right goes");
    is(send(port, 2), MACH_SEND_INVALID_DEST, "send to the dead name: SEND_INVALID_DEST");
    ok(references(port, MACH_PORT_RIGHT_DEAD_NAME) == 1, "which is still there");
    (void)mach_port_deallocate(task, port);
}

void request_and_answer() {
    const mach_port_t service = new_port(), answers = new_port(false);
    Numbered q = {{mach_msgh_bits(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE), sizeof q, service, answers, 0, 7}, 41};
    succeeds(mach_msg(&q.header, MACH_SEND_MSG, sizeof q, 0, 0, 0), "a request with a right to answer");
    Received m;
    succeeds(receive(service, &m), "is received");
    ok(m.header.local_port == service && m.header.remote_port && m.header.remote_port != answers &&
           m.header.bits == mach_msgh_bits(MACH_MSG_TYPE_MOVE_SEND_ONCE, MACH_MSG_TYPE_MOVE_SEND),
       "remote and local have changed places, the right is send-once");
    const mach_port_t once = m.header.remote_port;
    succeeds(send(once, m.number + 1, 0, 0, MACH_MSG_TYPE_MOVE_SEND_ONCE), "the answer");
    ok(references(once, MACH_PORT_RIGHT_SEND_ONCE) == ~0u, "uses the right up");
    succeeds(receive(answers, &m), "is received");
    ok(m.number == 42 && m.header.bits == mach_msgh_bits(0, MACH_MSG_TYPE_MOVE_SEND_ONCE), "from a send-once right");

    // A request and its answer in one call: the service's queue has the request, the answer lies ready.
    q.header = {mach_msgh_bits(MACH_MSG_TYPE_MAKE_SEND, 0), sizeof q, answers, 0, 0, 8};
    succeeds(mach_msg(&q.header, MACH_SEND_MSG, sizeof q, 0, 0, 0), "MAKE_SEND needs the receive right alone");
    struct {
        Numbered m;
        u8 trailer[8];
    } both = {{{MACH_MSG_TYPE_COPY_SEND, sizeof(Numbered), service, 0, 0, 9}, 1}, {}};
    succeeds(mach_msg(&both.m.header, MACH_SEND_MSG | MACH_RCV_MSG, sizeof(Numbered), sizeof both, answers, 0), "send and receive in one call");
    ok(both.m.header.id == 8, "gave what lay there");
    succeeds(receive(service, &m), "and delivered");
    ok(m.header.id == 9, "what was sent");

    // A request whose right to answer is dropped.
    q = {{mach_msgh_bits(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE), sizeof q, service, answers, 0, 7}, 0};
    (void)mach_msg(&q.header, MACH_SEND_MSG, sizeof q, 0, 0, 0);
    (void)receive(service, &m);
    mach_msg_destroy(&m.header, sizeof m);
    succeeds(receive(answers, &m), "an answer that nobody will give");
    ok(m.header.id == MACH_NOTIFY_SEND_ONCE, "is a notification: send-once");
    (void)mach_port_destroy(task, service);
    (void)mach_port_destroy(task, answers);
}

void calls() {
    // machcall to a service of our own: the answer lies ready in the reply port's queue, right or wrong.
    const mach_port_t service = new_port();
    struct {
        Numbered m;
        u8 more[32];
    } b{};
    auto asks = [&](i32 answer_id, u32 answer_size) {
        struct {
            mig_reply_error_t e;
            u8 more[20];
        } a = {{{MACH_MSG_TYPE_MAKE_SEND, 0, reply_port(), 0, 0, answer_id}, ndr_record, 0}, {}};
        (void)mach_msg(&a.e.header, MACH_SEND_MSG, answer_size, 0, 0, 0);
        b = {{{0, sizeof(Numbered), service, 0, 0, 500}, 0}, {}};
        const kern_return_t r = machcall(&b.m.header, sizeof b, 40, 0, MACH64_SEND_MQ_CALL);
        Received m;
        (void)receive(service, &m);
        (void)mach_port_deallocate(task, m.header.remote_port);
        // The dropped right's notification is for the next call, so that one gets a port of its own.
        reply_port_drop();
        return r;
    };
    succeeds(asks(600, 40), "machcall: an answer with the request's id + 100");
    succeeds(asks(600, 36), "a code alone is the routine's code");
    is(asks(601, 40), MIG_REPLY_MISMATCH, "another id: MIG_REPLY_MISMATCH");
    is(asks(600, 44), MIG_TYPE_ERROR, "another size: MIG_TYPE_ERROR");
    is(asks(MACH_NOTIFY_SEND_ONCE, 24), MIG_SERVER_DIED, "the notification of a dropped right: MIG_SERVER_DIED");

    const mach_port_t before = reply_port();
    b = {{{0, sizeof(Numbered), gone_name(), 0, 0, 500}, 0}, {}};
    is(machcall(&b.m.header, sizeof b, 40), MACH_SEND_INVALID_DEST, "a service that is gone: SEND_INVALID_DEST");
    ok(reply_port() == before, "the reply port is kept");
    b = {{{0, 25, service, 0, 0, 500}, 0}, {}};
    is(machcall(&b.m.header, sizeof b, 40, 0, MACH64_SEND_MQ_CALL), MACH_SEND_MSG_TOO_SMALL, "a request that cannot be sent");
    ok(reply_port() != before, "after any other failure it is a new one");
    b = {{{0, sizeof(Numbered), task, 0, 0, 99999}, 0}, {}};
    is(machcall(&b.m.header, sizeof b, 40), MIG_BAD_ID, "a routine that the kernel has not: MIG_BAD_ID");
    (void)mach_port_destroy(task, service);
}

}  // namespace

int main() {
    print("TAP version 13\n");
    if (!answered("messages")) {
        skip("messages between ports of the task are not answered", "messages");
        return done();
    }
    order();
    trailers();
    too_large();
    wrong_receives();
    wrong_sends();
    death();
    request_and_answer();
    calls();
    return done();
}
