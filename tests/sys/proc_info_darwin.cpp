// SPDX-License-Identifier: BSD-3-Clause
// proc_info by number: lists of processes and descriptors, who a process is, its program's path; its errors; gethostuuid; a mapping of
// an absurd length.
#include "tests/tap.h"

#include "sys/mem.h"
#include "sys/os.h"
#include "sys/syscall.h"
#include "sys/darwin/numbers.h"
#include "tests/sys/child.h"

using namespace trapeze;

static char buffer[65536];

static Result info(i32 what, i32 pid, u32 flavor, u64 arg, void* to, i32 size) {
    return syscall(xnu::SYS_proc_info, what, pid, flavor, arg, to, size);
}
static u32 word(usize at) {
    u32 v;
    memcpy(&v, buffer + at, 4);
    return v;
}

int main() {
    print("TAP version 13\n");
    const i32 me = static_cast<i32>(getpid()), nobody = 0x3ffffff, child = sleeper();
    void* const bad = reinterpret_cast<void*>(8);

    Result r = info(1, 1, 0, 0, nullptr, 0);
    ok(r.ok() && r.value() >= 22 * 4, "how many processes, and twenty more");
    r = info(1, 6, static_cast<u32>(me), 0, buffer, sizeof buffer);
    ok(r.ok() && r.value() == 4 && word(0) == static_cast<u32>(child), "the one child, by its parent");
    fails(info(1, 1, 0, 0, buffer, 3), xnu::ENOMEM, "room for none: ENOMEM");
    fails(info(1, 1, 0, 0, bad, 400), xnu::EFAULT, "into nowhere: EFAULT");

    r = info(2, me, 3, 0, buffer, sizeof buffer);
    ok(r.ok() && r.value() == 136 && word(12) == static_cast<u32>(me) && word(16) == static_cast<u32>(getppid()), "proc_bsdinfo of oneself");
    ok(word(4) == 2 && (word(0) & 0x10) && memcmp(buffer + 48, "sys_proc_info_d", 16) == 0, "it runs, has 64 bits and the program's name");
    r = info(2, child, 13, 0, buffer, sizeof buffer);
    ok(r.ok() && r.value() == 64 && word(4) == static_cast<u32>(me), "and the short one of the child");
    r = info(2, me, 4, 0, buffer, sizeof buffer);
    ok(r.ok() && r.value() == 96 && word(84) == 1 && (word(0) || word(4)), "proc_taskinfo: one thread, some memory");
    r = info(2, me, 2, 0, buffer, sizeof buffer);
    ok(r.ok() && r.value() == 232 && word(12) == static_cast<u32>(me), "both at once");
    i32 fds[2] = {};
    const bool piped = pipe(fds).ok();
    r = info(2, me, 1, 0, buffer, sizeof buffer);
    bool from = false, to = false;
    for (usize at = 0; r.ok() && at < static_cast<usize>(r.value()); at += 8) {
        from = from || (word(at) == static_cast<u32>(fds[0]) && word(at + 4) == 6);
        to = to || (word(at) == static_cast<u32>(fds[1]) && word(at + 4) == 6);
    }
    ok(piped && from && to, "both ends of a pipe are among the descriptors");
    memset(buffer, 0, 2048);
    ok(info(2, me, 11, 0, buffer, 1024).raw == 0 && buffer[0] == '/' && str_len(buffer) > 18 &&
           str_eq(buffer + str_len(buffer) - 20, "sys_proc_info_darwin"), "the program's path");
    r = info(2, me, 9, 0, buffer, sizeof buffer);
    ok(r.ok() && r.value() == 2352 && buffer[152] == '/' && word(136) == 2, "the directory");

    fails(info(2, me, 11, 0, buffer, 1023), xnu::ENOMEM, "less room than a path: ENOMEM");
    fails(info(2, me, 11, 0, buffer, 4097), xnu::EOVERFLOW, "more than four paths': EOVERFLOW");
    fails(info(2, me, 3, 0, buffer, 135), xnu::ENOMEM, "a byte too few: ENOMEM");
    fails(info(2, me, 3, 0, bad, 136), xnu::EFAULT, "into nowhere: EFAULT");
    fails(info(2, nobody, 3, 0, buffer, 136), xnu::ESRCH, "of nobody: ESRCH");
    fails(info(2, me, 99, 0, buffer, 136), xnu::EINVAL, "no such flavor: EINVAL");
    fails(info(99, me, 0, 0, buffer, 136), xnu::EINVAL, "no such call: EINVAL");
    fails(info(4, 0, 0, 0, buffer, 136), xnu::EPERM, "the kernel's messages: EPERM");
    fails(info(5, child, 2, 0, buffer, 4), xnu::EINVAL, "another's control: EINVAL");
    fails(info(5, me, 2, 0, buffer, 64), xnu::ENAMETOOLONG, "a thread's name of 64 bytes: ENAMETOOLONG");

    (void)kill(child, xnu::SIGKILL);
    for (;;) {  // dead, and not yet waited for
        r = info(2, child, 3, 1, buffer, 136);
        if (r.failed() || word(4) == 5) break;
    }
    ok(r.ok() && word(4) == 5, "a zombie for who asks for zombies");
    fails(info(2, child, 3, 0, buffer, 136), xnu::ESRCH, "and nobody else: ESRCH");
    (void)wait(child, nullptr);

    u8 one[16] = {}, two[16] = {};
    const i64 soon[2] = {1, 0};
    r = syscall(xnu::SYS_gethostuuid, one, soon, 0);
    ok(r.err() == xnu::EWOULDBLOCK || (r.ok() && syscall(xnu::SYS_gethostuuid, two, soon, 0).ok() && memcmp(one, two, 16) == 0),
       "the machine's number stays, if it has one");
    fails(syscall(xnu::SYS_gethostuuid, one, bad, 0), xnu::EFAULT, "a bad timeout: EFAULT");
    fails(syscall(xnu::SYS_mmap, 0, 0xfffffffffffff000, 3, 0x1002, -1, 0), xnu::ENOMEM, "a mapping of all but a page: ENOMEM");
    return done();
}
