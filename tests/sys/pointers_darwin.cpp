// SPDX-License-Identifier: BSD-3-Clause
// Bad pointers, call by call and argument by argument: EFAULT, whatever else the call would have said; and with good ones it is not the
// pointers that are wrong. Bad are an address that nothing is at, one of the kernel, and one whose page ends before the object does;
// for what is written, also memory that can only be read. Expectations: the copyin and copyout of xnu-11417.121.6 bsd/kern, bsd/vfs.
#include "sys/darwin/file_calls.h"
#include "sys/memory.h"
#include "sys/net.h"
#include "sys/signals.h"
#include "tests/sys/fs_tools.h"

namespace {

u8* edge;              // behind a page that can be written; the next one is not there
u8* readonly;
i32 file, folder;      // wound back before each call
constexpr i32 any = -1;

u64 word(const void* p) { return reinterpret_cast<u64>(p); }
u64 word(i32 v) { return static_cast<u64>(static_cast<i64>(v)); }

Result call(u32 number, const u64 (&a)[8]) {
    (void)lseek(file, 0, SEEK_SET), (void)lseek(folder, 0, SEEK_SET);
    return syscall(number, a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7]);
}

// shape, a letter an argument: `s` a string, `i` read, `o` written, `p` read or written whole and aligned, `.` none of these.
// want: what comes with good pointers; any: that is not for this test to say.
void row(const char* name, u32 number, const char* shape, i32 want, const u64 (&args)[8]) {
    if (want != any) {
        const Result r = call(number, args);
        if (r.err() == xnu::ENOTSUP) return skip("the host does not do it", name);
        if (r.err() != want) return fails(r, want, name);
    }
    bool held = true;
    for (u32 n = 0; shape[n]; n++) {
        if (shape[n] == '.') continue;
        const u64 bad[] = {8, 0xffff800000001000, word(edge - (shape[n] == 's' ? 4 : 1)), word(readonly)};
        const u32 kinds = shape[n] == 'p' ? 2 : shape[n] == 'o' ? 4 : 3;
        for (u32 k = 0; k < kinds; k++) {
            u64 a[8];
            memcpy(a, args, sizeof a);
            a[n] = bad[k];
            memcpy(edge - 4, "file", 4);
            const Result r = call(number, a);
            if (r.err() == xnu::EFAULT) continue;
            held = false;
            print("# ", name, ", argument ", n, " = ", hex(bad[k]), ": result ", r.raw, "\n");
        }
    }
    ok(held, name);
}

struct Vector {
    void* base;
    u64 size;
};
struct Header {  // struct msghdr
    const void* name;
    u32 name_size, pad;
    Vector* vectors;
    i32 count, pad2;
    void* control;
    u32 control_size, flags;
};

alignas(16) u8 room[8192], other[1024];
xnu::kauth_filesec no_list{xnu::KAUTH_FILESEC_MAGIC, {}, {}, 0xffffffff, 0, {}};
const u64 to = word(room), with = word(other), filesec = word(&no_list);

