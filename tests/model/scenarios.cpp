// SPDX-License-Identifier: BSD-3-Clause
// What is explored, compiled once with the true algorithms and once with each planted bug (plant.py puts it behind them).
#include "chan/hchan.h"
#include "chan/select.h"

namespace trapeze {
namespace {

using model::arena;
using model::at_end;
using model::check;
using model::explore;
using model::Options;
using model::Outcome;
using model::thread;

// Overwrites the stack below its caller: what a function that has returned left there is no longer an answer.
[[gnu::noinline]] void scribble() {
    volatile u8 rubbish[2048];
    for (usize i = 0; i < sizeof rubbish; i++) rubbish[i] = 0xaa;
}

template <class T>
T* fresh() { return new (arena(sizeof(T))) T{}; }

// --- Lock

struct Guarded {
    Lock l;
    int inside, count;
    void enter() {
        check(inside++ == 0, "two threads hold the lock");
        model::point("inside", true, this);
        count++;
        check(--inside == 0, "two threads held the lock");
    }
};

Outcome lock_test(Options o, int threads, int times, bool with_try) {
    return explore(o, [=] {
        Guarded* s = fresh<Guarded>();
        for (int i = 0; i < threads; i++)
            thread([=] {
                for (int k = 0; k < times; k++) {
                    lock(&s->l);
                    s->enter();
                    unlock(&s->l);
                    scribble();
                }
            });
        int* tried = fresh<int>();
        if (with_try)
            for (int i = 0; i < 2; i++)
                thread([=] {
                    if (!trylock(&s->l)) return;
                    s->enter();
                    ++*tried;
                    unlock(&s->l);
                });
        at_end([=] {
            check(s->l.word.peek() == 0, "the lock is not free at the end");
            check(s->count == threads * times + *tried, "a critical section was lost");
        });
    });
}

// --- Note

Outcome note_test(Options o, int untimed, int timed) {
    struct State {
        Note n;
        bool woken;   // notewakeup has returned
        bool called;  // it has been called
    };
    return explore(o, [=] {
        State* s = fresh<State>();
        for (int i = 0; i < untimed + timed; i++)
            thread([=] {
                const bool was = s->woken;
                const bool event = notetsleep(&s->n, i < untimed ? -1 : 1);
                scribble();
                check(event || i >= untimed, "a sleeper without deadline timed out");
                check(!event || s->called, "a sleeper returned before the wake-up");
                check(event || !was, "a sleep after the wake-up timed out");
            });
        thread([=] {
            s->called = true;
            notewakeup(&s->n);
            s->woken = true;
        });
        at_end([=] { check(s->n.word.peek() == 1, "the note is not woken at the end"); });
    });
}

// --- channels

const Elem value{sizeof(u64), [](void* raw, void* from) {
    u64* f = static_cast<u64*>(from);
    check(*f != 0, "a value was moved twice");
    *static_cast<u64*>(raw) = std::exchange(*f, 0);
}, nullptr};

struct Chans {
    Hchan *a, *b;
    u64 got[8];
    u32 ngot;
    void take(u64 v) { got[ngot++] = v; }
    // Each of n values once; those of one sender (v / 16) in their order, if there is one receiver.
    void exactly(u32 n, bool fifo) {
        check(ngot == n, "a value was lost or came twice");
        for (u32 i = 0; i < ngot; i++)
            for (u32 k = 0; k < i; k++) {
                check(got[i] != got[k], "a value came twice");
                check(!fifo || got[i] / 16 != got[k] / 16 || got[k] < got[i], "a sender's values are out of order");
            }
        for (Hchan* c : {a, b})
            if (c) check(!c->senders.first && !c->receivers.first && c->lock.word.peek() == 0, "somebody is left in a channel");
    }
};

Outcome chan_test(Options o, usize cap, int senders, int each, int receivers) {
    return explore(o, [=] {
        Chans* s = fresh<Chans>();
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
    });
}

Outcome close_test(Options o, bool of_senders) {
    return explore(o, [=] {
        model::allow_panic();
        Chans* s = fresh<Chans>();
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
    });
}

Outcome try_test(Options o) {
    return explore(o, [=] {
        Chans* s = fresh<Chans>();
        s->a = makechan(&value, 1);
        u32* sent = fresh<u32>();
        for (int i = 0; i < 2; i++)
            go([=] {
                u64 v = static_cast<u64>(i * 16 + 1);
                if (chansend(s->a, &v, false) == Chan::done) ++*sent;
            });
        go([=] {
            u64 v = 0;
            if (chanrecv(s->a, &v, false) == Chan::done) s->take(v);
        });
        at_end([=] {
            check(*sent >= 1 && s->ngot + s->a->count == *sent, "a tried value was lost or came twice");
            check(s->a->lock.word.peek() == 0, "the channel is locked at the end");
        });
    });
}

// --- select

struct Selected {
    SelectCase cases[2];
    Hchan* order[2];
    Sudog entries[2];
    bool ok = true;
    i32 go(bool block = true) { return selectgo(cases, order, entries, 2, block, &ok); }
};

// Two selects that can each send on one channel or receive on the other, crossing: exactly one value goes over.
Outcome crossing_test(Options o) {
    return explore(o, [] {
        Chans* s = fresh<Chans>();
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
    });
}

// A select that receives from two channels, a sender on each: one value now, the other afterwards.
Outcome race_test(Options o, bool closes) {
    return explore(o, [=] {
        Chans* s = fresh<Chans>();
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
    });
}

// After a select has gone, its entry must not be found in the other channel.
Outcome stale_test(Options o) {
    return explore(o, [] {
        Chans* s = fresh<Chans>();
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
    });
}

// --- run queue

struct Token {
    Token* schedlink;
    int taken;
};

Outcome runq_test(Options o, u32 start, bool with_next) {
    struct State {
        RunQueue<Token> q[3];
        Token t[4];
        void took(Token* g) {
            check(g >= t && g < t + 4, "what came out never went in");
            check(g->taken++ == 0, "a goroutine came out twice");
        }
    };
    return explore(o, [=] {
        State* s = fresh<State>();
        for (auto& q : s->q) {
            q.head.preset(start);
            q.tail.preset(start);
        }
        thread([=] {
            RunQueue<Token>& q = s->q[0];
            q.put(&s->t[0]);
            q.put(&s->t[1]);
            if (with_next) check(!q.put_next(&s->t[2]), "the next slot was not empty");
            else q.put(&s->t[2]);
            if (Token* g = q.get()) s->took(g);
            q.put(&s->t[3]);
            while (Token* g = q.get()) s->took(g);
        });
        for (int i = 1; i < 3; i++)
            thread([=] {
                if (Token* g = s->q[0].steal_into(s->q[i], with_next)) s->took(g);
                while (Token* g = s->q[i].get()) s->took(g);
            });
        at_end([=] {
            for (Token& t : s->t) check(t.taken == 1, "a goroutine was lost");
        });
    });
}

}  // namespace

using Report = std::function<void(const char* name, const Outcome&)>;

void explore_lock(const Report& r) {
    r("lock: 2 threads once, all interleavings", lock_test({99, 300'000}, 2, 1, false));
    r("lock: 2 threads twice", lock_test({3, 200'000}, 2, 2, false));
    r("lock: 3 threads once", lock_test({3, 300'000}, 3, 1, false));
    r("lock: 1 thread and 2 that try", lock_test({3, 200'000}, 1, 1, true));
}

void explore_note(const Report& r) {
    r("note: 1 sleeper, all interleavings", note_test({99, 300'000}, 1, 0));
    r("note: 1 timed sleeper, all interleavings", note_test({99, 300'000}, 0, 1));
    r("note: 2 sleepers", note_test({4, 300'000}, 2, 0));
    r("note: 1 sleeper, 1 timed", note_test({3, 300'000}, 1, 1));
    r("note: 1 sleeper, 2 timed", note_test({2, 300'000}, 1, 2));
}

void explore_chan(const Report& r) {
    r("chan: unbuffered, 1 to 1", chan_test({3, 200'000}, 0, 1, 1, 1));
    r("chan: unbuffered, 2 to 1", chan_test({2, 200'000}, 0, 2, 1, 1));
    r("chan: unbuffered, 2 to 2", chan_test({1, 200'000}, 0, 2, 1, 2));
    r("chan: buffer of 1, 2 values to 1", chan_test({2, 200'000}, 1, 1, 2, 1));
    r("chan: buffer of 1, 2 to 1, 2 values each", chan_test({1, 200'000}, 1, 2, 2, 1));
    r("chan: close with receivers", close_test({2, 200'000}, false));
    r("chan: close with senders", close_test({2, 200'000}, true));
    r("chan: try_send, try_recv", try_test({3, 200'000}));
}

void explore_select(const Report& r) {
    r("select: crossing", crossing_test({2, 300'000}));
    r("select: two senders", race_test({1, 200'000}, false));
    r("select: a sender and close", race_test({1, 200'000}, true));
    r("select: then receive", stale_test({1, 200'000}));
}

void explore_runq(const Report& r) {
    for (u32 start : {0u, 254u, 0xfffffffeu}) {
        r("runq: owner and 2 thieves", runq_test({2, 200'000}, start, false));
        r("runq: owner with next and 2 thieves", runq_test({2, 200'000}, start, true));
    }
}

}  // namespace trapeze
