// SPDX-License-Identifier: BSD-3-Clause
// EVFILT_PROC (xnu-3248.60.10 bsd/kern/kern_event.c filt_proc*). The host tells the end of a process by a pidfd, and that somebody has
// waited for it (NOTE_REAP; Linux 6.9 or later, or if it is this process that waits). That it forks or executes only the process
// itself can tell, and one that runs under xnurun does: to the sockets that who watches it has bound in the abstract name space, a few
// to a process, by a datagram whose sender the host vouches for. A program of the host tells nothing. Its signals (NOTE_SIGNAL) are
// seen of this very process alone.
// NOTE_EXEC is sent when nothing is left that XNU would refuse, before the host's execve.
#include "sys/darwin/errno.h"
#include "sys/mem.h"
#include "sys/print.h"
#include "tools/xnurun/descriptors.h"
#include "tools/xnurun/kqueue.h"
#include "tools/xnurun/signal.h"

namespace trapeze {
namespace {

constexpr u32 sys_pidfd_open = 434;
constexpr i32 p_pidfd = 3, ended_nohang_nowait = 4 | 1 | 0x01000000;  // WEXITED | WNOHANG | WNOWAIT
constexpr u32 told_by_itself = xnu::NOTE_FORK | xnu::NOTE_EXEC;
constexpr i32 most_watchers = 4;
constexpr i32 unix_domain = 1, datagram = 2, cloexec_nonblock = lnx::O_CLOEXEC | lnx::O_NONBLOCK;

struct Address {  // struct sockaddr_un, an abstract name
    u16 family = unix_domain;
    char name[40] = {};
    u32 size;