void paths() {
    const u64 f = word("file"), none = word("none"), here = word(xnu::AT_FDCWD), own = word(-1);
    const u64 me = static_cast<u64>(geteuid()), group = static_cast<u64>(getegid());
    row("open", 5, "s", any, {f, 0, 0});
    row("open_nocancel", 398, "s", any, {f, 0, 0});
    row("openat", 463, ".s", any, {here, f, 0, 0});
    row("openat_nocancel", 464, ".s", any, {here, f, 0, 0});
    row("open_extended", 277, "s....i", any, {f, 0x200, own, own, 0600, filesec});
    row("open_dprotected_np", 216, "s", any, {f, 0, 1, 0, 0600});
    row("openat_dprotected_np", 218, ".s", any, {here, f, 0, 1, 0, 0600, own});
    row("link", 9, "ss", any, {f, none});
    row("linkat", 471, ".s.s", any, {here, f, here, none, 0});
    row("symlink", 57, "ss", any, {f, none});
    row("symlinkat", 474, "s.s", any, {f, here, none});
    row("readlink", 58, "so", 0, {word("soft"), to, 64});
    row("readlinkat", 473, ".so", 0, {here, word("soft"), to, 64});
    row("unlink", 10, "s", any, {none});
    row("unlinkat", 472, ".s", any, {here, none, 0});
    row("delete", 226, "s", any, {none});
    row("undelete", 205, "s", any, {none});
    row("rename", 128, "ss", 0, {f, f});
    row("renameat", 465, ".s.s", 0, {here, f, here, f});
    row("renameatx_np", 488, ".s.s", any, {here, f, here, none, 4});
    row("exchangedata", 223, "ss", any, {f, f, 0});
    row("copyfile", 227, "ss", any, {f, none, 0600, 0});
    row("clonefileat", 462, ".s.s", any, {here, f, here, none, 0});
    row("fclonefileat", 517, "..s", any, {word(file), here, none, 0});
    row("chdir", 12, "s", 0, {word(".")});
    row("chroot", 61, root() ? "s" : "", any, {none});
    row("mkdir", 136, "s", any, {none, 0700});
    row("mkdirat", 475, ".s", any, {here, none, 0700});
    row("mkdir_extended", 292, "s...i", any, {none, own, own, 0700, filesec});
    row("rmdir", 137, "s", any, {none});
    row("mkfifo", 132, "s", any, {none, 0600});
    row("mkfifoat", 553, ".s", any, {here, none, 0600});
    row("mkfifo_extended", 291, "s...i", any, {none, own, own, 0600, filesec});
    row("mknod", 14, "s", any, {none, 010600, 0});
    row("mknodat", 554, ".s", any, {here, none, 010600, 0});
    row("chmod", 15, "s", 0, {f, 0600});
    row("fchmodat", 467, ".s", 0, {here, f, 0600, 0});
    row("chmod_extended", 282, "s...i", any, {f, own, own, 0600, filesec});
    row("fchmod_extended", 283, "....i", any, {word(file), own, own, 0600, filesec});
    row("umask_extended", 278, ".i", any, {022, filesec});
    row("chown", 16, "s", 0, {f, me, group});
    row("lchown", 364, "s", 0, {f, me, group});
    row("fchownat", 468, ".s", 0, {here, f, me, group, 0});
    row("chflags", 34, "s", any, {f, 0});
    row("access", 33, "s", 0, {f, 4});
    row("faccessat", 466, ".s", 0, {here, f, 4, 0});
    row("truncate", 200, "s", 0, {f, 64});
    row("utimes", 138, "si", 0, {f, with});
    row("futimes", 139, ".i", 0, {word(file), with});
    row("revoke", 56, "s", any, {f});
    row("pathconf", 191, "s", 0, {f, 5});
    row("execve", 59, "s", any, {none, 0, 0});
    row("posix_spawn", 244, ".si", any, {0, f, with, 0, 0});
    row("acl of access_extended", 284, "i", any, {with, 64, to, own, own});
    row("mount", 167, "ss", any, {word("devfs"), f, 0, 0});
    row("__mac_mount", 424, "ss..i", any, {word("devfs"), f, 0, 0, with});
    row("unmount", 159, "s", any, {f, 0});
    row("quotactl", 165, "s", any, {f, 0, 0, to});
    row("shm_open", 266, "s", any, {f, 0, 0});
    row("shm_unlink", 267, "s", any, {f});
    row("sem_open", 268, "s", any, {f, 0, 0, 0});
    row("sem_unlink", 270, "s", any, {f});
}

