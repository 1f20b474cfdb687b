// SPDX-License-Identifier: BSD-3-Clause
// Attribute lists beyond what stat knows: sets of what was returned, names and paths, volumes, whole directories, refusals.
// Order and packing: xnu-11417.121.6 bsd/vfs/vfs_attrlist.c.
#include "sys/darwin/file_calls.h"
#include "tests/sys/fs_tools.h"
#include "tests/sys/fields.h"

namespace {

constexpr u32 name = 1, objtype = 8, objtag = 0x10, gen_count = 0x80000, flags = 0x40000, useraccess = 0x200000, security = 0x400000, uuid = 0x800000, fileid = 0x2000000,
              parentid = 0x4000000, fullpath = 0x8000000, error = 0x20000000, returned = 0x80000000;
constexpr u64 nofollow = 1, pack_invalid = 8, extended = 0x20;
alignas(8) u8 at[16384];

u32 word(u32 offset) { return field<u32>(at, offset); }
u64 wide(u32 offset) { return field<u64>(at, offset); }
const char* text(u32 offset) { return reinterpret_cast<const char*>(at + offset + word(offset)); }

Result get(const char* path, xnu::attrlist want, u64 options = 0) {
    memset(at, 0xee, sizeof at);
    return sys_getattrlist(path, &want, at, sizeof at, options);
}

void sets() {
    make_file("file", "12345");
    (void)symlink("file", "soft");
    ok(get("file", {5, 0, returned | name | objtype | error, 0, 7, 0x201, 0}), "ATTR_CMN_RETURNED_ATTRS");
    ok(word(4) == (returned | name | objtype) && word(8) == 0 && word(12) == 0 && word(16) == 0x201 && word(20) == 0,
       "a set of what is there: no error, and nothing of directories");
    ok(word(32) == 1 && word(36) == 1 && wide(40) == 5, "then the attributes");
    ok(str_eq(text(24), "file") && word(28) == 5 && word(24) == 28, "the text lies behind the room of all that was asked for");
    ok(word(0) == 60, "and the length is that of all");
    ok(get("file", {5, 0, returned | name | objtype | error, 0, 0, 0, 0}, pack_invalid).ok() && word(24) == 0 && str_eq(text(28), "file"),
       "FSOPT_PACK_INVAL_ATTRS: with a place for what is not");
    fails(get("file", {5, 0, name, 0, 0, 0, 0}, pack_invalid), xnu::EINVAL, "only if the set is asked for");
    ok(get("soft", {5, 0, objtype, 0, 0, 0, 0}, nofollow).ok() && word(4) == 5, "FSOPT_NOFOLLOW");
    ok(get("soft", {5, 0, objtype | objtag, 0, 0, 0, 0}).ok() && word(4) == 1 && word(8) == 17, "and without it");
    ok(get("file", {5, 0, security | uuid, 0, 0, 0, 0}).ok() && word(0) == 28 && word(8) == 0, "no access list is a reference to nothing");
    ok(get("file", {5, 0, returned | security, 0, 0, 0, 0}).ok() && word(4) == returned, "or not in the set");
    const Result u = get("file", {5, 0, useraccess, 0, 0, 0, 0});
    ok(u.ok() && (word(4) & 6) == 6 && !(word(4) & 1 && !root()), "ATTR_CMN_USERACCESS: read and write");
}

void names() {
    FileInfo here{}, file{};
    (void)stat(".", &here), (void)stat("file", &file);
    (void)mkdir("sub", 0755);
    (void)mkdir("sub/a", 0755), make_file("sub/b"), make_file("sub/c");
    char cwd[xnu::MAXPATHLEN];
    ok(getcwd(cwd, sizeof cwd), "getcwd");
    ok(get(".", {5, 0, fullpath, 0, 0, 0, 0}).ok() && str_eq(text(4), cwd), "ATTR_CMN_FULLPATH is what getcwd says");
    ok(get("sub/../file", {5, 0, name | fileid | parentid, 0, 0, 0, 0}).ok() && str_eq(text(4), "file") && wide(12) == file.ino && wide(20) == here.ino,
       "a name, a number, and that of the directory");
    ok(get("sub", {5, 0, objtype, 0, 7, 0x201, 0}).ok() && word(0) == 20 && word(4) == 2 && word(8) == 1 && word(12) == 3 && word(16) == 0,
       "of a directory: its entries, of whatever kind");
    const i32 fd = fd_of(open("file", O_RDONLY));
    xnu::attrlist want{5, 0, name, 0, 0, 0, 0};
    ok(sys_fgetattrlist(fd, &want, at, sizeof at, 0).ok() && str_eq(text(4), "file"), "a descriptor knows its name");
    ok(sys_getattrlistat(xnu::AT_FDCWD, "file", &want, at, sizeof at, 0).ok() && str_eq(text(4), "file"), "getattrlistat");
    const i32 sub = fd_of(open("sub", O_RDONLY | O_DIRECTORY));
    ok(sys_getattrlistat(sub, "b", &want, at, sizeof at, 0).ok() && str_eq(text(4), "b"), "from a directory");
    fails(sys_getattrlistat(sub, "file", &want, at, sizeof at, 0), xnu::ENOENT, "and not from another");
    fails(sys_getattrlistat(fd, "b", &want, at, sizeof at, 0), xnu::ENOTDIR, "a file is none");
    fails(sys_getattrlistat(-1, "b", &want, at, sizeof at, 0), xnu::EBADF, "nor is -1");
    fails(sys_fgetattrlist(-1, &want, at, sizeof at, 0), xnu::EBADF, "fgetattrlist of nothing");
    i32 p[2] = {-1, -1};
    (void)pipe(p);
    fails(sys_fgetattrlist(p[0], &want, at, sizeof at, 0), xnu::EINVAL, "of a pipe");
    (void)close(p[0]), (void)close(p[1]), (void)close(fd), (void)close(sub);
}

void refusals() {
    fails(get("file", {5, 0, gen_count, 0, 0, 0, 0}), xnu::EINVAL, "a bit that means something only with FSOPT_ATTR_CMN_EXTENDED");
    fails(get("file", {5, 0, name, 0, 0, 0, 1}), xnu::EINVAL, "forks");
    fails(get("file", {5, 0, name, 0, 0, 0, 3}, extended), xnu::EINVAL, "with it as well");
    ok(get("file", {5, 0, objtype, 0, 0, 0, 0x10}, extended).ok() && word(0) == 16, "ATTR_CMNEXT_LINKID");
    fails(get("file", {5, 0, name, 0, 0, 0x4000, 0}), xnu::EINVAL, "a bit that files have not");
    ok(get("sub", {5, 0, name, 0, 0, 0x4000, 0}), "is not looked at for a directory");
    fails(get("sub", {5, 0, name, 0, 0x40, 0, 0}), xnu::EINVAL, "a bit that directories have not");
    fails(get("file", {5, 0, name, 4, 0, 1, 0}), xnu::EINVAL, "a volume's and a file's at once");
    fails(get("file", {5, 0, 0, 0x0f000000, 0, 0, 0}), xnu::EINVAL, "a bit that volumes have not");
    xnu::attrlist want{5, 0, name, 0, 0, 0, 0};
    fails(sys_getattrlist("file", &want, at, 3, 0), xnu::ERANGE, "no room for the length");
    fails(sys_getattrlist(bad_pointer(), &want, at, sizeof at, 0), xnu::EFAULT, "a bad path");
    xnu::attrlist change{5, 0, name, 0, 0, 0, 0};
    u32 value[8] = {};
    fails(sys_setattrlist("file", &change, value, 8, 0), xnu::EINVAL, "a name cannot be set so");
    change.commonattr = 0;
    ok(sys_setattrlist("file", &change, bad_pointer(), 8, 0), "nothing to set is no error, and nothing is read");
    change.commonattr = flags;
    fails(sys_setattrlist("file", &change, bad_pointer(), 4, 0), xnu::EFAULT, "from nowhere");
    fails(sys_setattrlist("file", &change, value, 9000, 0), xnu::ENOMEM, "more than 8,192 bytes");
    fails(sys_setattrlist("file", &change, value, 3, 0), xnu::EINVAL, "less than the value");
    ok(sys_setattrlist("file", &change, value, 4, 0), "no flags");
    change.commonattr = security;
    fails(sys_setattrlist("file", &change, value, sizeof value, 0), xnu::EINVAL, "an access list without its magic");
    change = {5, 0, 0, 0, 0, 0x20, 0};
    fails(sys_setattrlist("file", &change, value, sizeof value, 0), xnu::EINVAL, "a device's number");
    fails(sys_fsetattrlist(-1, &change, value, sizeof value, 0), xnu::EBADF, "of nothing");
}

void volumes() {
    ok(get(".", {5, 0, name, 0x80000000 | 4 | 8 | 0x1000 | 0x20000, 0, 0, 0}).ok() || get(".", {5, 0, name, 4 | 8 | 0x1000 | 0x20000, 0, 0, 0}).ok(),
       "attributes of a volume");
    const u64 size = wide(12), free = wide(20);
    xnu::statfs64 s{};
    ok(sys_statfs64(".", &s).ok() && size == u64{s.f_bsize} * s.f_blocks && free <= size, "are what statfs says");
    ok(str_eq(text(28), s.f_mntonname), "where it is mounted");
    ok((word(36) & word(52) & 2) == 2 && (word(40) & word(56) & 2) == 2, "it can symbolic links and attribute lists");
    xnu::statfs old{};
    ok(sys_statfs(".", &old).ok() && old.f_bsize == i64{s.f_bsize} && old.f_blocks == static_cast<i64>(s.f_blocks) && str_eq(old.f_fstypename, s.f_fstypename),
       "statfs in the old layout");
    FileInfo info{};
    (void)stat(".", &info);
    ok(static_cast<u64>(static_cast<u32>(s.f_fsid[0])) == (info.dev & 0xffffffff), "the first word of its id is the device");
    const i32 fd = fd_of(open(".", O_RDONLY));
    ok(sys_fstatfs(fd, &old).ok() && old.f_fsid.val[0] == s.f_fsid[0] && sys_fstatfs64(fd, &s).ok(), "by descriptor");
    (void)close(fd);
    fails(sys_statfs("missing", &old), xnu::ENOENT, "of nothing");
    fails(sys_fstatfs(-1, &old), xnu::EBADF, "of no descriptor");
    fails(sys_statfs(".", reinterpret_cast<xnu::statfs*>(bad_pointer())), xnu::EFAULT, "to nowhere");
    i32 p[2] = {-1, -1};
    (void)pipe(p);
    fails(sys_fstatfs64(p[0], &s), xnu::EINVAL, "a pipe is on none");
    (void)close(p[0]), (void)close(p[1]);
    ok(sys_getfsstat(nullptr, 0, 2).raw >= 1 && sys_getfsstat(&old, 10, 2).raw == 0 && sys_getfsstat(&old, sizeof old, 2).raw == 1, "getfsstat");
}

void whole_directories() {
    for (int i = 0; i < 100; i++) {
        char path[16] = "sub/0000000";
        path[9] = static_cast<char>('0' + i / 10), path[10] = static_cast<char>('0' + i % 10);
        make_file(path, "xyz");
    }
    const i32 fd = fd_of(open("sub", O_RDONLY | O_DIRECTORY));
    xnu::attrlist want{5, 0, returned | name | objtype | fileid, 0, 2, 0x200, 0};
    u32 files = 0, folders = 0, calls = 0;
    bool fine = true;
    i64 r;
    while ((r = sys_getattrlistbulk(fd, &want, at, 1000, 0).raw) > 0) {
        calls++;
        u32 offset = 0;
        for (i64 i = 0; i < r; i++) {
            const u32 length = word(offset);
            fine = fine && length % 8 == 0 && length <= 1000 - offset && (word(offset + 4) & name) && text(offset + 24)[0] != '.';
            if (word(offset + 32) == 2) folders++, fine = fine && word(offset + 12) == 2;
            else files++, fine = fine && word(offset + 16) == 0x200 && (wide(offset + 44) == 3 || wide(offset + 44) == 0);
            offset += length;
        }
    }
    ok(r == 0 && files == 102 && folders == 1 && calls > 5, "getattrlistbulk: every entry once, neither of the dots");
    ok(fine, "each with its own set, on a multiple of 8");
    ok(sys_getattrlistbulk(fd, &want, at, 1000, 0).raw == 0, "and then none");
    (void)lseek(fd, 0, SEEK_SET);
    fails(sys_getattrlistbulk(fd, &want, at, 32, 0), xnu::ERANGE, "no room for one");
    fails(sys_getattrlistbulk(fd, &want, bad_pointer(), 1000, 0), xnu::EFAULT, "to nowhere");
    ok(sys_getattrlistbulk(fd, &want, at, sizeof at, 0).raw > 50, "a failure loses none");
    fails(sys_getattrlistbulk(fd, reinterpret_cast<xnu::attrlist*>(bad_pointer()), at, 1000, 0), xnu::EFAULT, "of nothing");
    want.commonattr = name;
    fails(sys_getattrlistbulk(fd, &want, at, 1000, 0), xnu::EINVAL, "name and set must be asked for");
    (void)close(fd);
    const i32 file = fd_of(open("file", O_RDONLY));
    want.commonattr = name | returned;
    fails(sys_getattrlistbulk(file, &want, at, 1000, 0), xnu::ENOTDIR, "of a file");
    fails(sys_getattrlistbulk(-1, &want, at, 1000, 0), xnu::EBADF, "of no descriptor");
    (void)close(file);
}

void file_flags() {
    const Result r = sys_chflags("file", 1);  // UF_NODUMP
    if (r.err() == xnu::ENOTSUP || r.err() == xnu::EPERM) skip("the file system has no such flags", "chflags");
    else {
        xnu::stat64 s{};
        ok(r.ok() && sys_stat64("file", &s).ok() && s.st_flags == 1, "chflags sets UF_NODUMP");
        const i32 fd = fd_of(open("file", O_RDONLY));
        ok(sys_fchflags(fd, 0).ok() && sys_fstat64(fd, &s).ok() && s.st_flags == 0, "fchflags takes it away");
        (void)close(fd);
    }
    fails(sys_chflags("missing", 0), xnu::ENOENT, "of nothing");
    fails(sys_fchflags(-1, 0), xnu::EBADF, "of no descriptor");
}

}  // namespace

int main() {
    print("TAP version 13\n");
    Workplace here;
    sets();
    names();
    refusals();
    volumes();
    whole_directories();
    file_flags();
    return done();
}
