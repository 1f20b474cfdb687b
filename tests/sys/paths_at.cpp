// SPDX-License-Identifier: BSD-3-Clause
// Paths that start from a descriptor.
#include "sys/path_at.h"
#include "tests/sys/fs_tools.h"

int main() {
    print("TAP version 13\n");
    Workplace here;
    (void)mkdir("d");
    const i32 d = fd_of(open("d", O_RDONLY | O_DIRECTORY));
    FileInfo info{}, other{};
    Result r = openat(d, "file", O_RDWR | O_CREAT | O_EXCL, 0600);
    ok(r.ok() && write(fd_of(r), "text", 4).raw == 4 && close(fd_of(r)).ok(), "openat makes a file");
    ok(stat("d/file", &info).ok() && fstatat(d, "file", &other).ok() && info.ino == other.ino, "there");
    ok(fstatat(AT_FDCWD, "d/file", &other).ok() && info.ino == other.ino, "AT_FDCWD is here");
    ok(faccessat(d, "file", R_OK), "faccessat");
    ok(linkat(d, "file", AT_FDCWD, "second").ok() && stat("second", &other).ok() && info.ino == other.ino, "linkat to here");
    ok(symlinkat("file", d, "soft"), "symlinkat");
    char at[16] = {};
    ok(readlinkat(d, "soft", at, sizeof at).raw == 4 && memcmp(at, "file", 4) == 0, "readlinkat");
    ok(fstatat(d, "soft", &other).ok() && other.ino == info.ino, "fstatat follows");
    ok(fstatat(d, "soft", &other, AT_SYMLINK_NOFOLLOW).ok() && (other.mode & S_IFMT) == S_IFLNK, "unless told not to");
    ok(linkat(d, "soft", d, "third", AT_SYMLINK_FOLLOW).ok() && fstatat(d, "third", &other, AT_SYMLINK_NOFOLLOW).ok() && other.ino == info.ino,
       "linkat follows when told to");
    ok(mkdirat(d, "below", 0700).ok() && stat("d/below", &other).ok() && (other.mode & S_IFMT) == S_IFDIR, "mkdirat");
    ok(renameat(AT_FDCWD, "second", d, "moved").ok() && fstatat(d, "moved", &other).ok() && other.ino == info.ino, "renameat from here");
    ok(fchmodat(d, "file", 0640).ok() && fstatat(d, "file", &other).ok() && (other.mode & 0777) == 0640, "fchmodat");
    ok(fchownat(d, "soft", ~0u, ~0u, AT_SYMLINK_NOFOLLOW), "fchownat");
    fails(unlinkat(d, "below"), either(kernel::EISDIR, kernel::EPERM), "unlinkat of a directory");
    fails(unlinkat(d, "file", AT_REMOVEDIR), kernel::ENOTDIR, "AT_REMOVEDIR of a file");
    ok(unlinkat(d, "below", AT_REMOVEDIR).ok() && unlinkat(d, "moved").ok(), "each its own way");

    const i32 file = fd_of(open("d/file", O_RDONLY));
    fails(openat(999, "file", O_RDONLY), kernel::EBADF, "heritage 21: openat from no descriptor");
    fails(openat(file, "x", O_RDONLY), kernel::ENOTDIR, "from a file");
    fails(openat(d, "missing", O_RDONLY), kernel::ENOENT, "heritage 21: openat");
    fails(openat(d, bad_pointer(), O_RDONLY), kernel::EFAULT, "of nothing");
    r = openat(999, "/dev/null", O_RDONLY);
    ok(r.ok() && close(fd_of(r)).ok(), "an absolute path asks no descriptor");
    fails(fstatat(999, "x", &other), kernel::EBADF, "heritage 21: fstatat");
    fails(fstatat(d, "missing", &other), kernel::ENOENT, "of what is missing");
    fails(fstatat(d, "file", &other, 1 << 20), kernel::EINVAL, "unknown flags");
    fails(faccessat(d, "missing", F_OK), kernel::ENOENT, "heritage 21: faccessat");
    fails(linkat(d, "file", d, "soft"), kernel::EEXIST, "linkat");
    fails(symlinkat("x", d, "file"), kernel::EEXIST, "symlinkat");
    fails(readlinkat(d, "file", at, sizeof at), kernel::EINVAL, "readlinkat of no link");
    fails(readlinkat(999, "file", at, sizeof at), kernel::EBADF, "heritage 21: readlinkat");
    fails(unlinkat(d, "missing"), kernel::ENOENT, "heritage 21: unlinkat");
    fails(unlinkat(d, "file", 1 << 20), kernel::EINVAL, "unknown flags");
    fails(renameat(d, "missing", d, "x"), kernel::ENOENT, "heritage 21: renameat");
    fails(mkdirat(d, "file"), kernel::EEXIST, "mkdirat");
    fails(mkdirat(999, "x"), kernel::EBADF, "heritage 21: mkdirat");
    fails(fchmodat(d, "missing", 0), kernel::ENOENT, "heritage 21: fchmodat");
    fails(fchownat(d, "missing", ~0u, ~0u), kernel::ENOENT, "heritage 21: fchownat");
    (void)close(file);
    (void)close(d);
    return done();
}
