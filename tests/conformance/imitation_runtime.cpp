// SPDX-License-Identifier: BSD-3-Clause
// A runtime of its own kind, on traps alone: eight threads compute and are preempted by signals at 1,000 Hz, whose handler turns the
// interrupted instruction into a call of a routine that gives the processor away. First they are only preempted, and the rate that was
// reached is told; then a collector stops the world by signals and semaphores as well, with forks out of it, and executions of itself.
// A signal is sent to a thread when it has handled the one before, since pending ones do not add up: so each that is sent arrives.
// Argument: seconds of either part (1). `imitation_runtime 10` is the long run.
#include "tests/conformance/darwin_raw.h"

constexpr i32 workers = 8;
constexpr u64 custom = 0x01000000, stack_size = 8192;
enum { preempt = 30, stop = 31, onstack_restart_siginfo = 0x43 };

// Where a preempted thread goes on: all that it had is kept, flags and registers, behind its red zone.
asm(R"(
        .private_extern _give_way
_give_way:
        pushfq
        pushq %rax
        pushq %rcx
        pushq %rdx
        pushq %rsi
        pushq %rdi
        pushq %r8
        pushq %r9
        pushq %r10
        pushq %r11
        subq $256, %rsp
        movups %xmm0, (%rsp)
        movups %xmm1, 16(%rsp)
        movups %xmm2, 32(%rsp)
        movups %xmm3, 48(%rsp)
        movups %xmm4, 64(%rsp)
        movups %xmm5, 80(%rsp)
        movups %xmm6, 96(%rsp)
        movups %xmm7, 112(%rsp)
        xorps %xmm0, %xmm0
        xorps %xmm3, %xmm3
        .private_extern _give_way_again
_give_way_again:
        lock incl _given(%rip)
        movl $0x100003b, %eax
        xorl %edi, %edi
        syscall
        .private_extern _give_way_done
_give_way_done:
        movups (%rsp), %xmm0
        movups 16(%rsp), %xmm1
        movups 32(%rsp), %xmm2
        movups 48(%rsp), %xmm3
        movups 64(%rsp), %xmm4
        movups 80(%rsp), %xmm5
        movups 96(%rsp), %xmm6
        movups 112(%rsp), %xmm7
        addq $256, %rsp
        popq %r11
        popq %r10
        popq %r9
        popq %r8
        popq %rdi
        popq %rsi
        popq %rdx
        popq %rcx
        popq %rax
        popfq
        retq $128
)");
extern "C" void give_way(), give_way_again(), give_way_done();
extern "C" {
[[gnu::used]] u32 given;
}

struct Worker {
    u32 port, ended;
    volatile u64 rounds;
    u32 sent, handled;  // preemptions; handled is the worker's
    u32 resume;         // its own: one that is stopped anew must not take the wake-up of one that has not woken yet
    Regs start;
};
static Worker all[workers];
constexpr u64 other_stack_size = 2 * stack_size;
static u64 other_stacks;  // of the handlers, one behind the other
static u32 stopped, ended;
static volatile bool finish;
static volatile i32 wrong;
static u64 expected;
static double expected_sum;

template <class T>
static T get(const u8* at) {
    T v;
    __builtin_memcpy(&v, at, sizeof v);
    return v;
}
template <class T>
static void put(u8* at, T v) { __builtin_memcpy(at, &v, sizeof v); }

static void wait(u32 semaphore) {
    while (semaphore_wait(semaphore) == 14) {}
}

void raw_handler(u64, i32, i32 number, u8*, u8* context, u64) {
    u8* machine = reinterpret_cast<u8*>(get<u64>(context + 48));
    Worker& me = all[(reinterpret_cast<u64>(&machine) - other_stacks) / other_stack_size];
    if (number == stop) {
        semaphore_signal(stopped);
        wait(me.resume);
        return;
    }
    __atomic_store_n(&me.handled, me.handled + 1, __ATOMIC_RELEASE);
    // One that comes back from giving way does so once more; anywhere else it is as if a call stood there.
    const u64 rip = get<u64>(machine + 144), rsp = get<u64>(machine + 72) - 128 - 8;
    if (rip == Trap::word(give_way_done)) put(machine + 144, Trap::word(give_way_again));
    if (rip >= Trap::word(give_way) && rip < Trap::word(give_way) + 400) return;
    put(reinterpret_cast<u8*>(rsp), rip);
    put(machine + 72, rsp);
    put(machine + 144, Trap::word(give_way));
}

