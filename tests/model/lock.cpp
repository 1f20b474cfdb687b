// SPDX-License-Identifier: BSD-3-Clause
// Lock: nobody is inside with another, what was done inside is seen inside, nobody sleeps on; a tlock whose time is up leaves nothing
// of itself behind and takes nobody's wake-up along.
//
// source sync/lock_queue.h
// source sync/lock.cpp
// source sync/lock_timed.cpp
#include "sync/lock.h"

/* plant forgets: unlock lets go what it read before, and drops who queued meanwhile
sync/lock.cpp
-        if (!l->word.cas(v, next, acq_rel)) continue;  // acquire: with the release of who queued
+        l->word.store(next, release);
*/
/* plant too_late: unlock lets the lock go, then looks whether somebody is to be woken: it may be gone
sync/lock.cpp
-        if (!l->word.cas(v, next, acq_rel)) continue;  // acquire: with the release of who queued
-        if (wakes) wake_oldest(l, next);
-        return;
+        if (!l->word.cas(v, v & ~held, acq_rel)) continue;
+        (void)next;
+        v &= ~held;
+        while (newest(v) && !(v & (held | woken)))
+            if (l->word.cas(v, v | woken, acq_rel)) return wake_oldest(l, v | woken);
+        return;
*/
/* plant blind_push: a sleeper puts itself into the word without looking whether it is still held
sync/lock.cpp
-        if (l->word.cas(v, reinterpret_cast<u64>(me) | (v & flags & ~mine), release)) return false;  // with the acquire of who owns the queue next
+        l->word.store(reinterpret_cast<u64>(me) | (v & flags & ~mine), release);
+        return false;
*/
/* plant try_takes: trylock takes what it has only looked at
sync/lock.cpp
-bool trylock(Lock* l) { return !(l->word.load(relaxed) & held) && !(l->word.set_bits(held, acquire) & held); }
+bool trylock(Lock* l) { return !(l->word.load(relaxed) & held) && (l->word.set_bits(held, acquire), true); }
*/
/* plant wakes_first: the sleeper is woken before it is out of the queue
sync/lock.cpp
         if (w != last) {
-            last->oldest = w->newer;
-            break;
+            semawakeup(w->sema);
+            last->oldest = w->newer;
+            return;
*/
/* plant no_recheck: who was woken believes that the lock is his
sync/lock.cpp
-    for (u64 mine = 0; !take_or_queue(l, &me, mine); mine = woken) (void)semasleep(me.sema, -1);
+    if (!take_or_queue(l, &me, 0)) (void)semasleep(me.sema, -1);
*/
/* plant keeps_woken: one that was woken and queues again leaves woken set: nobody is woken any more
sync/lock.cpp
-        if (l->word.cas(v, reinterpret_cast<u64>(me) | (v & flags & ~mine), release)) return false;  // with the acquire of who owns the queue next
+        if (l->word.cas(v, reinterpret_cast<u64>(me) | (v & flags), release)) return false;
*/
/* plant always_one: unlock takes itself for the only one to wake
sync/lock.cpp
-        const bool wakes = newest(v) && !(v & woken);
+        const bool wakes = newest(v);
*/
/* plant misses_one: one that came while the queue was emptied is dropped with it
sync/lock.cpp
-    } while (!l->word.cas(v, v & flags, acquire));  // fails if one more has come: its push's release
+        l->word.store(v & flags, acq_rel);
+        break;
+    } while (true);
*/
/* plant eats: a tlock whose time is up does not pass on the wake-up that the others wait for
sync/lock_timed.cpp
-        if (newest(v) && !(v & held)) return wake_oldest(l, v);
*/
/* plant stays: a tlock leaves although who was woken on its behalf has it still
sync/lock_timed.cpp
-            u64 v = l->word.load(relaxed);
-            while (!(v & woken))
+            u64 v = l->word.load(relaxed);
+            if (v & woken) return false;
+            while (!(v & woken))
*/
/* plant takes_oldest: the newest of the queue leaves and takes along what it knows of the oldest
sync/lock_timed.cpp
-            if (rest) me->older->oldest = first;
*/
/* plant dangling: the oldest of the queue leaves, and the newest is not told
sync/lock_timed.cpp
-            last->oldest = newer;
+            (void)newer;
*/

