// SPDX-License-Identifier: BSD-3-Clause
// Reading and writing through a descriptor: what was written is read, at the offset where it belongs.
#include "tests/sys/fs_tools.h"

static char big[1 << 20];

static void offsets() {
    Result r = open("a", O_RDWR | O_CREAT | O_EXCL, 0640);
    ok(r, "a new file");
    const i32 fd = fd_of(r);
    ok(write(fd, "hello, world", 12).raw == 12 && lseek(fd, 0, SEEK_CUR).raw == 12, "a write moves the offset");
    char at[16] = {};
    ok(lseek(fd, 7, SEEK_SET).raw == 7 && read(fd, at, sizeof at).raw == 5 && memcmp(at, "world", 5) == 0, "a read goes to the end");
    ok(read(fd, at, sizeof at).raw == 0, "and no further");
    ok(lseek(fd, -5, SEEK_END).raw == 7 && lseek(fd, -7, SEEK_CUR).raw == 0, "from the end and from here");
    ok(pwrite(fd, "W", 1, 7).raw == 1 && pread(fd, at, 5, 7).raw == 5 && memcmp(at, "World", 5) == 0, "at an offset of its own");
    ok(lseek(fd, 0, SEEK_CUR).raw == 0, "which is not the descriptor's");
    ok(pread(fd, at, sizeof at, 100).raw == 0, "nothing behind the end");
    ok(read(fd, at, 0).raw == 0 && write(fd, at, 0).raw == 0, "no bytes are no error");
    ok(lseek(fd, 5000, SEEK_SET).raw == 5000 && write(fd, "x", 1).raw == 1, "a hole");
    FileInfo info{};
    ok(fstat(fd, &info).ok() && info.size == 5001, "counts for the size");
    ok(pread(fd, at, 4, 4000).raw == 4 && memcmp(at, "\0\0\0\0", 4) == 0, "and reads as zeros");
    ok(ftruncate(fd, 5), "cut");
    ok(fstat(fd, &info).ok() && info.size == 5 && pread(fd, at, sizeof at, 0).raw == 5 && memcmp(at, "hello", 5) == 0, "to the first bytes");
    ok(ftruncate(fd, 9).ok() && pread(fd, at, sizeof at, 0).raw == 9 && memcmp(at + 5, "\0\0\0\0", 4) == 0, "extended by zeros");
    ok(fsync(fd), "to the disk");
    ok(fdatasync(fd), "the content alone");
    ok(close(fd), "closed");
    fails(close(fd), kernel::EBADF, "heritage 21: closed only once");
}

static void vectors() {
    const i32 fd = fd_of(open("v", O_RDWR | O_CREAT));
    char a[] = "ab", b[] = "", c[] = "cdefg";
    iovec out[] = {{a, 2}, {b, 0}, {c, 5}};
    ok(writev(fd, out, 3).raw == 7, "three buffers written");
    char x[3] = {}, y[8] = {};
    iovec in[] = {{x, 3}, {y, 8}};
    ok(lseek(fd, 0, SEEK_SET).ok() && readv(fd, in, 2).raw == 7 && memcmp(x, "abc", 3) == 0 && memcmp(y, "defg", 4) == 0,
       "read into two");
    static iovec many[1025];
    for (auto& v : many) v = {x, 1};
    ok(lseek(fd, 0, SEEK_SET).ok() && readv(fd, many, 1024).raw == 7, "1,024 buffers");
    fails(readv(fd, many, 1025), kernel::EINVAL, "1,025 are too many");
    fails(writev(fd, many, (usize{1} << 32) + 1), kernel::EINVAL, "and 2^32 + 1 are not 1");
    ok(readv(fd, in, 0).raw == (darwin ? -kernel::EINVAL : 0), "none is EINVAL on XNU");
    fails(readv(fd, reinterpret_cast<iovec*>(bad_pointer()), 1), kernel::EFAULT, "no vector");
    iovec wild{bad_pointer(), 4};
    fails(readv(fd_of(open("v", O_RDONLY)), &wild, 1), kernel::EFAULT, "no buffer");
    iovec huge[] = {{x, 3}, {y, ~usize{0} - 1}};
    fails(writev(fd, huge, 2), kernel::EINVAL, "a length that is none");
    fails(readv(-1, in, 2), kernel::EBADF, "heritage 21: readv of no descriptor");
    fails(writev(-1, in, 2), kernel::EBADF, "heritage 21: writev of no descriptor");
    (void)close(fd);
}

