// SPDX-License-Identifier: BSD-3-Clause
// kqueues: levels and edges, one-shot, dispatch, disabled, receipts and errors; what each filter says; removal by close; threads.
#include "tests/sys/net_tools.h"

#include "sys/darwin/kqueue.h"
#include "sys/signals.h"
#include "sys/thread.h"

using namespace trapeze;
using xnu::kevent;

namespace {

i32 kq;
kevent events[16];

Result change(const kevent& c) { return xnu::kevent_change(kq, &c, 1); }
// Events that are there now.
i64 now(i32 room = 16) {
    memset(events, 0, sizeof events);
    return xnu::kevent_wait(kq, nullptr, 0, events, room, 0).raw;
}
// Waits for at least one.
i64 wait(i64 ns = 10'000'000'000) {
    memset(events, 0, sizeof events);
    return xnu::kevent_wait(kq, nullptr, 0, events, 16, nanotime() + ns).raw;
}
bool is(const kevent& e, u64 ident, i16 filter) { return e.ident == ident && e.filter == filter; }

void reading() {
    i32 pair[2];
    char c[8];
    ok(socketpair(AF_UNIX, SOCK_STREAM, 0, pair, O_NONBLOCK), "a pair");
    const i32 a = pair[0], b = pair[1];
    ok(change(xnu::read_event(a, xnu::EV_ADD, 77)), "EVFILT_READ, level");
    ok(now() == 0, "nothing to read: nothing");
    ok(write(b, "abc", 3).raw == 3 && wait() == 1 && is(events[0], static_cast<u64>(a), xnu::EVFILT_READ), "bytes make an event");
    ok(events[0].data == 3 && events[0].udata == 77 && !(events[0].flags & (xnu::EV_EOF | xnu::EV_ERROR)), "with how many, and what was given");
    ok(now() == 1 && now() == 1, "again and again while they are there");
    ok(read(a, c, 8).raw == 3 && now() == 0, "until they are read");
    ok(change(xnu::read_event(a, xnu::EV_DISABLE)).ok() && write(b, "x", 1).ok() && now() == 0, "disabled: nothing");
    ok(change(xnu::read_event(a, xnu::EV_ENABLE, 78)).ok() && now() == 1 && events[0].data == 1 && events[0].udata == 78, "enabled: what came meanwhile");
    ok(change(xnu::read_event(a, xnu::EV_DELETE)).ok() && now() == 0, "deleted");
    fails(change(xnu::read_event(a, xnu::EV_DELETE)), kernel::ENOENT, "again is ENOENT");
    fails(change(xnu::read_event(a, xnu::EV_ENABLE)), kernel::ENOENT, "enabling it too");

    ok(change(xnu::read_event(a, xnu::EV_ADD | xnu::EV_CLEAR)).ok() && now() == 1 && now() == 0, "EV_CLEAR: what is there already, once");
    ok(write(b, "y", 1).ok() && now() == 1 && events[0].data == 2 && now() == 0, "and each time more comes");
    ok(read(a, c, 8).raw == 2 && now() == 0, "not when it is read");
    ok(change(xnu::read_event(a, xnu::EV_DELETE)), "deleted");

    ok(change(xnu::read_event(a, xnu::EV_ADD | xnu::EV_ONESHOT)).ok() && write(b, "z", 1).ok() && now() == 1 && now() == 0, "EV_ONESHOT: once");
    fails(change(xnu::read_event(a, xnu::EV_DELETE)), kernel::ENOENT, "and it is gone");
    ok(change(xnu::read_event(a, xnu::EV_ADD | xnu::EV_DISPATCH)).ok() && now() == 1 && now() == 0, "EV_DISPATCH: once");
    ok(change(xnu::read_event(a, xnu::EV_ENABLE)).ok() && now() == 1 && now() == 0, "and when it is enabled, once more");
    ok(change(xnu::read_event(a, xnu::EV_DELETE)).ok() && read(a, c, 8).raw == 1, "deleted");

    kevent low = xnu::read_event(a, xnu::EV_ADD);
    low.fflags = xnu::NOTE_LOWAT;
    low.data = 3;
    ok(change(low).ok() && write(b, "12", 2).ok() && now() == 0 && write(b, "3", 1).ok() && now() == 1 && events[0].data == 3, "NOTE_LOWAT");
    ok(change(xnu::read_event(a, xnu::EV_DELETE)).ok() && read(a, c, 8).raw == 3, "deleted");

    ok(change(xnu::read_event(a, xnu::EV_ADD | xnu::EV_CLEAR)).ok() && change(xnu::write_event(a, xnu::EV_ADD | xnu::EV_CLEAR)).ok(), "both directions");
    ok(now() == 1 && is(events[0], static_cast<u64>(a), xnu::EVFILT_WRITE) && events[0].data > 0, "writable: with the room");
    ok(now() == 0 && write(b, "r", 1).ok() && now() == 1 && is(events[0], static_cast<u64>(a), xnu::EVFILT_READ), "a byte is an event of reading alone");
    static char block[65536];
    while (write(a, block, sizeof block).ok()) {}
    ok(now() == 0, "full: nothing");
    for (Result r{1}; (r = read(b, block, sizeof block)).ok() && r.value();) {}
    ok(wait() == 1 && is(events[0], static_cast<u64>(a), xnu::EVFILT_WRITE), "drained: writable again");
    (void)now();
    ok(close(b).ok() && wait() >= 1, "the peer goes");
    bool eof = false;
    for (int i = 0; i < 2; i++) eof = eof || (events[i].filter == xnu::EVFILT_READ && events[i].flags & xnu::EV_EOF);
    ok(eof, "EV_EOF");
    ok(close(a).ok() && now() == 0, "closing removes both");
    ok(socketpair(AF_UNIX, SOCK_STREAM, 0, pair).ok() && write(pair[1], "x", 1).ok() && now() == 0, "and a new one of that number is not watched");
    (void)close(pair[0]);
    (void)close(pair[1]);
}

void streams() {
    Address at;
    const i32 server = listener(AF_INET, &at, O_NONBLOCK);
    ok(change(xnu::read_event(server, xnu::EV_ADD)).ok() && now() == 0, "a listener");
    const i32 one = number(socket(AF_INET, SOCK_STREAM)), two = number(socket(AF_INET, SOCK_STREAM));
    ok(connect(one, at).ok() && connect(two, at).ok() && wait() == 1 && events[0].data == 2, "readable: data is how many wait");
    const i32 first = number(accept(server)), second = number(accept(server));
    ok(first > 0 && second > 0 && now() == 0, "accepted: no more");
    ok(change(xnu::read_event(first, xnu::EV_ADD | xnu::EV_CLEAR)).ok() && send(one, "ab", 2).ok() && shutdown(one, SHUT_WR).ok(), "bytes, then the end");
    i64 n = wait();
    for (int i = 0; i < 100 && n == 1 && !(events[0].flags & xnu::EV_EOF); i++) n = wait();
    ok(n == 1 && events[0].flags & xnu::EV_EOF && events[0].data == 2 && events[0].fflags == 0, "EV_EOF with the bytes that are left, and no error");
    ok(change(xnu::read_event(second, xnu::EV_ADD)).ok() && set_linger(two, 0).ok() && close(two).ok() && wait() == 1, "a reset");
    ok(events[0].flags & xnu::EV_EOF && events[0].fflags == static_cast<u32>(kernel::ECONNRESET), "EV_EOF with ECONNRESET");
    for (const i32 fd : {one, first, second}) (void)close(fd);

    // connections under way
    ok(change(xnu::read_event(server, xnu::EV_DELETE)), "the listener is watched no more");
    const i32 going = number(socket(AF_INET, SOCK_STREAM, 0, O_NONBLOCK));
    ok(change(xnu::write_event(going, xnu::EV_ADD | xnu::EV_ONESHOT)).ok() && now() == 0, "a socket without a peer is not writable");
    fails(connect(going, at), kernel::EINPROGRESS, "EINPROGRESS");
    ok(wait() == 1 && is(events[0], static_cast<u64>(going), xnu::EVFILT_WRITE) && !(events[0].flags & xnu::EV_EOF), "writable when it stands");
    (void)close(going);
    (void)close(server);
    const i32 refused = number(socket(AF_INET, SOCK_STREAM, 0, O_NONBLOCK));
    ok(change(xnu::write_event(refused, xnu::EV_ADD)), "another");
    const Result r = connect(refused, at);
    if (r.err() == kernel::EINPROGRESS) {
        ok(wait() == 1 && events[0].flags & xnu::EV_EOF && events[0].fflags == static_cast<u32>(kernel::ECONNREFUSED), "refused: EV_EOF with ECONNREFUSED");
        ok(socket_error(refused).raw == kernel::ECONNREFUSED, "which SO_ERROR still has");
    } else {
        fails(r, kernel::ECONNREFUSED, "refused at once");
    }
    (void)close(refused);
}

void pipes() {
    const Result2 made = sys_pipe();
    const i32 out = static_cast<i32>(made.value()), in = static_cast<i32>(made.second);
    ok(change(xnu::read_event(out, xnu::EV_ADD)).ok() && change(xnu::write_event(in, xnu::EV_ADD | xnu::EV_CLEAR)).ok() && now() == 1 &&
           is(events[0], static_cast<u64>(in), xnu::EVFILT_WRITE) && events[0].data >= 512,
       "a pipe: writable, with the room");
    ok(write(in, "12345", 5).ok() && now() >= 1, "written");
    bool five = false;
    for (const kevent& e : events) five = five || (is(e, static_cast<u64>(out), xnu::EVFILT_READ) && e.data == 5);
    ok(five, "readable, with five bytes");
    ok(close(in).ok() && now() == 1 && events[0].flags & xnu::EV_EOF && events[0].data == 5, "no writer: EV_EOF, and the bytes");
    (void)close(out);
    ok(now() == 0, "closed: nothing");
}

void timers() {
    const i64 start = nanotime();
    ok(change(xnu::timer_event(1, 20'000'000, xnu::EV_ADD | xnu::EV_ONESHOT, 5)).ok() && wait() == 1 && is(events[0], 1, xnu::EVFILT_TIMER) &&
           events[0].data == 1 && events[0].udata == 5,
       "a timer, once");
    ok(nanotime() - start >= 20'000'000, "not too early");
    ok(now() == 0, "gone");
    ok(change(xnu::timer_event(2, 5'000'000, xnu::EV_ADD)).ok() && wait() == 1 && wait() == 1 && events[0].data >= 1, "a repeated one");
    ok(poll(nullptr, 0, nanotime() + 40'000'000).ok() && now() == 1 && events[0].data >= 4, "counts what nobody looked at");
    ok(change(xnu::timer_event(2, 0, xnu::EV_DELETE)), "deleted");
    kevent t = xnu::timer_event(3, 10, xnu::EV_ADD | xnu::EV_ONESHOT);
    t.fflags = 0;
    const i64 before = nanotime();
    ok(change(t).ok() && wait() == 1 && nanotime() - before >= 10'000'000, "without a unit: milliseconds");
    t.fflags = xnu::NOTE_SECONDS | xnu::NOTE_USECONDS;
    fails(change(t), kernel::EINVAL, "two units are EINVAL");
    t = xnu::timer_event(4, 1, xnu::EV_ADD);
    t.fflags = xnu::NOTE_SECONDS | xnu::NOTE_ABSOLUTE;
    ok(change(t).ok() && now() == 1 && now() == 0, "an absolute time that has passed comes at once, once");
    ok(change(xnu::timer_event(5, 3'600'000'000'000, xnu::EV_ADD)).ok() && wait(10'000'000) == 0, "a deadline comes before a timer that is late");
    ok(change(xnu::timer_event(5, 1'000'000, xnu::EV_ADD)).ok() && wait() == 1 && is(events[0], 5, xnu::EVFILT_TIMER), "set anew, it comes");
    ok(change(xnu::timer_event(5, 0, xnu::EV_DELETE)), "deleted");
}

void users() {
    ok(change(xnu::user_event(9, xnu::EV_ADD | xnu::EV_CLEAR, 1)).ok() && now() == 0, "EVFILT_USER: nothing by itself");
    ok(change(xnu::user_trigger(9, 2)).ok() && now() == 1 && is(events[0], 9, xnu::EVFILT_USER) && events[0].udata == 2 && now() == 0, "triggered, once");
    kevent u = xnu::user_trigger(9);
    u.fflags = xnu::NOTE_TRIGGER | xnu::NOTE_FFCOPY | 0x123;
    u.data = 42;
    ok(change(u).ok() && now() == 1 && events[0].fflags == 0x123 && events[0].data == 42, "with flags and data of its own");
    u.fflags = xnu::NOTE_TRIGGER | xnu::NOTE_FFOR | 0x400;
    ok(change(u).ok() && now() == 1 && events[0].fflags == 0x523, "NOTE_FFOR");
    u.fflags = xnu::NOTE_TRIGGER | xnu::NOTE_FFAND | 0x120;
    ok(change(u).ok() && now() == 1 && events[0].fflags == 0x120, "NOTE_FFAND");
    ok(change(xnu::user_event(9, xnu::EV_DELETE)), "deleted");
    ok(change(xnu::user_event(10, xnu::EV_ADD)).ok() && change(xnu::user_trigger(10)).ok() && now() == 1 && now() == 1, "without EV_CLEAR it stays");
    ok(change(xnu::user_event(10, xnu::EV_DELETE)), "deleted");
}

void errors() {
    i32 pair[2];
    ok(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), "a pair");
    const kevent three[3] = {xnu::read_event(pair[0], xnu::EV_ADD | xnu::EV_RECEIPT), xnu::read_event(1 << 20, xnu::EV_ADD, 6), xnu::write_event(pair[0], xnu::EV_ADD)};
    ok(xnu::kevent_wait(kq, three, 3, events, 16).raw == 2, "a receipt and a failure are events, and nothing is waited for");
    ok(events[0].flags == xnu::EV_ERROR && events[0].data == 0 && is(events[0], static_cast<u64>(pair[0]), xnu::EVFILT_READ), "the receipt: EV_ERROR with 0");
    ok(events[1].flags == xnu::EV_ERROR && events[1].data == kernel::EBADF && events[1].ident == 1 << 20 && events[1].udata == 6, "the failure: EBADF");
    ok(now() == 1 && is(events[0], static_cast<u64>(pair[0]), xnu::EVFILT_WRITE), "the change behind it was made");
    ok(change(xnu::write_event(pair[0], xnu::EV_DELETE)), "deleted");
    fails(xnu::kevent_change(kq, three, 3), kernel::EBADF, "without room the first failure ends the call");
    fails(change(xnu::write_event(pair[0], xnu::EV_DELETE)), kernel::ENOENT, "and what is behind it is not made");
    kevent odd = xnu::read_event(pair[0], xnu::EV_ADD);
    odd.filter = 3;
    fails(change(odd), kernel::EINVAL, "no such filter: EINVAL");
    odd.filter = -100;
    fails(change(odd), kernel::EINVAL, "nor that");
    odd.filter = xnu::EVFILT_AIO;
    fails(change(odd), kernel::ENOTSUP, "EVFILT_AIO: ENOTSUP");
    fails(change(xnu::process_event(0x7ffffff, xnu::NOTE_EXIT, xnu::EV_ADD)), kernel::ESRCH, "no such process: ESRCH");
    fails(xnu::kevent_change(-1, three, 1), kernel::EBADF, "no kqueue: EBADF");
    fails(xnu::kevent_change(pair[0], three, 1), kernel::EBADF, "a socket is none: EBADF");
    fails(xnu::kevent_change(kq, nowhere<kevent>(), 1), kernel::EFAULT, "changes nowhere: EFAULT");
    ok(write(pair[1], "x", 1), "a byte");
    fails(sys_kevent(kq, nullptr, 0, nowhere<kevent>(), 1, nullptr), kernel::EFAULT, "events nowhere: EFAULT");
    xnu::timespec t{0, -1000};
    fails(sys_kevent(kq, nullptr, 0, events, 1, &t), kernel::EINVAL, "a timeout of less than nothing: EINVAL");
    fails(sys_kevent(kq, nullptr, 0, events, 1, nowhere<xnu::timespec>()), kernel::EFAULT, "or nowhere: EFAULT");
    xnu::kevent64_s wide;
    fails(sys_kevent64(kq, nullptr, 0, &wide, 1, xnu::KEVENT_FLAG_IMMEDIATE, nullptr), kernel::EINVAL, "kevent64 on it: EINVAL");
    (void)close(pair[0]);
    (void)close(pair[1]);

