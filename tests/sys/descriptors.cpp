// SPDX-License-Identifier: BSD-3-Clause
// Descriptors as such: copies, pipes, flags, locks.
#include "tests/sys/fs_tools.h"

static bool close_on_exec(i32 fd) { return (fcntl(fd, kernel::F_GETFD).value() & kernel::FD_CLOEXEC) != 0; }

static void copies() {
    const i32 fd = fd_of(open("file", O_RDWR | O_CREAT));
    Result r = dup(fd);
    ok(r.ok() && r.value() > fd, "dup is another number");
    const i32 copy = fd_of(r);
    ok(write(fd, "ab", 2).ok() && lseek(copy, 0, SEEK_CUR).raw == 2, "with the same offset");
    ok(!close_on_exec(copy), "and stays over exec");
    r = dup(fd, O_CLOEXEC);
    ok(r.ok() && close_on_exec(fd_of(r)) && close(fd_of(r)).ok(), "unless told");
    ok(dup2(fd, copy + 5).raw == copy + 5 && lseek(copy + 5, 0, SEEK_CUR).raw == 2 && !close_on_exec(copy + 5), "dup2 to a number");
    ok(dup2(fd, copy + 5, O_CLOEXEC).raw == copy + 5 && close_on_exec(copy + 5), "which may be taken");
    ok(dup2(fd, fd).raw == fd && lseek(fd, 0, SEEK_CUR).raw == 2, "dup2 to itself");
    fails(dup(-1), kernel::EBADF, "heritage 21: dup");
    fails(dup(999), kernel::EBADF, "of what is closed");
    fails(dup(fd, 1 << 30), kernel::EINVAL, "unknown flags");
    fails(dup2(-1, 5), kernel::EBADF, "heritage 21: dup2");
    fails(dup2(999, 999), kernel::EBADF, "of a closed number to itself");
    fails(dup2(fd, -1), kernel::EBADF, "to no number");
    fails(dup2(fd, copy + 5, 1 << 30), kernel::EINVAL, "unknown flags");
    ok(set_close_on_exec(copy, true).ok() && close_on_exec(copy) && set_close_on_exec(copy, false).ok() && !close_on_exec(copy),
       "the flag can be set and cleared");
    fails(set_close_on_exec(-1, true), kernel::EBADF, "not of nothing");
    (void)close(copy + 5);
    (void)close(copy);
    (void)close(fd);
}

static void pipes() {
    i32 p[2];
    ok(pipe(p), "a pipe");
    char at[8] = {};
    ok(write(p[1], "abc", 3).raw == 3 && read(p[0], at, 8).raw == 3 && memcmp(at, "abc", 3) == 0, "what goes in comes out");
    ok(!close_on_exec(p[0]) && !close_on_exec(p[1]), "it stays over exec");
    ok(set_nonblocking(p[0], true), "without waiting");
    fails(read(p[0], at, 8), kernel::EAGAIN, "an empty one is EAGAIN");
    ok(set_nonblocking(p[0], false).ok() && (fcntl(p[0], kernel::F_GETFL).value() & O_NONBLOCK) == 0, "and back");
    fails(set_nonblocking(-1, true), kernel::EBADF, "not of nothing");
    i32 waiting = -1;
    ok(write(p[1], "abcd", 4).raw == 4 && ioctl(p[0], kernel::FIONREAD, &waiting).ok() && waiting == 4, "FIONREAD counts");
    fails(ioctl(p[0], kernel::FIONREAD, bad_pointer()), kernel::EFAULT, "but not to nowhere");
    ok(close(p[1]).ok() && read(p[0], at, 8).raw == 4 && read(p[0], at, 8).raw == 0, "the end is the end of the file");
    (void)close(p[0]);
    ok(pipe(p, O_CLOEXEC | O_NONBLOCK), "with both flags");
    ok(close_on_exec(p[0]) && close_on_exec(p[1]) && (fcntl(p[1], kernel::F_GETFL).value() & O_NONBLOCK), "they are set");
    fails(read(p[0], at, 8), kernel::EAGAIN, "EAGAIN");
    static char much[4096];
    Result r{};
    usize total = 0;
    for (int i = 0; i < 1024 && (r = write(p[1], much, sizeof much)).ok(); i++) total += static_cast<usize>(r.value());
    fails(r, kernel::EAGAIN, "a full one is EAGAIN");
    ok(total >= 4096, "after a page at least");
    (void)close(p[0]);
    (void)close(p[1]);
}

