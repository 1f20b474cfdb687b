// SPDX-License-Identifier: BSD-3-Clause
// The group sync over pthread's mutex and semaphores (glibc; with musl-gcc musl), or over nsync (-DTRAPEZE_NSYNC); and the floor
// (-DTRAPEZE_FLOOR: a cas, a store, and spinning without end).   sync_hosted [CASE]   prints "case value" lines, nanoseconds
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#ifdef TRAPEZE_NSYNC
#include <nsync.h>
#endif

#include "sync_locks.h"

struct Hosted {
#if defined TRAPEZE_NSYNC
    using Mutex = nsync::nsync_mu;
    struct Event {
        nsync::nsync_mu mu;
        nsync::nsync_cv cv;
        int n;
    };
    static void lock(Mutex& m) { nsync::nsync_mu_lock(&m); }
    static void unlock(Mutex& m) { nsync::nsync_mu_unlock(&m); }
    static void post(Event& e) {
        lock(e.mu);
        e.n++;
        nsync::nsync_cv_signal(&e.cv);
        unlock(e.mu);
    }
    static void wait(Event& e) {
        lock(e.mu);
        while (!e.n) nsync::nsync_cv_wait(&e.cv, &e.mu);
        e.n--;
        unlock(e.mu);
    }
#elif defined TRAPEZE_FLOOR
    struct Mutex { int v; };
    struct Event { int v; };
    static void lock(Mutex& m) {
        int free = 0;
        while (!__atomic_compare_exchange_n(&m.v, &free, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
            free = 0;
            for (int i = 0; i < 64; i++) __builtin_ia32_pause();
        }
    }
    static void unlock(Mutex& m) { __atomic_store_n(&m.v, 0, __ATOMIC_RELEASE); }
    static void post(Event& e) { __atomic_store_n(&e.v, 1, __ATOMIC_RELEASE); }
    static void wait(Event& e) {
        while (!__atomic_load_n(&e.v, __ATOMIC_ACQUIRE)) __builtin_ia32_pause();
        __atomic_store_n(&e.v, 0, __ATOMIC_RELAXED);
    }
#else
    using Mutex = pthread_mutex_t;  // zeroed is PTHREAD_MUTEX_INITIALIZER with both libraries
    using Event = sem_t;            // and a zeroed semaphore holds 0
    static void lock(Mutex& m) { pthread_mutex_lock(&m); }
    static void unlock(Mutex& m) { pthread_mutex_unlock(&m); }
    static void post(Event& e) { sem_post(&e); }
    static void wait(Event& e) { sem_wait(&e); }
#endif
    static long long now() {
        timespec t;
        clock_gettime(CLOCK_MONOTONIC, &t);
        return t.tv_sec * 1000000000LL + t.tv_nsec;
    }
    static void show(const char* name, double v) { printf("%s %.3f\n", name, v); }
    static pthread_t start(void (*f)(void*)) {
        pthread_t t;
        if (pthread_create(&t, nullptr, [](void* a) -> void* { return reinterpret_cast<void (*)(void*)>(a)(nullptr), nullptr; }, reinterpret_cast<void*>(f)))
            abort();
        return t;
    }
    static void join(pthread_t t) { pthread_join(t, nullptr); }
    static void run(int n, void (*f)(void*)) {
        pthread_t t[8];
        for (int i = 0; i < n; i++) t[i] = start(f);
        for (int i = 0; i < n; i++) join(t[i]);
    }
    static void sleep() { ::sleep(100); }
};

static const char* only;

int main(int argc, char** argv) {
    only = argc > 1 ? argv[1] : nullptr;
    if (const char* text = getenv("TRAPEZE_BENCH_SCALE"); text && (Locks<Hosted>::scale = atol(text)) < 1) return 2;
    Locks<Hosted>::all([](const char* name) { return !only || !strcmp(only, name); });
    fflush(stdout);
    _exit(0);
}
