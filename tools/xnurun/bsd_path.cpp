// SPDX-License-Identifier: BSD-3-Clause
// Calls on names: bsd/vfs/vfs_syscalls.c. The variants from a descriptor and those without share their code, as there.
#include "sys/mem.h"
#include "tools/xnurun/handlers.h"
#include "tools/xnurun/path.h"

namespace trapeze {
namespace {

constexpr i32 here = lnx::AT_FDCWD;

Answer no_file(i64 r) { return r == -lnx::EISDIR ? fail(xnu::EPERM) : from_host(r); }

Answer unlink_at(i32 directory, u64 name, i32 host_flags) {
    const Path path(name);
    if (path.error) return fail(path.error);
    return no_file(host(lnx::SYS_unlinkat, directory, path.text(), host_flags));
}

Answer link_at(i32 from, u64 name, i32 to, u64 link, i32 host_flags) {
    const Path path(name), other(link);
    if (path.error || other.error) return fail(path.error ? path.error : other.error);
    return from_host(host(lnx::SYS_linkat, from, path.text(), to, other.text(), host_flags));
}

Answer rename_at(i32 from, u64 name, i32 to, u64 target, u32 host_flags) {
    const Path path(name), other(target);
    if (path.error || other.error) return fail(path.error ? path.error : other.error);
    return from_host(host_flags ? host(lnx::SYS_renameat2, from, path.text(), to, other.text(), host_flags)
                                : host(lnx::SYS_renameat, from, path.text(), to, other.text()));
}

// What a link says is the guest's own business: it is not translated.
Answer symlink_at(u64 target, i32 directory, u64 name) {
    char text[xnu::MAXPATHLEN];
    if (const i32 e = copyin_string(text, target, sizeof text)) return fail(e);
    const Path path(name);
    if (path.error) return fail(path.error);
    return from_host(host(lnx::SYS_symlinkat, text, directory, path.text()));
}

// No bytes are no error on XNU, but the link must be one.
Answer readlink_at(i32 directory, u64 name, u64 to, u64 size) {
    if (size > 0x7fffffff) return fail(xnu::EINVAL);
    const Path path(name);
    if (path.error) return fail(path.error);
    if (path.names_private_link()) {
        char link[16] = "private";
        memcpy(link + 7, path.text(), 4);
        const u64 n = size < 11 ? size : 11;
        return copyout(link, to, n) ? ok(static_cast<i64>(n)) : fail(xnu::EFAULT);
    }
    char nothing;
    const i64 r = size ? host(lnx::SYS_readlinkat, directory, path.text(), to, size)
                       : host(lnx::SYS_readlinkat, directory, path.text(), &nothing, 1);
    return !size && !host_failed(r) ? ok() : from_host(r);
}

Answer make_directory(i32 directory, u64 name, u32 mode) {
    const Path path(name);
    if (path.error) return fail(path.error);
    return from_host(host(lnx::SYS_mkdirat, directory, path.text(), mode & 0777));
}

Answer make_fifo(i32 directory, u64 name, u32 mode) {
    const Path path(name);
    if (path.error) return fail(path.error);
    return from_host(host(lnx::SYS_mknodat, directory, path.text(), (mode & 07777) | lnx::S_IFIFO, 0));
}

Answer access_at(i32 directory, u64 name, i32 mode, i32 host_flags) {
    const Path path(name);
    if (path.error) return fail(path.error);
    return from_host(host_flags ? host(lnx::SYS_faccessat2, directory, path.text(), mode & 7, host_flags)
                                : host(lnx::SYS_faccessat, directory, path.text(), mode & 7));
}

}  // namespace

Answer bsd_unlink(Trap& trap) { return unlink_at(here, trap.w(0), 0); }
Answer bsd_unlinkat(Trap& trap) {
    i32 flags;
    if (!at_flags_to_host(trap.i(2), xnu::AT_REMOVEDIR, flags)) return fail(xnu::EINVAL);
    return unlink_at(directory_to_host(trap.i(0)), trap.w(1), flags);
}
Answer bsd_rmdir(Trap& trap) { return unlink_at(here, trap.w(0), lnx::AT_REMOVEDIR); }

Answer bsd_link(Trap& trap) { return link_at(here, trap.w(0), here, trap.w(1), lnx::AT_SYMLINK_FOLLOW); }
Answer bsd_linkat(Trap& trap) {
    i32 flags;
    if (!at_flags_to_host(trap.i(4), xnu::AT_SYMLINK_FOLLOW, flags)) return fail(xnu::EINVAL);
    return link_at(directory_to_host(trap.i(0)), trap.w(1), directory_to_host(trap.i(2)), trap.w(3), flags);
}
Answer bsd_symlink(Trap& trap) { return symlink_at(trap.w(0), here, trap.w(1)); }
Answer bsd_symlinkat(Trap& trap) { return symlink_at(trap.w(0), directory_to_host(trap.i(1)), trap.w(2)); }
Answer bsd_readlink(Trap& trap) { return readlink_at(here, trap.w(0), trap.w(1), static_cast<u64>(static_cast<i64>(trap.i(2)))); }
Answer bsd_readlinkat(Trap& trap) { return readlink_at(directory_to_host(trap.i(0)), trap.w(1), trap.w(2), trap.w(3)); }

Answer bsd_rename(Trap& trap) { return rename_at(here, trap.w(0), here, trap.w(1), 0); }
Answer bsd_renameat(Trap& trap) {
    return rename_at(directory_to_host(trap.i(0)), trap.w(1), directory_to_host(trap.i(2)), trap.w(3), 0);
}
// RENAME_SECLUDE 1 (not on the host), RENAME_SWAP 2, RENAME_EXCL 4, RENAME_NOFOLLOW_ANY 0x10 (bsd/sys/stdio.h)
Answer bsd_renameatx_np(Trap& trap) {
    const u32 flags = trap.u(4);
    if (flags & ~0x17u || (flags & 6) == 6) return fail(xnu::EINVAL);
    if (flags & 0x11) return fail(xnu::ENOTSUP);
    return rename_at(directory_to_host(trap.i(0)), trap.w(1), directory_to_host(trap.i(2)), trap.w(3),
                     flags & 2 ? 2 : flags & 4 ? 1 : 0);
}

Answer bsd_mkdir(Trap& trap) { return make_directory(here, trap.w(0), trap.u(1)); }
Answer bsd_mkdirat(Trap& trap) { return make_directory(directory_to_host(trap.i(0)), trap.w(1), trap.u(2)); }
Answer bsd_mkfifo(Trap& trap) { return make_fifo(here, trap.w(0), trap.u(1)); }
Answer bsd_mkfifoat(Trap& trap) { return make_fifo(directory_to_host(trap.i(0)), trap.w(1), trap.u(2)); }

Answer bsd_access(Trap& trap) { return access_at(here, trap.w(0), trap.i(1), 0); }
Answer bsd_faccessat(Trap& trap) {
    i32 flags;
    if (!at_flags_to_host(trap.i(3), xnu::AT_EACCESS | xnu::AT_SYMLINK_NOFOLLOW, flags)) return fail(xnu::EINVAL);
    return access_at(directory_to_host(trap.i(0)), trap.w(1), trap.i(2), flags);
}

Answer bsd_chdir(Trap& trap) {
    const Path path(trap.w(0));
    return path.error ? fail(path.error) : from_host(host(lnx::SYS_chdir, path.text()));
}
Answer bsd_fchdir(Trap& trap) { return from_host(host(lnx::SYS_fchdir, trap.i(0))); }

Answer bsd_truncate(Trap& trap) {
    if (static_cast<i64>(trap.w(1)) < 0) return fail(xnu::EINVAL);
    const Path path(trap.w(0));
    return path.error ? fail(path.error) : from_host(host(lnx::SYS_truncate, path.text(), trap.w(1)));
}

// bsd/sys/unistd.h _PC_*: what vn_pathconf (bsd/vfs/vfs_vnops.c) says, and a case-sensitive HFS+.
static Answer limit_of(i32 name) {
    constexpr i64 values[27] = {-1, 32767, 1024, 1024, 255, 1024, 512, 200112, 200112, 255, 255, 1, 1, 1,
                                0,  1,     1,    1,    64,  0,    4096, 65536, 4096, 4096, 255, 0, 31};
    return name >= 1 && name <= 26 ? ok(values[name]) : fail(xnu::EINVAL);
}
Answer bsd_pathconf(Trap& trap) {
    const Path path(trap.w(0));
    if (path.error) return fail(path.error);
    const i64 r = host(lnx::SYS_faccessat, here, path.text(), 0);
    return host_failed(r) ? from_host(r) : limit_of(trap.i(1));
}
Answer bsd_fpathconf(Trap& trap) {
    return host_failed(host(lnx::SYS_fcntl, trap.i(0), lnx::F_GETFD)) ? fail(xnu::EBADF) : limit_of(trap.i(1));
}

}  // namespace trapeze