    Address(i32 pid, i32 place) {
        constexpr char prefix[] = "\0xnurun process ";
        usize n = sizeof prefix - 1;
        memcpy(name, prefix, n);
        n += format_u64(name + n, static_cast<u64>(pid));
        name[n++] = ' ';
        name[n++] = static_cast<char>('0' + place);
        size = static_cast<u32>(2 + n);
    }
};

u32 process_notes;  // knotes of EVFILT_PROC; read without the lock to see that there are none

// A socket for what the process tells, or -errno.
i32 listen_to(Knote& n) {
    const i32 fd = hidden_made(lnx::SYS_socket, unix_domain, static_cast<u64>(datagram | cloexec_nonblock), 0);
    if (fd < 0) return xnu::ENOMEM;
    constexpr i32 sol_socket = 1, so_passcred = 16;
    const i32 on = 1;
    host(lnx::SYS_setsockopt, fd, sol_socket, so_passcred, &on, 4);
    for (i32 place = 0; place < most_watchers; place++) {
        const Address at(static_cast<i32>(n.kev.ident), place);
        if (host_failed(host(lnx::SYS_bind, fd, &at, at.size))) continue;
        n.news = fd;
        EpollEvent e{epoll_in | epoll_et, tag_process | n.kev.ident};
        host(lnx::SYS_epoll_ctl, n.kq->epoll, epoll_add, fd, &e);
        return 0;
    }
    close_hidden(fd);
    return xnu::ENOMEM;
}

void hear(Knote& n) {
    for (;;) {
        u32 what = 0;
        alignas(8) u8 control[64];
        struct {
            void* base;
            u64 size;
        } piece{&what, sizeof what};
        struct {
            void* name;
            u32 name_size, pad;
            void* pieces;
            u64 piece_count;
            void* control;
            u64 control_size;
            i32 flags, pad2;
        } message{nullptr, 0, 0, &piece, 1, control, sizeof control, 0, 0};
        if (host_failed(host(lnx::SYS_recvmsg, n.news, &message, 0))) return;
        struct {
            u64 size;
            i32 level, type, pid;
        } from{};
        if (message.control_size >= 20) memcpy(&from, control, 20);
        constexpr i32 sol_socket = 1, scm_credentials = 2;
        if (from.level != sol_socket || from.type != scm_credentials || static_cast<u64>(from.pid) != n.kev.ident) continue;
        n.kev.fflags |= what & told_by_itself & n.sfflags;
    }
}

// filt_proc with NOTE_EXIT. status: as wait4 gives it.
void tell_end(Knote& n, i32 status) {
    if (n.ended) return;
    n.ended = true;
    if (!(n.sfflags & xnu::NOTE_REAP)) n.kev.flags |= xnu::EV_EOF | xnu::EV_ONESHOT;
    n.kev.fflags |= n.sfflags & (xnu::NOTE_EXIT | xnu::NOTE_EXIT_DETAIL);  // no detail is known: data says none
    n.kev.data = 0;
    if (n.sfflags & xnu::NOTE_EXITSTATUS) {
        n.kev.fflags |= xnu::NOTE_EXITSTATUS;
        n.kev.data = status;
    }
}

void tell_reaped(Knote& n) {
    if (!(n.sfflags & xnu::NOTE_REAP) || n.kev.flags & xnu::EV_EOF) return;
    n.kev.flags |= xnu::EV_EOF | xnu::EV_ONESHOT;
    n.kev.fflags |= xnu::NOTE_REAP;
}

}  // namespace

i32 process_attach(Knote& n) {
    constexpr u32 track = 7;
    if (n.sfflags & track) return xnu::ENOTSUP;
    const i32 pidfd = hidden_made(sys_pidfd_open, n.kev.ident);
    if (pidfd < 0) return pidfd == -lnx::EMFILE || pidfd == -lnx::ENFILE ? xnu::ENOMEM : xnu::ESRCH;
    n.handle = pidfd;
    __atomic_fetch_add(&process_notes, 1, __ATOMIC_SEQ_CST);
    if (descriptor_ready(pidfd, 1)) return xnu::ESRCH;  // has ended already
    if ((n.sfflags & (xnu::NOTE_EXIT | xnu::NOTE_EXITSTATUS)) == (xnu::NOTE_EXIT | xnu::NOTE_EXITSTATUS)) {
        // Only its parent may ask for the status: waitid knows whether it is our child. (Later kernels let who may signal it ask as
        // well; the host tells nobody else.)
        lnx::siginfo_t info{};
        if (host_failed(host(lnx::SYS_waitid, p_pidfd, pidfd, &info, ended_nohang_nowait, 0))) return xnu::EACCES;
    }
    n.kev.flags |= xnu::EV_CLEAR;
    EpollEvent e{epoll_in | epoll_et, tag_process | n.kev.ident};
    host(lnx::SYS_epoll_ctl, n.kq->epoll, epoll_add, pidfd, &e);
    return process_touch(n);
}

i32 process_touch(Knote& n) {
    if (n.kev.ident == static_cast<u64>(own_pid()))
        return n.sfflags & xnu::NOTE_SIGNAL && !kqueue_watch_any_signal(n) ? xnu::ENOMEM : 0;
    return n.sfflags & told_by_itself && n.news < 0 ? listen_to(n) : 0;
}

void process_detach(Knote& n) {
    if (n.handle >= 0) __atomic_fetch_sub(&process_notes, 1, __ATOMIC_SEQ_CST);
    close_hidden(n.handle);
    close_hidden(n.news);
}

void process_edge(Kqueue& kq, u64 pid) {
    for (Knote* n = kq.notes; n; n = n->next) {
        if (n->kev.filter != xnu::EVFILT_PROC || n->kev.ident != pid) continue;
        if (n->news >= 0) hear(*n);
        constexpr i16 in = 1, hangup = 0x10;
        const i16 says = descriptor_ready(n->handle, in);
        if (says & in) {
            i32 status = 0;
            if (n->sfflags & xnu::NOTE_EXITSTATUS && !n->ended) {
                lnx::siginfo_t info{};
                host(lnx::SYS_waitid, p_pidfd, n->handle, &info, ended_nohang_nowait, 0);
                const i32 told = static_cast<i32>(info.si_value);
                status = info.si_code == lnx::CLD_EXITED ? told << 8 : darwin_signal(told) | (info.si_code == 3 ? 0x80 : 0);
            }
            tell_end(*n, status);
        }
        if (says & hangup) tell_reaped(*n);
        if (n->kev.fflags) knote_activate(*n);
    }
}

void kqueue_reaped(i32 pid, i32 status) {
    if (!__atomic_load_n(&process_notes, __ATOMIC_SEQ_CST) || process().vforked) return;
    Locked hold(kqueue_lock);
    for (Kqueue* kq = kqueues; kq; kq = kq->next) {
        for (Knote* n = kq->notes; n; n = n->next) {
            if (n->kev.filter != xnu::EVFILT_PROC || n->kev.ident != static_cast<u64>(pid)) continue;
            if (n->news >= 0) hear(*n);
            tell_end(*n, status);
            tell_reaped(*n);
            if (n->kev.fflags) knote_activate(*n);
        }
        kqueue_settle(*kq);
    }
}

void kqueue_forked() {
    const u64 own = static_cast<u64>(own_pid());
    for (Kqueue* kq = kqueues; kq; kq = kq->next) {
        for (Knote* n = kq->notes; n; n = n->next) {
            if (n->kev.filter != xnu::EVFILT_PROC || n->kev.ident != own || !(n->sfflags & xnu::NOTE_FORK)) continue;
            n->kev.fflags |= xnu::NOTE_FORK;
            knote_activate(*n);
        }
        kqueue_settle(*kq);
    }
    process_tell(xnu::NOTE_FORK);
}

// May run in a child that shares this memory: what it says it says as who the host knows it to be.
void process_tell(u32 note) {
    const i64 fd = host(lnx::SYS_socket, unix_domain, static_cast<u64>(datagram | cloexec_nonblock), 0);
    if (host_failed(fd)) return;
    const i32 pid = static_cast<i32>(host(lnx::SYS_getpid));
    for (i32 place = 0; place < most_watchers; place++) {
        const Address to(pid, place);
        host(lnx::SYS_sendto, fd, &note, sizeof note, 0, &to, to.size);
    }
    host(lnx::SYS_close, fd);
}

}  // namespace trapeze
