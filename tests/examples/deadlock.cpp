// SPDX-License-Identifier: BSD-3-Clause
// Goroutines that all wait for each other: the runtime reports every one of them and ends with status 2.
#include "trapeze.h"

using namespace trapeze;

int main() {
    auto a = make_chan<int>(), b = make_chan<int>();
    go([=] { a.send(1 + b.recv()); });
    go([=] { select(recv(a, [](int) {}), send(b, 2, [] {}), recv(a, [](int) {})); b.send(a.recv()); b.recv(); });
    make_chan<int>().recv();
}
