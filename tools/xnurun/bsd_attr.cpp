// SPDX-License-Identifier: BSD-3-Clause
// Changing what a file is: permissions, owner, times, flags.
#include "tools/xnurun/descriptors.h"
#include "tools/xnurun/era.h"
#include "tools/xnurun/handlers.h"
#include "tools/xnurun/path.h"

namespace trapeze {
namespace {

constexpr i32 here = lnx::AT_FDCWD;

Answer chmod_at(i32 directory, u64 name, u32 mode, i32 host_flags) {
    const Path path(name);
    if (path.error) return fail(path.error);
    return from_host_at(directory, host_flags ? host(lnx::SYS_fchmodat2, directory, path.text(), mode & 07777, host_flags)
                                                : host(lnx::SYS_fchmodat, directory, path.text(), mode & 07777));
}

Answer no_links(i32 directory, u64 name) {
    const Path path(name);
    const i32 e = path.error ? path.error : links_on_the_way(directory_to_host(directory), path.text());
    return e ? fail(e) : ok();
}

Answer chown_at(i32 directory, u64 name, u32 uid, u32 gid, i32 host_flags) {
    const Path path(name);
    if (path.error) return fail(path.error);
    return from_host_at(directory, host(lnx::SYS_fchownat, directory, path.text(), uid, gid, host_flags));
}

// getutimes: the fields are taken as they come, so microseconds may be any 32-bit number.
lnx::timespec time_of(const xnu::timeval& t) {
    i64 seconds = t.tv_sec, micro = t.tv_usec;
    seconds += micro / 1000000;
    micro %= 1000000;
    if (micro < 0) seconds--, micro += 1000000;
    return {seconds, micro * 1000};
}

Answer set_times(i32 directory, const char* path, u64 from) {
    if (!from) return from_host(host(lnx::SYS_utimensat, directory, path, 0, 0));
    xnu::timeval given[2];
    if (!copyin(given, from)) return fail(xnu::EFAULT);
    const lnx::timespec times[2] = {time_of(given[0]), time_of(given[1])};
    return from_host(host(lnx::SYS_utimensat, directory, path, times, 0));
}

}  // namespace

Answer bsd_chmod(Trap& trap) { return chmod_at(here, trap.w(0), trap.u(1), 0); }
// The host would change a pipe's or a socket's mode, owner and times: XNU says EINVAL.
Answer bsd_fchmod(Trap& trap) {
    const i32 wrong = not_file(trap.i(0));
    return wrong ? fail(wrong) : from_host(host(lnx::SYS_fchmod, trap.i(0), trap.u(1) & 07777));
}
Answer bsd_fchmodat(Trap& trap) {
    i32 flags;
    if (!at_flags_to_host(trap.i(3), xnu::AT_SYMLINK_NOFOLLOW | (era_has(8020101) ? at_nofollow_any : 0), flags)) return fail(xnu::EINVAL);
    if (trap.i(3) & at_nofollow_any)
        if (const Answer a = no_links(trap.i(0), trap.w(1)); a.kind == Answer::error) return a;
    return chmod_at(directory_to_host(trap.i(0)), trap.w(1), trap.u(2), flags);
}

Answer bsd_chown(Trap& trap) { return chown_at(here, trap.w(0), trap.u(1), trap.u(2), 0); }
Answer bsd_lchown(Trap& trap) { return chown_at(here, trap.w(0), trap.u(1), trap.u(2), lnx::AT_SYMLINK_NOFOLLOW); }
Answer bsd_fchown(Trap& trap) {
    const i32 wrong = not_file(trap.i(0));
    return wrong ? fail(wrong) : from_host(host(lnx::SYS_fchown, trap.i(0), trap.u(1), trap.u(2)));
}
Answer bsd_fchownat(Trap& trap) {
    i32 flags;
    if (!at_flags_to_host(trap.i(4), xnu::AT_SYMLINK_NOFOLLOW | (era_has(8020101) ? at_nofollow_any : 0), flags)) return fail(xnu::EINVAL);
    if (trap.i(4) & at_nofollow_any)
        if (const Answer a = no_links(trap.i(0), trap.w(1)); a.kind == Answer::error) return a;
    return chown_at(directory_to_host(trap.i(0)), trap.w(1), trap.u(2), trap.u(3), flags);
}

Answer bsd_utimes(Trap& trap) {
    const Path path(trap.w(0));
    return path.error ? fail(path.error) : set_times(here, path.text(), trap.w(1));
}
// utimensat without a path would take any negative number for an address.
Answer bsd_futimes(Trap& trap) {
    const i32 wrong = not_file(trap.i(0));
    return wrong ? fail(wrong) : set_times(trap.i(0), nullptr, trap.w(1));
}

// chflags follows links. Flags beside the host's own (UF_HIDDEN ...) have no place there: ENOTSUP.
Answer bsd_chflags(Trap& trap) {
    const Path path(trap.w(0));
    if (path.error) return fail(path.error);
    const i64 fd = open_own(path.text(), lnx::O_PATH);
    if (host_failed(fd)) return from_host(fd);
    const Answer a = set_file_flags(static_cast<i32>(fd), trap.u(1));
    host(lnx::SYS_close, fd);
    return a;
}
Answer bsd_fchflags(Trap& trap) {
    if (const i32 wrong = not_file(trap.i(0))) return fail(wrong);
    return set_file_flags(trap.i(0), trap.u(1));
}

}  // namespace trapeze
