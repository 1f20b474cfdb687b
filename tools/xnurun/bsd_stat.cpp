// SPDX-License-Identifier: BSD-3-Clause
// The stat family in both layouts (bsd/sys/stat.h, user64_stat and stat64), and getdirentries64.
#include "sys/darwin/errno.h"
#include "sys/darwin/types.h"
#include "sys/mem.h"
#include "tools/xnurun/handlers.h"

namespace trapeze {
namespace {

struct Stat32 {  // 32-bit inode numbers: calls 188, 189, 190
    i32 dev;
    u32 ino;
    u16 mode, nlink;
    u32 uid, gid;
    i32 rdev;
    xnu::timespec atim, mtim, ctim;
    i64 size, blocks;
    i32 blksize;
    u32 flags, gen;
    i32 lspare;
    i64 qspare[2];
};
static_assert(sizeof(Stat32) == 120 && offsetof(Stat32, atim) == 24 && offsetof(Stat32, size) == 72);

i32 device(u64 dev) {  // Linux's split fields into Darwin's major 31:24, minor 23:0
    const u64 major = (dev >> 8 & 0xfff) | (dev >> 32 & ~0xfffull), minor = (dev & 0xff) | (dev >> 12 & ~0xffull);
    return static_cast<i32>((major & 0xff) << 24 | (minor & 0xffffff));
}

xnu::timespec time_of(const lnx::timespec& t) { return {t.tv_sec, t.tv_nsec}; }

Answer give(const lnx::stat& s, u64 to, bool wide) {
    if (wide) {
        xnu::stat64 d{};
        d.st_dev = device(s.st_dev);
        d.st_mode = static_cast<u16>(s.st_mode);
        d.st_nlink = static_cast<u16>(s.st_nlink);
        d.st_ino = s.st_ino;
        d.st_uid = s.st_uid;
        d.st_gid = s.st_gid;
        d.st_rdev = device(s.st_rdev);
        d.st_atim = time_of(s.st_atim);
        d.st_mtim = d.st_birthtim = time_of(s.st_mtim);  // the host's stat knows no birth
        d.st_ctim = time_of(s.st_ctim);
        d.st_size = s.st_size;
        d.st_blocks = s.st_blocks;
        d.st_blksize = static_cast<i32>(s.st_blksize);
        return copyout(d, to) ? ok() : fail(xnu::EFAULT);
    }
    Stat32 d{};
    d.dev = device(s.st_dev);
    d.ino = static_cast<u32>(s.st_ino);
    d.mode = static_cast<u16>(s.st_mode);
    d.nlink = static_cast<u16>(s.st_nlink);
    d.uid = s.st_uid;
    d.gid = s.st_gid;
    d.rdev = device(s.st_rdev);
    d.atim = time_of(s.st_atim);
    d.mtim = time_of(s.st_mtim);
    d.ctim = time_of(s.st_ctim);
    d.size = s.st_size;
    d.blocks = s.st_blocks;
    d.blksize = static_cast<i32>(s.st_blksize);
    return copyout(d, to) ? ok() : fail(xnu::EFAULT);
}

Answer stat_by(u64 number, u64 what, u64 to, bool wide) {
    lnx::stat s;
    const i64 r = host(number, what, &s);
    return host_failed(r) ? from_host(r) : give(s, to, wide);
}

struct LinuxEntry {
    u64 ino;
    i64 offset;
    u16 reclen;
    u8 type;
    char name[];
};
struct DarwinEntry {
    u64 ino, seekoff;
    u16 reclen, namlen;
    u8 type;
    char name[3];
};
static_assert(sizeof(DarwinEntry) == 24 && offsetof(DarwinEntry, name) == 21);

}  // namespace

Answer bsd_stat(Trap& trap) { return stat_by(lnx::SYS_stat, trap.w(0), trap.w(1), false); }
Answer bsd_lstat(Trap& trap) { return stat_by(lnx::SYS_lstat, trap.w(0), trap.w(1), false); }
Answer bsd_fstat(Trap& trap) { return stat_by(lnx::SYS_fstat, trap.u(0), trap.w(1), false); }
Answer bsd_stat64(Trap& trap) { return stat_by(lnx::SYS_stat, trap.w(0), trap.w(1), true); }
Answer bsd_lstat64(Trap& trap) { return stat_by(lnx::SYS_lstat, trap.w(0), trap.w(1), true); }
Answer bsd_fstat64(Trap& trap) { return stat_by(lnx::SYS_fstat, trap.u(0), trap.w(1), true); }

// Entries grow by up to 4 bytes on the way: half the room is asked for, and what does not fit is read again next time.
Answer bsd_getdirentries64(Trap& trap) {
    alignas(8) u8 from[4096];
    alignas(8) u8 entry[24 + 256 + 8];
    const u64 room = trap.w(2);
    const i64 start = host(lnx::SYS_lseek, trap.i(0), 0, 1);
    const u64 ask = room / 2 < sizeof from ? room / 2 : sizeof from;
    const i64 r = host(lnx::SYS_getdents64, trap.i(0), from, ask);
    if (host_failed(r)) return from_host(r);
    u64 used = 0;
    for (i64 at = 0; at < r;) {
        const LinuxEntry* l = reinterpret_cast<const LinuxEntry*>(from + at);
        const usize length = str_len(l->name);
        const u16 size = static_cast<u16>((21 + length + 1 + 7) & ~7ull);
        memset(entry, 0, size);
        DarwinEntry* d = reinterpret_cast<DarwinEntry*>(entry);
        d->ino = l->ino;
        d->seekoff = static_cast<u64>(l->offset);
        d->reclen = size;
        d->namlen = static_cast<u16>(length);
        d->type = l->type;
        memcpy(entry + 21, l->name, length);
        if (used + size > room || !copyout(entry, trap.w(1) + used, size)) return fail(xnu::EFAULT);
        used += size;
        at += l->reclen;
    }
    if (trap.w(3) && !copyout(start, trap.w(3))) return fail(xnu::EFAULT);
    return ok(static_cast<i64>(used));
}

}  // namespace trapeze