[[gnu::noinline]] static u64 compute(double& sum) {
    u64 x = 88172645463325252, total = 0;
    double s = 0;
    for (i32 n = 1; n <= 20000; n++) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        total += x * static_cast<u64>(n);
        s += 1.0 / n;
        if (total & 1) total ^= x;
    }
    sum = s;
    return total;
}

void raw_thread(Regs* r) {
    Worker* w = reinterpret_cast<Worker*>(reinterpret_cast<u8*>(r) - __builtin_offsetof(Worker, start));
    // Its handlers do not stand where they put the call: the signal frame lies right below the red zone.
    const struct {
        u64 base, size;
        i32 flags, pad;
    } other{other_stacks + static_cast<u64>(w - all) * other_stack_size, other_stack_size, 0, 0};
    call(bsd + 53, &other, 0);
    __atomic_store_n(&w->port, static_cast<u32>(r->rsi), __ATOMIC_RELEASE);
    while (!finish) {
        double sum;
        if (compute(sum) != expected || sum != expected_sum) __atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED);
        w->rounds = w->rounds + 1;
    }
    const u32 all_signals = ~0u;
    call(bsd + 329, 3, &all_signals, 0);
    __atomic_store_n(&w->ended, 1, __ATOMIC_RELEASE);
    call(bsd + 361, 0, 0, r->rsi, ended);
    for (;;) {}
}

static void sleep_us(i32 us) {
    const struct {
        i64 sec;
        i32 usec, pad;
    } t{0, us, 0};
    call(bsd + 93, 0, 0, 0, 0, &t);
}
static u64 microseconds() {
    u64 now[2] = {};
    return Trap(bsd + 116, now, 0, 0xdead00000000).go().r.rax ? now[0] * 1'000'000 + (now[1] & 0xffffffff) : 0;
}

static bool idle(const Worker& w) { return w.sent == __atomic_load_n(&w.handled, __ATOMIC_ACQUIRE); }

static void preempt_all() {
    for (Worker& w : all) {
        if (!idle(w)) continue;
        w.sent++;
        if (call(bsd + 328, w.port, preempt)) wrong = wrong + 1;
    }
}

// Calls tick(n) every millisecond; what is late is not made up for.
template <class F>
static void for_a_while(u64 length, F tick) {
    const u64 begin = microseconds();
    u64 now = begin, next = begin;
    for (i32 n = 0; now - begin <= length; n++) {
        tick(n);
        next += 1000;
        now = microseconds();
        if (next > now) sleep_us(static_cast<i32>(next - now));
        else next = now;
        now = microseconds();
    }
}

// Signals and those of them that arrive within a minute.
static void settle(u64& sent, u64& handled) {
    for (i32 n = 0; n < 60'000; n++) {
        sent = handled = 0;
        for (const Worker& w : all) sent += w.sent, handled += __atomic_load_n(&w.handled, __ATOMIC_ACQUIRE);
        if (sent == handled) return;
        sleep_us(1000);
    }
}

static void stop_the_world(i32& moved) {
    for (const Worker& w : all) call(bsd + 328, w.port, stop);
    for (i32 n = 0; n < workers; n++) wait(stopped);
    u64 before = 0, after = 0;
    for (const Worker& w : all) before += w.rounds;
    for (i32 n = 0; n < 20; n++) call(mach + 59, 0);
    for (const Worker& w : all) after += w.rounds;
    if (before != after) moved++;
    for (const Worker& w : all) semaphore_signal(w.resume);
}

