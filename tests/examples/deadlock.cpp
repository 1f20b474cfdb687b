// SPDX-License-Identifier: BSD-3-Clause
// Goroutines that all wait for each other: the runtime reports every one of them and ends with status 2.
#include "trapeze.h"

using namespace trapeze;

int main() {
    auto question = make_chan<int>(), answer = make_chan<int>(), never = make_chan<int>();
    go([=] { answer.send(question.recv()); });
    go([=] { select(recv(answer, [](int) {}), send(never, 1, [] {})); });
    answer.recv();
    question.send(42);  // too late
}
