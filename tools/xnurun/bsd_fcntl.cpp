// SPDX-License-Identifier: BSD-3-Clause
// fcntl: bsd/kern/kern_descrip.c sys_fcntl_nocancel. The numbers of commands agree up to F_SETFL; locks have other numbers,
// kinds and fields; what concerns a file (F_NOCACHE ...) is in file_commands.cpp.
#include "tools/xnurun/descriptors.h"
#include "tools/xnurun/handlers.h"
#include "tools/xnurun/path.h"
#include "tools/xnurun/sockets.h"

namespace trapeze {
namespace {

constexpr i32 ofd = 31;  // Linux's commands of the open file's locks lie so far above the others

lnx::flock lock_to_host(const xnu::flock& d, bool of_open_file) {
    constexpr i16 types[4] = {-1, lnx::F_RDLCK, lnx::F_UNLCK, lnx::F_WRLCK};
    return {types[d.l_type], d.l_whence, 0, d.l_start, d.l_len, of_open_file ? 0 : d.l_pid, 0};
}

// command: Linux's F_GETLK, F_SETLK or F_SETLKW, or their ofd kin. of_pid: F_GETLKPID, only that process's locks count.
Answer record_lock(Trap& trap, i32 command, bool of_pid = false) {
    if (kind_of(trap.i(0)) != FdKind::vnode) return fail(xnu::EBADF);
    xnu::flock d;
    if (!copyin(d, trap.w(2))) return fail(xnu::EFAULT);
    if (d.l_type < 1 || d.l_type > 3) return fail(xnu::EINVAL);
    const bool asks = command == lnx::F_GETLK || command == lnx::F_GETLK + ofd;
    if (asks && (d.l_whence < 0 || d.l_whence > 2)) return fail(xnu::EINVAL);
    if (asks && d.l_type == xnu::F_UNLCK) return ok();  // nothing is in the way of that
    lnx::flock l = lock_to_host(d, command > lnx::F_SETLKW);
    const i64 r = host_blocking(lnx::SYS_fcntl, trap.i(0), command, &l);
    if (host_failed(r)) return from_host_restartable(r);
    if (!asks) return ok();
    constexpr i16 back[3] = {xnu::F_RDLCK, xnu::F_WRLCK, xnu::F_UNLCK};
    if (l.l_type == lnx::F_UNLCK || (of_pid && l.l_pid != d.l_pid)) d.l_type = xnu::F_UNLCK;
    else d = {l.l_start, l.l_len, l.l_pid, back[l.l_type], l.l_whence};
    return copyout(d, trap.w(2)) ? ok() : fail(xnu::EFAULT);
}

// F_SETLKWTIMEOUT, F_OFD_SETLKWTIMEOUT: the host has no such wait, so it is asked again and again, up to 100 times a second.
Answer timed_lock(Trap& trap, i32 command) {
    if (kind_of(trap.i(0)) != FdKind::vnode) return fail(xnu::EBADF);
    struct {
        xnu::flock lock;
        xnu::timespec timeout;
    } d;
    if (!copyin(d, trap.w(2))) return fail(xnu::EFAULT);
    if (d.lock.l_type < 1 || d.lock.l_type > 3) return fail(xnu::EINVAL);
    const u64 start = monotonic_ns(), most = static_cast<u64>(d.timeout.tv_sec) * 1000000000 + static_cast<u64>(d.timeout.tv_nsec);
    for (u64 pause = 1000000;; pause = pause < 10000000 ? pause * 2 : pause) {
        lnx::flock l = lock_to_host(d.lock, command > lnx::F_SETLKW);
        const i64 r = host(lnx::SYS_fcntl, trap.i(0), command, &l);
        if (r != -lnx::EAGAIN && r != -lnx::EACCES) return from_host(r);
        const u64 gone = monotonic_ns() - start;
        if (gone >= most) return fail(xnu::ETIMEDOUT);
        const u64 left = most - gone < pause ? most - gone : pause;
        const lnx::timespec t{0, static_cast<i64>(left)};
        if (host_blocking(lnx::SYS_nanosleep, &t, 0) == -lnx::EINTR) return fail(xnu::EINTR);
    }
}

// Of a terminal it is the foreground process group, as a negative number; a file or folder has none.
Answer owner(i32 fd, bool set, i32 who) {
    constexpr u32 tiocgpgrp = 0x540f, tiocspgrp = 0x5410;
    if (kind_of(fd) != FdKind::vnode) return from_host(host(lnx::SYS_fcntl, fd, set ? 8 : 9, set ? who : 0));
    i32 group = -who;
    const i64 r = host(lnx::SYS_ioctl, fd, set ? tiocspgrp : tiocgpgrp, &group);
    return host_failed(r) ? from_host(r == -lnx::EINVAL ? -lnx::ENOTTY : r) : ok(set ? 0 : -group);
}

// Of a descriptor that no child gets, the only one of its open file: EBADF, EAGAIN. It stays so.
Answer confine(i32 fd, bool on) {
    constexpr u32 most = 65536;
    if (!on) return fail(xnu::EPERM);
    if (confined(fd)) return ok();
    u64 limit[2] = {1024, 1024};
    host(lnx::SYS_prlimit64, 0, 7, 0, limit);
    const i64 pid = host(lnx::SYS_getpid);
    for (u32 other = 0; other < limit[0] && other < most; other++)
        if (static_cast<i32>(other) != fd && host(lnx::SYS_kcmp, pid, pid, 0, fd, other) == 0) return fail(xnu::EAGAIN);
    if (!close_on_fork(fd)) return fail(xnu::EBADF);
    set_confined(fd);
    return ok();
}

}  // namespace

Answer bsd_fcntl(Trap& trap) {
    const i32 fd = trap.i(0), command = trap.i(1);
    if (hidden(fd)) return fail(xnu::EBADF);
    switch (command) {  // of those that the host does, it says itself that the number is none
    case xnu::F_DUPFD: case xnu::F_DUPFD_CLOEXEC: case xnu::F_GETFD: case xnu::F_SETFD: case xnu::F_GETFL: case xnu::F_SETFL: break;
    default:
        if (known(fd).sort == Known::unknown && host_failed(host(lnx::SYS_fcntl, fd, lnx::F_GETFD))) return fail(xnu::EBADF);
    }
    if (!command_of_era(command)) return fail(kind_of(fd) == FdKind::vnode ? xnu::ENOTTY : xnu::EBADF);
    if ((command == xnu::F_DUPFD || command == xnu::F_DUPFD_CLOEXEC) && guarded(fd, guard_dup)) guard_violated(trap, fd, violated_dup);
    if (command == xnu::F_SETFD && guard_of(fd) && !(trap.w(2) & 1)) guard_violated(trap, fd, violated_nocloexec);
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
    case xnu::F_GETOWN: case xnu::F_SETOWN: return owner(fd, command == xnu::F_SETOWN, trap.i(2));
    case xnu::F_GETLK: return record_lock(trap, lnx::F_GETLK);
    case xnu::F_SETLK: return record_lock(trap, lnx::F_SETLK);
    case xnu::F_SETLKW: return record_lock(trap, lnx::F_SETLKW);
    case xnu::F_GETLKPID: return record_lock(trap, lnx::F_GETLK, true);
    case 10: return timed_lock(trap, lnx::F_SETLK);                // F_SETLKWTIMEOUT
    case 90: return record_lock(trap, lnx::F_SETLK + ofd);         // F_OFD_SETLK ...
    case 91: return record_lock(trap, lnx::F_SETLKW + ofd);
    case 92: return record_lock(trap, lnx::F_GETLK + ofd);
    case 93: return timed_lock(trap, lnx::F_SETLK + ofd);
    case 94: return record_lock(trap, lnx::F_GETLK + ofd, true);   // the host names no owner: only who asks for -1 sees one
    case xnu::F_SETNOSIGPIPE:
        if (host_socket_number(fd, lnx::SO_TYPE) > 0) return from_host(set_no_sigpipe(fd, trap.i(2) != 0));
        if (trap.i(2)) set_quiet(fd);  // what is no socket keeps it for ever: 0 clears all flags but this one
        return ok();
    case xnu::F_GETNOSIGPIPE: return ok(host_socket_number(fd, lnx::SO_TYPE) > 0 ? no_sigpipe(fd) : quiet(fd));
    case 95: return confine(fd, trap.i(2) != 0);                   // F_SETCONFINED
    case 96: return ok(confined(fd));                              // F_GETCONFINED
    default:
        if (command == 60 || (command & 0x20000000 && command & static_cast<i32>(0xc0000000))) return fail(xnu::EINVAL);  // F_MARKDEPENDENCY
        return kind_of(fd) == FdKind::vnode ? file_command(trap) : fail(xnu::EBADF);
    }
}

}  // namespace trapeze
