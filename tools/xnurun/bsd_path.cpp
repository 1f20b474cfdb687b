// SPDX-License-Identifier: BSD-3-Clause
// Calls on names: bsd/vfs/vfs_syscalls.c. The variants from a descriptor and those without share their code, as there.
#include "sys/mem.h"
#include "tools/xnurun/descriptors.h"
#include "tools/xnurun/era.h"
#include "tools/xnurun/handlers.h"
#include "tools/xnurun/kqueue.h"
#include "tools/xnurun/path.h"

namespace trapeze {
namespace {

constexpr i32 here = lnx::AT_FDCWD;

i32 any_of_era() { return era_has(8020101) ? at_nofollow_any : 0; }

Answer unlink_at(i32 directory, u64 name, i32 host_flags, bool no_links = false) {
    const Path path(name);
    if (path.error) return fail(path.error);
    if (no_links)
        if (const i32 e = links_on_the_way(directory, path.text())) return fail(e);
    const i64 r = host(lnx::SYS_unlinkat, directory, path.text(), host_flags);
    return r == -lnx::EISDIR ? fail(xnu::EPERM) : from_host_at(directory, r);
}

Answer link_at(i32 from, u64 name, i32 to, u64 link, i32 host_flags, bool no_links = false) {
    const Path path(name), other(link);
    if (path.error || other.error) return fail(path.error ? path.error : other.error);
    if (no_links)
        if (const i32 e = links_on_the_way(from, path.text())) return fail(e);
    return from_host_at(from, host(lnx::SYS_linkat, from, path.text(), to, other.text(), host_flags), to);
}

Answer rename_at(i32 from, u64 name, i32 to, u64 target, u32 host_flags) {
    const Path path(name), other(target);
    if (path.error || other.error) return fail(path.error ? path.error : other.error);
    return from_host_at(from, host_flags ? host(lnx::SYS_renameat2, from, path.text(), to, other.text(), host_flags)
                                           : host(lnx::SYS_renameat, from, path.text(), to, other.text()), to);
}

// What a link says is the guest's own business: it is not translated.
Answer symlink_at(u64 target, i32 directory, u64 name) {
    char text[xnu::MAXPATHLEN];
    if (const i32 e = copyin_string(text, target, sizeof text)) return fail(e);
    const Path path(name);
    if (path.error) return fail(path.error);
    return from_host_at(directory, host(lnx::SYS_symlinkat, text, directory, path.text()));
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
    return !size && !host_failed(r) ? ok() : from_host_at(directory, r);
}

Answer make_directory(i32 directory, u64 name, u32 mode) {
    const Path path(name);
    if (path.error) return fail(path.error);
    return from_host_at(directory, host(lnx::SYS_mkdirat, directory, path.text(), mode & 0777));
}

Answer make_fifo(i32 directory, u64 name, u32 mode) {
    const Path path(name);
    if (path.error) return fail(path.error);
    return from_host_at(directory, host(lnx::SYS_mknodat, directory, path.text(), mode_unmasked(mode) | lnx::S_IFIFO, 0));
}

Answer access_at(i32 directory, u64 name, i32 mode, i32 host_flags, bool no_links = false) {
    const Path path(name);
    if (path.error) return fail(path.error);
    if (no_links)
        if (const i32 e = links_on_the_way(directory, path.text())) return fail(e);
    return from_host_at(directory, host_flags ? host(lnx::SYS_faccessat2, directory, path.text(), mode & 7, host_flags)
                                                : host(lnx::SYS_faccessat, directory, path.text(), mode & 7));
}

}  // namespace

Answer bsd_unlink(Trap& trap) { return unlink_at(here, trap.w(0), 0); }
Answer bsd_unlinkat(Trap& trap) {
    i32 flags;
    constexpr i32 dataless = 0x100, discarded = 0x1000;  // AT_REMOVEDIR_DATALESS: no folder here lacks its content
    const i32 allowed = xnu::AT_REMOVEDIR | (era_has(6153011) ? dataless : 0) | (era_has(10002001) ? at_nofollow_any : 0) | (era_has(11215061) ? discarded : 0);
    if (!at_flags_to_host(trap.i(2), allowed, flags)) return fail(xnu::EINVAL);
    if (trap.i(2) & dataless) flags |= lnx::AT_REMOVEDIR;
    return unlink_at(directory_to_host(trap.i(0)), trap.w(1), flags, trap.i(2) & at_nofollow_any);
}
Answer bsd_rmdir(Trap& trap) { return unlink_at(here, trap.w(0), lnx::AT_REMOVEDIR); }

Answer bsd_link(Trap& trap) { return link_at(here, trap.w(0), here, trap.w(1), lnx::AT_SYMLINK_FOLLOW); }
Answer bsd_linkat(Trap& trap) {
    i32 flags;
    if (!at_flags_to_host(trap.i(4), xnu::AT_SYMLINK_FOLLOW | any_of_era(), flags)) return fail(xnu::EINVAL);
    return link_at(directory_to_host(trap.i(0)), trap.w(1), directory_to_host(trap.i(2)), trap.w(3), flags, trap.i(4) & at_nofollow_any);
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
    constexpr u32 nofollow_any = 0x10;
    if (flags & ~(7u | (era_has(8020101) ? nofollow_any : 0)) || (flags & 6) == 6) return fail(xnu::EINVAL);
    if (flags & 1) return fail(xnu::ENOTSUP);
    if (flags & nofollow_any) {
        const Path from(trap.w(1)), to(trap.w(3));
        if (from.error || to.error) return fail(from.error ? from.error : to.error);
        if (links_on_the_way(directory_to_host(trap.i(0)), from.text()) || links_on_the_way(directory_to_host(trap.i(2)), to.text())) return fail(xnu::ELOOP);
    }
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
    const i32 allowed = xnu::AT_EACCESS | (era_has(6153011) ? xnu::AT_SYMLINK_NOFOLLOW : 0) | any_of_era();
    if (!at_flags_to_host(trap.i(3), allowed, flags)) return fail(xnu::EINVAL);
    return access_at(directory_to_host(trap.i(0)), trap.w(1), trap.i(2), flags, trap.i(3) & at_nofollow_any);
}

Answer bsd_chdir(Trap& trap) {
    const Path path(trap.w(0));
    return path.error ? fail(path.error) : from_host(host(lnx::SYS_chdir, path.text()));
}
Answer bsd_fchdir(Trap& trap) {
    const i64 r = host(lnx::SYS_fchdir, trap.i(0));
    return r == -lnx::ENOTDIR && not_file(trap.i(0)) ? fail(xnu::EINVAL) : from_host(r);
}

Answer bsd_truncate(Trap& trap) {
    if (static_cast<i64>(trap.w(1)) < 0) return fail(xnu::EINVAL);
    const Path path(trap.w(0));
    return path.error ? fail(path.error) : from_host(host(lnx::SYS_truncate, path.text(), trap.w(1)));
}

// bsd/sys/unistd.h _PC_*. Some are the same for every file (vn_pathconf of bsd/vfs/vfs_vnops.c); the others are those of a case-sensitive
// HFS+, of a device (spec_pathconf) or of a named fifo (fifo_pathconf); what those do not know is EINVAL. mode: 0 for what is no file at
// all, a pipe or socket, which knows PIPE_BUF alone.
static Answer limit_of(i32 name, u32 mode) {
    enum : u8 { no = 0, files = 1, devices = 2, fifos = 4, sockets = 8, plain = files | devices | fifos };
    struct Limit {
        i32 value;
        u8 who;
    };
    constexpr Limit limits[27] = {
        {0, no}, {32767, plain}, {1024, devices}, {1024, devices}, {255, files}, {1024, files}, {512, plain | sockets},  // LINK_MAX ... PIPE_BUF
        {200112, plain}, {200112, files}, {255, devices}, {255, files}, {1, files}, {1, files},                         // ... CASE_PRESERVING
        {1, plain}, {0, plain}, {1, plain}, {1, plain}, {1, plain}, {64, files}, {0, plain},                            // ... PRIO_IO
        {4096, plain}, {65536, plain}, {4096, plain}, {4096, plain}, {255, plain}, {0, plain}, {31, files | fifos},     // ... XATTR_SIZE_BITS
    };
    const u8 who = mode == 0 ? sockets : mode == lnx::S_IFCHR || mode == lnx::S_IFBLK ? devices : mode == lnx::S_IFIFO ? fifos : files;
    return name >= 1 && name <= 26 && limits[name].who & who ? ok(limits[name].value) : fail(xnu::EINVAL);
}
Answer bsd_pathconf(Trap& trap) {
    const Path path(trap.w(0));
    if (path.error) return fail(path.error);
    lnx::stat s{};
    const i64 r = host(lnx::SYS_newfstatat, here, path.text(), &s, 0);
    return host_failed(r) ? from_host(r) : limit_of(trap.i(1), s.st_mode & lnx::S_IFMT);
}
Answer bsd_fpathconf(Trap& trap) {
    const FdKind kind = kind_of(trap.i(0));
    if (kind == FdKind::closed || hidden(trap.i(0))) return fail(xnu::EBADF);
    if (is_kqueue(trap.i(0))) return fail(xnu::EINVAL);
    lnx::stat s{};
    if (kind == FdKind::vnode) host(lnx::SYS_fstat, trap.i(0), &s);
    return limit_of(trap.i(1), s.st_mode & lnx::S_IFMT);
}

}  // namespace trapeze
