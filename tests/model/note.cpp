// SPDX-License-Identifier: BSD-3-Clause
// Note: whoever sleeps is woken, what the waker did before is seen by all who return, a sleeper's memory is left alone afterwards.
//
// source sync/note.cpp
#include "sync/note.h"

/* plant alone: a timed sleeper that leaves takes the others with it
sync/note.cpp
-            put_back(n, others);
*/
/* plant put_back: others are put back without a look whether the note was woken meanwhile
sync/note.cpp
-        if (!push(n, s)) wake(s);
+        (void)push(n, s);
*/
/* plant token: a sleeper whose time is up forgets that the waker may have it already
sync/note.cpp
-    (void)semasleep(me.sema, -1);
-    return true;
+    return true;
*/
/* plant gone: the waker looks into a sleeper that may be gone
sync/note.cpp
         wake(s);
-        s = next;
+        (void)next;
+        s = s->next;
*/
/* plant leaves: a sleeper whose time is up leaves although another one on its way out holds it
sync/note.cpp
-            if (found) return true;
+            (void)found;
+            return true;
*/
/* plant no_recheck: a sleeper does not look again whether the note was woken before it queues
sync/note.cpp
-        if (v == woken) return false;
-        s->next = reinterpret_cast<Sleeper*>(v);
+        s->next = reinterpret_cast<Sleeper*>(v & ~woken);
*/
/* plant first_only: only the latest sleeper is woken
sync/note.cpp
         wake(s);
-        s = next;
+        (void)next;
+        break;
*/

namespace trapeze {
namespace {

// Overwrites the stack below its caller: what a function that has returned left there is no longer an answer.
[[gnu::noinline]] void scribble() {
    volatile u64 rubbish[128];
    for (auto& word : rubbish) word = 0xaaaaaaaaaaaaaaaa;
}

struct Shared {
    Note n;
    u32 event;    // what the waker did before
    u32 after;    // what the sleeper did before its answer
};

void notes(int untimed, int timed, bool waker = true) {
    Shared* s = model::fresh<Shared>("note");
    model::name(&s->event, "event");
    for (int i = 0; i < untimed + timed; i++)
        model::thread([=] {
            const bool event = notetsleep(&s->n, i < untimed ? -1 : 1);
            scribble();
            model::check(event || i >= untimed, "a sleeper without deadline timed out");
            if (event) model::check(s->event == 7, "a sleeper returned before the wake-up");
        });
    if (waker)
        model::thread([=] {
            s->event = 7;
            notewakeup(&s->n);
        });
    model::at_end([=] { model::check(s->n.word.peek() == waker, "the note is not as it should be at the end"); });
}

// Clear and go round again: the sleeper clears, as the scheduler's Ms do.
void rounds(int times) {
    Shared* s = model::fresh<Shared>("note");
    Note* back = model::fresh<Note>("back");
    model::thread([=] {
        for (int k = 0; k < times; k++) {
            notesleep(&s->n);
            model::check(s->event == static_cast<u32>(k + 1), "a sleeper returned before the wake-up");
            noteclear(&s->n);
            s->after = static_cast<u32>(k);
            notewakeup(back);
        }
    });
    model::thread([=] {
        for (int k = 0; k < times; k++) {
            s->event = static_cast<u32>(k + 1);
            notewakeup(&s->n);
            if (notetsleep(back, 1)) {
                model::check(s->after == static_cast<u32>(k), "what was done before the second wake-up is not seen");
            } else {
                notesleep(back);
            }
            noteclear(back);
        }
    });
}

}  // namespace

const model::Scenario scenarios[] = {
    {"1 sleeper, everything", [] { notes(1, 0); }, model::all},
    {"1 timed sleeper, everything", [] { notes(0, 1); }, model::all},
    {"2 timed sleepers, nobody wakes", [] { notes(0, 2, false); }, 4},
    {"2 sleepers", [] { notes(2, 0); }, 4},
    {"1 sleeper, 1 timed", [] { notes(1, 1); }, 3},
    {"2 timed", [] { notes(0, 2); }, 3},
    {"1 sleeper, 2 timed", [] { notes(1, 2); }, 2},
    {"2 sleepers, 1 timed", [] { notes(2, 1); }, 2},
    {"sleep, wake, clear: 3 rounds", [] { rounds(3); }, 2},
};

}  // namespace trapeze
