// SPDX-License-Identifier: BSD-3-Clause
// Darwin's part of sys/dir.h: getdirentries64, which also wants to say where in the directory it started. From xnu-6153 on the
// last 4 bytes of a buffer of 1,024 and more are flags; the count that it returns never covers them.
#include "sys/calls.h"
#include "sys/dir_record.h"

namespace trapeze {

Result dir_fill(i32 fd, void* buffer, usize n) {
    i64 start;
    return sys_getdirentries64(fd, buffer, n, &start);
}

u32 dir_record(const void* record, DirEntry* entry) {
    const auto* d = static_cast<const xnu::dirent*>(record);
    *entry = {d->d_name, d->d_namlen, d->d_ino, d->d_type};
    return d->d_reclen;
}

}  // namespace trapeze
