// SPDX-License-Identifier: BSD-3-Clause
// EVFILT_READ and EVFILT_WRITE: see kqueue.h. Sources: xnu-3248.60.10 bsd/kern/uipc_socket.c (filt_soread, filt_sowrite), sys_pipe.c,
// bsd/vfs/vfs_vnops.c, kern_event.c (filt_kqueue).
//
// Where the host cannot tell what XNU knows: data of a datagram socket is the first datagram's length (XNU: all of them); a listener in
// AF_UNIX has data 1 (XNU: the queue's length); fflags at an end is guessed from the connection's history.
#include "tools/xnurun/kqueue.h"

#include "sys/darwin/errno.h"
#include "tools/xnurun/descriptors.h"
#include "tools/xnurun/sockets.h"

namespace trapeze {
namespace {

constexpr u64 epipe_size = 65536;  // MAX_PIPESIZE
constexpr i64 pipe_buf = 512;
constexpr u32 fionread = 0x541b, siocoutq = 0x5411;
constexpr i16 h_in = 1, h_out = 4, h_err = 8, h_hup = 0x10, h_rdhup = 0x2000;

i16 look(i32 fd, i16 events) { return descriptor_ready(fd, events); }

i64 waiting_bytes(i32 fd) {
    i32 n = 0;
    host(lnx::SYS_ioctl, fd, fionread, &n);
    return n;
}

}  // namespace

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

namespace {

// SOCK_*, or negative: none.
i32 socket_type(i32 fd) {
    if (!may_be_socket(fd)) return -1;
    const i32 type = host_socket_number(fd, lnx::SO_TYPE);
    if (type == -lnx::ENOTSOCK) set_socket(fd, false);
    return type;
}

bool never_connected(i16 says) { return (says & (h_hup | h_rdhup | h_in | h_err)) == h_hup; }

}  // namespace

i16 descriptor_ready(i32 fd, i16 events) {
    struct {
        i32 fd;
        i16 events, revents;
    } one{fd, events, 0};
    host(lnx::SYS_poll, &one, 1, 0);
    return one.revents;
}

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
    if (type == lnx::SOCK_STREAM && host_socket_number(fd, lnx::SO_ACCEPTCONN) == 1) {
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

i32 attach_fd(Knote& n) {
    const i32 fd = fd_of(n);
    const bool writing = n.kev.filter == xnu::EVFILT_WRITE;
    if (Kqueue* other = kqueue_of(fd); other && (writing || other == n.kq)) return xnu::EPERM;
    lnx::stat s{};
    if (known(fd).sort != Known::socket) host(lnx::SYS_fstat, fd, &s);
    const u32 kind = s.st_mode & lnx::S_IFMT;
    if (kind == lnx::S_IFDIR) return xnu::EINVAL;
    if (kind == lnx::S_IFIFO && writing && look(fd, h_out) & h_err) return xnu::EPIPE;
    Kqueue& kq = *n.kq;
    if (writing && kq.write < 0) {
        kq.write = hidden_made(lnx::SYS_epoll_create1, lnx::O_CLOEXEC);
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

}  // namespace trapeze
