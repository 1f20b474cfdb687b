// SPDX-License-Identifier: BSD-3-Clause
// select over a scheduler with a thread for each goroutine: exactly one case is done, and the one that is reported.
//
// for sync/lock.h: tests/model/blocking_lock.h
// with chan/chan.cpp
// source chan/select.cpp
#include "chan/select.h"
#include "tests/model/chans.h"

/* plant done: two channels may both wake a select
chan/chan.cpp
-        if (s->in_select && !s->g->selectdone.cas(nobody, 1, relaxed)) continue;  // survives in chan if false: nobody selects there
+        (void)nobody;
*/
/* plant stale: a select that was woken stays in its other queues
chan/select.cpp
-        if (cases[i].c) queue_of(cases[i])->remove(&entries[i]);  // survives if true: it is in no queue
+        (void)entries[i];
*/
/* plant removed: who was taken out of a queue is taken out again
chan/chan.cpp
-    if (!s->queued) return;  // survives in chan if false: only a select removes
*/
/* plant order: locks in the order of the cases
chan/select.cpp
-    for (u32 i = count / 2; i-- > 0;) sift(order, i, count);
-    for (u32 i = count; i-- > 1;) {
+    for (u32 i = 0; i-- > 1;) {
*/
/* plant undone: selectdone is not set back for the next round
chan/select.cpp
-    g->selectdone.store(0, relaxed);
*/

