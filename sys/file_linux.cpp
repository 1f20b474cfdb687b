// SPDX-License-Identifier: BSD-3-Clause
// Linux's part of sys/file.h: calls that have another name there.
#include "sys/file.h"

#include "sys/calls.h"
#include "sys/interrupted.h"

namespace trapeze {

constexpr usize most = 0x7ffff000;  // see file.cpp

Result pread(i32 fd, void* buffer, usize n, i64 offset) {
    return again_when_interrupted([=] { return sys_pread64(fd, buffer, n < most ? n : most, offset); });
}

Result pwrite(i32 fd, const void* buffer, usize n, i64 offset) {
    return again_when_interrupted([=] { return sys_pwrite64(fd, buffer, n < most ? n : most, offset); });
}

// dup3 refuses a number onto itself, which dup2 does not.
Result dup2(i32 fd, i32 to, i32 flags) {
    if (flags & ~O_CLOEXEC) return Result::error(lnx::EINVAL);
    if (fd == to) {
        const Result r = fcntl(fd, lnx::F_GETFD);
        return r.failed() ? r : Result{fd};
    }
    return again_when_interrupted([=] { return sys_dup3(fd, to, flags); });
}

Result pipe(i32 fds[2], i32 flags) { return sys_pipe2(fds, flags); }

}  // namespace trapeze
