// SPDX-License-Identifier: BSD-3-Clause
// Darwin's part of sys/path.h and sys/path_at.h, over the calls whose inode numbers are 64 bits wide (from 10.5 on).
#include "sys/calls.h"
#include "sys/darwin/file.h"
#include "sys/file.h"
#include "sys/mem.h"
#include "sys/path_at.h"

namespace trapeze {
namespace {

i64 nanoseconds(const xnu::timespec& t) { return t.tv_sec * 1'000'000'000 + t.tv_nsec; }

Result give(const Result& r, const xnu::stat64& s, FileInfo* info) {
    if (r.failed()) return r;
    *info = {.size = static_cast<u64>(s.st_size),
             .mode = s.st_mode,
             .nlink = s.st_nlink,
             .ino = s.st_ino,
             .dev = static_cast<u32>(s.st_dev),
             .rdev = static_cast<u32>(s.st_rdev),
             .uid = s.st_uid,
             .gid = s.st_gid,
             .blocks = static_cast<u64>(s.st_blocks),
             .block_size = static_cast<u32>(s.st_blksize),
             .atime = nanoseconds(s.st_atim),
             .mtime = nanoseconds(s.st_mtim),
             .ctime = nanoseconds(s.st_ctim),
             // A filesystem without births leaves the field 0 (bsd/vfs/vfs_vnops.c vn_stat_noauth).
             .birth = s.st_birthtim.tv_sec || s.st_birthtim.tv_nsec ? nanoseconds(s.st_birthtim) : no_time};
    return r;
}

xnu::timeval split(i64 ns) {
    i64 us = ns / 1000 - (ns % 1000 < 0);
    xnu::timeval t{us / 1'000'000, static_cast<i32>(us % 1'000'000), 0};
    if (t.tv_usec < 0) t.tv_sec--, t.tv_usec += 1'000'000;
    return t;
}

Result give(const Result& r, const xnu::statfs64& s, FsInfo* info) {
    if (r.ok()) *info = {s.f_bsize, s.f_blocks, s.f_bfree, s.f_bavail, s.f_files, s.f_ffree};
    return r;
}

}  // namespace

Result stat(const char* path, FileInfo* info) {
    xnu::stat64 s;
    return give(sys_stat64(path, &s), s, info);
}

Result lstat(const char* path, FileInfo* info) {
    xnu::stat64 s;
    return give(sys_lstat64(path, &s), s, info);
}

Result fstat(i32 fd, FileInfo* info) {
    xnu::stat64 s;
    return give(sys_fstat64(fd, &s), s, info);
}

Result mkfifo(const char* path, u32 mode) { return sys_mkfifo(path, mode); }

Result getcwd(char* buffer, usize n) {
    const Result here = open(".", O_RDONLY | O_CLOEXEC);
    if (here.failed()) return here;
    char path[xnu::MAXPATHLEN];
    const Result r = xnu::path_of(static_cast<i32>(here.value()), path);
    (void)close(static_cast<i32>(here.value()));
    if (r.failed()) return r;
    const usize length = str_len(path);
    if (length >= n) return Result::error(xnu::ERANGE);
    memcpy(buffer, path, length + 1);
    return {static_cast<i64>(length)};
}

Result set_times(const char* path, i64 atime, i64 mtime) {
    const xnu::timeval times[2] = {split(atime), split(mtime)};
    return sys_utimes(path, times);
}

Result touch(const char* path) { return sys_utimes(path, nullptr); }

Result statfs(const char* path, FsInfo* info) {
    xnu::statfs64 s;
    return give(sys_statfs64(path, &s), s, info);
}

Result fstatfs(i32 fd, FsInfo* info) {
    xnu::statfs64 s;
    return give(sys_fstatfs64(fd, &s), s, info);
}

Result fstatat(i32 dir, const char* path, FileInfo* info, i32 flags) {
    xnu::stat64 s;
    return give(sys_fstatat64(dir, path, &s, flags), s, info);
}

Result faccessat(i32 dir, const char* path, i32 mode) { return sys_faccessat(dir, path, mode, 0); }
Result fchmodat(i32 dir, const char* path, u32 mode) { return sys_fchmodat(dir, path, mode, 0); }

}  // namespace trapeze