    const i32 other = number(xnu::kqueue());
    ok(descriptor_flags(other) & 1, "a kqueue is close-on-exec");
    wide = {5, xnu::EVFILT_TIMER, xnu::EV_ADD | xnu::EV_ONESHOT, xnu::NOTE_NSECONDS, 1, 8, {0, 0}};
    xnu::kevent64_s back{};
    ok(sys_kevent64(other, &wide, 1, &back, 1, 0, nullptr).raw == 1 && back.ident == 5 && back.udata == 8 && back.data == 1, "heritage 22: kevent64's seventh argument");
    const kevent c = xnu::user_event(1, xnu::EV_ADD);
    fails(xnu::kevent_change(other, &c, 1), kernel::EINVAL, "kevent on that: EINVAL");
    (void)close(other);
}

void nested() {
    const i32 inner = number(xnu::kqueue());
    ok(change(xnu::read_event(inner, xnu::EV_ADD)).ok() && now() == 0, "a kqueue in a kqueue");
    kevent c = xnu::user_event(1, xnu::EV_ADD | xnu::EV_CLEAR);
    ok(xnu::kevent_change(inner, &c, 1), "with an event of its own");
    c = xnu::user_trigger(1);
    ok(xnu::kevent_change(inner, &c, 1).ok() && wait() == 1 && is(events[0], static_cast<u64>(inner), xnu::EVFILT_READ) && events[0].data == 1,
       "is readable when that comes; data is how many");
    pollfd one{inner, POLLIN, 0};
    ok(poll(&one, 1, 0).raw == 1 && one.revents == POLLIN, "poll says so too");
    ok(xnu::kevent_wait(inner, nullptr, 0, events, 16, 0).raw == 1 && now() == 0 && poll(&one, 1, 0).raw == 0, "until it is taken");
    fails(change(xnu::read_event(kq, xnu::EV_ADD)), kernel::EPERM, "itself: EPERM");
    (void)close(inner);
    const Result copy = sys_dup(kq);
    ok(copy, "a second number");
    c = xnu::user_event(2, xnu::EV_ADD | xnu::EV_CLEAR);
    ok(xnu::kevent_change(number(copy), &c, 1).ok() && change(xnu::user_trigger(2)).ok() && xnu::kevent_wait(number(copy), nullptr, 0, events, 16, 0).raw == 1,
       "of the same kqueue");
    ok(close(number(copy)).ok() && change(xnu::user_event(2, xnu::EV_DELETE)).ok(), "which stays when it is closed");
}

