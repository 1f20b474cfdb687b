// SPDX-License-Identifier: BSD-3-Clause
// Lock: nobody is inside with another, what was done inside is seen inside, nobody sleeps on.
//
// source sync/lock.cpp
#include "sync/lock.h"

/* plant forgets: unlock does not look again whether its cas succeeds: a sleeper that came meanwhile is lost
sync/lock.cpp
-        if (l->word.cas(v, reinterpret_cast<u64>(w->next), release)) {
+        {
+            l->word.store(reinterpret_cast<u64>(w->next), release);
*/
/* plant blind_push: a sleeper puts itself into the word without looking whether it is still held
sync/lock.cpp
-            if (l->word.cas(v, reinterpret_cast<u64>(&me) | held, release)) break;  // unlock reads me with acquire
+            l->word.store(reinterpret_cast<u64>(&me) | held, release);
+            break;
*/
/* plant try_takes: trylock takes what it has only looked at
sync/lock.cpp
-    return !(v & held) && l->word.cas(v, v | held, acquire);
+    if (v & held) return false;
+    l->word.store(v | held, acquire);
+    return true;
*/
/* plant wakes_first: the sleeper is woken before it is out of the list
sync/lock.cpp
-        if (l->word.cas(v, reinterpret_cast<u64>(w->next), release)) {
-            semawakeup(w->sema);
-            return;
-        }
+        semawakeup(w->sema);
+        if (l->word.cas(v, reinterpret_cast<u64>(w->next), release)) return;
*/
/* plant no_recheck: who was woken believes that the lock is his
sync/lock.cpp
-        (void)semasleep(me.sema, -1);
+        (void)semasleep(me.sema, -1);
+        return;
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

void locks(int threads, int times, int tries) {
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
    model::at_end([=] {
        model::check(s->l.word.peek() == 0, "the lock is not free at the end");
        model::check(s->count == threads * times + *tried, "a critical section was lost");
    });
}

}  // namespace

const model::Scenario scenarios[] = {
    {"2 threads, once, everything", [] { locks(2, 1, 0); }, model::all},
    {"1 thread and 1 that tries, everything", [] { locks(1, 1, 1); }, model::all},
    {"1 thread and 2 that try", [] { locks(1, 1, 2); }, 3},
    {"2 threads, twice", [] { locks(2, 2, 0); }, 3},
    {"3 threads, once", [] { locks(3, 1, 0); }, 3},
    {"3 threads, 3 times", [] { locks(3, 3, 0); }, 2},
};

}  // namespace trapeze
