// SPDX-License-Identifier: BSD-3-Clause
// Linux's part of sys/dir.h: getdents64. A record's length covers its padding to 8 bytes, so the name ends at its NUL.
#include "sys/calls.h"
#include "sys/dir_record.h"
#include "sys/mem.h"

namespace trapeze {

Result dir_fill(i32 fd, void* buffer, usize n) { return sys_getdents64(fd, buffer, static_cast<u32>(n)); }

u32 dir_record(const void* record, DirEntry* entry) {
    const auto* d = static_cast<const lnx::linux_dirent64*>(record);
    *entry = {d->d_name, str_len(d->d_name), d->d_ino, d->d_type};
    return d->d_reclen;
}

}  // namespace trapeze
