// SPDX-License-Identifier: BSD-3-Clause
// Calls that nobody else tests: each does what it says once, and refuses once where it can. Facts: xnu-3248.60.10 and xnu-11417.121.6
// bsd/kern/kern_prot.c, kern_proc.c, kdebug.c, kern_mman.c, bsd/vm/vm_unix.c, bsd/vfs/vfs_syscalls.c.
#include "sys/darwin/file_calls.h"
#include "sys/darwin/process.h"
#include "sys/memory.h"
#include "tests/sys/fs_tools.h"

namespace {

alignas(8) u8 room[8192];

void files() {
    make_file("file", "0123456789");
    (void)symlink("file", "soft"), (void)mkdir("folder", 0755);
    const i32 fd = fd_of(open("file", O_RDWR)), soft = fd_of(sys_open("soft", xnu::O_SYMLINK, 0));
    ok(syscall(36), "sync");
    ok(syscall(551, soft, room, 64).raw == 4 && memcmp(room, "file", 4) == 0 && syscall(551, soft, room, 2).raw == 2, "freadlink, and cut");
    fails(syscall(551, fd, room, 64), xnu::EINVAL, "of a file");
    ok(syscall(192, fd, 4).raw == 255 && syscall(191, "file", 4).raw == 255 && syscall(192, fd, 5).raw == 1024, "pathconf, fpathconf: NAME_MAX, PATH_MAX");
    fails(syscall(192, fd, 99), xnu::EINVAL, "of no such name");
    fails(syscall(191, "file", 0), xnu::EINVAL, "or 0");
    xnu::timeval times[2] = {{1000000000, 5, 0}, {1100000000, 7, 0}};
    FileInfo s{};
    ok(syscall(139, fd, times).ok() && fstat(fd, &s).ok() && s.atime == 1000000000'000005000 && s.mtime == 1100000000'000007000, "futimes");
    ok(syscall(139, fd, 0).ok() && fstat(fd, &s).ok() && s.mtime > 1600000000'000000000, "to now");
    struct {
        const char* name;
        u32 number;
        bool by_fd;
    } old[] = {{"fstat", 189, true}, {"lstat", 190, false}, {"stat_extended", 279, false}, {"lstat_extended", 280, false}, {"fstat_extended", 281, true}};
    for (const auto& o : old) {
        xnu::stat st{};
        const Result r = o.by_fd ? syscall(o.number, fd, &st, 0, 0) : syscall(o.number, "file", &st, 0, 0);
        ok(r.ok() && st.st_size == 10 && st.st_ino == static_cast<u32>(s.ino) && (st.st_mode & xnu::S_IFMT) == xnu::S_IFREG, o.name);
        fails(o.by_fd ? syscall(o.number, -1, &st, 0, 0) : syscall(o.number, "none", &st, 0, 0), o.by_fd ? xnu::EBADF : xnu::ENOENT, "of nothing");
    }
    xnu::stat link{};
    ok(syscall(190, "soft", &link).ok() && (link.st_mode & xnu::S_IFMT) == xnu::S_IFLNK, "lstat of a link");
    ok(syscall(469, xnu::AT_FDCWD, "soft", &link, 0).ok() && link.st_size == 10 && syscall(469, xnu::AT_FDCWD, "soft", &link, 0x20).ok() && link.st_size == 4,
       "fstatat, and AT_SYMLINK_NOFOLLOW");
    fails(syscall(469, xnu::AT_FDCWD, "soft", &link, 0x1000), xnu::EINVAL, "an unknown flag");
    const i32 folder = fd_of(open(".", O_RDONLY | O_DIRECTORY)), own = fd_of(syscall(218, folder, "file", 0, 1, 0, 0, -1));
    ok(own >= 0 && syscall(153, own, room, 4, 3).raw == 4 && memcmp(room, "3456", 4) == 0, "openat_dprotected_np");
    fails(syscall(218, folder, "file", 3, 1, 0, 0, -1), xnu::EINVAL, "in no known way");
    const xnu::attrlist mode{5, 0, 0x20000, 0, 0, 0, 0};
    const u32 bits = 0640;
    ok(syscall(524, folder, "file", &mode, &bits, 4, 0).ok() && stat("file", &s).ok() && (s.mode & 07777) == 0640, "setattrlistat");
    fails(syscall(524, folder, "file", &mode, &bits, 2, 0), xnu::EINVAL, "too few bytes");
    xnu::statfs64 fs{};
    (void)syscall(345, "file", &fs);
    (void)fstat(fd, &s);
    const i64 n = syscall(427, room, 4096, fs.f_fsid, s.ino).raw;
    ok(n > 5 && str_eq(reinterpret_cast<char*>(room) + n - 5, "file") && syscall(217, room, 4096, fs.f_fsid, s.ino, 0).raw == n, "fsgetpath, fsgetpath_ext");
    fails(syscall(217, room, 4096, fs.f_fsid, s.ino, 1), xnu::EINVAL, "an unknown option");
    fails(syscall(427, room, 8193, fs.f_fsid, s.ino), xnu::EINVAL, "a room too large");
    fails(syscall(217, room, 4096, fs.f_fsid, ~0ull, 0), xnu::ENOENT, "no such file");
    for (const i32 f : {fd, soft, folder, own}) (void)close(f);
}

void attributes() {
    const i32 fd = fd_of(open("file", O_RDWR));
    if (const Result r = syscall(237, fd, "name", "value", 5, 0, 0); r.failed()) {
        fails(r, xnu::ENOTSUP, "fsetxattr, which the file system has not");
        return;
    }
    ok(syscall(235, fd, "name", room, 64, 0, 0).raw == 5 && memcmp(room, "value", 5) == 0 && syscall(235, fd, "name", 0, 0, 0, 0).raw == 5, "fsetxattr, fgetxattr");
    ok(syscall(241, fd, room, 64, 0).raw == 5 && str_eq(reinterpret_cast<char*>(room), "name"), "flistxattr");
    fails(syscall(235, fd, "name", room, 2, 0, 0), xnu::ERANGE, "too little room");
    fails(syscall(235, fd, "other", room, 64, 0, 0), xnu::ENOATTR, "no such attribute");
    fails(syscall(237, fd, "name", "x", 1, 0, 2), xnu::EEXIST, "XATTR_CREATE of one that is there");
    fails(syscall(237, fd, "other", "x", 1, 0, 4), xnu::ENOATTR, "XATTR_REPLACE of one that is not");
    fails(syscall(237, fd, "name", "x", 1, 0, 1), xnu::EINVAL, "XATTR_NOFOLLOW by a descriptor");
    ok(syscall(239, fd, "name", 0), "fremovexattr");
    fails(syscall(239, fd, "name", 0), xnu::ENOATTR, "once");
    (void)close(fd);
}

void access_list() {
    struct {
        struct {
            u32 name;
            i32 flags;
            i32 pad[2];
        } entries[3];
        char names[16];
    } a{{{48, 4, {}}, {0, 1, {}}, {53, 0, {}}}, "file\0none"};
    i32 results[3] = {-1, -1, -1};
    ok(syscall(284, &a, sizeof a, results, -1, -1).ok() && results[0] == 0 && results[2] == xnu::ENOENT, "access_extended: each name, each right");
    ok(results[1] == xnu::EACCES, "a file that nobody may execute");
    fails(syscall(284, &a, 8, results, -1, -1), xnu::EINVAL, "less than an entry");
    fails(syscall(284, &a, 200000, results, -1, -1), xnu::ENOMEM, "more than 100 KiB");
    fails(syscall(284, &a, sizeof a, bad_pointer(), -1, -1), xnu::EFAULT, "to nowhere");
    a.entries[0].name = 0;
    fails(syscall(284, &a, sizeof a, results, -1, -1), xnu::EINVAL, "no first name");
}

void refusals() {
    fails(syscall(205, "file"), xnu::ENOTSUP, "undelete");
    fails(syscall(223, "file", "file", 0), xnu::ENOTSUP, "exchangedata is HFS's");
    fails(syscall(225, "file", room, room, 0, 0, room), xnu::ENOTSUP, "searchfs too");
    fails(syscall(225, "none", room, room, 0, 0, room), xnu::ENOENT, "of nothing");
    fails(syscall(227, "file", "copy", 0600, 0), xnu::ENOTSUP, "copyfile");
    fails(syscall(227, "file", "copy", 0600, 8), xnu::EINVAL, "with an unknown flag");
    fails(syscall(165, "file", 0, 0, room), xnu::ENOTSUP, "quotactl");
    fails(syscall(159, "file", 0), xnu::EPERM, "unmount");
    fails(syscall(61, "folder"), xnu::EPERM, "chroot");
    fails(syscall(167, "devfs", "folder", 0, 0), xnu::EPERM, "mount");
    fails(syscall(424, "devfs", "folder", 0, 0, 0), xnu::EPERM, "__mac_mount");
    fails(syscall(167, "a type of 15 bytes", "folder", 0, 0), xnu::ENAMETOOLONG, "a type's name of 15 bytes and more");
    fails(syscall(167, "devfs", "none", 0, 0), xnu::ENOENT, "on nothing");
    fails(syscall(56, "file"), xnu::ENOTSUP, "revoke of a file");
    fails(syscall(56, "/dev/null"), xnu::EPERM, "of a device");
    fails(syscall(324, 3), xnu::ENOSYS, "mlockall");
    fails(syscall(325), xnu::ENOSYS, "munlockall");
    fails(syscall(294, room), xnu::ENOMEM, "shared_region_check_np: nothing is mapped there");
    fails(syscall(536, 0, 0, 0, 0), xnu::EPERM, "shared_region_map_and_slide_2_np is dyld's");
    const i32 fd = fd_of(open("file", O_RDONLY));
    ok(syscall(295, fd, 0, 0), "shared_region_map_np of nothing");
    fails(syscall(295, fd, 1, bad_pointer()), xnu::EFAULT, "from nowhere");
    fails(syscall(295, fd, 1, room), xnu::EPERM, "of a file");
    fails(syscall(295, -1, 1, room), xnu::EBADF, "of none");
    ok(syscall(438, fd, 0, 0, 0, 0, 0), "shared_region_map_and_slide_np of nothing");
    fails(syscall(438, fd, 1, bad_pointer(), 0, 0, 0), xnu::EFAULT, "from nowhere");
    (void)close(fd);
}

void process() {
    ok(syscall(327).raw == 0, "issetugid: nothing has changed");
    ok(in_child([] {
           if (!root()) return 0;
           if (syscall(183, 0).failed() || syscall(327).raw != 0) return 1;  // what is no change is none
           return syscall(183, 54321).ok() && syscall(327).raw == 1 ? 0 : 2;
       }) == 0, "and what has");
    ok(syscall(180, 0x1000000, 0, 0, 0, 0, 0).ok() && syscall(179, 0x1000000, 0, 0, 0, 0).ok(), "kdebug_trace, kdebug_trace64");
    fails(syscall(180, 0x7000000, 0, 0, 0, 0, 0), xnu::EPERM, "in the kernel's own class");
    fails(syscall(179, 0x7000000, 0, 0, 0, 0), xnu::EPERM, "kdebug_trace64 too");
    const u32 me = static_cast<u32>(getpid());
    u32 token[8] = {0, 0, 0, 0, 0, me, 0, 1}, status = 7;
    ok(syscall(170, me, 0, &status, 4, token).ok() && status == 0 && syscall(170, 0, 0, &status, 4, token).ok(), "csops_audittoken");
    fails(syscall(170, me, 0, &status, 4, 0), xnu::EINVAL, "without a token");
    fails(syscall(170, me, 0, &status, 4, bad_pointer()), xnu::EFAULT, "one from nowhere");
    token[5]++;
    fails(syscall(170, me, 0, &status, 4, token), xnu::ESRCH, "another's");
    fails(syscall(170, -1, 0, &status, 4, token), xnu::ESRCH, "of nobody");
    const i64 limit = syscall(89).raw;
    xnu::rlimit files{};
    ok(limit > 0 && syscall(194, 8, &files).ok() && static_cast<u64>(limit) <= files.rlim_cur, "getdtablesize");
    u8* page = reinterpret_cast<u8*>(syscall(xnu::SYS_mmap, 0, 8192, 3, 0x1002, -1, 0).raw);
    ok(syscall(250, page, 4096, 0), "minherit: shared with children");
    page[0] = page[4096] = 1;
    ok(in_child([&] { return page[0] = page[4096] = 9, 0; }) == 0 && page[0] == 9 && page[4096] == 1, "they write to one page of two");
    fails(syscall(250, page, 4096, 99), xnu::EINVAL, "in no known way");
    fails(syscall(184, bad_pointer(), 30, 0), xnu::EFAULT, "sigreturn from nowhere");
    usize size = sizeof room;
    ok(syscall(274, "kern.ostype!", 11, room, &size, 0, 0).ok() && size == 7 && memcmp(room, "Darwin", 7) == 0, "sysctlbyname: as many letters as are said");
    fails(syscall(274, "kern.nothing", 12, room, &size, 0, 0), xnu::ENOENT, "no such name");
    fails(syscall(336, 2, -1, 3, 0, room, 136), xnu::ESRCH, "proc_info of nobody");
    ok(syscall(545, 2, me, 3, 0, 0, 0, room, 136).raw == 136 && room[12] == me % 256, "proc_info_extended_id");
    fails(syscall(545, 2, me, 3, 1, 77, 0, room, 136), xnu::ESRCH, "of another incarnation");
    memset(room, 0, 64);
    ok(syscall(500, room, 64).ok() && (room[0] | room[9] | room[17] | room[33] | room[50] | room[60] | room[63]), "getentropy");
    fails(syscall(500, room, 257), xnu::EINVAL, "more than 256 bytes");
    u32 value = 7;
    ok(syscall(544, 1, &value, 8, 0, 0), "ulock_wait2: another value is success at once");
    fails(syscall(544, 1, &value, 7, 1000000, 0), xnu::ETIMEDOUT, "a millisecond");
    fails(syscall(544, 99, &value, 7, 0, 0), xnu::EINVAL, "an unknown operation");
    fails(syscall(544, 1, reinterpret_cast<u8*>(&value) + 1, 7, 0, 0), xnu::EINVAL, "not aligned");
    ok(syscall(544, 0x1000001, &value, 7, 1000000, 0).raw == -xnu::ETIMEDOUT, "ULF_NO_ERRNO: a negative result");
    fails(syscall(528, bad_pointer()), xnu::EFAULT, "ntp_gettime to nowhere");
    fails(syscall(18, room, -1, 2), xnu::EINVAL, "getfsstat: a negative size");
    fails(syscall(347, room, -1, 2), xnu::EINVAL, "getfsstat64 too");
    ok(in_child([] {
           if (root() && syscall(126, 54321, 54321).failed()) return 1;
           return syscall(181, 54399).err() == xnu::EPERM && syscall(182, 54399).err() == xnu::EPERM ? 0 : 2;
       }) == 0, "setgid and setegid, for the superuser");
    ok(in_child([] {
           xnu::rlimit few{8, 8};
           if (syscall(195, 8, &few).failed()) return 1;
           while (syscall(41, 0).ok()) {}
           if (syscall(41, 0).err() != xnu::EMFILE) return 2;
           if (syscall(362).err() != xnu::EMFILE) return 3;
           return syscall(42).err() == xnu::EMFILE ? 0 : 4;
       }) == 0, "dup, kqueue and pipe without a descriptor left: EMFILE");
    ok(in_child([] { return syscall(60, 027).raw == 022 && syscall(60, 022).raw == 027 ? 0 : 1; }) == 0, "umask");
}

void memory() {
    u8* pages = reinterpret_cast<u8*>(syscall(xnu::SYS_mmap, 0, 3 * 4096, 3, 0x1002, -1, 0).raw);
    pages[0] = 1;
    ok(syscall(73, pages + 4096, 4096), "a hole");
    for (const i32 advice : {0, 1, 2, 3, 4}) fails(syscall(75, pages, 3 * 4096, advice), xnu::EINVAL, "madvise over a hole");
    fails(syscall(75, pages, 4096, 99), xnu::EINVAL, "of no known kind");
    ok(syscall(75, pages, 4096, 4).ok() && pages[0] == 1, "MADV_DONTNEED keeps what was there");
    fails(syscall(203, pages, 3 * 4096), xnu::ENOMEM, "mlock of a hole");
    fails(syscall(204, pages, 3 * 4096), xnu::ENOMEM, "munlock too");
    ok(syscall(203, pages, 4096).ok() && syscall(204, pages, 4096).ok(), "mlock, munlock");
    fails(syscall(65, pages, 3 * 4096, 0x10), xnu::ENOMEM, "msync of a hole");
    fails(syscall(74, pages, 3 * 4096, 1), xnu::ENOMEM, "mprotect of one");
    fails(syscall(74, pages + 1, 4096, 1), xnu::EINVAL, "of an odd address");
    for (const u64 n : {u64{0}, u64{4097}}) fails(syscall(73, n ? pages + 1 : pages, n), xnu::EINVAL, "munmap of nothing, or from an odd address");
    fails(syscall(78, ~u64{4095}, 8192, room), xnu::EINVAL, "mincore around the end of addresses");
    fails(syscall(201, 0x7fffffff, 0), xnu::EBADF, "ftruncate of nothing");
    fails(syscall(200, "file", -1), xnu::EINVAL, "truncate to less than nothing");
    fails(syscall(200, "folder", 0), xnu::EISDIR, "of a directory");
}

void queues() {
    constexpr i32 creat = 0x200, excl = 0x400;
    const i32 key = 0x7e000000 | static_cast<i32>(getpid());
    const Result m = syscall(259, key, creat | 0600);
    if (m.failed()) return skip("no System V queues", "msgget");
    fails(syscall(259, key, creat | excl | 0600), xnu::EEXIST, "msgget of what is there");
    ok(syscall(259, key, 0).raw == m.raw && syscall(258, m.raw, 0, 0).ok(), "and gone");
    fails(syscall(259, key, 0), xnu::ENOENT, "msgget of nothing");
    const Result s = syscall(255, key, 2, creat | 0600);
    fails(syscall(255, key, 2, creat | excl | 0600), xnu::EEXIST, "semget of what is there");
    fails(syscall(255, key, 3, 0), xnu::EINVAL, "of more semaphores than it has");
    fails(syscall(255, 0, 0, creat | 0600), xnu::EINVAL, "of none");
    ok(syscall(254, s.raw, 0, 0, 0), "semctl IPC_RMID");
    const Result h = syscall(265, key, 8192, creat | 0600);
    fails(syscall(265, key, 8192, creat | excl | 0600), xnu::EEXIST, "shmget of what is there");
    fails(syscall(265, key, 16384, 0), xnu::EINVAL, "of more than it is");
    ok(syscall(263, h.raw, 0, 0), "shmctl IPC_RMID");
    fails(syscall(265, key, 8192, 0), xnu::ENOENT, "shmget of nothing");
    fails(syscall(262, h.raw, 0, 0), xnu::EINVAL, "shmat of what is gone");
}

}  // namespace

int main() {
    print("TAP version 13\n");
    Workplace here;
    files(), attributes(), access_list(), refusals(), process(), memory(), queues();
    return done();
}
