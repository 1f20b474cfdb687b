// SPDX-License-Identifier: BSD-3-Clause
// fcntl: bsd/kern/kern_descrip.c sys_fcntl_nocancel. The numbers of commands agree up to F_SETFL; locks have other numbers,
// kinds and fields; what concerns a file (F_NOCACHE ...) is EBADF for anything else.
#include "sys/mem.h"
#include "tools/xnurun/descriptors.h"
#include "tools/xnurun/handlers_file.h"
#include "tools/xnurun/path.h"
#include "tools/xnurun/sockets.h"

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
struct Hole {
    u32 flags, reserved;
    i64 offset, length;
};

// Linux's F_GETLK, F_SETLK, F_SETLKW; those of the open file (OFD) lie 31 above.
Answer record_lock(Trap& trap, i32 command) {
    if (kind_of(trap.i(0)) != Kind::vnode) return fail(xnu::EBADF);
    xnu::flock d;
    if (!copyin(d, trap.w(2))) return fail(xnu::EFAULT);
    constexpr i16 types[4] = {-1, lnx::F_RDLCK, lnx::F_UNLCK, lnx::F_WRLCK};
    if (d.l_type < 1 || d.l_type > 3) return fail(xnu::EINVAL);
    const bool asks = command == lnx::F_GETLK || command == lnx::F_GETLK + 31;
    if (asks && d.l_type == xnu::F_UNLCK) return ok();  // nothing is in the way of that
    lnx::flock l{types[d.l_type], d.l_whence, 0, d.l_start, d.l_len, command > lnx::F_SETLKW ? 0 : d.l_pid, 0};
    const i64 r = host_blocking(lnx::SYS_fcntl, trap.i(0), command, &l);
    if (host_failed(r)) return from_host_restartable(r);
    if (asks) {
        constexpr i16 back[3] = {xnu::F_RDLCK, xnu::F_WRLCK, xnu::F_UNLCK};
        if (l.l_type == lnx::F_UNLCK) d.l_type = xnu::F_UNLCK;
        else d = {l.l_start, l.l_len, l.l_pid, back[l.l_type], l.l_whence};
        if (!copyout(d, trap.w(2))) return fail(xnu::EFAULT);
    }
    return ok();
}

Answer path_of(Trap& trap) {
    char path[xnu::MAXPATHLEN + 8];
    if (const i32 e = path_of_descriptor(trap.i(0), path)) return fail(e);
    path_to_guest(path, sizeof path);
    const usize n = str_len(path) + 1;
    if (n > xnu::MAXPATHLEN) return fail(xnu::ENOSPC);
    return copyout(path, trap.w(2), n) ? ok() : fail(xnu::EFAULT);
}

Answer preallocate(Trap& trap) {
    Preallocate p;
    if (!copyin(p, trap.w(2))) return fail(xnu::EFAULT);
    constexpr i32 from_end = 3, keep_size = 1;  // F_PEOFPOSMODE
    if (p.mode != from_end || p.offset || p.length < 0) return fail(xnu::EINVAL);
    lnx::stat s{};
    host(lnx::SYS_fstat, trap.i(0), &s);
    const i64 r = p.length ? host_blocking(lnx::SYS_fallocate, trap.i(0), keep_size, s.st_size, p.length) : 0;
    if (host_failed(r)) return from_host_restartable(r);
    p.allocated = p.length;
    return copyout(p, trap.w(2)) ? ok() : fail(xnu::EFAULT);
}

Answer punch(Trap& trap) {
    Hole h;
    if (!copyin(h, trap.w(2))) return fail(xnu::EFAULT);
    if (h.flags || h.reserved || h.offset < 0 || h.length <= 0) return fail(xnu::EINVAL);
    constexpr i32 punch_hole = 3;  // FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE
    return from_host_restartable(host_blocking(lnx::SYS_fallocate, trap.i(0), punch_hole, h.offset, h.length));
}

