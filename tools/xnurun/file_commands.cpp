// SPDX-License-Identifier: BSD-3-Clause
// Those commands of fcntl that only a file (directory, device, named fifo) has; the caller has seen that it is one. Source:
// xnu-11417.121.6 bsd/kern/kern_descrip.c sys_fcntl_nocancel. How a file is cached (F_NOCACHE, F_RDAHEAD ...) changes nothing that
// a program could see but time: accepted. Refused, as by a file system without them: data protection, signatures, compression,
// leases, freezing; what the file system would be asked alone is ENOTTY, which is what HFS+ says to a command that it does not know,
// and every file system to one that its release did not have yet.
#include "sys/mem.h"
#include "tools/xnurun/descriptors.h"
#include "tools/xnurun/era.h"
#include "tools/xnurun/handlers.h"
#include "tools/xnurun/path.h"

namespace trapeze {
namespace {

struct Advice {
    i64 offset;
    i32 count;
};
struct Preallocate {
    u32 flags;
    i32 mode;
    i64 offset, length, allocated;
};
struct OpenFrom {  // struct user_fopenfrom
    i32 flags;
    u16 mode, pad;
    u64 path;
};
struct Speculative {
    u32 flags, reserved;
    i64 offset, length;
};
static_assert(sizeof(OpenFrom) == 16 && sizeof(Speculative) == 24);
struct Hole {
    u32 flags, reserved;
    i64 offset, length;
};

#pragma pack(push, 4)
struct Blocks {  // struct log2phys
    u32 flags;
    i64 contiguous, device;
};
#pragma pack(pop)
static_assert(sizeof(Blocks) == 20);

bool writable(i32 fd) { return (host(lnx::SYS_fcntl, fd, lnx::F_GETFL) & lnx::O_ACCMODE) != lnx::O_RDONLY; }
bool is_root() { return host(lnx::SYS_geteuid) == 0; }

Answer path_of(Trap& trap) {
    char path[xnu::MAXPATHLEN + 8];
    if (const i32 e = path_of_descriptor(trap.i(0), path)) return fail(e);
    path_to_guest(path, sizeof path);
    const usize n = str_len(path) + 1;
    if (n > xnu::MAXPATHLEN) return fail(xnu::ENOSPC);
    return copyout(path, trap.w(2), n) ? ok() : fail(xnu::EFAULT);
}

Answer preallocate(Trap& trap) {
    if (!writable(trap.i(0))) return fail(xnu::EBADF);
    Preallocate p;
    if (!copyin(p, trap.w(2))) return fail(xnu::EFAULT);
    constexpr i32 from_end = 3, from_volume = 4, keep_size = 1;  // F_PEOFPOSMODE, F_VOLPOSMODE; where on the volume is only a wish
    if (p.mode == from_end ? p.offset != 0 : p.mode != from_volume || p.offset <= 0) return fail(xnu::EINVAL);
    if (p.length < 0) return fail(xnu::EINVAL);
    lnx::stat s{};
    host(lnx::SYS_fstat, trap.i(0), &s);
    const i64 r = p.length ? host_blocking(lnx::SYS_fallocate, trap.i(0), keep_size, s.st_size, p.length) : 0;
    if (r == -lnx::EINTR) return from_host_restartable(r);
    p.allocated = host_failed(r) ? 0 : p.length;
    if (!copyout(p, trap.w(2))) return fail(xnu::EFAULT);
    return r == -lnx::EOPNOTSUPP ? fail(xnu::ENOTSUP) : from_host(r);
}

Answer punch(Trap& trap) {
    if (!writable(trap.i(0))) return fail(xnu::EPERM);
    Hole h;
    if (!copyin(h, trap.w(2))) return fail(xnu::EFAULT);
    if (h.flags || h.reserved || h.offset < 0 || h.length <= 0) return fail(xnu::EINVAL);
    constexpr i32 punch_hole = 3;  // FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE
    return from_host_restartable(host_blocking(lnx::SYS_fallocate, trap.i(0), punch_hole, h.offset, h.length));
}

Answer set_size(Trap& trap) {
    if (!writable(trap.i(0))) return fail(xnu::EBADF);
    i64 size;
    if (!copyin(size, trap.w(2))) return fail(xnu::EFAULT);
    return is_root() ? from_host(host(lnx::SYS_ftruncate, trap.i(0), size)) : fail(xnu::EACCES);
}

// Where on the device a byte of the file lies; -1: nowhere. The host says it by FS_IOC_FIEMAP.
Answer blocks(Trap& trap, bool from_argument) {
    Blocks b{};
    if (from_argument && !copyin(b, trap.w(2))) return fail(xnu::EFAULT);
    if (from_argument && b.contiguous < 0) return fail(xnu::EINVAL);
    const i64 place = from_argument ? b.device : host(lnx::SYS_lseek, trap.i(0), 0, lnx::SEEK_CUR);
    struct {
        u64 start, length;
        u32 flags, mapped, count, reserved;
        struct {
            u64 logical, physical, length, more[2];
            u32 flags, rest[3];
        } extent;
    } map{static_cast<u64>(place), 4096, 1, 0, 1, 0, {}};  // FIEMAP_FLAG_SYNC
    const i64 r = host(lnx::SYS_ioctl, trap.i(0), 0xc020660b, &map);
    if (host_failed(r)) return r == -lnx::EOPNOTSUPP || r == -lnx::ENOTTY ? fail(xnu::ENOTSUP) : from_host(r);
    const u64 at = static_cast<u64>(place);
    const bool there = map.mapped && at >= map.extent.logical;
    const i64 run = there ? static_cast<i64>(map.extent.logical + map.extent.length - at) : 4096;
    b = {0, from_argument ? run : 0, there ? static_cast<i64>(map.extent.physical + (at - map.extent.logical)) : -1};
    return copyout(b, trap.w(2)) ? ok() : fail(xnu::EFAULT);
}

Answer advise(Trap& trap) {
    Advice a;
    if (!copyin(a, trap.w(2))) return fail(xnu::EFAULT);
    if (a.offset < 0 || a.count < 0) return fail(xnu::EINVAL);
    constexpr i32 will_need = 3;
    host(lnx::SYS_fadvise64, trap.i(0), a.offset, a.count, will_need);
    return ok();
}

// The suffixes of packages that could be found in a path come from the Finder by a sysctl: there are none, so it is in no package.
Answer in_package(Trap& trap) {
    char path[xnu::MAXPATHLEN];
    if (const i32 e = copyin_string(path, trap.w(2), sizeof path)) return fail(e);
    return path[0] == '/' ? ok(-1) : fail(xnu::EINVAL);
}

// Opening and unlinking from a directory, before there were openat and unlinkat.
Answer from_directory(Trap& trap) {
    const i32 fd = trap.i(0);
    const i64 mode = host(lnx::SYS_fcntl, fd, lnx::F_GETFL);
    if (mode & (lnx::O_PATH | lnx::O_WRONLY)) return fail(xnu::EBADF);
    lnx::stat s{};
    host(lnx::SYS_fstat, fd, &s);
    if ((s.st_mode & lnx::S_IFMT) != lnx::S_IFDIR) return fail(xnu::ENOTDIR);
    if (trap.i(1) == 57) {
        trap.arg[1] = trap.w(2);
        trap.arg[2] = 0;
        return bsd_unlinkat(trap);
    }
    OpenFrom o;
    if (!copyin(o, trap.w(2))) return fail(xnu::EFAULT);
    return open_path(trap, fd, o.path, o.flags, o.mode & 0777);
}

Answer speculate(Trap& trap) {
    Speculative s;
    if (!copyin(s, trap.w(2))) return fail(xnu::EFAULT);
    if (s.offset < 0 || s.length < 0) return fail(xnu::EINVAL);
    i64 end;
    if (__builtin_add_overflow(s.offset, s.length, &end)) return fail(xnu::EOVERFLOW);
    constexpr i32 will_need = 3;
    host(lnx::SYS_fadvise64, trap.i(0), s.offset, s.length, will_need);
    return ok();
}

// What only says how it will be written: for who may write the file, whatever the descriptor is for.
Answer for_writers(i32 fd, Answer then) {
    constexpr i32 effective = 0x200, may_write = 2;
    return host_failed(host(lnx::SYS_faccessat2, fd, "", may_write, effective | lnx::AT_EMPTY_PATH)) ? fail(xnu::EBADF) : then;
}

Answer trim(i32 fd) {
    if (!is_root()) return fail(xnu::EACCES);
    return fail(writable(fd) ? xnu::ENOTTY : xnu::EPERM);
}

Answer signature_of(Trap& trap) {  // nobody has signed it
    u8 question[16];
    return fail(copyin(question, trap.w(2)) ? xnu::ENOENT : xnu::EFAULT);
}

}  // namespace

// The case labels of sys_fcntl_nocancel in all of Apple's tags from xnu-1228 on.
bool command_of_era(i32 command) {
    struct Row {
        i32 first, last;
        u32 since;
    };
    constexpr Row rows[] = {
        {10, 10, 2422001}, {40, 40, 1699022}, {61, 61, 1456001}, {62, 62, 1699022}, {63, 64, 1504007}, {65, 65, 1699022}, {67, 67, 1699022}, {68, 68, 2050007},
        {69, 71, 1699022}, {72, 72, 2782001}, {73, 74, 1699022}, {75, 77, 2050007}, {78, 81, 2422001}, {82, 82, 2782001}, {83, 83, 2782040},
        {84, 97, 3247001}, {98, 98, 3789001}, {99, 100, 3789051}, {101, 102, 6153011}, {103, 105, 7195050}, {106, 110, 8792041}, {111, 111, 10002001},
        {112, 113, 11215001},
    };
    if (!era) return true;
    // F_GETLKPID was for phones alone between 10.8 and 10.13; F_OFD_GETLKPID had no way in before that.
    if (command == 66) return era >= 4570001 || (era >= 1699022 && era < 2422001);
    if (command == 94) return era >= 4570001;
    for (const Row& r : rows)
        if (command >= r.first && command <= r.last) return era >= r.since;
    return true;
}

Answer file_command(Trap& trap) {
    switch (trap.i(1)) {
    case xnu::F_GETPATH: case 102: case 71: return path_of(trap);  // F_GETPATH_NOFIRMLINK, F_GETPATH_MTMINFO
    case xnu::F_FULLFSYNC: case xnu::F_BARRIERFSYNC: case xnu::F_FLUSH_DATA: return bsd_fsync(trap);
    case 41: return bsd_fsync(trap);                      // F_CHKCLEAN: now it is
    case 56: case 57: return from_directory(trap);        // F_OPENFROM, F_UNLINKFROM
    case 68: case 81: return for_writers(trap.i(0), ok());  // F_SETSTATICCONTENT, F_SET_GREEDY_MODE
    case 82: return trap.u(2) == 1 ? for_writers(trap.i(0), ok()) : fail(xnu::EINVAL);  // F_SETIOTYPE
    case 69: return fail(is_root() ? xnu::EINVAL : xnu::EPERM);                   // F_MOVEDATAEXTENTS, of HFS+
    case 70: return fail(xnu::EINVAL);                    // F_SETBACKINGSTORE, likewise
    case 75: return fail(xnu::ENOTSUP);                   // F_TRANSCODEKEY
    case 80: return for_writers(trap.i(0), fail(xnu::ENOTSUP));                   // F_MAKECOMPRESSED
    case 100: return trim(trap.i(0));                     // F_TRIM_ACTIVE_FILE
    case 101: return speculate(trap);                     // F_SPECULATIVE_READ
    case 105: return signature_of(trap);                  // F_GETSIGSINFO
    case xnu::F_PREALLOCATE: return preallocate(trap);
    case xnu::F_SETSIZE: return set_size(trap);
    case xnu::F_RDADVISE: return advise(trap);
    case xnu::F_RDAHEAD: case xnu::F_NOCACHE: case xnu::F_NODIRECT: return ok();
    case 76: case 112: return ok();                       // F_SINGLE_WRITER, F_NOCACHE_EXT
    case 55: case 58: return ok();                        // F_GLOBAL_NOCACHE, F_CHECK_OPENEVT: what was so before, never
    case 49: return blocks(trap, false);                  // F_LOG2PHYS
    case 65: return blocks(trap, true);                   // F_LOG2PHYS_EXT
    case 52: return in_package(trap);                     // F_PATHPKG_CHECK
    case 99: return punch(trap);                          // F_PUNCHHOLE
    case 53: case 54: return fail(is_root() ? xnu::ENOTSUP : xnu::EACCES);        // F_FREEZE_FS, F_THAW_FS
    case 59: case 61: case 83: case 97: case 103: case 104: case 113: return fail(xnu::EINVAL);  // F_ADDSIGS ...: no signature of ours fits
    case 72: case 78: return fail(xnu::ENOTSUP);          // F_GETCODEDIR, F_FINDSIGS
    case 98: return fail(xnu::EPERM);                     // F_CHECK_LV: nothing here has a team that signed it
    case 63: case 64: case 77: case 79: return fail(xnu::ENOTSUP);                // F_GETPROTECTIONCLASS ...
    case 106: case 107: return fail(xnu::ENOTSUP);        // F_SETLEASE, F_GETLEASE
    default: return fail(xnu::ENOTTY);
    }
}

}  // namespace trapeze