namespace trapeze {
namespace {

struct Selected {
    SelectCase cases[2];
    Hchan* order[2];
    Sudog entries[2];
    bool ok = true;
    i32 go(bool block = true) { return selectgo(cases, order, entries, 2, block, &ok); }
};

// Two selects that can each send on one channel or receive on the other, crossing: exactly one value goes over.
void crossing_test() {
    Chans* s = model::fresh<Chans>("chans");
    s->a = makechan(&value, 0);
    s->b = makechan(&value, 0);
    for (int i = 0; i < 2; i++)
        go_with_commits([=] {
            u64 out = static_cast<u64>(i + 1), in = 0;
            Hchan *to = i ? s->a : s->b, *from = i ? s->b : s->a;
            Selected sel{{{to, &out, true}, {from, &in, false}}, {}, {}};
            const i32 done = sel.go();
            scribble();
            check((done == 1) == (in != 0) && (done == 0) == (out == 0), "select says another case than was done");
            if (done == 1) s->take(in);
        });
    at_end([=] { s->exactly(1, true); });
}

// A select that receives from two channels, a sender on each: one value now, the other afterwards.
void race_test(bool closes) {
    Chans* s = model::fresh<Chans>("chans");
    s->a = makechan(&value, 0);
    s->b = makechan(&value, 0);
    go_with_commits([=] {
        for (int k = 0; k < 2; k++) {
            u64 x = 0, y = 0;
            Selected sel{{{s->a, &x, false}, {k && closes ? nullptr : s->b, &y, false}}, {}, {}};
            const i32 done = sel.go();
            scribble();
            if (done == 1 && closes) {
                check(!sel.ok && !x && !y, "a closed channel gave a value");
            } else {
                check(sel.ok && (done ? y : x) && !(done ? x : y), "select says another case than was done");
                s->take(done ? y : x);
                if (closes) break;
            }
        }
    });
    go([=] {
        u64 v = 1;
        chansend(s->a, &v, true);
    });
    go([=] {
        u64 v = 17;
        if (closes) closechan(s->b);
        else chansend(s->b, &v, true);
    });
    at_end([=] { s->exactly(closes ? 1 : 2, false); });
}

// A receiver that waits behind a select, and is taken out before the select has run.
void behind_test() {
    Chans* s = model::fresh<Chans>("chans");
    s->a = makechan(&value, 0);
    s->b = makechan(&value, 0);
    go_with_commits([=] {
        u64 x = 0, y = 0;
        Selected sel{{{s->a, &x, false}, {s->b, &y, false}}, {}, {}};
        check(sel.go() == 0 && x, "select says another case than was done");
        scribble();
        s->take(x);
    });
    go([=] {
        u64 v = 0;
        chanrecv(s->a, &v, true);
        scribble();
        s->take(v);
    });
    go([=] {
        for (u64 v : {1, 2}) chansend(s->a, &v, true);
    });
    at_end([=] { s->exactly(2, false); });
}

// After a select has gone, its entry must not be found in the other channel.
void stale_test() {
    Chans* s = model::fresh<Chans>("chans");
    s->a = makechan(&value, 0);
    s->b = makechan(&value, 0);
    go_with_commits([=] {
        u64 x = 0, y = 0;
        {
            Selected sel{{{s->a, &x, false}, {s->b, &y, false}}, {}, {}};
            sel.go();
        }
        scribble();
        s->take(x ? x : y);
        u64 z = 0;
        chanrecv(x ? s->b : s->a, &z, true);
        s->take(z);
    });
    for (int i = 0; i < 2; i++)
        go([=] {
            u64 v = static_cast<u64>(16 * i + 1);
            chansend(i ? s->b : s->a, &v, true);
        });
    at_end([=] { s->exactly(2, false); });
}

// Without waiting: what is ready is done, once, or nothing is.
void try_test() {
    Chans* s = model::fresh<Chans>("chans");
    s->a = makechan(&value, 1);
    s->b = makechan(&value, 0);
    for (int i = 0; i < 2; i++)
        go([=] {
            for (int k = 0; k < 2; k++) {
                u64 out = static_cast<u64>(i * 16 + k + 1), in = 0;
                Selected sel{{{s->a, &out, true}, {s->b, &in, false}}, {}, {}};
                const i32 done = sel.go(false);
                check(done == select_default || done == 0, "what is not ready was done");
                check((done == 0) == (out == 0) && !in, "select says another case than was done");
                if (done == 0) s->sent_one();
            }
        });
    go([=] {
        u64 v = 0;
        if (chanrecv(s->a, &v, false) == Chan::done) s->take(v);
    });
    at_end([=] { check(s->sent >= 1 && s->ngot + s->a->count == s->sent, "a tried value was lost or came twice"); });
}

// The other case is nil, or the same channel: one of two values now, the other afterwards.
void odd_test(bool nil) {
    Chans* s = model::fresh<Chans>("chans");
    s->a = makechan(&value, 0);
    go_with_commits([=] {
        for (int k = 0; k < 2; k++) {
            u64 x = 0, y = 0;
            Selected sel{{{s->a, &x, false}, {nil ? nullptr : s->a, &y, false}}, {}, {}};
            const i32 done = sel.go();
            scribble();
            check((done ? y : x) && !(done ? x : y) && !(nil && done), "select says another case than was done");
            s->take(done ? y : x);
        }
    });
    for (u64 i = 0; i < 2; i++)
        go([=] {
            u64 v = 16 * i + 1;
            chansend(s->a, &v, true);
        });
    at_end([=] { s->exactly(2, false); });
}

// One that would send on either of two channels, of which one is closed, and that receives nothing: it panics, however early or late.
void closed_test() {
    model::allow_panic();
    Chans* s = model::fresh<Chans>("chans");
    s->a = makechan(&value, 0);
    s->b = makechan(&value, 0);
    const int who = go_with_commits([=] {
        u64 x = 1, y = 2;
        Selected sel{{{s->a, &x, true}, {s->b, &y, true}}, {}, {}};
        sel.go();
    });
    go([=] { closechan(s->a); });
    at_end([=] {
        check(model::did_panic(who), "a send on a closed channel did not panic");
        s->exactly(0, false);
    });
}

// No cases, nil cases; locks by address, each once; every case is looked at, from wherever and in whichever steps.
void still_test() {
    [[maybe_unused]] Chans* s = model::fresh<Chans>("chans");
    all_random = true;
    go([=] {
        bool ok = true;
        check(selectgo(nullptr, nullptr, nullptr, 0, false, &ok) == select_default, "nothing is ready, and was done");
        Hchan* c[3] = {makechan(&value, 1), makechan(&value, 1), makechan(&value, 1)};
        Hchan* order[4];
        Sudog entries[4];
        constexpr u32 permutations[][4] = {{0, 1, 2, 0}, {0, 2, 1, 1}, {1, 0, 2, 2}, {1, 2, 0, 0}, {2, 0, 1, 1}, {2, 1, 0, 2}};
        for (const auto& p : permutations) {
            SelectCase cases[4];
            for (u32 i = 0; i < 4; i++) cases[i] = {c[p[i]], nullptr, false};
            check(lock_order(cases, 4, order) == 3 && order[0] == c[0] && order[1] == c[1] && order[2] == c[2], "locks are not in order");
        }
        SelectCase nil[2]{};
        check(selectgo(nil, order, entries, 2, false, &ok) == select_default, "a nil channel is ready");
        for (u32 ready = 0; ready < 4; ready += 3) {
            u64 v = 5, in = 0;
            chansend(c[2], &v, false);
            SelectCase cases[4]{{c[0], &in, false}, {c[1], &in, false}, {nullptr, nullptr, false}, {c[0], &in, false}};
            cases[ready] = {c[2], &in, false};
            check(selectgo(cases, order, entries, 4, false, &ok) == static_cast<i32>(ready) && in == 5, "what is ready was not found");
        }
    });
    at_end([] {});
}

}  // namespace

const model::Scenario scenarios[] = {
    {"alone", still_test, 0},
    {"crossing", [] { crossing_test(); }, 2},
    {"2 that try, 1 that receives", try_test, 3},
    {"the other case is nil", [] { odd_test(true); }, 1},
    {"the same channel twice", [] { odd_test(false); }, 1},
    {"to send on what is closed", closed_test, 3},
    {"two senders", [] { race_test(false); }, 1},
    {"a sender and close", [] { race_test(true); }, 1},
    {"then receive", [] { stale_test(); }, 1},
    {"1 receives behind a select", behind_test, 1},
};

}  // namespace trapeze
