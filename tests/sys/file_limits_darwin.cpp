// SPDX-License-Identifier: BSD-3-Clause
// Calls of files at their limits, and fields that only one caller in a hundred looks at (xnu-3248.60.10 bsd/kern/kern_descrip.c,
// sys_generic.c, bsd/vfs/vfs_attrlist.c, bsd/dev/i386/conf.c).
#include "sys/darwin/file_calls.h"
#include "sys/memory.h"
#include "tests/sys/fs_tools.h"
#include "tests/sys/fields.h"

namespace {

constexpr i32 o_evtonly = 0x8000;
alignas(8) u8 at[4096];

Result command(i32 fd, i32 c, const void* p) { return sys_fcntl(fd, c, reinterpret_cast<u64>(p)); }
u32 word(u32 offset) { return field<u32>(at, offset); }
u64 wide(u32 offset) { return field<u64>(at, offset); }
Result get(const char* path, xnu::attrlist want, u64 options = 0) {
    memset(at, 0xee, sizeof at);
    return sys_getattrlist(path, &want, at, sizeof at, options);
}

// 1,024 vectors are as many as there may be.
void vectors() {
    static xnu::iovec v[1024];
    static char bytes[1024];
    for (u32 i = 0; i < 1024; i++) v[i] = {bytes + i, 1}, bytes[i] = static_cast<char>(i);
    const i32 fd = fd_of(open("vectors", O_RDWR | O_CREAT, 0600));
    ok(sys_writev(fd, v, 1024).raw == 1024 && syscall(541, fd, v, 1024, 1024).raw == 1024, "writev, pwritev of 1,024 vectors");
    (void)lseek(fd, 0, SEEK_SET);
    ok(sys_readv(fd, v, 1024).raw == 1024 && bytes[1023] == static_cast<char>(1023) && syscall(540, fd, v, 1024, 1024).raw == 1024, "readv, preadv");
    u64 guard = 5;
    const i32 guarded = fd_of(sys_guarded_open_np("vectors", &guard, 2, O_RDWR | xnu::O_CLOEXEC, 0));
    ok(sys_guarded_writev_np(guarded, &guard, v, 1024).raw == 1024 && sys_guarded_close_np(guarded, &guard).ok(), "guarded_writev_np");
    fails(sys_guarded_writev_np(guarded, &guard, v, -1), xnu::EINVAL, "of less than none: EINVAL, before the descriptor is looked at");
    (void)close(fd);
}

void commands() {
    make_file("room", "12345");
    const i32 fd = fd_of(open("room", O_RDWR)), writer = fd_of(open("room", O_WRONLY));
    struct {
        u32 flags, reserved;
        i64 offset, length;
    } hole{1, 0, 0, 4096};
    fails(command(fd, 99, &hole), xnu::EINVAL, "F_PUNCHHOLE with flags: EINVAL");
    hole = {0, 1, 0, 4096};
    fails(command(fd, 99, &hole), xnu::EINVAL, "or a reserved word");
    hole = {0, 0, -4096, 4096};
    fails(command(fd, 99, &hole), xnu::EINVAL, "before the file");
    hole = {0, 0, 0, 1};
    const Result least = command(fd, 99, &hole);
    ok(least.ok() || least.err() == xnu::ENOTSUP, "one byte is a hole");
    struct {
        i64 offset;
        i32 count;
    } advice{0, -1};
    fails(command(fd, xnu::F_RDADVISE, &advice), xnu::EINVAL, "F_RDADVISE of less than nothing: EINVAL");
    struct [[gnu::packed]] {
        u32 flags;
        i64 run, place;
    } b{0, 0, 0};
    const Result where = command(fd, 65, &b);
    ok(where.err() == xnu::ENOTSUP || (where.ok() && b.run > 0), "F_LOG2PHYS_EXT of a run that is not bounded");
    b = {0, 0, i64{1} << 40};
    ok(where.failed() || (command(fd, 65, &b).ok() && b.place == -1), "far behind the end nothing lies anywhere");
    struct {
        u32 flags;
        i32 mode;
        i64 offset, length, allocated;
    } p{0, 3, 0, -1, 0};
    fails(command(fd, xnu::F_PREALLOCATE, &p), xnu::EINVAL, "F_PREALLOCATE of less than nothing: EINVAL");
    p.length = 0, p.allocated = 77;
    ok(command(fd, xnu::F_PREALLOCATE, &p).ok() && p.allocated == 0, "of nothing: nothing");
    xnu::flock l{0, 1, 0, xnu::F_WRLCK, 9};
    fails(command(fd, xnu::F_GETLK, &l), xnu::EINVAL, "F_GETLK from no known place: EINVAL");
    fails(command(fd, 92, &l), xnu::EINVAL, "F_OFD_GETLK too");
    l = {0, 1, 0, xnu::F_UNLCK, 0};
    ok(command(fd, xnu::F_GETLK, &l).ok() && command(fd, 92, &l).ok() && l.l_type == xnu::F_UNLCK, "nothing is in the way of F_UNLCK");
    l = {0, 1, 77, xnu::F_WRLCK, 0};
    ok(command(fd, 90, &l), "F_OFD_SETLK looks at no process");
    auto* page = reinterpret_cast<xnu::flock*>(syscall(xnu::SYS_mmap, 0, 4096, 3, 0x1002, -1, 0).raw);
    *page = {0, 1, 0, xnu::F_RDLCK, 0};
    (void)syscall(xnu::SYS_mprotect, page, 4096, 1);
    fails(command(fd, xnu::F_GETLK, page), xnu::EFAULT, "F_GETLK into what can only be read: EFAULT");
    fails(syscall(517, writer, xnu::AT_FDCWD, "none", 0), xnu::EBADF, "fclonefileat of what cannot be read: EBADF");
    i32 type = -1;
    const i32 null = fd_of(open("/dev/null", O_RDONLY)), random = fd_of(open("/dev/random", O_RDONLY)), master = fd_of(open("/dev/ptmx", O_RDWR | O_NOCTTY));
    constexpr u32 fiodtype = 0x4004667a, fiosetown = 0x8004667c;
    ok(sys_ioctl(null, fiodtype, &type).ok() && type == 2, "FIODTYPE of /dev/null: D_DISK");
    ok(sys_ioctl(random, fiodtype, &type).ok() && type == 0, "of /dev/random: 0");
    ok(master < 0 || (sys_ioctl(master, fiodtype, &type).ok() && type == 3), "of a terminal: D_TTY");
    fails(sys_ioctl(fd, fiodtype, &type), xnu::ENOTTY, "of a file: ENOTTY");
    fails(sys_ioctl(fd, fiosetown, &type), xnu::ENOTTY, "FIOSETOWN of a file: ENOTTY");
    for (const i32 n : {fd, writer, null, random, master}) (void)close(n);
}

void directories() {
    (void)mkdir("below", 0755);
    make_file("below/a"), make_file("below/b");
    const i32 event = fd_of(open("below", o_evtonly));
    u64 base = 0;
    xnu::attrlist names{5, 0, 0x80000001, 0, 0, 0, 0};
    fails(sys_getattrlistbulk(event, &names, at, sizeof at, 0), xnu::EBADF, "getattrlistbulk by O_EVTONLY: EBADF");
    fails(syscall(344, event, at, sizeof at, &base), xnu::EBADF, "getdirentries64 too");
    const i32 fd = fd_of(open("below", O_RDONLY));
    // struct direct: u32 number, u16 length, u8 kind, u8 the name's length, name.
    const i64 n = sys_getdirentries(fd, reinterpret_cast<char*>(at), 512, reinterpret_cast<i64*>(&base)).raw;
    bool same = n > 0;
    u32 found = 0;
    for (i64 p = 0; p < n && same; p += at[p + 4] | at[p + 5] << 8) {
        const char* name = reinterpret_cast<char*>(at + p + 8);
        char path[32] = "below/";
        memcpy(path + 6, name, at[p + 7] + 1u);
        FileInfo s{};
        if (str_eq(name, ".") || str_eq(name, "..")) continue;
        found++;
        same = stat(path, &s).ok() && word(static_cast<u32>(p)) == static_cast<u32>(s.ino) && at[p + 6] == 8 && at[p + 7] == 1 && at[p + 4] == 12;
    }
    ok(same && found == 2, "getdirentries: number, length, kind, and name of each");
    for (const i32 d : {event, fd}) (void)close(d);
}

// ATTR_*: what stat and statfs say in other words.
void attributes() {
    make_file("attributed", "0123456789");
    xnu::stat64 s{};
    xnu::statfs64 v{};
    (void)sys_stat64("attributed", &s), (void)sys_statfs64(".", &v);
    ok(get("attributed", {5, 0, 0, 0, 0, 4, 0}).ok() && wide(4) == static_cast<u64>(s.st_blocks) * 512, "ATTR_FILE_ALLOCSIZE is the blocks");
    ok(get("attributed", {5, 0, 0, 0, 0, 8, 0}).ok() && word(4) == static_cast<u32>(v.f_iosize), "ATTR_FILE_IOBLOCKSIZE");
    ok(get("attributed", {5, 0, 2 | 4, 0, 0, 0, 0}).ok() && word(4) == static_cast<u32>(s.st_dev) && word(8) == static_cast<u32>(v.f_fsid[0]), "ATTR_CMN_DEVID, ATTR_CMN_FSID");
    ok(get("attributed", {5, 0, 0x8000 | 0x10000 | 0x20000, 0, 0, 0, 0}).ok() && word(4) == s.st_uid && word(8) == s.st_gid && word(12) == s.st_mode,
       "ATTR_CMN_OWNERID, GRPID, ACCESSMASK");
    ok(get("attributed", {5, 0, 0x400 | 0x1000, 0, 0, 0, 0}).ok() && wide(4) == static_cast<u64>(s.st_mtim.tv_sec) &&
           wide(12) == static_cast<u64>(s.st_mtim.tv_nsec) && wide(20) == static_cast<u64>(s.st_atim.tv_sec), "ATTR_CMN_MODTIME, ACCTIME");
    ok(get("attributed", {5, 0, 0x200 | 0x800, 0, 0, 0, 0}).ok() && wide(4) == static_cast<u64>(s.st_birthtim.tv_sec) &&
           wide(20) == static_cast<u64>(s.st_ctim.tv_sec), "ATTR_CMN_CRTIME, CHGTIME");
    ok(get("attributed", {5, 0, 0, 0, 0, 1 | 2, 0}).ok() && word(4) == s.st_nlink && wide(8) == 10, "ATTR_FILE_LINKCOUNT, TOTALSIZE");
    ok(get("attributed", {5, 0, 0, 0, 0, 0x200 | 0x400, 0}).ok() && wide(4) == 10 && wide(12) == static_cast<u64>(s.st_blocks) * 512,
       "ATTR_FILE_DATALENGTH, DATAALLOCSIZE");
    ok(get("attributed", {5, 0, 0, 0, 0, 0x1000 | 0x2000, 0}).ok() && wide(4) == 0 && wide(12) == 0, "ATTR_FILE_RSRCLENGTH, RSRCALLOCSIZE: there is none");
    struct {
        u32 bit, at;
        u64 value;
        const char* what;
    } numbers[] = {{4, 4, static_cast<u64>(v.f_bsize) * v.f_blocks, "ATTR_VOL_SIZE"}, {0x20, 4, v.f_bsize, "ATTR_VOL_MINALLOCATION"}, {0x40, 4, v.f_bsize, "ATTR_VOL_ALLOCATIONCLUMP"}};
    for (const auto& n : numbers) ok(get(".", {5, 0, 0, 0x80000000 | n.bit, 0, 0, 0}).ok() && wide(n.at) == n.value, n.what);
    ok(get(".", {5, 0, 0x10, 0x80000000, 0, 0, 0}).ok() && word(4) == 17, "ATTR_CMN_OBJTAG of a volume: VT_HFS");
    ok(get(".", {5, 0, 0, 0x80000000 | 0x100 | 0x200, 0, 0, 0}).ok() && word(4) == word(8) && word(4) == static_cast<u32>(v.f_files - v.f_ffree),
       "ATTR_VOL_OBJCOUNT, FILECOUNT");
    ok(get(".", {5, 0, 0, 0x80000000 | 1, 0, 0, 0}).ok() && word(4) == 17, "ATTR_VOL_FSTYPE");
    ok(get(".", {5, 0, 0, 0x80000000 | 0x40000000, 0, 0, 0}).ok() && word(4) == 0xbfffffff && word(8) == 0xf0ffffff, "ATTR_VOL_ATTRIBUTES: what is valid of volumes");
    fails(get(".", {5, 0, 0, 0x80000000, 1, 0, 0}), xnu::EINVAL, "a volume's and a directory's at once: EINVAL");
}

// What ATTR_CMN_EXTENDED_SECURITY may be set to: a list without entries, which lies where it is said to lie.
void lists() {
    struct {
        i32 offset;
        u32 size;
        xnu::kauth_filesec list;
    } value{8, sizeof(xnu::kauth_filesec), {xnu::KAUTH_FILESEC_MAGIC, {}, {}, 0xffffffff, 0, {}}};
    xnu::attrlist want{5, 0, 0x400000, 0, 0, 0, 0};
    ok(sys_setattrlist("attributed", &want, &value, sizeof value, 0), "setattrlist of a list without entries");
    value.offset = 4000;
    fails(sys_setattrlist("attributed", &want, &value, sizeof value, 0), xnu::EINVAL, "which lies outside of what is given: EINVAL");
    value.offset = 8, value.list.acl_entrycount = 1;
    const Result entries = sys_setattrlist("attributed", &want, &value, sizeof value, 0);
    ok(entries.err() == xnu::EINVAL || entries.err() == xnu::ENOTSUP, "with entries it is refused");
}

}  // namespace

int main() {
    print("TAP version 13\n");
    Workplace here;
    vectors(), commands(), directories(), attributes(), lists();
    return done();
}
