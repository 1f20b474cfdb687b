// SPDX-License-Identifier: BSD-3-Clause
// Paths that start from a directory's descriptor, or from the working directory with AT_FDCWD: no race with who renames a
// directory above. Absolute paths ignore it. Beside the errors of sys/path.h: EBADF, and ENOTDIR for a descriptor of a file.
//
// Darwin has them from 10.10 on (xnu-2782). An older kernel answers ENOSYS and sends SIGSYS, which ends a program that does
// not expect it: who must run there uses sys/path.h.
#pragma once
#include "sys/path.h"

namespace trapeze {

using kernel::AT_FDCWD, kernel::AT_REMOVEDIR, kernel::AT_SYMLINK_FOLLOW, kernel::AT_SYMLINK_NOFOLLOW;

Result openat(i32 dir, const char* path, i32 flags, u32 mode = 0666);
Result fstatat(i32 dir, const char* path, FileInfo* info, i32 flags = 0);  // AT_SYMLINK_NOFOLLOW; else EINVAL
Result faccessat(i32 dir, const char* path, i32 mode);
Result linkat(i32 from_dir, const char* path, i32 dir, const char* name, i32 flags = 0);  // AT_SYMLINK_FOLLOW
Result symlinkat(const char* target, i32 dir, const char* name);
Result readlinkat(i32 dir, const char* path, char* buffer, usize n);
Result unlinkat(i32 dir, const char* path, i32 flags = 0);                 // AT_REMOVEDIR: as rmdir
Result renameat(i32 from_dir, const char* from, i32 to_dir, const char* to);
Result mkdirat(i32 dir, const char* path, u32 mode = 0777);
Result fchmodat(i32 dir, const char* path, u32 mode);
Result fchownat(i32 dir, const char* path, u32 uid, u32 gid, i32 flags = 0);  // AT_SYMLINK_NOFOLLOW

}  // namespace trapeze
