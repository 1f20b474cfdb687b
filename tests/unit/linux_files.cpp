// SPDX-License-Identifier: BSD-3-Clause
// sys/linux/fs.h, mm.h and time.h against the host's own headers: sizes, offsets and constants, at compile time.
// Ours come first: the host's are macros, which would replace our names too.
#include "sys/linux/fs.h"
#include "sys/linux/mm.h"
#include "sys/linux/time.h"
#include "tests/unit/same.h"

namespace {
using namespace trapeze;
constexpr i64 our_constants[] = {
    lnx::O_ACCMODE, lnx::O_ASYNC, lnx::O_DIRECT, lnx::O_PATH, lnx::AT_SYMLINK_NOFOLLOW, lnx::AT_REMOVEDIR, lnx::AT_SYMLINK_FOLLOW,
    lnx::AT_EMPTY_PATH, lnx::F_OK, lnx::X_OK, lnx::W_OK, lnx::R_OK, lnx::SEEK_SET, lnx::SEEK_CUR, lnx::SEEK_END, lnx::SEEK_DATA,
    lnx::SEEK_HOLE, lnx::F_DUPFD, lnx::F_GETFD, lnx::F_SETFD, lnx::F_GETFL, lnx::F_SETFL, lnx::F_GETLK, lnx::F_SETLK, lnx::F_SETLKW,
    lnx::F_DUPFD_CLOEXEC, lnx::FD_CLOEXEC, lnx::F_RDLCK, lnx::F_WRLCK, lnx::F_UNLCK, lnx::LOCK_SH, lnx::LOCK_EX, lnx::LOCK_NB, lnx::LOCK_UN,
    lnx::S_IFIFO, lnx::S_IFCHR, lnx::S_IFBLK, lnx::S_IFLNK, lnx::S_IFSOCK, lnx::S_ISUID, lnx::S_ISGID, lnx::S_ISVTX, lnx::DT_UNKNOWN,
    lnx::DT_FIFO, lnx::DT_CHR, lnx::DT_DIR, lnx::DT_BLK, lnx::DT_REG, lnx::DT_LNK, lnx::DT_SOCK, lnx::TCGETS, lnx::TIOCGWINSZ, lnx::FIONREAD,
    lnx::FIONBIO, lnx::STATX_BASIC_STATS, lnx::STATX_BTIME, lnx::PROT_NONE, lnx::PROT_READ, lnx::PROT_WRITE, lnx::MAP_SHARED, lnx::MAP_32BIT,
    lnx::MAP_GROWSDOWN, lnx::MAP_LOCKED, lnx::MAP_POPULATE, lnx::MS_ASYNC, lnx::MS_INVALIDATE, lnx::MS_SYNC, lnx::MADV_NORMAL,
    lnx::MADV_RANDOM, lnx::MADV_SEQUENTIAL, lnx::MADV_WILLNEED, lnx::MADV_HUGEPAGE, lnx::MADV_NOHUGEPAGE, lnx::MADV_POPULATE_WRITE,
    lnx::MREMAP_MAYMOVE, lnx::MREMAP_FIXED, lnx::MFD_CLOEXEC, lnx::MFD_ALLOW_SEALING, lnx::CLOCK_REALTIME, lnx::CLOCK_PROCESS_CPUTIME_ID,
    lnx::CLOCK_THREAD_CPUTIME_ID, lnx::CLOCK_BOOTTIME, lnx::TIMER_ABSTIME, lnx::ITIMER_REAL, lnx::ITIMER_VIRTUAL, lnx::ITIMER_PROF,
    lnx::UTIME_NOW, lnx::UTIME_OMIT};

constexpr usize our_offsets[] = {
    sizeof(lnx::statx), offsetof(lnx::statx, stx_blksize), offsetof(lnx::statx, stx_nlink), offsetof(lnx::statx, stx_uid),
    offsetof(lnx::statx, stx_gid), offsetof(lnx::statx, stx_mode), offsetof(lnx::statx, stx_ino), offsetof(lnx::statx, stx_size),
    offsetof(lnx::statx, stx_blocks), offsetof(lnx::statx, stx_atime), offsetof(lnx::statx, stx_btime), offsetof(lnx::statx, stx_ctime),
    offsetof(lnx::statx, stx_mtime), offsetof(lnx::statx, stx_rdev_major), offsetof(lnx::statx, stx_rdev_minor),
    offsetof(lnx::statx, stx_dev_major), offsetof(lnx::statx, stx_dev_minor), sizeof(lnx::statx_timestamp),
    offsetof(lnx::statx_timestamp, tv_nsec), sizeof(lnx::statfs), offsetof(lnx::statfs, f_bsize), offsetof(lnx::statfs, f_blocks),
    offsetof(lnx::statfs, f_bavail), offsetof(lnx::statfs, f_files), offsetof(lnx::statfs, f_ffree), offsetof(lnx::statfs, f_fsid),
    offsetof(lnx::statfs, f_namelen), offsetof(lnx::linux_dirent64, d_off), offsetof(lnx::linux_dirent64, d_reclen),
    offsetof(lnx::linux_dirent64, d_type), offsetof(lnx::linux_dirent64, d_name), sizeof(lnx::flock), offsetof(lnx::flock, l_type),
    offsetof(lnx::flock, l_whence), offsetof(lnx::flock, l_start), offsetof(lnx::flock, l_len), offsetof(lnx::flock, l_pid),
    sizeof(lnx::iovec), offsetof(lnx::iovec, iov_len), sizeof(lnx::winsize), offsetof(lnx::winsize, ws_col), sizeof(lnx::itimerval),
    offsetof(lnx::itimerval, it_value), sizeof(lnx::rusage), offsetof(lnx::rusage, ru_stime), offsetof(lnx::rusage, ru_maxrss),
    offsetof(lnx::rusage, ru_minflt), offsetof(lnx::rusage, ru_nivcsw)};
}  // namespace

