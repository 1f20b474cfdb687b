// SPDX-License-Identifier: BSD-3-Clause
// ulock_wait and ulock_wake where the release has them; where it has not, nobody is asked (bsd/kern/sys_ulock.c).
#include "sys/darwin/ulock.h"

#include "sys/kernel.h"
#include "sys/os.h"
#include "sys/syscall.h"
#include "sys/thread.h"
#include "tests/tap.h"

using namespace trapeze;

namespace {

alignas(8) u32 word[2], done_count;

void waiter(void*) {
    Result r;
    do r = ulock_wait(word, 1, 0);
    while (__atomic_load_n(word, __ATOMIC_ACQUIRE) == 1 && (r.ok() || r.err() == xnu::EINTR || r.err() == xnu::EFAULT));
    if (r.ok()) __atomic_fetch_add(&done_count, 1, __ATOMIC_RELEASE);
}

}  // namespace

int main() {
    print("TAP version 13\n");
    ok(darwin_major >= 9 && darwin_major < 100, "osinit has asked for the release");
    if (!ulock_available()) {
        fails(ulock_wait(word, 1, 1), xnu::ENOSYS, "before Darwin 16 ulock_wait is ENOSYS, without a trap");
        fails(ulock_wake(word, true), xnu::ENOSYS, "and so is ulock_wake");
        return done();
    }
    ok(ulock_wait(word, 1, 0), "a word that differs is no reason to wait");
    const i64 start = nanotime();
    Result r;
    do r = ulock_wait(word, 0, 20'000);
    while (r.ok() || r.err() == xnu::EFAULT);
    fails(r, xnu::ETIMEDOUT, "20 ms: ETIMEDOUT");
    ok(nanotime() - start >= 20'000'000, "which passed");
    fails(ulock_wake(word, false), xnu::ENOENT, "wake, nobody waits: ENOENT");
    fails(ulock_wait(nullptr, 0, 1), xnu::EINVAL, "the null pointer: EINVAL");
    fails(ulock_wait(reinterpret_cast<u32*>(reinterpret_cast<u8*>(word) + 2), 0, 1), xnu::EINVAL, "an odd address: EINVAL");
    const Result none = pages_map(page_size);
    (void)pages_unmap(reinterpret_cast<void*>(none.value()), page_size);
    fails(ulock_wait(reinterpret_cast<u32*>(none.value()), 0, 1), xnu::EFAULT, "no memory: EFAULT");

    constexpr u32 compare_and_wait = 1, no_errno = 0x1000000;
    ok(syscall(515, compare_and_wait, word, u64{1} << 32, 20'000).ok(), "a word of 32 bits is never a larger value: no reason to wait");
    r = syscall(515, compare_and_wait | no_errno, word, 0, 1000);
    ok(static_cast<i32>(r.raw) == -xnu::ETIMEDOUT || static_cast<i32>(r.raw) == -xnu::EFAULT, "ULF_NO_ERRNO: a negative result");
    r = syscall(516, compare_and_wait | no_errno, word, 0);
    ok(static_cast<i32>(r.raw) == -xnu::ENOENT, "of ulock_wake too");
    fails(syscall(515, 77, word, 0, 1000), xnu::EINVAL, "of no known kind: EINVAL");
    fails(syscall(516, 77, word, 0), xnu::ENOENT, "to wake so, where nobody waits: ENOENT");

    word[0] = 1;
    Thread* threads[3];
    Result failed;
    for (Thread*& t : threads) t = thread_create(waiter, nullptr, &failed);
    for (i32 i = 0; i < 100; i++) thread_yield();
    // Whoever waits by now is woken one by one, then all; the word has changed, so nobody sleeps again.
    __atomic_store_n(word, 2, __ATOMIC_RELEASE);
    (void)ulock_wake(word, false);
    (void)ulock_wake(word, true);
    for (Thread* t : threads) thread_join(t);
    ok(done_count == 3, "three waiters are woken, one and then all");
    return done();
}
