// SPDX-License-Identifier: BSD-3-Clause
// Clones, files by number, working directories of threads, and calls on files that refuse after their names
// were looked up (xnu-11417.121.6 bsd/vfs/vfs_syscalls.c): so a missing file is ENOENT here as there.
#include "sys/mem.h"
#include "tools/xnurun/attributes.h"
#include "tools/xnurun/descriptors.h"
#include "tools/xnurun/era.h"
#include "tools/xnurun/handlers.h"
#include "tools/xnurun/path.h"
#include "tools/xnurun/process.h"

namespace trapeze {
namespace {

constexpr i32 here = lnx::AT_FDCWD;
constexpr u64 ficlone = 0x40049409;
constexpr u32 CLONE_NOFOLLOW = 1, CLONE_NOFOLLOW_ANY = 8;
constexpr u32 FSOPT_OF_PATHS = 0x280;  // FSOPT_NOFIRMLINKPATH, FSOPT_ISREALFSID: there are no firm links

u32 clone_flags() { return 1u | (era_has(4570001) ? 2 : 0) | (era_has(8792041) ? 4 : 0) | (era_has(11215001) ? CLONE_NOFOLLOW_ANY : 0); }

// Shared blocks are the host file system's business: it has them or it is ENOTSUP, and no name is left behind.
Answer clone_file(i32 from, u32 mode, i32 directory, const char* to) {
    const i64 fd = host(lnx::SYS_openat, directory, to, lnx::O_WRONLY | lnx::O_CREAT | lnx::O_EXCL | lnx::O_CLOEXEC | lnx::O_NOFOLLOW, mode & 07777);
    if (host_failed(fd)) return from_host_at(directory, fd);
    const i64 r = host(lnx::SYS_ioctl, fd, ficlone, from);
    host(lnx::SYS_close, fd);
    if (!host_failed(r)) return ok();
    host(lnx::SYS_unlinkat, directory, to, 0);
    return r == -lnx::EXDEV || r == -lnx::ENOSPC ? from_host(r) : fail(xnu::ENOTSUP);
}

Answer clone(i32 from, i32 from_directory, const char* from_path, i32 directory, u64 to) {
    const Path path(to);
    if (path.error) return fail(path.error);
    lnx::stat s{};
    const i64 found = host(lnx::SYS_newfstatat, from, "", &s, lnx::AT_EMPTY_PATH);
    if (host_failed(found)) return from_host(found);
    switch (s.st_mode & lnx::S_IFMT) {
    case lnx::S_IFREG: {
        char link[32];
        descriptor_link(from, link);
        const i64 fd = open_own(link, lnx::O_RDONLY);
        if (host_failed(fd)) return from_host(fd);
        const Answer a = clone_file(static_cast<i32>(fd), s.st_mode, directory, path.text());
        host(lnx::SYS_close, fd);
        return a;
    }
    case lnx::S_IFLNK: {
        char text[xnu::MAXPATHLEN];
        const i64 n = from_path ? host(lnx::SYS_readlinkat, from_directory, from_path, text, sizeof text - 1) : -lnx::EINVAL;
        if (host_failed(n)) return from_host(n);
        text[n] = 0;
        return from_host_at(directory, host(lnx::SYS_symlinkat, text, directory, path.text()));
    }
    case lnx::S_IFDIR: {
        lnx::stat there{};
        return host_failed(host(lnx::SYS_newfstatat, directory, path.text(), &there, lnx::AT_SYMLINK_NOFOLLOW)) ? fail(xnu::ENOTSUP) : fail(xnu::EEXIST);
    }
    default: return fail(xnu::EINVAL);
    }
}

// The file must be there; then the answer is the errno.
Answer refuse_path(u64 name, i32 error) {
    const Path path(name);
    if (path.error) return fail(path.error);
    const i64 r = host(lnx::SYS_faccessat, here, path.text(), 0);
    return host_failed(r) ? from_host(r) : fail(error);
}

}  // namespace

Answer bsd_clonefileat(Trap& trap) {
    const u32 flags = trap.u(4);
    if (flags & ~clone_flags()) return fail(xnu::EINVAL);
    const Path path(trap.w(1));
    if (path.error) return fail(path.error);
    const i32 directory = directory_to_host(trap.i(0));
    if (flags & CLONE_NOFOLLOW_ANY)
        if (const i32 e = links_on_the_way(directory, path.text())) return fail(e);
    const i64 fd = open_own(path.text(), lnx::O_PATH | (flags & CLONE_NOFOLLOW ? lnx::O_NOFOLLOW : 0), directory);
    if (host_failed(fd)) return from_host_at(directory, fd);
    const Answer a = clone(static_cast<i32>(fd), directory, path.text(), directory_to_host(trap.i(2)), trap.w(3));
    host(lnx::SYS_close, fd);
    return a;
}
Answer bsd_fclonefileat(Trap& trap) {
    if (trap.u(3) & ~clone_flags()) return fail(xnu::EINVAL);
    if (const i32 wrong = not_file_of(trap.i(0))) return fail(wrong);
    if ((host(lnx::SYS_fcntl, trap.i(0), lnx::F_GETFL) & lnx::O_ACCMODE) == lnx::O_WRONLY) return fail(xnu::EBADF);
    return clone(trap.i(0), here, nullptr, directory_to_host(trap.i(1)), trap.w(2));
}

Answer bsd_freadlink(Trap& trap) {
    const i64 r = host(lnx::SYS_readlinkat, trap.i(0), "", trap.w(1), trap.w(2) > 0x7fffffff ? 0x7fffffff : trap.w(2));
    return r == -lnx::ENOENT ? fail(xnu::EINVAL) : from_host(r);  // an open file that is no link
}

// A name is searched for by number only among what this process has open: the host has no other way.
Answer bsd_fsgetpath(Trap& trap) {
    constexpr u32 xnu_11417 = 11417101;
    const u64 room = trap.w(1), most = era >= xnu_11417 ? 8192 : 4096;  // MAXLONGPATHLEN, PAGE_SIZE before
    if (trap.number == 217 && trap.u(4) & ~FSOPT_OF_PATHS) return fail(xnu::EINVAL);
    xnu::fsid_t id;
    if (!copyin(id, trap.w(2))) return fail(xnu::EFAULT);
    if (room == 0 || room > most) return fail(xnu::EINVAL);
    lnx::statx s{};
    host(lnx::SYS_statx, here, "/", 0, lnx::STATX_BASIC_STATS, &s);
    char path[xnu::MAXPATHLEN + 16] = "/";
    const bool root = trap.w(3) == 2 || trap.w(3) == s.stx_ino;  // HFS's kHFSRootFolderID
    bool found = root;
    const i64 self = open_own("/proc/self/fd", lnx::O_RDONLY | lnx::O_DIRECTORY);
    if (host_failed(self)) return fail(xnu::ENOENT);
    alignas(8) u8 records[2048];
    for (i64 r; !found && (r = host(lnx::SYS_getdents64, self, records, sizeof records)) > 0;) {
        for (i64 at = 0; !found && at < r;) {
            const auto* d = reinterpret_cast<const lnx::linux_dirent64*>(records + at);
            at += d->d_reclen;
            i32 fd = 0;
            for (const char* p = d->d_name; *p; p++) fd = *p == '.' ? -1 : fd * 10 + (*p - '0');
            lnx::statx t{};
            if (fd < 0 || host_failed(host(lnx::SYS_statx, fd, "", lnx::AT_EMPTY_PATH, lnx::STATX_BASIC_STATS, &t))) continue;
            if (t.stx_ino != trap.w(3) || host_device(t.stx_dev_major, t.stx_dev_minor) != id.val[0]) continue;
            found = path_of_descriptor(fd, path) == 0 && path[0] == '/';
        }
    }
    host(lnx::SYS_close, self);
    if (!found) return fail(xnu::ENOENT);
    path_to_guest(path, sizeof path);
    const usize n = str_len(path) + 1;
    if (n > room) return fail(xnu::ENOSPC);
    return copyout(path, trap.w(0), n) ? ok(static_cast<i64>(n)) : fail(xnu::EFAULT);
}

Answer bsd_undelete(Trap& trap) { return refuse_path(trap.w(0), xnu::ENOTSUP); }
Answer bsd_exchangedata(Trap& trap) {
    const Answer first = refuse_path(trap.w(0), xnu::ENOTSUP);
    return first.rax == xnu::ENOTSUP ? refuse_path(trap.w(1), xnu::ENOTSUP) : first;
}
Answer bsd_copyfile(Trap& trap) {
    if (trap.u(3) & ~3u) return fail(xnu::EINVAL);
    const Answer first = refuse_path(trap.w(0), xnu::ENOTSUP);
    if (first.rax != xnu::ENOTSUP) return first;
    const Path to(trap.w(1));  // need not be there
    return fail(to.error ? to.error : xnu::ENOTSUP);
}
Answer bsd_fsctl(Trap& trap) { return refuse_path(trap.w(0), xnu::ENOTTY); }
Answer bsd_ffsctl(Trap& trap) {
    const i32 wrong = not_file(trap.i(0));
    return fail(wrong ? wrong : xnu::ENOTTY);
}
Answer bsd_quotactl(Trap& trap) { return refuse_path(trap.w(0), xnu::ENOTSUP); }
Answer bsd_searchfs(Trap& trap) { return refuse_path(trap.w(0), xnu::ENOTSUP); }
Answer bsd_unmount(Trap& trap) { return refuse_path(trap.w(0), xnu::EPERM); }
// The type's name, the folder, then __mac_mount's label; and all the same nobody mounts.
Answer bsd_mount(Trap& trap) {
    char type[15], mac[16];  // MFSNAMELEN
    if (const i32 wrong = copyin_string(type, trap.w(0), sizeof type)) return fail(wrong);
    const Answer folder = refuse_path(trap.w(1), xnu::EPERM);
    const bool labelled = trap.number == 424 && trap.w(4);
    return folder.rax == xnu::EPERM && labelled && !copyin(mac, trap.w(4)) ? fail(xnu::EFAULT) : folder;
}
Answer bsd_chroot(Trap& trap) { return refuse_path(trap.w(0), xnu::EPERM); }
// Only devices can be revoked, and the host cannot.
Answer bsd_revoke(Trap& trap) {
    const Path path(trap.w(0));
    if (path.error) return fail(path.error);
    lnx::stat s{};
    const i64 r = host(lnx::SYS_newfstatat, here, path.text(), &s, 0);
    if (host_failed(r)) return from_host(r);
    const u32 kind = s.st_mode & lnx::S_IFMT;
    return fail(kind == lnx::S_IFCHR || kind == lnx::S_IFBLK ? xnu::EPERM : xnu::ENOTSUP);
}
Answer bsd_delete(Trap& trap) { return bsd_unlink(trap); }

// CS_OPS_STATUS: a program without a signature has no flags, and nobody asks how much room there is. All else asks for parts of one.
// An audit token names one incarnation of a process, its pid and a version, which is 1 of all (mig_task.cpp).
Answer bsd_csops(Trap& trap) {
    if (trap.i(0) < 0 || (trap.i(0) && host_failed(host(lnx::SYS_getpgid, trap.i(0))))) return fail(xnu::ESRCH);
    if (trap.number == 170) {
        u32 token[8];
        if (!trap.w(4)) return fail(xnu::EINVAL);
        if (!copyin(token, trap.w(4), sizeof token)) return fail(xnu::EFAULT);
        if (token[5] != static_cast<u32>(trap.i(0) ? trap.i(0) : own_pid()) || token[7] != 1) return fail(xnu::ESRCH);
    }
    if (trap.u(1) != 0) return fail(xnu::EINVAL);
    return !trap.w(2) || copyout(u32{0}, trap.w(2)) ? ok() : fail(xnu::EFAULT);
}

}  // namespace trapeze
