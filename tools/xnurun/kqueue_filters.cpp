// SPDX-License-Identifier: BSD-3-Clause
// What each filter looks at, and says: see kqueue.h. Sources: xnu-3248.60.10 bsd/kern/kern_event.c (filt_timer*, filt_user*,
// kern_sig.c (filt_sig*), bsd/vfs/vfs_vnops.c. Those of descriptors are in kqueue_descriptors.cpp, processes in kqueue_processes.cpp.
//
// Where the host cannot tell what XNU knows: a blocked signal is seen when it is unblocked. The memory's
// pressure never changes.
#include "tools/xnurun/kqueue.h"

#include "sys/darwin/errno.h"
#include "sys/mem.h"
#include "tools/xnurun/descriptors.h"
#include "tools/xnurun/era.h"
#include "tools/xnurun/signal.h"

namespace trapeze {
namespace {

constexpr u32 in_modify = 2, in_attrib = 4, in_move_self = 0x800, in_moved = 0xc0, in_create = 0x100, in_delete = 0x200;
void watch_number(char (&path)[32], i32 fd) {
    memcpy(path, "/proc/self/fd/", 14);
    char digits[20];
    const usize n = format_u64(digits, static_cast<u64>(fd));
    memcpy(path + 14, digits, n);
    path[14 + n] = 0;
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
        const u64 today = wall_ns();
        if (ns >= today) n.deadline = now + (ns - today);
    } else if (ns) {
        n.sdata = static_cast<i64>(ns);
        n.deadline = ns > ~0ull / 2 ? ~0ull / 2 : now + ns;
    }
    if (n.deadline) n.kev.flags |= xnu::EV_CLEAR;
    else n.kev.data = 1;
    filter_timer(*n.kq, now);
    return n.deadline && n.kq->timer < 0 ? xnu::ENOMEM : 0;  // no descriptor is left for it
}

}  // namespace

i32 kqueue_inotify(Kqueue& kq) {
    if (kq.inotify < 0) {
        kq.inotify = hidden_made(lnx::SYS_inotify_init1, lnx::O_CLOEXEC | lnx::O_NONBLOCK);
        EpollEvent e{epoll_in, tag_inotify};
        if (kq.inotify >= 0) host(lnx::SYS_epoll_ctl, kq.epoll, epoll_add, kq.inotify, &e);
    }
    return kq.inotify;
}

i32 watch_file(Knote& n) {
    const i32 inotify = kqueue_inotify(*n.kq);
    if (inotify < 0) return xnu::ENOMEM;
    char path[32];
    watch_number(path, fd_of(n));
    constexpr u32 all = in_modify | in_attrib | in_move_self | in_moved | in_create | in_delete;
    const i64 r = host(lnx::SYS_inotify_add_watch, inotify, path, all);
    if (host_failed(r)) return xnu::ENOMEM;
    n.handle = static_cast<i32>(r);
    lnx::stat s{};
    host(lnx::SYS_fstat, fd_of(n), &s);
    n.size = s.st_size;
    n.links = static_cast<u32>(s.st_nlink);
    return 0;
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
    case evfilt_sock:
    case evfilt_except: return attach_socket(n);
    case xnu::EVFILT_PROC: return process_attach(n);
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
    case xnu::EVFILT_FS: return 0;  // nothing is mounted, memory is plenty
    case xnu::EVFILT_VM: return era >= 4570071 ? xnu::ENOTSUP : 0;
    case evfilt_memorystatus: {  // which pressures; one that it does not know is nothing to an old release, one too many to a new one
        constexpr u32 known_to_old = 0xf, known_to_new = 0x3f;
        n.kev.flags |= xnu::EV_CLEAR;
        return (era >= 4570071 ? !(n.sfflags & ~known_to_new) : (n.sfflags & known_to_old) != 0) ? 0 : xnu::ENOTSUP;
    }
    case xnu::EVFILT_MACHPORT: return era_has(1456001) ? attach_port(n) : xnu::ENOTSUP;
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
    case evfilt_sock:
    case evfilt_except: detach_socket(n); break;
    case xnu::EVFILT_PROC: process_detach(n); return;
    case xnu::EVFILT_MACHPORT: detach_port(n); return;
    default: break;
    }
    if (n.handle < 0) return;
    for (Knote* other = kq.notes; other; other = other->next)
        if (other != &n && other->kev.filter != xnu::EVFILT_PROC && other->handle == n.handle) return;
    host(lnx::SYS_inotify_rm_watch, kq.inotify, n.handle);
}

bool filter_touches(const Knote& n) {
    return n.kev.filter == xnu::EVFILT_USER || n.kev.filter == xnu::EVFILT_TIMER || n.kev.filter == xnu::EVFILT_MACHPORT;
}

void filter_touch(Knote& n, const xnu::kevent64_s& change) {
    if (n.kev.filter == xnu::EVFILT_TIMER) {
        n.sfflags = change.fflags;
        if (const i32 wrong = start_timer(n, change.data)) {
            n.kev.flags |= xnu::EV_ERROR;
            n.kev.data = wrong;
        }
        return;
    }
    if (n.kev.filter == xnu::EVFILT_MACHPORT) {
        n.sfflags = change.fflags;
        n.sdata = change.data;
        n.kev.ext[0] = change.ext[0];
        n.kev.ext[1] = change.ext[1];
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
    case evfilt_sock: return sock_event(n);
    case evfilt_except: return except_event(n);
    case xnu::EVFILT_USER: return n.triggered;
    case xnu::EVFILT_MACHPORT: return port_event(n);
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
        kq.timer = hidden_made(lnx::SYS_timerfd_create, lnx::CLOCK_MONOTONIC, lnx::O_CLOEXEC | lnx::O_NONBLOCK);
        if (kq.timer < 0) return;  // start_timer says so
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

}  // namespace trapeze