#include <dirent.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

namespace {
constexpr trapeze::i64 host_constants[] = {
    O_ACCMODE, O_ASYNC, O_DIRECT, O_PATH, AT_SYMLINK_NOFOLLOW, AT_REMOVEDIR, AT_SYMLINK_FOLLOW, AT_EMPTY_PATH, F_OK, X_OK, W_OK, R_OK,
    SEEK_SET, SEEK_CUR, SEEK_END, SEEK_DATA, SEEK_HOLE, F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_GETLK, F_SETLK, F_SETLKW,
    F_DUPFD_CLOEXEC, FD_CLOEXEC, F_RDLCK, F_WRLCK, F_UNLCK, LOCK_SH, LOCK_EX, LOCK_NB, LOCK_UN, S_IFIFO, S_IFCHR, S_IFBLK, S_IFLNK,
    S_IFSOCK, S_ISUID, S_ISGID, S_ISVTX, DT_UNKNOWN, DT_FIFO, DT_CHR, DT_DIR, DT_BLK, DT_REG, DT_LNK, DT_SOCK, TCGETS, TIOCGWINSZ, FIONREAD,
    FIONBIO, STATX_BASIC_STATS, STATX_BTIME, PROT_NONE, PROT_READ, PROT_WRITE, MAP_SHARED, MAP_32BIT, MAP_GROWSDOWN, MAP_LOCKED,
    MAP_POPULATE, MS_ASYNC, MS_INVALIDATE, MS_SYNC, MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED, MADV_HUGEPAGE,
    MADV_NOHUGEPAGE, MADV_POPULATE_WRITE, MREMAP_MAYMOVE, MREMAP_FIXED, MFD_CLOEXEC, MFD_ALLOW_SEALING, CLOCK_REALTIME,
    CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID, CLOCK_BOOTTIME, TIMER_ABSTIME, ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF,
    UTIME_NOW, UTIME_OMIT};

using Winsize = struct winsize;
constexpr trapeze::usize host_offsets[] = {
    sizeof(struct statx), offsetof(struct statx, stx_blksize), offsetof(struct statx, stx_nlink), offsetof(struct statx, stx_uid),
    offsetof(struct statx, stx_gid), offsetof(struct statx, stx_mode), offsetof(struct statx, stx_ino), offsetof(struct statx, stx_size),
    offsetof(struct statx, stx_blocks), offsetof(struct statx, stx_atime), offsetof(struct statx, stx_btime), offsetof(struct statx, stx_ctime),
    offsetof(struct statx, stx_mtime), offsetof(struct statx, stx_rdev_major), offsetof(struct statx, stx_rdev_minor),
    offsetof(struct statx, stx_dev_major), offsetof(struct statx, stx_dev_minor), sizeof(struct statx_timestamp),
    offsetof(struct statx_timestamp, tv_nsec), sizeof(struct statfs), offsetof(struct statfs, f_bsize), offsetof(struct statfs, f_blocks),
    offsetof(struct statfs, f_bavail), offsetof(struct statfs, f_files), offsetof(struct statfs, f_ffree), offsetof(struct statfs, f_fsid),
    offsetof(struct statfs, f_namelen), offsetof(struct dirent, d_off), offsetof(struct dirent, d_reclen), offsetof(struct dirent, d_type),
    offsetof(struct dirent, d_name), sizeof(struct flock), offsetof(struct flock, l_type), offsetof(struct flock, l_whence),
    offsetof(struct flock, l_start), offsetof(struct flock, l_len), offsetof(struct flock, l_pid), sizeof(struct iovec),
    offsetof(struct iovec, iov_len), sizeof(Winsize), offsetof(Winsize, ws_col), sizeof(struct itimerval),
    offsetof(struct itimerval, it_value), sizeof(struct rusage), offsetof(struct rusage, ru_stime), offsetof(struct rusage, ru_maxrss),
    offsetof(struct rusage, ru_minflt), offsetof(struct rusage, ru_nivcsw)};

static_assert(same(our_constants, host_constants));
static_assert(same(our_offsets, host_offsets));
}  // namespace
