// SPDX-License-Identifier: BSD-3-Clause
// Descriptors that a call cannot be made of, call by call: EBADF of none, and of those that are of another kind what XNU says:
// file_vnode EINVAL, fp_getfvp ENOTSUP, fp_getfsock ENOTSOCK, fp_getfkq EBADF (xnu-11417.121.6 bsd/kern/kern_descrip.c and their callers).
#include "sys/darwin/file_calls.h"
#include "sys/memory.h"
#include "sys/net.h"
#include "tests/sys/fs_tools.h"

namespace {

enum Kind : u32 { of_pipe, of_socket, of_kqueue, of_file, of_folder, kinds };
constexpr const char* kind_names[kinds] = {"a pipe", "a socket", "a kqueue", "a file", "a directory"};
i32 fds[kinds];
constexpr i32 closed = 300;
alignas(8) u8 room[4096], zeroes[256];

u64 word(const void* p) { return reinterpret_cast<u64>(p); }
u64 word(i32 v) { return static_cast<u64>(static_cast<i64>(v)); }

// want: an errno for each kind; 0: not asked. The descriptor is argument `at`.
void row(const char* name, u32 number, u32 at, const i32 (&want)[kinds], const u64 (&args)[8], bool none = true) {
    bool held = true;
    const auto ask = [&](i32 fd, i32 error, const char* what) {
        u64 a[8];
        memcpy(a, args, sizeof a);
        a[at] = word(fd);
        const Result r = syscall(number, a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7]);
        if (r.err() == error) return;
        held = false;
        print("# ", name, " of ", what, ": result ", r.raw, ", not errno ", error, "\n");
    };
    if (none) {
        ask(-1, xnu::EBADF, "-1");
        ask(closed, xnu::EBADF, "a closed number");
        ask(0x7fffffff, xnu::EBADF, "the largest");
    }
    for (u32 k = 0; k < kinds; k++)
        if (want[k]) ask(fds[k], want[k], kind_names[k]);
    ok(held, name);
}

constexpr i32 inval = xnu::EINVAL, notsup = xnu::ENOTSUP, notsock = xnu::ENOTSOCK, spipe = xnu::ESPIPE, badf = xnu::EBADF, notdir = xnu::ENOTDIR;
constexpr i32 unasked[kinds] = {}, vnode[kinds] = {inval, inval, inval, 0, 0}, file[kinds] = {notsup, notsup, notsup, 0, 0},
              folder[kinds] = {notsup, notsup, notsup, notdir, 0}, sock[kinds] = {notsock, 0, notsock, notsock, notsock};

void files() {
    const u64 to = word(room), with = word(zeroes), name = word("name"), own = word(-1);
    row("fchdir", 13, 0, {inval, inval, inval, notdir, 0}, {});
    row("fchmod", 124, 0, vnode, {0, 0600});
    row("fchmod_extended", 283, 0, vnode, {0, own, own, 0600, 0});
    row("fchown", 123, 0, vnode, {0, own, own});
    row("fchflags", 35, 0, vnode, {0, 0});
    row("futimes", 139, 0, vnode, {0, 0});
    row("fstatfs", 158, 0, vnode, {0, to});
    row("fstatfs64", 346, 0, vnode, {0, to});
    const xnu::attrlist type{5, 0, 8, 0, 0, 0, 0}, mode{5, 0, 0x20000, 0, 0, 0, 0}, all{5, 0, 0x80000001, 0, 0, 0, 0};
    row("fgetattrlist", 228, 0, vnode, {0, word(&type), to, 64, 0});
    row("fsetattrlist", 229, 0, vnode, {0, word(&mode), with, 4, 0});
    row("fgetxattr", 235, 0, vnode, {0, name, to, 16, 0, 0});
    row("fsetxattr", 237, 0, vnode, {0, name, with, 16, 0, 0});
    row("fremovexattr", 239, 0, vnode, {0, name, 0});
    row("flistxattr", 241, 0, vnode, {0, to, 64, 0});
    row("ffsctl", 245, 0, vnode, {0, 0x20006801, to, 0});
    row("freadlink", 551, 0, {inval, inval, inval, inval, inval}, {0, to, 64});
    row("fsync", 95, 0, file, {});
    row("fsync_nocancel", 408, 0, file, {});
    row("fdatasync", 187, 0, file, {});
    row("flock", 131, 0, file, {0, 2});
    row("lseek", 199, 0, {spipe, spipe, spipe, 0, 0}, {0, 0, 0});
    row("ftruncate", 201, 0, {inval, inval, inval, 0, inval}, {0, 0});
    row("getdirentries", 196, 0, {notsup, notsup, notsup, inval, 0}, {0, to, 1024, with});
    row("getdirentries64", 344, 0, {notsup, notsup, notsup, inval, 0}, {0, to, 1024, with});
    row("getattrlistbulk", 461, 0, folder, {0, word(&all), to, 1024, 0});
    row("fpathconf", 192, 0, vnode, {0, 4});
    row("fpathconf _PC_PIPE_BUF", 192, 0, {0, 0, inval, 0, 0}, {0, 6});
    ok(syscall(192, fds[of_pipe], 6).raw == 512 && syscall(192, fds[of_socket], 6).raw == 512, "is all that pipes and sockets tell");
    row("fclonefileat", 517, 0, file, {0, word(xnu::AT_FDCWD), word("none"), 0});
    row("mmap", 197, 4, {inval, inval, inval, 0, 0}, {0, 4096, 1, 2, 0, 0});
}

