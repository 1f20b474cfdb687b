// SPDX-License-Identifier: BSD-3-Clause
// Opening, and calls on descriptors. Flags of open are translated both ways (F_GETFL); a descriptor is the host's.
#include "sys/darwin/errno.h"
#include "sys/darwin/types.h"
#include "sys/mem.h"
#include "tools/xnurun/descriptors.h"
#include "tools/xnurun/era.h"
#include "tools/xnurun/fast.h"
#include "tools/xnurun/handlers.h"
#include "tools/xnurun/kqueue.h"
#include "tools/xnurun/path.h"
#include "tools/xnurun/sockets.h"
#include "tools/xnurun/writes.h"

namespace trapeze {
namespace {

constexpr u64 int_max = 0x7fffffff;
constexpr i32 o_nofollow_any = 0x20000000, o_clofork = 0x8000000;

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

// Linux moves at most 0x7ffff000 bytes a call; XNU refuses more than INT_MAX.
bool too_long(u64 n) { return n > int_max; }

// A write whose SIGPIPE is not wanted. The host raises it in this thread: it is blocked meanwhile, and taken away if it was not there before.
i64 write_quietly(u64 number, i32 fd, u64 a, u64 b, u64 c) {
    constexpr u64 sigpipe = 1ull << (lnx::SIGPIPE - 1);
    u64 mask, pending = 0;
    host(lnx::SYS_rt_sigprocmask, lnx::SIG_BLOCK, &sigpipe, &mask, 8);
    host(lnx::SYS_rt_sigpending, &pending, 8);
    const i64 r = host_blocking(number, fd, a, b, c, 0);
    const lnx::timespec at_once{};
    if (r == -lnx::EPIPE && !(pending & sigpipe)) host(lnx::SYS_rt_sigtimedwait, &sigpipe, 0, &at_once, 8);
    host(lnx::SYS_rt_sigprocmask, lnx::SIG_SETMASK, &mask, 0, 8);
    return r;
}

bool begins(const char* s, const char* with) {
    while (*with && *s == *with) s++, with++;
    return !*with;
}

// /dev/fd/3, /dev/stdin, /proc/self/fd/3: may be a pipe's end.
bool names_a_descriptor(const char* path) {
    constexpr const char* places[] = {"/dev/fd", "/dev/std", "/proc/"};
    for (const char* place : places)
        if (begins(path, place)) return true;
    return false;
}

enum class Way : u8 { in, out };

// Where the transfer stopped, of one buffer or of vectors; 0: at its end. whole: bytes in the vectors before that one.
u64 stop_of(Trap& trap, u64 done, bool vectors, u64& whole) {
    const u64 all = done;
    whole = 0;
    if (!vectors) return done < trap.w(2) ? trap.w(1) + done : 0;
    for (u32 i = 0; i < trap.u(2); i++) {
        xnu::iovec v;
        if (!copyin(v, trap.w(1) + i * sizeof v)) return 0;
        if (done < v.iov_len) return reinterpret_cast<u64>(v.iov_base) + done;
        done -= v.iov_len;
        whole = all - done;
    }
    return 0;
}

bool more_to_read(i32 fd, i64 from) {
    if (from == nowhere) {
        i32 left = 0;
        return !host_failed(host(lnx::SYS_ioctl, fd, 0x541b, &left)) && left > 0;  // FIONREAD
    }
    lnx::stat s{};
    return !host_failed(host(lnx::SYS_fstat, fd, &s)) && s.st_size > from;
}

// A file is read page by page, and its offset has gone over those that could be copied whole (memory_object_control_uiomove).
void unread(i32 fd, i64 bytes, i64 whole) {
    const i64 end = host(lnx::SYS_lseek, fd, 0, lnx::SEEK_CUR);
    if (host_failed(end)) return;
    const i64 page = end & ~4095ll, vectors = end - bytes + whole;
    host(lnx::SYS_lseek, fd, page > vectors ? page : vectors, lnx::SEEK_SET);
}

// What came of a transfer. Where memory ends in the midst of it, the host tells how much went, XNU says EFAULT (dofileread, dofilewrite:
// only interruptions become a count). A kqueue is ENXIO; a pipe that cannot be read or written at all is EBADF before it is ESPIPE.
Answer moved(Trap& trap, i64 r, Way way, i64 offset = nowhere, bool vectors = false) {
    const i32 fd = trap.i(0);
    if (r == -lnx::EINVAL && is_kqueue(fd)) return fail(offset == nowhere ? xnu::ENXIO : xnu::ESPIPE);
    if (r == -lnx::ESPIPE && (host(lnx::SYS_fcntl, fd, lnx::F_GETFL) & lnx::O_ACCMODE) == (way == Way::in ? lnx::O_WRONLY : lnx::O_RDONLY))
        return fail(xnu::EBADF);
    u8 byte;
    u64 whole;
    if (const u64 stop = r > 0 ? stop_of(trap, static_cast<u64>(r), vectors, whole) : 0)
        if (way == Way::in ? !writable(stop, 1) && more_to_read(fd, offset == nowhere ? offset : offset + r) : !copyin(byte, stop)) {
            if (way == Way::in && offset == nowhere) unread(fd, r, static_cast<i64>(whole));
            return fail(xnu::EFAULT);
        }
    return from_host_restartable(r);
}

// Lengths of more than LONG_MAX bytes in all are EINVAL before a pointer is looked at; the host says EFAULT to most of them.
Answer vectors_done(Trap& trap, i64 r, Way way, i64 offset = nowhere) {
    u64 left = 0x7fffffffffffffff;
    for (u32 i = 0; r == -lnx::EFAULT && i < trap.u(2); i++) {
        xnu::iovec v;
        if (!copyin(v, trap.w(1) + i * sizeof v)) break;
        if (v.iov_len > left) return fail(xnu::EINVAL);
        left -= v.iov_len;
    }
    return moved(trap, r, way, offset, true);
}

Answer vectors(Trap& trap, u64 number) {
    if (trap.u(2) == 0 || trap.u(2) > 1024) return fail(xnu::EINVAL);
    return vectors_done(trap, host_blocking(number, trap.i(0), trap.w(1), trap.u(2)), Way::in);
}

// The number that /dev/fd/N or /dev/stdin names, or -1.
i32 named_descriptor(const char* path) {
    if (str_eq(path, "/dev/stdin")) return 0;
    if (str_eq(path, "/dev/stdout")) return 1;
    if (str_eq(path, "/dev/stderr")) return 2;
    constexpr char folder[] = "/dev/fd/";
    u32 at = 0, n = 0;
    while (folder[at] && path[at] == folder[at]) at++;
    if (folder[at] || !path[at]) return -1;
    for (; path[at]; at++) {
        if (path[at] < '0' || path[at] > '9' || n > 0xfffff) return -1;
        n = n * 10 + static_cast<u32>(path[at] - '0');
    }
    return static_cast<i32>(n);
}

// Opening it is dup (dupfdopen), for no more than it was opened for; the host would open the file once more.
Answer open_named_descriptor(i32 fd, i32 flags) {
    const i64 mode = hidden(fd) ? -lnx::EBADF : host(lnx::SYS_fcntl, fd, lnx::F_GETFL);
    if (host_failed(mode)) return fail(xnu::EBADF);
    if (guarded(fd, guard_dup)) return fail(xnu::EPERM);
    const i64 has = mode & lnx::O_ACCMODE, wants = flags & xnu::O_ACCMODE;
    if (has != lnx::O_RDWR && has != wants) return fail(xnu::EACCES);
    const bool closes = flags & xnu::O_CLOEXEC || host(lnx::SYS_fcntl, fd, lnx::F_GETFD) & 1;
    return descriptor_made(fd, closes ? host(lnx::SYS_fcntl, fd, lnx::F_DUPFD_CLOEXEC, 0) : host(lnx::SYS_dup, fd));
}

bool one_stopped(Trap& trap, i64 offset, Answer& a) { return write_stopped(trap, trap.i(0), {trap.w(1), trap.w(2), 0, 1}, offset, -1, false, a); }
bool vectors_stopped(Trap& trap, i64 offset, Answer& a) {
    return trap.u(2) && trap.u(2) <= 1024 && write_stopped(trap, trap.i(0), {0, 0, trap.w(1), trap.u(2)}, offset, -1, false, a);
}

}  // namespace

i64 write_as_told(u64 number, i32 fd, u64 a, u64 b, u64 c) {
    return quiet(fd) ? write_quietly(number, fd, a, b, c) : host_blocking(number, fd, a, b, c, 0);
}

Answer descriptor_made(i32 from, i64 r) {
    if (!host_failed(r)) descriptor_copied(from, static_cast<i32>(r));
    return from_host(r);
}

i32 open_flags_to_host(i32 flags) {
    i32 r = flags & xnu::O_ACCMODE;
    if (flags & xnu::O_EVTONLY && !r) r = lnx::O_PATH;  // for kqueue: no leave to read is needed, and none is had
    for (const auto& p : open_flags)
        if (flags & p.darwin) r |= p.linux;
    return r;
}

i32 open_flags_to_guest(i32 flags) {
    i32 r = flags & lnx::O_ACCMODE;
    for (const auto& p : open_flags)
        if ((flags & p.linux) == p.linux) r |= p.darwin;
    if ((flags & (lnx::O_PATH | lnx::O_NOFOLLOW)) == lnx::O_PATH) r |= xnu::O_EVTONLY;
    if ((flags & lnx::O_SYNC) == lnx::O_SYNC) r &= ~xnu::O_DSYNC;
    return r;
}

Answer bsd_read(Trap& trap) {
    if (too_long(trap.w(2))) return fail(xnu::EINVAL);
    return moved(trap, host_blocking(lnx::SYS_read, trap.i(0), trap.w(1), trap.w(2)), Way::in);
}
// Writing to what is guarded against it; a descriptor that is not for writing at all is EBADF all the same.
static void check_write_guard(Trap& trap) {
    const i32 fd = trap.i(0);
    if (guarded(fd, guard_write) && (host(lnx::SYS_fcntl, fd, lnx::F_GETFL) & lnx::O_ACCMODE) != lnx::O_RDONLY)
        guard_violated(trap, fd, violated_write);
}

Answer bsd_write(Trap& trap) {
    check_write_guard(trap);
    return write_bytes(trap);
}
Answer write_bytes(Trap& trap) {
    if (too_long(trap.w(2))) return fail(xnu::EINVAL);
    if (Answer a{}; one_stopped(trap, nowhere, a)) return a;
    if (Answer a{}; may_be_socket(trap.i(0)) && socket_write(trap, a)) return a;
    return moved(trap, write_as_told(lnx::SYS_write, trap.i(0), trap.w(1), trap.w(2), 0), Way::out);
}
Answer bsd_pread(Trap& trap) {
    if (too_long(trap.w(2))) return fail(xnu::EINVAL);
    return moved(trap, host_blocking(lnx::SYS_pread64, trap.i(0), trap.w(1), trap.w(2), trap.w(3)), Way::in, static_cast<i64>(trap.w(3)));
}
Answer bsd_pwrite(Trap& trap) {
    check_write_guard(trap);
    return write_bytes_at(trap);
}
Answer write_bytes_at(Trap& trap) {
    if (too_long(trap.w(2))) return fail(xnu::EINVAL);
    if (Answer a{}; one_stopped(trap, static_cast<i64>(trap.w(3)), a)) return a;
    return moved(trap, host_blocking(lnx::SYS_pwrite64, trap.i(0), trap.w(1), trap.w(2), trap.w(3)), Way::out, static_cast<i64>(trap.w(3)));
}
Answer bsd_preadv(Trap& trap) {
    if (trap.u(2) == 0 || trap.u(2) > 1024) return fail(xnu::EINVAL);
    return vectors_done(trap, host_blocking(lnx::SYS_preadv, trap.i(0), trap.w(1), trap.u(2), trap.w(3), 0), Way::in, static_cast<i64>(trap.w(3)));
}
Answer bsd_pwritev(Trap& trap) {
    if (trap.u(2) == 0 || trap.u(2) > 1024) return fail(xnu::EINVAL);
    check_write_guard(trap);
    if (Answer a{}; vectors_stopped(trap, static_cast<i64>(trap.w(3)), a)) return a;
    return vectors_done(trap, host_blocking(lnx::SYS_pwritev, trap.i(0), trap.w(1), trap.u(2), trap.w(3), 0), Way::out, static_cast<i64>(trap.w(3)));
}
Answer bsd_readv(Trap& trap) { return vectors(trap, lnx::SYS_readv); }
Answer bsd_writev(Trap& trap) {
    if (trap.u(2) && trap.u(2) <= 1024) check_write_guard(trap);
    return write_vectors(trap);
}
Answer write_vectors(Trap& trap) {
    if (Answer a{}; vectors_stopped(trap, nowhere, a)) return a;
    if (Answer a{}; trap.u(2) && trap.u(2) <= 1024 && may_be_socket(trap.i(0)) && socket_writev(trap, a)) return a;
    if (trap.u(2) == 0 || trap.u(2) > 1024) return fail(xnu::EINVAL);
    return vectors_done(trap, write_as_told(lnx::SYS_writev, trap.i(0), trap.w(1), trap.u(2), 0), Way::out);
}

bool is_regular(i64 fd) {
    lnx::stat s{};
    return !host_failed(host(lnx::SYS_fstat, fd, &s)) && (s.st_mode & lnx::S_IFMT) == lnx::S_IFREG;
}

Answer open_path(Trap&, i32 directory, u64 name, i32 flags, u32 mode) {
    if (!era_has(1456001)) flags &= ~xnu::O_DSYNC;  // bits that a release does not know are nothing to it
    if (!era_has(1699022)) flags &= ~xnu::O_CLOEXEC;
    if (!era_has(2422001)) flags &= ~o_clofork;
    if (!era_has(7195050)) flags &= ~o_nofollow_any;
    if ((flags & xnu::O_ACCMODE) == xnu::O_ACCMODE) return fail(xnu::EINVAL);
    if (flags & xnu::O_CREAT && flags & xnu::O_DIRECTORY) return fail(xnu::EINVAL);
    const Path path(name);
    if (path.error) return fail(path.error);
    if (const i32 fd = path.text()[0] == '/' && path.text()[1] == 'd' ? named_descriptor(path.text()) : -1; fd >= 0)
        return open_named_descriptor(fd, flags);
    if (flags & (xnu::O_NOFOLLOW | o_nofollow_any) && path.names_private_link()) return fail(xnu::ELOOP);
    if (flags & xnu::O_SYMLINK) {  // concerns a link alone
        lnx::stat s{};
        const i64 found = host(lnx::SYS_newfstatat, directory, path.text(), &s, lnx::AT_SYMLINK_NOFOLLOW);
        if (host_failed(found) || (s.st_mode & lnx::S_IFMT) != lnx::S_IFLNK) flags &= ~xnu::O_SYMLINK;
    }
    i64 r;
    mode = mode_unmasked(mode) & ~01000u;  // open makes no sticky files
    if (flags & o_nofollow_any) {
        const struct {
            u64 flags, mode, resolve;
        } how{static_cast<u32>(open_flags_to_host(flags)), flags & xnu::O_CREAT ? mode : 0u, 4};  // RESOLVE_NO_SYMLINKS
        r = host_blocking(lnx::SYS_openat2, directory, path.text(), &how, sizeof how);
    } else r = host_blocking(lnx::SYS_openat, directory, path.text(), open_flags_to_host(flags), mode);
    if (host_failed(r)) return r == -lnx::EINTR ? fail(xnu::EINTR) : from_host_at(directory, r);  // open1 never begins anew
    set_socket(static_cast<i32>(r), false);
    if (!names_a_descriptor(path.text())) know(static_cast<i32>(r), {Known::vnode, 0, fast_wanted() && is_regular(r) ? regular_file : u8{0}});
    if (flags & o_clofork) set_close_on_fork(static_cast<i32>(r), true);
    if (flags & (xnu::O_SHLOCK | xnu::O_EXLOCK)) {
        const i32 how = (flags & xnu::O_EXLOCK ? lnx::LOCK_EX : lnx::LOCK_SH) | (flags & xnu::O_NONBLOCK ? lnx::LOCK_NB : 0);
        const i64 locked = host_blocking(lnx::SYS_flock, r, how);
        if (host_failed(locked)) {
            set_close_on_fork(static_cast<i32>(r), false);
            know(static_cast<i32>(r), {});
            host(lnx::SYS_close, r);
            return from_host_restartable(locked);
        }
    }
    return ok(r);
}

Answer bsd_open(Trap& trap) { return open_path(trap, lnx::AT_FDCWD, trap.w(0), trap.i(1), trap.u(2)); }
Answer bsd_openat(Trap& trap) { return open_path(trap, directory_to_host(trap.i(0)), trap.w(1), trap.i(2), trap.u(3)); }

Answer bsd_close(Trap& trap) {
    if (hidden(trap.i(0))) return fail(xnu::EBADF);
    if (guarded(trap.i(0), guard_close)) guard_violated(trap, trap.i(0), violated_close);
    return close_descriptor(trap.i(0));
}
Answer close_descriptor(i32 fd) {
    descriptor_closing(fd);
    return from_host(host(lnx::SYS_close, fd));
}
Answer bsd_dup(Trap& trap) {
    if (hidden(trap.i(0))) return fail(xnu::EBADF);
    if (guarded(trap.i(0), guard_dup)) guard_violated(trap, trap.i(0), violated_dup);
    return descriptor_made(trap.i(0), host(lnx::SYS_dup, trap.i(0)));
}
Answer bsd_dup2(Trap& trap) {
    const i32 from = trap.i(0), to = trap.i(1);
    if (hidden(from) || hidden(to)) return fail(xnu::EBADF);
    const bool guards = guarded(from, guard_dup) || (from != to && guarded(to, guard_close));
    if (!guards && !kqueues_watch()) {
        const i64 r = host(lnx::SYS_dup2, from, to);
        if (!host_failed(r) && from != to) descriptor_closing(to);  // nothing of it but what is kept here
        return descriptor_made(from, r);
    }
    // A kqueue's notes of the old one go while it is still open; what is no descriptor violates no guard.
    if (host_failed(host(lnx::SYS_fcntl, from, lnx::F_GETFD))) return fail(xnu::EBADF);
    if (guarded(from, guard_dup)) guard_violated(trap, from, violated_dup);
    if (from != to && guarded(to, guard_close)) guard_violated(trap, to, violated_close);
    if (from != to) descriptor_closing(to);
    return descriptor_made(from, host(lnx::SYS_dup2, from, to));
}
// The host's mask has nine bits; the other three count when a file is opened or a node made, as in XNU.
static u32 mask_beyond;
Answer bsd_umask(Trap& trap) {
    const u32 before = __atomic_exchange_n(&mask_beyond, trap.u(0) & 07000, __ATOMIC_RELAXED);
    const i64 r = host(lnx::SYS_umask, trap.u(0) & 0777);
    return from_host(host_failed(r) ? r : r | before);
}
u32 mode_unmasked(u32 mode) { return mode & 07777 & ~__atomic_load_n(&mask_beyond, __ATOMIC_RELAXED); }
Answer bsd_ftruncate(Trap& trap) { return from_host(host(lnx::SYS_ftruncate, trap.i(0), trap.w(1))); }

// What is no file is ENOTSUP (fp_getfvp); the host says EINVAL.
static Answer synced(i64 r) { return r == -lnx::EINVAL ? fail(xnu::ENOTSUP) : from_host_restartable(r); }
Answer bsd_fsync(Trap& trap) { return synced(host_blocking(lnx::SYS_fsync, trap.i(0))); }
Answer bsd_fdatasync(Trap& trap) { return synced(host_blocking(lnx::SYS_fdatasync, trap.i(0))); }
Answer bsd_sync(Trap&) {
    host(lnx::SYS_sync);
    return ok();
}

// flock (bsd/kern/kern_descrip.c): no kind of lock at all is EBADF. LOCK_UN goes before the others.
Answer bsd_flock(Trap& trap) {
    if (const i32 wrong = not_file_of(trap.i(0))) return fail(wrong);
    const i32 how = trap.i(1);
    if (how & xnu::LOCK_UN) return from_host(host(lnx::SYS_flock, trap.i(0), lnx::LOCK_UN));
    if (!(how & (xnu::LOCK_EX | xnu::LOCK_SH))) return fail(xnu::EBADF);
    const i32 kind_of_lock = how & xnu::LOCK_EX ? lnx::LOCK_EX : lnx::LOCK_SH;
    return from_host_restartable(host_blocking(lnx::SYS_flock, trap.i(0), kind_of_lock | (how & xnu::LOCK_NB ? lnx::LOCK_NB : 0)));
}

Answer bsd_pipe(Trap&) {
    i32 ends[2];
    const i64 r = host(lnx::SYS_pipe, ends);
    if (host_failed(r)) return from_host(r);
    for (const i32 fd : ends) {
        set_socket(fd, false);
        know(fd, {Known::other, 0, 0});
    }
    return ok(ends[0], ends[1]);
}

Answer bsd_lseek(Trap& trap) {
    if (is_kqueue(trap.i(0))) return fail(xnu::ESPIPE);
    i32 whence = trap.i(2);
    if ((whence == xnu::SEEK_HOLE || whence == xnu::SEEK_DATA) && !era_has(3789051)) return fail(kind_of(trap.i(0)) == FdKind::closed ? xnu::EBADF : xnu::EINVAL);
    if (whence == xnu::SEEK_HOLE) whence = lnx::SEEK_HOLE;  // the other way round
    else if (whence == xnu::SEEK_DATA) whence = lnx::SEEK_DATA;
    const i64 r = host(lnx::SYS_lseek, trap.i(0), trap.w(1), whence);
    const bool relative = whence == lnx::SEEK_CUR || whence == lnx::SEEK_END;
    return r == -lnx::EINVAL && relative && static_cast<i64>(trap.w(1)) > 0 ? fail(xnu::EOVERFLOW) : from_host(r);
}

}  // namespace trapeze
