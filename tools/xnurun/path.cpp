// SPDX-License-Identifier: BSD-3-Clause
// See path.h.
#include "tools/xnurun/path.h"

#include "sys/mem.h"
#include "sys/xlat.h"
#include "tools/xnurun/descriptors.h"
#include "tools/xnurun/termios.h"

namespace trapeze {
namespace {

bool below(const char* path, const char* folder) {
    while (*folder && *path == *folder) path++, folder++;
    return !*folder && (!*path || *path == '/');
}

// /dev/ttysNNN, as TIOCPTYGNAME names a pseudo-terminal's slave: the host's /dev/pts/N.
void slave_to_host(char* path) {
    constexpr u32 prefix = 9;
    for (u32 i = 0; i < prefix; i++)
        if (path[i] != "/dev/ttys"[i]) return;
    u32 at = prefix;
    for (u32 i = prefix; path[i]; i++)
        if (path[i] < '0' || path[i] > '9') return;
    if (str_len(path) < prefix + 3) return;
    while (path[at] == '0' && path[at + 1]) at++;
    const usize n = str_len(path + at) + 1;
    memcpy(path, "/dev/pts/", 9);
    for (usize i = 0; i < n; i++) path[9 + i] = path[at + i];
}

}  // namespace

Path::Path(u64 from) : error(copyin_string(buffer_, from, sizeof buffer_)), text_(buffer_) {
    constexpr u32 prefix = 8;  // "/private"
    if (error) buffer_[0] = 0;
    else if (below(buffer_, "/private/tmp") || below(buffer_, "/private/var") || below(buffer_, "/private/etc")) text_ = buffer_ + prefix;
    else if (str_eq(buffer_, "/private")) text_ = "/";
    else slave_to_host(buffer_);
}

bool Path::names_private_link() const {
    return str_eq(buffer_, "/tmp") || str_eq(buffer_, "/var") || str_eq(buffer_, "/etc");
}

void descriptor_link(i32 fd, char to[32]) {
    constexpr char folder[] = "/proc/self/fd/";
    u32 n = sizeof folder - 1, digits = 1;
    memcpy(to, folder, n);
    const u32 number = static_cast<u32>(fd);
    for (u32 v = number; v >= 10; v /= 10) digits++;
    for (u32 i = digits, v = number; i; v /= 10) to[n + --i] = static_cast<char>('0' + v % 10);
    to[n + digits] = 0;
}

i32 path_of_descriptor(i32 fd, char* to) {
    char link[32];
    descriptor_link(fd, link);
    const i64 r = host(lnx::SYS_readlinkat, lnx::AT_FDCWD, link, to, xnu::MAXPATHLEN);
    if (host_failed(r)) return errno_lnx_to_xnu(static_cast<i32>(-r));
    if (r == xnu::MAXPATHLEN) return xnu::ENOSPC;
    to[r] = 0;
    lnx::stat s{};
    host(lnx::SYS_fstat, fd, &s);
    return s.st_nlink ? 0 : xnu::ENOENT;  // the host's text says "(deleted)"
}

void path_to_guest(char* path, usize room) {
    if (below(path, "/dev/pts") && path[8] && room >= 32) {
        u32 number = 0;
        for (const char* p = path + 9; *p; p++) number = number * 10 + static_cast<u32>(*p - '0');
        return path[9] >= '0' && path[9] <= '9' ? slave_to_guest(number, path) : void();
    }
    if (!below(path, "/tmp") && !below(path, "/var") && !below(path, "/etc")) return;
    constexpr usize prefix = 8;
    const usize n = str_len(path) + 1;
    if (n + prefix > room) return;
    for (usize i = n; i; i--) path[i - 1 + prefix] = path[i - 1];
    memcpy(path, "/private", prefix);
}

namespace {
struct FlagPair {
    u32 darwin, host;  // bsd/sys/stat.h UF_*; include/uapi/linux/fs.h FS_*_FL, the same numbers as STATX_ATTR_*
};
constexpr FlagPair file_flags[] = {{1, 0x40}, {2, 0x10}, {4, 0x20}};
}  // namespace

u32 file_flags_to_guest(u64 attributes) {
    u32 r = 0;
    for (const FlagPair& p : file_flags)
        if (attributes & p.host) r |= p.darwin;
    return r;
}

Answer set_file_flags(i32 fd, u32 flags) {
    constexpr u64 get_flags = 0x80086601, set_flags = 0x40086602;
    u32 wanted = 0, all = 0;
    for (const FlagPair& p : file_flags) {
        if (flags & p.darwin) wanted |= p.host;
        all |= p.host;
        flags &= ~p.darwin;
    }
    if (flags) return fail(xnu::ENOTSUP);
    char link[32];
    descriptor_link(fd, link);
    const i64 file = open_own(link, lnx::O_RDONLY | lnx::O_NONBLOCK);
    if (host_failed(file)) return wanted ? fail(xnu::ENOTSUP) : ok();
    i64 old = 0;
    i64 r = host(lnx::SYS_ioctl, file, get_flags, &old);
    const u32 now = static_cast<u32>(old);
    if (host_failed(r) && !wanted) r = 0;
    else if (!host_failed(r) && (now & all) != wanted) {
        const i64 fresh = (now & ~all) | wanted;
        r = host(lnx::SYS_ioctl, file, set_flags, &fresh);
    }
    host(lnx::SYS_close, file);
    return r == -lnx::ENOTTY || r == -lnx::EOPNOTSUPP || r == -lnx::EINVAL ? fail(xnu::ENOTSUP) : from_host(r);
}

i32 links_on_the_way(i32 directory, const char* path) {
    const struct {
        u64 flags, mode, resolve;
    } how{static_cast<u32>(lnx::O_PATH | lnx::O_CLOEXEC | lnx::O_NOFOLLOW), 0, 4};  // RESOLVE_NO_SYMLINKS
    const i64 r = host(lnx::SYS_openat2, directory, path, &how, sizeof how);
    if (!host_failed(r)) host(lnx::SYS_close, r);
    return r == -lnx::ELOOP ? xnu::ELOOP : 0;
}

bool at_flags_to_host(i32 flags, i32 allowed, i32& host) {
    if (flags & ~allowed) return false;
    host = (flags & xnu::AT_SYMLINK_NOFOLLOW ? lnx::AT_SYMLINK_NOFOLLOW : 0) |
           (flags & xnu::AT_SYMLINK_FOLLOW ? lnx::AT_SYMLINK_FOLLOW : 0) | (flags & xnu::AT_REMOVEDIR ? lnx::AT_REMOVEDIR : 0) |
           (flags & xnu::AT_EACCESS ? 0x200 : 0);
    return true;
}

FdKind kind_of(i32 fd) {
    if (const Known k = known(fd); k.sort != Known::unknown) return k.sort == Known::vnode ? FdKind::vnode : FdKind::other;
    lnx::stat s;
    if (host_failed(host(lnx::SYS_fstat, fd, &s))) return FdKind::closed;
    switch (s.st_mode & lnx::S_IFMT) {
    case lnx::S_IFREG: case lnx::S_IFDIR: case lnx::S_IFCHR: case lnx::S_IFBLK: case lnx::S_IFLNK: return FdKind::vnode;
    case lnx::S_IFIFO: {
        constexpr i64 pipefs = 0x50495045;  // include/uapi/linux/magic.h
        lnx::statfs f{};
        host(lnx::SYS_fstatfs, fd, &f);
        return f.f_type == pipefs ? FdKind::other : FdKind::vnode;
    }
    default: return FdKind::other;
    }
}

namespace {
i32 unless_file(i32 fd, i32 other) {
    const FdKind kind = kind_of(fd);
    return kind == FdKind::vnode ? 0 : kind == FdKind::closed ? xnu::EBADF : other;
}
}  // namespace
i32 not_file(i32 fd) { return unless_file(fd, xnu::EINVAL); }
i32 not_file_of(i32 fd) { return unless_file(fd, xnu::ENOTSUP); }

Answer from_host_at(i32 fd, i64 r, i32 other) {
    const auto no_file = [](i32 d) { return d >= 0 && kind_of(d) == FdKind::other; };
    return r == -lnx::ENOTDIR && (no_file(fd) || no_file(other)) ? fail(xnu::ENOTSUP) : from_host(r);
}

}  // namespace trapeze
