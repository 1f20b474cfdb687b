// SPDX-License-Identifier: BSD-3-Clause
// The less travelled calls on files: filesecs, special files, clones, old records, swaps, names by number, and refusals. Expectations:
// xnu-11417.121.6 bsd/vfs/vfs_syscalls.c. What depends on the file system accepts its ENOTSUP.
#include "sys/darwin/file_calls.h"
#include "tests/sys/fs_tools.h"

namespace {

const auto* bad_security = reinterpret_cast<const xnu::kauth_filesec*>(usize{8});

void filesecs() {
    xnu::kauth_filesec none{xnu::KAUTH_FILESEC_MAGIC, {}, {}, 0xffffffff, 0, {}}, list = none, wrong = none;
    list.acl_entrycount = 1;
    wrong.fsec_magic = 7;
    const u32 keep = static_cast<u32>(-101);
    const Result made = sys_open_extended("new", O_CREAT | O_RDWR, keep, keep, 0600, &none);
    ok(made, "open_extended with a filesec that is none");
    (void)close(fd_of(made));
    fails(sys_open_extended("new2", O_CREAT | O_RDWR, keep, keep, 0600, &wrong), xnu::EINVAL, "without its magic");
    fails(sys_open_extended("new2", O_CREAT | O_RDWR, keep, keep, 0600, bad_security), xnu::EFAULT, "from nowhere");
    fails(sys_mkdir_extended("d1", keep, keep, 0700, &wrong), xnu::EINVAL, "mkdir_extended too");
    list.acl_entrycount = 129;
    fails(sys_mkdir_extended("d1", keep, keep, 0700, &list), xnu::EINVAL, "more entries than there may be");
    FileInfo s{};
    ok(sys_mkdir_extended("d1", keep, keep, 0700, nullptr).ok() && stat("d1", &s).ok() && (s.mode & 07777) == 0700, "mkdir_extended");
    ok(sys_mkfifo_extended("f1", keep, keep, 0600, nullptr).ok() && lstat("f1", &s).ok() && (s.mode & S_IFMT) == S_IFIFO, "mkfifo_extended");
    fails(sys_mkfifo_extended("f1", keep, keep, 0600, nullptr), xnu::EEXIST, "once");
    ok(sys_chmod_extended("new", keep, keep, 0640, nullptr).ok() && stat("new", &s).ok() && (s.mode & 07777) == 0640, "chmod_extended");
    ok(sys_chmod_extended("new", keep, keep, static_cast<u32>(-1), nullptr).ok() && stat("new", &s).ok() && (s.mode & 07777) == 0640, "with no mode at all");
    fails(sys_chmod_extended("missing", keep, keep, 0640, nullptr), xnu::ENOENT, "of nothing");
    const i32 fd = fd_of(open("new", O_RDWR));
    ok(sys_fchmod_extended(fd, keep, keep, 0600, nullptr).ok() && fstat(fd, &s).ok() && (s.mode & 07777) == 0600, "fchmod_extended");
    fails(sys_fchmod_extended(-1, keep, keep, 0600, nullptr), xnu::EBADF, "of no descriptor");
    xnu::stat64 w{};
    char room[100];
    usize size = sizeof room;
    ok(sys_stat64_extended("new", &w, room, &size).ok() && size == 0 && w.st_size == 0, "stat64_extended: there is no list");
    size = 5;
    ok(sys_fstat64_extended(fd, &w, room, &size).ok() && size == 0 && sys_lstat64_extended("new", &w, nullptr, nullptr).ok(), "and its kin");
    fails(sys_stat64_extended("new", &w, room, reinterpret_cast<usize*>(bad_pointer())), xnu::EFAULT, "a size to nowhere");
    fails(sys_stat64_extended("missing", &w, room, &size), xnu::ENOENT, "of nothing");
    const i64 old = sys_umask_extended(027, nullptr).raw;
    ok(old == 022 && umask(022).raw == 027, "umask_extended");
    ok(close(fd_of(sys_open_dprotected_np("new", O_RDWR, 3, 0, 0600))), "open_dprotected_np");
    (void)close(fd);
}

void special() {
    FileInfo s{};
    ok(sys_mknod("pipe", xnu::S_IFIFO | 0600, 5).ok() && lstat("pipe", &s).ok() && (s.mode & S_IFMT) == S_IFIFO, "mknod of a fifo, for anybody");
    fails(sys_mknod("pipe", xnu::S_IFIFO | 0600, 0), xnu::EEXIST, "once");
    fails(sys_mknod("regular", xnu::S_IFREG | 0600, 0), root() ? xnu::EINVAL : xnu::EPERM, "of a file, for nobody");
    if (!root()) fails(sys_mknod("device", xnu::S_IFCHR | 0600, 3 << 24 | 2), xnu::EPERM, "of a device, for root");
    ok(sys_mkfifoat(xnu::AT_FDCWD, "pipe2", 0600).ok() && sys_mknodat(xnu::AT_FDCWD, "pipe3", xnu::S_IFIFO | 0600, 0).ok(), "from a directory");
    fails(sys_mknodat(-1, "x", xnu::S_IFIFO | 0600, 0), xnu::EBADF, "from none");
}

void renames() {
    make_file("a", "1"), make_file("b", "22");
    FileInfo s{};
    const Result swapped = sys_renameatx_np(xnu::AT_FDCWD, "a", xnu::AT_FDCWD, "b", 2);
    if (swapped.err() == xnu::ENOTSUP) skip("the file system cannot", "RENAME_SWAP");
    else ok(swapped.ok() && stat("a", &s).ok() && s.size == 2 && stat("b", &s).ok() && s.size == 1, "RENAME_SWAP");
    fails(sys_renameatx_np(xnu::AT_FDCWD, "a", xnu::AT_FDCWD, "b", 4), xnu::EEXIST, "RENAME_EXCL");
    fails(sys_renameatx_np(xnu::AT_FDCWD, "a", xnu::AT_FDCWD, "b", 6), xnu::EINVAL, "both");
    fails(sys_renameatx_np(xnu::AT_FDCWD, "a", xnu::AT_FDCWD, "b", 0x100), xnu::EINVAL, "an unknown flag");
    fails(sys_renameatx_np(xnu::AT_FDCWD, "a", xnu::AT_FDCWD, "missing", 2), xnu::ENOENT, "a swap with nothing");
}

void clones() {
    const Result r = sys_clonefileat(xnu::AT_FDCWD, "a", xnu::AT_FDCWD, "clone", 0);
    FileInfo s{};
    if (r.err() == xnu::ENOTSUP) fails(stat("clone", &s), xnu::ENOENT, "clonefileat that cannot leaves nothing");
    else ok(r.ok() && stat("clone", &s).ok() && s.size == 2, "clonefileat");
    fails(sys_clonefileat(xnu::AT_FDCWD, "a", xnu::AT_FDCWD, "b", 0), xnu::EEXIST, "to what is there");
    fails(sys_clonefileat(xnu::AT_FDCWD, "missing", xnu::AT_FDCWD, "c", 0), xnu::ENOENT, "of nothing");
    fails(sys_clonefileat(xnu::AT_FDCWD, "a", xnu::AT_FDCWD, "c", 0x100), xnu::EINVAL, "an unknown flag");
    fails(sys_clonefileat(xnu::AT_FDCWD, "pipe", xnu::AT_FDCWD, "c", 0), xnu::EINVAL, "of a fifo");
    fails(sys_fclonefileat(-1, xnu::AT_FDCWD, "c", 0), xnu::EBADF, "of no descriptor");
    (void)symlink("a", "soft");
    char to[8] = {};
    const Result l = sys_clonefileat(xnu::AT_FDCWD, "soft", xnu::AT_FDCWD, "soft2", 1);
    ok(l.err() == xnu::ENOTSUP || (l.ok() && sys_readlink("soft2", to, 8).raw == 1 && to[0] == 'a'), "CLONE_NOFOLLOW: of a link");
}

void old_records() {
    (void)mkdir("many", 0755);
    for (char c = 'a'; c < 'k'; c++) {
        const char path[7] = {'m', 'a', 'n', 'y', '/', c, 0};
        make_file(path);
    }
    const i32 fd = fd_of(open("many", O_RDONLY | O_DIRECTORY));
    alignas(8) u8 b[64];
    i64 base = -1, r;
    int entries = 0, calls = 0;
    bool fine = true;
    while ((r = sys_getdirentries(fd, b, sizeof b, &base).raw) > 0 && ++calls < 100)
        for (i64 at = 0; at < r; entries++) {
            u16 length;
            memcpy(&length, b + at + 4, 2);
            fine = fine && length % 4 == 0 && length >= 12 && str_len(reinterpret_cast<char*>(b + at + 8)) == b[at + 7];
            at += length;
        }
    ok(r == 0 && entries == 12 && calls > 2 && fine, "getdirentries: the records of old");
    (void)lseek(fd, 0, SEEK_SET);
    fails(sys_getdirentries(fd, b, 4, &base), xnu::EINVAL, "no room for one");
    fails(sys_getdirentries(fd, bad_pointer(), 64, &base), xnu::EFAULT, "to nowhere");
    fails(sys_getdirentries(-1, b, 64, &base), xnu::EBADF, "of nothing");
    (void)close(fd);
}

void numbers() {
    const i32 fd = fd_of(open("a", O_RDONLY));
    xnu::statfs64 f{};
    (void)sys_statfs64(".", &f);
    FileInfo s{};
    (void)fstat(fd, &s);
    char path[xnu::MAXPATHLEN], wanted[xnu::MAXPATHLEN];
    const xnu::fsid_t id{{f.f_fsid[0], f.f_fsid[1]}};
    ok(sys_fsgetpath(path, sizeof path, &id, s.ino).ok() && sys_fcntl(fd, xnu::F_GETPATH, reinterpret_cast<u64>(wanted)).ok() && str_eq(path, wanted),
       "fsgetpath finds what is open");
    fails(sys_fsgetpath(path, 3, &id, s.ino), xnu::ENOSPC, "too little room");
    fails(sys_fsgetpath(path, 0, &id, s.ino), xnu::EINVAL, "none");
    fails(sys_fsgetpath(path, sizeof path, reinterpret_cast<xnu::fsid_t*>(bad_pointer()), s.ino), xnu::EFAULT, "on nowhere");
    (void)close(fd);
}

void refusals() {
    fails(sys_undelete("a"), xnu::ENOTSUP, "undelete");
    fails(sys_undelete("missing"), xnu::ENOENT, "undelete of nothing");
    fails(sys_copyfile("a", "c", 0, 99), xnu::EINVAL, "copyfile with unknown flags");
    fails(sys_copyfile("a", "c", 0, 0), xnu::ENOTSUP, "copyfile");
    fails(sys_revoke("a"), xnu::ENOTSUP, "revoke of a file");
    fails(sys_revoke("missing"), xnu::ENOENT, "and of nothing");
    fails(sys_swapon(), xnu::ENOTSUP, "swapon");
    fails(sys_fsctl("a", 0x20004242, nullptr, 0), xnu::ENOTTY, "fsctl of no known command");
    fails(sys_ffsctl(-1, 0x20004242, nullptr, 0), xnu::EBADF, "ffsctl of nothing");
    fails(sys_mount("hfs", "missing", 0, nullptr), xnu::ENOENT, "mount on nothing");
    ok(sys_delete("b").ok() && sys_delete("b").err() == xnu::ENOENT, "delete");
    u32 status = 9;
    ok(sys_csops(0, 0, &status, 4), "csops: the status");
    ok(sys_csops(0, 0, &status, 2).ok() && sys_csops(0, 0, nullptr, 0).ok(), "however much room there is");
    fails(sys_csops(-1, 0, &status, 4), xnu::ESRCH, "of nobody");
    fails(sys_csops(0, 999, &status, 4), xnu::EINVAL, "no such operation");
    const u64 guard = 5;
    fails(sys_guarded_close_np(-1, &guard), xnu::EBADF, "guarded_close_np of nothing");
    fails(sys_guarded_close_np(0, &guard), xnu::EINVAL, "of what is not guarded");
}

}  // namespace

int main() {
    print("TAP version 13\n");
    Workplace here;
    filesecs();
    special();
    renames();
    clones();
    old_records();
    numbers();
    refusals();
    return done();
}
