// SPDX-License-Identifier: BSD-3-Clause
// What only Darwin's files do: layouts of both stats, F_GETPATH and its kin, records of directories.
#include "sys/darwin/file.h"
#include "sys/time.h"
#include "tests/sys/fs_tools.h"

static void layouts() {
    make_file("file", "12345");
    struct {
        xnu::stat64 s;
        u64 guard = 0x1122334455667788;
    } w{};
    struct {
        xnu::stat s;
        u64 guard = 0x1122334455667788;
    } n{};
    ok(sys_stat64("file", &w.s).ok() && sys_stat("file", &n.s).ok(), "both stats");
    ok(w.guard == 0x1122334455667788 && n.guard == 0x1122334455667788, "heritage 16: neither writes behind its end");
    ok(w.s.st_size == 5 && n.s.st_size == 5 && w.s.st_mode == n.s.st_mode && (w.s.st_mode & S_IFMT) == S_IFREG, "say the same");
    ok(static_cast<u32>(w.s.st_ino) == n.s.st_ino && w.s.st_nlink == 1 && n.s.st_nlink == 1, "the narrow one cuts the number");
    ok(w.s.st_mtim.tv_sec == n.s.st_mtim.tv_sec && w.s.st_mtim.tv_nsec == n.s.st_mtim.tv_nsec && w.s.st_mtim.tv_nsec < 1'000'000'000, "times too");
    const i32 fd = fd_of(open("file", O_RDONLY));
    xnu::stat64 f{}, l{};
    ok(sys_fstat64(fd, &f).ok() && sys_lstat64("file", &l).ok() && f.st_ino == w.s.st_ino && l.st_ino == w.s.st_ino, "by descriptor and as a link");
    fails(sys_stat64("file", reinterpret_cast<xnu::stat64*>(bad_pointer())), xnu::EFAULT, "to nowhere");
    fails(sys_fstat64(fd, reinterpret_cast<xnu::stat64*>(bad_pointer())), xnu::EFAULT, "by descriptor too");

    xnu::timeval t{-1, -1, -1};
    const Result2 r = syscall2(xnu::SYS_gettimeofday, &t, nullptr, nullptr);
    const i64 usec = t.tv_sec == -1 ? r.second : t.tv_usec;
    ok(r.ok() && usec >= 0 && usec < 1'000'000, "heritage 16: microseconds are 32 bits, whichever way they come");
    (void)close(fd);
}

static void commands() {
    const i32 fd = fd_of(open("file", O_RDWR));
    char path[xnu::MAXPATHLEN], cwd[xnu::MAXPATHLEN];
    ok(xnu::path_of(fd, path).ok() && getcwd(cwd, sizeof cwd).ok(), "F_GETPATH");
    const usize n = str_len(cwd);
    ok(memcmp(path, cwd, n) == 0 && str_eq(path + n, "/file"), "is the whole path");
    (void)rename("file", "moved");
    ok(xnu::path_of(fd, path).ok() && str_eq(path + n, "/moved"), "as it is now");
    fails(xnu::path_of(fd, bad_pointer()), xnu::EFAULT, "to nowhere");
    fails(xnu::path_of(-1, path), xnu::EBADF, "of nothing");
    ok(xnu::full_fsync(fd), "F_FULLFSYNC");
    ok(xnu::set_no_cache(fd, true).ok() && xnu::set_no_cache(fd, false).ok(), "F_NOCACHE");
    ok(fcntl(fd, xnu::F_RDAHEAD, 1), "F_RDAHEAD");
    i32 p[2];
    (void)pipe(p);
    fails(xnu::path_of(p[0], path), xnu::EBADF, "a pipe has no path");
    fails(xnu::full_fsync(p[0]), xnu::EBADF, "nor a disk");
    fails(xnu::set_no_cache(p[0], true), xnu::EBADF, "nor a cache");
    FileLock l{};
    l.l_type = F_WRLCK;
    fails(set_lock(p[1], &l), xnu::EBADF, "nor locks");
    fails(flock(p[1], LOCK_EX), xnu::ENOTSUP, "of either kind");
    fails(fsync(p[1]), xnu::ENOTSUP, "nor anything to write back");
    (void)close(p[0]);
    (void)close(p[1]);
    (void)close(fd);
}

static void records() {
    (void)mkdir("dir");
    for (const char* name : {"dir/a", "dir/bb", "dir/ccc", "dir/dddddddddd"}) make_file(name);
    const i32 fd = fd_of(open("dir", O_RDONLY));
    alignas(8) static u8 buffer[4096];
    i64 start = -1;
    Result r = sys_getdirentries64(fd, buffer, sizeof buffer, &start);
    ok(r.ok() && start == 0, "getdirentries64 says where it began");
    int entries = 0;
    bool whole = true;
    for (i64 at = 0; at < r.raw;) {
        const auto* d = reinterpret_cast<const xnu::dirent*>(buffer + at);
        whole = whole && d->d_reclen >= 21 + d->d_namlen + 1 && d->d_reclen % 4 == 0 && d->d_name[d->d_namlen] == 0 && d->d_ino;
        entries++;
        at += d->d_reclen;
    }
    ok(whole && entries == 6, "six records, each with its name's length and a NUL, padded to words");
    ok(sys_getdirentries64(fd, buffer, sizeof buffer, &start).raw == 0 && start != 0, "then the end, which is elsewhere");
    (void)lseek(fd, 0, SEEK_SET);
    int all = 0, calls = 0;
    while ((r = sys_getdirentries64(fd, buffer, 64, &start)).value() > 0 && calls++ < 100)
        for (i64 at = 0; at < r.raw; at += reinterpret_cast<const xnu::dirent*>(buffer + at)->d_reclen) all++;
    ok(r.raw == 0 && all == 6 && calls > 1, "a small buffer takes more calls");
    (void)lseek(fd, 0, SEEK_SET);
    fails(sys_getdirentries64(fd, bad_pointer(), 4096, &start), xnu::EFAULT, "to nowhere");
    fails(sys_getdirentries64(fd, buffer, sizeof buffer, reinterpret_cast<i64*>(bad_pointer())), xnu::EFAULT, "nor the place");
    (void)close(fd);
}

int main() {
    print("TAP version 13\n");
    Workplace here;
    layouts();
    commands();
    records();
    return done();
}