void processes() {
    const Result2 hold = sys_pipe();  // the child ends when the parent closes it
    const i32 out = static_cast<i32>(hold.value()), in = static_cast<i32>(hold.second);
    const Result2 child = sys_fork();
    if (child.second == 1) {
        const kevent c = xnu::user_event(1, xnu::EV_ADD);
        const bool gone = xnu::kevent_change(kq, &c, 1).err() == kernel::EBADF;
        char byte;
        (void)close(in);
        (void)read(out, &byte, 1);
        exit_process(gone ? 7 : 1);
    }
    (void)close(out);
    const i32 pid = static_cast<i32>(child.value());
    ok(change(xnu::process_event(pid, xnu::NOTE_EXIT | xnu::NOTE_EXITSTATUS, xnu::EV_ADD)).ok() && now() == 0, "EVFILT_PROC");
    ok(close(in).ok() && wait() == 1 && is(events[0], static_cast<u64>(pid), xnu::EVFILT_PROC), "the end of a child");
    ok(events[0].fflags == (xnu::NOTE_EXIT | xnu::NOTE_EXITSTATUS) && events[0].data == 7 << 8, "with its status; and it did not inherit the kqueue");
    ok(now() == 0, "once");
    fails(change(xnu::process_event(pid, xnu::NOTE_EXIT, xnu::EV_ADD)), kernel::ESRCH, "one that has ended is ESRCH");
    i32 status = 0;
    ok(sys_wait4(pid, &status, 0, nullptr).raw == pid && status == 7 << 8, "wait4 agrees");
}

