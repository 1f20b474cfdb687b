// SPDX-License-Identifier: BSD-3-Clause
// Heritage 21: a call that fails never looks like one that succeeded, and says why, for every call on descriptors.
#include "tests/sys/fs_tools.h"

static char name256[257], path5000[5001];
static char room[64];

static void opening() {
    fails(open("missing", O_RDONLY), kernel::ENOENT, "heritage 21: ENOENT");
    fails(open("", O_RDONLY), kernel::ENOENT, "no name at all");
    fails(open("missing/x", O_RDWR | O_CREAT), kernel::ENOENT, "no directory above");
    fails(open("file/x", O_RDONLY), kernel::ENOTDIR, "a file above");
    fails(open("file", O_RDONLY | O_DIRECTORY), kernel::ENOTDIR, "O_DIRECTORY of a file");
    fails(open("dir", O_WRONLY), kernel::EISDIR, "a directory to write");
    fails(open("dir", O_RDWR | O_TRUNC), kernel::EISDIR, "a directory to cut");
    fails(open("file", O_RDWR | O_CREAT | O_EXCL), kernel::EEXIST, "O_EXCL of what is there");
    fails(open("dir", O_RDWR | O_CREAT | O_EXCL), kernel::EEXIST, "of a directory too");
    fails(open("dangling", O_RDWR | O_CREAT | O_EXCL), kernel::EEXIST, "of a link to nothing too");
    fails(open("dangling", O_RDONLY), kernel::ENOENT, "a link to nothing");
    fails(open("round", O_RDONLY), kernel::ELOOP, "a link to itself");
    fails(open("link", O_RDONLY | O_NOFOLLOW), kernel::ELOOP, "O_NOFOLLOW of a link");
    fails(open(name256, O_RDONLY), kernel::ENAMETOOLONG, "a name of 256 bytes");
    name256[255] = 0;
    fails(open(name256, O_RDONLY), kernel::ENOENT, "one of 255 is only missing");
    fails(open(path5000, O_RDONLY), kernel::ENAMETOOLONG, "a path of 5,000");
    fails(open(bad_pointer(), O_RDONLY), kernel::EFAULT, "no string");
    fails(open("fifo", O_WRONLY | O_NONBLOCK), kernel::ENXIO, "a fifo that nobody reads");
    if (root()) {
        skip("root may", "EACCES");
    } else {
        fails(open("secret", O_RDONLY), kernel::EACCES, "mode 0");
    }
}

static void transfers() {
    const i32 in = fd_of(open("file", O_RDONLY)), out = fd_of(open("file", O_WRONLY)), dir = fd_of(open("dir", O_RDONLY));
    fails(read(-1, room, 1), kernel::EBADF, "heritage 21: read of no descriptor");
    fails(read(999, room, 1), kernel::EBADF, "of one that is closed");
    fails(write(-1, room, 1), kernel::EBADF, "heritage 21: write");
    fails(read(out, room, 1), kernel::EBADF, "read of one open for writing");
    fails(write(in, room, 1), kernel::EBADF, "write of one open for reading");
    fails(read(dir, room, sizeof room), kernel::EISDIR, "read of a directory");
    fails(write(dir, room, 1), kernel::EBADF, "write of a directory");
    fails(read(in, bad_pointer(), 4), kernel::EFAULT, "read to nowhere");
    ok(lseek(in, 0, SEEK_CUR).raw == 0, "read nothing");
    fails(write(out, bad_pointer(), 4), kernel::EFAULT, "write from nowhere");
    fails(pread(-1, room, 1, 0), kernel::EBADF, "heritage 21: pread");
    fails(pwrite(-1, room, 1, 0), kernel::EBADF, "heritage 21: pwrite");
    fails(pread(in, bad_pointer(), 1, 0), kernel::EFAULT, "pread to nowhere");
    fails(pwrite(out, bad_pointer(), 1, 0), kernel::EFAULT, "pwrite from nowhere");
    fails(pread(in, room, 1, -1), kernel::EINVAL, "pread before the start");
    fails(pwrite(out, room, 1, -1), kernel::EINVAL, "pwrite before the start");
    fails(lseek(-1, 0, SEEK_SET), kernel::EBADF, "heritage 21: lseek");
    fails(lseek(in, -1, SEEK_SET), kernel::EINVAL, "before the start");
    fails(lseek(in, -100, SEEK_END), kernel::EINVAL, "from the end too");
    fails(lseek(in, 0, 99), kernel::EINVAL, "from nowhere");
    ok(lseek(in, 1, SEEK_SET).ok(), "one byte on");
    fails(lseek(in, INT64_MAX, SEEK_CUR), either(kernel::EINVAL, kernel::EOVERFLOW), "beyond every offset");
    fails(ftruncate(-1, 0), kernel::EBADF, "heritage 21: ftruncate");
    fails(ftruncate(in, 0), kernel::EINVAL, "of one open for reading");
    fails(ftruncate(out, -1), kernel::EINVAL, "to less than nothing");
    fails(fsync(-1), kernel::EBADF, "heritage 21: fsync");
    fails(fdatasync(-1), kernel::EBADF, "heritage 21: fdatasync");
    fails(fstat(-1, nullptr), kernel::EBADF, "heritage 21: fstat");
    fails(fcntl(-1, kernel::F_GETFD), kernel::EBADF, "heritage 21: fcntl");
    fails(fcntl(in, 9999), either(kernel::EINVAL, kernel::ENOTTY), "fcntl of no known command");
    fails(ioctl(-1, kernel::FIONREAD, room), kernel::EBADF, "heritage 21: ioctl");
    fails(ioctl(in, kernel::TIOCGWINSZ, room), kernel::ENOTTY, "ioctl of another kind of file");
    fails(isatty(in), kernel::ENOTTY, "a file is no terminal");
    fails(isatty(-1), kernel::EBADF, "no descriptor is none");
    char got[8] = {};
    ok(pread(in, got, 8, 0).raw == 4 && memcmp(got, "text", 4) == 0, "nothing of that changed the file");
    (void)close(in);
    (void)close(out);
    (void)close(dir);
}