namespace trapeze {
namespace {

struct Guarded {
    Lock l;
    int inside, count;
    void enter() {
        model::check(inside++ == 0, "two threads hold the lock");
        model::step("is inside", &inside);
        count++;
        model::check(--inside == 0, "two threads held the lock");
    }
};

// Overwrites the stack below its caller: what a function that has returned left there is no longer an answer.
[[gnu::noinline]] void scribble() {
    volatile u8 rubbish[1024];
    for (usize i = 0; i < sizeof rubbish; i += 8) *reinterpret_cast<volatile u64*>(&rubbish[i]) = 0xaaaaaaaaaaaaaaaa;
}

void locks(int threads, int times, int tries, int timed = 0, int timed_times = 1) {
    Guarded* s = model::fresh<Guarded>("lock");
    int* tried = model::fresh<int>("tried");
    for (int i = 0; i < threads; i++)
        model::thread([=] {
            for (int k = 0; k < times; k++) {
                lock(&s->l);
                s->enter();
                unlock(&s->l);
                scribble();
            }
        });
    for (int i = 0; i < tries; i++)
        model::thread([=] {
            if (!trylock(&s->l)) return;
            s->enter();
            ++*tried;
            unlock(&s->l);
        });
    for (int i = 0; i < timed; i++)
        model::thread([=] {
            for (int k = 0; k < timed_times; k++) {
                if (tlock(&s->l, 1)) {
                    s->enter();
                    ++*tried;
                    unlock(&s->l);
                }
                scribble();
            }
        });
    model::at_end([=] {
        model::check(s->l.word.peek() == 0, "the lock is not free at the end");
        model::check(s->count == threads * times + *tried, "a critical section was lost");
    });
}

// The holder waits for the one whose time is up.
void gives_up() {
    Guarded* s = model::fresh<Guarded>("lock");
    auto* gone = model::fresh<Atomic<u32>>("gone");
    model::thread([=] {
        lock(&s->l);
        while (!gone->load(acquire)) cpu_pause();
        unlock(&s->l);
    });
    model::thread([=] {
        while (!(s->l.word.load(relaxed) & 1)) cpu_pause();
        model::check(!tlock(&s->l, 1), "a tlock got what another one held all the time");
        gone->store(1, release);
    });
}

// The lock is gone as soon as all have had it: who has let it go must leave it alone.
void goes(int threads) {
    struct Shared {
        Atomic<u32> left;
        Lock* l;
    };
    Shared* s = model::fresh<Shared>("shared");
    s->left.preset(static_cast<u32>(threads));
    s->l = model::fresh<Lock>("lock");
    for (int i = 0; i < threads; i++)
        model::thread([=] {
            lock(s->l);
            const bool last = s->left.xadd(~0u, relaxed) == 1;
            unlock(s->l);
            if (last) model::gone(s->l);
        });
}

}  // namespace

const model::Scenario scenarios[] = {
    {"2 threads, once, everything", [] { locks(2, 1, 0); }, model::all},
    {"1 thread and 1 that tries, everything", [] { locks(1, 1, 1); }, model::all},
    {"1 thread and 1 timed, everything", [] { locks(1, 1, 0, 1); }, model::all},
    {"a timed one gives up, everything", [] { gives_up(); }, model::all},
    {"1 thread and 2 that try", [] { locks(1, 1, 2); }, 3},
    {"2 threads, twice", [] { locks(2, 2, 0); }, 3},
    {"3 threads, once", [] { locks(3, 1, 0); }, 3},
    {"2 threads and 1 timed", [] { locks(2, 1, 0, 1); }, 3},
    {"3 threads, 3 times", [] { locks(3, 3, 0); }, 2},
    {"1 thread and 2 timed", [] { locks(1, 1, 0, 2); }, 2},
    {"the lock goes, 2 threads", [] { goes(2); }, model::all},
    {"the lock goes, 3 threads", [] { goes(3); }, 3},
    {"4 threads, once", [] { locks(4, 1, 0); }, 2},
    {"3 threads and 1 that tries", [] { locks(3, 1, 1); }, 3},
    {"1 thread, 3 times, and 2 timed, 3 times", [] { locks(1, 3, 0, 2, 3); }, 1},
    {"1 thread and 3 timed", [] { locks(1, 1, 0, 3); }, 1},
};

}  // namespace trapeze
