// SPDX-License-Identifier: BSD-3-Clause
// ioctl: of any descriptor, of files, of a pseudo-terminal by Darwin's numbers and layouts (bsd/sys/ttycom.h, termios.h).
#include "sys/darwin/fs.h"
#include "tests/sys/fs_tools.h"

namespace {

constexpr u32 fioclex = 0x20006601, fionclex = 0x20006602, fionread = 0x4004667f, fionbio = 0x8004667e, fioasync = 0x8004667d, fiogetown = 0x4004667b,
              tiocgeta = 0x40487413, tiocseta = 0x80487414, tiocsetaf = 0x80487416, tiocgetd = 0x4004741a, tiocsetd = 0x8004741b,
              tiocgpgrp = 0x40047477, tiocspgrp = 0x80047476, tiocoutq = 0x40047473, tiocgwinsz = 0x40087468, tiocswinsz = 0x80087467,
              tiocgsid = 0x40047463, tiocsctty = 0x20007461, tiocdrain = 0x2000745e, tiocflush = 0x80047410, tiocexcl = 0x2000740d,
              tiocnxcl = 0x2000740e, tiocstop = 0x2000746f, tiocstart = 0x2000746e, tiocptygrant = 0x20007454, tiocptyunlk = 0x20007452,
              tiocptygname = 0x40807453;
struct Settings {
    u64 iflag, oflag, cflag, lflag;
    u8 cc[20];
    u32 pad;
    u64 ispeed, ospeed;
};
constexpr u64 icrnl = 0x100, opost = 1, onlcr = 2, echo = 8, icanon = 0x100, isig = 0x80, iexten = 0x400, cs8 = 0x300, cread = 0x800;
enum { veof = 0, verase = 3, vintr = 8, vquit = 9, vmin = 16, vtime = 17 };

Result control(i32 fd, u32 request, void* data = nullptr) { return sys_ioctl(fd, request, data); }

void files() {
    make_file("file", "12345");
    const i32 fd = fd_of(open("file", O_RDWR));
    i32 n = -1;
    ok(control(fd, fionread, &n).ok() && n == 5, "FIONREAD of a file: what is left of it");
    (void)lseek(fd, 3, SEEK_SET);
    ok(control(fd, fionread, &n).ok() && n == 2, "from here");
    (void)lseek(fd, 9, SEEK_SET);
    ok(control(fd, fionread, &n).ok() && n == 0, "and never less than nothing");
    ok(control(fd, fioclex).ok() && sys_fcntl(fd, xnu::F_GETFD, 0).raw == 1 && control(fd, fionclex).ok() && sys_fcntl(fd, xnu::F_GETFD, 0).raw == 0,
       "FIOCLEX, FIONCLEX");
    i32 on = 1;
    ok(control(fd, fionbio, &on).ok() && (sys_fcntl(fd, xnu::F_GETFL, 0).raw & xnu::O_NONBLOCK), "FIONBIO");
    ok(control(fd, fioasync, &(on = 0)), "FIOASYNC of a file does nothing");
    fails(control(fd, fiogetown, &n), xnu::ENOTTY, "a file has no owner of that kind");
    Settings s{};
    fails(control(fd, tiocgeta, &s), xnu::ENOTTY, "nor settings");
    fails(control(fd, 0x40047a7a, &n), xnu::ENOTTY, "an unknown request");
    fails(control(fd, 0x80047a7a, bad_pointer()), xnu::EFAULT, "is EFAULT before it is unknown");
    fails(control(fd, fionread, bad_pointer()), xnu::EFAULT, "to nowhere");
    fails(control(-1, fionread, &n), xnu::EBADF, "of nothing");
    (void)close(fd);
    i32 p[2] = {-1, -1};
    (void)pipe(p);
    (void)write(p[1], "abc", 3);
    ok(control(p[0], fionread, &n).ok() && n == 3, "FIONREAD of a pipe");
    fails(control(p[0], tiocgwinsz, &s), xnu::ENOTTY, "a pipe is no terminal");
    ok(control(p[0], fionbio, &(on = 1)), "FIONBIO of a pipe");
    char c[8];
    ok(read(p[0], c, 8).raw == 3 && read(p[0], c, 8).err() == xnu::EAGAIN, "it does not wait then");
    (void)close(p[0]), (void)close(p[1]);
    const i32 nul = fd_of(open("/dev/null", O_RDWR));
    fails(control(nul, tiocgeta, &s), xnu::ENOTTY, "/dev/null is no terminal");
    (void)close(nul);
}

bool equal(const Settings& a, const Settings& b) {
    return a.iflag == b.iflag && a.oflag == b.oflag && a.cflag == b.cflag && a.lflag == b.lflag && memcmp(a.cc, b.cc, 20) == 0 && a.ispeed == b.ispeed;
}

void settings(i32 fd) {
    Settings s{}, t{};
    ok(control(fd, tiocgeta, &s), "TIOCGETA");
    ok((s.iflag & icrnl) && (s.oflag & 3) == (opost | onlcr) && (s.lflag & (echo | icanon | isig | iexten)) == (echo | icanon | isig | iexten) &&
           (s.cflag & (cs8 | cread)) == (cs8 | cread), "as a new terminal is");
    ok(s.cc[vintr] == 3 && s.cc[vquit] == 28 && s.cc[veof] == 4 && s.cc[verase] == 127 && s.cc[vmin] == 1 && s.cc[vtime] == 0 && s.cc[11] == 0xff,
       "its characters in Darwin's places, those that are off 0xff");
    ok(s.ispeed == 38400 || s.ispeed == 9600, "a speed is a number");
    t = s;
    t.lflag &= ~(echo | icanon | isig | iexten);
    t.iflag &= ~icrnl;
    t.oflag &= ~opost;
    t.cc[vmin] = 0, t.cc[vtime] = 255, t.cc[vintr] = 0xff, t.cc[vquit] = 7;
    Settings got{};
    ok(control(fd, tiocsetaf, &t).ok() && control(fd, tiocgeta, &got).ok() && equal(t, got), "TIOCSETAF: raw, and it reads back");
    t.ispeed = t.ospeed = 19200;
    ok(control(fd, tiocseta, &t).ok() && control(fd, tiocgeta, &got).ok() && got.ispeed == 19200 && got.ospeed == 19200, "TIOCSETA with a speed");
    ok(control(fd, tiocseta, &s).ok() && control(fd, tiocgeta, &got).ok() && equal(s, got), "and back");
    fails(control(fd, tiocgeta, bad_pointer()), xnu::EFAULT, "to nowhere");
    fails(control(fd, tiocseta, bad_pointer()), xnu::EFAULT, "from nowhere");
}

void terminal() {
    const i32 master = fd_of(open("/dev/ptmx", O_RDWR | O_NOCTTY));
    if (master < 0) {
        skip("no /dev/ptmx", "pseudo-terminals");
        return;
    }
    char name[128] = {};
    ok(control(master, tiocptygrant).ok() && control(master, tiocptyunlk).ok(), "TIOCPTYGRANT, TIOCPTYUNLK");
    ok(control(master, tiocptygname, name).ok() && memcmp(name, "/dev/ttys", 9) == 0 && str_len(name) >= 12, "TIOCPTYGNAME: /dev/ttysNNN");
    const i32 slave = fd_of(open(name, O_RDWR | O_NOCTTY));
    ok(slave >= 0, "which opens");
    char path[xnu::MAXPATHLEN];
    ok(sys_fcntl(slave, xnu::F_GETPATH, reinterpret_cast<u64>(path)).ok() && str_eq(path, name), "and is called so");
    settings(slave);
    xnu::winsize w{24, 80, 0, 0}, v{};
    ok(control(master, tiocswinsz, &w).ok() && control(slave, tiocgwinsz, &v).ok() && v.ws_row == 24 && v.ws_col == 80, "TIOCSWINSZ, TIOCGWINSZ");
    i32 n = -1;
    ok(control(slave, tiocgetd, &n).ok() && n == 0, "TIOCGETD");
    fails(control(slave, tiocsetd, &(n = 9)), xnu::ENXIO, "there is no other discipline");
    ok(control(slave, tiocoutq, &n).ok() && n == 0 && control(slave, tiocdrain).ok(), "TIOCOUTQ, TIOCDRAIN");
    const Result wrote = write(master, "hello\n", 6);
    struct {
        i32 fd;
        i16 events, revents;
    } line{slave, 1, 0};
    (void)syscall(xnu::SYS_poll, &line, 1, 10'000);  // it takes a moment to come through
    ok(wrote.raw == 6 && control(slave, fionread, &n).ok() && n == 6, "FIONREAD of a line");
    ok(control(slave, tiocflush, &(n = 1)).ok() && control(slave, fionread, &n).ok() && n == 0, "TIOCFLUSH drops it");
    ok(control(slave, tiocexcl).ok() && control(slave, tiocnxcl).ok() && control(slave, tiocstop).ok() && control(slave, tiocstart).ok(), "TIOCEXCL and its like");
    fails(control(slave, 0x4004747e, &n), xnu::ENOTTY, "an unknown request of a terminal");
    fails(control(slave, tiocptygname, name), xnu::ENOTTY, "the slave has no name to give");
    fails(control(slave, tiocgsid, &n), xnu::ENOTTY, "it is nobody's terminal");
    const i32 r = in_child([&] {
        if (sys_setsid().failed()) return 1;
        if (control(slave, tiocsctty).failed()) return 2;
        i32 me = static_cast<i32>(sys_getpid().raw);
        i32 group = 0, session = 0;
        if (control(slave, tiocgpgrp, &group).failed() || group != me) return 3;
        if (control(slave, tiocgsid, &session).failed() || session != me) return 4;
        if (control(slave, tiocspgrp, &me).failed()) return 5;
        if (sys_fcntl(slave, xnu::F_GETOWN, 0).raw != -me) return 6;
        i32 bad = -5;
        if (control(slave, tiocspgrp, &bad).err() != xnu::EINVAL) return 7;
        if (open("/dev/tty", O_RDWR).failed()) return 8;
        return 0;
    });
    ok(r == 0, "TIOCSCTTY makes it the session's, with TIOCGPGRP, TIOCSPGRP, TIOCGSID, F_GETOWN");
    if (r) print("# ", r, "\n");
    (void)close(slave), (void)close(master);
}

}  // namespace

int main() {
    print("TAP version 13\n");
    Workplace here;
    files();
    terminal();
    return done();
}
