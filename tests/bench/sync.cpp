// SPDX-License-Identifier: BSD-3-Clause
// The group sync over Trapeze: threads with Lock and Note, goroutines with Mutex (mutex: one goroutine; mutex1000: a thousand, two Ps or
// one, and mutex1000_wait: the longest wait, in acquisitions by others).   sync [CASE]   prints "case value" lines, nanoseconds
#include "sync/note.h"
#include "tests/bench/sync_locks.h"
#include "trapeze.h"

using namespace trapeze;

namespace {

struct Ours {
    using Mutex = Lock;
    using Event = Note;
    static void lock(Lock& l) { trapeze::lock(&l); }
    static void unlock(Lock& l) { trapeze::unlock(&l); }
    static void post(Note& n) { notewakeup(&n); }
    static void wait(Note& n) { notesleep(&n), noteclear(&n); }
    static i64 now() { return nanotime(); }
    static void show(const char* name, double v) { print(name, " ", v, "\n"); }
    static Thread* start(void (*f)(void*)) {
        Result error;
        Thread* t = thread_create(f, nullptr, &error);
        if (!t) die_errno("thread_create", error);
        return t;
    }
    static void join(Thread* t) { thread_join(t); }
    static void run(int n, void (*f)(void*)) {
        Thread* t[8];
        for (int i = 0; i < n; i++) t[i] = start(f);
        for (int i = 0; i < n; i++) join(t[i]);
    }
    static void sleep() {
        Note never_woken{};
        (void)notetsleep(&never_woken, nanotime() + 100'000'000'000);
    }
};

const char* only;
i64 scale = 1;
bool wanted(const char* name) { return !only || str_eq(only, name); }

void thousand() {
    constexpr u64 n = 1000;
    const u64 each = 1000 / static_cast<u64>(scale < 1000 ? scale : 1000);
    static Mutex m;
    static u64 got, longest;
    WaitGroup all;
    all.add(n);
    const i64 before = nanotime();
    for (u64 i = 0; i < n; i++)
        go([&] {
            for (u64 k = 0; k < each; k++) {
                const u64 seen = __atomic_load_n(&got, __ATOMIC_RELAXED);
                m.lock();
                if (got - seen > longest) longest = got - seen;
                __atomic_store_n(&got, got + 1, __ATOMIC_RELAXED);
                if (k % 64 == 0) gosched();  // or each would be done before the next has started
                m.unlock();
            }
            all.done();
        });
    all.wait();
    print("mutex1000 ", static_cast<double>(nanotime() - before) / static_cast<double>(n * each), "\nmutex1000_wait ", longest, "\n");
}

}  // namespace

int main(int argc, char** argv) {
    only = argc > 1 ? argv[1] : nullptr;
    if (const char* text = getenv("TRAPEZE_BENCH_SCALE"); text && (!atoi(text, &scale) || scale < 1)) return 2;
    Locks<Ours>::scale = scale;
    if (wanted("mutex1000")) thousand();
    if (wanted("mutex")) {
        Mutex m;
        const i64 n = 100'000'000 / scale;
        const i64 before = nanotime();
        for (i64 i = 0; i < n; i++) m.lock(), m.unlock();
        print("mutex ", static_cast<double>(nanotime() - before) / static_cast<double>(n), "\n");
    }
    Locks<Ours>::all(wanted);
}
