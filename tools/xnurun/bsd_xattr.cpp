// SPDX-License-Identifier: BSD-3-Clause
// Extended attributes: bsd/vfs/vfs_xattr.c, vfs_syscalls.c, and as HFS+ keeps them, bsd/hfs/hfs_xattr.c of xnu-3248.60.10. Those of the
// guest are the host's in its namespace "user.", which is all that an ordinary process may write there. Two are no plain attributes:
//   com.apple.ResourceFork  a second content, of regular files alone: position says where, reading takes what is there, writing
//                           overwrites and extends and never cuts
//   com.apple.FinderInfo    32 bytes; all zeros is none; dates and counters in it are the file system's own
// The name is looked at before the file when something is changed, after it when something is read. To xnu-4570 a name that cannot
// be copied is EPERM to who reads and ENAMETOOLONG to who writes, whatever is wrong with it: a misplaced parenthesis.
#include "sys/mem.h"
#include "tools/xnurun/era.h"
#include "tools/xnurun/handlers.h"
#include "tools/xnurun/path.h"

namespace trapeze {
namespace {

constexpr u32 nofollow = 1, create = 2, replace = 4, of_kernel = 0x18;  // XATTR_NOSECURITY, XATTR_NODEFAULT
constexpr u32 era_exact_names = 4903221;
constexpr u64 longest = 65536;  // of an attribute, and of a list, on the host

// A file by path or by descriptor, in the spelling that the host's calls take.
struct Object {
    const char* path;
    i32 fd;
    bool link;

