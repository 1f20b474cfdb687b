// SPDX-License-Identifier: BSD-3-Clause
// EVFILT_SOCK (private to Apple, 10.9) and EVFILT_EXCEPT (10.12): see kqueue.h. Sources: xnu-3248.60.10 and xnu-11417.121.6
// bsd/kern/uipc_socket.c filt_sockev, filt_socktouch, filt_soread_common.
//
// The host tells connections, their ends, either half shut, resets and errors, but of AF_UNIX not the half that was shut here. It does not
// tell NOTE_TIMEOUT, NOTE_NOSRCADDR, NOTE_IFDENIED, NOTE_SUSPEND, NOTE_KEEPALIVE, adaptive time-outs, NOTE_CONNINFO_UPDATED: these never come.
// One registration a descriptor serves both filters, in an epoll of its own, for edges of every kind.
#include "tools/xnurun/kqueue.h"

#include "sys/darwin/errno.h"
#include "tools/xnurun/descriptors.h"
#include "tools/xnurun/era.h"
#include "tools/xnurun/sockets.h"

namespace trapeze {
namespace {

enum : u32 {
    connreset = 1, readclosed = 2, writeclosed = 4, suspend = 0x40, resume = 0x80, connected = 0x800, disconnected = 0x1000, all = 0x3fff,
    level = readclosed | writeclosed | suspend | resume | connected | disconnected,
};
constexpr i64 state_connected = 1, state_disconnected = 2;  // SOCKEV_*, in data
constexpr u32 note_oob = 2;
constexpr u32 epoll_pri = 2;
constexpr i16 h_in = 1, h_pri = 2, h_out = 4, h_hup = 0x10, h_rdhup = 0x2000;

u32 state_of_tcp(i32 fd) {
    TcpInfo info;
    if (!tcp_info(fd, info)) return 0;
    switch (info.state) {
    case 1: return connected;
    case 4: case 5: return connected | writeclosed;             // FIN_WAIT
    case 8: return connected | readclosed;                      // CLOSE_WAIT
    case 9: case 11: return connected | readclosed | writeclosed;  // LAST_ACK, CLOSING
    case 6: return disconnected | readclosed | writeclosed;     // TIME_WAIT
    case 7: {
        const bool was = info.bytes_acked || info.words[15] || descriptor_ready(fd, h_in | h_rdhup) & (h_in | h_rdhup);
        return was ? +disconnected | readclosed | writeclosed : 0u;
    }
    default: return 0;
    }
}

u32 state_of(i32 fd) {
    if (!is_stream(fd)) return has_peer(fd) ? +connected : 0u;
    if (!is_unix(fd)) return state_of_tcp(fd);
    const i16 says = descriptor_ready(fd, h_in | h_rdhup);
    if ((says & (h_hup | h_rdhup)) == (h_hup | h_rdhup)) return disconnected | readclosed | writeclosed;
    return (has_peer(fd) ? +connected : 0u) | (says & h_rdhup ? +readclosed : 0u);
}

}  // namespace

bool sock_event(Knote& n) {
    const i32 fd = fd_of(n);
    const u32 now = state_of(fd) | resume;
    u32& told = n.kev.fflags;
    told = (told & ~(suspend | resume)) | now;
    const u32 error = pending_error(fd, descriptor_ready(fd, h_in | h_out | h_rdhup));
    if (error == xnu::ECONNRESET) told |= connreset;
    if (error) n.kev.data = error, n.kev.flags |= xnu::EV_EOF;
    else n.kev.data = (now & connected ? state_connected : 0) | (now & disconnected ? state_disconnected : 0);
    told &= n.sfflags & all;
    return error || told & ~(now & level & n.sfflags & n.seen);
}

void sock_delivered(Knote& n) { n.seen = (n.seen | (n.kev.fflags & level)) & ~(n.kev.fflags & resume ? +suspend : 0u); }
void sock_touch(Knote& n) { n.seen &= ~((n.sfflags ^ n.seen) & level); }

// Bytes out of line; else as EVFILT_READ. How much lies behind them, the host does not say.
bool except_event(Knote& n) {
    if (n.sfflags & note_oob && descriptor_ready(fd_of(n), h_pri) & h_pri) {
        n.kev.fflags |= note_oob;
        n.kev.data = 0;
        return true;
    }
    return read_event(n);
}

i32 attach_socket(Knote& n) {
    const i32 fd = fd_of(n);
    Kqueue& kq = *n.kq;
    lnx::stat s{};
    host(lnx::SYS_fstat, fd, &s);
    const u32 kind = s.st_mode & lnx::S_IFMT;
    if (kind == lnx::S_IFIFO || kqueue_of(fd)) return era >= 4570071 ? xnu::EINVAL : xnu::EPERM;
    if (kind != lnx::S_IFSOCK) return xnu::EINVAL;
    if (kq.other < 0) {
        kq.other = hidden_made(lnx::SYS_epoll_create1, lnx::O_CLOEXEC);
        if (kq.other < 0) return xnu::ENOMEM;
        EpollEvent e{epoll_in, tag_other};
        host(lnx::SYS_epoll_ctl, kq.epoll, epoll_add, kq.other, &e);
    }
    EpollEvent e{epoll_in | epoll_out | epoll_pri | epoll_rdhup | epoll_et, static_cast<u64>(fd)};
    const i64 r = host(lnx::SYS_epoll_ctl, kq.other, epoll_add, fd, &e);
    return host_failed(r) && r != -lnx::EEXIST ? xnu::ENOMEM : 0;
}

void detach_socket(Knote& n) {
    Kqueue& kq = *n.kq;
    for (Knote* other = kq.notes; other; other = other->next)
        if (other != &n && other->kev.ident == n.kev.ident && of_socket(*other)) return;
    if (kq.other >= 0) host(lnx::SYS_epoll_ctl, kq.other, epoll_del, fd_of(n), 0);
}

}  // namespace trapeze
