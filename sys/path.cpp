// SPDX-License-Identifier: BSD-3-Clause
// See path.h: the calls that both kernels spell the same. None of them waits for something that may never come, so EINTR is
// known of network filesystems alone; the rule of interrupted.h holds for those that may have done nothing then.
#include "sys/path.h"

#include "sys/calls.h"
#include "sys/interrupted.h"

namespace trapeze {
namespace {

// readlink takes an int on both kernels, and no path is as long as that.
i32 length(usize n) { return n < 0x7fffffff ? static_cast<i32>(n) : 0x7fffffff; }

}  // namespace

Result access(const char* path, i32 mode) { return sys_access(path, mode); }
Result link(const char* path, const char* name) { return sys_link(path, name); }
Result symlink(const char* target, const char* name) { return sys_symlink(target, name); }
Result readlink(const char* path, char* buffer, usize n) { return sys_readlink(path, buffer, length(n)); }
Result unlink(const char* path) { return sys_unlink(path); }
Result rename(const char* from, const char* to) { return sys_rename(from, to); }
Result mkdir(const char* path, u32 mode) { return sys_mkdir(path, mode); }
Result rmdir(const char* path) { return sys_rmdir(path); }
Result chdir(const char* path) { return sys_chdir(path); }
Result fchdir(i32 fd) { return sys_fchdir(fd); }
Result chmod(const char* path, u32 mode) { return sys_chmod(path, mode); }
Result fchmod(i32 fd, u32 mode) { return sys_fchmod(fd, mode); }
Result chown(const char* path, u32 uid, u32 gid) { return sys_chown(path, uid, gid); }
Result fchown(i32 fd, u32 uid, u32 gid) { return sys_fchown(fd, uid, gid); }
Result lchown(const char* path, u32 uid, u32 gid) { return sys_lchown(path, uid, gid); }
Result umask(u32 mask) { return sys_umask(mask); }

Result truncate(const char* path, i64 size) {
    return again_when_interrupted([=] { return sys_truncate(path, size); });
}

}  // namespace trapeze
