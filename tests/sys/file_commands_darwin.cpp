// SPDX-License-Identifier: BSD-3-Clause
// fcntl's commands by Darwin's numbers (bsd/kern/kern_descrip.c), flags of open, seeking, vectors, locks with a deadline.
#include "sys/darwin/fs.h"
#include "sys/time.h"
#include "tests/sys/fs_tools.h"

namespace {

i64 monotonic_now() {
    struct {
        i64 sec;
        i32 usec, pad;
    } t{};
    const Result2 r = syscall2(xnu::SYS_gettimeofday, &t, nullptr, nullptr);
    return (t.sec ? t.sec : r.value()) * 1'000'000'000 + (t.sec ? t.usec : r.second) * 1000ll;
}

Result command(i32 fd, i32 c, const void* p) { return sys_fcntl(fd, c, reinterpret_cast<u64>(p)); }

void room() {
    make_file("room", "12345");
    const i32 fd = fd_of(open("room", O_RDWR)), reader = fd_of(open("room", O_RDONLY));
    struct {
        u32 flags;
        i32 mode;
        i64 offset, length, allocated;
    } p{4, 3, 0, 100'000, -1};
    FileInfo s{};
    const Result made = command(fd, xnu::F_PREALLOCATE, &p);
    if (made.err() == xnu::ENOTSUP) skip("the file system cannot", "F_PREALLOCATE");
    else ok(made.ok() && p.allocated >= 100'000 && stat("room", &s).ok() && s.size == 5, "F_PREALLOCATE: room behind the end, which stays");
    p = {0, 3, 1, 100, 0};
    fails(command(fd, xnu::F_PREALLOCATE, &p), xnu::EINVAL, "from elsewhere");
    p = {0, 4, 0, 100, 0};
    fails(command(fd, xnu::F_PREALLOCATE, &p), xnu::EINVAL, "F_VOLPOSMODE without a place");
    p = {0, 1, 0, 100, 0};
    fails(command(fd, xnu::F_PREALLOCATE, &p), xnu::EINVAL, "another mode");
    fails(command(reader, xnu::F_PREALLOCATE, &p), xnu::EBADF, "to read only");
    fails(command(fd, xnu::F_PREALLOCATE, bad_pointer()), xnu::EFAULT, "from nowhere");
    i64 size = 3;
    const Result cut = command(fd, xnu::F_SETSIZE, &size);
    if (root()) ok(cut.ok() && stat("room", &s).ok() && s.size == 3, "F_SETSIZE, for root");
    else fails(cut, xnu::EACCES, "F_SETSIZE, but for root");
    fails(command(reader, xnu::F_SETSIZE, &size), xnu::EBADF, "F_SETSIZE to read only");
    struct {
        u32 flags, reserved;
        i64 offset, length;
    } hole{0, 0, 0, 4096};
    const Result punched = command(fd, 99, &hole);
    if (punched.err() == xnu::ENOTSUP) skip("the file system cannot", "F_PUNCHHOLE");
    else ok(punched, "F_PUNCHHOLE");
    fails(command(reader, 99, &hole), xnu::EPERM, "F_PUNCHHOLE to read only");
    hole.length = 0;
    fails(command(fd, 99, &hole), xnu::EINVAL, "of no length");
    struct [[gnu::packed]] {
        u32 flags;
        i64 run, place;
    } b{9, 9, 9};
    const Result where = command(fd, 49, &b);
    if (where.err() == xnu::ENOTSUP) skip("the file system does not say", "F_LOG2PHYS");
    else ok(where.ok() && b.flags == 0 && b.run == 0 && b.place != 9, "F_LOG2PHYS");
    b = {0, -1, 0};
    fails(command(fd, 65, &b), xnu::EINVAL, "F_LOG2PHYS_EXT of less than nothing");
    (void)close(fd), (void)close(reader);
}

void commands() {
    const i32 fd = fd_of(open("room", O_RDWR));
    i32 p[2] = {-1, -1};
    (void)pipe(p);
    struct {
        i64 offset;
        i32 count;
    } a{0, 100};
    ok(command(fd, xnu::F_RDADVISE, &a), "F_RDADVISE");
    a.offset = -1;
    fails(command(fd, xnu::F_RDADVISE, &a), xnu::EINVAL, "of a negative place");
    ok(sys_fcntl(fd, xnu::F_NOCACHE, 1).ok() && sys_fcntl(fd, xnu::F_RDAHEAD, 0).ok() && sys_fcntl(fd, xnu::F_NODIRECT, 1).ok() &&
           sys_fcntl(fd, 55, 1).raw == 0 && sys_fcntl(fd, 76, 1).ok(), "how it is cached");
    fails(sys_fcntl(p[0], xnu::F_NOCACHE, 1), xnu::EBADF, "not a pipe");
    ok(sys_fcntl(fd, xnu::F_FULLFSYNC, 0).ok() && sys_fcntl(fd, xnu::F_BARRIERFSYNC, 0).ok() && sys_fcntl(fd, xnu::F_FLUSH_DATA, 0).ok(), "F_FULLFSYNC");
    fails(sys_fcntl(p[0], xnu::F_FULLFSYNC, 0), xnu::EBADF, "of a pipe");
    ok(command(fd, 52, "/a/b.app/c").raw == -1, "F_PATHPKG_CHECK: in no package");
    fails(command(fd, 52, bad_pointer()), xnu::EFAULT, "of nothing");
    fails(sys_fcntl(fd, 78, 0), xnu::ENOTSUP, "F_FINDSIGS");
    fails(sys_fcntl(fd, 63, 0), xnu::ENOTSUP, "F_GETPROTECTIONCLASS");
    fails(sys_fcntl(fd, 60, 0), xnu::EINVAL, "F_MARKDEPENDENCY is gone");
    fails(sys_fcntl(fd, 12345, 0), xnu::ENOTTY, "an unknown one is the file system's, which does not know it");
    fails(sys_fcntl(p[0], 12345, 0), xnu::EBADF, "a pipe has none");
    fails(sys_fcntl(-1, 12345, 0), xnu::EBADF, "nor has nothing");
    fails(sys_fcntl(fd, xnu::F_GETOWN, 0), xnu::ENOTTY, "a file has no owner");
    fails(sys_fcntl(fd, xnu::F_DUPFD, -1), xnu::EINVAL, "F_DUPFD from a negative number");
    fails(sys_fcntl(fd, xnu::F_DUPFD, 1'000'000), xnu::EINVAL, "or beyond the limit");
    const i32 high = fd_of(sys_fcntl(fd, xnu::F_DUPFD_CLOEXEC, 50));
    ok(high >= 50 && sys_fcntl(high, xnu::F_GETFD, 0).raw == 1, "F_DUPFD_CLOEXEC");
    char path[xnu::MAXPATHLEN], again[xnu::MAXPATHLEN];
    ok(command(fd, xnu::F_GETPATH, path).ok() && command(fd, 102, again).ok() && str_eq(path, again) && path[0] == '/', "F_GETPATH_NOFIRMLINK");
    (void)close(high), (void)close(fd), (void)close(p[0]), (void)close(p[1]);
}

void locks() {
    const i32 fd = fd_of(open("room", O_RDWR)), other = fd_of(open("room", O_RDWR));
    xnu::flock l{0, 10, 0, xnu::F_WRLCK, 0};
    ok(command(fd, 90, &l), "F_OFD_SETLK");
    fails(command(other, 90, &l), xnu::EAGAIN, "keeps another open file off");
    struct {
        xnu::flock lock;
        xnu::timespec timeout;
    } timed{l, {0, 20'000'000}};
    const i64 start = monotonic_now();
    fails(command(other, 93, &timed), xnu::ETIMEDOUT, "F_OFD_SETLKWTIMEOUT");
    ok(monotonic_now() - start >= 20'000'000, "waits as long as it says");
    l.l_type = xnu::F_WRLCK;
    ok(command(other, 92, &l).ok() && l.l_type == xnu::F_WRLCK && l.l_len == 10, "F_OFD_GETLK sees it");
    l = {0, 10, 0, xnu::F_UNLCK, 0};
    ok(command(fd, 90, &l).ok() && command(other, 93, &timed).ok() && command(other, 90, &l).ok(), "and gets it when it is free");
    timed.lock.l_type = 7;
    fails(command(other, 10, &timed), xnu::EINVAL, "no kind of lock");
    fails(command(other, 10, bad_pointer()), xnu::EFAULT, "F_SETLKWTIMEOUT from nowhere");

    // Each holds what the other wants.
    i32 up[2] = {-1, -1}, down[2] = {-1, -1};
    (void)pipe(up), (void)pipe(down);
    l = {0, 1, 0, xnu::F_WRLCK, 0};
    ok(command(fd, xnu::F_SETLK, &l), "F_SETLK");
    const i32 child = start_child([&] {
        xnu::flock mine{1, 1, 0, xnu::F_WRLCK, 0}, its{0, 1, 0, xnu::F_WRLCK, 0};
        char c = 0;
        if (command(fd, xnu::F_SETLK, &mine).failed()) return 1;
        xnu::flock seen{0, 1, 0, xnu::F_WRLCK, 0};
        if (command(fd, xnu::F_GETLK, &seen).failed() || seen.l_type != xnu::F_WRLCK || seen.l_pid != static_cast<i32>(sys_getppid().raw)) return 4;
        (void)write(up[1], &c, 1);
        const Result r = command(fd, xnu::F_SETLKW, &its);
        return r.ok() ? 0 : 3;
    });
    char c;
    (void)read(up[0], &c, 1);
    xnu::flock its{1, 1, 0, xnu::F_WRLCK, 0};
    Result r = command(fd, xnu::F_SETLKW, &its);
    const bool refused = r.err() == xnu::EDEADLK;
    l.l_type = xnu::F_UNLCK;
    (void)command(fd, xnu::F_SETLK, &l);
    const i32 status = end_of_child(child);
    ok((refused && status == 0) || (r.ok() && status == 3), "F_SETLKW in a circle: one of the two gets EDEADLK");
    (void)close(up[0]), (void)close(up[1]), (void)close(down[0]), (void)close(down[1]), (void)close(fd), (void)close(other);
}

// What was there before openat, what only advises, what is refused, by Darwin's numbers.
void old_and_odd() {
    (void)mkdir("below", 0755);
    make_file("below/it", "abc");
    const i32 folder = fd_of(open("below", O_RDONLY)), file = fd_of(open("below/it", O_RDWR)), reader = fd_of(open("below/it", O_RDONLY));
    struct {
        i32 flags;
        u16 mode, pad;
        const char* path;
    } from{O_RDWR | O_CREAT, 07666, 0, "made"};
    const i32 made = fd_of(command(folder, 56, &from));
    FileInfo s{};
    ok(made >= 0 && stat("below/made", &s).ok() && (s.mode & 07777) == 0644, "F_OPENFROM: opens from a folder, of permissions alone");
    fails(command(file, 56, &from), xnu::ENOTDIR, "from a file: ENOTDIR");
    fails(command(folder, 56, bad_pointer()), xnu::EFAULT, "from nowhere: EFAULT");
    ok(command(folder, 57, "made").ok() && stat("below/made", &s).err() == xnu::ENOENT, "F_UNLINKFROM");
    fails(command(folder, 57, "made"), xnu::ENOENT, "once");
    fails(command(file, 57, "made"), xnu::ENOTDIR, "from a file: ENOTDIR");
    char path[xnu::MAXPATHLEN], again[xnu::MAXPATHLEN];
    ok(command(file, xnu::F_GETPATH, path).ok() && command(file, 71, again).ok() && str_eq(path, again), "F_GETPATH_MTMINFO");
    (void)rename("below/it", "below/renamed");
    const usize n = str_len(path);
    ok(command(file, xnu::F_GETPATH, again).ok() && str_eq(again + str_len(again) - 8, "/renamed") && str_len(again) == n + 5, "F_GETPATH follows a rename");
    ok(sys_fcntl(file, 41, 0).ok(), "F_CHKCLEAN");
    ok(sys_fcntl(file, 68, 1).ok() && sys_fcntl(file, 81, 1).ok() && sys_fcntl(reader, 68, 0).ok(), "F_SETSTATICCONTENT, F_SET_GREEDY_MODE: by who may write the file");
    ok(sys_fcntl(file, 82, 1).ok(), "F_SETIOTYPE, isochronous");
    fails(sys_fcntl(file, 82, 2), xnu::EINVAL, "there is no other: EINVAL");
    fails(sys_fcntl(file, 70, 1), xnu::EINVAL, "F_SETBACKINGSTORE is HFS's: EINVAL");
    fails(sys_fcntl(file, 69, static_cast<u64>(reader)), root() ? xnu::EINVAL : xnu::EPERM, "F_MOVEDATAEXTENTS");
    fails(sys_fcntl(file, 80, 0), xnu::ENOTSUP, "F_MAKECOMPRESSED");
    fails(sys_fcntl(reader, 100, 0), root() ? xnu::EPERM : xnu::EACCES, "F_TRIM_ACTIVE_FILE to read only");
    struct {
        u32 flags, reserved;
        i64 offset, length;
    } ahead{0, 0, 0, 100};
    ok(command(reader, 101, &ahead), "F_SPECULATIVE_READ");
    ahead.length = -1;
    fails(command(reader, 101, &ahead), xnu::EINVAL, "of less than nothing: EINVAL");
    ahead = {0, 0, 0x7fffffffffffffff, 1};
    fails(command(reader, 101, &ahead), xnu::EOVERFLOW, "beyond every file: EOVERFLOW");
    fails(command(reader, 101, bad_pointer()), xnu::EFAULT, "from nowhere: EFAULT");
    fails(command(file, 105, &ahead), xnu::ENOENT, "F_GETSIGSINFO: nobody has signed it");
    (void)unlink("below/renamed");
    fails(command(file, xnu::F_GETPATH, again), xnu::ENOENT, "F_GETPATH of what is unlinked: ENOENT");
    for (const i32 fd : {folder, file, reader, made}) (void)close(fd);
}

// /dev/fd/N is dup.
void descriptors_by_name() {
    make_file("twice", "abcdef");
    const i32 fd = fd_of(open("twice", O_RDONLY));
    char path[32] = "/dev/fd/", c[4] = {};
    path[8] = static_cast<char>('0' + fd / 10), path[9] = static_cast<char>('0' + fd % 10);
    if (fd < 10) path[8] = path[9], path[9] = 0;
    const i32 same = fd_of(open(path, O_RDONLY));
    ok(same >= 0 && read(fd, c, 2).raw == 2 && read(same, c, 2).raw == 2 && memcmp(c, "cd", 2) == 0, "/dev/fd/N shares its offset");
    fails(open(path, O_RDWR), xnu::EACCES, "not for more than it was opened for: EACCES");
    fails(open("/dev/fd/77", O_RDONLY), xnu::EBADF, "of nothing: EBADF");
    fails(open("/dev/fd/x", O_RDONLY), xnu::ENOENT, "of no number: ENOENT");
    i32 ends[2];
    (void)pipe(ends);
    path[8] = static_cast<char>('0' + ends[1] / 10), path[9] = static_cast<char>('0' + ends[1] % 10);
    if (ends[1] < 10) path[8] = path[9], path[9] = 0;
    const i32 writer = fd_of(open(path, O_WRONLY | xnu::O_CLOEXEC));
    ok(write(writer, "x", 1).raw == 1 && sys_fcntl(writer, xnu::F_GETFD, 0).raw == 1, "a pipe's end too");
    for (const i32 n : {fd, same, ends[0], ends[1], writer}) (void)close(n);
}

void opening() {
    make_file("plain", "abc");
    (void)mkdir("folder", 0755);
    (void)symlink("plain", "soft");
    (void)symlink("folder", "softfolder");
    make_file("folder/in", "x");
    fails(open("soft", O_RDONLY | O_NOFOLLOW), xnu::ELOOP, "O_NOFOLLOW");
    fails(open("softfolder/in", O_RDONLY | 0x20000000), xnu::ELOOP, "O_NOFOLLOW_ANY: not on the way either");
    ok(close(fd_of(open("folder/in", O_RDONLY | 0x20000000))), "which is nothing to a plain path");
    fails(open("plain", O_RDONLY | O_DIRECTORY), xnu::ENOTDIR, "O_DIRECTORY");
    fails(open("folder", O_RDWR), xnu::EISDIR, "a folder is not written");
    fails(open("plain", 3), xnu::EINVAL, "O_RDWR with O_WRONLY");
    const i32 event = fd_of(open("plain", xnu::O_EVTONLY));
    char c[4];
    ok(event >= 0, "O_EVTONLY");
    fails(read(event, c, 1), xnu::EBADF, "is not to read");
    (void)close(event);
    const i32 fd = fd_of(open("plain", O_RDWR | xnu::O_DSYNC | xnu::O_APPEND));
    const i64 flags = sys_fcntl(fd, xnu::F_GETFL, 0).raw;
    ok((flags & 3) == O_RDWR && (flags & xnu::O_APPEND), "F_GETFL");
    ok(sys_lseek(fd, 0, xnu::SEEK_DATA).raw == 0 && sys_lseek(fd, 0, xnu::SEEK_HOLE).raw == 3, "SEEK_DATA, SEEK_HOLE");
    fails(sys_lseek(fd, 3, xnu::SEEK_DATA), xnu::ENXIO, "no data behind the end");
    fails(sys_lseek(fd, 0, 9), xnu::EINVAL, "from nowhere known");
    fails(sys_lseek(fd, -1, SEEK_SET), xnu::EINVAL, "before the start");
    xnu::iovec one{c, 1};
    fails(sys_readv(fd, &one, 0), xnu::EINVAL, "no vector");
    fails(sys_readv(fd, &one, 1025), xnu::EINVAL, "too many");
    fails(sys_readv(fd, reinterpret_cast<xnu::iovec*>(bad_pointer()), 1), xnu::EFAULT, "from nowhere");
    xnu::iovec huge[2] = {{c, usize{1} << 62}, {c, usize{1} << 62}};
    fails(sys_readv(fd, huge, 2), xnu::EINVAL, "more than LONG_MAX bytes in all");
    (void)close(fd);
}

void private_folders() {
    xnu::stat64 a{}, b{};
    char to[16] = {};
    ok(sys_lstat64("/tmp", &a).ok() && (a.st_mode & xnu::S_IFMT) == xnu::S_IFLNK, "/tmp is a symbolic link");
    ok(sys_readlink("/tmp", to, sizeof to).raw == 11 && memcmp(to, "private/tmp", 11) == 0, "to private/tmp");
    ok(sys_readlink("/etc", to, 4).raw == 4 && memcmp(to, "priv", 4) == 0, "cut where there is no room");
    ok(sys_stat64("/tmp", &a).ok() && sys_lstat64("/private/tmp", &b).ok() && a.st_ino == b.st_ino && (b.st_mode & xnu::S_IFMT) == xnu::S_IFDIR,
       "which is the folder");
    fails(open("/tmp", O_RDONLY | O_NOFOLLOW), xnu::ELOOP, "O_NOFOLLOW of it");
    const i32 fd = fd_of(open("/tmp", O_RDONLY));
    char path[xnu::MAXPATHLEN];
    ok(command(fd, xnu::F_GETPATH, path).ok() && str_eq(path, "/private/tmp"), "F_GETPATH says where it leads");
    (void)close(fd);
}

}  // namespace

int main() {
    print("TAP version 13\n");
    Workplace here;
    room();
    commands();
    locks();
    old_and_odd();
    descriptors_by_name();
    opening();
    private_folders();
    return done();
}
