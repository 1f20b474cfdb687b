// SPDX-License-Identifier: BSD-3-Clause
// Programs that go wrong, each chosen by its name; run.py runs them and reads what they say.
#include "sync/lock.h"
#include "sync/note.h"
#include "sys/mem.h"
#include "trapeze.h"

using namespace trapeze;

static void deadlock() {
    auto a = make_chan<int>(), b = make_chan<int>(1);
    b.send(0);
    go([=] { (void)a.recv(); });
    go([=] { b.send(1); });
    go([=] { select(recv(a, [] {}), send(b, 1, [] {})); });
    go([] { select(); });
    go([] { chan<int>().send(1); });
    (void)chan<int>().recv();
}

static void send_on_closed() {
    auto c = make_chan<int>(1);
    c.close();
    c.send(1);
}

static void select_on_closed() {
    auto c = make_chan<int>(1);
    c.close();
    select(send(c, 1, [] {}), otherwise([] {}));
}

static void closed_under_sender() {
    auto c = make_chan<int>();
    go([=] { c.send(1); });
    sleep_ms(5);
    c.close();
    sleep_ms(1000);
}

static void close_closed() {
    auto c = make_chan<int>();
    c.close();
    c.close();
}

static void close_nil() { chan<int>().close(); }

static void mutex_unlocked() { Mutex().unlock(); }
static void rwmutex_unlocked() { RWMutex().unlock(); }
static void rwmutex_unread() { RWMutex().runlock(); }
static void rwmutex_read_unlocked() {
    RWMutex rw;
    rw.rlock();
    rw.unlock();
}
static void rwmutex_written_runlocked() {
    RWMutex rw;
    rw.lock();
    rw.runlock();
}
static void waitgroup_negative() {
    WaitGroup g;
    g.add(1);
    g.add(-2);
}
static void cond_unlocked() {
    Mutex m;
    Cond().wait(m);
}
static void semaphore_too_much() { Semaphore(3).acquire(4); }
static void semaphore_not_held() {
    Semaphore s(3);
    s.acquire(1);
    s.release(2);
}

static void all_parked() {
    static Mutex m;
    static RWMutex rw;
    static WaitGroup group;
    static Cond cond;
    static Semaphore sem{1};
    m.lock(), rw.lock(), sem.acquire(), group.add(1);
    go([] { m.lock(); });
    go([] { rw.lock(); });
    go([] { rw.rlock(); });
    go([] { group.wait(); });
    go([] {
        Mutex own;
        own.lock();
        cond.wait(own);
    });
    go([] { sem.acquire(); });
    // A wait with a deadline is no deadlock yet; when it has passed, it is one, although the timer was removed and not run down.
    WaitGroup never_done;
    never_done.add(1);
    Mutex soon;
    soon.lock();
    go([&] {
        (void)soon.lock_until({nanotime() + 3'600'000'000'000, nullptr});
        print("had it\n");
        group.wait();
    });
    sleep_ms(3);
    soon.unlock();
    never_done.wait();
}

static void nil_dereference() {
    go([] {
        volatile int* volatile p = nullptr;
        *p = 1;
    });
    sleep_ms(1000);
}

[[gnu::noinline]] static int deeper(volatile char* above) {
    volatile char here[512];
    here[0] = *above;
    return (here[0] ? deeper(here) : 0) + here[0];
}

static void stack_overflow() {
    go([] {
        char c = 1;
        print(deeper(&c), "\n");
    });
    sleep_ms(1000);
}

static void broken() { throw_("this is a test"); }

static void fine() { print("fine\n"); }

// Waits of all kinds: contended locks, notes of threads, goroutines on several Ms.
static Lock l;
static int counted;
static void waits() {
    Thread* threads[4];
    Result error;
    for (Thread*& t : threads) {
        t = thread_create([](void*) {
            for (int i = 0; i < 300; i++) {
                lock(&l);
                counted++;
                if (i % 100 == 0)
                    for (const i64 until = nanotime() + 300'000; nanotime() < until;) {}
                unlock(&l);
            }
        }, nullptr, &error);
        if (!t) die_errno("thread_create", error);
    }
    for (Thread* t : threads) thread_join(t);
    auto ping = make_chan<int>(), pong = make_chan<int>();
    go([=] { for (int v : ping) pong.send(v + 1); });
    int v = 0;
    for (int i = 0; i < 20; i++) {
        ping.send(v);
        v = pong.recv();
        sleep_ns(200'000);
    }
    print(counted, " ", v, "\n");
}

static void dumped() {
    static const char text[] = "0123456789abcdefg";
    dump(text, 17);
}

static void threads() {
    for (int i = 0; i < 1000; i++) {
        Result error;
        Thread* t = thread_create([](void*) {
            Note n{};
            (void)notetsleep(&n, nanotime());  // makes the thread's semaphore, and its reply port
        }, nullptr, &error);
        if (!t) die_errno("thread_create", error);
        thread_join(t);
    }
    print("1000 threads\n");
}

// One wake-up that certainly goes to the kernel: the sleeper has queued itself when the note is woken.
static Note slept_on;
static void one_wakeup() {
    Result error;
    Thread* t = thread_create([](void*) { notesleep(&slept_on); }, nullptr, &error);
    if (!t) die_errno("thread_create", error);
    while (!slept_on.word.load(acquire)) cpu_pause();
    notewakeup(&slept_on);
    thread_join(t);
    print("woken\n");
}

static void one_thread() {
    Result error;
    Thread* t = thread_create([](void*) {}, nullptr, &error);
    if (!t) die_errno("no OS thread", error);
    thread_join(t);
    print("fine\n");
}

static void many_ms() {
    auto done = make_chan<int>(8);
    for (int i = 0; i < 8; i++)
        go([=] {
            for (const i64 until = nanotime() + 20'000'000; nanotime() < until;) {}
            done.send(1);
        });
    for (int i = 0; i < 8; i++) (void)done.recv();
    print("fine\n");
}

static void uncontended() {
    static Lock locks[1000];
    for (int i = 0; i < 100; i++)
        for (Lock& one : locks) lock(&one), unlock(&one);
    Note n{};
    notewakeup(&n);
    notesleep(&n);
    print("fine\n");
}

static constexpr struct {
    const char* name;
    void (*run)();
} modes[] = {{"deadlock", deadlock}, {"send_on_closed", send_on_closed}, {"select_on_closed", select_on_closed},
             {"closed_under_sender", closed_under_sender},
             {"mutex_unlocked", mutex_unlocked}, {"rwmutex_unlocked", rwmutex_unlocked}, {"rwmutex_unread", rwmutex_unread},
             {"rwmutex_read_unlocked", rwmutex_read_unlocked}, {"rwmutex_written_runlocked", rwmutex_written_runlocked},
             {"waitgroup_negative", waitgroup_negative}, {"cond_unlocked", cond_unlocked}, {"semaphore_too_much", semaphore_too_much},
             {"semaphore_not_held", semaphore_not_held}, {"all_parked", all_parked}, {"close_closed", close_closed}, {"close_nil", close_nil},
             {"nil_dereference", nil_dereference}, {"stack_overflow", stack_overflow}, {"throw", broken}, {"fine", fine},
             {"waits", waits}, {"one_wakeup", one_wakeup}, {"threads", threads}, {"dump", dumped}, {"one_thread", one_thread}, {"many_ms", many_ms}, {"uncontended", uncontended}};

int main(int argc, char** argv) {
    for (const auto& mode : modes)
        if (argc == 2 && str_eq(mode.name, argv[1])) return mode.run(), 0;
    eprint("usage: victim MODE\n");
    return 3;
}
