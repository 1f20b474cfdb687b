// SPDX-License-Identifier: BSD-3-Clause
// Misuse of Lock, each kind chosen by its name, in a program with trapeze_lock_checked_dep; run.py reads what is said of it.
#include "sync/note.h"
#include "sys/mem.h"
#include "trapeze.h"

using namespace trapeze;

static Lock a, b, c;

static Thread* start(void (*f)(void*)) {
    Result error;
    Thread* t = thread_create(f, nullptr, &error);
    if (!t) die_errno("thread_create", error);
    return t;
}
static void in_thread(void (*f)(void*)) { thread_join(start(f)); }

static void pair(Lock* first, Lock* second) {
    lock(first);
    lock(second);
    unlock(second);
    unlock(first);
}

static const struct {
    const char* name;
    void (*run)();
} modes[] = {
    {"self", [] {
        lock(&a);
        lock(&a);
    }},
    {"self_timed", [] {  // with a deadline it is no deadlock
        lock(&a);
        print(tlock(&a, nanotime() + 1'000'000) || trylock(&a) ? "failed\n" : "refused\n");
        unlock(&a);
    }},
    {"stranger", [] {
        lock(&a);
        in_thread([](void*) { unlock(&a); });
    }},
    {"nobody", [] {
        lock(&a);
        unlock(&a);
        unlock(&a);
    }},
    {"nobody_new", [] { unlock(&a); }},
    {"cycle", [] {  // two threads, one after the other: nobody ever waits
        in_thread([](void*) { pair(&a, &b); });
        pair(&b, &a);
    }},
    {"cycle_of_three", [] {
        pair(&a, &b);
        in_thread([](void*) { pair(&b, &c); });
        pair(&c, &a);
    }},
    {"tried", [] {  // trylock does not wait, so its order harms nobody
        pair(&a, &b);
        lock(&b);
        print(trylock(&a) ? "fine\n" : "failed\n");
        unlock(&a);
        unlock(&b);
    }},
    {"used_again", [] {  // the same memory, but other locks
        for (int i = 0; i < 10; i++) {
            alignas(Lock) static u8 room[2][sizeof(Lock)];
            Lock* one = new (room[i % 2]) Lock{};
            Lock* two = new (room[1 - i % 2]) Lock{};
            pair(one, two);
        }
        print("fine\n");
    }},
    {"many", [] {  // more orders than are kept
        static Lock many[3000];
        for (int i = 0; i + 1 < 3000; i++) pair(&many[i], &many[i + 1]);
        print("fine\n");
    }},
    {"contended", [] {
        static u64 count;
        Thread* t[8];
        for (Thread*& one : t)
            one = start([](void*) {
                for (int i = 0; i < 200; i++) {
                    lock(&a);
                    if (i % 16 == 0) thread_yield();
                    count++;
                    unlock(&a);
                }
            });
        for (Thread* one : t) thread_join(one);
        print(count == 1600 ? "fine\n" : "failed\n");
    }},
};

int main(int argc, char** argv) {
    for (const auto& mode : modes)
        if (argc == 2 && str_eq(mode.name, argv[1])) return mode.run(), 0;
    eprint("usage: lock_victim MODE\n");
    return 3;
}
