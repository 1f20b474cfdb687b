// SPDX-License-Identifier: BSD-3-Clause
// select: which case, how often, and what happens to the cases that were not chosen.
#include "tests/tap.h"

using namespace trapeze;

static Atomic<i64> balance;  // of all values sent, less all received

static void crossing() {
    // Everybody sends to one of four channels and receives from two others. A waiter that is queued before it is marked
    // waiting, or that two wakers get, loses or doubles a value.
    constexpr int n = 64, rounds = 200;
    chan<i64> c[4] = {make_chan<i64>(), make_chan<i64>(1), make_chan<i64>(), make_chan<i64>(3)};
    auto done_sending = make_chan<int>(n), quit = make_chan<int>();
    auto take = [](i64 v) { balance.xadd(-v, relaxed); };
    for (int i = 0; i < n; i++)
        go([=] {
            for (int sent = 0; sent < rounds;) {
                const i64 v = 1 + i * 1000 + sent;
                select(send(c[i % 4], v, [&] { balance.xadd(v, relaxed), sent++; }), recv(c[(i + 1) % 4], take), recv(c[(i + 2) % 4], take));
            }
            done_sending.send(1);
            for (bool more = true; more;)
                select(recv(c[0], take), recv(c[1], take), recv(c[2], take), recv(c[3], take), recv(quit, [&] { more = false; }));
        });
    for (int i = 0; i < n; i++) (void)done_sending.recv();
    for (int i = 0; i < 2000 && balance.load(relaxed); i++) sleep_ms(1);
    ok(balance.load(relaxed) == 0, "heritage 8: 64 goroutines in crossing selects lose and double nothing");
    quit.close();
}

int main() {
    print("TAP version 13\n");
    chan<int> nil;
    auto a = make_chan<int>(1), b = make_chan<int>(1);

    ok(select(recv(a, [] {}), otherwise([] {})) == 1, "nothing to receive: otherwise");
    ok(select(recv(nil, [] {}), send(nil, 1, [] {}), otherwise([] {})) == 2, "nil channels are never chosen");
    ok(select(send(a, 5, [] {}), recv(b, [] {})) == 0 && a.len() == 1, "heritage 7: select sends into a buffer");
    int got = 0;
    ok(select(send(a, 6, [] {}), recv(a, [&](int v) { got = v; })) == 1 && got == 5, "heritage 7: select receives from a full buffer");
    ok(select(send(a, 6, [] {}), otherwise([] {})) == 0 && select(send(a, 7, [] {}), otherwise([] {})) == 1, "heritage 7: a full buffer is not ready to send");
    (void)a.recv();

    int n[3] = {};
    a.send(0), b.send(0);
    auto closed = make_chan<int>();
    closed.close();
    for (int i = 0; i < 3000; i++) {
        const i32 k = select(recv(a, [&](int) { a.send(0); }), recv(b, [&](int) { b.send(0); }), recv(closed, [] {}));
        n[k]++;
    }
    print("# chosen ", n[0], " ", n[1], " ", n[2], " times\n");
    ok(n[0] > 700 && n[1] > 700 && n[2] > 700, "of ready cases each is chosen about as often");
    bool present = true;
    ok(select(recv(closed, [&](std::optional<int> v) { present = v.has_value(); })) == 0 && !present, "a closed channel is ready, with nothing");

    auto c = make_chan<int>();
    go([=] { c.send(1); });
    int first = select(recv(c, [&](int v) { got = v; }), recv(c, [&](int v) { got = v; }));
    ok((first == 0 || first == 1) && got == 1, "the same channel in two cases");
    auto reply = make_chan<int>();
    go([=] {
        int v = -1;
        select(recv(c, [&](int x) { v = x; }), send(c, 9, [&] { v = 100; }));
        reply.send(v);
    });
    int mine = -1;
    select(recv(c, [&](int x) { mine = x; }), send(c, 9, [&] { mine = 100; }));
    const int theirs = reply.recv();
    ok(mine + theirs == 109, "two selects that send and receive on one channel meet once, never themselves");

    go([=] { select(recv(a, [&](int) {}), recv(nil, [] {})); });
    go([=] { select(recv(c, [&](int v) { reply.send(v); }), recv(reply, [&](int) {})); });
    c.send(77);
    ok(reply.recv() == 77, "a parked select is woken by a send");
    auto d = make_chan<int>();
    go([=] { reply.send(select(recv(c, [] {}), recv(d, [] {}))); });
    sleep_ms(2);
    d.close();
    ok(reply.recv() == 1, "a parked select is woken by close");
    crossing();
    return done();
}
