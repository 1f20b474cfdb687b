// SPDX-License-Identifier: BSD-3-Clause
// Workers take numbers from a bounded queue and add up their squares: Mutex and Cond make the queue, WaitGroup waits for the workers,
// Once sets the stage when the first of them comes.
//   jobs WORKERS N     the squares of 1 to N
#include "trapeze.h"

using namespace trapeze;

static Mutex m;                   // guards what follows
static Cond not_empty, not_full;
static i64 queue[8], sum;
static usize first, waiting;
static bool closed;

static Once once;
static WaitGroup workers;

static void put(i64 job) {
    m.lock();
    while (waiting == 8) not_full.wait(m);
    queue[(first + waiting++) % 8] = job;
    m.unlock();
    not_empty.signal();
}

static bool take(i64* job) {
    m.lock();
    while (!waiting && !closed) not_empty.wait(m);
    const bool any = waiting != 0;
    if (any) {
        *job = queue[first++ % 8];
        waiting--;
    }
    m.unlock();
    if (any) not_full.signal();
    return any;
}

static void work() {
    once.run([] { print("the first worker is here\n"); });
    i64 mine = 0;
    for (i64 job; take(&job);) mine += job * job;
    m.lock();
    sum += mine;
    m.unlock();
    workers.done();
}

int main(int argc, char** argv) {
    i64 n, jobs;
    if (argc != 3 || !atoi(argv[1], &n) || !atoi(argv[2], &jobs) || n < 1 || n > 1000 || jobs < 0 || jobs > 1'000'000) {
        eprint("usage: jobs WORKERS N    (the sum of the squares of 1 to N)\n");
        return 2;
    }
    workers.add(n);
    for (i64 i = 0; i < n; i++) go(work);
    for (i64 job = 1; job <= jobs; job++) put(job);
    m.lock();
    closed = true;
    m.unlock();
    not_empty.broadcast();
    workers.wait();
    print(sum, "\n");
}
