// SPDX-License-Identifier: BSD-3-Clause
// The stat family in both layouts (bsd/sys/stat.h: struct stat as user64_stat, and stat64).
#include "sys/mem.h"
#include "tools/xnurun/era.h"
#include "tools/xnurun/handlers.h"
#include "tools/xnurun/path.h"

namespace trapeze {
namespace {

xnu::timespec time_of(const lnx::statx_timestamp& t) { return {t.tv_sec, t.tv_nsec}; }

// What both layouts have, under the same names.
template <class Stat>
Answer give(const lnx::statx& s, u64 to, Stat d) {
    d.st_dev = host_device(s.stx_dev_major, s.stx_dev_minor);
    d.st_mode = s.stx_mode;
    d.st_nlink = static_cast<u16>(s.stx_nlink);
    d.st_ino = static_cast<decltype(d.st_ino)>(s.stx_ino);
    d.st_uid = s.stx_uid;
    d.st_gid = s.stx_gid;
    d.st_rdev = host_device(s.stx_rdev_major, s.stx_rdev_minor);
    d.st_atim = time_of(s.stx_atime);
    d.st_mtim = time_of(s.stx_mtime);
    d.st_ctim = time_of(s.stx_ctime);
    d.st_size = static_cast<i64>(s.stx_size);
    d.st_blocks = static_cast<i64>(s.stx_blocks);
    d.st_blksize = static_cast<i32>(s.stx_blksize);
    d.st_flags = file_flags_to_guest(s.stx_attributes);
    return copyout(d, to) ? ok() : fail(xnu::EFAULT);
}

Answer give(const lnx::statx& s, u64 to, bool wide) {
    if (!wide) return give(s, to, xnu::stat{});
    xnu::stat64 d{};
    // Who knows no birth has the last change of the content for one, as HFS+ had before it kept any.
    d.st_birthtim = time_of(s.stx_mask & lnx::STATX_BTIME ? s.stx_btime : s.stx_mtime);
    return give(s, to, d);
}

Answer look(i32 directory, const char* path, i32 flags, u64 to, bool wide) {
    lnx::statx s;
    const i64 r = host(lnx::SYS_statx, directory, path, flags, lnx::STATX_BASIC_STATS | lnx::STATX_BTIME, &s);
    return host_failed(r) ? from_host_at(directory, r) : give(s, to, wide);
}

Answer by_path(i32 directory, u64 name, u64 to, i32 flags, bool wide) {
    const Path path(name);
    if (path.error) return fail(path.error);
    if (!(flags & lnx::AT_SYMLINK_NOFOLLOW) || !path.names_private_link()) return look(directory, path.text(), flags, to, wide);
    lnx::statx s;
    const i64 r = host(lnx::SYS_statx, directory, path.text(), flags, lnx::STATX_BASIC_STATS | lnx::STATX_BTIME, &s);
    if (host_failed(r)) return from_host(r);
    s.stx_mode = lnx::S_IFLNK | 0755;
    s.stx_size = 11;  // private/tmp
    s.stx_nlink = 1;
    s.stx_ino ^= u64{1} << 31;  // not the directory's
    return give(s, to, wide);
}

Answer by_descriptor(i32 fd, u64 to, bool wide) { return fd < 0 ? fail(xnu::EBADF) : look(fd, "", lnx::AT_EMPTY_PATH, to, wide); }

Answer at(Trap& trap, bool wide) {
    i32 flags;
    constexpr i32 real_device = 0x200, fd_only = 0x400;  // AT_REALDEV: no other is told of
    const i32 allowed = xnu::AT_SYMLINK_NOFOLLOW | (era_has(6153011) ? real_device | fd_only : 0) | (era_has(8020101) ? at_nofollow_any : 0);
    if (!at_flags_to_host(trap.i(3), allowed, flags)) return fail(xnu::EINVAL);
    if (trap.i(3) & fd_only) {
        const FdKind kind = kind_of(trap.i(0));
        return kind == FdKind::vnode ? by_descriptor(trap.i(0), trap.w(2), wide) : fail(kind == FdKind::closed ? xnu::EBADF : xnu::ENOTSUP);
    }
    if (trap.i(3) & at_nofollow_any) {
        const Path path(trap.w(1));
        if (path.error) return fail(path.error);
        if (const i32 e = links_on_the_way(directory_to_host(trap.i(0)), path.text())) return fail(e);
    }
    return by_path(directory_to_host(trap.i(0)), trap.w(1), trap.w(2), flags, wide);
}

constexpr i32 here = lnx::AT_FDCWD, the_link = lnx::AT_SYMLINK_NOFOLLOW;

}  // namespace

Answer bsd_stat(Trap& trap) { return by_path(here, trap.w(0), trap.w(1), 0, false); }
Answer bsd_lstat(Trap& trap) { return by_path(here, trap.w(0), trap.w(1), the_link, false); }
Answer bsd_fstat(Trap& trap) { return by_descriptor(trap.i(0), trap.w(1), false); }
Answer bsd_fstatat(Trap& trap) { return at(trap, false); }
Answer bsd_stat64(Trap& trap) { return by_path(here, trap.w(0), trap.w(1), 0, true); }
Answer bsd_lstat64(Trap& trap) { return by_path(here, trap.w(0), trap.w(1), the_link, true); }
Answer bsd_fstat64(Trap& trap) { return by_descriptor(trap.i(0), trap.w(1), true); }
Answer bsd_fstatat64(Trap& trap) { return at(trap, true); }

}  // namespace trapeze