void files() {
    const u64 f = word("file"), fd = word(file), d = word(folder), here = word(xnu::AT_FDCWD), soft = word(fd_of(sys_open("soft", xnu::O_SYMLINK, 0)));
    struct {
        const char* name;
        u32 path, open, path_extended, open_extended;
    } stats[] = {{"stat", 188, 189, 279, 281}, {"lstat", 190, 189, 280, 281}, {"stat64", 338, 339, 341, 343}, {"lstat64", 340, 339, 342, 343}};
    for (const auto& s : stats) {
        row(s.name, s.path, "so", 0, {f, to});
        row(s.name, s.open, ".o", 0, {fd, to});
        memset(other, 0xff, 8);  // room for any list
        row(s.name, s.path_extended, "so.o", 0, {f, to, word(room + 4096), with});
        row(s.name, s.open_extended, ".o.o", 0, {fd, to, word(room + 4096), with});
    }
    memset(other, 0, sizeof other);
    row("fstatat", 469, ".so", 0, {here, f, to, 0});
    row("fstatat64", 470, ".so", 0, {here, f, to, 0});
    row("statfs", 157, "so", 0, {f, to});
    row("fstatfs", 158, ".o", 0, {fd, to});
    row("statfs64", 345, "so", 0, {f, to});
    row("fstatfs64", 346, ".o", 0, {fd, to});
    row("getfsstat", 18, "o", 0, {to, sizeof room, 2});
    row("getfsstat64", 347, "o", 0, {to, sizeof room, 2});
    row("getdirentries", 196, ".o.o", 0, {d, to, 1024, word(room + 4096)});
    row("getdirentries64", 344, ".o.o", 0, {d, to, 1024, word(room + 4096)});
    row("freadlink", 551, ".o", 0, {soft, to, 64});
    row("read", 3, ".o", 0, {fd, to, 64});
    row("read_nocancel", 396, ".o", 0, {fd, to, 64});
    row("pread", 153, ".o", 0, {fd, to, 64, 0});
    row("pread_nocancel", 414, ".o", 0, {fd, to, 64, 0});
    row("write", 4, ".i", 0, {fd, to, 64});
    row("write_nocancel", 397, ".i", 0, {fd, to, 64});
    row("pwrite", 154, ".i", 0, {fd, to, 64, 0});
    row("pwrite_nocancel", 415, ".i", 0, {fd, to, 64, 0});
    Vector good{room, 64}, nowhere{bad_pointer(), 64}, late[2] = {{room, 32}, {bad_pointer(), 32}};
    struct {
        const char* name;
        u32 number;
    } vectors[] = {{"readv", 120}, {"readv_nocancel", 411}, {"preadv", 540}, {"preadv_nocancel", 542}, {"writev", 121}, {"writev_nocancel", 412},
                   {"pwritev", 541}, {"pwritev_nocancel", 543}};
    for (const auto& v : vectors) {
        row(v.name, v.number, ".i", 0, {fd, word(&good), 1, 0});
        fails(call(v.number, {fd, word(&nowhere), 1, 0}), xnu::EFAULT, "to or from nowhere");
        fails(call(v.number, {fd, word(late), 2, 0}), xnu::EFAULT, "for a part of it");
    }
    row("fcntl F_GETPATH", 92, "..o", 0, {fd, 50, to});
    row("fcntl_nocancel F_GETPATH", 406, "..o", 0, {fd, 50, to});
    *reinterpret_cast<xnu::flock*>(room) = {0, 10, 0, xnu::F_RDLCK, 0};
    row("fcntl F_SETLK", 92, "..i", 0, {fd, 8, to});
    row("fcntl F_GETLK", 92, "..i", 0, {fd, 7, to});
    row("ioctl FIONREAD", 54, "..o", 0, {fd, xnu::FIONREAD, to});
    memset(room, 0, 4);
    row("ioctl FIONBIO", 54, "..i", 0, {fd, xnu::FIONBIO, to});
    const xnu::attrlist type{5, 0, 8, 0, 0, 0, 0}, mode{5, 0, 0x20000, 0, 0, 0, 0}, all{5, 0, 0x80000001, 0, 0, 0, 0};
    const u32 bits = 0600;
    row("getattrlist", 220, "sio", 0, {f, word(&type), to, 64, 0});
    row("fgetattrlist", 228, ".io", 0, {fd, word(&type), to, 64, 0});
    row("getattrlistat", 476, ".sio", 0, {here, f, word(&type), to, 64, 0});
    row("setattrlist", 221, "sii", 0, {f, word(&mode), word(&bits), 4, 0});
    row("fsetattrlist", 229, ".ii", 0, {fd, word(&mode), word(&bits), 4, 0});
    row("setattrlistat", 524, ".sii", 0, {here, f, word(&mode), word(&bits), 4, 0});
    row("getattrlistbulk", 461, ".io", 0, {d, word(&all), to, 1024, 0});
    const u64 name = word("user.name");
    // Names that cannot be copied are EFAULT from xnu-4903 on, and had other errnos before (extended_attributes_darwin).
    row("setxattr", 236, "s.i", 0, {f, name, to, 16, 0, 0});
    row("fsetxattr", 237, "..i", 0, {fd, name, to, 16, 0, 0});
    row("getxattr", 234, "s.o", 0, {f, name, to, 16, 0, 0});
    row("fgetxattr", 235, "..o", 0, {fd, name, to, 16, 0, 0});
    row("listxattr", 240, "so", 0, {f, to, 256, 0});
    row("flistxattr", 241, ".o", 0, {fd, to, 256, 0});
    row("removexattr", 238, "ss", any, {f, name, 0});
    row("fremovexattr", 239, ".s", any, {fd, name, 0});
    row("fsctl", 242, "s", any, {f, 0x8004685d, to, 0});
    xnu::statfs64 here_fs{};
    FileInfo s{};
    (void)syscall(345, "file", &here_fs), (void)stat("file", &s);
    row("fsgetpath", 427, "o.i", any, {to, 1024, word(here_fs.f_fsid), s.ino});
    row("fsgetpath_ext", 217, "o.i", any, {to, 1024, word(here_fs.f_fsid), s.ino, 0});
}

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
    Vector v{room, 8}, nowhere{bad_pointer(), 8};
    Header m{nullptr, 0, 0, &v, 1, 0, nullptr, 0, 0};
    row("sendmsg", 28, ".i", 0, {end, word(&m), 0});
    row("sendmsg_nocancel", 402, ".i", 0, {end, word(&m), 0});
    row("recvmsg", 27, ".i", 0, {u, word(&m), peek});
    row("recvmsg_nocancel", 401, ".i", 0, {u, word(&m), peek});
    for (const u32 number : {28u, 402u}) {
        Header wrong = m;
        wrong.vectors = reinterpret_cast<Vector*>(bad_pointer());
        fails(syscall(number, end, &wrong, 0), xnu::EFAULT, "sendmsg: vectors from nowhere");
        wrong.vectors = &nowhere;
        fails(syscall(number, end, &wrong, 0), xnu::EFAULT, "data from nowhere");
        wrong = m, wrong.control = bad_pointer(), wrong.control_size = 16;
        fails(syscall(number, end, &wrong, 0), xnu::EFAULT, "control messages from nowhere");
        wrong = m, wrong.name = bad_pointer(), wrong.name_size = 16;
        fails(syscall(number, u, &wrong, 0), xnu::EFAULT, "a name from nowhere");
    }
    for (const u32 number : {27u, 401u}) {
        Header wrong = m;
        wrong.vectors = reinterpret_cast<Vector*>(bad_pointer());
        fails(syscall(number, u, &wrong, peek), xnu::EFAULT, "recvmsg: vectors from nowhere");
        wrong.vectors = &nowhere;
        fails(syscall(number, u, &wrong, peek), xnu::EFAULT, "data to nowhere");
        wrong = m, wrong.name = bad_pointer(), wrong.name_size = 16;
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
    Vector v{room, 8};
    const Header m{nullptr, 0, 0, &v, 1, 0, nullptr, 0, 0};
    memcpy(page, &m, sizeof m);
    (void)syscall(xnu::SYS_mprotect, page, 4096, 1);
    fails(syscall(27, u, page, 2), xnu::EFAULT, "recvmsg with a header that cannot be written");
}

}  // namespace

int main() {
    print("TAP version 13\n");
    Workplace here;
    make_file("file", "0123456789012345678901234567890123456789012345678901234567890123");
    (void)symlink("file", "soft");
    file = fd_of(open("file", O_RDWR)), folder = fd_of(open(".", O_RDONLY | O_DIRECTORY));
    u8* pages = reinterpret_cast<u8*>(syscall(xnu::SYS_mmap, 0, 3 * 4096, 3, 0x1002, -1, 0).raw);
    edge = pages + 4096, readonly = pages + 2 * 4096;
    ok(syscall(xnu::SYS_mprotect, edge, 4096, 0).ok() && syscall(xnu::SYS_mprotect, readonly, 4096, 1).ok(), "a page, a hole, and one to read");
    paths(), files(), sockets(), waits(), rest(), others(), parts();
    return done();
}
