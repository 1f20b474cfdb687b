// SPDX-License-Identifier: BSD-3-Clause
// What a file is: every field of FileInfo, and the calls that change it.
#include "sys/time.h"
#include "tests/sys/fs_tools.h"

constexpr i64 second = 1'000'000'000;

static void fields() {
    const i64 before = walltime() - 2 * second;
    make_file("file", "0123456789");
    const i64 after = walltime() + 2 * second;
    FileInfo a{}, b{}, dir{};
    const i32 fd = fd_of(open("file", O_RDWR));
    ok(stat("file", &a).ok() && fstat(fd, &b).ok(), "by path and by descriptor");
    ok(a.ino == b.ino && a.dev == b.dev && a.size == b.size && a.mode == b.mode && a.mtime == b.mtime && a.ino != 0, "are the same");
    ok(a.size == 10 && (a.mode & S_IFMT) == S_IFREG && (a.mode & 07777) == 0644 && a.nlink == 1, "size, kind, permissions, names");
    ok(a.uid == sys_geteuid().raw && a.block_size >= 512, "whose it is, and its blocks");
    ok(a.mtime >= before && a.mtime <= after && a.ctime >= before && a.ctime <= after && a.atime >= before, "times are now");
    ok(a.birth == no_time || (a.birth >= before && a.birth <= after), "born now, if that is known");
    ok(stat(".", &dir).ok() && (dir.mode & S_IFMT) == S_IFDIR && dir.dev == a.dev && dir.nlink >= 1, "on the directory's filesystem");
    ok(pwrite(fd, "x", 1, 1 << 20).raw == 1 && fsync(fd).ok() && stat("file", &b).ok() && b.size == (1 << 20) + 1, "it grows");
    ok(b.blocks >= 1 && b.blocks * 512 < b.size + (4 << 20), "blocks are of 512 bytes");
    FileInfo null{};
    ok(stat("/dev/null", &null).ok() && (null.mode & S_IFMT) == S_IFCHR && null.rdev != 0, "a device has a number");
    ok(stat("/dev/zero", &b).ok() && b.rdev != null.rdev, "of its own");
    i32 p[2];
    ok(pipe(p).ok() && fstat(p[0], &b).ok() && (b.mode & S_IFMT) == S_IFIFO, "a pipe is a fifo");
    fails(stat("missing", &b), kernel::ENOENT, "heritage 21: stat");
    fails(lstat("missing", &b), kernel::ENOENT, "heritage 21: lstat");
    fails(stat("", &b), kernel::ENOENT, "of no name");
    fails(stat("file/x", &b), kernel::ENOTDIR, "below a file");
    fails(stat(bad_pointer(), &b), kernel::EFAULT, "of nothing");
    fails(fstat(999, &b), kernel::EBADF, "heritage 21: fstat");
    fails(fstat(kernel::AT_FDCWD, &b), kernel::EBADF, "AT_FDCWD is no descriptor");
    (void)close(p[0]);
    (void)close(p[1]);
    (void)close(fd);
}

static u32 mode_of(const char* path) {
    FileInfo info{};
    (void)lstat(path, &info);
    return info.mode & 07777;
}

