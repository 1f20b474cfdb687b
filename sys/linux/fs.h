// SPDX-License-Identifier: BSD-3-Clause
// Linux/amd64: files and directories. Source: include/uapi/asm-generic/fcntl.h, include/uapi/linux/fcntl.h, fs.h, stat.h,
// arch/x86/include/uapi/asm/stat.h, include/uapi/asm-generic/statfs.h, ioctls.h, termios.h, include/linux/dirent.h.
#pragma once
#include "sys/linux/time.h"
#include "sys/types.h"

namespace trapeze::lnx {

constexpr i32 O_RDONLY = 0, O_WRONLY = 1, O_RDWR = 2, O_ACCMODE = 3, O_CREAT = 0x40, O_EXCL = 0x80, O_NOCTTY = 0x100,
              O_TRUNC = 0x200, O_APPEND = 0x400, O_NONBLOCK = 0x800, O_DSYNC = 0x1000, O_ASYNC = 0x2000,
              O_DIRECT = 0x4000, O_DIRECTORY = 0x10000, O_NOFOLLOW = 0x20000, O_CLOEXEC = 0x80000, O_SYNC = 0x101000,
              O_PATH = 0x200000;
constexpr i32 AT_FDCWD = -100, AT_SYMLINK_NOFOLLOW = 0x100, AT_REMOVEDIR = 0x200, AT_SYMLINK_FOLLOW = 0x400,
              AT_EMPTY_PATH = 0x1000;
constexpr i32 F_OK = 0, X_OK = 1, W_OK = 2, R_OK = 4;
constexpr i32 SEEK_SET = 0, SEEK_CUR = 1, SEEK_END = 2, SEEK_DATA = 3, SEEK_HOLE = 4;
constexpr i32 F_DUPFD = 0, F_GETFD = 1, F_SETFD = 2, F_GETFL = 3, F_SETFL = 4, F_GETLK = 5, F_SETLK = 6, F_SETLKW = 7,
              F_DUPFD_CLOEXEC = 1030;
constexpr i32 FD_CLOEXEC = 1;
constexpr i16 F_RDLCK = 0, F_WRLCK = 1, F_UNLCK = 2;
constexpr i32 LOCK_SH = 1, LOCK_EX = 2, LOCK_NB = 4, LOCK_UN = 8;

constexpr u32 S_IFMT = 0170000, S_IFIFO = 0010000, S_IFCHR = 0020000, S_IFDIR = 0040000, S_IFBLK = 0060000,
              S_IFREG = 0100000, S_IFLNK = 0120000, S_IFSOCK = 0140000;
constexpr u32 S_ISUID = 04000, S_ISGID = 02000, S_ISVTX = 01000;
constexpr u8 DT_UNKNOWN = 0, DT_FIFO = 1, DT_CHR = 2, DT_DIR = 4, DT_BLK = 6, DT_REG = 8, DT_LNK = 10, DT_SOCK = 12;

constexpr u64 TCGETS = 0x5401, TIOCGWINSZ = 0x5413, FIONREAD = 0x541b, FIONBIO = 0x5421;

struct stat {
    u64 st_dev;
    u64 st_ino;
    u64 st_nlink;
    u32 st_mode;
    u32 st_uid;
    u32 st_gid;
    u32 pad0;
    u64 st_rdev;
    i64 st_size;
    i64 st_blksize;
    i64 st_blocks;
    timespec st_atim;
    timespec st_mtim;
    timespec st_ctim;
    i64 unused[3];
};
static_assert(sizeof(stat) == 144 && offsetof(stat, st_mode) == 24 && offsetof(stat, st_rdev) == 40 && offsetof(stat, st_size) == 48 &&
              offsetof(stat, st_atim) == 72);

struct statx_timestamp {
    i64 tv_sec;
    u32 tv_nsec;
    i32 pad;
};
struct statx {
    u32 stx_mask;
    u32 stx_blksize;
    u64 stx_attributes;
    u32 stx_nlink;
    u32 stx_uid;
    u32 stx_gid;
    u16 stx_mode;
    u16 pad0;
    u64 stx_ino;
    u64 stx_size;
    u64 stx_blocks;
    u64 stx_attributes_mask;
    statx_timestamp stx_atime;
    statx_timestamp stx_btime;
    statx_timestamp stx_ctime;
    statx_timestamp stx_mtime;
    u32 stx_rdev_major;
    u32 stx_rdev_minor;
    u32 stx_dev_major;
    u32 stx_dev_minor;
    u64 more[14];
};
static_assert(sizeof(statx) == 256 && offsetof(statx, stx_mode) == 28 && offsetof(statx, stx_size) == 40 &&
              offsetof(statx, stx_atime) == 64 && offsetof(statx, stx_btime) == 80 && offsetof(statx, stx_rdev_major) == 128 &&
              offsetof(statx, more) == 144);
constexpr u32 STATX_BASIC_STATS = 0x7ff, STATX_BTIME = 0x800;

struct statfs {
    i64 f_type;
    i64 f_bsize;
    u64 f_blocks;
    u64 f_bfree;
    u64 f_bavail;
    u64 f_files;
    u64 f_ffree;
    i32 f_fsid[2];
    i64 f_namelen;
    i64 f_frsize;
    i64 f_flags;
    i64 f_spare[4];
};
static_assert(sizeof(statfs) == 120 && offsetof(statfs, f_blocks) == 16 && offsetof(statfs, f_namelen) == 64);

struct linux_dirent64 {
    u64 d_ino;
    i64 d_off;
    u16 d_reclen;
    u8 d_type;
    char d_name[5];  // and more: d_reclen says how long the record is, a NUL where the name ends
};
static_assert(offsetof(linux_dirent64, d_reclen) == 16 && offsetof(linux_dirent64, d_name) == 19);

struct flock {
    i16 l_type;
    i16 l_whence;
    i32 pad;
    i64 l_start;
    i64 l_len;
    i32 l_pid;
    i32 pad2;
};
static_assert(sizeof(flock) == 32 && offsetof(flock, l_start) == 8 && offsetof(flock, l_pid) == 24);

struct iovec {
    void* iov_base;
    usize iov_len;
};
static_assert(sizeof(iovec) == 16 && offsetof(iovec, iov_len) == 8);

struct winsize {
    u16 ws_row, ws_col, ws_xpixel, ws_ypixel;
};
static_assert(sizeof(winsize) == 8);

}  // namespace trapeze::lnx
