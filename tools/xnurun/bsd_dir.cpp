// SPDX-License-Identifier: BSD-3-Clause
// getdirentries64 and getdirentries: bsd/vfs/vfs_syscalls.c getdirentries_common. The new records are as vnode_readdir64 makes them
// (padded to 8 bytes), the old ones those that 10.5's libraries knew and no library since has asked for.
//
// XNU's records are up to 8 bytes longer than the host's, so what is read may not fit: then the descriptor goes back to the
// first record that did not. From 10.15 on the last 4 bytes of a buffer of 1,024 and more are flags; 10.11 has none.
#include "sys/mem.h"
#include "tools/xnurun/era.h"
#include "tools/xnurun/handlers.h"
#include "tools/xnurun/path.h"

namespace trapeze {
namespace {

using HostEntry = lnx::linux_dirent64;

constexpr u64 largest_record = 21 + 256 + 8;

// encode(record, host's entry, its name's length): the record, zeroed before, is filled; the size of it.
template <class F>
Answer read_directory(Trap& trap, u64 room, F encode) {
    alignas(8) u8 from[4096], record[largest_record];
    const i32 fd = trap.i(0);
    const i64 start = host(lnx::SYS_lseek, fd, 0, lnx::SEEK_CUR);
    const i64 r = host(lnx::SYS_getdents64, fd, from, room < 512 ? 512 : room < sizeof from ? room : sizeof from);
    if (r == -lnx::ENOTDIR) return fail(kind_of(fd) == FdKind::vnode ? xnu::EINVAL : xnu::ENOTSUP);
    if (host_failed(r)) return from_host(r);
    u64 used = 0;
    i64 next = start;  // where the record that is looked at begins
    for (i64 at = 0; at < r;) {
        const auto* entry = reinterpret_cast<const HostEntry*>(from + at);
        memset(record, 0, sizeof record);
        const u64 size = encode(record, *entry, str_len(entry->d_name));
        if (used + size > room) {
            host(lnx::SYS_lseek, fd, next, lnx::SEEK_SET);
            if (!used) return fail(xnu::EINVAL);
            break;
        }
        if (!copyout(record, trap.w(1) + used, size)) {
            host(lnx::SYS_lseek, fd, start, lnx::SEEK_SET);
            return fail(xnu::EFAULT);
        }
        used += size;
        next = entry->d_off;
        at += entry->d_reclen;
    }
    return copyout(start, trap.w(3)) ? ok(static_cast<i64>(used)) : fail(xnu::EFAULT);
}

}  // namespace

Answer bsd_getdirentries64(Trap& trap) {
    constexpr u64 extended = 1024;  // GETDIRENTRIES64_EXTENDED_BUFSIZE
    u64 room = trap.w(2);
    const bool flagged = era >= 6153011 && room >= extended;
    if (flagged) room -= sizeof(u32);
    const Answer a = read_directory(trap, room, [](u8* record, const HostEntry& entry, usize length) {
        auto* d = reinterpret_cast<xnu::dirent*>(record);
        d->d_ino = entry.d_ino;
        d->d_seekoff = static_cast<u64>(entry.d_off);
        d->d_reclen = static_cast<u16>((21 + length + 1 + 7) & ~7ull);
        d->d_namlen = static_cast<u16>(length);
        d->d_type = entry.d_type;
        memcpy(record + 21, entry.d_name, length);
        return u64{d->d_reclen};
    });
    if (!flagged || a.kind != Answer::value) return a;
    u8 more[512];  // GETDIRENTRIES64_EOF, 1: nothing is left. The host must be asked, and set back
    const i64 now = host(lnx::SYS_lseek, trap.i(0), 0, lnx::SEEK_CUR), left = host(lnx::SYS_getdents64, trap.i(0), more, sizeof more);
    host(lnx::SYS_lseek, trap.i(0), now, lnx::SEEK_SET);
    return copyout(u32{left == 0}, trap.w(1) + room) ? a : fail(xnu::EFAULT);
}

// u32 number, u16 length, u8 kind, u8 the name's length, name.
Answer bsd_getdirentries(Trap& trap) {
    return read_directory(trap, trap.u(2), [](u8* record, const HostEntry& entry, usize length) {
        const u32 number = static_cast<u32>(entry.d_ino);
        const u16 size = static_cast<u16>((8 + length + 1 + 3) & ~3ull);
        memcpy(record, &number, 4);
        memcpy(record + 4, &size, 2);
        record[6] = entry.d_type;
        record[7] = static_cast<u8>(length);
        memcpy(record + 8, entry.d_name, length);
        return u64{size};
    });
}

}  // namespace trapeze
