// SPDX-License-Identifier: BSD-3-Clause
// Two programs with a race each, for unirun to find: `count` loses increments, `asleep` a wake-up.
#include "sync/port.h"
#include "trapeze.h"

using namespace trapeze;

static volatile int counter;
static volatile bool start, is_ready, waiting;
static ThreadSema sleeper;

static void count(void*) {
    while (!start) {}
    for (int i = 0; i < 500; i++) {
        int before = counter;
        asm volatile("" : "+r"(before));  // or it becomes one instruction, which no thread can come between here
        counter = before + 1;
    }
}

static void wait_for_ready(void*) {
    sleeper = semacreate();
    while (!start) {}
    if (is_ready) return;
    waiting = true;  // too late if the other looks between these two lines
    (void)semasleep(sleeper, -1);
}

static void make_ready(void*) {
    while (!start) {}
    is_ready = true;
    if (waiting) semawakeup(sleeper);
}

int main() {
    const bool asleep = argc() > 1 && argv()[1][0] == 'a';
    Result error;
    Thread* first = thread_create(asleep ? wait_for_ready : count, nullptr, &error);
    Thread* second = thread_create(asleep ? make_ready : count, nullptr, &error);
    start = true;
    thread_join(first);
    thread_join(second);
    if (!asleep) print(counter, "\n");
}
