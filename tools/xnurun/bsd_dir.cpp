// SPDX-License-Identifier: BSD-3-Clause
// getdirentries64: bsd/vfs/vfs_syscalls.c getdirentries_common, records as vnode_readdir64 makes them (padded to 8 bytes).
//
// XNU's records are up to 8 bytes longer than the host's, so what is read may not fit: then the descriptor goes back to the
// first record that did not. From 10.15 on the last 4 bytes of a buffer of 1,024 and more are flags; 10.11 has none.
#include "sys/mem.h"
#include "tools/xnurun/handlers.h"
#include "tools/xnurun/path.h"

namespace trapeze {

Answer bsd_getdirentries64(Trap& trap) {
    alignas(8) u8 from[4096];
    alignas(8) u8 entry[24 + 256 + 8];
    const i32 fd = trap.i(0);
    const u64 room = trap.w(2);
    const i64 start = host(lnx::SYS_lseek, fd, 0, lnx::SEEK_CUR);
    const i64 r = host(lnx::SYS_getdents64, fd, from, room < 512 ? 512 : room < sizeof from ? room : sizeof from);
    if (r == -lnx::ENOTDIR) return fail(kind_of(fd) == Kind::vnode ? xnu::EINVAL : xnu::ENOTSUP);
    if (host_failed(r)) return from_host(r);
    u64 used = 0;
    i64 next = start;  // where the record that is looked at begins
    for (i64 at = 0; at < r;) {
        const auto* l = reinterpret_cast<const lnx::linux_dirent64*>(from + at);
        const usize length = str_len(l->d_name);
        const u16 size = static_cast<u16>((21 + length + 1 + 7) & ~7ull);
        if (used + size > room) {
            host(lnx::SYS_lseek, fd, next, lnx::SEEK_SET);
            if (!used) return fail(xnu::EINVAL);
            break;
        }
        memset(entry, 0, size);
        auto* d = reinterpret_cast<xnu::dirent*>(entry);
        d->d_ino = l->d_ino;
        d->d_seekoff = static_cast<u64>(l->d_off);
        d->d_reclen = size;
        d->d_namlen = static_cast<u16>(length);
        d->d_type = l->d_type;
        memcpy(entry + 21, l->d_name, length);
        if (!copyout(entry, trap.w(1) + used, size)) {
            host(lnx::SYS_lseek, fd, start, lnx::SEEK_SET);
            return fail(xnu::EFAULT);
        }
        used += size;
        next = l->d_off;
        at += l->d_reclen;
    }
    return copyout(start, trap.w(3)) ? ok(static_cast<i64>(used)) : fail(xnu::EFAULT);
}

}  // namespace trapeze
