// SPDX-License-Identifier: BSD-3-Clause
// Refusals that a test run by the superuser, or of the usual arguments, never meets: of who is nobody in particular, of flags and families
// that are none (xnu-3248.60.10 bsd/kern/kern_descrip.c, kern_resource.c, kern_sig.c, uipc_socket.c, uipc_usrreq.c, bsd/vfs/vfs_syscalls.c).
#include "sys/darwin/event.h"
#include "sys/darwin/file_calls.h"
#include "sys/darwin/process.h"
#include "sys/net.h"
#include "sys/signals.h"
#include "tests/sys/fs_tools.h"

namespace {

constexpr i32 here = xnu::AT_FDCWD;

// f as somebody who is not the superuser: 0, or which of its checks did not hold.
template <class F>
void as_somebody(F f, const char* what) {
    const i32 r = in_child([&] {
        if (root() && (syscall(80, 0, 0).failed() || syscall(181, 23456).failed() || syscall(23, 12345).failed())) return 100;
        return static_cast<i32>(f());
    });
    if (r) print("# ", r, "\n");
    ok(r == 0, what);
}

void somebody() {
    make_file("open to all", "x");
    (void)chmod("open to all", 0666);
    const i32 fd = fd_of(open("open to all", O_RDWR));
    as_somebody([&] {
        i64 size = 3;
        if (sys_fcntl(fd, xnu::F_SETSIZE, reinterpret_cast<u64>(&size)).err() != xnu::EACCES) return 1;
        if (sys_fcntl(fd, 53, 0).err() != xnu::EACCES || sys_fcntl(fd, 54, 0).err() != xnu::EACCES) return 2;
        if (sys_setlogin("somebody").err() != xnu::EPERM) return 3;
        return sys_chroot("/").err() == xnu::EPERM ? 0 : 4;
    }, "F_SETSIZE, F_FREEZE_FS, F_THAW_FS: EACCES; setlogin, chroot: EPERM");
    as_somebody([] {
        const i32 s = fd_of(socket(AF_INET, SOCK_STREAM)), six = fd_of(socket(AF_INET6, SOCK_DGRAM));
        i32 v = 0;
        if (syscall(105, s, 0xffff, 0x1100, &v, 4).err() != xnu::EPERM) return 1;
        v = 1;
        if (syscall(105, s, 0xffff, 0x1026, &v, 4).err() != xnu::EPERM || syscall(105, s, 0xffff, 0x1090, &v, 4).err() != xnu::EPERM) return 2;
        for (const i32 name : {22, 23})
            if (six >= 0 && syscall(105, six, 41, name, &v, 4).err() != xnu::EPERM) return 3;
        return 0;
    }, "SO_DEFUNCTOK, SO_NOTIFYCONFLICT, SO_PRIVILEGED_TRAFFIC_CLASS, IPV6_2292HOPOPTS: EPERM");
    if (root()) {
        make_file("root's", "x");
        (void)chmod("root's", 0600), (void)chmod(".", 0755);
        ok(in_child([] {
               if (syscall(183, 12345).failed()) return 1;  // seteuid
               if (syscall(33, "root's", 4).failed() || syscall(466, here, "root's", 4, 0).failed()) return 2;
               return syscall(466, here, "root's", 4, 0x10).err() == xnu::EACCES ? 0 : 3;
           }) == 0, "access asks for the real user, AT_EACCESS for the effective one");
    } else {
        skip("for the superuser", "access asks for the real user, AT_EACCESS for the effective one");
    }
    fails(sys_fcntl(fd, 53, 0), root() ? xnu::ENOTSUP : xnu::EACCES, "F_FREEZE_FS");
    fails(sys_fcntl(fd, 52, reinterpret_cast<u64>("relative")), xnu::EINVAL, "F_PATHPKG_CHECK of a relative path: EINVAL");
    fails(syscall(517, fd, here, "clone", 0x100), xnu::EINVAL, "fclonefileat with an unknown flag: EINVAL");
    fails(syscall(462, here, "open to all", here, "clone", 0x100), xnu::EINVAL, "clonefileat too");
    (void)close(fd);
}

void limits() {
    xnu::rlimit l{1 << 20, u64{1} << 40};
    fails(sys_setrlimit(3 | 0x1000, &l), root() ? xnu::EINVAL : xnu::EINVAL, "RLIMIT_STACK beyond 64 MiB, by the rules of POSIX: EINVAL");
    i32 disciplines = 0;
    const i32 null = fd_of(open("/dev/null", O_RDWR));
    fails(sys_ioctl(null, 0x4004741a, &disciplines), xnu::ENOTTY, "TIOCGETD of no terminal: ENOTTY");
    fails(sys_ioctl(null, 0x8004741b, &disciplines), xnu::ENOTTY, "TIOCSETD");
    i32 name[6] = {4, 17, 0, 0, 3, 0};
    fails(sys_sysctl(name, 6, nullptr, reinterpret_cast<usize*>(bad_pointer()), nullptr, 0), xnu::EFAULT, "NET_RT_IFLIST with its size nowhere: EFAULT");
    xnu::kevent change{};
    const i32 folder = fd_of(open(".", O_RDONLY)), kq = fd_of(syscall(xnu::SYS_kqueue));
    change = {static_cast<u64>(folder), -2, 1, 0, 0, 0};  // EVFILT_WRITE, EV_ADD
    const i64 now[2] = {};
    fails(syscall(363, kq, &change, 1, 0, 0, now), xnu::EINVAL, "EVFILT_WRITE of a directory: EINVAL");
    for (const i32 n : {null, folder, kq}) (void)close(n);
}

void families() {
    const u8 internet[16] = {16, 2, 0x30, 0x39, 127, 0, 0, 1};
    const i32 local = fd_of(socket(AF_UNIX, SOCK_STREAM)), stream = fd_of(socket(AF_INET, SOCK_STREAM)), server = fd_of(socket(AF_INET, SOCK_STREAM));
    fails(syscall(104, local, internet, 16), xnu::EAFNOSUPPORT, "bind of AF_UNIX to an address of AF_INET: EAFNOSUPPORT");
    fails(syscall(98, local, internet, 16), xnu::EAFNOSUPPORT, "connect too");
    u8 at[16] = {16, 2, 0, 0, 127, 0, 0, 1};
    u32 size = 16;
    bool stands = syscall(104, server, at, 16).ok() && syscall(106, server, 4).ok() && syscall(32, server, at, &size).ok();
    stands = stands && syscall(98, stream, at, 16).ok();
    const u8 nowhere[16] = {16, 2, 0, 0, 127, 0, 0, 1};
    ok(stands && syscall(98, stream, nowhere, 16).err() == xnu::EISCONN, "connect of a stream that has a peer to port 0: EISCONN");
    for (const i32 n : {local, stream, server}) (void)close(n);
}

volatile i32 told;

// Each with a child of its own: that one goes on may be told of late, and would hide that it stops again.
void stops() {
    for (const i32 nocldstop : {8, 0}) {
        told = 0;
        (void)signal_handle(kernel::SIGCHLD, [](i32, SignalInfo*, SignalContext*) { told = told + 1; }, SA_ONSTACK | nocldstop);
        const i32 child = start_child([]() -> i32 {
            for (;;) (void)sys_sigsuspend(0);
        });
        i32 status = 0;
        const auto waited = [&](i32 options) {  // the signal may come in between
            Result r;
            while ((r = syscall(7, child, &status, options, 0)).err() == xnu::EINTR) {}
            return r.raw == child;
        };
        const bool stopped = kill(child, xnu::SIGSTOP).ok() && waited(xnu::WUNTRACED) && (status & 0xff) == 0x7f;
        if (nocldstop) {
            ok(stopped && told == 0, "SA_NOCLDSTOP: a child that stops sends no SIGCHLD");
        } else {
            while (!told) (void)sys_getpid();  // it may come a moment after the wait
            ok(stopped && told == 1, "without it it does");
        }
        (void)kill(child, xnu::SIGKILL);
        (void)waited(0);
    }
}

}  // namespace

int main() {
    print("TAP version 13\n");
    Workplace workplace;
    somebody(), limits(), families(), stops();
    return done();
}
