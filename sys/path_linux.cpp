// SPDX-License-Identifier: BSD-3-Clause
// Linux's part of sys/path.h and sys/path_at.h. statx alone knows when a file was born, and serves all of the stat family.
#include "sys/calls.h"
#include "sys/path_at.h"

namespace trapeze {
namespace {

i64 nanoseconds(const lnx::statx_timestamp& t) { return t.tv_sec * 1'000'000'000 + t.tv_nsec; }

Result look(i32 dir, const char* path, i32 flags, FileInfo* info) {
    lnx::statx s;
    const Result r = sys_statx(dir, path, flags, lnx::STATX_BASIC_STATS | lnx::STATX_BTIME, &s);
    if (r.failed()) return r;
    *info = {.size = s.stx_size,
             .mode = s.stx_mode,
             .nlink = s.stx_nlink,
             .ino = s.stx_ino,
             .dev = static_cast<u64>(s.stx_dev_major) << 32 | s.stx_dev_minor,
             .rdev = static_cast<u64>(s.stx_rdev_major) << 32 | s.stx_rdev_minor,
             .uid = s.stx_uid,
             .gid = s.stx_gid,
             .blocks = s.stx_blocks,
             .block_size = s.stx_blksize,
             .atime = nanoseconds(s.stx_atime),
             .mtime = nanoseconds(s.stx_mtime),
             .ctime = nanoseconds(s.stx_ctime),
             .birth = s.stx_mask & lnx::STATX_BTIME ? nanoseconds(s.stx_btime) : no_time};
    return r;
}

lnx::timespec split(i64 ns) {
    lnx::timespec t{ns / 1'000'000'000, ns % 1'000'000'000};
    if (t.tv_nsec < 0) t.tv_sec--, t.tv_nsec += 1'000'000'000;
    return t;
}

Result give(const Result& r, const lnx::statfs& s, FsInfo* info) {
    if (r.ok()) *info = {static_cast<u64>(s.f_bsize), s.f_blocks, s.f_bfree, s.f_bavail, s.f_files, s.f_ffree};
    return r;
}

}  // namespace

Result stat(const char* path, FileInfo* info) { return look(lnx::AT_FDCWD, path, 0, info); }
Result lstat(const char* path, FileInfo* info) { return look(lnx::AT_FDCWD, path, lnx::AT_SYMLINK_NOFOLLOW, info); }
Result fstat(i32 fd, FileInfo* info) {
    // AT_FDCWD and other negative numbers are no descriptors here.
    return fd < 0 ? Result::error(lnx::EBADF) : look(fd, "", lnx::AT_EMPTY_PATH, info);
}

Result mkfifo(const char* path, u32 mode) { return sys_mknod(path, (mode & 07777) | lnx::S_IFIFO, 0); }

Result getcwd(char* buffer, usize n) {
    const Result r = sys_getcwd(buffer, n);
    return r.failed() ? r : Result{r.value() - 1};  // the kernel counts the NUL
}

Result set_times(const char* path, i64 atime, i64 mtime) {
    const lnx::timespec times[2] = {split(atime), split(mtime)};
    return sys_utimensat(lnx::AT_FDCWD, path, times, 0);
}

Result touch(const char* path) { return sys_utimensat(lnx::AT_FDCWD, path, nullptr, 0); }

Result statfs(const char* path, FsInfo* info) {
    lnx::statfs s;
    return give(sys_statfs(path, &s), s, info);
}

Result fstatfs(i32 fd, FsInfo* info) {
    lnx::statfs s;
    return give(sys_fstatfs(fd, &s), s, info);
}

Result fstatat(i32 dir, const char* path, FileInfo* info, i32 flags) {
    if (flags & ~AT_SYMLINK_NOFOLLOW) return Result::error(lnx::EINVAL);
    return look(dir, path, flags, info);
}

Result faccessat(i32 dir, const char* path, i32 mode) { return sys_faccessat(dir, path, mode); }
Result fchmodat(i32 dir, const char* path, u32 mode) { return sys_fchmodat(dir, path, mode); }

}  // namespace trapeze