static void pipes() {
    i32 p[2];
    ok(pipe(p), "a pipe");
    fails(lseek(p[0], 0, SEEK_SET), kernel::ESPIPE, "has no offset");
    fails(pread(p[0], room, 1, 0), kernel::ESPIPE, "for pread");
    fails(pwrite(p[1], room, 1, 0), kernel::ESPIPE, "for pwrite");
    fails(ftruncate(p[1], 0), kernel::EINVAL, "no size");
    fails(fsync(p[1]), either(kernel::EINVAL, kernel::ENOTSUP), "no disk");
    fails(isatty(p[0]), kernel::ENOTTY, "is no terminal");
    fails(read(p[1], room, 1), kernel::EBADF, "its ends");
    fails(write(p[0], room, 1), kernel::EBADF, "are different");
    fails(write(p[1], bad_pointer(), 1), kernel::EFAULT, "write from nowhere");
    ok(write(p[1], "x", 1).raw == 1, "a byte");
    fails(read(p[0], bad_pointer(), 1), kernel::EFAULT, "read to nowhere");
    (void)signal_ignore(kernel::SIGPIPE);
    (void)close(p[0]);
    fails(write(p[1], "x", 1), kernel::EPIPE, "nobody reads");
    (void)close(p[1]);
    fails(pipe(p, 0x40000000), kernel::EINVAL, "unknown flags");
}

static void limits() {
    ok(in_child([] {
           (void)signal_ignore(kernel::SIGXFSZ);
           (void)setlimit(Limit::file_size, {100, 100});
           const i32 fd = fd_of(open("grows", O_RDWR | O_CREAT));
           static char buffer[200];
           if (write(fd, buffer, 200).raw != 100) return 1;  // what fits
           if (write(fd, buffer, 1).err() != kernel::EFBIG) return 2;
           if (pwrite(fd, buffer, 1, 100).err() != kernel::EFBIG) return 3;
           if (lseek(fd, 50, SEEK_SET).raw != 50 || write_all(fd, buffer, 100).err() != kernel::EFBIG) return 6;  // 50, and the rest's error
           // XNU asks for the limit here only in later versions (xnu-3248 did not).
           const Result r = ftruncate(fd, 101);
           if (r.err() != kernel::EFBIG && !(darwin && r.ok())) return 4;
           if (!darwin && truncate("grows", 101).err() != kernel::EFBIG) return 5;
           return 0;
       }) == 0,
       "EFBIG beyond RLIMIT_FSIZE");
    ok(in_child([] {
           (void)setlimit(Limit::files, {20, 20});
           i32 last = -1;
           Result r{};
           for (int i = 0; i < 30 && (r = open("file", O_RDONLY)).ok(); i++) last = fd_of(r);
           if (r.err() != kernel::EMFILE || last != 19) return 1;
           i32 p[2] = {-7, -7};
           if (pipe(p).err() != kernel::EMFILE) return 2;
           if (dup(0).err() != kernel::EMFILE || dup(0, O_CLOEXEC).err() != kernel::EMFILE) return 3;
           if (dup2(0, 20).err() != kernel::EBADF) return 4;  // not a number that it may have
           if (dup2(0, 19).raw != 19) return 5;               // takes the place of one
           if (close(19).failed() || pipe(p).err() != kernel::EMFILE) return 6;  // one is not two
           if (open("file", O_RDONLY).raw != 19) return 7;    // and the half that there was has been given back
           return 0;
       }) == 0,
       "EMFILE when the descriptors are used up");
}

int main() {
    print("TAP version 13\n");
    Workplace here;
    make_file("file", "text");
    (void)mkdir("dir");
    (void)symlink("missing", "dangling");
    (void)symlink("round", "round");
    (void)symlink("file", "link");
    (void)mkfifo("fifo");
    make_file("secret");
    (void)chmod("secret", 0);
    memset(name256, 'n', 256);
    memset(path5000, '/', 5000);
    path5000[4999] = 'x';
    opening();
    transfers();
    pipes();
    limits();
    return done();
}
