// SPDX-License-Identifier: BSD-3-Clause
// See file.h: the calls that both kernels spell the same.
#include "sys/file.h"

#include "sys/calls.h"
#include "sys/interrupted.h"

namespace trapeze {
namespace {

// Linux moves at most 0x7ffff000 bytes a call, XNU refuses more than INT_MAX (EINVAL): one limit for both.
constexpr usize most = 0x7ffff000;

usize part(usize n) { return n < most ? n : most; }

}  // namespace

Result open(const char* path, i32 flags, u32 mode) {
    return again_when_interrupted([=] { return sys_open(path, flags, mode); });
}

Result read(i32 fd, void* buffer, usize n) {
    return again_when_interrupted([=] { return sys_read(fd, buffer, part(n)); });
}

Result write(i32 fd, const void* buffer, usize n) {
    return again_when_interrupted([=] { return sys_write(fd, buffer, part(n)); });
}

Result close(i32 fd) { return sys_close(fd); }

// The kernels read the count's low 32 bits on XNU and all of it on Linux: what no kernel takes is refused here alike.
Result readv(i32 fd, const iovec* parts, usize count) {
    if (count > 1024) return Result::error(kernel::EINVAL);
    return again_when_interrupted([=] { return sys_readv(fd, parts, static_cast<u32>(count)); });
}

Result writev(i32 fd, const iovec* parts, usize count) {
    if (count > 1024) return Result::error(kernel::EINVAL);
    return again_when_interrupted([=] { return sys_writev(fd, parts, static_cast<u32>(count)); });
}

Result lseek(i32 fd, i64 offset, i32 whence) { return sys_lseek(fd, offset, whence); }

Result ftruncate(i32 fd, i64 size) {
    return again_when_interrupted([=] { return sys_ftruncate(fd, size); });
}

Result fsync(i32 fd) {
    return again_when_interrupted([=] { return sys_fsync(fd); });
}

Result fdatasync(i32 fd) {
    return again_when_interrupted([=] { return sys_fdatasync(fd); });
}

Result fcntl(i32 fd, i32 command, u64 argument) {
    return again_when_interrupted([=] { return sys_fcntl(fd, command, argument); });
}

Result set_nonblocking(i32 fd, bool on) {
    const Result flags = fcntl(fd, kernel::F_GETFL);
    if (flags.failed()) return flags;
    const i32 old = static_cast<i32>(flags.value());
    return fcntl(fd, kernel::F_SETFL, static_cast<u64>(on ? old | O_NONBLOCK : old & ~O_NONBLOCK));
}

Result set_close_on_exec(i32 fd, bool on) { return fcntl(fd, kernel::F_SETFD, on ? kernel::FD_CLOEXEC : 0); }

Result dup(i32 fd, i32 flags) {
    if (flags & ~O_CLOEXEC) return Result::error(kernel::EINVAL);
    return fcntl(fd, flags & O_CLOEXEC ? kernel::F_DUPFD_CLOEXEC : kernel::F_DUPFD, 0);
}

Result flock(i32 fd, i32 how) {
    return again_when_interrupted([=] { return sys_flock(fd, how); });
}

Result set_lock(i32 fd, FileLock* lock) { return fcntl(fd, kernel::F_SETLK, reinterpret_cast<u64>(lock)); }
Result wait_lock(i32 fd, FileLock* lock) { return fcntl(fd, kernel::F_SETLKW, reinterpret_cast<u64>(lock)); }
Result get_lock(i32 fd, FileLock* lock) { return fcntl(fd, kernel::F_GETLK, reinterpret_cast<u64>(lock)); }

Result ioctl(i32 fd, u64 request, void* argument) { return sys_ioctl(fd, request, argument); }

Result terminal_size(i32 fd, TerminalSize* size) {
    kernel::winsize w{};
    const Result r = ioctl(fd, kernel::TIOCGWINSZ, &w);
    if (r.ok()) *size = {w.ws_row, w.ws_col};
    return r;
}

Result isatty(i32 fd) {
    TerminalSize size;
    return terminal_size(fd, &size);
}

}  // namespace trapeze
