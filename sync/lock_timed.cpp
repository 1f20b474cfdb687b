// SPDX-License-Identifier: BSD-3-Clause
// tlock: tries, and sleeps in between, 10 µs at first and 1 ms at most. It does not queue, so nobody hands it a wake-up that it could take
// along when its time is up, and unlock needs not know of it; it gets the lock up to 1 ms late, or not at all where the lock is never free
// when it looks.
// Rejected: leaving the stack of sleepers when the time is up. Only the holder takes waiters off (lock.cpp), which is what keeps
// unlock at one cas without ABA; a second remover costs a further bit and a second cas in every contended unlock.
#include "sync/lock.h"

#include "sync/port.h"
#include "sys/os.h"

namespace trapeze {

bool tlock(Lock* l, i64 deadline) {
    if (deadline < 0) return lock(l), true;
    for (i64 step = 10'000; !trylock(l); step = step < 500'000 ? step * 2 : 1'000'000) {
        const i64 now = nanotime();
        if (now >= deadline) return trylock(l);
        (void)semasleep(semacreate(), deadline - now < step ? deadline : now + step);  // nobody knows of it: it ends by time
    }
    return true;
}

}  // namespace trapeze
