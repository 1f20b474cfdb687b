// SPDX-License-Identifier: BSD-3-Clause
// EVFILT_SOCK, EVFILT_EXCEPT, EVFILT_MEMORYSTATUS, EVFILT_FS and EVFILT_VM: what they tell, once or more, and of what they cannot be had.
// Facts: xnu-3248.60.10 and xnu-11417.121.6 bsd/kern/uipc_socket.c filt_sockev, filt_soread_common, kern_event.c, kern_memorystatus.c.
#include "sys/darwin/event.h"
#include "sys/darwin/net.h"
#include "sys/darwin/release.h"
#include "sys/syscall.h"
#include "tests/sys/net_tools.h"

using namespace trapeze;

namespace {

constexpr i16 sock = -13, memorystatus = -14, except = -15;
constexpr u32 connreset = 1, readclosed = 2, writeclosed = 4, resume = 0x80, connected = 0x800, disconnected = 0x1000, all = 0x3fff;
constexpr u32 note_oob = 2;

i32 kq;
xnu::kevent64_s event;

Result change(i32 fd, i16 filter, u16 flags, u32 fflags) {
    xnu::kevent64_s k{};
    k.ident = static_cast<u64>(fd), k.filter = filter, k.flags = flags, k.fflags = fflags;
    return syscall(369, kq, &k, 1, nullptr, 0, 0, nullptr);
}
// The next event, if there is one within a second, or at once.
i64 next(bool wait = false) {
    const xnu::timespec t{wait ? 1 : 0, 0};
    event = {};
    return syscall(369, kq, nullptr, 0, &event, 1, 0, &t).raw;
}
bool is(u32 fflags, i64 data, bool wait = true) {
    const i64 n = next(wait);
    const bool held = n == 1 && event.filter == sock && event.fflags == fflags && event.data == data;
    if (!held) print("# ", n, " events, fflags ", hex(event.fflags), ", data ", event.data, ", flags ", hex(event.flags), "\n");
    return held;
}

void of_tcp() {
    i32 t[2];
    if (!tcp_pair(t)) return ok(false, "a connection");
    ok(change(t[0], sock, xnu::EV_ADD | xnu::EV_CLEAR, all).ok() && is(connected | resume, 1), "EVFILT_SOCK of a connection: connected, and may send");
    ok(next() == 0, "told once");
    ok(change(t[0], sock, xnu::EV_ADD | xnu::EV_CLEAR, all).ok() && next() == 0, "also if it is asked for again");
    (void)shutdown(t[1], SHUT_WR);
    ok(is(connected | readclosed | resume, 1), "the peer has shut its half");
    ok(next() == 0, "once");
    (void)close(t[1]);
    ok(shutdown(t[0], SHUT_WR).ok() && next(true) == 1 && event.fflags & writeclosed, "and here the other");
    (void)close(t[0]);
    ok(next() == 0, "closed, nothing is watched");
    if (!tcp_pair(t)) return;
    ok(change(t[0], sock, xnu::EV_ADD, readclosed | connreset).ok() && next() == 0, "of what was not asked for nothing is told");
    const xnu::linger at_once{1, 0};
    (void)sys_setsockopt(t[1], xnu::SOL_SOCKET, xnu::SO_LINGER, &at_once, sizeof at_once);
    (void)close(t[1]);
    ok(next(true) == 1 && event.fflags == (readclosed | connreset) && event.data == kernel::ECONNRESET && event.flags & xnu::EV_EOF, "a reset: with its error, and EV_EOF");
    (void)close(t[0]);
    const i32 fresh = number(socket(AF_INET, SOCK_STREAM));
    ok(change(fresh, sock, xnu::EV_ADD | xnu::EV_CLEAR, all).ok() && is(resume, 0), "no connection yet");
    Address at;
    const i32 server = listener(AF_INET, &at);
    ok(connect(fresh, at).ok() && is(connected | resume, 1), "now there is");
    ok(change(fresh, sock, xnu::EV_DELETE, 0).ok() && change(fresh, sock, xnu::EV_DELETE, 0).err() == kernel::ENOENT, "taken away, once");
    (void)close(fresh), (void)close(server);
}

void of_others() {
    i32 u[2];
    (void)socketpair(AF_UNIX, SOCK_STREAM, 0, u);
    ok(change(u[0], sock, xnu::EV_ADD | xnu::EV_CLEAR, connected | disconnected | readclosed | writeclosed).ok() && is(connected, 1), "in AF_UNIX");
    (void)close(u[1]);
    ok(next(true) == 1 && event.data == 2 && (event.fflags & (disconnected | readclosed | writeclosed)) == (disconnected | readclosed | writeclosed), "its end");
    (void)close(u[0]);
    i32 p[2];
    (void)pipe(p);
    const i32 file = number(open("/dev/null", O_RDONLY));
    fails(change(p[0], sock, xnu::EV_ADD, all), darwin_major < 17 ? kernel::EPERM : kernel::EINVAL, "of a pipe");
    fails(change(kq, sock, xnu::EV_ADD, all), darwin_major < 17 ? kernel::EPERM : kernel::EINVAL, "of a kqueue");
    fails(change(file, sock, xnu::EV_ADD, all), kernel::EINVAL, "of a device");
    fails(change(-1, sock, xnu::EV_ADD, all), kernel::EBADF, "of nothing");
    for (const i32 fd : {p[0], p[1], file}) (void)close(fd);
}

void exceptions() {
    i32 t[2];
    if (!tcp_pair(t)) return;
    const Result first = change(t[0], except, xnu::EV_ADD | xnu::EV_CLEAR, note_oob);
    if (first.err() == kernel::EINVAL && darwin_major < 16) {
        skip("the release has no EVFILT_EXCEPT", "bytes out of line");
    } else {
        ok(first.ok() && next() == 0, "EVFILT_EXCEPT: nothing yet");
        ok(change(t[0], sock, xnu::EV_ADD | xnu::EV_CLEAR, readclosed).ok() && next() == 0, "both filters on one socket");
        ok(send(t[1], "!", 1, MSG_OOB).raw == 1 && next(true) == 1 && event.filter == except && event.fflags == note_oob && event.data == 0, "a byte out of line");
        char c;
        ok(recv(t[0], &c, 1, MSG_OOB).raw == 1 && c == '!', "which is there");
        ok(change(t[0], except, xnu::EV_DELETE, 0).ok(), "the one is taken away");
        ok(shutdown(t[1], SHUT_WR).ok() && is(readclosed, 1), "the other goes on");
        i32 p[2];
        (void)pipe(p);
        fails(change(p[0], except, xnu::EV_ADD, note_oob), darwin_major < 17 ? kernel::EPERM : kernel::EINVAL, "of a pipe");
        for (const i32 fd : p) (void)close(fd);
    }
    for (const i32 fd : t) (void)close(fd);
}

void of_the_machine() {
    ok(change(0, xnu::EVFILT_FS, xnu::EV_ADD, 0).ok() && next() == 0, "EVFILT_FS: nothing is mounted");
    if (darwin_major < 13) return skip("the release has no such filter", "EVFILT_MEMORYSTATUS");
    ok(change(0, memorystatus, xnu::EV_ADD, 2).ok() && next() == 0, "EVFILT_MEMORYSTATUS: no pressure");
    ok(change(0, memorystatus, xnu::EV_DELETE, 0), "taken away");
    fails(change(1, memorystatus, xnu::EV_ADD, 0x40000000), kernel::ENOTSUP, "of an unknown kind: ENOTSUP");
    if (darwin_major >= 17) fails(change(0, xnu::EVFILT_VM, xnu::EV_ADD, 0x80000000), kernel::ENOTSUP, "EVFILT_VM is gone: ENOTSUP");
    else ok(change(0, xnu::EVFILT_VM, xnu::EV_ADD, 0x80000000).ok() && next() == 0, "EVFILT_VM: no pressure");
    fails(change(0, -3, xnu::EV_ADD, 0), kernel::ENOTSUP, "EVFILT_AIO cannot be added: ENOTSUP");
    fails(change(0, -30, xnu::EV_ADD, 0), kernel::EINVAL, "no such filter: EINVAL");
    fails(change(0, 0, xnu::EV_ADD, 0), kernel::EINVAL, "nor 0");
}

}  // namespace

int main() {
    print("TAP version 13\n");
    kq = number(syscall(362));
    if (darwin_major >= 13) of_tcp(), of_others(), exceptions();
    of_the_machine();
    return done();
}
