// SPDX-License-Identifier: BSD-3-Clause
// Workers that send, receive, select, yield and sleep at random over shared channels; every value is accounted for.
// TRAPEZE_TEST_SEED=N repeats the workers' choices (not the threads' interleaving); TRAPEZE_TEST_ROUNDS=N: how often, 20 times.
#include "tests/tap.h"

using namespace trapeze;

struct Random {
    u64 x;
    u32 below(u32 n) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        return static_cast<u32>((x >> 33) % n);
    }
};

int main() {
    print("TAP version 13\n");
    i64 seed = nanotime() & 0x7fffffff;
    if (const char* text = getenv("TRAPEZE_TEST_SEED"); text && !atoi(text, &seed)) return 2;
    print("# TRAPEZE_TEST_SEED=", seed, " GOMAXPROCS=", gomaxprocs(), "\n");
    i64 rounds = 20;
    if (const char* text = getenv("TRAPEZE_TEST_ROUNDS"); text && !atoi(text, &rounds)) return 2;
    for (int round = 0; round < rounds; round++) {
        constexpr int producers = 24, consumers = 16, each = 150;
        chan<u64> c[3] = {make_chan<u64>(), make_chan<u64>(1), make_chan<u64>(7)};
        auto sent = make_chan<u64>(producers), received = make_chan<u64>(consumers);
        for (int i = 0; i < producers; i++)
            go([=] {
                Random r{static_cast<u64>(seed) * 1000 + static_cast<u64>(round * 100 + i) + 1};
                u64 sum = 0;
                for (int k = 0; k < each; k++) {
                    const u64 v = r.below(1'000'000);
                    sum += v;
                    switch (r.below(5)) {
                    case 0: c[r.below(3)].send(v); break;
                    case 1: select(send(c[0], v, [] {}), send(c[1], v, [] {}), send(c[2], v, [] {})); break;
                    case 2:
                        while (!c[r.below(3)].try_send(v)) gosched();
                        break;
                    case 3: select(send(c[1], v, [] {}), send(c[2], v, [] {})); break;
                    case 4:
                        if (select(send(c[0], v, [] {}), otherwise([] {})) == 1) c[2].send(v);
                    }
                    if (r.below(40) == 0) sleep_ns(r.below(200'000));
                }
                sent.send(sum);
            });
        for (int i = 0; i < consumers; i++)
            go([=] {
                Random r{static_cast<u64>(seed) * 999 + static_cast<u64>(round * 100 + i) + 7};
                chan<u64> open[3] = {c[0], c[1], c[2]};
                u64 sum = 0;
                auto take = [&](int k) { return [&, k](std::optional<u64> v) { v ? void(sum += *v) : void(open[k] = {}); }; };
                while (open[0] || open[1] || open[2]) {
                    if (r.below(3)) select(recv(open[0], take(0)), recv(open[1], take(1)), recv(open[2], take(2)));
                    else if (auto& one = open[r.below(3)]; one)
                        if (auto v = one.try_recv()) sum += *v;
                    if (r.below(20) == 0) gosched();
                }
                received.send(sum);
            });
        u64 in = 0, out = 0;
        for (int i = 0; i < producers; i++) in += sent.recv();
        for (auto& one : c) one.close();
        for (int i = 0; i < consumers; i++) out += received.recv();
        if (in != out) print("# round ", round, ": sent ", in, ", received ", out, "\n");
        ok(in == out, "what was sent was received, once");
    }
    return done();
}
