// SPDX-License-Identifier: BSD-3-Clause
// The first program of README.md, word for word.
#include "trapeze.h"

using namespace trapeze;

static void filter(chan<int> in, chan<int> out, int prime) {
    for (int i : in)
        if (i % prime) out.send(i);
}

int main() {
    auto numbers = make_chan<int>();
    go([numbers] {
        for (int i = 2;; i++) numbers.send(i);
    });
    chan<int> in = numbers;
    for (int n = 0; n < 10; n++) {
        const int prime = in.recv();
        print(prime, "\n");
        auto out = make_chan<int>();
        go([in, out, prime] { filter(in, out, prime); });
        in = out;
    }
}
