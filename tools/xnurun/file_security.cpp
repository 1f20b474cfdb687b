// SPDX-License-Identifier: BSD-3-Clause
// The calls that take or give a kauth_filesec beside a mode (the *_extended family), special files, and access_extended. The host
// keeps no access control lists: a filesec must be well-formed (EINVAL, EFAULT) and may carry none; one with a list is EOPNOTSUPP, as on
// a file system without them (vnode_authattr_new, vnode_setattr). Source: xnu-11417.121.6 bsd/vfs/vfs_syscalls.c,
// bsd/kern/kern_authorization.c kauth_copyinfilesec.
#include "sys/darwin/file_calls.h"
#include "tools/xnurun/handlers.h"
#include "tools/xnurun/path.h"

namespace trapeze {
namespace {

constexpr i32 here = lnx::AT_FDCWD;
constexpr u32 no_list = 0xffffffff, max_entries = 128;  // KAUTH_FILESEC_NOACL, KAUTH_ACL_MAX_ENTRIES
constexpr u32 as_it_was = ~0u;                          // KAUTH_UID_NONE is -101, and -1 no change
constexpr u32 none_id = static_cast<u32>(-101);

// 0 or the errno. 0 and 1 (KAUTH_FILESEC_NONE, ..._REMOVE) are no addresses.
i32 check_filesec(u64 from) {
    if (from <= 1) return 0;
    xnu::kauth_filesec f;
    if (!copyin(&f, from, offsetof(xnu::kauth_filesec, acl_ace))) return xnu::EFAULT;
    if (f.fsec_magic != xnu::KAUTH_FILESEC_MAGIC) return xnu::EINVAL;
    if (f.acl_entrycount == no_list) return 0;
    return f.acl_entrycount > max_entries ? xnu::EINVAL : xnu::ENOTSUP;
}

bool stays(u32 id) { return id == as_it_was || id == none_id; }

Answer owned(i64 made, i32 directory, const char* path, u32 uid, u32 gid) {
    if (host_failed(made)) return from_host(made);
    if (stays(uid) && stays(gid)) return ok();
    return from_host(host(lnx::SYS_fchownat, directory, path, stays(uid) ? ~0u : uid, stays(gid) ? ~0u : gid, lnx::AT_SYMLINK_NOFOLLOW));
}

// S_IFIFO is for anybody; a device for root, S_IFREG and its like for nobody (mknodat_internal).
Answer make_node(i32 directory, u64 name, u32 mode, u32 device) {
    const u32 kind = mode & xnu::S_IFMT;
    if (kind == xnu::S_IFIFO) device = 0;
    else if (host(lnx::SYS_geteuid) != 0) return fail(xnu::EPERM);
    else if (kind != xnu::S_IFCHR && kind != xnu::S_IFBLK) return fail(xnu::EINVAL);
    const Path path(name);
    if (path.error) return fail(path.error);
    const u32 major = device >> 24, minor = device & 0xffffff;
    const u32 packed = (minor & 0xff) | (major & 0xfff) << 8 | (minor & ~0xffu) << 12;
    return from_host_at(directory, host(lnx::SYS_mknodat, directory, path.text(), mode_unmasked(mode) | kind, packed));
}

// After the stat itself: there is no filesec.
Answer without_list(Answer stat, u64 to, u64 size_at) {
    if (stat.kind != Answer::value || !to) return stat;
    return copyout(u64{0}, size_at) ? ok() : fail(xnu::EFAULT);
}

Answer change_mode(i64 found, i32 directory, const char* path, u32 uid, u32 gid, u32 mode) {
    if (host_failed(found)) return from_host(found);
    if (mode != static_cast<u32>(-1))
        if (const i64 r = host(lnx::SYS_fchmodat, directory, path, mode & 07777); host_failed(r)) return from_host(r);
    return owned(0, directory, path, uid, gid);
}

}  // namespace

Answer bsd_mknod(Trap& trap) { return make_node(here, trap.w(0), trap.u(1), trap.u(2)); }
Answer bsd_mknodat(Trap& trap) { return make_node(directory_to_host(trap.i(0)), trap.w(1), trap.u(2), trap.u(3)); }

Answer bsd_open_extended(Trap& trap) {
    if (const i32 e = check_filesec(trap.w(5))) return fail(e);
    return open_path(trap, here, trap.w(0), trap.i(1), trap.u(4));
}
// Classes of protection and their flags (O_DP_GETRAWENCRYPTED 1 ...) mean nothing to a file system without it.
Answer bsd_open_dprotected_np(Trap& trap) { return open_path(trap, here, trap.w(0), trap.i(1), trap.u(4)); }
Answer bsd_openat_dprotected_np(Trap& trap) { return open_path(trap, directory_to_host(trap.i(0)), trap.w(1), trap.i(2), trap.u(5)); }
// A list is read and forgotten.
Answer bsd_umask_extended(Trap& trap) {
    const i32 wrong = check_filesec(trap.w(1));
    return wrong && wrong != xnu::ENOTSUP ? fail(wrong) : bsd_umask(trap);
}

Answer bsd_mkfifo_extended(Trap& trap) {
    if (const i32 e = check_filesec(trap.w(4))) return fail(e);
    const Path path(trap.w(0));
    if (path.error) return fail(path.error);
    return owned(host(lnx::SYS_mknodat, here, path.text(), (trap.u(3) & 07777) | lnx::S_IFIFO, 0), here, path.text(), trap.u(1), trap.u(2));
}
Answer bsd_mkdir_extended(Trap& trap) {
    if (const i32 e = check_filesec(trap.w(4))) return fail(e);
    const Path path(trap.w(0));
    if (path.error) return fail(path.error);
    return owned(host(lnx::SYS_mkdirat, here, path.text(), trap.u(3) & 07777), here, path.text(), trap.u(1), trap.u(2));
}
Answer bsd_chmod_extended(Trap& trap) {
    if (const i32 e = check_filesec(trap.w(4))) return fail(e);
    const Path path(trap.w(0));
    if (path.error) return fail(path.error);
    return change_mode(host(lnx::SYS_faccessat, here, path.text(), 0), here, path.text(), trap.u(1), trap.u(2), trap.u(3));
}
Answer bsd_fchmod_extended(Trap& trap) {
    if (const i32 e = check_filesec(trap.w(4))) return fail(e);
    if (const i32 wrong = not_file(trap.i(0))) return fail(wrong);
    char link[32];
    descriptor_link(trap.i(0), link);
    return change_mode(0, here, link, trap.u(1), trap.u(2), trap.u(3));
}

Answer bsd_stat_extended(Trap& trap) { return without_list(bsd_stat(trap), trap.w(2), trap.w(3)); }
Answer bsd_lstat_extended(Trap& trap) { return without_list(bsd_lstat(trap), trap.w(2), trap.w(3)); }
Answer bsd_fstat_extended(Trap& trap) { return without_list(bsd_fstat(trap), trap.w(2), trap.w(3)); }
Answer bsd_stat64_extended(Trap& trap) { return without_list(bsd_stat64(trap), trap.w(2), trap.w(3)); }
Answer bsd_lstat64_extended(Trap& trap) { return without_list(bsd_lstat64(trap), trap.w(2), trap.w(3)); }
Answer bsd_fstat64_extended(Trap& trap) { return without_list(bsd_fstat64(trap), trap.w(2), trap.w(3)); }

// Descriptors of 16 bytes {name's offset, flags, 8 of padding}, then the names; an offset of 0 means the name before it. A result is
// an errno. For another user than the caller: EPERM, since the host cannot be asked.
Answer bsd_access_extended(Trap& trap) {
    struct Entry {
        u32 name;
        i32 flags;
        i32 pad[2];
    };
    const u64 entries = trap.w(0), size = trap.w(1);
    if (size > 100 * 1024) return fail(xnu::ENOMEM);
    if (size < sizeof(Entry)) return fail(xnu::EINVAL);
    const u32 uid = trap.u(3);
    if (!stays(uid) && uid != static_cast<u32>(host(lnx::SYS_geteuid))) return fail(xnu::EPERM);
    u64 most = size / sizeof(Entry), name_at = 0;
    for (u32 i = 0; i < most; i++) {
        Entry e;
        if (!copyin(e, entries + i * sizeof e)) return fail(xnu::EFAULT);
        if (e.name) {
            if (e.name >= size) return fail(xnu::EINVAL);
            if (name_at == 0 || e.name / sizeof(Entry) < most) most = e.name / sizeof(Entry) < most ? e.name / sizeof(Entry) : most;
            name_at = entries + e.name;
        } else if (!name_at) return fail(xnu::EINVAL);
        if (i >= most) break;
        const Path path(name_at);
        if (path.error) return fail(path.error);
        const i64 r = host(lnx::SYS_faccessat2, here, path.text(), e.flags & 7, 0x200);
        const Answer a = from_host(r);
        if (!copyout(a.kind == Answer::error ? static_cast<i32>(a.rax) : i32{0}, trap.w(2) + i * 4)) return fail(xnu::EFAULT);
    }
    return ok();
}

}  // namespace trapeze