void bytes() {
    const u64 to = word(room);
    struct {
        void* base;
        u64 size;
    } v{room, 16};
    constexpr i32 isdir = xnu::EISDIR, nxio = xnu::ENXIO;
    const i32 positioned[kinds] = {spipe, spipe, spipe, 0, isdir}, written[kinds] = {badf, spipe, spipe, 0, badf};
    row("read", 3, 0, {0, 0, nxio, 0, isdir}, {0, to, 16});
    row("read_nocancel", 396, 0, {0, 0, nxio, 0, isdir}, {0, to, 16});
    row("readv", 120, 0, {0, 0, nxio, 0, isdir}, {0, word(&v), 1});
    row("readv_nocancel", 411, 0, {0, 0, nxio, 0, isdir}, {0, word(&v), 1});
    row("write", 4, 0, {badf, 0, nxio, 0, badf}, {0, to, 16});
    row("write_nocancel", 397, 0, {badf, 0, nxio, 0, badf}, {0, to, 16});
    row("writev", 121, 0, {badf, 0, nxio, 0, badf}, {0, word(&v), 1});
    row("writev_nocancel", 412, 0, {badf, 0, nxio, 0, badf}, {0, word(&v), 1});
    row("pread", 153, 0, positioned, {0, to, 16, 0});
    row("pread_nocancel", 414, 0, positioned, {0, to, 16, 0});
    row("preadv", 540, 0, positioned, {0, word(&v), 1, 0});
    row("preadv_nocancel", 542, 0, positioned, {0, word(&v), 1, 0});
    row("pwrite", 154, 0, written, {0, to, 16, 0});
    row("pwrite_nocancel", 415, 0, written, {0, to, 16, 0});
    row("pwritev", 541, 0, written, {0, word(&v), 1, 0});
    row("pwritev_nocancel", 543, 0, written, {0, word(&v), 1, 0});
    row("fstat", 189, 0, unasked, {0, to});
    row("fstat64", 339, 0, unasked, {0, to});
    row("fstat_extended", 281, 0, unasked, {0, to, 0, 0});
    row("fstat64_extended", 343, 0, unasked, {0, to, 0, 0});
    row("dup", 41, 0, unasked, {});
    row("dup2", 90, 0, unasked, {0, 50});
    row("close", 6, 0, unasked, {});
    row("close_nocancel", 399, 0, unasked, {});
    row("fcntl F_GETFD", 92, 0, unasked, {0, 1});
    row("fcntl_nocancel F_GETFD", 406, 0, unasked, {0, 1});
    row("fcntl F_GETPATH", 92, 0, {badf, badf, badf, 0, 0}, {0, 50, to});
    row("fcntl F_GETLK", 92, 0, {badf, badf, badf, 0, 0}, {0, 7, to});
    row("fcntl F_FULLFSYNC", 92, 0, {badf, badf, badf, 0, 0}, {0, 51});
    row("ioctl FIONREAD", 54, 0, unasked, {0, xnu::FIONREAD, to});
    row("ioctl TIOCGETA", 54, 0, {xnu::ENOTTY, 0, xnu::ENOTTY, xnu::ENOTTY, xnu::ENOTTY}, {0, xnu::TIOCGETA, to});
    const u64 guard = 1;
    row("guarded_close_np", 442, 0, {inval, inval, inval, inval, inval}, {0, word(&guard)});
}

