// SPDX-License-Identifier: BSD-3-Clause
// What each filter looks at, and says: see kqueue.h. Sources: xnu-3248.60.10 bsd/kern/kern_event.c (filt_timer*, filt_user*,
// filt_proc*), uipc_socket.c (filt_soread, filt_sowrite), sys_pipe.c, bsd/vfs/vfs_vnops.c, kern_sig.c (filt_sig*).
//
// Where the host cannot tell what XNU knows: data of a datagram socket is the first datagram's length (XNU: all of them); a listener in
// AF_UNIX has data 1 (XNU: the queue's length); a blocked signal is seen when it is unblocked; NOTE_FORK and NOTE_EXEC never come.
#include "tools/xnurun/kqueue.h"

#include "sys/darwin/errno.h"
#include "sys/mem.h"
#include "tools/xnurun/descriptors.h"
#include "tools/xnurun/signal.h"
#include "tools/xnurun/sockets.h"

namespace trapeze {
namespace {

constexpr u64 epipe_size = 65536;  // MAX_PIPESIZE
constexpr i64 pipe_buf = 512;
constexpr u32 fionread = 0x541b, siocoutq = 0x5411, sys_pidfd_open = 434;
constexpr u32 in_modify = 2, in_attrib = 4, in_move_self = 0x800, in_moved = 0xc0, in_create = 0x100, in_delete = 0x200;
constexpr i16 h_in = 1, h_out = 4, h_err = 8, h_hup = 0x10, h_rdhup = 0x2000;

i32 fd_of(const Knote& n) { return static_cast<i32>(n.kev.ident); }

i16 look(i32 fd, i16 events) {
    struct {
        i32 fd;
        i16 events, revents;
    } one{fd, events, 0};
    host(lnx::SYS_poll, &one, 1, 0);
    return one.revents;
}

i64 waiting_bytes(i32 fd) {
    i32 n = 0;
    host(lnx::SYS_ioctl, fd, fionread, &n);
    return n;
}

// Of struct tcp_info (include/uapi/linux/tcp.h): tcpi_unacked (4), a listener's queue; tcpi_rtt (15) and tcpi_bytes_acked, both 0 if
// it never was connected.
struct TcpInfo {
    u8 state, rest[7];
    u32 words[24];
    u64 pacing, max_pacing, bytes_acked;
};
static_assert(offsetof(TcpInfo, bytes_acked) == 120);
bool tcp_info(i32 fd, TcpInfo& info) {
    i32 size = sizeof info;
    info = {};
    return !host_failed(host(lnx::SYS_getsockopt, fd, 6, 11, &info, &size));
}

// The error that waits in the socket. SO_ERROR would take it away, so it is guessed: what never was connected was refused.
u32 pending_error(i32 fd, i16 says) {
    if (!(says & h_err)) return 0;
    TcpInfo info;
    if (!tcp_info(fd, info)) return 0;
    return static_cast<u32>(info.bytes_acked || info.words[15] ? xnu::ECONNRESET : xnu::ECONNREFUSED);
}

// SOCK_*, or negative: none.
i32 socket_type(i32 fd) {
    if (!may_be_socket(fd)) return -1;
    const i32 type = host_socket_number(fd, lnx::SO_TYPE);
    if (type == -lnx::ENOTSOCK) set_socket(fd, false);
    return type;
}

bool never_connected(i16 says) { return (says & (h_hup | h_rdhup | h_in | h_err)) == h_hup; }

bool read_event(Knote& n) {
    const i32 fd = fd_of(n);
    if (n.file) {
        lnx::stat s{};
        host(lnx::SYS_fstat, fd, &s);
        const i64 at = host(lnx::SYS_lseek, fd, 0, 1);
        n.kev.data = s.st_size - (host_failed(at) ? 0 : at);
        return n.kev.data != 0;
    }
    if (Kqueue* other = kqueue_of(fd)) {
        kqueue_harvest(*other);
        kqueue_settle(*other);
        n.kev.data = other->queued;
        return other->queued != 0;
    }
    const i16 says = look(fd, h_in | h_rdhup);
    const i32 type = socket_type(fd);
    if (type > 0 && host_socket_number(fd, lnx::SO_ACCEPTCONN) == 1) {
        TcpInfo info;
        n.kev.data = says & h_in ? (tcp_info(fd, info) && info.words[4] ? info.words[4] : 1) : 0;
        return says & h_in;
    }
    n.kev.data = waiting_bytes(fd);
    if (type > 0 && never_connected(says)) return false;
    if (says & (h_hup | h_rdhup)) {
        n.kev.flags |= xnu::EV_EOF;
        if (type > 0) n.kev.fflags = pending_error(fd, says);
        return true;
    }
    if (says & h_err) return true;
    if (n.sfflags & xnu::NOTE_LOWAT && n.kev.data < n.sdata) return false;
    return says & h_in;
}

bool write_event(Knote& n) {
    const i32 fd = fd_of(n);
    if (n.file) {
        n.kev.data = 1;
        return true;
    }
    const i16 says = look(fd, h_out | h_rdhup);
    const i32 type = socket_type(fd);
    if (type < 0) {
        if (says & h_err) {  // nobody reads any more
            n.kev.flags |= xnu::EV_EOF;
            n.kev.data = 0;
            return true;
        }
        n.kev.data = static_cast<i64>(epipe_size) - waiting_bytes(fd);
        const i64 low = n.sfflags & xnu::NOTE_LOWAT ? n.sdata : pipe_buf;
        return says & h_out && n.kev.data >= low;
    }
    i32 unsent = 0;
    host(lnx::SYS_ioctl, fd, siocoutq, &unsent);
    n.kev.data = host_socket_number(fd, lnx::SO_SNDBUF) / 2 - unsent;
    if (never_connected(static_cast<i16>(look(fd, h_in | h_rdhup)))) return false;
    if (says & h_hup) {
        n.kev.flags |= xnu::EV_EOF;
        n.kev.fflags = pending_error(fd, says);
        return true;
    }
    if (says & h_err) return true;
    if (!(says & h_out)) return false;
    if (n.kev.data < 1) n.kev.data = 1;
    return !(n.sfflags & xnu::NOTE_LOWAT) || n.kev.data >= n.sdata;
}

void watch_number(char (&path)[32], i32 fd) {
    memcpy(path, "/proc/self/fd/", 14);
    char digits[20];
    const usize n = format_u64(digits, static_cast<u64>(fd));
    memcpy(path + 14, digits, n);
    path[14 + n] = 0;
}

i32 watch_file(Knote& n) {
    const i32 inotify = kqueue_inotify(*n.kq);
    if (inotify < 0) return xnu::ENOMEM;
    char path[32];
    watch_number(path, fd_of(n));
    const i64 r = host(lnx::SYS_inotify_add_watch, inotify, path, in_modify | in_attrib | in_move_self | in_moved | in_create | in_delete);
    if (host_failed(r)) return xnu::ENOMEM;
    n.handle = static_cast<i32>(r);
    lnx::stat s{};
    host(lnx::SYS_fstat, fd_of(n), &s);
    n.size = s.st_size;
    n.links = static_cast<u32>(s.st_nlink);
    return 0;
}

i32 attach_fd(Knote& n) {
    const i32 fd = fd_of(n);
    const bool writing = n.kev.filter == xnu::EVFILT_WRITE;
    if (Kqueue* other = kqueue_of(fd); other && (writing || other == n.kq)) return xnu::EPERM;
    lnx::stat s{};
    host(lnx::SYS_fstat, fd, &s);
    const u32 kind = s.st_mode & lnx::S_IFMT;
    if (kind == lnx::S_IFDIR) return xnu::EINVAL;
    if (kind == lnx::S_IFIFO && writing && look(fd, h_out) & h_err) return xnu::EPIPE;
    Kqueue& kq = *n.kq;
    if (writing && kq.write < 0) {
        kq.write = hide(host(lnx::SYS_epoll_create1, lnx::O_CLOEXEC));
        if (kq.write < 0) return xnu::ENOMEM;
        EpollEvent e{epoll_in, tag_write};
        host(lnx::SYS_epoll_ctl, kq.epoll, epoll_add, kq.write, &e);
    }
    EpollEvent e{(writing ? epoll_out : epoll_in | epoll_rdhup) | epoll_et, static_cast<u64>(fd)};
    const i64 r = host(lnx::SYS_epoll_ctl, writing ? kq.write : kq.epoll, epoll_add, fd, &e);
    if (r == -lnx::EPERM) {  // a file: always ready, or when it grows
        n.file = true;
        if (kind == lnx::S_IFREG && !writing) return watch_file(n);
        return 0;
    }
    if (host_failed(r)) return r == -lnx::ELOOP ? xnu::EPERM : xnu::ENOMEM;
    return 0;
}

i32 attach_process(Knote& n) {
    constexpr u32 track = 7;
    if (n.sfflags & track) return xnu::ENOTSUP;
    const i64 r = host(sys_pidfd_open, static_cast<i32>(n.kev.ident), 0);
    if (host_failed(r)) return r == -lnx::EMFILE || r == -lnx::ENFILE ? xnu::ENOMEM : xnu::ESRCH;
    const i32 pidfd = hide(r);
    if (pidfd < 0) return xnu::ENOMEM;
    n.handle = pidfd;
    if (look(pidfd, h_in)) return xnu::ESRCH;  // has ended already
    if ((n.sfflags & (xnu::NOTE_EXIT | xnu::NOTE_EXITSTATUS)) == (xnu::NOTE_EXIT | xnu::NOTE_EXITSTATUS)) {
        // Only its parent may ask for the status: waitid knows whether it is our child.
        constexpr i32 p_pidfd = 3, how = 4 | 1 | 0x01000000;  // WEXITED | WNOHANG | WNOWAIT
        lnx::siginfo_t info{};
        if (host_failed(host(lnx::SYS_waitid, p_pidfd, pidfd, &info, how, 0))) return xnu::EACCES;
    }
    n.kev.flags |= xnu::EV_CLEAR;
    EpollEvent e{epoll_in | epoll_et, tag_process | n.kev.ident};
    host(lnx::SYS_epoll_ctl, n.kq->epoll, epoll_add, pidfd, &e);
    return 0;
}

// filt_timervalidate, filt_timerupdate: nanoseconds until the next one into sdata, or a deadline.
i32 start_timer(Knote& n, i64 data) {
    u64 unit;
    switch (n.sfflags & (xnu::NOTE_SECONDS | xnu::NOTE_USECONDS | xnu::NOTE_NSECONDS)) {
    case xnu::NOTE_SECONDS: unit = 1'000'000'000; break;
    case xnu::NOTE_USECONDS: unit = 1'000; break;
    case xnu::NOTE_NSECONDS: unit = 1; break;
    case 0: unit = 1'000'000; break;
    default: return xnu::EINVAL;
    }
    const u64 ns = static_cast<u64>(data) * unit, now = monotonic_ns();
    n.sdata = 0;
    n.deadline = 0;
    if (n.sfflags & xnu::NOTE_ABSOLUTE) {
        n.kev.flags |= xnu::EV_ONESHOT;
        lnx::timespec wall;
        host(lnx::SYS_clock_gettime, lnx::CLOCK_REALTIME, &wall);
        const u64 today = static_cast<u64>(wall.tv_sec) * 1'000'000'000 + static_cast<u64>(wall.tv_nsec);
        if (ns >= today) n.deadline = now + (ns - today);
    } else if (ns) {
        n.sdata = static_cast<i64>(ns);
        n.deadline = ns > ~0ull / 2 ? ~0ull / 2 : now + ns;
    }
    if (n.deadline) n.kev.flags |= xnu::EV_CLEAR;
    else n.kev.data = 1;
    filter_timer(*n.kq, now);
    return 0;
}

}  // namespace

i32 kqueue_inotify(Kqueue& kq) {
    if (kq.inotify < 0) {
        kq.inotify = hide(host(lnx::SYS_inotify_init1, lnx::O_CLOEXEC | lnx::O_NONBLOCK));
        EpollEvent e{epoll_in, tag_inotify};
        if (kq.inotify >= 0) host(lnx::SYS_epoll_ctl, kq.epoll, epoll_add, kq.inotify, &e);
    }
    return kq.inotify;
}

i32 filter_attach(Knote& n) {
    switch (n.kev.filter) {
    case xnu::EVFILT_READ:
    case xnu::EVFILT_WRITE: return attach_fd(n);
    case xnu::EVFILT_VNODE: {
        lnx::stat s{};
        host(lnx::SYS_fstat, fd_of(n), &s);
        const u32 kind = s.st_mode & lnx::S_IFMT;
        if (kqueue_of(fd_of(n)) || kind == 0140000 || kind == lnx::S_IFIFO) return xnu::EPERM;
        return watch_file(n);
    }
    case xnu::EVFILT_PROC: return attach_process(n);
    case xnu::EVFILT_SIGNAL: {
        n.kev.flags |= xnu::EV_CLEAR;
        if (n.kev.ident == 0 || n.kev.ident > 31) return 0;  // never comes
        if (!kqueue_watch_signal(n)) return xnu::ENOMEM;
        const i32 number = static_cast<i32>(n.kev.ident);
        if (number == xnu::SIGKILL || number == xnu::SIGSTOP) return 0;
        Locked hold(signal_lock);
        apply_host_action(number);
        return 0;
    }
    case xnu::EVFILT_TIMER: return start_timer(n, n.sdata);
    case xnu::EVFILT_USER: return 0;  // NOTE_TRIGGER does nothing yet: fflags are cleared before the filter sees them
    case xnu::EVFILT_FS:
    case xnu::EVFILT_VM: return 0;  // nothing is mounted, memory is plenty
    case xnu::EVFILT_MACHPORT: give_up("EVFILT_MACHPORT is not emulated");
    default: return xnu::ENOTSUP;
    }
}

void filter_detach(Knote& n) {
    Kqueue& kq = *n.kq;
    switch (n.kev.filter) {
    case xnu::EVFILT_READ:
    case xnu::EVFILT_WRITE:
        if (!n.file) host(lnx::SYS_epoll_ctl, n.kev.filter == xnu::EVFILT_READ ? kq.epoll : kq.write, epoll_del, fd_of(n), 0);
        break;
    case xnu::EVFILT_PROC:
        close_hidden(n.handle);
        return;
    default: break;
    }
    if (n.handle < 0) return;
    for (Knote* other = kq.notes; other; other = other->next)
        if (other != &n && other->kev.filter != xnu::EVFILT_PROC && other->handle == n.handle) return;
    host(lnx::SYS_inotify_rm_watch, kq.inotify, n.handle);
}

bool filter_touches(const Knote& n) { return n.kev.filter == xnu::EVFILT_USER || n.kev.filter == xnu::EVFILT_TIMER; }

void filter_touch(Knote& n, const xnu::kevent64_s& change) {
    if (n.kev.filter == xnu::EVFILT_TIMER) {
        n.sfflags = change.fflags;
        if (const i32 wrong = start_timer(n, change.data)) {
            n.kev.flags |= xnu::EV_ERROR;
            n.kev.data = wrong;
        }
        return;
    }
    if (change.fflags & xnu::NOTE_TRIGGER) n.triggered = true;
    const u32 given = change.fflags & xnu::NOTE_FFLAGSMASK;
    switch (change.fflags & xnu::NOTE_FFCTRLMASK) {
    case xnu::NOTE_FFAND: n.sfflags &= given; break;
    case xnu::NOTE_FFOR: n.sfflags |= given; break;
    case xnu::NOTE_FFCOPY: n.sfflags = given; break;
    default: break;
    }
    n.sdata = change.data;
}

bool filter_event(Knote& n) {
    switch (n.kev.filter) {
    case xnu::EVFILT_READ: return read_event(n);
    case xnu::EVFILT_WRITE: return write_event(n);
    case xnu::EVFILT_USER: return n.triggered;
    case xnu::EVFILT_TIMER:
    case xnu::EVFILT_SIGNAL: return n.kev.data != 0;
    case xnu::EVFILT_PROC:
    case xnu::EVFILT_VNODE: return n.kev.fflags != 0;
    default: return false;
    }
}

void filter_timer(Kqueue& kq, u64 now) {
    u64 next = 0;
    for (Knote* n = kq.notes; n; n = n->next) {
        if (n->kev.filter != xnu::EVFILT_TIMER || !n->deadline) continue;
        if (n->deadline <= now) {
            const u64 interval = static_cast<u64>(n->sdata);
            if (interval && !(n->kev.flags & xnu::EV_ONESHOT)) {
                const u64 times = 1 + (now - n->deadline) / interval;
                n->kev.data += static_cast<i64>(times);
                n->deadline += times * interval;
            } else {
                n->kev.data++;
                n->deadline = 0;
            }
            knote_activate(*n);
        }
        if (n->deadline && (!next || n->deadline < next)) next = n->deadline;
    }
    if (!next && kq.timer < 0) return;
    if (kq.timer < 0) {
        kq.timer = hide(host(lnx::SYS_timerfd_create, lnx::CLOCK_MONOTONIC, lnx::O_CLOEXEC | lnx::O_NONBLOCK));
        if (kq.timer < 0) give_up("no descriptor is left for the timers of a kqueue");
        EpollEvent e{epoll_in, tag_timer};
        host(lnx::SYS_epoll_ctl, kq.epoll, epoll_add, kq.timer, &e);
    }
    constexpr i32 absolute = 1;
    const lnx::timespec setting[2] = {{0, 0}, {static_cast<i64>(next / 1'000'000'000), static_cast<i64>(next % 1'000'000'000)}};
    host(lnx::SYS_timerfd_settime, kq.timer, absolute, setting, 0);
}

void filter_files(Kqueue& kq) {
    alignas(8) u8 events[4096];
    struct Event {
        i32 watch;
        u32 mask, cookie, length;
    };
    i64 size;
    while ((size = host(lnx::SYS_read, kq.inotify, events, sizeof events)) > 0) {
        for (i64 at = 0; at < size;) {
            Event e;
            memcpy(&e, events + at, sizeof e);
            at += static_cast<i64>(sizeof e + e.length);
            for (Knote* n = kq.notes; n; n = n->next) {
                if (n->handle != e.watch || n->kev.filter == xnu::EVFILT_PROC) continue;
                if (n->kev.filter == xnu::EVFILT_VNODE) {
                    lnx::stat s{};
                    host(lnx::SYS_fstat, fd_of(*n), &s);
                    u32 what = 0;
                    if (e.mask & (in_modify | in_create | in_delete | in_moved)) what |= xnu::NOTE_WRITE;
                    if (e.mask & in_modify && s.st_size > n->size) what |= xnu::NOTE_EXTEND;
                    if (e.mask & in_attrib)
                        what |= s.st_nlink < n->links ? xnu::NOTE_DELETE : s.st_nlink > n->links ? xnu::NOTE_LINK : xnu::NOTE_ATTRIB;
                    if (e.mask & in_move_self) what |= xnu::NOTE_RENAME;
                    n->size = s.st_size;
                    n->links = static_cast<u32>(s.st_nlink);
                    n->kev.fflags |= what & n->sfflags;
                }
                if (filter_event(*n)) knote_activate(*n);
            }
        }
    }
}

void filter_process(Knote& n) {
    if (n.kev.flags & xnu::EV_EOF) return;
    n.kev.flags |= xnu::EV_EOF | xnu::EV_ONESHOT;
    n.kev.fflags |= n.sfflags & xnu::NOTE_EXIT;
    n.kev.data = 0;
    if (n.sfflags & xnu::NOTE_EXITSTATUS) {
        constexpr i32 p_pidfd = 3, how = 4 | 1 | 0x01000000;
        lnx::siginfo_t info{};
        host(lnx::SYS_waitid, p_pidfd, n.handle, &info, how, 0);
        const i32 status = static_cast<i32>(info.si_value);
        n.kev.fflags |= xnu::NOTE_EXITSTATUS;
        n.kev.data = info.si_code == 1 ? status << 8 : darwin_signal(status) | (info.si_code == 3 ? 0x80 : 0);
    }
    if (n.kev.fflags) knote_activate(n);
}

}  // namespace trapeze