static void modes() {
    const i32 fd = fd_of(open("file", O_RDWR));
    ok(chmod("file", 0604).ok() && mode_of("file") == 0604, "chmod");
    ok(fchmod(fd, 0751).ok() && mode_of("file") == 0751, "fchmod");
    (void)mkdir("sticky");
    ok(chmod("sticky", 01777).ok() && mode_of("sticky") == 01777, "the sticky bit");
    ok(umask(027).raw == 022 && umask(027).raw == 027, "umask gives the old one");
    (void)close(fd_of(open("masked", O_RDWR | O_CREAT, 0777)));
    ok(mode_of("masked") == 0750 && mkdir("masked2").ok() && mode_of("masked2") == 0750, "and takes from what is made");
    (void)umask(022);
    fails(chmod("missing", 0), kernel::ENOENT, "heritage 21: chmod");
    fails(chmod(bad_pointer(), 0), kernel::EFAULT, "of nothing");
    fails(fchmod(-1, 0), kernel::EBADF, "heritage 21: fchmod");
    const u32 uid = static_cast<u32>(sys_geteuid().raw);
    ok(chown("file", ~0u, ~0u).ok() && fchown(fd, uid, ~0u).ok() && lchown("file", uid, ~0u).ok(), "chown to the same");
    fails(chown("missing", ~0u, ~0u), kernel::ENOENT, "heritage 21: chown");
    fails(lchown("missing", ~0u, ~0u), kernel::ENOENT, "heritage 21: lchown");
    fails(fchown(-1, ~0u, ~0u), kernel::EBADF, "heritage 21: fchown");
    FileInfo info{};
    if (root()) {
        ok(chown("file", 12, 34).ok() && stat("file", &info).ok() && info.uid == 12 && info.gid == 34, "root gives files away");
        (void)symlink("file", "soft");
        ok(lchown("soft", 56, 78).ok() && lstat("soft", &info).ok() && info.uid == 56 && stat("soft", &info).ok() && info.uid == 12,
           "links too");
    } else {
        fails(chown("file", uid + 1, ~0u), kernel::EPERM, "files cannot be given away");
        skip("only root may", "links");
    }
    (void)close(fd);
}

static void times() {
    FileInfo info{};
    constexpr i64 then = 1'234'567'890 * second + 123'456'789, later = 1'300'000'000 * second + 999'999'999;
    constexpr i64 unit = darwin ? 1000 : 1;
    ok(set_times("file", then, later), "times of long ago");
    ok(stat("file", &info), "are kept");
    // Some filesystems keep less than the kernel passes: at least seconds.
    ok(info.atime / second == then / second && info.mtime / second == later / second, "to the second");
    ok(info.mtime % second == 0 || info.mtime % unit == 0, "heritage 16: and what is below is no stray number");
    ok(info.mtime <= later && info.mtime > later - second, "nor more than was asked");
    ok(info.mtime % second == 0 || info.mtime == later / unit * unit, "but all that the call can say, if any");
    ok(set_times("file", -5 * second, -second / 2).ok(), "before 1970");
    ok(stat("file", &info).ok() && (info.atime == -5 * second || info.atime >= 0), "where the filesystem knows that");
    const i64 before = walltime() - 2 * second;
    ok(touch("file").ok() && stat("file", &info).ok() && info.mtime >= before && info.atime >= before, "touch: now");
    fails(set_times("missing", 0, 0), kernel::ENOENT, "heritage 21: set_times");
    fails(set_times(bad_pointer(), 0, 0), kernel::EFAULT, "of nothing");
    fails(touch("missing"), kernel::ENOENT, "touch makes no file");
}

static void sizes() {
    FileInfo info{};
    ok(truncate("file", 3).ok() && stat("file", &info).ok() && info.size == 3, "truncate by path");
    ok(truncate("file", 1 << 16).ok() && stat("file", &info).ok() && info.size == 1 << 16, "extends");
    fails(truncate("missing", 0), kernel::ENOENT, "heritage 21: truncate");
    fails(truncate(".", 0), kernel::EISDIR, "of a directory");
    fails(truncate("file", -1), kernel::EINVAL, "to less than nothing");
    fails(truncate(bad_pointer(), 0), kernel::EFAULT, "of nothing");
    FsInfo fs{}, same{};
    const i32 fd = fd_of(open(".", O_RDONLY));
    ok(statfs(".", &fs).ok() && fstatfs(fd, &same).ok(), "the filesystem");
    ok(fs.block_size >= 512 && fs.blocks >= fs.free && fs.free >= fs.available && fs.blocks == same.blocks && fs.block_size == same.block_size,
       "has room and some of it free");
    fails(statfs("missing", &fs), kernel::ENOENT, "heritage 21: statfs");
    fails(fstatfs(-1, &fs), kernel::EBADF, "heritage 21: fstatfs");
    (void)close(fd);
}

int main() {
    print("TAP version 13\n");
    Workplace here;
    fields();
    modes();
    times();
    sizes();
    return done();
}
