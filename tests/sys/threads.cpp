// SPDX-License-Identifier: BSD-3-Clause
// Threads without a scheduler: many at once, names, signals to one, what happens when there are no more, fork beside them.
#include "child.h"

#include "sys/calls.h"
#include "sys/thread.h"

using namespace trapeze;

static u32 ran, go_on, names[200];
static volatile i32 handled;

static void many() {
    static Thread* threads[200];
    i32 started = 0;
    Result error{0};
    for (Thread*& t : threads) {
        t = thread_create([](void* at) {
            __atomic_store_n(static_cast<u32*>(at), thread_self(), __ATOMIC_RELAXED);
            __atomic_fetch_add(&ran, 1, __ATOMIC_SEQ_CST);
            while (!__atomic_load_n(&go_on, __ATOMIC_ACQUIRE)) thread_yield();
        }, &names[&t - threads], &error);
        started += t != nullptr;
        if (started % 20 == 0)  // few are runnable at a time: 200 that yield would starve the machine
            while (__atomic_load_n(&ran, __ATOMIC_ACQUIRE) < static_cast<u32>(started) && started < 200) thread_yield();
    }
    ok(started == 200, "200 threads");
    while (__atomic_load_n(&ran, __ATOMIC_ACQUIRE) < 200) thread_yield();
    bool distinct = true;
    for (i32 i = 0; i < 200; i++) {
        distinct = distinct && names[i] && names[i] != thread_self();
        for (i32 j = 0; j < i; j++) distinct = distinct && names[i] != names[j];
    }
    ok(distinct, "each with a name of its own");
    __atomic_store_n(&go_on, 1, __ATOMIC_RELEASE);
    for (Thread* t : threads)
        if (t) thread_join(t);
    ok(ran == 200, "and all can be joined");
    u32 n = 0;
    for (i32 i = 0; i < 300; i++) {
        Thread* t = thread_create([](void* at) { ++*static_cast<u32*>(at); }, &n, &error);
        if (t) thread_join(t);
    }
    ok(n == 300, "300 one after the other");
}

static void signals() {
    static volatile i32 state;
    static volatile u32 handled_by;
    state = 0;
    (void)signal_handle(kernel::SIGUSR1, [](i32, SignalInfo*, SignalContext*) {
        handled_by = thread_self();
        handled = handled + 1;
    }, SA_ONSTACK);
    Result error{0};
    Thread* t = thread_create([](void* at) {
        *static_cast<u32*>(at) = thread_self();
        state = 1;
        while (state != 2) thread_yield();
    }, &names[0], &error);
    ok(thread_kill(t, 0), "thread_kill with 0 finds it, however young");
    fails(thread_kill(t, 999), kernel::EINVAL, "no such signal: EINVAL");
    while (state != 1) thread_yield();
    for (i32 i = 0; i < 100; i++) {
        const i32 before = handled;
        (void)thread_kill(t, kernel::SIGUSR1);
        while (handled == before) thread_yield();
    }
    ok(handled == 100 && handled_by == names[0], "heritage 17: a hundred signals, handled by that thread, which goes on each time");
    state = 2;
    thread_join(t);
}

static void no_more() {
    held(in_child([] {
             if (geteuid() == 0 && (sys_setgid(65534).failed() || sys_setuid(65534).failed())) return 0;
             if (setlimit(Limit::processes, {0, 0}).failed()) return 1;
             Result error{0};
             Thread* t = thread_create([](void*) {}, nullptr, &error);
             if (t) {  // XNU counts processes, not threads
                 thread_join(t);
                 return 0;
             }
             return error.err() == kernel::EAGAIN || error.err() == kernel::ENOMEM ? 0 : 2;
         }),
         "beyond RLIMIT_NPROC a thread is an error (Linux: EAGAIN), not a crash");
    held(in_child([] {
             if (setlimit(Limit::address_space, {1 << 20, 1 << 20}).failed()) return 1;
             Result error{0};
             for (i32 i = 0; i < 2; i++) {
                 Thread* t = thread_create([](void*) {}, nullptr, &error);
                 if (t) thread_join(t);
                 else if (error.err() != kernel::ENOMEM) return 2;
             }
             return 0;
         }),
         "without memory it is ENOMEM; XNU does not enforce the limit");
}

static void forks() {
    static u32 stop;
    Result error{0};
    Thread* busy = thread_create([](void*) {
        while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) thread_yield();
    }, nullptr, &error);
    held(in_child([] {
             Result e{0};
             static i32 value;
             Thread* t = thread_create([](void*) { value = 9; }, nullptr, &e);
             if (!t) return 1;
             thread_join(t);
             return value == 9 ? 0 : 2;
         }),
         "fork beside another thread: the child is alone and can start its own");
    static i32 in_thread;
    Thread* t = thread_create([](void*) {
        const u32 parents = thread_self();
        const WaitStatus s = in_child([=] {
            if (tls()->self != tls()) return 1;
            return getpid() > 0 && thread_self() != 0 && (parents != 0) ? 7 : 2;
        });
        in_thread = s.code();
        const char* const argv[] = {"sh", "-c", "exit 5", nullptr};
        Result child = answered("host_programs") ? spawn_path("sh", argv, envp()) : fork();  // see executions.cpp
        if (child.ok() && child.value() == 0) exit_process(5);
        WaitStatus spawned{-1};
        if (child.ok()) (void)wait(static_cast<i32>(child.value()), &spawned);
        in_thread = in_thread * 10 + spawned.code();
    }, nullptr, &error);
    thread_join(t);
    ok(in_thread == 75, "a thread that is not the first forks and spawns as well");
    __atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
    thread_join(busy);
}

int main() {
    print("TAP version 13\n");
    many();
    signals();
    no_more();
    forks();
    return done();
}
