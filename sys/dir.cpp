// SPDX-License-Identifier: BSD-3-Clause
// See dir.h. A record is well formed if it lies within what the kernel said it wrote; it is trusted to be.
#include "sys/dir.h"

#include "sys/dir_record.h"
#include "sys/file.h"

namespace trapeze {

Result opendir(const char* path, Dir* dir) {
    const Result r = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (r.failed()) return r;
    return opendir(static_cast<i32>(r.value()), dir);
}

Result opendir(i32 fd, Dir* dir) {
    dir->fd = fd;
    dir->at = dir->used = 0;
    return {0};
}

Result readdir(Dir* dir, DirEntry* entry) {
    for (;;) {
        if (dir->at >= dir->used) {
            const Result r = dir_fill(dir->fd, dir->buffer, sizeof dir->buffer);
            if (r.failed() || r.value() == 0) return r;
            dir->at = 0;
            dir->used = static_cast<u32>(r.value());
        }
        const u32 size = dir_record(dir->buffer + dir->at, entry);
        dir->at = size ? dir->at + size : dir->used;
        if (size && entry->ino) return {1};  // number 0: removed while it was read
    }
}

Result rewinddir(Dir* dir) {
    dir->at = dir->used = 0;
    return lseek(dir->fd, 0, SEEK_SET);
}

Result closedir(Dir* dir) {
    const i32 fd = dir->fd;
    dir->fd = -1;
    return close(fd);
}

}  // namespace trapeze
