// SPDX-License-Identifier: BSD-3-Clause
// Darwin's part of sys/file.h, and sys/darwin/file.h.
#include "sys/file.h"

#include "sys/calls.h"
#include "sys/darwin/file.h"
#include "sys/interrupted.h"

namespace trapeze {

// XNU refuses more than INT_MAX bytes (bsd/kern/sys_generic.c), where Linux moves what it likes to.
Result pread(i32 fd, void* buffer, usize n, i64 offset) {
    constexpr usize most = 0x7ffff000;
    return again_when_interrupted([=] { return sys_pread(fd, buffer, n < most ? n : most, offset); });
}

Result pwrite(i32 fd, const void* buffer, usize n, i64 offset) {
    constexpr usize most = 0x7ffff000;
    return again_when_interrupted([=] { return sys_pwrite(fd, buffer, n < most ? n : most, offset); });
}

Result dup2(i32 fd, i32 to, i32 flags) {
    if (flags & ~O_CLOEXEC) return Result::error(xnu::EINVAL);
    const Result r = sys_dup2(static_cast<u32>(fd), static_cast<u32>(to));
    if (r.ok() && flags && fd != to) (void)set_close_on_exec(to, true);
    return r;
}

// No pointer: the descriptors come in rax and rdx.
Result pipe(i32 fds[2], i32 flags) {
    if (flags & ~(O_CLOEXEC | O_NONBLOCK)) return Result::error(xnu::EINVAL);
    const Result2 r = sys_pipe();
    if (r.failed()) return {r.raw};
    fds[0] = static_cast<i32>(r.value());
    fds[1] = static_cast<i32>(r.second);
    for (int end = 0; end < 2; end++) {
        if (flags & O_CLOEXEC) (void)set_close_on_exec(fds[end], true);
        if (flags & O_NONBLOCK) (void)set_nonblocking(fds[end], true);
    }
    return {0};
}

namespace xnu {

Result full_fsync(i32 fd) { return fcntl(fd, F_FULLFSYNC); }
Result set_no_cache(i32 fd, bool on) { return fcntl(fd, F_NOCACHE, on); }

Result path_of(i32 fd, char* buffer) { return fcntl(fd, F_GETPATH, reinterpret_cast<u64>(buffer)); }

}  // namespace xnu
}  // namespace trapeze