void sockets() {
    const u64 to = word(room), with = word(zeroes);
    u32 size = 16;
    const u8 name[16] = {16, 2, 0, 7, 127, 0, 0, 1};
    const u64 n = word(&size), address = word(name);
    row("bind", 104, 0, sock, {0, address, 16});
    row("connect", 98, 0, sock, {0, address, 16});
    row("connect_nocancel", 409, 0, sock, {0, address, 16});
    row("listen", 106, 0, sock, {0, 1});
    row("accept", 30, 0, sock, {0, to, n});
    row("accept_nocancel", 404, 0, sock, {0, to, n});
    row("getsockname", 32, 0, sock, {0, to, n});
    row("getpeername", 31, 0, sock, {0, to, n});
    row("getsockopt", 118, 0, sock, {0, 0xffff, 0x1001, to, n});
    row("setsockopt", 105, 0, sock, {0, 0xffff, 4, with, 4});
    row("shutdown", 134, 0, sock, {0, 2});
    row("sendto", 133, 0, sock, {0, to, 8, 0, 0, 0});
    row("sendto_nocancel", 413, 0, sock, {0, to, 8, 0, 0, 0});
    row("recvfrom", 29, 0, sock, {0, to, 8, 0, 0, 0});
    row("recvfrom_nocancel", 403, 0, sock, {0, to, 8, 0, 0, 0});
    struct {
        void* base;
        u64 size;
    } v{room, 8};
    struct {
        u64 name, name_size;
        void* vectors;
        u64 count, control, control_size;
    } header{0, 0, &v, 1, 0, 0};
    const u64 message = word(&header);
    row("sendmsg", 28, 0, sock, {0, message, 0});
    row("sendmsg_nocancel", 402, 0, sock, {0, message, 0});
    row("recvmsg", 27, 0, sock, {0, message, 0});
    row("recvmsg_nocancel", 401, 0, sock, {0, message, 0});
    i64 count = 0;
    row("sendfile of", 337, 0, {notsup, notsup, notsup, 0, notsup}, {0, word(fds[of_socket]), 0, word(&count), 0, 0});
    row("sendfile to", 337, 1, sock, {word(fds[of_file]), 0, 0, word(&count), 0, 0});
    const i32 queue[kinds] = {badf, badf, 0, badf, badf};
    row("kevent", 363, 0, queue, {0, 0, 0, to, 1, with});
    row("kevent64", 369, 0, queue, {0, 0, 0, to, 1, 0, with});
    row("kevent_qos", 374, 0, queue, {0, 0, 0, to, 1, 0, 0, 2});
}

void places() {
    const u64 to = word(room), with = word(zeroes), here = word(xnu::AT_FDCWD), f = word("file"), none = word("none"), own = word(-1);
    const xnu::attrlist type{5, 0, 8, 0, 0, 0, 0}, mode{5, 0, 0x20000, 0, 0, 0, 0};
    row("openat", 463, 0, folder, {0, f, 0, 0});
    row("openat_nocancel", 464, 0, folder, {0, f, 0, 0});
    row("openat_dprotected_np", 218, 0, folder, {0, f, 0, 1, 0, 0600, own});
    row("faccessat", 466, 0, folder, {0, f, 4, 0});
    row("fchmodat", 467, 0, folder, {0, f, 0600, 0});
    row("fchownat", 468, 0, folder, {0, f, own, own, 0});
    row("fstatat", 469, 0, folder, {0, f, to, 0});
    row("fstatat64", 470, 0, folder, {0, f, to, 0});
    row("linkat from", 471, 0, folder, {0, f, here, none, 0});
    row("linkat to", 471, 2, folder, {here, f, 0, none, 0});
    row("unlinkat", 472, 0, folder, {0, f, 0});
    row("readlinkat", 473, 0, folder, {0, f, to, 64});
    row("symlinkat", 474, 1, folder, {f, 0, none});
    row("mkdirat", 475, 0, folder, {0, none, 0700});
    row("mkfifoat", 553, 0, folder, {0, none, 0700});
    row("mknodat", 554, 0, folder, {0, none, 010600, 0});
    row("renameat from", 465, 0, folder, {0, f, here, none});
    row("renameat to", 465, 2, folder, {here, f, 0, none});
    row("renameatx_np from", 488, 0, folder, {0, f, here, none, 0});
    row("renameatx_np to", 488, 2, folder, {here, f, 0, none, 0});
    row("getattrlistat", 476, 0, folder, {0, f, word(&type), to, 64, 0});
    row("setattrlistat", 524, 0, folder, {0, f, word(&mode), with, 4, 0});
    row("clonefileat from", 462, 0, folder, {0, f, here, none, 0});
    const char* const absolute = "/";
    ok(syscall(470, fds[of_pipe], absolute, room, 0).ok() && syscall(463, -1, absolute, 0, 0).ok(), "a path from the root does not look at them");
}

}  // namespace

int main() {
    print("TAP version 13\n");
    Workplace here;
    make_file("file", "0123456789");
    i32 ends[2] = {-1, -1}, pair[2] = {-1, -1};
    (void)pipe(ends), (void)socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    fds[of_pipe] = ends[0], fds[of_socket] = pair[0], fds[of_kqueue] = fd_of(syscall(xnu::SYS_kqueue));
    fds[of_file] = fd_of(open("file", O_RDWR)), fds[of_folder] = fd_of(open(".", O_RDONLY | O_DIRECTORY));
    (void)dup2(fds[of_file], closed), (void)close(closed);
    files(), bytes(), sockets(), places();
    return done();
}
