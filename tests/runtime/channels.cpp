// SPDX-License-Identifier: BSD-3-Clause
// Channels and select, operation by operation.
#include "tests/tap.h"

using namespace trapeze;

struct Owned {  // movable only, and larger than a register
    int* counter;
    u64 weight[6] = {1, 2, 3, 4, 5, 6};
    explicit Owned(int* c) : counter(c) { ++*c; }
    Owned(Owned&& o) : counter(o.counter) { o.counter = nullptr; }
    ~Owned() {
        if (counter) --*counter;
    }
};

// Its move uses another channel while the first one's lock is held: programs must not, but it shows whose lock that is.
struct Nosy {
    static inline Hchan* other;
    int unused = 0;
    Nosy() = default;
    Nosy(Nosy&&) {
        int one = 1;
        if (other) (void)chansend(other, &one, false);
    }
};

int main() {
    print("TAP version 13\n");
    auto buffered = make_chan<int>(2);
    ok(buffered.try_send(1) && buffered.try_send(2), "heritage 9: try_send stores while there is room");
    ok(!buffered.try_send(3), "heritage 9: try_send on a full buffer returns at once");
    ok(buffered.len() == 2 && buffered.cap() == 2, "len and cap count");
    ok(buffered.recv() == 1 && *buffered.try_recv() == 2, "a buffer is first in, first out");
    bool closed = true;
    ok(!buffered.try_recv(&closed) && !closed, "heritage 9: try_recv on an empty buffer returns at once");
    buffered.send(7);
    buffered.close();
    ok(buffered.recv_ok() == 7 && !buffered.recv_ok() && buffered.recv() == 0, "a closed channel is drained, then gives zero values");
    ok(!buffered.try_recv(&closed) && closed, "try_recv tells closed from empty");

    auto numbers = make_chan<int>();
    go([=] {
        for (int i = 1; i <= 100; i++) numbers.send(i);
        numbers.close();
    });
    int sum = 0;
    for (int n : numbers) sum += n;
    ok(sum == 5050, "range ends when the channel is closed");

    int alive = 0;
    {
        auto c = make_chan<Owned>(3), rendezvous = make_chan<Owned>();
        go([=, &alive] {
            for (int i = 0; i < 3; i++) c.send(Owned(&alive));
            rendezvous.send(Owned(&alive));
        });
        auto v = rendezvous.recv_ok();
        ok(v && v->weight[5] == 6 && alive == 4, "heritage 10: move-only values of any size, moved");
        (void)c.recv_ok();
    }
    gosched();
    ok(alive == 0, "what a channel buffers goes with it");

    auto a = make_chan<int>(1), b = make_chan<int>(1);
    chan<int> nil;
    int got = 0;
    ok(select(recv(nil, [](int) {}), send(nil, 1, [] {}), otherwise([&] { got = 1; })) == 2 && got == 1, "nil channels are never ready");
    ok(select(send(a, 5, [] {}), recv(b, [](int) {})) == 0, "heritage 7: select sends into a buffer");
    ok(select(recv(b, [](int) {}), recv(a, [&](int v) { got = v; })) == 1 && got == 5, "heritage 7: select receives from a buffer");
    b.close();
    bool was_ok = true;
    (void)select(recv(b, [&](int, bool is_ok) { was_ok = is_ok; }));
    ok(!was_ok, "select receives from a closed channel");

    {
        auto nosy = make_chan<Nosy>(1);
        auto other = make_chan<int>(8);
        Nosy::other = other.hchan();
        ok(nosy.try_send(Nosy{}) && other.len() > 0, "heritage 11: channels do not share a lock");
        Nosy::other = nullptr;
    }

    int hits[3] = {};
    auto x = make_chan<int>(1), y = make_chan<int>(1), z = make_chan<int>(1);
    for (int i = 0; i < 3000; i++) {
        (void)x.try_send(1), (void)y.try_send(1), (void)z.try_send(1);
        hits[select(recv(x, [](int) {}), recv(y, [](int) {}), recv(z, [](int) {}))]++;
    }
    ok(hits[0] > 500 && hits[1] > 500 && hits[2] > 500, "no ready case starves");

    // Heritage 8: goroutines that wait in two queues each, woken from both sides.
    auto left = make_chan<int>(), right = make_chan<int>();
    auto finished = make_chan<int>();
    constexpr int rounds = 2000;
    for (int k = 0; k < 4; k++)
        go([=] {
            int received = 0;
            for (int i = 0; i < rounds; i++) {
                if (k % 2) select(send(left, 1, [] {}), send(right, 1, [] {}));
                else select(recv(left, [&](int v) { received += v; }), recv(right, [&](int v) { received += v; }));
            }
            finished.send(received);
        });
    int total = 0;
    for (int k = 0; k < 4; k++) total += finished.recv();
    ok(total == 2 * rounds, "heritage 8: crossing selects lose and double nothing");
    return done();
}
