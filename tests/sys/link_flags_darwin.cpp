// SPDX-License-Identifier: BSD-3-Clause
// AT_SYMLINK_NOFOLLOW_ANY and RENAME_NOFOLLOW_ANY: no symbolic link anywhere on the way (xnu-8020.101.4 and later, bsd/vfs/vfs_syscalls.c,
// vfs_lookup.c); and fields of stat and statfs that come with links.
#include "sys/darwin/file_calls.h"
#include "tests/sys/fs_tools.h"

namespace {

constexpr i32 nofollow_any = 0x800, here = xnu::AT_FDCWD;

void at_calls() {
    (void)mkdir("real", 0755);
    (void)symlink("real", "link");
    make_file("real/file", "abc");
    const u32 uid = static_cast<u32>(geteuid()), gid = static_cast<u32>(getegid());
    xnu::stat64 s{};
    ok(sys_fchmodat(here, "real/file", 0640, nofollow_any).ok() && sys_stat64("real/file", &s).ok() && (s.st_mode & 07777) == 0640, "fchmodat, nofollow any");
    fails(sys_fchmodat(here, "link/file", 0600, nofollow_any), xnu::ELOOP, "not by way of a link: ELOOP");
    ok(sys_stat64("real/file", &s).ok() && (s.st_mode & 07777) == 0640, "and nothing was changed");
    ok(sys_fchownat(here, "real/file", uid, gid, nofollow_any), "fchownat");
    fails(sys_fchownat(here, "link/file", uid, gid, nofollow_any), xnu::ELOOP, "ELOOP");
    ok(sys_fstatat64(here, "real/file", &s, nofollow_any).ok() && s.st_size == 3, "fstatat64");
    fails(sys_fstatat64(here, "link/file", &s, nofollow_any), xnu::ELOOP, "ELOOP");
    fails(sys_fstatat64(here, bad_pointer(), &s, nofollow_any), xnu::EFAULT, "from nowhere: EFAULT");
    ok(sys_faccessat(here, "real/file", 4, nofollow_any), "faccessat");
    fails(sys_faccessat(here, "link/file", 4, nofollow_any), xnu::ELOOP, "ELOOP");
    ok(sys_linkat(here, "real/file", here, "real/second", nofollow_any), "linkat");
    fails(sys_linkat(here, "link/file", here, "real/third", nofollow_any), xnu::ELOOP, "ELOOP");
    fails(sys_unlinkat(here, "link/second", nofollow_any), xnu::ELOOP, "unlinkat: ELOOP");
    ok(sys_unlinkat(here, "real/second", nofollow_any), "and without one on the way");
    fails(sys_fchmodat(here, "real/file", 0600, 0x10000), xnu::EINVAL, "a flag that is none: EINVAL");
    fails(sys_fchownat(here, "real/file", uid, gid, 0x10000), xnu::EINVAL, "of fchownat too");
}

void renames() {
    constexpr u32 swap = 2, excl = 4, any = 0x10;
    make_file("real/a", "a"), make_file("real/b", "bb");
    fails(sys_renameatx_np(here, "link/a", here, "real/c", any), xnu::ELOOP, "renameatx_np from behind a link: ELOOP");
    fails(sys_renameatx_np(here, "real/a", here, "link/c", any), xnu::ELOOP, "or to there");
    fails(sys_renameatx_np(here, bad_pointer(), here, "real/c", any), xnu::EFAULT, "from nowhere: EFAULT");
    fails(sys_renameatx_np(here, "real/a", here, bad_pointer(), any), xnu::EFAULT, "to nowhere: EFAULT");
    ok(sys_renameatx_np(here, "real/a", here, "real/c", any), "without one it is rename");
    fails(sys_renameatx_np(here, "real/c", here, "real/b", excl), xnu::EEXIST, "RENAME_EXCL: EEXIST");
    xnu::stat64 s{};
    const Result swapped = sys_renameatx_np(here, "real/c", here, "real/b", swap);
    ok(swapped.err() == xnu::ENOTSUP || (swapped.ok() && sys_stat64("real/b", &s).ok() && s.st_size == 1), "RENAME_SWAP");
    fails(sys_renameatx_np(here, "real/c", here, "real/b", swap | excl), xnu::EINVAL, "both: EINVAL");
    fails(sys_renameatx_np(here, "real/c", here, "real/b", 1), xnu::ENOTSUP, "RENAME_SECLUDE: ENOTSUP");
}

// The links that a Mac has in its root.
void private_links() {
    xnu::stat64 link{}, folder{};
    ok(sys_lstat64("/tmp", &link).ok() && sys_stat64("/tmp", &folder).ok() && link.st_size == 11 && link.st_nlink == 1 && link.st_ino != folder.st_ino &&
           (link.st_mode & 07777) == 0755, "/tmp: 11 bytes, one name, a number of its own");
}

}  // namespace

int main() {
    print("TAP version 13\n");
    Workplace workplace;
    at_calls(), renames(), private_links();
    return done();
}
