// SPDX-License-Identifier: BSD-3-Clause
// Extended attributes to their corners: the two that are not plain (com.apple.ResourceFork with its positions, com.apple.FinderInfo),
// long lists, options, names, descriptors (bsd/vfs/vfs_syscalls.c, vfs_xattr.c, bsd/hfs/hfs_xattr.c of xnu-3248.60.10). And what
// pathconf knows of each kind of file (vn_pathconf, hfs_vnop_pathconf, spec_pathconf, fifo_pathconf).
#include "sys/darwin/fs.h"
#include "sys/darwin/process.h"
#include "sys/net.h"
#include "sys/temporary.h"
#include "tests/sys/fs_tools.h"

namespace {

constexpr u32 nofollow = 1, create = 2, replace = 4, nosecurity = 8, nodefault = 0x10, showcompression = 0x20;
constexpr char fork_name[] = "com.apple.ResourceFork", finder_name[] = "com.apple.FinderInfo";

// Up to xnu-4570 a name that cannot be copied is EPERM or ENAMETOOLONG whatever is wrong with it.
bool old_names() {
    char release[32] = {};
    usize size = sizeof release;
    const i32 name[2] = {1, 2};
    (void)sys_sysctl(const_cast<i32*>(name), 2, release, &size, nullptr, 0);
    return release[1] == '.' || release[0] == '0' || (release[0] == '1' && release[1] <= '7');
}

void forks() {
    make_file("f");
    char at[64] = {};
    fails(sys_getxattr("f", fork_name, at, sizeof at, 0, 0), xnu::ENOATTR, "no resource fork: ENOATTR");
    fails(sys_setxattr("f", fork_name, "abc", 3, 0, replace), xnu::ENOATTR, "none to replace: ENOATTR");
    ok(sys_setxattr("f", fork_name, "", 0, 0, 0).ok() && sys_getxattr("f", fork_name, nullptr, 0, 0, 0).err() == xnu::ENOATTR, "of no bytes none is made");
    ok(sys_setxattr("f", fork_name, "abcdef", 6, 0, create), "a resource fork");
    fails(sys_setxattr("f", fork_name, "x", 1, 0, create), xnu::EEXIST, "XATTR_CREATE of one that is there: EEXIST");
    ok(sys_getxattr("f", fork_name, at, sizeof at, 2, 0).raw == 4 && memcmp(at, "cdef", 4) == 0, "read from a position");
    ok(sys_getxattr("f", fork_name, at, 2, 0, 0).raw == 2, "as much as there is room for");
    ok(sys_getxattr("f", fork_name, at, sizeof at, 6, 0).raw == 0 && sys_getxattr("f", fork_name, at, sizeof at, 1000, 0).raw == 0, "nothing behind its end");
    ok(sys_getxattr("f", fork_name, nullptr, 0, 4, 0).raw == 6, "its size, wherever one asks from");
    ok(sys_setxattr("f", fork_name, "XY", 2, 1, 0).ok() && sys_getxattr("f", fork_name, at, sizeof at, 0, 0).raw == 6 && memcmp(at, "aXYdef", 6) == 0,
       "written at a position, in place");
    ok(sys_setxattr("f", fork_name, "Z", 1, 0, 0).ok() && sys_getxattr("f", fork_name, nullptr, 0, 0, 0).raw == 6, "it is never cut");
    ok(sys_setxattr("f", fork_name, "!", 1, 8, 0).ok() && sys_getxattr("f", fork_name, at, sizeof at, 0, 0).raw == 9 && memcmp(at, "ZXYdef\0\0!", 9) == 0,
       "and grows, with zeros between");
    FileInfo before{}, after{};
    ok(stat("f", &before).ok() && before.size == 0, "the file's own content is another");
    fails(sys_getxattr("f", fork_name, bad_pointer(), 4, 0, 0), xnu::EFAULT, "to nowhere: EFAULT");
    fails(sys_setxattr("f", fork_name, bad_pointer(), 4, 0, 0), xnu::EFAULT, "from nowhere: EFAULT");
    const i32 fd = fd_of(open("f", O_RDWR));
    ok(sys_fgetxattr(fd, fork_name, at, sizeof at, 8, 0).raw == 1 && at[0] == '!' && sys_fsetxattr(fd, fork_name, "?", 1, 8, 0).ok() &&
           sys_fgetxattr(fd, fork_name, at, 1, 8, 0).raw == 1 && at[0] == '?', "by descriptor");
    ok(sys_fremovexattr(fd, fork_name, 0), "removed");
    fails(sys_removexattr("f", fork_name, 0), xnu::ENOATTR, "once");
    (void)close(fd);
    (void)mkdir("d", 0755);
    fails(sys_setxattr("d", fork_name, "x", 1, 0, 0), xnu::EPERM, "a folder has none: EPERM");
    fails(sys_getxattr("d", fork_name, at, 1, 0, 0), xnu::EPERM, "to read too");
    fails(sys_removexattr("d", fork_name, 0), xnu::EPERM, "to remove too");
    (void)after;
}

void finder() {
    char info[32] = {}, got[32] = {};
    fails(sys_getxattr("f", finder_name, got, 32, 0, 0), xnu::ENOATTR, "no Finder information: ENOATTR");
    fails(sys_setxattr("f", finder_name, info, 31, 0, 0), xnu::ERANGE, "of 31 bytes: ERANGE");
    ok(sys_setxattr("f", finder_name, info, 32, 0, 0).ok() && sys_getxattr("f", finder_name, got, 32, 0, 0).err() == xnu::ENOATTR, "all zeros is none");
    memcpy(info, "TEXTttxt", 8);
    for (u32 i = 16; i < 32; i++) info[i] = static_cast<char>(i);
    ok(sys_setxattr("f", finder_name, info, 32, 0, create), "type and creator");
    fails(sys_setxattr("f", finder_name, info, 32, 0, create), xnu::EEXIST, "XATTR_CREATE again: EEXIST");
    ok(sys_getxattr("f", finder_name, got, 32, 0, 0).raw == 32 && memcmp(got, "TEXTttxt", 8) == 0, "are kept");
    bool hidden = true;
    for (u32 i = 16; i < 24; i++) hidden = hidden && got[i] == 0;
    for (u32 i = 28; i < 32; i++) hidden = hidden && got[i] == 0;
    ok(hidden && got[24] == 24 && got[27] == 27, "dates and counters in it are the file system's");
    fails(sys_getxattr("f", finder_name, got, 31, 0, 0), xnu::ERANGE, "room for 31: ERANGE");
    fails(sys_getxattr("f", finder_name, got, 32, 1, 0), xnu::EINVAL, "a position: EINVAL");
    memcpy(info, "hlnk", 4);
    fails(sys_setxattr("f", finder_name, info, 32, 0, 0), xnu::EPERM, "the type of a hard link: EPERM");
    char names[64];
    (void)sys_setxattr("f", "a", "", 0, 0, 0);
    (void)sys_setxattr("f", fork_name, "x", 1, 0, 0);
    ok(sys_listxattr("f", names, sizeof names, 0).raw == 46 && str_eq(names, finder_name) && str_eq(names + 21, fork_name) && str_eq(names + 44, "a"),
       "listxattr tells these two first");
    memset(info, 0, 32);
    ok(sys_setxattr("f", finder_name, info, 32, 0, replace).ok() && sys_listxattr("f", nullptr, 0, 0).raw == 25, "zeros take it away");
    fails(sys_setxattr("f", finder_name, info, 32, 0, replace), xnu::ENOATTR, "once");
    (void)sys_removexattr("f", fork_name, 0), (void)sys_removexattr("f", "a", 0);
}

void lists() {
    make_file("many");
    char name[128];
    i64 total = 0;
    u32 made = 0;
    for (; made < 60; made++) {  // of 120 characters: more than 4,096 bytes of names
        memset(name, 'n', 120);
        name[117] = static_cast<char>('a' + made / 26), name[118] = static_cast<char>('a' + made % 26), name[119] = 0;
        const Result r = sys_setxattr("many", name, "v", 1, 0, 0);
        if (r.failed()) break;
        total += 120;
    }
    static char all[16384];
    ok(sys_listxattr("many", nullptr, 0, 0).raw == total, "a list's size");
    ok(sys_listxattr("many", all, sizeof all, 0).raw == total && str_len(all) == 119, "and all of it");
    fails(sys_listxattr("many", all, static_cast<usize>(total) - 1, 0), xnu::ERANGE, "a byte too little: ERANGE");
    fails(sys_listxattr("many", bad_pointer(), sizeof all, 0), xnu::EFAULT, "to nowhere: EFAULT");
    ok(sys_listxattr("many", all, 0, 0).raw == total, "no room at all asks for the size");
    if (total <= 4096) skip("the file system takes fewer", "more than 4,096 bytes of names");
    else ok(made == 60, "more than 4,096 bytes of names");
}

void names_and_options() {
    char at[300];
    (void)sys_setxattr("f", "p", "value", 5, 0, 0);
    fails(sys_getxattr("f", "p", at, 5, 1, 0), xnu::EINVAL, "a position is for resource forks: EINVAL");
    ok(sys_getxattr("f", "p", nullptr, 0, 1, 0).raw == 5, "but not looked at when only the size is asked");
    fails(sys_setxattr("f", "p", "x", 1, 1, 0), xnu::EINVAL, "to write too: EINVAL");
    ok(sys_getxattr("f", "p", at, ~usize{0}, 0, 0).raw == 5 && sys_getxattr("f", "p", at, 0xffffffff, 0, 0).raw == 5, "room of -1 asks for the size");
    fails(sys_getxattr("f", "p", at, 0, 0, 0), xnu::ERANGE, "room of 0 does not: ERANGE");
    const i32 fd = fd_of(open("f", O_RDONLY));
    ok(sys_fgetxattr(fd, "p", at, 0, 0, 0).raw == 5, "but by descriptor it does");
    fails(sys_setxattr("f", "p", nullptr, 1, 0, 0), xnu::EINVAL, "a value that is not there: EINVAL");
    for (const u32 o : {nosecurity, nodefault}) {
        fails(sys_getxattr("f", "p", at, 5, 0, o), xnu::EINVAL, "the kernel's own options: getxattr");
        fails(sys_setxattr("f", "p", at, 5, 0, o), xnu::EINVAL, "setxattr");
        fails(sys_removexattr("f", "p", o), xnu::EINVAL, "removexattr");
        fails(sys_listxattr("f", at, 5, o), xnu::EINVAL, "listxattr");
    }
    ok(sys_getxattr("f", "p", at, 5, 0, showcompression).raw == 5, "XATTR_SHOWCOMPRESSION shows nothing here");
    fails(sys_fgetxattr(fd, "p", at, 5, 0, nofollow), xnu::EINVAL, "XATTR_NOFOLLOW of a descriptor: fgetxattr");
    fails(sys_fsetxattr(fd, "p", at, 5, 0, nofollow), xnu::EINVAL, "fsetxattr");
    fails(sys_fremovexattr(fd, "p", nofollow), xnu::EINVAL, "fremovexattr");
    fails(sys_flistxattr(fd, at, 5, nofollow), xnu::EINVAL, "flistxattr");
    (void)symlink("f", "l");
    ok(sys_getxattr("l", "p", at, 5, 0, 0).raw == 5, "a link is followed");
    fails(sys_getxattr("l", "p", at, 5, 0, nofollow), xnu::ENOATTR, "or not: ENOATTR");
    fails(sys_getxattr("f", "", at, 5, 0, 0), xnu::EINVAL, "no name: EINVAL");
    fails(sys_setxattr("f", "", at, 5, 0, 0), xnu::EINVAL, "to write: EINVAL");
    fails(sys_setxattr("f", "com.apple.system.x", at, 5, 0, 0), xnu::EPERM, "the system's own: EPERM");
    fails(sys_getxattr("f", "com.apple.system.x", at, 5, 0, 0), xnu::EPERM, "to read too");
    fails(sys_removexattr("f", "com.apple.system.x", 0), xnu::EPERM, "to remove too");
    const bool old = old_names();
    memset(at, 'x', 200), at[128] = 0;
    fails(sys_getxattr("f", at, nullptr, 0, 0, 0), old ? xnu::EPERM : xnu::ENAMETOOLONG, "a name of 128");
    fails(sys_setxattr("f", at, "v", 1, 0, 0), xnu::ENAMETOOLONG, "to write");
    fails(sys_removexattr("f", at, 0), xnu::ENAMETOOLONG, "to remove");
    at[127] = 0;
    fails(sys_getxattr("f", at, nullptr, 0, 0, 0), xnu::ENOATTR, "one of 127 is none too long");
    fails(sys_getxattr("f", bad_pointer(), nullptr, 0, 0, 0), old ? xnu::EPERM : xnu::EFAULT, "a name from nowhere");
    fails(sys_setxattr("f", bad_pointer(), "v", 1, 0, 0), old ? xnu::ENAMETOOLONG : xnu::EFAULT, "to write");
    fails(sys_removexattr("f", bad_pointer(), 0), xnu::EFAULT, "to remove");
    fails(sys_getxattr("missing", bad_pointer(), nullptr, 0, 0, 0), xnu::ENOENT, "who reads looks for the file first");
    fails(sys_setxattr("missing", bad_pointer(), "v", 1, 0, 0), old ? xnu::ENAMETOOLONG : xnu::EFAULT, "who writes at the name");
    fails(sys_getxattr("/dev/null", "p", nullptr, 0, 0, 0), xnu::EPERM, "a device has none: EPERM");
    i32 ends[2];
    (void)pipe(ends);
    fails(sys_fgetxattr(ends[0], "p", at, 5, 0, 0), xnu::EINVAL, "nor has a pipe: EINVAL");
    fails(sys_flistxattr(ends[0], at, 5, 0), xnu::EINVAL, "listed: EINVAL");
    fails(sys_fsetxattr(ends[0], "p", at, 5, 0, 0), xnu::EINVAL, "set: EINVAL");
    fails(sys_fgetxattr(99, "p", at, 5, 0, 0), xnu::EBADF, "nor nothing: EBADF");
    const i32 event = fd_of(open("f", xnu::O_EVTONLY));
    ok(sys_fgetxattr(event, "p", at, 5, 0, 0).raw == 5, "O_EVTONLY is enough");
    for (const i32 n : {fd, event, ends[0], ends[1]}) (void)close(n);
}

void limits() {
    struct Row {
        i32 file, device, fifo;
    };
    constexpr i32 none = -22;
    constexpr Row rows[27] = {
        {none, none, none}, {32767, 32767, 32767}, {none, 1024, none}, {none, 1024, none}, {255, none, none}, {1024, none, none}, {512, 512, 512},
        {200112, 200112, 200112}, {200112, none, none}, {none, 255, none}, {255, none, none}, {1, none, none}, {1, none, none}, {1, 1, 1}, {0, 0, 0},
        {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, {64, none, none}, {0, 0, 0}, {4096, 4096, 4096}, {65536, 65536, 65536}, {4096, 4096, 4096},
        {4096, 4096, 4096}, {255, 255, 255}, {0, 0, 0}, {31, none, 31},
    };
    (void)sys_mkfifo("fifo", 0644);
    const i32 file = fd_of(open("f", O_RDONLY)), device = fd_of(open("/dev/null", O_RDONLY)), fifo = fd_of(open("fifo", O_RDONLY | O_NONBLOCK));
    const auto said = [](Result r) { return r.ok() ? static_cast<i32>(r.raw) : -r.err(); };
    for (i32 n = 0; n < 27; n++) {
        const Row& w = rows[n];
        const i32 got[6] = {said(sys_pathconf("f", n)), said(sys_pathconf("/dev/null", n)), said(sys_pathconf("fifo", n)),
                            said(sys_fpathconf(file, n)), said(sys_fpathconf(device, n)), said(sys_fpathconf(fifo, n))};
        ok(got[0] == w.file && got[1] == w.device && got[2] == w.fifo && got[3] == w.file && got[4] == w.device && got[5] == w.fifo, "pathconf, fpathconf of a file, a device, a fifo");
        if (got[0] != w.file || got[1] != w.device || got[2] != w.fifo) print("# ", n, ": ", got[0], " ", got[1], " ", got[2], "\n");
    }
    i32 pair[2], ends[2];
    (void)socketpair(AF_UNIX, SOCK_STREAM, 0, pair), (void)pipe(ends);
    const i32 kq = fd_of(sys_kqueue());
    for (const i32 fd : {pair[0], ends[0]}) {
        ok(sys_fpathconf(fd, 6).raw == 512, "a socket, a pipe knows PIPE_BUF");
        fails(sys_fpathconf(fd, 1), xnu::EINVAL, "and nothing else: EINVAL");
    }
    fails(sys_fpathconf(kq, 6), xnu::EINVAL, "a kqueue nothing: EINVAL");
    fails(sys_fpathconf(99, 6), xnu::EBADF, "of nothing: EBADF");
    fails(sys_pathconf("f", -1), xnu::EINVAL, "a negative name: EINVAL");
    fails(sys_pathconf(bad_pointer(), 1), xnu::EFAULT, "a path from nowhere: EFAULT");
    for (const i32 n : {file, device, fifo, pair[0], pair[1], ends[0], ends[1], kq}) (void)close(n);
}

}  // namespace

int main() {
    print("TAP version 13\n");
    Workplace here;
    make_file("probe");
    if (sys_setxattr("probe", "a", "v", 1, 0, 0).err() == xnu::ENOTSUP) {
        skip("the file system has none", "extended attributes");
    } else {
        forks();
        finder();
        lists();
        names_and_options();
    }
    make_file("f");
    limits();
    return done();
}
