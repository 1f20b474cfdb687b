// SPDX-License-Identifier: BSD-3-Clause
// Bad pointers to calls of sockets, waits, processes, queues, and of parts of calls with many forms (pointers.h). Expectations: the copyin and
// copyout of xnu-11417.121.6 bsd/kern.
#include "sys/darwin/net.h"
#include "tests/sys/pointers.h"

namespace {

void sockets() {
    i32 ends[2] = {-1, -1};
    row("socketpair", 135, "...o", 0, {1, 1, 0, word(ends)});
    const Result datagram = socket(AF_INET, SOCK_DGRAM), stream = socket(AF_INET, SOCK_STREAM), listening = socket(AF_INET, SOCK_STREAM);
    const u64 end = word(ends[0]), u = word(fd_of(datagram)), l = word(fd_of(listening)), s = word(fd_of(stream));
    u8 name[16] = {16, 2, 0, 0, 127, 0, 0, 1};
    u32 size = 16;
    ok(syscall(104, u, name, 16).ok() && syscall(32, u, name, &size).ok() && syscall(133, u, "datagram", 8, 0, name, 16).raw == 8, "a datagram to oneself");
    ok(syscall(106, l, 1), "and one that listens");
    const u64 n = word(&size);
    size = 16;
    row("getsockname", 32, ".oo", 0, {u, to, n});
    row("bind", 104, ".i", any, {s, word(name), 16});
    row("connect", 98, ".i", 0, {word(fd_of(socket(AF_INET, SOCK_DGRAM))), word(name), 16});
    row("connect_nocancel", 409, ".i", 0, {word(fd_of(socket(AF_INET, SOCK_DGRAM))), word(name), 16});
    row("getpeername", 31, ".oo", 0, {end, to, n});
    row("accept", 30, "..i", any, {l, to, n});
    row("accept_nocancel", 404, "..i", any, {l, to, n});
    const u64 peek = 2;
    size = 16;
    row("recvfrom", 29, ".o...o", 0, {u, to, 8, peek, with, n});
    row("recvfrom_nocancel", 403, ".o...o", 0, {u, to, 8, peek, with, n});
    row("sendto", 133, ".i..i", 0, {u, to, 8, 0, word(name), 16});
    row("sendto_nocancel", 413, ".i..i", 0, {u, to, 8, 0, word(name), 16});
    xnu::iovec v{room, 8}, nowhere{bad_pointer(), 8};
    xnu::msghdr m{nullptr, 0, &v, 1, nullptr, 0, 0};
    row("sendmsg", 28, ".i", 0, {end, word(&m), 0});
    row("sendmsg_nocancel", 402, ".i", 0, {end, word(&m), 0});
    row("recvmsg", 27, ".i", 0, {u, word(&m), peek});
    row("recvmsg_nocancel", 401, ".i", 0, {u, word(&m), peek});
    for (const u32 number : {28u, 402u}) {
        xnu::msghdr wrong = m;
        wrong.msg_iov = reinterpret_cast<xnu::iovec*>(bad_pointer());
        fails(syscall(number, end, &wrong, 0), xnu::EFAULT, "sendmsg: vectors from nowhere");
        wrong.msg_iov = &nowhere;
        fails(syscall(number, end, &wrong, 0), xnu::EFAULT, "data from nowhere");
        wrong = m, wrong.msg_control = bad_pointer(), wrong.msg_controllen = 16;
        fails(syscall(number, end, &wrong, 0), xnu::EFAULT, "control messages from nowhere");
        wrong = m, wrong.msg_name = bad_pointer(), wrong.msg_namelen = 16;
        fails(syscall(number, u, &wrong, 0), xnu::EFAULT, "a name from nowhere");
    }
    for (const u32 number : {27u, 401u}) {
        xnu::msghdr wrong = m;
        wrong.msg_iov = reinterpret_cast<xnu::iovec*>(bad_pointer());
        fails(syscall(number, u, &wrong, peek), xnu::EFAULT, "recvmsg: vectors from nowhere");
        wrong.msg_iov = &nowhere;
        fails(syscall(number, u, &wrong, peek), xnu::EFAULT, "data to nowhere");
        wrong = m, wrong.msg_name = bad_pointer(), wrong.msg_namelen = 16;
        ok(syscall(number, u, &wrong, peek).raw == 8, "a name to nowhere goes unnoticed, as recvfrom's");
    }
    size = 4;
    row("getsockopt", 118, "...oo", 0, {u, 0xffff, 0x1001, to, n});
    memset(room, 0, 4);
    row("setsockopt", 105, "...i", 0, {u, 0xffff, 4, to, 4});
    memset(other, 0, sizeof other);
    i64 bytes = 8;
    row("sendfile", 337, "...oi", 0, {word(file), end, 0, word(&bytes), with, 0});
    row("recvmsg_x", 480, ".i", any, {u, to, 1, peek});
    row("sendmsg_x", 481, ".i", any, {end, to, 1, 0});
    row("connectx", 447, ".i", any, {u, to, 0, 0, 0, 0, 0});
}

void waits() {
    const u64 nd = word(file + 1), zero = with;
    memset(other, 0, sizeof other);
    u32 in[32] = {}, out[32] = {}, bad[32] = {};
    in[file / 32] = out[file / 32] = 1u << file % 32;
    row("select", 93, ".oooi", 0, {nd, word(in), word(out), word(bad), zero});
    in[file / 32] = out[file / 32] = 1u << file % 32;
    row("select_nocancel", 407, ".oooi", 0, {nd, word(in), word(out), word(bad), zero});
    in[file / 32] = out[file / 32] = 1u << file % 32;
    row("pselect", 394, ".oooii", 0, {nd, word(in), word(out), word(bad), zero, with});
    row("pselect_nocancel", 395, ".oooii", 0, {nd, word(in), word(out), word(bad), zero, with});
    struct {
        i32 fd;
        i16 events, revents;
    } p{file, 1, 0};
    row("poll", 230, "o", 0, {word(&p), 1, 0});
    row("poll_nocancel", 417, "o", 0, {word(&p), 1, 0});
    const u64 kq = word(fd_of(syscall(362)));
    struct {
        u64 ident;
        i16 filter;
        u16 flags;
        u32 fflags;
        u64 rest[4];
    } change{static_cast<u64>(file), -1, 1, 0, {}};
    row("kevent", 363, ".i.o.i", 0, {kq, word(&change), 1, to, 1, zero});
    const u64 kq64 = word(fd_of(syscall(362)));
    row("kevent64", 369, ".i.o..i", 0, {kq64, word(&change), 1, to, 1, 0, zero});
    struct {
        u64 ident;
        i16 filter;
        u16 flags;
        u32 qos;
        u64 udata;
        u32 fflags, extra;
        u64 rest[5];
    } wide{static_cast<u64>(file), -1, 1, 0, 0, 0, 0, {}};
    const u64 kqq = word(fd_of(syscall(362)));
    row("kevent_qos", 374, ".i.o", 0, {kqq, word(&wide), 1, to, 1, 0, 0, 1});
    const u64 one = word(&room[0]);
    memset(room, 0, 64);
    row("ulock_wait", 515, ".p", 0, {1, one, 7, 0});
    row("ulock_wait2", 544, ".p", 0, {1, one, 7, 0, 0});
    row("__sigwait", 330, "i", any, {with, to});
    row("__sigwait_nocancel", 422, "i", any, {with, to});
}

void rest() {
    const u64 me = static_cast<u64>(getpid());
    memset(other, 0, sizeof other);
    row("sigaction", 46, ".io", 0, {xnu::SIGUSR2, with, to});
    row("sigprocmask", 48, ".i", 0, {1, with, to});
    row("__pthread_sigmask", 329, ".i", 0, {1, with, to});
    const u64 off[3] = {0, 0, 4};
    row("sigaltstack", 53, "io", 0, {word(off), to});
    row("setitimer", 83, ".io", 0, {0, with, to});
    row("getitimer", 86, ".o", 0, {0, to});
    row("getlogin", 49, "o", 0, {to, 16});
    const u64 groups = static_cast<u64>(syscall(79, 0, 0).raw);
    if (groups > 0) row("getgroups", 79, ".o", 0, {groups, to});
    if (root()) row("setgroups", 80, ".i", any, {2, to});
    row("getrusage", 117, ".o", 0, {0, to});
    row("getrlimit", 194, ".o", 0, {8, to});
    (void)syscall(194, 8, room);
    row("setrlimit", 195, ".i", 0, {8, to});
    u64 size = 64;
    const i32 release[2] = {1, 2};
    row("sysctl", 202, "i.oo", 0, {word(release), 2, to, word(&size), 0, 0});
    size = 64;
    row("sysctlbyname", 274, "i.oo", 0, {word("kern.osrelease"), 14, to, word(&size), 0, 0});
    row("csops", 169, "..o", 0, {me, 0, to, 4});
    row("getentropy", 500, "o", 0, {to, 64});
    row("getauid", 353, "o", 0, {to});
    row("ntp_gettime", 528, "o", 0, {to});
    row("memorystatus_get_level", 453, "o", 0, {to});
    row("proc_info", 336, "....o", 0, {2, me, 3, 0, to, 136});
    row("proc_info_extended_id", 545, "......o", 0, {2, me, 3, 0, 0, 0, to, 136});
    row("gethostuuid", 142, ".i", any, {to, with, 0});
    row("mincore", 78, "..o", 0, {word(edge), 8192, to});
}

// Children and queues: what a call takes away, it does not when it cannot tell of it.
void others() {
    const i32 child = start_child([] { return 7; });
    alignas(8) static u8 info[104];
    ok(syscall(173, 1, child, info, 0x24), "waitid leaves a child that has ended");
    const u64 c = word(child);
    row("wait4", 7, ".o.o", any, {c, to, 0, with});
    row("wait4_nocancel", 400, ".o.o", any, {c, to, 0, with});
    row("waitid", 173, "..o", any, {1, c, to, 4});
    row("waitid_nocancel", 416, "..o", any, {1, c, to, 4});
    ok(end_of_child(child) == 7, "and so do they");
    const i64 s = syscall(255, 0, 1, 0x380).raw, m = syscall(259, 0, 0x380).raw, h = syscall(265, 0, 4096, 0x380).raw;
    if (s < 0 || m < 0 || h < 0) return skip("no System V", "semctl, msgctl, shmctl");
    row("semctl IPC_STAT", 254, "...o", 0, {static_cast<u64>(s), 0, 2, to});
    row("semctl IPC_SET", 254, "...i", any, {static_cast<u64>(s), 0, 1, to});
    row("msgctl IPC_STAT", 258, "..o", 0, {static_cast<u64>(m), 2, to});
    row("msgctl IPC_SET", 258, "..i", any, {static_cast<u64>(m), 1, to});
    row("shmctl IPC_STAT", 263, "..o", 0, {static_cast<u64>(h), 2, to});
    row("shmctl IPC_SET", 263, "..i", any, {static_cast<u64>(h), 1, to});
    (void)syscall(254, s, 0, 0, 0), (void)syscall(258, m, 0, 0), (void)syscall(263, h, 0, 0);
}

void parts() {
    const u64 me = static_cast<u64>(getpid()), fd = word(file);
    row("proc_info: pids", 336, "....o", 0, {1, 1, 0, 0, to, 4096});
    row("proc_info: descriptors", 336, "....o", 0, {2, me, 1, 0, to, 4096});
    row("proc_info: the program's path", 336, "....o", 0, {2, me, 11, 0, to, 1024});
    row("proc_info: the directory", 336, "....o", 0, {2, me, 9, 0, to, 4096});
    row("gettimeofday", 116, ".o", any, {to, with, 0});
    memset(room, 0, sizeof room);
    row("fcntl F_PREALLOCATE", 92, "..i", any, {fd, 42, to});
    row("fcntl F_PUNCHHOLE", 92, "..i", any, {fd, 99, to});
    row("fcntl F_LOG2PHYS_EXT", 92, "..i", any, {fd, 65, to});
    const u64 u = word(fd_of(socket(AF_INET, SOCK_DGRAM)));
    memcpy(room, "lo0", 4);
    row("ioctl SIOCGIFFLAGS", 54, "..i", any, {u, 0xc0206911, to});
    memset(room, 0, sizeof room);
    row("setsockopt SO_NOSIGPIPE", 105, "...i", 0, {u, 0xffff, 0x1022, to, 4});
    row("setsockopt IP_ADD_MEMBERSHIP", 105, "...i", any, {u, 0, 12, to, 8});
    fails(syscall(105, u, 0xffff, 4, 0, 4), xnu::EFAULT, "setsockopt of no value that has a length");
    u8* page = reinterpret_cast<u8*>(syscall(xnu::SYS_mmap, 0, 4096, 3, 0x1002, -1, 0).raw);
    u8 name[16] = {16, 2, 0, 0, 127, 0, 0, 1};
    u32 size = 16;
    (void)syscall(104, u, name, 16), (void)syscall(32, u, name, &size), (void)syscall(133, u, "datagram", 8, 0, name, 16);
    xnu::iovec v{room, 8};
    const xnu::msghdr m{nullptr, 0, &v, 1, nullptr, 0, 0};
    memcpy(page, &m, sizeof m);
    (void)syscall(xnu::SYS_mprotect, page, 4096, 1);
    fails(syscall(27, u, page, 2), xnu::EFAULT, "recvmsg with a header that cannot be written");
}

}  // namespace

int main() {
    print("TAP version 13\n");
    Workplace here;
    prepare();
    sockets(), waits(), rest(), others(), parts();
    return done();
}
