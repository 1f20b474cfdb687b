// SPDX-License-Identifier: BSD-3-Clause
// Lists a directory: kind, permissions, size and name of each entry, in the filesystem's order.
#include "trapeze.h"

using namespace trapeze;

static char kind(u32 mode) {
    switch (mode & S_IFMT) {
    case S_IFDIR: return 'd';
    case S_IFLNK: return 'l';
    case S_IFIFO: return 'p';
    case S_IFSOCK: return 's';
    case S_IFCHR: return 'c';
    case S_IFBLK: return 'b';
    default: return '-';
    }
}

int main(int argc, char** argv) {
    const char* path = argc > 1 ? argv[1] : ".";
    Dir dir;
    Result r = opendir(path, &dir);
    DirEntry entry;
    while (r.ok() && (r = readdir(&dir, &entry)).value() > 0) {
        FileInfo info;
        if (fstatat(dir.fd, entry.name, &info, AT_SYMLINK_NOFOLLOW).failed()) continue;  // gone meanwhile
        char mode[11] = "-rwxrwxrwx";
        mode[0] = kind(info.mode);
        for (int bit = 0; bit < 9; bit++)
            if (!(info.mode >> bit & 1)) mode[9 - bit] = '-';
        print(mode, Pad{info.size, 12}, " ", entry.name, "\n");
    }
    if (r.failed()) {
        eprint("ls: ", path, ": ", errno_text(r.err()), "\n");
        return 1;
    }
    (void)closedir(&dir);
    return 0;
}
