// SPDX-License-Identifier: BSD-3-Clause
// What has a path: attributes, names, links, the working directory. Portable; the variants that start from a descriptor are
// in sys/path_at.h. Errors that any path may give: ENOENT, ENOTDIR (a component is no directory), ENAMETOOLONG (a name of more
// than 255 bytes, or a path of 4,096 on Linux, 1,024 on XNU), ELOOP (more than 40 symbolic links on Linux, 32 on XNU), EACCES,
// EFAULT (the string cannot be read), EROFS. All may block on the disk or a network; none waits for ever on a sane one.
#pragma once
#include "sys/kernel.h"
#include "sys/result.h"

namespace trapeze {

using kernel::S_IFBLK, kernel::S_IFCHR, kernel::S_IFDIR, kernel::S_IFIFO, kernel::S_IFLNK, kernel::S_IFMT, kernel::S_IFREG,
    kernel::S_IFSOCK, kernel::S_ISGID, kernel::S_ISUID, kernel::S_ISVTX;  // the same numbers on both kernels
using kernel::F_OK, kernel::R_OK, kernel::W_OK, kernel::X_OK;

// Times are nanoseconds since 1970. What FileInfo* points to is written by this layer, not by the kernel.
struct FileInfo {
    u64 size;        // bytes
    u32 mode;        // S_IFMT and permission bits
    u32 nlink;
    u64 ino;
    u64 dev;         // which filesystem: compare only
    u64 rdev;        // which device, if it is one: compare only
    u32 uid, gid;
    u64 blocks;      // of 512 bytes
    u32 block_size;  // what the filesystem likes to move at once
    i64 atime, mtime, ctime;
    i64 birth;       // created; no_time where the filesystem does not keep it
};
constexpr i64 no_time = INT64_MIN;

Result stat(const char* path, FileInfo* info);   // follows a symbolic link at the end; Linux from 4.11 on (statx)
Result lstat(const char* path, FileInfo* info);  // the link itself
Result fstat(i32 fd, FileInfo* info);

// With the real user's rights, not the effective one's: F_OK, or of R_OK, W_OK, X_OK. EACCES: no; EINVAL (Linux): other bits.
Result access(const char* path, i32 mode);

Result link(const char* path, const char* name);       // EEXIST, EXDEV, EMLINK; EPERM for a directory
Result symlink(const char* target, const char* name);  // target need not exist; EEXIST; ENOENT for an empty target on Linux
Result readlink(const char* path, char* buffer, usize n);  // bytes stored, at most n, without a NUL; EINVAL: not a link, or n = 0 (Linux)
Result unlink(const char* path);                       // EISDIR (Linux) or EPERM (XNU) for a directory
// Replaces `to` at once. EXDEV; ENOTEMPTY; EISDIR, ENOTDIR: file and directory; EINVAL: into itself.
Result rename(const char* from, const char* to);

Result mkdir(const char* path, u32 mode = 0777);
Result rmdir(const char* path);                        // ENOTEMPTY; EBUSY; EINVAL for "."
Result mkfifo(const char* path, u32 mode = 0666);      // opening one waits for the other end; ENXIO: O_NONBLOCK to write, no reader

Result chdir(const char* path);
Result fchdir(i32 fd);
// The working directory's path and its NUL; its length without it. ERANGE: n is too small; ENOENT: it was removed.
// Darwin: the descriptor of "." tells it (F_GETPATH), so reading "." must be allowed, and its path is the one without links.
Result getcwd(char* buffer, usize n);

Result chmod(const char* path, u32 mode);
Result fchmod(i32 fd, u32 mode);
Result chown(const char* path, u32 uid, u32 gid);      // -1 keeps one; EPERM
Result fchown(i32 fd, u32 uid, u32 gid);
Result lchown(const char* path, u32 uid, u32 gid);
Result umask(u32 mask);                                // the old one; cannot fail

// Nanoseconds on Linux; Darwin's call takes microseconds, so the rest is cut. touch: both are now, allowed to who may write.
Result set_times(const char* path, i64 atime, i64 mtime);
Result touch(const char* path);

Result truncate(const char* path, i64 size);           // EISDIR, EINVAL for a negative size; else as ftruncate (sys/file.h)

struct FsInfo {
    u64 block_size;                // bytes; the unit of the next three
    u64 blocks, free, available;   // available: to those who are not root
    u64 files, files_free;         // 0 where there is no limit
};
Result statfs(const char* path, FsInfo* info);
Result fstatfs(i32 fd, FsInfo* info);

}  // namespace trapeze
