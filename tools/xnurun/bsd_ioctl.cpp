// SPDX-License-Identifier: BSD-3-Clause
// ioctl: of any descriptor, of files (bsd/vfs/vfs_vnops.c vn_ioctl), of terminals and pseudo-terminals (bsd/kern/tty.c,
// tty_ptmx.c). A request names its direction and size itself, and XNU copies that much in or out whatever it means: a bad pointer
// is EFAULT before the request is looked at. A terminal's settings are the host's, translated both ways (termios.cpp); a
// pseudo-terminal's slave, /dev/ttysNNN there, is the host's /dev/pts/N. What is not known is ENOTTY.
#include "sys/mem.h"
#include "tools/xnurun/descriptors.h"
#include "tools/xnurun/handlers.h"
#include "tools/xnurun/interfaces.h"
#include "tools/xnurun/path.h"
#include "tools/xnurun/termios.h"

namespace trapeze {
namespace {

enum : u32 {  // bsd/sys/ttycom.h, filio.h
    FIOCLEX = 0x20006601, FIONCLEX = 0x20006602, FIONREAD = 0x4004667f, FIONBIO = 0x8004667e, FIOASYNC = 0x8004667d, FIOSETOWN = 0x8004667c,
    FIOGETOWN = 0x4004667b, FIODTYPE = 0x4004667a,
    TIOCGETA = 0x40487413, TIOCSETA = 0x80487414, TIOCSETAW = 0x80487415, TIOCSETAF = 0x80487416, TIOCGETD = 0x4004741a,
    TIOCSETD = 0x8004741b, TIOCSBRK = 0x2000747b, TIOCCBRK = 0x2000747a, TIOCGPGRP = 0x40047477, TIOCSPGRP = 0x80047476,
    TIOCOUTQ = 0x40047473, TIOCSTI = 0x80017472, TIOCNOTTY = 0x20007471, TIOCPKT = 0x80047470, TIOCSTOP = 0x2000746f,
    TIOCSTART = 0x2000746e, TIOCGWINSZ = 0x40087468, TIOCSWINSZ = 0x80087467, TIOCGSID = 0x40047463, TIOCSCTTY = 0x20007461,
    TIOCDRAIN = 0x2000745e, TIOCEXCL = 0x2000740d, TIOCNXCL = 0x2000740e, TIOCFLUSH = 0x80047410, TIOCPTYGRANT = 0x20007454,
    TIOCMSET = 0x8004746d, TIOCMBIS = 0x8004746c, TIOCMBIC = 0x8004746b, TIOCMGET = 0x4004746a, TIOCSDTR = 0x20007479, TIOCCDTR = 0x20007478,
    TIOCPTYUNLK = 0x20007452, TIOCPTYGNAME = 0x40807453,
};
enum : u32 {  // include/uapi/asm-generic/ioctls.h
    host_tcsbrk = 0x5409, host_tcxonc = 0x540a, host_tcflsh = 0x540b, host_excl = 0x540c, host_nxcl = 0x540d, host_sctty = 0x540e,
    host_gpgrp = 0x540f, host_spgrp = 0x5410, host_outq = 0x5411, host_sti = 0x5412, host_gwinsz = 0x5413, host_swinsz = 0x5414,
    host_fionread = 0x541b, host_pkt = 0x5420, host_fionbio = 0x5421, host_notty = 0x5422, host_sbrk = 0x5427, host_cbrk = 0x5428,
    host_gsid = 0x5429, host_ptmx_number = 0x80045430, host_ptmx_lock = 0x40045431, host_fionclex = 0x5450, host_fioclex = 0x5451,
    host_fioasync = 0x5452, host_mget = 0x5415, host_mbis = 0x5416, host_mbic = 0x5417, host_mset = 0x5418,
};
constexpr u32 ioc_in = 0x80000000, ioc_out = 0x40000000;

// An inappropriate request is EINVAL or EOPNOTSUPP to some of the host's files.
Answer done(i64 r) {
    if (r == -lnx::EINVAL || r == -lnx::EOPNOTSUPP || r == -lnx::ENOTTY) return fail(xnu::ENOTTY);
    return from_host(r);
}

template <class T>
Answer give(const T& v, u64 to) {
    return copyout(v, to) ? ok() : fail(xnu::EFAULT);
}

struct Call {
    i32 fd;
    u32 request;
    u64 data;
    u8 bytes[128];  // what came in
    i32 number() const {
        i32 n;
        memcpy(&n, bytes, 4);
        return n;
    }
};

// Of what /dev/null and its like are, XNU says that it is a disk (bsd/dev/i386/conf.c).
bool is_memory(u64 device) { return device == 0x101 || device == 0x102 || device == 0x103 || device == 0x105; }

Answer of_any_file(const Call& c, u32 kind, u64 device, bool& mine) {
    const bool plain = kind == lnx::S_IFREG || kind == lnx::S_IFDIR;
    const i32 on = c.number() != 0;
    mine = true;
    switch (c.request) {
    case FIOCLEX: return from_host(host(lnx::SYS_ioctl, c.fd, host_fioclex, 0));
    case FIONCLEX: return from_host(host(lnx::SYS_ioctl, c.fd, host_fionclex, 0));
    case FIONBIO: return from_host(host(lnx::SYS_ioctl, c.fd, host_fionbio, &on));
    case FIOASYNC: {
        const i64 r = host(lnx::SYS_ioctl, c.fd, host_fioasync, &on);
        return plain && r == -lnx::ENOTTY ? ok() : done(r);
    }
    case FIONREAD: {
        i32 n = 0;
        const i64 r = host(lnx::SYS_ioctl, c.fd, host_fionread, &n);
        if (plain && (host_failed(r) || n < 0)) n = 0;  // a directory; beyond the end
        return plain || !host_failed(r) ? give(n, c.data) : done(r);
    }
    case FIOGETOWN: {
        const i64 r = host(lnx::SYS_fcntl, c.fd, 9);
        return plain ? fail(xnu::ENOTTY) : host_failed(r) ? done(r) : give(static_cast<i32>(r), c.data);
    }
    case FIOSETOWN: return plain ? fail(xnu::ENOTTY) : done(host(lnx::SYS_fcntl, c.fd, 8, c.number()));
    case FIODTYPE: {  // D_TTY 3, D_DISK 2; all else of characters is 0
        if (kind != lnx::S_IFCHR && kind != lnx::S_IFBLK) return fail(xnu::ENOTTY);
        i32 tty;
        const bool is_tty = !host_failed(host(lnx::SYS_ioctl, c.fd, host_gpgrp, &tty)) || is_terminal(c.fd);
        return give(i32{kind == lnx::S_IFBLK || is_memory(device) ? 2 : is_tty ? 3 : 0}, c.data);
    }
    default: mine = false; return ok();
    }
}

Answer pseudo_terminal(const Call& c) {
    i32 number = -1;
    const i64 r = host(lnx::SYS_ioctl, c.fd, host_ptmx_number, &number);
    if (host_failed(r)) return fail(xnu::ENOTTY);
    if (c.request == TIOCPTYGRANT) return ok();  // the host's slaves belong to who opened the master
    const i32 unlocked = 0;
    if (c.request == TIOCPTYUNLK) return done(host(lnx::SYS_ioctl, c.fd, host_ptmx_lock, &unlocked));
    char name[128] = {};
    slave_to_guest(static_cast<u32>(number), name);
    return copyout(name, c.data, sizeof name) ? ok() : fail(xnu::EFAULT);
}

Answer number_from(i32 fd, u32 request, u64 to) {
    i32 n = 0;
    const i64 r = host(lnx::SYS_ioctl, fd, request, &n);
    return host_failed(r) ? done(r) : give(n, to);
}

Answer of_terminal(const Call& c) {
    const i32 fd = c.fd, number = c.number();
    switch (c.request) {
    case TIOCPTYGRANT: case TIOCPTYUNLK: case TIOCPTYGNAME: return pseudo_terminal(c);
    case TIOCGETA: {
        GuestTermios t;
        const i64 r = termios_get(fd, t);
        return host_failed(r) ? done(r) : give(t, c.data);
    }
    case TIOCSETA: case TIOCSETAW: case TIOCSETAF: {
        GuestTermios t;
        memcpy(&t, c.bytes, sizeof t);
        return done(termios_set(fd, t, c.request - TIOCSETA));
    }
    case TIOCGWINSZ: {
        xnu::winsize w{};
        const i64 r = host(lnx::SYS_ioctl, fd, host_gwinsz, &w);
        return host_failed(r) ? done(r) : give(w, c.data);
    }
    case TIOCSWINSZ: return done(host(lnx::SYS_ioctl, fd, host_swinsz, c.bytes));
    case TIOCGPGRP: return number_from(fd, host_gpgrp, c.data);
    case TIOCGSID: return number_from(fd, host_gsid, c.data);
    case TIOCOUTQ: return number_from(fd, host_outq, c.data);
    case TIOCSPGRP: {
        if (number < 0) return fail(xnu::EINVAL);
        const i64 r = host(lnx::SYS_ioctl, fd, host_spgrp, &number);
        return r == -lnx::ESRCH ? fail(xnu::EINVAL) : r == -lnx::EINVAL ? fail(xnu::EINVAL) : from_host(r);
    }
    case TIOCSCTTY: {
        const i64 r = host(lnx::SYS_ioctl, fd, host_sctty, 0);
        return from_host(r);
    }
    case TIOCNOTTY: return done(host(lnx::SYS_ioctl, fd, host_notty, 0));
    case TIOCSTI: return from_host(host(lnx::SYS_ioctl, fd, host_sti, c.bytes));
    case TIOCPKT: return done(host(lnx::SYS_ioctl, fd, host_pkt, &number));
    case TIOCSTOP: return done(host(lnx::SYS_ioctl, fd, host_tcxonc, 0));
    case TIOCSTART: return done(host(lnx::SYS_ioctl, fd, host_tcxonc, 1));
    case TIOCDRAIN: {
        const i64 r = host_blocking(lnx::SYS_ioctl, fd, host_tcsbrk, 1);
        return r == -lnx::EINTR ? from_host_restartable(r) : done(r);
    }
    case TIOCFLUSH: {  // FREAD 1, FWRITE 2; 0 is both
        const i32 which = number & 3;
        return done(host(lnx::SYS_ioctl, fd, host_tcflsh, which == 1 ? 0 : which == 2 ? 1 : 2));
    }
    // The lines' bits are the same on both kernels; a pseudo-terminal has none, ENOTTY.
    case TIOCMGET: return number_from(fd, host_mget, c.data);
    case TIOCMSET: return done(host(lnx::SYS_ioctl, fd, host_mset, &number));
    case TIOCMBIS: return done(host(lnx::SYS_ioctl, fd, host_mbis, &number));
    case TIOCMBIC: return done(host(lnx::SYS_ioctl, fd, host_mbic, &number));
    case TIOCSDTR: case TIOCCDTR: {
        constexpr i32 dtr = 2;
        return done(host(lnx::SYS_ioctl, fd, c.request == TIOCSDTR ? host_mbis : host_mbic, &dtr));
    }
    case TIOCSBRK: return done(host(lnx::SYS_ioctl, fd, host_sbrk, 0));
    case TIOCCBRK: return done(host(lnx::SYS_ioctl, fd, host_cbrk, 0));
    case TIOCEXCL: return done(host(lnx::SYS_ioctl, fd, host_excl, 0));
    case TIOCNXCL: return done(host(lnx::SYS_ioctl, fd, host_nxcl, 0));
    case TIOCGETD: return is_terminal(fd) ? give(i32{0}, c.data) : fail(xnu::ENOTTY);  // TTYDISC is the only one
    case TIOCSETD: return !is_terminal(fd) ? fail(xnu::ENOTTY) : number ? fail(xnu::ENXIO) : ok();
    default: return fail(xnu::ENOTTY);
    }
}

}  // namespace

Answer bsd_ioctl(Trap& trap) {
    Call c{trap.i(0), trap.u(1), trap.w(2), {}};
    const u32 size = c.request >> 16 & 0x1fff;
    if (size > 4096) return fail(xnu::ENOTTY);
    const u32 here = size < sizeof c.bytes ? size : static_cast<u32>(sizeof c.bytes);
    if (c.request & ioc_in && !copyin(c.bytes, c.data, here)) return fail(xnu::EFAULT);
    if (hidden(c.fd)) return fail(xnu::EBADF);
    lnx::stat s{};
    const i64 found = host(lnx::SYS_fstat, c.fd, &s);
    if (host_failed(found)) return fail(xnu::EBADF);
    const u32 kind = s.st_mode & lnx::S_IFMT;
    Answer interface{};
    if (kind == lnx::S_IFSOCK && interface_ioctl(trap, interface)) return interface;
    bool mine = false;
    const Answer a = of_any_file(c, kind, s.st_rdev, mine);
    if (mine) return a;
    if (kind == lnx::S_IFCHR) return of_terminal(c);
    return fail(kind == lnx::S_IFSOCK && c.request & ioc_out ? xnu::EOPNOTSUPP : xnu::ENOTTY);
}

}  // namespace trapeze
