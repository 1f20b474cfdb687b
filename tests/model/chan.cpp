// SPDX-License-Identifier: BSD-3-Clause
// Channels over a scheduler with a thread for each goroutine: each value once, in order, nobody left waiting.
//
// with sync/lock.cpp
// with chan/chan.cpp
#include "chan/hchan.h"
#include "tests/model/chans.h"

/* plant commit: the channel is unlocked before its waiter has left its stack
chan/chan.cpp
-    gopark(unlock_commit, &c->lock);
+    unlock(&c->lock);
+    gopark([](G*, void*) {}, nullptr);
*/
/* plant waiting: Gwaiting only after it can be found
chan/chan.cpp
-    gowaiting(why, &on, 1);
     queue->put(&me);
-    gopark(unlock_commit, &c->lock);
+    unlock(&c->lock);
+    gowaiting(why, &on, 1);
+    gopark([](G*, void*) {}, nullptr);
*/
/* plant close: close forgets the senders
chan/chan.cpp
-    for (WaitQueue* q : {&c->receivers, &c->senders})
+    for (WaitQueue* q : {&c->receivers})
*/
/* plant unlocked: a value is moved out of the buffer after the unlock
chan/hchan.h
     if (c->count) {
+        if (!s) unlock_all();
         u8* slot = c->buffer + c->recv_at * c->elem->size;
         c->elem->move(raw, slot);
         if (c->elem->destroy) c->elem->destroy(slot);
         if (++c->recv_at == c->cap) c->recv_at = 0;
         if (s) {  // the buffer was full: the sender's value goes to its end, which is the slot just emptied
             c->elem->move(slot, s->elem);
             c->send_at = c->recv_at;
             s->success = true;
         } else {
             c->count--;
         }
-        unlock_all();
+        if (s) unlock_all();
*/

namespace trapeze {
namespace {

void chan_test(usize cap, int senders, int each, int receivers) {
    Chans* s = model::fresh<Chans>("chans");
    s->a = makechan(&value, cap);
    const int share = senders * each / receivers;
    for (int i = 0; i < senders; i++)
        go([=] {
            for (int k = 0; k < each; k++) {
                u64 v = static_cast<u64>(i * 16 + k + 1);
                check(chansend(s->a, &v, true) == Chan::done, "send did not send");
            }
        });
    for (int i = 0; i < receivers; i++)
        go([=] {
            for (int k = 0; k < share; k++) {
                u64 v = 0;
                check(chanrecv(s->a, &v, true) == Chan::done, "an open channel said it is closed");
                s->take(v);
            }
        });
    at_end([=] { s->exactly(static_cast<u32>(senders * each), receivers == 1); });
}

void close_test(bool of_senders) {
    model::allow_panic();
    Chans* s = model::fresh<Chans>("chans");
    s->a = makechan(&value, 0);
    int who[2];
    for (int i = 0; i < 2; i++)
        who[i] = go([=] {
            u64 v = of_senders ? 1 : 0;
            if (of_senders) {
                chansend(s->a, &v, true);
                model::fail("a send nobody received was done");
            }
            check(chanrecv(s->a, &v, true) == Chan::closed, "received from an empty closed channel");
        });
    go([=] { closechan(s->a); });
    at_end([=, a = who[0], b = who[1]] {
        check(model::did_panic(a) == of_senders && model::did_panic(b) == of_senders, "who panics when closed");
        s->exactly(0, true);
    });
}

void try_test() {
    Chans* s = model::fresh<Chans>("chans");
    s->a = makechan(&value, 1);
    for (int i = 0; i < 2; i++)
        go([=] {
            u64 v = static_cast<u64>(i * 16 + 1);
            if (chansend(s->a, &v, false) == Chan::done) s->sent_one();
        });
    go([=] {
        u64 v = 0;
        if (chanrecv(s->a, &v, false) == Chan::done) s->take(v);
    });
    at_end([=] {
        check(s->sent >= 1 && s->ngot + s->a->count == s->sent, "a tried value was lost or came twice");
        check(s->a->lock.word.peek() == 0, "the channel is locked at the end");
    });
}

}  // namespace

const model::Scenario scenarios[] = {
    {"unbuffered, 1 to 1", [] { chan_test(0, 1, 1, 1); }, 4},
    {"unbuffered, 2 to 1", [] { chan_test(0, 2, 1, 1); }, 1},
    {"buffer of 1, 2 values to 1", [] { chan_test(1, 1, 2, 1); }, 2},
    {"buffer of 1, 2 to 1, 2 values each", [] { chan_test(1, 2, 2, 1); }, 0},
    {"close with receivers", [] { close_test(false); }, 1},
    {"close with senders", [] { close_test(true); }, 1},
    {"try_send, try_recv", [] { try_test(); }, 2},
};

}  // namespace trapeze