static void file_locks() {
    const i32 a = fd_of(open("lock", O_RDWR | O_CREAT)), b = fd_of(open("lock", O_RDWR));
    ok(flock(a, LOCK_SH), "shared");
    ok(flock(b, LOCK_SH | LOCK_NB), "by two");
    fails(flock(a, LOCK_EX | LOCK_NB), kernel::EWOULDBLOCK, "so not exclusive");
    ok(flock(b, LOCK_UN).ok() && flock(a, LOCK_EX | LOCK_NB).ok(), "unless alone");
    fails(flock(b, LOCK_SH | LOCK_NB), kernel::EWOULDBLOCK, "then not shared");
    ok(close(a).ok() && flock(b, LOCK_EX).ok(), "close gives it up");
    fails(flock(-1, LOCK_SH), kernel::EBADF, "heritage 21: flock");
    fails(flock(b, 0), either(kernel::EINVAL, kernel::EBADF), "of no kind");
    (void)close(b);
}

static FileLock region(i16 type, i64 start, i64 length) {
    FileLock l{};
    l.l_type = type;
    l.l_whence = SEEK_SET;
    l.l_start = start;
    l.l_len = length;
    return l;
}

static void record_locks() {
    const i32 fd = fd_of(open("records", O_RDWR | O_CREAT));
    FileLock l = region(F_WRLCK, 10, 5);
    ok(set_lock(fd, &l), "five bytes to write");
    l = region(F_RDLCK, 100, 0);
    ok(set_lock(fd, &l), "and the rest to read");
    l = region(F_WRLCK, 0, 0);
    ok(get_lock(fd, &l).ok() && l.l_type == F_UNLCK, "nobody else is in the way");
    const i32 parent = static_cast<i32>(sys_getpid().raw);
    ok(in_child([=] {
           const i32 mine = fd_of(open("records", O_RDWR));
           FileLock c = region(F_WRLCK, 0, 50);
           if (get_lock(mine, &c).failed() || c.l_type != F_WRLCK || c.l_start != 10 || c.l_len != 5 || c.l_pid != parent) return 1;
           c = region(F_RDLCK, 12, 1);
           if (set_lock(mine, &c).err() != kernel::EAGAIN) return 2;
           c = region(F_RDLCK, 200, 1);
           if (set_lock(mine, &c).failed()) return 3;
           c = region(F_WRLCK, 200, 1);
           if (set_lock(mine, &c).err() != kernel::EAGAIN) return 4;
           c = region(F_WRLCK, 15, 1);
           return set_lock(mine, &c).ok() ? 0 : 5;
       }) == 0,
       "another process sees who holds what, and gets what is free");
    l = region(F_UNLCK, 0, 0);
    ok(set_lock(fd, &l), "all given up");
    ok(in_child([=] {
           FileLock c = region(F_WRLCK, 0, 0);
           return set_lock(fd, &c).ok() ? 0 : 1;
       }) == 0,
       "a child inherits the descriptor, not the lock");

    // Each holds one byte and waits for the other's: one of them is told, gives up, and the other goes on.
    i32 ready[2], go_on[2];
    (void)pipe(ready);
    (void)pipe(go_on);
    l = region(F_WRLCK, 0, 1);
    (void)set_lock(fd, &l);
    const i32 child = start_child([=] {
        FileLock c = region(F_WRLCK, 1, 1);
        if (set_lock(fd, &c).failed() || write(ready[1], "x", 1).failed()) return 2;
        c = region(F_WRLCK, 0, 1);
        const Result r = wait_lock(fd, &c);
        return r.err() == kernel::EDEADLK ? 1 : r.ok() ? 0 : 3;
    });
    char x;
    (void)read(ready[0], &x, 1);
    l = region(F_WRLCK, 1, 1);
    const Result r = wait_lock(fd, &l);
    l = region(F_UNLCK, 0, 0);
    (void)set_lock(fd, &l);
    const i32 told = end_of_child(child);
    ok((r.ok() && told == 1) || (r.err() == kernel::EDEADLK && told == 0), "who would wait for ever is told: EDEADLK");

    l = region(F_WRLCK, 0, 1);
    fails(set_lock(-1, &l), kernel::EBADF, "heritage 21: a lock of nothing");
    const i32 in = fd_of(open("records", O_RDONLY));
    fails(set_lock(in, &l), kernel::EBADF, "to write, of what is open for reading");
    fails(set_lock(fd, reinterpret_cast<FileLock*>(bad_pointer())), kernel::EFAULT, "no lock");
    l.l_type = 77;
    fails(set_lock(fd, &l), kernel::EINVAL, "of no kind");
    l = region(F_WRLCK, 0, 1);
    l.l_whence = 9;
    fails(set_lock(fd, &l), kernel::EINVAL, "from nowhere");
    (void)close(in);
    (void)close(fd);
}

int main() {
    print("TAP version 13\n");
    Workplace here;
    copies();
    pipes();
    file_locks();
    record_locks();
    return done();
}
