// SPDX-License-Identifier: BSD-3-Clause
// Reading directories: everything once, whatever the buffer holds.
#include "tests/sys/fs_tools.h"

static char long_name[256];

static void path_of(char out[8], int i) {
    out[0] = 'f';
    for (int k = 4; k; k--, i /= 10) out[k] = static_cast<char>('0' + i % 10);
    out[5] = 0;
}

static bool read_whole(Dir* dir, int files) {
    static u8 seen[1000];
    memset(seen, 0, sizeof seen);
    int dots = 0, others = 0;
    DirEntry e;
    Result r{};
    while ((r = readdir(dir, &e)).value() == 1) {
        if (e.length != str_len(e.name) || e.ino == 0) return false;
        if (str_eq(e.name, ".") || str_eq(e.name, "..")) {
            dots++;
        } else if (e.name[0] == 'f' && e.length == 5) {
            int n = 0;
            for (int k = 1; k < 5; k++) n = 10 * n + e.name[k] - '0';
            if (n < 0 || n >= files || seen[n]++) return false;
            if (e.type != DT_REG && e.type != DT_UNKNOWN) return false;
        } else {
            others++;
        }
    }
    for (int i = 0; i < files; i++)
        if (!seen[i]) return false;
    return r.raw == 0 && dots == 2 && others == 0;
}

int main() {
    print("TAP version 13\n");
    Workplace here;
    Dir dir;
    ok(opendir(".", &dir).ok() && read_whole(&dir, 0), "an empty directory has its two dots");
    DirEntry e;
    ok(readdir(&dir, &e).raw == 0, "and no more when asked again");
    ok(closedir(&dir), "closed");

    constexpr int files = 700;
    (void)mkdir("many");
    (void)chdir("many");
    char name[8];
    for (int i = 0; i < files; i++) {
        path_of(name, i);
        (void)close(fd_of(open(name, O_WRONLY | O_CREAT)));
    }
    ok(opendir(".", &dir).ok() && read_whole(&dir, files), "each of 700 once");
    ok(rewinddir(&dir).ok() && read_whole(&dir, files), "and again from the start");
    for (int i = 0; i < files; i += 2) {
        path_of(name, i);
        (void)unlink(name);
    }
    int left = 0;
    (void)rewinddir(&dir);
    while (readdir(&dir, &e).value() == 1) left += e.name[0] == 'f';
    ok(left == files / 2, "what was removed is gone after a rewind");
    ok(closedir(&dir).ok() && chdir("..").ok(), "closed");

    memset(long_name, 'n', 255);
    make_file(long_name);
    (void)mkdir("dir");
    (void)symlink("x", "soft");
    (void)mkfifo("fifo");
    int good = 0;
    bool types = true;
    (void)opendir(".", &dir);
    while (readdir(&dir, &e).value() == 1) {
        FileInfo info{};
        if (e.name[0] == '.') continue;
        types = types && lstat(e.name, &info).ok() && info.ino == e.ino && (e.type == DT_UNKNOWN || e.type == (info.mode & S_IFMT) >> 12);
        good += e.length == 255 || str_eq(e.name, "dir") || str_eq(e.name, "soft") || str_eq(e.name, "fifo");
    }
    (void)closedir(&dir);
    ok(good == 4, "a name of 255 bytes, a directory, a link, a fifo");
    ok(types, "with the numbers and kinds that lstat sees");

    fails(opendir("missing", &dir), kernel::ENOENT, "heritage 21: opendir");
    fails(opendir(long_name, &dir), kernel::ENOTDIR, "of a file");
    fails(opendir(bad_pointer(), &dir), kernel::EFAULT, "of nothing");
    (void)opendir(-1, &dir);
    fails(readdir(&dir, &e), kernel::EBADF, "heritage 21: readdir of no descriptor");
    fails(closedir(&dir), kernel::EBADF, "heritage 21: closedir");
    const i32 file = fd_of(open(long_name, O_RDONLY));
    (void)opendir(file, &dir);
    fails(readdir(&dir, &e), either(kernel::ENOTDIR, kernel::EINVAL), "readdir of a file");
    (void)closedir(&dir);
    return done();
}