static i32 forked(const char* self, i32 n) {
    Trap t(bsd + 2);
    t.go();
    if (t.r.rdx == 1) {  // its other threads are gone, its memory and its signals are its own
        double sum;
        if (compute(sum) != expected) call(bsd + 1, 90);
        if (!call(mach + 28) || !call(mach + 26)) call(bsd + 1, 91);  // ports of its own
        const char word[] = {static_cast<char>('0' + n % 10), 0};
        const char* argv[] = {self, "again", word, nullptr};
        if (n < 10) call(bsd + 59, self, argv, 0);
        call(bsd + 1, 40 + n);
    }
    i32 status = -1;
    while (Trap(bsd + 7, t.r.rax, &status, 0, 0).go().r.rax == 4) {}
    return status;
}

int raw_main(int argc, char** argv) {
    if (argc == 3) {  // executes itself until the word has counted down
        char word[] = {static_cast<char>(argv[2][0] - 1), 0};
        const char* next[] = {argv[0], "again", word, nullptr};
        if (argv[2][0] == '0') return 77;
        call(bsd + 59, argv[0], next, 0);
        return 78;
    }
    u64 length_of_run = 0;
    for (const char* p = argc > 1 ? argv[1] : "1"; *p; p++) length_of_run = length_of_run * 10 + static_cast<u64>(*p - '0');
    say("TAP version 13\n");
    expected = compute(expected_sum);
    semaphore_create(0, stopped);
    for (Worker& w : all) semaphore_create(0, w.resume);
    semaphore_create(0, ended);
    const struct {
        u64 handler;
        void (*tramp)();
        u32 mask;
        i32 flags;
    } caught{0x4242, raw_sigtramp, 1u << (preempt - 1) | 1u << (stop - 1), onstack_restart_siginfo};
    call(bsd + 46, preempt, &caught, 0);
    call(bsd + 46, stop, &caught, 0);
    Trap(bsd + 366, raw_thread_entry, 0, 0, 0, 0, 0, 0).go();
    other_stacks = call(bsd + 197, 0, workers * other_stack_size, 3, 0x1002, 0xffffffff, 0);
    for (Worker& w : all) {
        const u64 stack = call(bsd + 197, 0, stack_size, 3, 0x1002, 0xffffffff, 0) + stack_size;
        call(bsd + 360, 1, &w.start, stack, 0, custom);
        while (!__atomic_load_n(&w.port, __ATOMIC_ACQUIRE)) call(mach + 59, 0);
    }

    const u64 length = length_of_run * 1'000'000;
    u64 sent, handled;
    i32 ticks = 0;
    for_a_while(length, [&](i32) { preempt_all(), ticks++; });
    settle(sent, handled);
    say("# signals a second and thread ");
    say_number(static_cast<i64>(length_of_run ? sent / length_of_run / workers : 0));
    say(", ticks a second ");
    say_number(static_cast<i64>(length_of_run ? static_cast<u64>(ticks) / length_of_run : 0));
    say("\n");
    same(handled, sent, "each preemption that was sent has arrived once");
    bool all_of_them = true;
    for (const Worker& w : all) all_of_them &= w.handled > 1;
    check(all_of_them, "every thread was preempted, and went on");
    check(given > 0, "and gave way");

    i32 stops = 0, moved = 0, forks = 0, bad_forks = 0;
    for_a_while(length, [&](i32 tick) {
        preempt_all();
        if (tick % 20 == 7) stop_the_world(moved), stops++;
        if (tick % 100 == 50) {
            const i32 status = forked(argv[0], forks % 14);
            if (status != (forks % 14 < 10 ? 77 : 40 + forks % 14) << 8) bad_forks++;
            forks++;
        }
    });
    settle(sent, handled);
    finish = true;
    for (i32 n = 0; n < workers; n++) wait(ended);
    say("# signals ");
    say_number(static_cast<i64>(sent));
    say(", gave way ");
    say_number(given);
    say(", stops of the world ");
    say_number(stops);
    say(", forks ");
    say_number(forks);
    say("\n");
    same(handled, sent, "each preemption has arrived, between the stops too");
    same(wrong, 0, "no computation was disturbed by a preemption");
    same(moved, 0, "nobody ran while the world was stopped");
    check(stops > 0, "which it was");
    same(bad_forks, 0, "children of the threaded program compute, have ports and execute the program again");
    check(forks > 0, "there were some");
    return done();
}
