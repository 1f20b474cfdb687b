// SPDX-License-Identifier: BSD-3-Clause
// Two goroutines pass a ball over two channels.
//   pingpong N     N round trips
#include "trapeze.h"

using namespace trapeze;

int main(int argc, char** argv) {
    i64 n;
    if (argc != 2 || !atoi(argv[1], &n) || n < 0) {
        eprint("usage: pingpong N    (N round trips)\n");
        return 2;
    }
    auto there = make_chan<i64>(), back = make_chan<i64>();
    go([=] {
        for (i64 ball : there) back.send(ball + 1);
        back.close();
    });
    i64 ball = 0;
    for (i64 i = 0; i < n; i++) {
        there.send(ball);
        ball = back.recv();
    }
    there.close();
    print(ball, " round trips\n");
}