    template <class... A>
    i64 call(u64 by_path, u64 by_link, u64 by_fd, A... a) const {
        if (path) return host(link ? by_link : by_path, path, a...);
        const i64 r = host(by_fd, fd, a...);
        if (r > 0) return r;
        const FdKind kind = kind_of(fd);  // what is no file is EINVAL (file_vnode); the host has other words for it, or none
        if (kind != FdKind::vnode) return kind == FdKind::closed ? -lnx::EBADF : -lnx::EINVAL;
        if (r != -lnx::EBADF) return r;
        char through[32];  // a descriptor of O_EVTONLY: the host's O_PATH, which has no attributes of its own
        descriptor_link(fd, through);
        return host(by_path, through, a...);
    }
    i64 get(const char* name, u64 to, u64 size) const { return call(lnx::SYS_getxattr, lnx::SYS_lgetxattr, lnx::SYS_fgetxattr, name, to, size); }
    i64 set(const char* name, u64 from, u64 size, i32 how) const {
        return call(lnx::SYS_setxattr, lnx::SYS_lsetxattr, lnx::SYS_fsetxattr, name, from, size, how);
    }
    i64 remove(const char* name) const { return call(lnx::SYS_removexattr, lnx::SYS_lremovexattr, lnx::SYS_fremovexattr, name); }
    u32 mode() const {
        lnx::stat s{};
        if (path) host(lnx::SYS_newfstatat, lnx::AT_FDCWD, path, &s, link ? lnx::AT_SYMLINK_NOFOLLOW : 0);
        else host(lnx::SYS_fstat, fd, &s);
        return s.st_mode & lnx::S_IFMT;
    }
};

enum class Special : u8 { none, finder, fork };

class Name {
public:
    // failed_copy: what a name that cannot be copied is to releases that do not tell why.
    Name(u64 from, i32 failed_copy) {
        memcpy(text_, "user.", 5);
        error = copyin_string(text_ + 5, from, 128);  // XATTR_MAXNAMELEN 127
        if (error && failed_copy && (!era || era < era_exact_names)) error = failed_copy;
        if (error) return;
        if (memcmp(text_ + 5, "com.apple.system.", 17) == 0) error = xnu::EPERM;
        else if (str_eq(text_ + 5, "com.apple.FinderInfo")) special = Special::finder;
        else if (str_eq(text_ + 5, "com.apple.ResourceFork")) special = Special::fork;
    }
    const char* text() const { return text_; }
    bool empty() const { return !text_[5]; }
    i32 error = 0;
    Special special = Special::none;

private:
    char text_[5 + 128] = {};
};

u64 pointer(const void* p) { return reinterpret_cast<u64>(p); }

Answer result(i64 r) {
    if (r == -lnx::ENODATA) return fail(xnu::ENOATTR);
    if (r == -lnx::EOPNOTSUPP) return fail(xnu::ENOTSUP);
    if (r == -lnx::ENOSPC || r == -lnx::E2BIG) return fail(xnu::E2BIG);
    return from_host(r);
}

// Pages for one attribute or list, given back at the end.
struct Pages {
    u8* at = static_cast<u8*>(host_pages(longest));
    ~Pages() { host(lnx::SYS_munmap, at, longest); }
};

Answer read_fork(const Object& o, const Name& name, u64 to, u64 size, u32 position) {
    if (o.mode() != lnx::S_IFREG) return fail(xnu::EPERM);
    Pages pages;
    const i64 r = o.get(name.text(), pointer(pages.at), longest);
    if (host_failed(r)) return result(r);
    if (!to) return ok(r);
    const u64 left = position < static_cast<u64>(r) ? static_cast<u64>(r) - position : 0, n = left < size ? left : size;
    return copyout(pages.at + position, to, n) ? ok(static_cast<i64>(n)) : fail(xnu::EFAULT);
}

// to 0: only how long it is. position is nothing then.
Answer get(const Object& o, const Name& name, u64 to, u64 size, u32 position, bool by_path) {
    if (name.error) return fail(name.error);
    if (name.empty()) return fail(xnu::EINVAL);
    if (by_path && (size == 0xffffffff || size == ~0ull)) to = 0;
    if (!by_path && !size) to = 0;
    if (size > 0x7fffffff) size = 0x7fffffff;
    if (to && position && name.special != Special::fork) return fail(xnu::EINVAL);
    if (name.special == Special::fork) return read_fork(o, name, to, size, position);
    const i64 r = o.get(name.text(), to && size ? to : 0, to ? size : 0);
    if (to && !size && r > 0) return fail(xnu::ERANGE);
    if (r == -lnx::ENODATA) {
        const u32 mode = o.mode();
        if (mode == lnx::S_IFCHR || mode == lnx::S_IFBLK) return fail(xnu::EPERM);
    }
    return result(r);
}

Answer write_fork(const Object& o, const Name& name, u64 from, u64 size, u32 position, u32 options) {
    if (o.mode() != lnx::S_IFREG) return fail(xnu::EPERM);
    Pages pages;
    i64 had = o.get(name.text(), pointer(pages.at), longest);
    if (host_failed(had) && had != -lnx::ENODATA) return result(had);
    if (!host_failed(had) && options & create) return fail(xnu::EEXIST);
    if (host_failed(had) && options & replace) return fail(xnu::ENOATTR);
    if (host_failed(had)) had = 0;
    if (!size) return ok();
    const u64 end = position + size;
    if (end > longest) return fail(xnu::E2BIG);
    if (!copyin(pages.at + position, from, size)) return fail(xnu::EFAULT);
    return result(o.set(name.text(), pointer(pages.at), end > static_cast<u64>(had) ? end : static_cast<u64>(had), 0));
}

Answer write_finder(const Object& o, const Name& name, u64 from, u64 size, u32 options) {
    constexpr u8 hard_link[4] = {'h', 'l', 'n', 'k'};
    u8 info[32] = {}, old[32];
    if (size != sizeof info) return fail(xnu::ERANGE);
    if (!copyin(info, from, sizeof info)) return fail(xnu::EFAULT);
    if (memcmp(info, hard_link, 4) == 0) return fail(xnu::EPERM);
    memset(info + 16, 0, 8);   // document, date of adding
    memset(info + 28, 0, 4);   // generation
    const bool had = o.get(name.text(), pointer(old), sizeof old) == sizeof old;
    if (had && options & create) return fail(xnu::EEXIST);
    if (!had && options & replace) return fail(xnu::ENOATTR);
    u8 any = 0;
    for (const u8 b : info) any |= b;
    if (any) return result(o.set(name.text(), pointer(info), sizeof info, 0));
    return had ? result(o.remove(name.text())) : ok();
}

Answer set(const Object& o, const Name& name, u64 from, u64 size, u32 position, u32 options) {
    if ((options & (create | replace)) == (create | replace) || name.empty()) return fail(xnu::EINVAL);
    if (position && name.special != Special::fork) return fail(xnu::EINVAL);
    if (name.special == Special::fork) return write_fork(o, name, from, size, position, options);
    if (name.special == Special::finder) return write_finder(o, name, from, size, options);
    return result(o.set(name.text(), from, size, options & create ? 1 : options & replace ? 2 : 0));
}

Answer remove(const Object& o, const Name& name) {
    if (name.empty()) return fail(xnu::EINVAL);
    if (name.special == Special::fork && o.mode() != lnx::S_IFREG) return fail(xnu::EPERM);
    return result(o.remove(name.text()));
}

// What order the names are told in: the two special ones come first.
u32 rank(const char* name) { return str_eq(name, "com.apple.FinderInfo") ? 0 : str_eq(name, "com.apple.ResourceFork") ? 1 : 2; }

Answer tell_list(const char* names, i64 size, u64 to, u64 room) {
    u64 used = 0;
    for (u32 turn = 0; turn < 3; turn++)
        for (i64 at = 0; at < size;) {
            const char* name = names + at;
            const usize n = str_len(name) + 1;
            at += static_cast<i64>(n);
            if (n <= 6 || memcmp(name, "user.", 5) != 0 || rank(name + 5) != turn) continue;
            if (to && used + n - 5 > room) return fail(xnu::ERANGE);
            if (to && !copyout(name + 5, to + used, n - 5)) return fail(xnu::EFAULT);
            used += n - 5;
        }
    return ok(static_cast<i64>(used));
}

Answer list(const Object& o, u64 to, u64 size) {
    if (!size) to = 0;
    char few[1024];
    i64 r = o.call(lnx::SYS_listxattr, lnx::SYS_llistxattr, lnx::SYS_flistxattr, few, sizeof few);
    if (r == -lnx::ERANGE) {
        Pages pages;
        r = o.call(lnx::SYS_listxattr, lnx::SYS_llistxattr, lnx::SYS_flistxattr, pages.at, longest);
        return host_failed(r) ? result(r) : tell_list(reinterpret_cast<char*>(pages.at), r, to, size);
    }
    return host_failed(r) ? result(r) : tell_list(few, r, to, size);
}

bool follows(u32 options) { return !(options & nofollow); }
Object at(const Path& p, u32 options) { return {p.text(), 0, !follows(options)}; }

// By descriptor there is no link to follow, and XNU refuses the option.
bool of_path_alone(u32 options) { return options & (of_kernel | nofollow); }
Object of(i32 fd) { return {nullptr, fd, false}; }

}  // namespace

Answer bsd_getxattr(Trap& trap) {
    if (trap.u(5) & of_kernel) return fail(xnu::EINVAL);
    const Path p(trap.w(0));
    if (p.error) return fail(p.error);
    const Object o = at(p, trap.u(5));
    const Name name(trap.w(1), xnu::EPERM);
    if (name.error || name.empty()) {
        const i64 r = host(lnx::SYS_faccessat2, lnx::AT_FDCWD, p.text(), 0, o.link ? lnx::AT_SYMLINK_NOFOLLOW : 0);
        if (host_failed(r)) return from_host(r);
    }
    return get(o, name, trap.w(2), trap.w(3), trap.u(4), true);
}
Answer bsd_fgetxattr(Trap& trap) {
    if (of_path_alone(trap.u(5))) return fail(xnu::EINVAL);
    const Name name(trap.w(1), xnu::EPERM);
    if (name.error && kind_of(trap.i(0)) == FdKind::closed) return fail(xnu::EBADF);
    return get(of(trap.i(0)), name, trap.w(2), trap.w(3), trap.u(4), false);
}

Answer bsd_setxattr(Trap& trap) {
    if (trap.u(5) & of_kernel) return fail(xnu::EINVAL);
    const Name name(trap.w(1), xnu::ENAMETOOLONG);
    if (name.error) return fail(name.error);
    if (trap.w(3) && !trap.w(2)) return fail(xnu::EINVAL);
    const Path p(trap.w(0));
    return p.error ? fail(p.error) : set(at(p, trap.u(5)), name, trap.w(2), trap.w(3), trap.u(4), trap.u(5));
}
Answer bsd_fsetxattr(Trap& trap) {
    if (of_path_alone(trap.u(5))) return fail(xnu::EINVAL);
    const Name name(trap.w(1), xnu::ENAMETOOLONG);
    if (name.error) return fail(name.error);
    if (trap.w(3) && !trap.w(2)) return fail(xnu::EINVAL);
    return set(of(trap.i(0)), name, trap.w(2), trap.w(3), trap.u(4), trap.u(5));
}

Answer bsd_removexattr(Trap& trap) {
    if (trap.u(2) & of_kernel) return fail(xnu::EINVAL);
    const Name name(trap.w(1), 0);
    if (name.error) return fail(name.error);
    const Path p(trap.w(0));
    return p.error ? fail(p.error) : remove(at(p, trap.u(2)), name);
}
Answer bsd_fremovexattr(Trap& trap) {
    if (of_path_alone(trap.u(2))) return fail(xnu::EINVAL);
    const Name name(trap.w(1), 0);
    return name.error ? fail(name.error) : remove(of(trap.i(0)), name);
}

Answer bsd_listxattr(Trap& trap) {
    if (trap.u(3) & of_kernel) return fail(xnu::EINVAL);
    const Path p(trap.w(0));
    return p.error ? fail(p.error) : list(at(p, trap.u(3)), trap.w(1), trap.w(2));
}
Answer bsd_flistxattr(Trap& trap) {
    if (of_path_alone(trap.u(3))) return fail(xnu::EINVAL);
    const Answer a = list(of(trap.i(0)), trap.w(1), trap.w(2));
    const i32 wrong = a.kind == Answer::value && !a.rax ? not_file(trap.i(0)) : 0;  // the host's sockets have attributes
    return wrong ? fail(wrong) : a;
}

}  // namespace trapeze