static void modes_of_open() {
    make_file("m", "one");
    i32 fd = fd_of(open("m", O_WRONLY | O_APPEND));
    ok(write(fd, " two", 4).raw == 4 && close(fd).ok(), "O_APPEND");
    char at[16] = {};
    fd = fd_of(open("m", O_RDONLY));
    ok(read(fd, at, sizeof at).raw == 7 && memcmp(at, "one two", 7) == 0 && close(fd).ok(), "adds at the end");
    fd = fd_of(open("m", O_RDWR | O_TRUNC));
    ok(read(fd, at, sizeof at).raw == 0 && close(fd).ok(), "O_TRUNC empties");
    Result dir = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ok(dir, "a directory can be opened");
    ok((fcntl(fd_of(dir), kernel::F_GETFD).raw & kernel::FD_CLOEXEC) == kernel::FD_CLOEXEC && close(fd_of(dir)).ok(), "O_CLOEXEC");
    fd = fd_of(open("m", O_RDWR | O_SYNC | O_NONBLOCK));
    const i64 flags = fcntl(fd, kernel::F_GETFL).raw;
    ok((flags & kernel::O_ACCMODE) == O_RDWR && (flags & O_NONBLOCK) && (flags & O_SYNC) == O_SYNC && close(fd).ok(), "F_GETFL gives the flags back");
}

static void long_ones() {
    for (usize i = 0; i < sizeof big; i++) big[i] = static_cast<char>(i * 7 + i / 4096);
    const i32 fd = fd_of(open("l", O_RDWR | O_CREAT));
    ok(write_all(fd, big, sizeof big).raw == sizeof big, "a mebibyte");
    static char again[sizeof big];
    ok(lseek(fd, 0, SEEK_SET).ok() && read(fd, again, ~usize{0}).raw == sizeof big, "a length beyond every limit moves what is there");
    ok(memcmp(big, again, sizeof big) == 0, "all of it");
    memset(again, 0, sizeof again);
    ok(pread(fd, again, ~usize{0}, 1000).raw == sizeof big - 1000 && memcmp(big + 1000, again, sizeof big - 1000) == 0, "pread too");
    ok(read_all(fd, again, 10).raw == 0, "read_all at the end");
    ok(lseek(fd, 5, SEEK_SET).ok() && read_all(fd, again, 10).raw == 10 && memcmp(again, big + 5, 10) == 0, "read_all reads all");
    (void)close(fd);

    // Data and holes: not every filesystem tells, and one without holes may say that all is data.
    const i32 sparse = fd_of(open("s", O_RDWR | O_CREAT));
    (void)ftruncate(sparse, 1 << 20);
    (void)pwrite(sparse, "x", 1, 1 << 19);
    const Result data = lseek(sparse, 0, SEEK_DATA);
    if (data.err() == kernel::EINVAL || data.err() == kernel::ENOTTY) {
        skip("the filesystem does not know", "SEEK_DATA");
    } else {
        ok(data.raw == 0 || (data.raw > 0 && data.raw <= 1 << 19), "SEEK_DATA stops at or before the data");
        const Result hole = lseek(sparse, 1 << 19, SEEK_HOLE);
        ok(hole.raw > 1 << 19 && hole.raw <= 1 << 20, "SEEK_HOLE behind it");
        fails(lseek(sparse, 2 << 20, SEEK_DATA), kernel::ENXIO, "SEEK_DATA behind the end");
    }
    (void)close(sparse);
}

int main() {
    print("TAP version 13\n");
    Workplace here;
    offsets();
    vectors();
    modes_of_open();
    long_ones();
    return done();
}
