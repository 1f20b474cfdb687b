// SPDX-License-Identifier: BSD-3-Clause
// select over a scheduler with a thread for each goroutine: exactly one case is done, and the one that is reported.
//
// with sync/lock.cpp
// with chan/chan.cpp
// with chan/select.cpp
#include "chan/select.h"
#include "tests/model/chans.h"

/* plant done: two channels may both wake a select
chan/chan.cpp
-        if (s->in_select && !s->g->selectdone.cas(nobody, 1, acq_rel)) continue;  // another channel was faster
+        (void)nobody;
*/
/* plant stale: a select that was woken stays in its other queues
chan/select.cpp
-        if (cases[i].c) queue_of(cases[i])->remove(&entries[i]);
+        (void)entries[i];
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
        go([=] {
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
    go([=] {
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

// After a select has gone, its entry must not be found in the other channel.
void stale_test() {
    Chans* s = model::fresh<Chans>("chans");
    s->a = makechan(&value, 0);
    s->b = makechan(&value, 0);
    go([=] {
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

}  // namespace

const model::Scenario scenarios[] = {
    {"crossing", [] { crossing_test(); }, 2},
    {"two senders", [] { race_test(false); }, 1},
    {"a sender and close", [] { race_test(true); }, 1},
    {"then receive", [] { stale_test(); }, 1},
};

}  // namespace trapeze
