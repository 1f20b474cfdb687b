// SPDX-License-Identifier: BSD-3-Clause
// select, poll, ioctl. select never restarts and never writes its timeout back; only the low 32 bits of tv_usec count.
#include "sys/darwin/errno.h"
#include "sys/darwin/types.h"
#include "sys/mem.h"
#include "tools/xnurun/handlers.h"

namespace trapeze {
namespace {

constexpr u32 set_bytes = 128;  // FD_SETSIZE 1024: the same bits in the same bytes on both kernels

struct Poll {
    i32 fd;
    i16 events, revents;
};

// WRNORM is POLLOUT itself there, WRBAND 0x100; Linux 0x100 and 0x200.
i16 poll_to_linux(i16 events) { return static_cast<i16>((events & 0xff) | (events & 0x100 ? 0x200 : 0)); }
i16 poll_to_darwin(i16 events) {
    return static_cast<i16>((events & 0xff) | (events & 0x100 ? 4 : 0) | (events & 0x200 ? 0x100 : 0));
}

}  // namespace

Answer bsd_select(Trap& trap) {
    const i32 n = trap.i(0);
    if (n < 0) return fail(xnu::EINVAL);
    if (n > 1024) give_up("select of more than 1024 descriptors is not emulated");
    lnx::timespec until{};
    lnx::timespec* limit = nullptr;
    if (trap.w(4)) {
        xnu::timeval t;
        if (!copyin(t, trap.w(4))) return fail(xnu::EFAULT);
        if (t.tv_sec < 0 || t.tv_usec < 0 || t.tv_usec >= 1000000) return fail(xnu::EINVAL);
        until = {t.tv_sec, t.tv_usec * 1000};
        limit = &until;
    }
    u8 sets[3][set_bytes];
    u8* used[3] = {};
    const u32 bytes = (static_cast<u32>(n) + 31) / 32 * 4;
    for (int s = 0; s < 3; s++) {
        if (!trap.w(1 + s)) continue;
        memset(sets[s], 0, set_bytes);
        if (!copyin(sets[s], trap.w(1 + s), bytes)) return fail(xnu::EFAULT);
        used[s] = sets[s];
    }
    const i64 r = host_blocking(lnx::SYS_pselect6, n, used[0], used[1], used[2], limit, 0);
    if (host_failed(r)) return from_host(r);
    for (int s = 0; s < 3; s++)
        if (used[s] && !copyout(sets[s], trap.w(1 + s), bytes)) return fail(xnu::EFAULT);
    return ok(r);
}

Answer bsd_poll(Trap& trap) {
    constexpr u32 most = 1024;
    Poll fds[64];
    Poll* list = fds;
    const u32 n = trap.u(1);
    if (n > most) return fail(xnu::EINVAL);
    if (n > 64) list = static_cast<Poll*>(host_pages(most * sizeof(Poll)));
    Answer a = fail(xnu::EFAULT);
    if (copyin(list, trap.w(0), n * sizeof(Poll))) {
        for (u32 i = 0; i < n; i++) list[i].events = poll_to_linux(list[i].events);
        a = from_host(host_blocking(lnx::SYS_poll, list, n, trap.i(2)));
        for (u32 i = 0; i < n; i++) {
            const i16 revents = poll_to_darwin(list[i].revents);
            if (a.kind == Answer::value && !copyout(revents, trap.w(0) + i * sizeof(Poll) + 6)) a = fail(xnu::EFAULT);
        }
    }
    if (list != fds) host(lnx::SYS_munmap, list, most * sizeof(Poll));
    return a;
}

// The request says the direction and size of its data: what is not known is ENOTTY for what is no terminal, and ends the
// run by number for a terminal.
Answer bsd_ioctl(Trap& trap) {
    enum : u32 {
        tiocgwinsz = 0x40087468, tiocgeta = 0x40487413, fionread = 0x4004667f, fionbio = 0x8004667e, fioclex = 0x20006601,
        fionclex = 0x20006602, tiocgpgrp = 0x40047477,
        linux_tiocgwinsz = 0x5413, linux_tcgets = 0x5401, linux_fionread = 0x541b, linux_fionbio = 0x5421,
        linux_fioclex = 0x5451, linux_fionclex = 0x5450, linux_tiocgpgrp = 0x540f,
    };
    const i32 fd = trap.i(0);
    switch (trap.u(1)) {
    case tiocgwinsz: return from_host(host(lnx::SYS_ioctl, fd, linux_tiocgwinsz, trap.w(2)));
    case fionread: return from_host(host(lnx::SYS_ioctl, fd, linux_fionread, trap.w(2)));
    case fionbio: return from_host(host(lnx::SYS_ioctl, fd, linux_fionbio, trap.w(2)));
    case fioclex: return from_host(host(lnx::SYS_ioctl, fd, linux_fioclex, 0));
    case fionclex: return from_host(host(lnx::SYS_ioctl, fd, linux_fionclex, 0));
    case tiocgpgrp: return from_host(host(lnx::SYS_ioctl, fd, linux_tiocgpgrp, trap.w(2)));
    default: break;
    }
    u32 termios[32];
    const i64 r = host(lnx::SYS_ioctl, fd, linux_tcgets, termios);
    if (host_failed(r)) return r == -lnx::EBADF ? fail(xnu::EBADF) : fail(xnu::ENOTTY);
    if (trap.u(1) != tiocgeta) give_up("ioctl ", hex(trap.u(1)), " on a terminal is not emulated");
    // Linux's flags in Darwin's places, as far as programs ask: ICANON, ECHO, ISIG; the rest as a terminal is by default.
    struct {
        u64 iflag, oflag, cflag, lflag;
        u8 cc[20], pad[4];
        u64 ispeed, ospeed;
    } t{};
    static_assert(sizeof t == 72);
    const u32 local = termios[3];
    t.iflag = 0x2b02;
    t.oflag = 3;
    t.cflag = 0x4b00;
    t.lflag = 0x443 | (local & 2 ? 0x100u : 0) | (local & 8 ? 8u : 0) | (local & 1 ? 0x80u : 0);
    t.ispeed = t.ospeed = 9600;
    return copyout(t, trap.w(2)) ? ok() : fail(xnu::EFAULT);
}

}  // namespace trapeze