void signals() {
    const i32 pid = static_cast<i32>(sys_getpid().raw);
    // SIGCHLD 20, SIGURG 16 and SIGINFO 29 are ignored by themselves.
    ok(change(xnu::signal_event(16, xnu::EV_ADD)).ok() && now() == 0, "EVFILT_SIGNAL");
    ok(sys_kill(pid, 16, 1).ok() && wait() == 1 && is(events[0], 16, xnu::EVFILT_SIGNAL) && events[0].data == 1 && now() == 0,
       "one that is ignored is seen, once");
    ok(sys_kill(pid, 16, 1).ok() && sys_kill(pid, 16, 1).ok() && wait() == 1 && events[0].data >= 1, "deliveries are counted");
    ok(change(xnu::signal_event(16, xnu::EV_DELETE)).ok() && sys_kill(pid, 16, 1).ok() && now() == 0, "deleted");
}

i32 handled;
void on_signal(i32, SignalInfo*, SignalContext*) { __atomic_fetch_add(&handled, 1, __ATOMIC_SEQ_CST); }

// Three signals while the other thread waits, then what it waits for.
void wake(void*) {
    for (int i = 0; i < 3; i++) {
        (void)poll(nullptr, 0, nanotime() + 20'000'000);
        (void)kill(static_cast<i32>(sys_getpid().raw), kernel::SIGUSR1);
    }
    (void)poll(nullptr, 0, nanotime() + 20'000'000);
    (void)change(xnu::user_trigger(3));
}

