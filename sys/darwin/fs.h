// SPDX-License-Identifier: BSD-3-Clause
// Darwin (XNU)/amd64: files and directories. Source: xnu-11417.121.6 bsd/sys/fcntl.h, unistd.h, _types/_s_ifmt.h, stat.h,
// mount.h, dirent.h, ttycom.h, ioccom.h, filio.h. fstat64 and its like give the layout that stat.h calls stat64.
#pragma once
#include "sys/darwin/time.h"
#include "sys/types.h"

namespace trapeze::xnu {

constexpr i32 O_RDONLY = 0, O_WRONLY = 1, O_RDWR = 2, O_ACCMODE = 3, O_NONBLOCK = 0x4, O_APPEND = 0x8, O_SHLOCK = 0x10,
              O_EXLOCK = 0x20, O_ASYNC = 0x40, O_SYNC = 0x80, O_NOFOLLOW = 0x100, O_CREAT = 0x200, O_TRUNC = 0x400,
              O_EXCL = 0x800, O_EVTONLY = 0x8000, O_NOCTTY = 0x20000, O_DIRECTORY = 0x100000, O_SYMLINK = 0x200000,
              O_DSYNC = 0x400000, O_CLOEXEC = 0x1000000;
constexpr i32 AT_FDCWD = -2, AT_EACCESS = 0x10, AT_SYMLINK_NOFOLLOW = 0x20, AT_SYMLINK_FOLLOW = 0x40, AT_REMOVEDIR = 0x80;
constexpr i32 F_OK = 0, X_OK = 1, W_OK = 2, R_OK = 4;
constexpr i32 SEEK_SET = 0, SEEK_CUR = 1, SEEK_END = 2, SEEK_HOLE = 3, SEEK_DATA = 4;
constexpr i32 F_DUPFD = 0, F_GETFD = 1, F_SETFD = 2, F_GETFL = 3, F_SETFL = 4, F_GETOWN = 5, F_SETOWN = 6, F_GETLK = 7,
              F_SETLK = 8, F_SETLKW = 9, F_FLUSH_DATA = 40, F_PREALLOCATE = 42, F_SETSIZE = 43, F_RDADVISE = 44, F_RDAHEAD = 45,
              F_NOCACHE = 48, F_GETPATH = 50, F_FULLFSYNC = 51, F_NODIRECT = 62, F_GETLKPID = 66, F_DUPFD_CLOEXEC = 67,
              F_SETNOSIGPIPE = 73, F_GETNOSIGPIPE = 74, F_BARRIERFSYNC = 85;
constexpr i32 FD_CLOEXEC = 1;
constexpr i16 F_RDLCK = 1, F_UNLCK = 2, F_WRLCK = 3;
constexpr i32 LOCK_SH = 1, LOCK_EX = 2, LOCK_NB = 4, LOCK_UN = 8;
constexpr usize MAXPATHLEN = 1024;  // what F_GETPATH writes at most; a longer path is ENAMETOOLONG (bsd/sys/param.h)

constexpr u32 S_IFMT = 0170000, S_IFIFO = 0010000, S_IFCHR = 0020000, S_IFDIR = 0040000, S_IFBLK = 0060000,
              S_IFREG = 0100000, S_IFLNK = 0120000, S_IFSOCK = 0140000;
constexpr u32 S_ISUID = 04000, S_ISGID = 02000, S_ISVTX = 01000;
constexpr u8 DT_UNKNOWN = 0, DT_FIFO = 1, DT_CHR = 2, DT_DIR = 4, DT_BLK = 6, DT_REG = 8, DT_LNK = 10, DT_SOCK = 12;

constexpr u64 TIOCGETA = 0x40487413, TIOCGWINSZ = 0x40087468, FIONREAD = 0x4004667f, FIONBIO = 0x8004667e;

struct stat64 {
    i32 st_dev;
    u16 st_mode;
    u16 st_nlink;
    u64 st_ino;
    u32 st_uid;
    u32 st_gid;
    i32 st_rdev;
    i32 pad;
    timespec st_atim;
    timespec st_mtim;
    timespec st_ctim;
    timespec st_birthtim;
    i64 st_size;
    i64 st_blocks;
    i32 st_blksize;
    u32 st_flags;
    u32 st_gen;
    i32 st_lspare;
    i64 st_qspare[2];
};
static_assert(sizeof(stat64) == 144 && offsetof(stat64, st_mode) == 4 && offsetof(stat64, st_ino) == 8 &&
              offsetof(stat64, st_rdev) == 24 && offsetof(stat64, st_atim) == 32 && offsetof(stat64, st_birthtim) == 80 &&
              offsetof(stat64, st_size) == 96 && offsetof(stat64, st_blksize) == 112 && offsetof(stat64, st_lspare) == 124 &&
              offsetof(stat64, st_qspare) == 128);

struct stat {  // inode numbers of 32 bits: calls 188, 189, 190, 469
    i32 st_dev;
    u32 st_ino;
    u16 st_mode;
    u16 st_nlink;
    u32 st_uid;
    u32 st_gid;
    i32 st_rdev;
    timespec st_atim;
    timespec st_mtim;
    timespec st_ctim;
    i64 st_size;
    i64 st_blocks;
    i32 st_blksize;
    u32 st_flags;
    u32 st_gen;
    i32 st_lspare;
    i64 st_qspare[2];
};
static_assert(sizeof(stat) == 120 && offsetof(stat, st_atim) == 24 && offsetof(stat, st_size) == 72 && offsetof(stat, st_qspare) == 104);

struct statfs64 {
    u32 f_bsize;
    i32 f_iosize;
    u64 f_blocks;
    u64 f_bfree;
    u64 f_bavail;
    u64 f_files;
    u64 f_ffree;
    i32 f_fsid[2];
    u32 f_owner;
    u32 f_type;
    u32 f_flags;
    u32 f_fssubtype;
    char f_fstypename[16];
    char f_mntonname[MAXPATHLEN];
    char f_mntfromname[MAXPATHLEN];
    u32 f_flags_ext;
    u32 f_reserved[7];
};
static_assert(sizeof(statfs64) == 2168 && offsetof(statfs64, f_blocks) == 8 && offsetof(statfs64, f_fsid) == 48 &&
              offsetof(statfs64, f_fstypename) == 72 && offsetof(statfs64, f_mntonname) == 88 && offsetof(statfs64, f_mntfromname) == 1112);

struct dirent {  // what getdirentries64 gives
    u64 d_ino;
    u64 d_seekoff;
    u16 d_reclen;
    u16 d_namlen;
    u8 d_type;
    char d_name[3];  // and more: d_reclen says how long the record is, a NUL where the name ends
};
static_assert(offsetof(dirent, d_reclen) == 16 && offsetof(dirent, d_namlen) == 18 && offsetof(dirent, d_name) == 21);
constexpr usize GETDIRENTRIES64_EXTENDED_BUFSIZE = 1024;  // from this on the buffer's last 4 bytes are flags, not entries

struct attrlist {  // bsd/sys/attr.h: which attributes of getattrlist and setattrlist; bitmapcount is 5
    u16 bitmapcount;
    u16 reserved;
    u32 commonattr, volattr, dirattr, fileattr, forkattr;
};
static_assert(sizeof(attrlist) == 24 && offsetof(attrlist, commonattr) == 4 && offsetof(attrlist, fileattr) == 16);

struct flock {
    i64 l_start;
    i64 l_len;
    i32 l_pid;
    i16 l_type;
    i16 l_whence;
};
static_assert(sizeof(flock) == 24 && offsetof(flock, l_pid) == 16 && offsetof(flock, l_type) == 20 && offsetof(flock, l_whence) == 22);

struct iovec {
    void* iov_base;
    usize iov_len;
};
static_assert(sizeof(iovec) == 16 && offsetof(iovec, iov_len) == 8);

struct winsize {
    u16 ws_row, ws_col, ws_xpixel, ws_ypixel;
};
static_assert(sizeof(winsize) == 8);

}  // namespace trapeze::xnu
