// SPDX-License-Identifier: BSD-3-Clause
// The port over a word, a thread's own semaphore (futex, ulock), over a simulated futex: one wake-up for each sleep, none lost,
// whatever interrupts the sleep.
//
// source sync/port_word.h
// source sync/port_linux.cpp
// real sync/port.h
#include "sync/port.h"
#include "sys/calls.h"

/* plant late: the word is set after the futex was woken
sync/port_word.h
-    word->store(1, release);  // with word_sleep's acquire; the trap compares the word again, so nothing more is needed
     Wake(word->address());
+    word->store(1, release);
*/
/* plant keeps: the wake-up is not consumed
sync/port_word.h
-    (void)word->xchg(0, acquire);  // with word_wakeup's release
+    (void)word->load(acquire);
*/
/* plant believes: a sleep that ended is taken for a wake-up
sync/port_word.h
-    while (word->load(relaxed) != 1) {
+    if (word->load(relaxed) != 1) {
*/
/* plant eats: a time-out is reported without a last look at the word
sync/port_word.h
         Wait(word->address(), left);
+        if (deadline >= 0 && nanotime() >= deadline) return (void)word->xchg(0, acquire), false;
*/

namespace trapeze {
namespace {

struct Shared {
    Tls of[3];
    u64 ball;             // plain data that goes with the wake-ups
    Atomic<u32> rounds;
};

Shared* shared() {
    model::region(sleeping(), sizeof(Sleeping), "futex");
    model_clock = model::fresh<Clock>("clock");
    Shared* s = model::fresh<Shared>("sema");
    for (int i = 0; i < 3; i++) tls_of_thread[i] = &s->of[i];
    model::name(&s->of[0].sema, "sema of T0");
    model::name(&s->of[1].sema, "sema of T1");
    model::name(&s->ball, "ball");
    return s;
}

// One that sleeps `times` times, and is woken by another, who is woken in turn.
void pingpong(int times, bool timed) {
    Shared* s = shared();
    for (int me = 0; me < 2; me++)
        model::thread([=] {
            ThreadSema mine = semacreate(), other{&s->of[1 - me].sema};
            for (int k = 0; k < times; k++) {
                if (me == 0 || k) {
                    if (timed && me == 0) {
                        if (!semasleep(mine, nanotime() + 5)) model::check(semasleep(mine, -1), "a sleep without deadline timed out");
                    } else {
                        model::check(semasleep(mine, -1), "a sleep without deadline timed out");
                    }
                }
                s->ball++;
                model::check(s->ball % 2 == (me ? 1u : 0u), "a wake-up came too early or was lost");
                if (me == 1 || k + 1 < times) semawakeup(other);
            }
        });
    model::at_end([=] {
        model::check(s->ball == 2 * static_cast<u64>(times), "a wake-up was lost");
        model::check(s->of[0].sema == 0 && s->of[1].sema == 0, "a wake-up is left over");
    });
}

// A timed sleep and a wake-up: the sleeper then consumes the wake-up if it has not yet, as Note does.
void timed(int threads) {
    Shared* s = shared();
    model::thread([=] {
        ThreadSema mine = semacreate();
        for (int k = 1; k < threads; k++) {
            if (!semasleep(mine, nanotime() + 5)) model::check(semasleep(mine, -1), "a sleep without deadline timed out");
            s->rounds.store(static_cast<u32>(k), release);
        }
        model::check(s->ball != 0, "a wake-up came too early");
    });
    for (int i = 1; i < threads; i++)
        model::thread([=] {
            while (s->rounds.load(acquire) != static_cast<u32>(i - 1)) cpu_pause();
            s->ball++;
            semawakeup(ThreadSema{&s->of[0].sema});
        });
    model::at_end([=] { model::check(s->of[0].sema == 0, "a wake-up is left over"); });
}

// Nobody wakes: the sleep ends, not before its time, whatever interrupts it.
void alone() {
    shared();
    model::thread([] {
        ThreadSema mine = semacreate();
        model::check(!semasleep(mine, 5), "a sleep that nobody ended reports a wake-up");
        model::check(nanotime() >= 5, "a sleep ended before its time");
    });
}

}  // namespace

const model::Scenario scenarios[] = {
    {"2 threads, once", [] { pingpong(1, false); }, 6},
    {"1 timed sleep, nobody wakes", alone, 9},
    {"1 timed sleep", [] { timed(2); }, 6},
    {"2 threads, 3 times", [] { pingpong(3, false); }, 4},
    {"2 threads, 3 times, timed", [] { pingpong(3, true); }, 3},
    {"3 threads, 2 wake-ups, timed", [] { timed(3); }, 3},
};

}  // namespace trapeze
