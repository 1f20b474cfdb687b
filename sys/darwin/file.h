// SPDX-License-Identifier: BSD-3-Clause
// What only Darwin's descriptors can do (bsd/kern/kern_descrip.c sys_fcntl_nocancel). All are EBADF for what is no file.
#pragma once
#include "sys/darwin/fs.h"
#include "sys/result.h"

namespace trapeze::xnu {

// Waits until the drive has written its own cache too, which fsync does not ask of it. May take long.
Result full_fsync(i32 fd);

// Reads and writes go past the cache.
Result set_no_cache(i32 fd, bool on);

// The open file's path now, with its NUL, in a buffer of MAXPATHLEN bytes. ENOENT: it has none any more.
Result path_of(i32 fd, char* buffer);

}  // namespace trapeze::xnu
