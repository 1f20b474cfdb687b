// SPDX-License-Identifier: BSD-3-Clause
// Calls on descriptors and paths. Flags of open are translated both ways (F_GETFL); a descriptor is the host's.
#include "sys/darwin/errno.h"
#include "sys/darwin/types.h"
#include "tools/xnurun/descriptors.h"
#include "tools/xnurun/handlers.h"
#include "tools/xnurun/sockets.h"

namespace trapeze {
namespace {

constexpr u64 int_max = 0x7fffffff;

struct FlagPair {
    i32 darwin, linux;
};
constexpr FlagPair open_flags[] = {
    {xnu::O_NONBLOCK, lnx::O_NONBLOCK}, {xnu::O_APPEND, lnx::O_APPEND}, {xnu::O_ASYNC, lnx::O_ASYNC},
    {xnu::O_SYNC, lnx::O_SYNC}, {xnu::O_NOFOLLOW, lnx::O_NOFOLLOW}, {xnu::O_CREAT, lnx::O_CREAT},
    {xnu::O_TRUNC, lnx::O_TRUNC}, {xnu::O_EXCL, lnx::O_EXCL}, {xnu::O_NOCTTY, lnx::O_NOCTTY},
    {xnu::O_DIRECTORY, lnx::O_DIRECTORY}, {xnu::O_DSYNC, lnx::O_DSYNC}, {xnu::O_CLOEXEC, lnx::O_CLOEXEC},
    {xnu::O_SYMLINK, lnx::O_PATH | lnx::O_NOFOLLOW},
};

i32 to_linux(i32 flags) {
    i32 r = flags & xnu::O_ACCMODE;
    for (const auto& p : open_flags)
        if (flags & p.darwin) r |= p.linux;
    return r;
}

i32 to_darwin(i32 flags) {
    i32 r = flags & lnx::O_ACCMODE;
    for (const auto& p : open_flags)
        if ((flags & p.linux) == p.linux) r |= p.darwin;
    if ((flags & lnx::O_SYNC) == lnx::O_SYNC) r &= ~xnu::O_DSYNC;
    return r;
}

// Linux moves at most 0x7ffff000 bytes a call; XNU refuses more than INT_MAX.
bool too_long(u64 n) { return n > int_max; }

Answer vectors(Trap& trap, u64 number) {
    if (trap.u(2) == 0 || trap.u(2) > 1024) return fail(xnu::EINVAL);
    return from_host_restartable(host_blocking(number, trap.i(0), trap.w(1), trap.u(2)));
}

// struct flock: start i64, len i64, pid i32, type i16, whence i16; Linux: type, whence first.
struct DarwinLock {
    i64 start, length;
    i32 pid;
    i16 type, whence;
};
struct LinuxLock {
    i16 type, whence;
    i32 pad;
    i64 start, length;
    i32 pid, pad2;
};

Answer record_lock(Trap& trap, i32 command) {
    DarwinLock d;
    if (!copyin(d, trap.w(2))) return fail(xnu::EFAULT);
    constexpr i16 types[4] = {-1, 0, 2, 1};  // RDLCK 1, UNLCK 2, WRLCK 3
    if (d.type < 1 || d.type > 3) return fail(xnu::EINVAL);
    LinuxLock l{types[d.type], d.whence, 0, d.start, d.length, d.pid, 0};
    const i64 r = host_blocking(lnx::SYS_fcntl, trap.i(0), command, &l);
    if (host_failed(r)) return from_host_restartable(r);
    if (command == 5) {
        constexpr i16 back[3] = {1, 3, 2};
        d = {l.start, l.length, l.pid, back[l.type], l.whence};
        if (!copyout(d, trap.w(2))) return fail(xnu::EFAULT);
    }
    return ok();
}

Answer copied(i32 from, i64 r) {
    if (!host_failed(r)) descriptor_copied(from, static_cast<i32>(r));
    return from_host(r);
}

}  // namespace

Answer bsd_read(Trap& trap) {
    if (too_long(trap.w(2))) return fail(xnu::EINVAL);
    return from_host_restartable(host_blocking(lnx::SYS_read, trap.i(0), trap.w(1), trap.w(2)));
}
Answer bsd_write(Trap& trap) {
    if (too_long(trap.w(2))) return fail(xnu::EINVAL);
    if (Answer a{}; may_be_socket(trap.i(0)) && socket_write(trap, a)) return a;
    return from_host_restartable(host_blocking(lnx::SYS_write, trap.i(0), trap.w(1), trap.w(2)));
}
Answer bsd_pread(Trap& trap) {
    if (too_long(trap.w(2))) return fail(xnu::EINVAL);
    return from_host_restartable(host_blocking(lnx::SYS_pread64, trap.i(0), trap.w(1), trap.w(2), trap.w(3)));
}
Answer bsd_pwrite(Trap& trap) {
    if (too_long(trap.w(2))) return fail(xnu::EINVAL);
    return from_host_restartable(host_blocking(lnx::SYS_pwrite64, trap.i(0), trap.w(1), trap.w(2), trap.w(3)));
}
Answer bsd_readv(Trap& trap) { return vectors(trap, lnx::SYS_readv); }
Answer bsd_writev(Trap& trap) {
    if (Answer a{}; trap.u(2) && trap.u(2) <= 1024 && may_be_socket(trap.i(0)) && socket_writev(trap, a)) return a;
    return vectors(trap, lnx::SYS_writev);
}

Answer bsd_open(Trap& trap) {
    constexpr i32 lock_flags = xnu::O_SHLOCK | xnu::O_EXLOCK;
    const i32 flags = trap.i(1);
    if ((flags & xnu::O_ACCMODE) == xnu::O_ACCMODE) return fail(xnu::EINVAL);
    const i64 r = host_blocking(lnx::SYS_open, trap.w(0), to_linux(flags), trap.u(2) & 07777);
    if (!host_failed(r) && flags & lock_flags) {
        constexpr i32 shared = 1, exclusive = 2, nonblocking = 4;
        const i32 how = (flags & xnu::O_EXLOCK ? exclusive : shared) | (flags & xnu::O_NONBLOCK ? nonblocking : 0);
        const i64 locked = host_blocking(lnx::SYS_flock, r, how);
        if (host_failed(locked)) {
            host(lnx::SYS_close, r);
            return from_host_restartable(locked);
        }
    }
    return from_host_restartable(r);
}

Answer bsd_close(Trap& trap) {
    if (hidden(trap.i(0))) return fail(xnu::EBADF);
    descriptor_closing(trap.i(0));
    return from_host(host(lnx::SYS_close, trap.i(0)));
}
Answer bsd_unlink(Trap& trap) {
    const i64 r = host(lnx::SYS_unlink, trap.w(0));
    return r == -lnx::EISDIR ? fail(xnu::EPERM) : from_host(r);
}
Answer bsd_chdir(Trap& trap) { return from_host(host(lnx::SYS_chdir, trap.w(0))); }
Answer bsd_chmod(Trap& trap) { return from_host(host(lnx::SYS_chmod, trap.w(0), trap.u(1) & 07777)); }
Answer bsd_access(Trap& trap) { return from_host(host(lnx::SYS_access, trap.w(0), trap.i(1))); }
Answer bsd_dup(Trap& trap) { return hidden(trap.i(0)) ? fail(xnu::EBADF) : copied(trap.i(0), host(lnx::SYS_dup, trap.i(0))); }
Answer bsd_dup2(Trap& trap) {
    const i32 from = trap.i(0), to = trap.i(1);
    if (hidden(from) || hidden(to) || host_failed(host(lnx::SYS_fcntl, from, 1))) return fail(xnu::EBADF);
    if (from != to) descriptor_closing(to);
    return copied(from, host(lnx::SYS_dup2, from, to));
}
Answer bsd_umask(Trap& trap) { return from_host(host(lnx::SYS_umask, trap.u(0) & 0777)); }
Answer bsd_rename(Trap& trap) { return from_host(host(lnx::SYS_rename, trap.w(0), trap.w(1))); }
Answer bsd_mkdir(Trap& trap) { return from_host(host(lnx::SYS_mkdir, trap.w(0), trap.u(1) & 0777)); }
Answer bsd_rmdir(Trap& trap) { return from_host(host(lnx::SYS_rmdir, trap.w(0))); }
Answer bsd_truncate(Trap& trap) { return from_host(host(lnx::SYS_truncate, trap.w(0), trap.w(1))); }
Answer bsd_ftruncate(Trap& trap) { return from_host(host(lnx::SYS_ftruncate, trap.i(0), trap.w(1))); }
Answer bsd_fsync(Trap& trap) { return from_host_restartable(host_blocking(lnx::SYS_fsync, trap.i(0))); }
Answer bsd_readlink(Trap& trap) {
    if (trap.i(2) < 0) return fail(xnu::EINVAL);
    return from_host(host(lnx::SYS_readlink, trap.w(0), trap.w(1), trap.i(2)));
}

Answer bsd_pipe(Trap&) {
    i32 ends[2];
    const i64 r = host(lnx::SYS_pipe, ends);
    return host_failed(r) ? from_host(r) : ok(ends[0], ends[1]);
}

Answer bsd_lseek(Trap& trap) {
    i32 whence = trap.i(2);
    if (whence == 3) whence = 4;  // SEEK_HOLE and SEEK_DATA are the other way round
    else if (whence == 4) whence = 3;
    return from_host(host(lnx::SYS_lseek, trap.i(0), trap.w(1), whence));
}

Answer bsd_fcntl(Trap& trap) {
    enum { dupfd, getfd, setfd, getfl, setfl, getown, setown, getlk, setlk, setlkw };
    enum { rdadvise = 44, rdahead = 45, nocache = 48, fullfsync = 51, dupfd_cloexec = 67 };
    const i32 fd = trap.i(0);
    switch (trap.i(1)) {
    case dupfd: return copied(fd, host(lnx::SYS_fcntl, fd, dupfd, trap.w(2)));
    case getfd: case setfd: return from_host(host(lnx::SYS_fcntl, fd, trap.i(1), trap.w(2)));
    case getfl: {
        const i64 r = host(lnx::SYS_fcntl, fd, getfl);
        return host_failed(r) ? from_host(r) : ok(to_darwin(static_cast<i32>(r)));
    }
    case setfl: {
        constexpr i32 settable = xnu::O_NONBLOCK | xnu::O_APPEND | xnu::O_ASYNC;
        return from_host(host(lnx::SYS_fcntl, fd, setfl, to_linux(trap.i(2) & settable)));
    }
    case getown: return from_host(host(lnx::SYS_fcntl, fd, 9));
    case setown: return from_host(host(lnx::SYS_fcntl, fd, 8, trap.i(2)));
    case getlk: return record_lock(trap, 5);
    case setlk: return record_lock(trap, 6);
    case setlkw: return record_lock(trap, 7);
    case rdadvise: case rdahead: case nocache: return from_host(host(lnx::SYS_fcntl, fd, getfd)).kind == Answer::error
                                                          ? fail(xnu::EBADF) : ok();
    case fullfsync: return bsd_fsync(trap);
    case dupfd_cloexec: return copied(fd, host(lnx::SYS_fcntl, fd, 1030, trap.w(2)));
    default: give_up("fcntl command ", trap.i(1), " is not emulated");
    }
}

}  // namespace trapeze
