// SPDX-License-Identifier: BSD-3-Clause
// Names: making, linking, moving and removing them, the working directory; and every reason why not.
#include "tests/sys/fs_tools.h"

static bool exists(const char* path) {
    FileInfo info;
    return lstat(path, &info).ok();
}
static u64 number(const char* path) {
    FileInfo info{};
    return stat(path, &info).ok() ? info.ino : 0;
}
static char name256[257];

static void links() {
    ok(link("file", "second").ok() && number("file") == number("second"), "a second name for the same file");
    FileInfo info{};
    ok(stat("file", &info).ok() && info.nlink == 2, "is counted");
    ok(unlink("second").ok() && !exists("second") && exists("file"), "and can go");
    ok(symlink("file", "soft").ok() && number("soft") == number("file"), "a symbolic link is followed");
    char at[64];
    ok(readlink("soft", at, sizeof at).raw == 4 && memcmp(at, "file", 4) == 0, "and can be read");
    at[2] = '#';
    ok(readlink("soft", at, 2).raw == 2 && at[0] == 'f' && at[2] == '#', "as far as there is room");
    ok(lstat("soft", &info).ok() && (info.mode & S_IFMT) == S_IFLNK && info.size == 4, "lstat sees the link");
    ok(symlink("nowhere", "dangling").ok() && exists("dangling") && !number("dangling"), "a link may lead nowhere");
    fails(readlink("file", at, sizeof at), kernel::EINVAL, "readlink of no link");
    fails(readlink("missing", at, sizeof at), kernel::ENOENT, "heritage 21: readlink");
    fails(readlink("soft", bad_pointer(), 4), kernel::EFAULT, "to nowhere");
    fails(readlink(bad_pointer(), at, 4), kernel::EFAULT, "of nothing");
    fails(link("missing", "x"), kernel::ENOENT, "heritage 21: link");
    fails(link("file", "dir"), kernel::EEXIST, "to a name that is there");
    fails(link("file", "missing/x"), kernel::ENOENT, "into no directory");
    fails(link("file", "file/x"), kernel::ENOTDIR, "into a file");
    fails(link("dir", "x"), kernel::EPERM, "of a directory");
    fails(link("file", name256), kernel::ENAMETOOLONG, "to a name of 256 bytes");
    fails(link("file", bad_pointer()), kernel::EFAULT, "to nowhere");
    fails(symlink("file", "dir"), kernel::EEXIST, "symlink to a name that is there");
    fails(symlink("file", "missing/x"), kernel::ENOENT, "heritage 21: symlink");
    fails(symlink(bad_pointer(), "x"), kernel::EFAULT, "of nothing");
    fails(unlink("missing"), kernel::ENOENT, "heritage 21: unlink");
    fails(unlink("file/x"), kernel::ENOTDIR, "below a file");
    fails(unlink("dir"), either(kernel::EISDIR, kernel::EPERM), "unlink of a directory");
    fails(unlink(bad_pointer()), kernel::EFAULT, "of nothing");
    ok(unlink("soft").ok() && exists("file"), "unlink takes the link, not the file");
}

static void renames() {
    make_file("a", "a");
    make_file("b", "b");
    const u64 a = number("a");
    ok(rename("a", "b").ok() && !exists("a") && number("b") == a, "a rename replaces");
    ok(rename("b", "b").ok() && exists("b"), "to itself: nothing");
    ok(mkdir("d1").ok() && mkdir("d2").ok() && rename("d1", "d2").ok() && !exists("d1"), "an empty directory replaces an empty one");
    make_file("d2/x");
    ok(mkdir("d1"), "another");
    fails(rename("d1", "d2"), kernel::ENOTEMPTY, "but not a full one");
    fails(rename("b", "d1"), kernel::EISDIR, "a file no directory");
    fails(rename("d1", "b"), kernel::ENOTDIR, "a directory no file");
    fails(rename("d1", "d1/below"), kernel::EINVAL, "into itself");
    fails(rename("missing", "x"), kernel::ENOENT, "heritage 21: rename");
    fails(rename("b", "missing/x"), kernel::ENOENT, "into no directory");
    fails(rename("b", "file/x"), kernel::ENOTDIR, "into a file");
    fails(rename("b", name256), kernel::ENAMETOOLONG, "to a name of 256 bytes");
    fails(rename(bad_pointer(), "x"), kernel::EFAULT, "of nothing");
    fails(rename("b", bad_pointer()), kernel::EFAULT, "to nowhere");
    ok(exists("b") && exists("d1") && exists("d2/x"), "none of those moved anything");
}

static void directories() {
    FileInfo info{};
    ok(mkdir("new", 0751).ok() && stat("new", &info).ok() && (info.mode & S_IFMT) == S_IFDIR && (info.mode & 0777) == 0751, "mkdir with a mode");
    ok(mkdir("slash/").ok() && exists("slash") && rmdir("slash/").ok(), "a slash at the end");
    fails(mkdir("new"), kernel::EEXIST, "once");
    fails(mkdir("file"), kernel::EEXIST, "nor over a file");
    fails(mkdir("missing/x"), kernel::ENOENT, "heritage 21: mkdir");
    fails(mkdir("file/x"), kernel::ENOTDIR, "in a file");
    fails(mkdir(name256), kernel::ENAMETOOLONG, "256 bytes");
    fails(mkdir(bad_pointer()), kernel::EFAULT, "no name");
    make_file("new/x");
    fails(rmdir("new"), kernel::ENOTEMPTY, "rmdir of a full one");
    fails(rmdir("missing"), kernel::ENOENT, "heritage 21: rmdir");
    fails(rmdir("file"), kernel::ENOTDIR, "of a file");
    fails(rmdir("new/."), kernel::EINVAL, "of itself");
    fails(rmdir(bad_pointer()), kernel::EFAULT, "of nothing");
    ok(unlink("new/x").ok() && rmdir("new").ok() && !exists("new"), "rmdir");
}

