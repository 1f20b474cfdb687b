// SPDX-License-Identifier: BSD-3-Clause
// Extended attributes: bsd/vfs/vfs_xattr.c, vfs_syscalls.c. Those of the guest are the host's in its namespace "user.", which
// is all that an ordinary process may write there. position is for resource forks alone, so 0 here.
#include "sys/mem.h"
#include "tools/xnurun/handlers.h"
#include "tools/xnurun/path.h"

namespace trapeze {
namespace {

constexpr u32 nofollow = 1, create = 2, replace = 4;

// A file by path or by descriptor, in the spelling that the host's calls take.
struct Object {
    const char* path;
    i32 fd;
    bool link;

    template <class... A>
    i64 call(u64 by_path, u64 by_link, u64 by_fd, A... a) const {
        return path ? host(link ? by_link : by_path, path, a...) : host(by_fd, fd, a...);
    }
};

class Name {
public:
    explicit Name(u64 from) {
        memcpy(text_, "user.", 5);
        error = copyin_string(text_ + 5, from, 128);  // XATTR_MAXNAMELEN 127
        if (!error && !text_[5]) error = xnu::EINVAL;
    }
    const char* text() const { return text_; }
    i32 error = 0;

private:
    char text_[5 + 128];
};

Answer result(i64 r) {
    if (r == -lnx::ENODATA) return fail(xnu::ENOATTR);
    if (r == -lnx::EOPNOTSUPP) return fail(xnu::ENOTSUP);
    if (r == -lnx::ENOSPC || r == -lnx::E2BIG) return fail(xnu::E2BIG);
    return from_host(r);
}

Answer get(const Object& o, u64 name_at, u64 to, u64 size, u32 position) {
    const Name name(name_at);
    if (name.error) return fail(name.error);
    if (position) return fail(xnu::EINVAL);
    return result(o.call(lnx::SYS_getxattr, lnx::SYS_lgetxattr, lnx::SYS_fgetxattr, name.text(), to, to ? size : 0));
}

Answer set(const Object& o, u64 name_at, u64 from, u64 size, u32 position, u32 options) {
    const Name name(name_at);
    if (name.error) return fail(name.error);
    if (position || (options & (create | replace)) == (create | replace)) return fail(xnu::EINVAL);
    return result(o.call(lnx::SYS_setxattr, lnx::SYS_lsetxattr, lnx::SYS_fsetxattr, name.text(), from, size,
                         options & create ? 1 : options & replace ? 2 : 0));
}

Answer remove(const Object& o, u64 name_at) {
    const Name name(name_at);
    return name.error ? fail(name.error) : result(o.call(lnx::SYS_removexattr, lnx::SYS_lremovexattr, lnx::SYS_fremovexattr, name.text()));
}

Answer list(const Object& o, u64 to, u64 size) {
    char names[4096];
    const i64 r = o.call(lnx::SYS_listxattr, lnx::SYS_llistxattr, lnx::SYS_flistxattr, names, sizeof names);
    if (host_failed(r)) return result(r);
    u64 used = 0;
    for (i64 at = 0; at < r;) {
        const usize n = str_len(names + at) + 1;
        if (n > 6 && memcmp(names + at, "user.", 5) == 0) {
            if (to && used + n - 5 > size) return fail(xnu::ERANGE);
            if (to && !copyout(names + at + 5, to + used, n - 5)) return fail(xnu::EFAULT);
            used += n - 5;
        }
        at += static_cast<i64>(n);
    }
    return ok(static_cast<i64>(used));
}

}  // namespace

Answer bsd_getxattr(Trap& trap) {
    const Path p(trap.w(0));
    return p.error ? fail(p.error) : get({p.text(), 0, (trap.u(5) & nofollow) != 0}, trap.w(1), trap.w(2), trap.w(3), trap.u(4));
}
Answer bsd_setxattr(Trap& trap) {
    const Path p(trap.w(0));
    return p.error ? fail(p.error) : set({p.text(), 0, (trap.u(5) & nofollow) != 0}, trap.w(1), trap.w(2), trap.w(3), trap.u(4), trap.u(5));
}
Answer bsd_removexattr(Trap& trap) {
    const Path p(trap.w(0));
    return p.error ? fail(p.error) : remove({p.text(), 0, (trap.u(2) & nofollow) != 0}, trap.w(1));
}
Answer bsd_listxattr(Trap& trap) {
    const Path p(trap.w(0));
    return p.error ? fail(p.error) : list({p.text(), 0, (trap.u(3) & nofollow) != 0}, trap.w(1), trap.w(2));
}
// By descriptor there is no link to follow, and XNU refuses the option.
Answer bsd_fgetxattr(Trap& trap) {
    return trap.u(5) & nofollow ? fail(xnu::EINVAL) : get({nullptr, trap.i(0), false}, trap.w(1), trap.w(2), trap.w(3), trap.u(4));
}
Answer bsd_fsetxattr(Trap& trap) {
    return trap.u(5) & nofollow ? fail(xnu::EINVAL)
                                : set({nullptr, trap.i(0), false}, trap.w(1), trap.w(2), trap.w(3), trap.u(4), trap.u(5));
}
Answer bsd_fremovexattr(Trap& trap) { return trap.u(2) & nofollow ? fail(xnu::EINVAL) : remove({nullptr, trap.i(0), false}, trap.w(1)); }
Answer bsd_flistxattr(Trap& trap) {
    return trap.u(3) & nofollow ? fail(xnu::EINVAL) : list({nullptr, trap.i(0), false}, trap.w(1), trap.w(2));
}

}  // namespace trapeze
