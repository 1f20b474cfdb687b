// SPDX-License-Identifier: BSD-3-Clause
// Traps that both executors answer, at their edges: the runtime's own tests need what succeeds. In its working directory it makes a file and
// takes it away again.
#include "sys/calls.h"
#include "sys/darwin/fs.h"
#include "sys/darwin/mach.h"
#include "sys/darwin/semaphore.h"
#include "sys/file.h"
#include "sys/memory.h"
#include "sys/signals.h"
#include "tests/tap.h"

using namespace trapeze;

int main() {
    print("TAP version 13\n");
    char name[64] = "/tmp/trapeze_edges.0000000000", c[4];
    u32 n = static_cast<u32>(sys_getpid().raw);
    for (u32 at = 28; name[at] != '.'; at--, n /= 10) name[at] = static_cast<char>('0' + n % 10);
    (void)sys_unlink(name);
    const i32 fd = static_cast<i32>(sys_open(name, xnu::O_CREAT | xnu::O_RDWR, 0604).raw);
    xnu::stat64 s{};
    ok(fd > 2 && sys_fstat64(fd, &s).ok() && (s.st_mode & 07777) == 0604 && s.st_size == 0, "open makes a file with its permissions");
    ok(sys_write(fd, "abc", 3).raw == 3 && sys_fstat64(fd, &s).ok() && s.st_size == 3, "write, fstat64");
    ok(sys_unlink(name).ok() && sys_unlink(name).err() == xnu::ENOENT, "unlink, once");
    fails(sys_fstat64(fd, reinterpret_cast<xnu::stat64*>(8)), xnu::EFAULT, "fstat64 to nowhere: EFAULT");
    fails(sys_write(fd, reinterpret_cast<char*>(8), 3), xnu::EFAULT, "write from nowhere: EFAULT");
    fails(sys_write(fd, c, 0x80000000), xnu::EINVAL, "of more than INT_MAX bytes: EINVAL");
    fails(sys_read(fd, c, 0x80000000), xnu::EINVAL, "read too");
    fails(sys_read(-1, c, 1), xnu::EBADF, "of nothing: EBADF");
    i32 ends[2] = {-1, -1};
    (void)pipe(ends);
    (void)sys_write(ends[1], "x", 1);
    fails(sys_read(ends[0], reinterpret_cast<char*>(8), 1), xnu::EFAULT, "of a pipe to nowhere: EFAULT");
    ok(sys_read(ends[0], c, 4).raw == 1 && c[0] == 'x', "which loses nothing");
    (void)signal_handle(kernel::SIGPIPE, [](i32, SignalInfo*, SignalContext*) {}, SA_ONSTACK);
    (void)sys_close(ends[0]);
    fails(sys_write(ends[1], "x", 1), xnu::EPIPE, "where nobody reads any more: EPIPE");
    fails(sys_close(ends[0]), xnu::EBADF, "close, once");
    (void)sys_close(ends[1]), (void)sys_close(fd);
    const Result pages = pages_map(2 * 4096);
    ok(sys_madvise(reinterpret_cast<void*>(pages.raw + 1), 4096, 0), "madvise of an odd address means its page");
    fails(sys_mprotect(reinterpret_cast<void*>(pages.raw + 1), 4096, 1), xnu::EINVAL, "mprotect: EINVAL");
    fails(sys_munmap(reinterpret_cast<void*>(pages.raw), 0), xnu::EINVAL, "munmap of nothing: EINVAL");
    xnu::mach_port_t semaphore = 0, none = 0;
    ok(semaphore_create(mach_task_self(), &semaphore, 0, 1) == xnu::KERN_SUCCESS, "semaphore_create");
    ok(semaphore_create(mach_task_self(), &none, 0, -1) == xnu::KERN_INVALID_ARGUMENT, "of less than nothing: INVALID_ARGUMENT");
    ok(semaphore_create(mach_task_self(), &none, 8, 0) == xnu::KERN_INVALID_ARGUMENT, "of no known policy: INVALID_ARGUMENT");
    ok(semaphore_timedwait(semaphore, 0, 0) == xnu::KERN_SUCCESS && semaphore_timedwait(semaphore, 0, 0) == xnu::KERN_OPERATION_TIMED_OUT, "one, and no more");
    ok(semaphore_timedwait(semaphore, 0, 1'000'000'000) == xnu::KERN_INVALID_VALUE, "a second of nanoseconds: INVALID_VALUE");
    const xnu::kern_return_t kind = semaphore_signal(mach_task_self());
    ok(kind == xnu::KERN_INVALID_CAPABILITY || kind == xnu::KERN_INVALID_ARGUMENT, "what is no semaphore: INVALID_CAPABILITY, or INVALID_ARGUMENT to Darwin 15");
    ok(semaphore_signal(0x7777) == xnu::KERN_INVALID_NAME, "nor is no name: INVALID_NAME");
    ok(semaphore_destroy(mach_task_self(), semaphore) == xnu::KERN_SUCCESS && semaphore_signal(semaphore) != xnu::KERN_SUCCESS, "and it is gone");
    return done();
}
