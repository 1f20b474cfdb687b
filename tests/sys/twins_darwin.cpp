// SPDX-License-Identifier: BSD-3-Clause
// The _nocancel twins: what they do, and one thing that they refuse. They are their elders but for pthread_cancel (threads and
// cancellation: tests/sys/threads.cpp). By number: the library calls none of them.
#include "sys/darwin/file_calls.h"
#include "sys/darwin/ipc.h"
#include "sys/darwin/semaphore.h"
#include "sys/darwin/mach.h"
#include "sys/net.h"
#include "sys/signals.h"
#include "tests/sys/fs_tools.h"

namespace {

enum : u32 { read_ = 396, write_, open_, close_, wait4_, recvmsg_, sendmsg_, recvfrom_, accept_, msync_, fcntl_, select_, fsync_, connect_, sigsuspend_,
             readv_, writev_, sendto_, pread_, pwrite_, waitid_, poll_, msgsnd_, msgrcv_, sem_wait_, aio_suspend_, sigwait_, semwait_signal_,
             pselect_ = 395, openat_ = 464, preadv_ = 542, pwritev_ = 543 };
static_assert(semwait_signal_ == 423);

struct Vector {
    void* base;
    u64 size;
};
struct Header {
    void* name;
    u32 name_size, pad;
    Vector* vectors;
    i32 count, pad2;
    void* control;
    u32 control_size, flags;
};
char room[64];

void files() {
    const i32 fd = fd_of(syscall(open_, "data", 0x202, 0600));
    ok(fd >= 0 && syscall(write_, fd, "hello, you", 10).raw == 10 && syscall(pread_, fd, room, 5, 7).raw == 3 && memcmp(room, "you", 3) == 0,
       "open, write, pread");
    ok(syscall(pwrite_, fd, "H", 1, 0).raw == 1 && sys_lseek(fd, 0, 0).ok() && syscall(read_, fd, room, 64).raw == 10 && room[0] == 'H', "pwrite, read");
    Vector v[2] = {{room, 2}, {room + 10, 3}}, w[2] = {{room, 5}, {room, 5}};
    ok(sys_lseek(fd, 5, 0).ok() && syscall(readv_, fd, v, 2).raw == 5 && memcmp(room, ", ", 2) == 0 && memcmp(room + 10, "you", 3) == 0, "readv");
    ok(syscall(preadv_, fd, v, 2, 1).raw == 5 && memcmp(room, "el", 2) == 0 && memcmp(room + 10, "lo,", 3) == 0, "preadv");
    memcpy(room, "abcde", 5);
    ok(syscall(writev_, fd, w, 2).raw == 10 && syscall(pwritev_, fd, w, 1, 0).raw == 5 && syscall(pread_, fd, room, 20, 0).raw == 20 &&
           memcmp(room, "abcde, youabcdeabcde", 20) == 0, "writev, pwritev");
    const i32 folder = fd_of(open(".", O_RDONLY | O_DIRECTORY)), again = fd_of(syscall(openat_, folder, "data", 0, 0));
    ok(again > folder && syscall(fcntl_, again, 2, 1).ok() && syscall(fcntl_, again, 1).raw == 1, "openat, fcntl");
    fails(syscall(write_, again, "x", 1), xnu::EBADF, "for reading alone");
    fails(syscall(open_, "data", 3, 0), xnu::EINVAL, "open in no known way");
    ok(syscall(fsync_, fd).ok() && syscall(close_, again).ok(), "fsync, close");
    fails(syscall(close_, again), xnu::EBADF, "once");
    for (const u32 number : {read_, write_}) fails(syscall(number, fd, room, 0x80000000), xnu::EINVAL, "more than INT_MAX bytes");
    for (const u32 number : {pread_, pwrite_}) fails(syscall(number, fd, room, 0x80000000, 0), xnu::EINVAL, "at a place, too");
    for (const u32 number : {readv_, writev_}) {
        fails(syscall(number, fd, v, 0), xnu::EINVAL, "no vector");
        fails(syscall(number, fd, v, 1025), xnu::EINVAL, "more than 1,024");
    }
    for (const u32 number : {u32{preadv_}, u32{pwritev_}, 540u, 541u}) {
        fails(syscall(number, fd, v, 0, 0), xnu::EINVAL, "no vector at a place");
        fails(syscall(number, fd, v, 1025, 0), xnu::EINVAL, "more than 1,024");
        fails(syscall(number, fd, v, 1, -1), xnu::EINVAL, "a negative place");
    }
    memcpy(room, "12345", 5);
    ok(syscall(541, fd, w, 1, 20).raw == 5 && syscall(540, fd, v, 2, 20).raw == 5 && memcmp(room, "12", 2) == 0 && memcmp(room + 10, "345", 3) == 0,
       "pwritev, preadv");
    u8* page = reinterpret_cast<u8*>(syscall(xnu::SYS_mmap, 0, 4096, 3, 1, fd, 0).raw);
    page[0] = 'M';
    ok(syscall(msync_, page, 4096, 0x10).ok() && syscall(pread_, fd, room, 1, 0).raw == 1 && room[0] == 'M', "msync");
    fails(syscall(msync_, page, 4096, 0x11), xnu::EINVAL, "in both ways");
    (void)close(fd), (void)close(folder);
}

void sockets() {
    i32 pair[2] = {-1, -1};
    (void)socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    Vector v{room, 8};
    Header m{nullptr, 0, 0, &v, 1, 0, nullptr, 0, 0};
    memcpy(room, "message.", 8);
    ok(syscall(sendmsg_, pair[0], &m, 0).raw == 8 && syscall(recvmsg_, pair[1], &m, 0).raw == 8 && memcmp(room, "message.", 8) == 0, "sendmsg, recvmsg");
    ok(syscall(sendto_, pair[0], "data", 4, 0, 0, 0).raw == 4 && syscall(recvfrom_, pair[1], room, 8, 0, 0, 0).raw == 4, "sendto, recvfrom");
    fails(syscall(recvfrom_, pair[1], room, 8, 0x80, 0, 0), xnu::EAGAIN, "nothing there, and MSG_DONTWAIT");
    fails(syscall(recvmsg_, pair[1], &m, 0x80), xnu::EAGAIN, "recvmsg too");
    struct {
        i32 fd;
        i16 events, revents;
    } p{pair[0], 4, 0};
    ok(syscall(poll_, &p, 1, -1).raw == 1 && p.revents == 4, "poll");
    p.events = 1;
    ok(syscall(poll_, &p, 1, 0).raw == 0 && p.revents == 0, "and nothing");
    u32 in[32] = {}, out[32] = {};
    in[pair[0] / 32] = out[pair[0] / 32] = 1u << pair[0] % 32;
    ok(syscall(select_, pair[0] + 1, in, out, 0, 0).raw == 1 && !in[pair[0] / 32] && out[pair[0] / 32], "select");
    ok(syscall(pselect_, pair[0] + 1, in, out, 0, 0, 0).raw == 1, "pselect");
    fails(syscall(select_, -1, 0, 0, 0, 0), xnu::EINVAL, "a negative number of descriptors");
    fails(syscall(pselect_, -1, 0, 0, 0, 0, 0), xnu::EINVAL, "pselect too");
    fails(syscall(poll_, &p, 0x7fffffff, 0), xnu::EINVAL, "more than there may be");
    const i32 listening = fd_of(socket(AF_INET, SOCK_STREAM)), one = fd_of(socket(AF_INET, SOCK_STREAM));
    u8 name[16] = {16, 2, 0, 0, 127, 0, 0, 1}, from[16] = {};
    u32 size = 16;
    ok(sys_bind(listening, name, 16).ok() && sys_listen(listening, 1).ok() && sys_getsockname(listening, name, &size).ok() &&
           syscall(connect_, one, name, 16).ok(), "connect");
    size = 16;
    const i32 other = fd_of(syscall(accept_, listening, from, &size));
    ok(other >= 0 && size == 16 && from[0] == 16 && from[1] == 2 && from[4] == 127, "accept");
    fails(syscall(connect_, one, name, 16), xnu::EISCONN, "connect again");
    fails(syscall(accept_, one, 0, 0), xnu::EINVAL, "accept on one that does not listen");
    for (const i32 fd : {pair[0], pair[1], listening, one, other}) (void)close(fd);
}

void waits() {
    const i32 child = start_child([] { return 7; });
    u8 info[104] = {};
    ok(syscall(waitid_, 1, child, info, 0x24).ok() && info[12] == child % 256, "waitid leaves it");
    i32 status = 0;
    ok(syscall(wait4_, child, &status, 0, 0).raw == child && status == 7 << 8, "wait4 takes it");
    fails(syscall(wait4_, child, &status, 0, 0), xnu::ECHILD, "once");
    fails(syscall(waitid_, 1, child, info, 4), xnu::ECHILD, "waitid: not a child");
    fails(syscall(waitid_, 1, child, info, 0), xnu::EINVAL, "nothing to wait for");
    const i32 none_such = syscall(wait4_, static_cast<i32>(0x80000000), &status, 0, 0).err();
    ok(none_such == xnu::EINVAL || none_such == xnu::ECHILD, "INT_MIN: EINVAL from xnu-8792 on, nobody's child before");

    const u32 usr1 = 1u << (xnu::SIGUSR1 - 1);
    u32 old = 0;
    (void)syscall(xnu::SYS_sigprocmask, 1, &usr1, &old);
    (void)syscall(xnu::SYS_kill, getpid(), xnu::SIGUSR1, 1);
    i32 got = 0;
    ok(syscall(sigwait_, &usr1, &got).ok() && got == xnu::SIGUSR1, "__sigwait");
    const u32 none = 0;
    fails(syscall(sigwait_, &none, &got), xnu::EINVAL, "for nothing");
    fails(syscall(sigwait_, bad_pointer(), &got), xnu::EFAULT, "from nowhere");
    (void)signal_handle(xnu::SIGUSR2, [](i32, SignalInfo*, SignalContext*) {});
    const i32 waker = start_child([] {
        const i32 parent = static_cast<i32>(getppid());
        for (;;)
            if (syscall(xnu::SYS_kill, parent, xnu::SIGUSR2, 1).failed() || syscall(93, 0, 0, 0, 0, "\0\0\0\0\0\0\0\0\x10\x27\0\0\0\0\0").failed()) return 0;
    });
    fails(syscall(sigsuspend_, 0), xnu::EINTR, "sigsuspend");
    (void)syscall(xnu::SYS_kill, waker, xnu::SIGKILL, 1), (void)end_of_child(waker);
}

void semaphores() {
    xnu::mach_port_t a = 0, b = 0;
    ok(semaphore_create(mach_task_self(), &a, SYNC_POLICY_FIFO, 3) == 0 && semaphore_create(mach_task_self(), &b, SYNC_POLICY_FIFO, 0) == 0, "two semaphores");
    for (const u32 number : {334u, u32{semwait_signal_}}) {
        ok(syscall(number, a, 0, 0, 0, i64{0}, 0), "__semwait_signal takes one");
        fails(syscall(number, b, 0, 1, 1, i64{0}, 1000000), xnu::ETIMEDOUT, "none, for a millisecond");
        fails(syscall(number, b, 0, 1, 0, i64{1}, 0), xnu::ETIMEDOUT, "until a time that is past");
        fails(syscall(number, a, b, 1, 1, i64{0}, 1000000000), xnu::EINVAL, "a second of nanoseconds");
        fails(syscall(number, 0x7ffffff3, 0, 0, 0, i64{0}, 0), xnu::EINVAL, "no semaphore");
        // It signals the second before it waits for the first: here for the same.
        ok(syscall(number, b, b, 1, 1, i64{60}, 0), "signals, then waits");
        fails(syscall(number, b, b, 1, 1, i64{1} << 32, 0), xnu::EINTR, "a time of more than 32 bits: what it got is EINTR");
    }
    ok(semaphore_destroy(mach_task_self(), a) == 0 && semaphore_destroy(mach_task_self(), b) == 0, "gone");
}

void queues() {
    const Result r = sys_msgget(0, 0x380 | 0x200);
    if (r.failed()) {
        skip("no System V messages", "msgsnd, msgrcv");
    } else {
        const i32 id = static_cast<i32>(r.raw);
        struct {
            i64 type;
            char text[8];
        } m{2, "text"}, got{};
        ok(syscall(msgsnd_, id, &m, 5, 0).ok() && syscall(msgrcv_, id, &got, 8, 0, 0).raw == 5 && got.type == 2 && str_eq(got.text, "text"), "msgsnd, msgrcv");
        fails(syscall(msgrcv_, id, &got, 8, 0, 0x800), xnu::ENOMSG, "none, and IPC_NOWAIT");
        m.type = 0;
        fails(syscall(msgsnd_, id, &m, 5, 0), xnu::EINVAL, "of no type");
        fails(syscall(msgsnd_, id, bad_pointer(), 5, 0), xnu::EFAULT, "from nowhere");
        (void)sys_msgctl(id, 0, nullptr);
        fails(syscall(msgrcv_, id, &got, 8, 0, 0), xnu::EINVAL, "of a queue that is gone");
    }
    char name[24] = "/twins-";
    u64 pid = static_cast<u64>(getpid());
    for (u32 n = 7; pid; pid /= 10) name[n++] = static_cast<char>('0' + pid % 10);
    const Result s = sys_sem_open(name, 0x200 | 0x800, 0600, 1);
    ok(s.ok() && syscall(sem_wait_, s.raw).ok() && sys_sem_trywait(reinterpret_cast<void*>(s.raw)).err() == xnu::EAGAIN, "sem_wait");
    (void)sys_sem_unlink(name), (void)sys_sem_close(reinterpret_cast<void*>(s.raw));
    fails(syscall(sem_wait_, s.raw), xnu::EBADF, "of one that is closed");
}

}  // namespace

int main() {
    print("TAP version 13\n");
    Workplace here;
    files(), sockets(), waits(), semaphores(), queues();
    return done();
}