void threads() {
    const SignalSet set = SignalSet::of(kernel::SIGUSR1);
    ok(signal_handle(kernel::SIGUSR1, on_signal).ok() && change(xnu::user_event(3, xnu::EV_ADD | xnu::EV_CLEAR)).ok(), "a handler, a user event");
    (void)signals_block(set);
    Result error{0};
    Thread* t = thread_create(wake, nullptr, &error);
    (void)signals_unblock(set);
    ok(t != nullptr, "a thread");
    memset(events, 0, sizeof events);
    ok(xnu::kevent_wait(kq, nullptr, 0, events, 16).raw == 1 && is(events[0], 3, xnu::EVFILT_USER), "waits for what another thread triggers");
    thread_join(t);
    ok(__atomic_load_n(&handled, __ATOMIC_SEQ_CST) > 0, "and goes on waiting after signals");
    (void)signals_block(set);
    t = thread_create(wake, nullptr, &error);
    (void)signals_unblock(set);
    fails(sys_kevent(kq, nullptr, 0, events, 1, nullptr), kernel::EINTR, "the bare trap ends with EINTR");
    thread_join(t);
    ok(change(xnu::signal_event(kernel::SIGUSR1, xnu::EV_ADD)).ok() && raise(kernel::SIGUSR1).ok() && now() >= 1, "a signal with a handler is seen too");
    ok(change(xnu::signal_event(kernel::SIGUSR1, xnu::EV_DELETE)).ok() && change(xnu::user_event(3, xnu::EV_DELETE)).ok(), "deleted");
}

