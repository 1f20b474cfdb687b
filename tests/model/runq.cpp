// SPDX-License-Identifier: BSD-3-Clause
// A P's run queue: an owner and thieves; each goroutine comes out exactly once, with what was written to it before it went in.
//
// with sched/runq.h
// set sched/runq.h: size = 256; -> size = 4;
#include "sched/runq.h"

/* plant get: a taker keeps what it has only looked at
sched/runq.h
-            if (head.cas(h, h + 1, acq_rel)) return g;
+            head.store(h + 1, acq_rel);
+            return g;
*/
/* plant steal: a thief keeps what it has only looked at
sched/runq.h
-            if (!head.cas(h, h + n, acq_rel)) continue;
             T* g = mine.ring[(t + n - 1) % size].load(relaxed);
+            head.store(h + n, acq_rel);
*/
/* plant put: the tail is moved before the slot is filled
sched/runq.h
-        ring[t % size].store(g, relaxed);
         tail.store(t + 1, release);
+        ring[t % size].store(g, relaxed);
*/

namespace trapeze {
namespace {

using model::at_end;
using model::check;
using model::thread;

struct Token {
    Token* schedlink;
    int taken;
    int data;  // what its maker wrote: whoever takes it must see that
};

// What is written to a goroutine right before it is put must be seen by whoever takes it, directly or from a thief's queue.
struct State {
    RunQueue<Token> q[3];
    Token t[6];
    Token* fresh(int i) {
        t[i].data = 7;
        return &t[i];
    }
    void took(Token* g) {
        check(g >= t && g < t + 6, "what came out never went in");
        check(g->data == 7, "what was written to a goroutine is not seen by its taker");
        g->data = 8;
        check(g->taken++ == 0, "a goroutine came out twice");
    }
};

void runq_test(u32 start, bool with_next, int n) {
    State* s = model::fresh<State>("queues");
    for (auto& q : s->q) {
        q.head.preset(start);
        q.tail.preset(start);
    }
    thread([=] {
        RunQueue<Token>& q = s->q[0];
        for (int i = 0; i < n - 1; i++) q.put(s->fresh(i));
        if (with_next) {
            check(!q.put_next(s->fresh(n - 1)), "the next slot was not empty");
        } else if (!q.put(s->fresh(n - 1))) {
            Token* last;
            u32 count;
            Token* first = q.take_half(&s->t[n - 1], &last, &count);
            if (!first) check(q.put(&s->t[n - 1]), "thieves made room, but there is none");
            for (; first; first = first->schedlink) s->took(first);
        }
        while (Token* g = q.get()) s->took(g);
    });
    for (int i = 1; i < 3; i++)
        thread([=] {
            for (int from = 0; from < i; from++)
                if (Token* g = s->q[from].steal_into(s->q[i], with_next)) {
                    s->took(g);
                    while (Token* more = s->q[i].get()) s->took(more);
                }
        });
    at_end([=] {
        for (int i = 0; i < n; i++) check(s->t[i].taken == 1, "a goroutine was lost");
    });
}

}  // namespace

const model::Scenario scenarios[] = {
    {"owner and 2 thieves, 3", [] { runq_test(0, false, 3); }, 2},
    {"owner with next and 2 thieves, 3", [] { runq_test(0, true, 3); }, 2},
    {"owner and 2 thieves, 4, about to wrap", [] { runq_test(0xfffffffe, false, 4); }, 2},
    {"owner and 2 thieves, a full ring", [] { runq_test(0xfffffffe, false, 5); }, 2},
    {"owner with next and 2 thieves, 4, about to wrap", [] { runq_test(0xfffffffe, true, 4); }, 2},
};

}  // namespace trapeze
