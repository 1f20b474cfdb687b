// SPDX-License-Identifier: BSD-3-Clause
// Calls of memory, timers and waits on addresses at their limits: xnu-3248.60.10 bsd/kern/kern_mman.c, kern_time.c; bsd/kern/sys_ulock.c of
// xnu-11417.121.6.
#include "sys/darwin/mach.h"
#include "sys/darwin/ulock.h"
#include "sys/memory.h"
#include "sys/thread.h"
#include "tests/sys/fs_tools.h"

namespace {

constexpr u32 fixed = 0x10, anonymous = 0x1000, private_ = 2;

void maps() {
    const i32 fd = fd_of(open("mapped", O_RDWR | O_CREAT, 0600));
    (void)ftruncate(fd, 8192);
    fails(syscall(xnu::SYS_mmap, 0, 4096, 1, private_, fd, ~u64{4095}), xnu::EINVAL, "a place in the file that wraps around: EINVAL");
    fails(syscall(xnu::SYS_mmap, 0, 8192, 1, private_, fd, ~u64{8191}), xnu::EINVAL, "or ends at the end of numbers");
    u8* pages = reinterpret_cast<u8*>(syscall(xnu::SYS_mmap, 0, 3 * 4096, 3, anonymous | private_, -1, 0).raw);
    pages[4096] = 1;
    u8 states[3] = {9, 9, 9};
    ok(syscall(78, pages, 3 * 4096, states).ok() && states[1] == 3, "mincore: there and looked at");
    ok(states[0] == 0 && states[2] == 0, "and not there");
    for (const i32 advice : {0, 1, 2, 3, 5, 6, 7, 8, 9}) {
        const Result r = syscall(75, pages, 4096, advice);
        if (r.failed()) print("# advice ", advice, ": ", r.err(), "\n");
        ok(r.ok() && pages[4096] == 1, "madvise");
    }
    fails(syscall(75, pages, 4096, 10), xnu::ENOTSUP, "MADV_PAGEOUT: ENOTSUP");
    fails(syscall(75, pages, 4096, 12), xnu::EINVAL, "behind the last: EINVAL");
    fails(syscall(75, pages, 4096, -1), xnu::EINVAL, "before the first: EINVAL");
    pages[0] = 7;
    ok(syscall(75, pages, 4096, 11).ok() && pages[0] == 0 && pages[4096] == 1, "MADV_ZERO: one page of zeros, and no more");
    ok(syscall(65, pages, 4096, 4).ok() && syscall(65, pages, 4096, 8).ok() && pages[4096] == 1, "msync MS_KILLPAGES, MS_DEACTIVATE");
    const Result low = syscall(xnu::SYS_mmap, 4096, 4096, 3, anonymous | private_, -1, 0);
    ok(low.ok() && static_cast<u64>(low.raw) > 0xffff, "a wish in page zero is fulfilled elsewhere");
    fails(syscall(xnu::SYS_mmap, 0, 4096, 3, anonymous | private_, 5, 0), xnu::EINVAL, "a descriptor of memory that is none of its flags: EINVAL");
    fails(syscall(xnu::SYS_mmap, pages + 1, 4096, 3, anonymous | private_ | fixed, -1, 0), xnu::EINVAL, "a fixed place that is no page: EINVAL");
    i64 seconds[2] = {9, 9};
    ok(syscall(83, 3, 0, 0).err() == xnu::EINVAL && syscall(86, 3, seconds).err() == xnu::EINVAL, "a timer behind the last: EINVAL");
    ok(syscall(83, 2, 0, 0).ok() && syscall(83, 1, 0, 0).ok(), "ITIMER_VIRTUAL, ITIMER_PROF");
    i32 zone[2] = {9, 9};
    ok(syscall(116, seconds, zone, 0).ok() && zone[0] != 9 && zone[1] != 9, "gettimeofday's zone");
    (void)syscall(73, pages, 3 * 4096), (void)syscall(73, low.raw, 4096), (void)close(fd);
}

// Waits on addresses.
constexpr u32 compare_and_wait = 1, unfair_lock = 2, all = 0x100, one_thread = 0x200;
alignas(8) u32 word[2];
volatile u32 name_of_waiter;
Result how_it_ended[2];

void waits(void*) {
    name_of_waiter = thread_self();
    how_it_ended[0] = syscall(515, compare_and_wait, word, 1, 20'000'000);
}

void addresses() {
    const u32 self = thread_self();
    fails(syscall(516, compare_and_wait | all | one_thread, word, self), xnu::EINVAL, "ulock_wake of all and of one: EINVAL");
    fails(syscall(516, compare_and_wait | one_thread, word, 0x1233), xnu::ESRCH, "of a thread that is none: ESRCH");
    fails(syscall(516, compare_and_wait | one_thread, word, mach_task_self()), xnu::ESRCH, "of what is no thread: ESRCH");
    fails(syscall(516, compare_and_wait | 0x400000, word, 0), xnu::EINVAL, "with a flag that is none: EINVAL");
    fails(syscall(516, compare_and_wait, 0, 0), xnu::EINVAL, "nowhere: EINVAL");
    word[0] = 1;
    Result failed;
    Thread* t = thread_create(waits, nullptr, &failed);
    // The kind that the first waiter has given the address is the only one for it.
    Result r;
    for (i32 i = 0; i < 100000 && (r = syscall(516, unfair_lock, word, 0)).err() != xnu::EDOM; i++) thread_yield();
    fails(r, xnu::EDOM, "another kind of wake than the wait: EDOM");
    fails(syscall(516, 99, word, 0), xnu::EINVAL, "of no kind: EINVAL");
    fails(syscall(515, unfair_lock, word, 1, 1), xnu::EDOM, "another kind of wait: EDOM");
    fails(syscall(516, compare_and_wait | one_thread, word, self), xnu::EALREADY, "of a thread that does not wait there: EALREADY");
    ok(syscall(516, compare_and_wait | one_thread, word, name_of_waiter), "of the one that does");
    thread_join(t);
    ok(how_it_ended[0], "which goes on");
    fails(syscall(516, compare_and_wait, word, 0), xnu::ENOENT, "then nobody waits: ENOENT");
    fails(syscall(515, compare_and_wait, word, 1, 1000), xnu::ETIMEDOUT, "a millisecond: ETIMEDOUT");
    fails(syscall(516, compare_and_wait, word, 0), xnu::ENOENT, "nor after a wait whose time was over");
}

}  // namespace

int main() {
    print("TAP version 13\n");
    Workplace here;
    maps(), addresses();
    return done();
}
