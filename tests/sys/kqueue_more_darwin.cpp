// SPDX-License-Identifier: BSD-3-Clause
// kqueues: kevent_qos, knotes by udata and deferred deletes, Mach port sets, NOTE_FORK, a kqueue that is closed under who waits on it.
#include "tests/sys/mach_tap.h"
#include "tests/sys/net_tools.h"

#include "sys/darwin/kqueue.h"
#include "sys/thread.h"

using namespace trapeze;

namespace {

using xnu::kevent_qos_s;
constexpr u16 dispatch2 = xnu::EV_DISPATCH | xnu::EV_UDATA_SPECIFIC;
const xnu::mach_port_t task = mach_task_self();

i32 kq;
kevent_qos_s events[8];

// At once, whatever there is.
Result now(const kevent_qos_s* changes = nullptr, i32 count = 0, u32 flags = 0) {
    memset(events, 0, sizeof events);
    return sys_kevent_qos(kq, changes, count, events, 8, nullptr, nullptr, flags | xnu::KEVENT_FLAG_IMMEDIATE);
}
kevent_qos_s user(u64 ident, u16 flags, u32 fflags = 0, u64 udata = 0) {
    kevent_qos_s k{};
    k.ident = ident, k.filter = xnu::EVFILT_USER, k.flags = flags, k.fflags = fflags, k.udata = udata;
    return k;
}
// Changes alone: 0 or the errno of the first.
Result change(const kevent_qos_s& k) { return sys_kevent_qos(kq, &k, 1, nullptr, 0, nullptr, nullptr, 0); }

void qos() {
    kq = number(xnu::kqueue());
    kevent_qos_s k = user(7, xnu::EV_ADD | xnu::EV_CLEAR, 0, 70);
    ok(now(&k, 1).raw == 0, "kevent_qos: a knote");
    k = user(7, 0, xnu::NOTE_TRIGGER | xnu::NOTE_FFCOPY | 0x55, 71);
    k.data = -3;
    ok(now(&k, 1).raw == 1 && events[0].ident == 7 && events[0].filter == xnu::EVFILT_USER && events[0].udata == 71 && events[0].fflags == 0x55 &&
           events[0].data == -3,
       "its event, each field in its place");
    const kevent_qos_s two[2] = {user(8, xnu::EV_ADD | xnu::EV_RECEIPT), user(9, xnu::EV_DELETE)};
    ok(now(two, 2, 4).raw == 2 && events[7].ident == 8 && events[7].flags == xnu::EV_ERROR && events[6].ident == 9 && events[6].data == kernel::ENOENT,
       "KEVENT_FLAG_STACK_EVENTS: from the end downwards");
    xnu::kevent64_s wide{};
    ok(sys_kevent64(kq, nullptr, 0, &wide, 1, xnu::KEVENT_FLAG_IMMEDIATE, nullptr).raw == 0, "kevent64 on the same kqueue");
    const xnu::kevent legacy = xnu::user_event(1, xnu::EV_ADD);
    fails(xnu::kevent_change(kq, &legacy, 1), kernel::EINVAL, "kevent: EINVAL");
    fails(sys_kevent_qos(-1, nullptr, 0, events, 1, nullptr, nullptr, 1), kernel::EBADF, "no kqueue: EBADF");
    fails(sys_kevent_qos(kq, nowhere<kevent_qos_s>(), 1, events, 1, nullptr, nullptr, 1), kernel::EFAULT, "changes nowhere: EFAULT");
    fails(sys_kevent_qos(kq, nullptr, 0, events, 1, nullptr, nowhere<usize>(), 1), kernel::EFAULT, "the room's size nowhere: EFAULT");
    k = user(7, 0, xnu::NOTE_TRIGGER);
    fails(sys_kevent_qos(kq, &k, 1, nowhere<kevent_qos_s>(), 1, nullptr, nullptr, 1), kernel::EFAULT, "events nowhere: EFAULT");
    fails(sys_kevent_id(1, nullptr, 0, nullptr, 0, nullptr, nullptr, 0), kernel::EINVAL, "kevent_id of no workloop: EINVAL");
    fails(sys_kevent_id(1, nullptr, 0, events, 1, nullptr, nullptr, 0x400), kernel::EXDEV, "events from one that the thread does not serve: EXDEV");
    (void)close(kq);
}

void by_udata() {
    kq = number(xnu::kqueue());
    ok(change(user(1, xnu::EV_ADD | dispatch2, 0, 10)).ok() && change(user(1, xnu::EV_ADD | dispatch2, 0, 20)).ok(), "EV_UDATA_SPECIFIC: two of one ident");
    ok(change(user(1, dispatch2, xnu::NOTE_TRIGGER, 20)).ok() && now().raw == 1 && events[0].udata == 20, "each is its own");
    fails(change(user(1, xnu::EV_UDATA_SPECIFIC, xnu::NOTE_TRIGGER, 30)), kernel::ENOENT, "one of another udata: ENOENT");
    fails(change(user(1, 0, xnu::NOTE_TRIGGER, 20)), kernel::ENOENT, "nor is it found without the flag");
    fails(change(user(1, xnu::EV_DELETE | dispatch2, 0, 20)), kernel::EINPROGRESS, "disabled by its delivery, it is deleted later: EINPROGRESS");
    ok(now().raw == 0, "nothing yet");
    ok(change(user(1, xnu::EV_ENABLE | dispatch2, 0, 20)).ok() && now().raw == 1 && events[0].udata == 20 && events[0].flags & xnu::EV_DELETE &&
           events[0].flags & xnu::EV_ONESHOT,
       "enabled, it tells of its end");
    fails(change(user(1, xnu::EV_DELETE | dispatch2, 0, 20)), kernel::ENOENT, "and is gone");
    ok(change(user(1, xnu::EV_DELETE | dispatch2, 0, 10)), "one that is enabled goes at once");
    ok(change(user(2, xnu::EV_ADD | xnu::EV_ONESHOT | dispatch2, 0, 5)).ok() && change(user(2, dispatch2, xnu::NOTE_TRIGGER, 5)).ok() && now().raw == 1,
       "one-shot of that kind");
    ok(change(user(2, xnu::EV_ENABLE | dispatch2, 0, 5)).ok() && now().raw == 1 && events[0].flags & xnu::EV_DELETE, "its end is told when it is enabled");
    (void)close(kq);
}

i32 send_to(xnu::mach_port_t port, i32 id) {
    xnu::mach_msg_header_t m = {xnu::MACH_MSG_TYPE_MAKE_SEND, sizeof m, port, 0, 0, id};
    return mach_msg(&m, xnu::MACH_SEND_MSG | xnu::MACH_SEND_TIMEOUT, sizeof m, 0, 0, 0);
}
kevent_qos_s port_event(xnu::mach_port_t set, u16 flags, u32 options = 0) {
    kevent_qos_s k{};
    k.ident = set, k.filter = xnu::EVFILT_MACHPORT, k.flags = flags, k.fflags = options;
    return k;
}

struct Sender {
    xnu::mach_port_t to;
    i64 at;
};
void send_later(void* p) {
    const Sender& s = *static_cast<Sender*>(p);
    (void)poll(nullptr, 0, s.at);
    (void)send_to(s.to, 77);
}

void ports() {
    kq = number(xnu::kqueue());
    xnu::mach_port_t set = 0;
    (void)mach_port_allocate(task, xnu::MACH_PORT_RIGHT_PORT_SET, &set);
    const xnu::mach_port_t one = new_port(false), two = new_port(false);
    fails(change(port_event(gone_name(), xnu::EV_ADD)), kernel::ENOENT, "EVFILT_MACHPORT of no name: ENOENT");
    fails(change(port_event(one, xnu::EV_ADD)), kernel::ENOTSUP, "of a port that is no set: ENOTSUP");
    succeeds(mach_port_move_member(task, one, set), "a set");
    ok(now(nullptr, 0).raw == 0 && change(port_event(set, xnu::EV_ADD)).ok() && now().raw == 0, "without messages: nothing");
    ok(send_to(one, 5) == 0 && now().raw == 1 && events[0].ident == set && events[0].filter == xnu::EVFILT_MACHPORT && events[0].data == one,
       "a message: data is whose it is");
    ok(now().raw == 1, "until it is received");
    struct {
        xnu::mach_msg_header_t header;
        u8 trailer[68];
    } got{};
    ok(mach_msg(&got.header, xnu::MACH_RCV_MSG | xnu::MACH_RCV_TIMEOUT, 0, sizeof got, set, 0) == 0 && got.header.id == 5 && now().raw == 0, "received");
    ok(send_to(two, 6) == 0 && now().raw == 0 && mach_port_move_member(task, two, set) == 0 && now().raw == 1 && events[0].data == two,
       "a port with a message joins the set");
    kevent_qos_s k = port_event(set, xnu::EV_ADD, xnu::MACH_RCV_MSG);
    k.ext[0] = reinterpret_cast<u64>(&got);
    k.ext[1] = sizeof got;
    got = {};
    ok(now(&k, 1).raw == 1 && events[0].fflags == 0 && got.header.id == 6 && events[0].ext[1] == sizeof got.header, "MACH_RCV_MSG: received by the event");
    ok(now().raw == 0, "no other");
    k.ext[1] = 8;
    ok(send_to(one, 8) == 0 && now(&k, 1).raw == 1 && events[0].fflags == static_cast<u32>(xnu::MACH_RCV_TOO_LARGE), "too little room: fflags says it");

    Sender later{two, nanotime() + 30'000'000};
    k.fflags = 0;
    ok(change(k).ok(), "no receiving any more");
    while (mach_msg(&got.header, xnu::MACH_RCV_MSG | xnu::MACH_RCV_TIMEOUT, 0, sizeof got, set, 0) == 0) {}
    Result error{0};
    Thread* t = thread_create(send_later, &later, &error);
    memset(events, 0, sizeof events);
    ok(t && sys_kevent_qos(kq, nullptr, 0, events, 8, nullptr, nullptr, 0).raw == 1 && events[0].data == two, "who waits is woken by a message");
    if (t) thread_join(t);
    succeeds(mach_port_mod_refs(task, set, xnu::MACH_PORT_RIGHT_PORT_SET, -1), "the set goes");
    ok(now().raw == 1 && events[0].flags & xnu::EV_EOF && events[0].data == 0 && now().raw == 0, "EV_EOF, once");
    (void)close(kq);
}

void forks() {
    kq = number(xnu::kqueue());
    kevent_qos_s k{};
    k.ident = static_cast<u64>(sys_getpid().raw), k.filter = xnu::EVFILT_PROC, k.flags = xnu::EV_ADD, k.fflags = xnu::NOTE_FORK;
    ok(now(&k, 1).raw == 0, "EVFILT_PROC of oneself");
    const Result2 child = sys_fork();
    if (child.second == 1) exit_process(0);
    ok(now().raw == 1 && events[0].fflags == xnu::NOTE_FORK && now().raw == 0, "NOTE_FORK, once");
    (void)sys_wait4(static_cast<i32>(child.value()), nullptr, 0, nullptr);
    (void)close(kq);
}

struct Waiter {
    i32 kq;
    Result result{0};
};
void wait_on(void* p) {
    Waiter& w = *static_cast<Waiter*>(p);
    kevent_qos_s e;
    w.result = sys_kevent_qos(w.kq, nullptr, 0, &e, 1, nullptr, nullptr, 0);
}

void closed() {
    i32 bad = 0;
    for (int i = 0; i < 40; i++) {
        Waiter w{number(xnu::kqueue())};
        Result error{0};
        Thread* t = thread_create(wait_on, &w, &error);
        if (!t) return skip("no thread", "closing");
        if (i % 2) (void)poll(nullptr, 0, nanotime() + 1'000'000);
        (void)close(w.kq);
        i32 pair[2];  // the number is another's at once
        (void)socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
        thread_join(t);
        bad += w.result.err() != kernel::EBADF;
        for (const i32 fd : pair) (void)close(fd);
    }
    ok(bad == 0, "closed while a thread waits or is about to, its number reused: EBADF");
}

}  // namespace

int main() {
    print("TAP version 13\n");
    qos();
    by_udata();
    ports();
    forks();
    closed();
    return done();
}
