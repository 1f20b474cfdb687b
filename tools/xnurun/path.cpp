// SPDX-License-Identifier: BSD-3-Clause
// See path.h.
#include "tools/xnurun/path.h"

namespace trapeze {
namespace {

bool below(const char* path, const char* folder) {
    while (*folder && *path == *folder) path++, folder++;
    return !*folder && (!*path || *path == '/');
}

}  // namespace

Path::Path(u64 from) : error(copyin_string(buffer_, from, sizeof buffer_)), text_(buffer_) {
    constexpr u32 prefix = 8;  // "/private"
    if (error) buffer_[0] = 0;
    else if (below(buffer_, "/private/tmp") || below(buffer_, "/private/var") || below(buffer_, "/private/etc")) text_ = buffer_ + prefix;
}

bool at_flags_to_host(i32 flags, i32 allowed, i32& host) {
    if (flags & ~allowed) return false;
    host = (flags & xnu::AT_SYMLINK_NOFOLLOW ? lnx::AT_SYMLINK_NOFOLLOW : 0) |
           (flags & xnu::AT_SYMLINK_FOLLOW ? lnx::AT_SYMLINK_FOLLOW : 0) | (flags & xnu::AT_REMOVEDIR ? lnx::AT_REMOVEDIR : 0) |
           (flags & xnu::AT_EACCESS ? 0x200 : 0);
    return true;
}

Kind kind_of(i32 fd) {
    lnx::stat s;
    if (host_failed(host(lnx::SYS_fstat, fd, &s))) return Kind::closed;
    switch (s.st_mode & lnx::S_IFMT) {
    case lnx::S_IFREG: case lnx::S_IFDIR: case lnx::S_IFCHR: case lnx::S_IFBLK: case lnx::S_IFLNK: return Kind::vnode;
    case lnx::S_IFIFO: {
        constexpr i64 pipefs = 0x50495045;  // include/uapi/linux/magic.h
        lnx::statfs f{};
        host(lnx::SYS_fstatfs, fd, &f);
        return f.f_type == pipefs ? Kind::other : Kind::vnode;
    }
    default: return Kind::other;
    }
}

}  // namespace trapeze
