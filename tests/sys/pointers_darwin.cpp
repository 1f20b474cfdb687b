// SPDX-License-Identifier: BSD-3-Clause
// Bad pointers to calls of paths and files (pointers.h). Expectations: the copyin and copyout of xnu-11417.121.6 bsd/kern, bsd/vfs.
#include "tests/sys/pointers.h"

namespace {

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
    xnu::iovec good{room, 64}, nowhere{bad_pointer(), 64}, late[2] = {{room, 32}, {bad_pointer(), 32}};
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

}  // namespace

int main() {
    print("TAP version 13\n");
    Workplace here;
    prepare();
    paths(), files();
    return done();
}
