// SPDX-License-Identifier: BSD-3-Clause
// Reading a directory, entry by entry, without allocation: a Dir holds the buffer that the kernel fills.
//
//   Dir dir;
//   if (Result r = opendir(path, &dir); r.failed()) ...
//   for (DirEntry e; readdir(&dir, &e).value() > 0;) print(e.name, "\n");
//   closedir(&dir);
//
// Entries come in the filesystem's order, "." and ".." among them. What is made or removed meanwhile may or may not show; what
// is there all the time shows once. One thread at a time uses a Dir. It may block on the disk.
#pragma once
#include "sys/kernel.h"
#include "sys/result.h"

namespace trapeze {

using kernel::DT_BLK, kernel::DT_CHR, kernel::DT_DIR, kernel::DT_FIFO, kernel::DT_LNK, kernel::DT_REG, kernel::DT_SOCK, kernel::DT_UNKNOWN;

// 2,048 bytes hold any record (XNU's are at most 1,048 with a name of 1,023 bytes); more means fewer calls, not more entries.
struct Dir {
    i32 fd = -1;
    u32 at = 0, used = 0;  // the unread entries are buffer[at..used)
    alignas(8) u8 buffer[2048];
};

struct DirEntry {
    const char* name;  // ends in NUL; in the Dir, good until the next readdir
    usize length;
    u64 ino;
    u8 type;           // DT_*; DT_UNKNOWN where the filesystem does not say: ask lstat
};

Result opendir(const char* path, Dir* dir);  // ENOTDIR for what is none
Result opendir(i32 fd, Dir* dir);            // takes the descriptor over; starts where it is. Never fails: readdir does
Result readdir(Dir* dir, DirEntry* entry);   // 1: *entry is the next; 0: no more; ENOENT (Linux): the directory was removed
Result rewinddir(Dir* dir);                  // from the start again, as the directory is by then
Result closedir(Dir* dir);

}  // namespace trapeze
