// SPDX-License-Identifier: BSD-3-Clause
// Channels over a scheduler with a thread for each goroutine: each value once, in order, nobody left waiting.
//
// for sync/lock.h: tests/model/blocking_lock.h
// source chan/hchan.h
// source chan/chan.cpp
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

// One sends 3 values (1, unbuffered) and closes, two receive until it is closed: all values come out first. The length never lies.
void drain_test(usize cap) {
    Chans* s = model::fresh<Chans>("chans");
    s->a = makechan(&value, cap);
    for (usize i = 0; i < cap; i++) reinterpret_cast<u64*>(s->a->buffer)[i] = raw_memory;
    const u32 n = cap ? 3 : 1;
    go([=] {
        for (u32 k = 0; k < n; k++) {
            u64 v = k + 1;
            check(chansend(s->a, &v, true) == Chan::done, "send did not send");
        }
        closechan(s->a);
    });
    for (int i = 0; i < 2; i++)
        go([=] {
            for (;;) {
                check(chanlen(s->a) <= cap, "a channel is longer than its buffer");
                u64 v = 0;
                if (chanrecv(s->a, &v, i == 0) == Chan::closed) break;
                if (v) s->take(v);
                else if (i) break;  // it tried
            }
        });
    at_end([=] {
        s->exactly(n, false);
        for (usize i = 0; i < cap; i++) check(reinterpret_cast<u64*>(s->a->buffer)[i] == raw_memory, "a value was not destroyed");
    });
}

// Three share a channel with a value in it; the last one to let go frees it, and nobody else does.
const Elem counted{sizeof(u64), value.move, [](void* object) {
    check(*static_cast<u64*>(object) != 1, "a value is destroyed twice");
    *static_cast<u64*>(object) = 1;
    model::step("is destroyed", object);
}};

const Elem undestroyed{sizeof(u64), value.move, nullptr};

void free_test() {
    Chans* s = model::fresh<Chans>("chans");
    Hchan* c = makechan(&counted, 3);
    Hchan* plain = makechan(&undestroyed, 1);
    chanref(c), chanref(c);
    for (int i = 0; i < 3; i++)
        go([=] {
            u64 v = 5;
            if (i == 0) {
                for (u64 k = 0; k < 2; k++) {
                    v = 5 + k;
                    check(chansend(plain, &v, false) == Chan::done, "send did not send");
                    if (k == 0) check(chanrecv(plain, &v, false) == Chan::done && v == 5, "what was sent is not received");
                }
                chanunref(plain);
                for (u64 k = 0; k < 4; k++) {
                    v = 5 + k;
                    check(chansend(c, &v, false) == Chan::done, "send did not send");
                    if (k == 0) check(chanrecv(c, &v, false) == Chan::done && v == 5, "what was sent is not received");
                }
            }
            chanunref(c);
        });
    at_end([=] {
        check(model::is_gone(&c->refs) && model::is_gone(&plain->refs), "a channel is not freed");
        for (u32 i = 0; i < 3; i++) check(reinterpret_cast<u64*>(c->buffer)[i] == 1, "a value was not destroyed");
        s->exactly(0, false);
    });
}

// A nil channel: never ready; close of nil and closed, send on closed: panics.
void misuse() {
    model::allow_panic();
    Chans* s = model::fresh<Chans>("chans");
    s->a = makechan(&value, 1);
    int who[4];
    who[0] = go([=] { closechan(nullptr); });
    who[1] = go([=] {
        closechan(s->a);
        closechan(s->a);
    });
    who[2] = go([=] {
        Hchan* c = makechan(&value, 1);
        closechan(c);
        u64 v = 1;
        chansend(c, &v, false);
    });
    who[3] = go([=] {
        u64 v = 1;
        check(chansend(nullptr, &v, false) == Chan::blocked && chanrecv(nullptr, &v, false) == Chan::blocked && chanlen(nullptr) == 0, "a nil channel is ready");
        Hchan* c = makechan(&value, 1);
        check(chanrecv(c, &v, false) == Chan::blocked && chansend(c, &v, false) == Chan::done && chanlen(c) == 1, "an empty channel is not empty");
        chanref(nullptr), chanunref(nullptr);
        makechan(&value, usize{1} << 31);
    });
    for (int i = 0; i < 2; i++)
        go([=] {
            u64 v = 1;
            if (i) chansend(nullptr, &v, true);
            else chanrecv(nullptr, &v, true);
            model::fail("a nil channel is ready");
        }, true);
    at_end([=, a = who[0], b = who[1], c = who[2], d = who[3]] {
        check(model::did_panic(a) && model::did_panic(b) && model::did_panic(c) && model::did_panic(d), "misuse did not panic");
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
    {"unbuffered, 1 to 1", [] { chan_test(0, 1, 1, 1); }, 6},
    {"unbuffered, 2 to 1", [] { chan_test(0, 2, 1, 1); }, 3},
    {"unbuffered, 1 to 2", [] { chan_test(0, 1, 2, 2); }, 3},
    {"buffer of 1, 2 values to 1", [] { chan_test(1, 1, 2, 1); }, 4},
    {"buffer of 2, 3 values to 1", [] { chan_test(2, 1, 3, 1); }, 3},
    {"buffer of 1, 2 to 1, 2 values each", [] { chan_test(1, 2, 2, 1); }, 2},
    {"buffer of 1, 2 to 1, 3 values each", [] { chan_test(1, 2, 3, 1); }, 1},
    {"unbuffered, 2 to 1, 3 values each", [] { chan_test(0, 2, 3, 1); }, 0},
    {"the last one frees", [] { free_test(); }, 3},
    {"close with receivers", [] { close_test(false); }, 3},
    {"close with senders", [] { close_test(true); }, 3},
    {"a value and close", [] { drain_test(0); }, 2},
    {"3 values in a buffer of 2, and close", [] { drain_test(2); }, 2},
    {"try_send, try_recv", [] { try_test(); }, 3},
    {"nil and misuse", misuse, 0},
};

}  // namespace trapeze