void files() {
    char name[] = "/tmp/trapeze-kqueue-0000000", moved[] = "/tmp/trapeze-kqueue-0000000.b";
    u64 pid = static_cast<u64>(sys_getpid().raw);
    for (int i = 26; i > 19; i--, pid /= 10) name[i] = moved[i] = static_cast<char>('0' + pid % 10);
    const i32 fd = number(open(name, O_RDWR | O_CREAT | O_EXCL));
    constexpr u32 all = xnu::NOTE_DELETE | xnu::NOTE_WRITE | xnu::NOTE_EXTEND | xnu::NOTE_ATTRIB | xnu::NOTE_LINK | xnu::NOTE_RENAME;
    ok(change(xnu::file_event(fd, all, xnu::EV_ADD | xnu::EV_CLEAR)).ok() && now() == 0, "EVFILT_VNODE");
    ok(write(fd, "abc", 3).ok() && wait() == 1 && events[0].fflags == (xnu::NOTE_WRITE | xnu::NOTE_EXTEND) && now() == 0, "written and longer");
    ok(sys_rename(name, moved).ok() && wait() == 1 && events[0].fflags & xnu::NOTE_RENAME, "renamed");
    (void)now();
    ok(change(xnu::read_event(fd, xnu::EV_ADD)).ok() && now() == 0, "a file, read to its end: nothing");
    ok(sys_lseek(fd, 1, 0).ok() && change(xnu::read_event(fd, xnu::EV_ADD)).ok() && now() == 1 && events[0].data == 2, "else how much is left");
    ok(change(xnu::read_event(fd, xnu::EV_DELETE)), "deleted");
    ok(sys_unlink(moved).ok() && wait() == 1 && events[0].fflags & xnu::NOTE_DELETE, "unlinked");
    (void)close(fd);
}

}  // namespace

// A program that closes everything it did not open must not hit what the kqueue itself is made of.
void everything_closed() {
    for (i32 fd = kq + 1; fd < 10240; fd++) (void)close(fd);
    ok(change(xnu::timer_event(8, 1'000'000, xnu::EV_ADD | xnu::EV_ONESHOT)).ok() && wait() == 1, "every other number closed: the kqueue still works");
}

int main() {
    print("TAP version 13\n");
    const Result made = xnu::kqueue();
    ok(made, "a kqueue");
    kq = number(made);
    ok(now() == 0 && now(0) == 0, "empty");
    reading();
    streams();
    pipes();
    timers();
    users();
    errors();
    nested();
    processes();
    signals();
    threads();
    files();
    everything_closed();
    ok(close(kq), "closed");
    fails(xnu::kevent_change(kq, nullptr, 0), kernel::EBADF, "then it is EBADF");
    return done();
}