Answer of_file(Trap& trap) {
    switch (trap.i(1)) {
    case xnu::F_GETPATH: case 102: return path_of(trap);  // 102: F_GETPATH_NOFIRMLINK
    case xnu::F_FULLFSYNC: case xnu::F_BARRIERFSYNC: case xnu::F_FLUSH_DATA: return bsd_fsync(trap);
    case xnu::F_PREALLOCATE: return preallocate(trap);
    case 99: return punch(trap);  // F_PUNCHHOLE
    case xnu::F_RDADVISE: {
        Advice a;
        if (!copyin(a, trap.w(2))) return fail(xnu::EFAULT);
        return a.offset < 0 || a.count < 0 ? fail(xnu::EINVAL) : ok();
    }
    default: return ok();  // how it is cached
    }
}

}  // namespace

Answer bsd_fcntl(Trap& trap) {
    const i32 fd = trap.i(0), command = trap.i(1);
    if (hidden(fd) || host_failed(host(lnx::SYS_fcntl, fd, lnx::F_GETFD))) return fail(xnu::EBADF);
    switch (command) {
    case xnu::F_DUPFD: return descriptor_made(fd, host(lnx::SYS_fcntl, fd, lnx::F_DUPFD, trap.w(2)));
    case xnu::F_DUPFD_CLOEXEC: return descriptor_made(fd, host(lnx::SYS_fcntl, fd, lnx::F_DUPFD_CLOEXEC, trap.w(2)));
    case xnu::F_GETFD: case xnu::F_SETFD: return from_host(host(lnx::SYS_fcntl, fd, command, trap.w(2) & 1));
    case xnu::F_GETFL: {
        const i64 r = host(lnx::SYS_fcntl, fd, lnx::F_GETFL);
        return host_failed(r) ? from_host(r) : ok(open_flags_to_guest(static_cast<i32>(r)));
    }
    case xnu::F_SETFL: {
        constexpr i32 settable = xnu::O_NONBLOCK | xnu::O_APPEND | xnu::O_ASYNC;
        return from_host(host(lnx::SYS_fcntl, fd, lnx::F_SETFL, open_flags_to_host(trap.i(2) & settable)));
    }
    case xnu::F_GETOWN: return from_host(host(lnx::SYS_fcntl, fd, 9));
    case xnu::F_SETOWN: return from_host(host(lnx::SYS_fcntl, fd, 8, trap.i(2)));
    case xnu::F_GETLK: return record_lock(trap, lnx::F_GETLK);
    case xnu::F_SETLK: return record_lock(trap, lnx::F_SETLK);
    case xnu::F_SETLKW: return record_lock(trap, lnx::F_SETLKW);
    case 90: return record_lock(trap, lnx::F_SETLK + 31);  // F_OFD_SETLK
    case 91: return record_lock(trap, lnx::F_SETLKW + 31);
    case 92: return record_lock(trap, lnx::F_GETLK + 31);
    case xnu::F_SETNOSIGPIPE:
        if (host_socket_number(fd, lnx::SO_TYPE) > 0) return from_host(set_no_sigpipe(fd, trap.i(2) != 0));
        if (trap.i(2)) set_quiet(fd);  // what is no socket keeps it for ever: 0 clears all flags but this one
        return ok();
    case xnu::F_GETNOSIGPIPE: return ok(host_socket_number(fd, lnx::SO_TYPE) > 0 ? no_sigpipe(fd) : quiet(fd));
    case xnu::F_GETPATH: case xnu::F_FULLFSYNC: case xnu::F_BARRIERFSYNC: case xnu::F_FLUSH_DATA: case xnu::F_PREALLOCATE:
    case xnu::F_RDADVISE: case xnu::F_RDAHEAD: case xnu::F_NOCACHE: case xnu::F_NODIRECT:
    case 55: case 76: case 99: case 102:  // F_GLOBAL_NOCACHE, F_SINGLE_WRITER, F_PUNCHHOLE, F_GETPATH_NOFIRMLINK
        return kind_of(fd) == Kind::vnode ? of_file(trap) : fail(xnu::EBADF);
    default:
        // From FCNTL_FS_SPECIFIC_BASE on the filesystem is asked, which knows none of them.
        if (command < 0 || command > 113) return fail(command >= 0x10000 ? xnu::ENOTTY : xnu::EINVAL);
        give_up("fcntl command ", command, " is not emulated");
    }
}

}  // namespace trapeze