static void where(const char* path) {
    char at[1024], real[1024];
    Result r = getcwd(real, sizeof real);
    ok(r.ok() && r.value() == static_cast<i64>(str_len(real)) && real[0] == '/', "getcwd is a path");
    // A temporary directory may lie behind a link (/tmp on a Mac): the same place, if not the same words.
    ok(number(real) == number(path) && number(path), "of where we are");
    ok(chdir("dir").ok() && getcwd(at, sizeof at).raw == r.raw + 4 && str_eq(at + r.value(), "/dir"), "chdir goes down");
    const i32 dir = fd_of(open(".", O_RDONLY));
    ok(chdir("..").ok() && getcwd(at, sizeof at).ok() && str_eq(at, real), "and up");
    ok(fchdir(dir).ok() && getcwd(at, sizeof at).raw == r.raw + 4 && chdir("..").ok(), "fchdir by descriptor");
    const usize length = static_cast<usize>(r.value());
    ok(getcwd(at, length + 1).raw == r.raw, "just room enough");
    fails(getcwd(at, length), kernel::ERANGE, "one byte less");
    fails(getcwd(at, 0), kernel::ERANGE, "none");
    fails(chdir("missing"), kernel::ENOENT, "heritage 21: chdir");
    fails(chdir("file"), kernel::ENOTDIR, "to a file");
    fails(chdir(bad_pointer()), kernel::EFAULT, "to nothing");
    fails(fchdir(-1), kernel::EBADF, "heritage 21: fchdir");
    const i32 file = fd_of(open("file", O_RDONLY));
    fails(fchdir(file), kernel::ENOTDIR, "to a file's");
    ok(getcwd(at, sizeof at).ok() && str_eq(at, real), "none of those went anywhere");
    (void)close(dir);
    (void)close(file);
}

static void others() {
    FileInfo info{};
    ok(mkfifo("fifo", 0640).ok() && stat("fifo", &info).ok() && (info.mode & S_IFMT) == S_IFIFO && (info.mode & 0777) == 0640, "a fifo");
    const i32 in = fd_of(open("fifo", O_RDONLY | O_NONBLOCK)), out = fd_of(open("fifo", O_WRONLY | O_NONBLOCK));
    char x = 0;
    ok(write(out, "x", 1).raw == 1 && read(in, &x, 1).raw == 1 && x == 'x', "carries what is written");
    ok(close(out).ok() && read(in, &x, 1).raw == 0 && close(in).ok(), "until its writer is gone");
    fails(mkfifo("fifo"), kernel::EEXIST, "once");
    fails(mkfifo("missing/x"), kernel::ENOENT, "heritage 21: mkfifo");
    fails(mkfifo(bad_pointer()), kernel::EFAULT, "no name");
    char t[] = "t.XXXXXX", u[] = "t.XXXXXX", few[] = "XXXXX";
    Result r = make_temporary(t);
    ok(r.ok() && fstat(fd_of(r), &info).ok() && (info.mode & 0777) == 0600 && exists(t), "a temporary file");
    (void)close(fd_of(r));
    ok(make_temporary_dir(u).ok() && stat(u, &info).ok() && (info.mode & 0777) == 0700 && !str_eq(t, u), "and a directory, by another name");
    fails(make_temporary(few), kernel::EINVAL, "five X's are too few");
    char nowhere[] = "missing/XXXXXX";
    fails(make_temporary(nowhere), kernel::ENOENT, "in no directory");
    fails(access("missing", F_OK), kernel::ENOENT, "heritage 21: access");
    fails(access(bad_pointer(), F_OK), kernel::EFAULT, "of nothing");
    make_file("shut");
    ok(access("file", F_OK | R_OK | W_OK).ok() && access("dir", X_OK).ok(), "access");
    (void)chmod("shut", 0);
    fails(access("shut", X_OK), kernel::EACCES, "nobody may run what has no x");
    if (root()) {
        skip("root may", "EACCES");
    } else {
        fails(access("shut", R_OK), kernel::EACCES, "nor read what has no r");
        (void)chmod("dir", 0);
        fails(access("dir/x", F_OK), kernel::EACCES, "nor look where he may not go");
        fails(mkdir("dir/x"), kernel::EACCES, "nor make anything there");
        fails(chdir("dir"), kernel::EACCES, "nor go there");
        (void)chmod("dir", 0755);
    }
}

int main() {
    print("TAP version 13\n");
    Workplace here;
    memset(name256, 'n', 256);
    make_file("file", "text");
    (void)mkdir("dir");
    links();
    renames();
    directories();
    where(here.path());
    others();
    return done();
}
