// SPDX-License-Identifier: BSD-3-Clause
// The prime sieve: a goroutine for each prime filters its multiples out of what the one before lets through.
//   sieve N     prints the first N primes, one a line
#include "trapeze.h"

using namespace trapeze;

static void filter(chan<int> in, chan<int> out, int prime) {
    for (int i : in)
        if (i % prime) out.send(i);
}

int main(int argc, char** argv) {
    i64 n;
    if (argc != 2 || !atoi(argv[1], &n) || n < 0 || n > 100000) {
        eprint("usage: sieve N    (the first N primes, 0 to 100000)\n");
        return 2;
    }
    auto numbers = make_chan<int>();
    go([numbers] {
        for (int i = 2;; i++) numbers.send(i);
    });
    for (chan<int> in = numbers; n > 0; n--) {
        const int prime = in.recv();
        print(prime, "\n");
        auto out = make_chan<int>();
        go([in, out, prime] { filter(in, out, prime); });
        in = out;
    }
}
