// SPDX-License-Identifier: BSD-3-Clause
// A reading room: a Semaphore has its seats, a RWMutex guards the catalogue, and waits end by a time or by a Cancel when it closes.
//   library SEATS READERS     each reads once; then one who will not wait for ever comes too late, and one is sent home
#include "trapeze.h"

using namespace trapeze;

static RWMutex catalogue;
static u64 books, cards;          // by catalogue: always as many cards as books
static Atomic<u64> inside, most, torn;

static void read(Semaphore& seats) {
    seats.acquire();
    const u64 now = inside.xadd(1, relaxed) + 1;
    for (u64 seen = most.load(relaxed); now > seen && !most.cas(seen, now, relaxed);) {}
    catalogue.rlock();
    const u64 b = books;
    gosched();
    if (b != cards) torn.xadd(1, relaxed);
    catalogue.runlock();
    inside.xadd(~u64{0}, relaxed);
    seats.release();
}

int main(int argc, char** argv) {
    i64 n, readers;
    if (argc != 3 || !atoi(argv[1], &n) || !atoi(argv[2], &readers) || n < 1 || readers < 0 || readers > 10'000) {
        eprint("usage: library SEATS READERS\n");
        return 2;
    }
    Semaphore seats(static_cast<u64>(n));
    WaitGroup all;
    all.add(readers + 1);
    go([&] {
        for (int i = 0; i < 100; i++) {
            catalogue.lock();
            books++;
            gosched();
            cards++;
            catalogue.unlock();
        }
        all.done();
    });
    for (i64 i = 0; i < readers; i++)
        go([&] {
            read(seats);
            all.done();
        });
    all.wait();
    print(books, " books, ", cards, " cards, ", torn.load(relaxed), " readers in between\n");
    if (most.load(relaxed) > static_cast<u64>(n)) print("the room was too full\n");

    // Every seat is taken now.
    seats.acquire(seats.capacity);
    if (seats.acquire_until({.deadline = nanotime() + 2'000'000}) == Waited::timed_out) print("no seat in 2 ms\n");
    Cancel closing;
    all.add(1);
    go([&] {
        if (seats.acquire_until({.cancel = &closing}) == Waited::cancelled) print("closed while waiting\n");
        all.done();
    });
    sleep_ms(1);
    closing.cancel();
    all.wait();
}
