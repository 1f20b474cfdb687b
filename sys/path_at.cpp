// SPDX-License-Identifier: BSD-3-Clause
// See path_at.h: the calls that both kernels spell the same.
#include "sys/path_at.h"

#include "sys/calls.h"
#include "sys/interrupted.h"

namespace trapeze {

Result openat(i32 dir, const char* path, i32 flags, u32 mode) {
    return again_when_interrupted([=] { return sys_openat(dir, path, flags, mode); });
}

Result linkat(i32 from_dir, const char* path, i32 dir, const char* name, i32 flags) {
    return sys_linkat(from_dir, path, dir, name, flags);
}

Result symlinkat(const char* target, i32 dir, const char* name) { return sys_symlinkat(target, dir, name); }

Result readlinkat(i32 dir, const char* path, char* buffer, usize n) {
    return sys_readlinkat(dir, path, buffer, n < 0x7fffffff ? static_cast<i32>(n) : 0x7fffffff);
}

Result unlinkat(i32 dir, const char* path, i32 flags) { return sys_unlinkat(dir, path, flags); }

Result renameat(i32 from_dir, const char* from, i32 to_dir, const char* to) { return sys_renameat(from_dir, from, to_dir, to); }

Result mkdirat(i32 dir, const char* path, u32 mode) { return sys_mkdirat(dir, path, mode); }

Result fchownat(i32 dir, const char* path, u32 uid, u32 gid, i32 flags) { return sys_fchownat(dir, path, uid, gid, flags); }

}  // namespace trapeze
