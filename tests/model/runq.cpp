// SPDX-License-Identifier: BSD-3-Clause
// A P's run queue: an owner and thieves; each goroutine comes out exactly once, with what was written to it before it went in.
//
// source sched/runq.h
// set sched/runq.h: size = 256; -> size = 4;
#include "sched/runq.h"

/* plant get: a taker keeps what it has only looked at
sched/runq.h
-            if (head.cas(h, h + 1, relaxed)) return g;
+            head.store(h + 1, release);
+            return g;
*/
/* plant steal: a thief keeps what it has only looked at
sched/runq.h
-            if (!head.cas(h, h + n, release)) continue;  // with put's load
             T* g = mine.ring[(t + n - 1) % size].load(relaxed);
+            head.store(h + n, release);
*/
/* plant put: the tail is moved before the slot is filled
sched/runq.h
-        ring[t % size].store(g, relaxed);
         tail.store(t + 1, release);  // with steal_into's load: the slot, and what was written to g before
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
    Atomic<u32> idle;
    bool looked[2];  // the owner saw somebody idle; that one saw the goroutine
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

// Who puts a goroutine into the next slot and then looks for idle Ps, and who becomes idle and then looks through the queues: one of them
// sees the other (rules 1 and 2 of proc.cpp).
void looks() {
    State* s = model::fresh<State>("queue");
    model::name(&s->idle, "idle");
    thread([=] {
        s->q[0].put_next(s->fresh(0));
        s->looked[0] = s->idle.load(seq_cst) != 0;
    });
    thread([=] {
        s->idle.store(1, seq_cst);
        s->looked[1] = !s->q[0].empty();
    });
    at_end([=] { check(s->looked[0] || s->looked[1], "a goroutine is queued, and an idle P does not know"); });
}

// The owner puts and takes by turns, `times` times, while thieves try: what is stolen is used and comes back through the owner's hands.
void rounds(u32 start, int times, bool next) {
    State* s = model::fresh<State>("queues");
    for (auto& q : s->q) {
        q.head.preset(start);
        q.tail.preset(start);
    }
    thread([=] {
        RunQueue<Token>& q = s->q[0];
        for (int i = 0; i < times; i++) {
            Token* g = s->fresh(i);
            if (!next) q.put(g);
            else if (Token* before = q.put_next(g)) q.put(before);
            if (i % 2) {
                if (Token* mine = q.get()) s->took(mine);
            }
        }
        while (Token* g = q.get()) s->took(g);
    });
    for (int i = 1; i < 3; i++)
        thread([=] {
            if (Token* g = s->q[0].steal_into(s->q[i], next)) {
                s->took(g);
                while (Token* more = s->q[i].get()) s->took(more);
            }
        });
    at_end([=] {
        for (int i = 0; i < times; i++) check(s->t[i].taken == 1, "a goroutine was lost");
    });
}

// The owner computes until all it has made ready has been run by a thief; one that steals from that thief alone helps.
void computes(int n, bool next) {
    State* s = model::fresh<State>("queues");
    thread([=] {
        for (int i = 0; i < n; i++) {
            Token* g = s->fresh(i);
            if (next) s->q[0].put_next(g);
            else s->q[0].put(g);
        }
        s->looked[0] = next;
        model::wait([](void* of) {
            State* a = static_cast<State*>(of);
            return a->t[0].taken && (a->looked[0] || a->t[2].taken);
        }, s, "computes");
    });
    for (int i = 1; i < 3; i++)
        model::thread([=] {
            for (;;) {
                Token* g = s->q[i].get();
                if (!g) g = s->q[i - 1].steal_into(s->q[i], next);
                if (g) s->took(g);
                else model::wait([](void* of) {
                    RunQueue<Token>* q = static_cast<RunQueue<Token>*>(of);
                    return q->head.peek() != q->tail.peek() || q->next.peek();
                }, &s->q[i - 1], "until there is something");
            }
        }, true);
}

// One goroutine that is made ready again and again, by whoever has run it last: the owner, or the thief, in his own queue.
void again(bool next) {
    State* s = model::fresh<State>("queues");
    for (int i = 0; i < 2; i++)
        thread([=] {
            RunQueue<Token>& q = s->q[i];
            auto put = [&](Token* g) {
                if (!next) q.put(g);
                else q.put_next(g);
            };
            if (!i) put(s->fresh(0));
            for (int k = 0; k < 3; k++) {
                Token* g = k % 2 == i ? q.get() : s->q[1 - i].steal_into(q, next);
                if (!g) continue;
                check(g->data == 7 + g->taken, "what was written to a goroutine is not seen by its taker");
                g->data++, g->taken++;
                put(g);
            }
        });
}

}  // namespace

const model::Scenario scenarios[] = {
    {"owner and 2 thieves, 3", [] { runq_test(0, false, 3); }, 2},
    {"owner with next and 2 thieves, 3", [] { runq_test(0, true, 3); }, 2},
    {"owner and 2 thieves, 4, about to wrap", [] { runq_test(0xfffffffe, false, 4); }, 2},
    {"owner and 2 thieves, a full ring", [] { runq_test(0xfffffffe, false, 5); }, 2},
    {"owner with next and 2 thieves, 4, about to wrap", [] { runq_test(0xfffffffe, true, 4); }, 2},
    {"one puts and looks, one becomes idle and looks", looks, model::all},
    {"owner puts and takes 4 times, 2 thieves", [] { rounds(0xfffffffe, 4, false); }, 2},
    {"owner puts next and takes 4 times, 2 thieves", [] { rounds(0, 4, true); }, 2},
    {"the owner computes, 3, 2 thieves in a row", [] { computes(3, false); }, 2},
    {"the owner computes, next, 2 thieves in a row", [] { computes(1, true); }, 2},
    {"1 goroutine, owner and thief by turns", [] { again(false); }, 4},
    {"1 goroutine in next, owner and thief by turns", [] { again(true); }, 4},
};

}  // namespace trapeze
