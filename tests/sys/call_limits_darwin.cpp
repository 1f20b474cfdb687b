// SPDX-License-Identifier: BSD-3-Clause
// Calls of several kinds at their limits: rooms that are just large enough, waits that must last, one thing too many (xnu-3248.60.10
// bsd/kern/kern_event.c, kern_time.c, kern_sig.c, uipc_syscalls.c, bsd/vfs/vfs_syscalls.c, vfs_xattr.c, kern_guarded.c).
#include "sys/darwin/event.h"
#include "sys/darwin/file_calls.h"
#include "sys/darwin/process.h"
#include "sys/net.h"
#include "sys/time.h"
#include "tests/sys/fs_tools.h"

namespace {

alignas(8) u8 room[8192];

// What sleeps for 20 ms does not come back before.
template <class F>
void lasts(F f, const char* what) {
    const i64 start = nanotime();
    const bool right = f();
    ok(right && nanotime() - start >= 20'000'000, what);
}

void waits() {
    const i32 kq = fd_of(syscall(xnu::SYS_kqueue));
    const i64 time[2] = {0, 20'000'000};
    lasts([&] { return syscall(363, kq, 0, 0, room, 1, time).raw == 0; }, "kevent waits for its time");
    const i32 wide = fd_of(syscall(xnu::SYS_kqueue));
    lasts([&] { return syscall(369, wide, 0, 0, room, 1, 0, time).raw == 0; }, "kevent64 too");
    (void)close(wide);
    struct {
        i32 fd;
        i16 events, revents;
    } none{-1, 1, 0};
    lasts([&] { return syscall(230, &none, 1, 20).raw == 0; }, "poll of nothing");
    const i64 part[2] = {0, 20'000};
    lasts([&] { return syscall(93, 0, 0, 0, 0, part).raw == 0; }, "select of nothing");
    xnu::kevent changes[3]{};
    for (u64 i = 0; i < 3; i++) changes[i] = {i, -10, 1, 0, 0, i};  // EVFILT_USER, EV_ADD
    const i64 now[2] = {0, 0};
    bool added = syscall(363, kq, changes, 3, 0, 0, now).ok();
    for (xnu::kevent& c : changes) c.flags = 0, c.fflags = 0x01000000;  // NOTE_TRIGGER
    added = added && syscall(363, kq, changes, 3, 0, 0, now).ok();
    ok(added && syscall(363, kq, 0, 0, room, 2, now).raw == 2, "no more events than there is room for");
    ok(syscall(363, kq, 0, 0, room, 4, now).raw == 3, "and all of them");
    (void)close(kq);
    const i64 timer[4] = {7, 123456, 100, 500000};
    i64 got[4] = {};
    const auto low = [](i64 v) { return v & 0xffffffff; };
    ok(syscall(83, 1, timer, 0).ok() && syscall(86, 1, got).ok() && got[0] == 7 && low(got[1]) / 10000 == 12 && (got[2] == 100 || got[2] == 99) && low(got[3]) < 1'000'000,
       "getitimer: the interval, and what is left");
    const i64 never[4] = {};
    i64 before[4] = {};
    ok(syscall(83, 1, never, before).ok() && before[0] == 7 && (before[2] == 100 || before[2] == 99), "setitimer tells what was");
}

void names() {
    make_file("file", "0123456789");
    (void)symlink("file", "soft");
    fails(syscall(58, "soft", room, u64{0x80000000}), xnu::EINVAL, "readlink into more than INT_MAX bytes: EINVAL");
    fails(syscall(473, xnu::AT_FDCWD, "soft", room, u64{0x80000000}), xnu::EINVAL, "readlinkat too");
    ok(syscall(58, "/tmp", room, 11).raw == 11 && syscall(58, "/tmp", room, 12).raw == 11 && memcmp(room, "private/tmp", 11) == 0, "a room that just suffices");
    fails(syscall(58, "/tmp", bad_pointer(), 11), xnu::EFAULT, "to nowhere: EFAULT");
    const i32 made = fd_of(open("made", O_RDWR | O_CREAT | 0x20000000, 0640));
    FileInfo s{};
    ok(made >= 0 && fstat(made, &s).ok() && (s.mode & 07777) == 0640, "O_NOFOLLOW_ANY makes a file with its permissions");
    xnu::statfs64 v{};
    const i32 held = fd_of(open("file", O_RDONLY));  // a file that is open is found
    (void)syscall(345, "file", &v), (void)stat("file", &s);
    const i64 n = syscall(427, room, 4096, v.f_fsid, s.ino).raw;
    ok(n > 0 && syscall(427, room, n, v.f_fsid, s.ino).raw == n, "fsgetpath: a room that just suffices");
    fails(syscall(427, room, n - 1, v.f_fsid, s.ino), xnu::ENOSPC, "a byte less: ENOSPC");
    fails(syscall(236, "file", "", room, 4, 0, 0), xnu::EINVAL, "setxattr without a name: EINVAL");
    fails(syscall(238, "file", "", 0), xnu::EINVAL, "removexattr too");
    fails(syscall(236, "file", "name", 0, 4, 0, 0), xnu::EINVAL, "setxattr of no value that has a size: EINVAL");
    fails(syscall(236, "file", "name", room, 4, 0, 6), xnu::EINVAL, "of one that must be there and must not: EINVAL");
    fails(syscall(236, "file", "name", room, 4, 1, 0), xnu::EINVAL, "from its second byte on: EINVAL");
    // access_extended: entries of 16 bytes, then the names.
    struct {
        struct {
            u32 name;
            i32 flags;
            i32 pad[2];
        } entries[2];
        char names[8];
    } a{{{32, 4, {}}, {0, 2, {}}}, "file"};
    i32 results[4] = {-1, -1, -1, -1};
    ok(syscall(284, &a, sizeof a, results, -1, -1).ok() && results[0] == 0 && results[1] == 0 && results[2] == -1, "access_extended: as many answers as entries");
    a.entries[1].name = sizeof a;
    fails(syscall(284, &a, sizeof a, results, -1, -1), xnu::EINVAL, "a name behind all that is given: EINVAL");
    if (root()) {
        ok(syscall(282, "file", -101, 12345, 0600, 0).ok() && stat("file", &s).ok() && s.gid == 12345 && s.uid == 0, "chmod_extended of a group alone");
        ok(syscall(282, "file", 12346, -101, 0600, 0).ok() && stat("file", &s).ok() && s.gid == 12345 && s.uid == 12346, "and of a user alone");
    } else {
        skip("for the superuser", "chmod_extended of a group alone"), skip("for the superuser", "and of a user alone");
    }
    (void)close(made), (void)close(held);
}

void descriptors() {
    const u64 guard = 9, other = 8;
    const i32 fd = fd_of(sys_guarded_open_np("file", &guard, 2, O_RDWR | xnu::O_CLOEXEC, 0));
    fails(sys_change_fdguard_np(fd, &other, 2, nullptr, 0, nullptr), xnu::EPERM, "no guard goes by the wrong word: EPERM");
    fails(sys_change_fdguard_np(fd, &guard, 3, nullptr, 0, nullptr), xnu::EPERM, "nor by the wrong prohibitions");
    ok(sys_guarded_close_np(fd, &guard), "it is still there");
    const i32 file = fd_of(open("file", O_RDONLY)), datagram = fd_of(socket(AF_UNIX, SOCK_DGRAM));
    i32 pair[2] = {-1, -1};
    (void)socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    i64 bytes = 4;
    fails(syscall(337, file, datagram, 0, &bytes, 0, 0), xnu::EINVAL, "sendfile to datagrams: EINVAL");
    ok(syscall(337, file, pair[0], 2, &bytes, 0, 0).ok() && bytes == 4 && read(pair[1], room, 64).raw == 4 && memcmp(room, "2345", 4) == 0, "sendfile: so many bytes from there");
    bytes = 0;
    ok(syscall(337, file, pair[0], 3, &bytes, 0, 0).ok() && bytes == 7 && read(pair[1], room, 64).raw == 7 && memcmp(room, "3456789", 7) == 0, "all that there are");
    fails(syscall(29, pair[0], room, 8, 0x81, 0, 0), xnu::EOPNOTSUPP, "MSG_OOB from AF_UNIX: EOPNOTSUPP");
    const i32 udp = fd_of(socket(AF_INET, SOCK_DGRAM));
    fails(syscall(29, udp, room, 8, 0x81, 0, 0), xnu::EOPNOTSUPP, "from UDP too");
    iovec part{room, 1};
    xnu::msghdr urgent{nullptr, 0, &part, 1, nullptr, 0, 0};
    fails(syscall(27, pair[0], &urgent, 0x81), xnu::EOPNOTSUPP, "and by recvmsg");
    fails(syscall(28, pair[0], &urgent, 1), xnu::EOPNOTSUPP, "nor is any sent there");
    struct {
        u32 length;
        i32 level;
    } little{8, 0xffff};
    const xnu::msghdr m{nullptr, 0, &part, 1, &little, 8, 0};
    fails(syscall(28, pair[0], &m, 0), xnu::EINVAL, "a control message that is less than its head: EINVAL");
    fails(syscall(96, 0, u64{0x80000000}, 0), xnu::EINVAL, "setpriority of a process that cannot be: EINVAL");
    for (const i32 n : {file, datagram, udp, pair[0], pair[1]}) (void)close(n);
}

}  // namespace

int main() {
    print("TAP version 13\n");
    Workplace here;
    waits(), names(), descriptors();
    return done();
}
