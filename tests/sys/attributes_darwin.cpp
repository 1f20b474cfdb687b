// SPDX-License-Identifier: BSD-3-Clause
// Darwin's own ways to files: attribute lists, extended attributes, filesystems, locks at open, odd mappings.
#include "sys/memory.h"
#include "sys/path_at.h"
#include "tests/sys/fs_tools.h"

enum : u32 {
    cmn_name = 1, cmn_objtype = 8, cmn_modtime = 0x400, cmn_acctime = 0x1000, cmn_ownerid = 0x8000, cmn_accessmask = 0x20000,
    cmn_fileid = 0x2000000, file_datalength = 0x200,
};

static void attribute_lists() {
    make_file("file", "12345");
    FileInfo info{};
    (void)stat("file", &info);
    xnu::attrlist want{5, 0, cmn_name | cmn_objtype | cmn_modtime | cmn_ownerid | cmn_accessmask | cmn_fileid, 0, 0, file_datalength, 0};
    // As the kernel packs it: each on a multiple of 4.
    struct [[gnu::packed, gnu::aligned(8)]] {
        u32 length;
        i32 name_offset;
        u32 name_length, type;
        i64 seconds, nanoseconds;
        u32 owner, mode;
        u64 id;
        i64 size;
        char rest[64];
    } got{};
    ok(sys_getattrlist("file", &want, &got, sizeof got, 0), "getattrlist");
    ok(got.length == 56 + 8, "its length: the fields, and the name padded to words");
    ok(got.type == 1 && got.owner == info.uid && (got.mode & 07777) == (info.mode & 07777) && got.id == info.ino && got.size == 5, "what stat says");
    ok(got.seconds * 1'000'000'000 + got.nanoseconds == info.mtime, "the time too");
    ok(got.name_length == 5 && str_eq(reinterpret_cast<char*>(&got.name_offset) + got.name_offset, "file"), "and the name, behind the rest");
    u32 little[2] = {0, 0x55555555};
    ok(sys_getattrlist("file", &want, little, 4, 0).ok() && little[0] == 64 && little[1] == 0x55555555, "no more than there is room for, and the length of all");
    fails(sys_getattrlist("missing", &want, &got, sizeof got, 0), xnu::ENOENT, "heritage 21: getattrlist");
    fails(sys_getattrlist("file", &want, bad_pointer(), sizeof got, 0), xnu::EFAULT, "to nowhere");
    fails(sys_getattrlist("file", reinterpret_cast<xnu::attrlist*>(bad_pointer()), &got, sizeof got, 0), xnu::EFAULT, "of nothing");
    want.bitmapcount = 4;
    fails(sys_getattrlist("file", &want, &got, sizeof got, 0), xnu::EINVAL, "of four groups");

    xnu::attrlist change{5, 0, cmn_modtime | cmn_acctime, 0, 0, 0, 0};
    xnu::timespec times[2] = {{1'300'000'000, 123'456'789}, {1'200'000'000, 0}};
    ok(sys_setattrlist("file", &change, times, sizeof times, 0), "setattrlist");
    (void)stat("file", &info);
    ok(info.mtime / 1'000'000'000 == 1'300'000'000 && info.atime / 1'000'000'000 == 1'200'000'000, "sets times, the content's first");
    ok(info.mtime % 1'000'000'000 == 0 || info.mtime % 1'000'000'000 == 123'456'789, "to the nanosecond where the filesystem has them");
    fails(sys_setattrlist("file", &change, times, 20, 0), xnu::EINVAL, "not from half of them");
    fails(sys_setattrlist("missing", &change, times, sizeof times, 0), xnu::ENOENT, "heritage 21: setattrlist");
    const i32 fd = fd_of(open("file", O_RDWR));
    times[0].tv_sec++;
    ok(sys_fsetattrlist(fd, &change, times, sizeof times, 0).ok() && stat("file", &info).ok() && info.mtime / 1'000'000'000 == 1'300'000'001,
       "by descriptor");
    (void)close(fd);
}

static void extended() {
    make_file("x");
    const Result r = sys_setxattr("x", "org.example.a", "value", 5, 0, 0);
    if (r.err() == xnu::ENOTSUP) {
        skip("the filesystem has none", "extended attributes");
        return;
    }
    ok(r, "setxattr");
    char at[64] = {};
    ok(sys_getxattr("x", "org.example.a", at, sizeof at, 0, 0).raw == 5 && memcmp(at, "value", 5) == 0, "getxattr");
    ok(sys_getxattr("x", "org.example.a", nullptr, 0, 0, 0).raw == 5, "its size");
    fails(sys_getxattr("x", "org.example.a", at, 3, 0, 0), xnu::ERANGE, "too little room");
    fails(sys_getxattr("x", "org.example.b", at, sizeof at, 0, 0), xnu::ENOATTR, "ENOATTR");
    fails(sys_setxattr("x", "org.example.a", "v", 1, 0, 2), xnu::EEXIST, "XATTR_CREATE");
    fails(sys_setxattr("x", "org.example.b", "v", 1, 0, 4), xnu::ENOATTR, "XATTR_REPLACE");
    fails(sys_setxattr("x", "org.example.b", "v", 1, 0, 6), xnu::EINVAL, "both");
    fails(sys_getxattr("missing", "org.example.a", at, sizeof at, 0, 0), xnu::ENOENT, "heritage 21: getxattr");
    ok(sys_setxattr("x", "b", "", 0, 0, 0), "an empty one");
    const i64 n = sys_listxattr("x", at, sizeof at, 0).raw;
    ok(n == 16 && ((str_eq(at, "org.example.a") && str_eq(at + 14, "b")) || (str_eq(at, "b") && str_eq(at + 2, "org.example.a"))), "listxattr");
    ok(sys_listxattr("x", nullptr, 0, 0).raw == 16, "its size");
    fails(sys_listxattr("x", at, 15, 0), xnu::ERANGE, "too little room");
    ok(sys_removexattr("x", "b", 0).ok() && sys_listxattr("x", nullptr, 0, 0).raw == 14, "removexattr");
    fails(sys_removexattr("x", "b", 0), xnu::ENOATTR, "once");
}

static void others() {
    xnu::statfs64 fs{};
    ok(sys_statfs64(".", &fs).ok() && fs.f_bsize >= 512 && fs.f_fstypename[0] && fs.f_mntonname[0] == '/', "statfs64 names the filesystem");
    ok(sys_getfsstat64(nullptr, 0, 2).raw >= 1, "getfsstat64 counts them");
    fails(sys_statfs64(".", reinterpret_cast<xnu::statfs64*>(bad_pointer())), xnu::EFAULT, "to nowhere");
    ok(sys_pathconf(".", 4).raw == 255 && sys_pathconf(".", 5).raw == 1024, "pathconf: names and paths");
    fails(sys_pathconf(".", 99), xnu::EINVAL, "of nothing known");
    fails(sys_pathconf("missing", 4), xnu::ENOENT, "heritage 21: pathconf");

    const i32 locked = fd_of(open("file", O_RDWR | xnu::O_EXLOCK));
    fails(open("file", O_RDONLY | xnu::O_SHLOCK | O_NONBLOCK), xnu::EWOULDBLOCK, "O_EXLOCK holds off O_SHLOCK");
    ok(close(locked).ok() && close(fd_of(open("file", O_RDONLY | xnu::O_SHLOCK | O_NONBLOCK))).ok(), "until it is closed");
    (void)symlink("file", "soft");
    FileInfo a{}, b{};
    ok(link("soft", "hard").ok() && lstat("hard", &a).ok() && lstat("file", &b).ok() && a.ino == b.ino, "link follows a symbolic link");
    const i32 soft = fd_of(open("soft", O_RDONLY | xnu::O_SYMLINK));
    ok(fstat(soft, &a).ok() && (a.mode & S_IFMT) == S_IFLNK && close(soft).ok(), "O_SYMLINK opens the link");
    const i32 at_file = fd_of(open("file", O_RDONLY));
    const Result odd = sys_mmap(nullptr, 3, xnu::PROT_READ, xnu::MAP_PRIVATE, at_file, 1);
    ok(odd.ok() && odd.value() % 4096 == 1 && *reinterpret_cast<char*>(odd.value()) == '2', "an odd offset maps as oddly, to who asks the kernel");
    ok(sys_mmap(nullptr, 0, xnu::PROT_READ, xnu::MAP_PRIVATE | xnu::MAP_ANON, -1, 0).raw == 0, "and no bytes map at 0");
    fails(sys_mmap(nullptr, 4096, xnu::PROT_READ, xnu::MAP_PRIVATE | xnu::MAP_ANON, 5, 0), xnu::EINVAL, "MAP_ANON takes a tag for a descriptor, not a number");
    ok(sys_mmap(nullptr, 4096, xnu::PROT_READ, xnu::MAP_PRIVATE | xnu::MAP_ANON, 240 << 24, 0), "such as 240");
    fails(write(at_file, "x", 1), xnu::EBADF, "read only");
    fails(sys_write(1, "", usize{1} << 31), xnu::EINVAL, "more than INT_MAX bytes are EINVAL to who asks the kernel");
    fails(sys_read(0, nullptr, usize{1} << 31), xnu::EINVAL, "to read as well");
    (void)close(at_file);
}

int main() {
    print("TAP version 13\n");
    Workplace here;
    attribute_lists();
    extended();
    others();
    return done();
}
