// SPDX-License-Identifier: BSD-3-Clause
// The model's threads: fibers, who of them can go on, and the places where another one may. Which does is explorer.cpp's choice.
#include <cstdlib>
#include <cstring>

#include "engine.h"

extern "C" void model_switch(void** save, void* to);
asm(R"(
    .text
    .globl model_switch
model_switch:
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
    mov %rsp, (%rdi)
    mov %rsi, %rsp
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    ret
)");

namespace model {
namespace {

std::function<void()> bodies[max_threads];
void* explorer_sp;

bool enabled(const Thread& t) {
    if (t.ended) return false;
    if (t.pausing) return t.seen != now.epoch;
    if (!t.ready || t.free_to_go) return true;
    quiet = true;
    const bool yes = t.ready(t.arg);
    quiet = false;
    return yes;
}

void resume(int n) {
    if (n == now.current) return;
    void** save_to = &me().sp;
    now.current = n;
    model_switch(save_to, me().sp);
}

// The current thread cannot or need not go on.
void give_way() {
    me().stale = true;
    if (known_state()) leave(Left::cut);
    int can[max_threads];
    u32 n = 0;
    for (int i = 0; i < now.nthreads; i++)
        if (enabled(now.threads[i])) can[n++] = i;
    if (n) return resume(can[branch(n)]);
    bool spinning = false, unfinished = false;
    for (int i = 0; i < now.nthreads; i++) {
        Thread& t = now.threads[i];
        if (!t.ended && !t.daemon) unfinished = true;
        if (t.ended || !t.pausing) continue;
        spinning = true;
        if (t.forced >= 3) continue;  // a bounded spin may run out
        t.forced++;
        t.pausing = false;
        t.stale = true;
        return resume(i);
    }
    if (!unfinished) leave(Left::ended);
    fail(spinning ? "livelock: only spinning threads are left" : "deadlock");
}

void entry() {
    Thread& t = me();
    if (t.fn) t.fn(t.arg);
    else bodies[now.current]();
    t.ended = true;
    give_way();
    __builtin_trap();
}

u16 new_stack() {
    if (now.nstacks == max_stacks) now.current < 0 ? std::abort() : fail("the model has no room for more stacks");
    return static_cast<u16>(now.nstacks++);
}

void prepare(Thread& t) {
    unsigned char* top = world + (t.stack + 1) * stack_size;
    std::memset(top - 512, 0, 512);
    void** p = reinterpret_cast<void**>(top - 64);
    *--p = nullptr;
    *--p = reinterpret_cast<void*>(entry);
    t.sp = p - 6;
}

int add_thread(bool daemon) {
    if (now.nthreads == max_threads) now.current < 0 ? std::abort() : fail("the model has no room for more threads");
    Thread& t = now.threads[now.nthreads];
    t = Thread{};
    t.daemon = daemon;
    t.stale = true;
    t.observed = static_cast<u64>(now.nthreads);
    t.stack = new_stack();
    t.cur.clock[now.nthreads] = 1;
    prepare(t);
    return now.nthreads++;
}

}  // namespace

void leave(Left how) {
    left = how;
    model_switch(&me().sp, explorer_sp);
}
void go_on() { model_switch(&explorer_sp, me().sp); }

int thread(std::function<void()> body, bool daemon) {
    bodies[now.nthreads] = std::move(body);
    return add_thread(daemon);
}
int spawn(void (*fn)(void*), void* arg, bool daemon) {
    const int n = add_thread(daemon);
    Thread& t = now.threads[n];
    t.fn = fn;
    t.arg = arg;
    t.observed = mix(t.observed, reinterpret_cast<u64>(arg));
    if (now.current >= 0) {
        const u16 clock = t.cur.clock[n];
        t.cur = me().cur;
        t.cur.clock[n] = clock;
        me().cur.clock[now.current]++;
        me().stale = true;
    }
    wrote();
    return n;
}
int self() { return now.current; }
bool did_panic(int n) { return now.threads[n].panicked; }

void* stack(usize* size) {
    *size = stack_size;
    now.switches = true;
    return world + new_stack() * stack_size;
}

static u32 observed(u32 k) {
    me().observed = mix(me().observed, k);
    me().stale = true;
    return k;
}
void seen(u64 value) {
    if (now.current >= 0) me().observed = mix(me().observed, value), me().stale = true;
}
u32 choose(u32 n) { return observed(branch(n)); }
u32 deviate(u32 n, const char* what) {
    const u32 k = deviation(n);
    if (k) note(what);
    return observed(k);
}

void wrote() {
    now.epoch++;
    if (now.current >= 0) me().own++;
}
void changed() { wrote(); }

// It is no longer where it was: not every operation leaves another trace.
static void moved(Thread& t) {
    t.observed = mix(t.observed, 0x77);
    t.stale = true;
}

void point() {
    Thread& t = me();
    progress = progress + 1;
    if (++now.steps > 3000) fail("livelock: the run does not end");
    if (known_state()) leave(Left::cut);
    if (now.budget) {
        int can[max_threads];
        u32 n = 0;
        can[n++] = now.current;
        for (int i = 0; i < now.nthreads; i++)
            if (i != now.current && enabled(now.threads[i])) can[n++] = i;
        if (const u32 k = branch(n)) {
            if (now.budget < all) now.budget--;
            t.stale = true;
            resume(can[k]);
        }
    }
    moved(t);
}

void step(const char* what, const void* at) {
    point();
    wrote();
    record(Kind::event, at, 0, 0, 0, false, nullptr, 0, what);
}
void look(const char* what, const void* at) {
    point();
    record(Kind::event, at, 0, 0, 0, false, nullptr, 0, what);
}
void note(const char* what) { record(Kind::note, nullptr, 0, 0, 0, false, nullptr, 0, what); }

void pause() {
    Thread& t = me();
    t.stale = true;
    // Going on at once twice in the same state of the others says nothing new, and would not end where each turn writes.
    const u64 others = now.epoch - t.own + 1;
    if (t.tried != others && branch(2)) {
        t.tried = others;
        moved(t);
        return;
    }
    t.pausing = true;
    t.seen = now.epoch;
    give_way();
    if (t.seen != now.epoch) t.forced = 0;
    t.pausing = false;
    moved(t);
}

void wait(bool (*ready)(void*), void* arg, const char* what, bool free_to_go) {
    point();
    Thread& t = me();
    quiet = true;
    const bool now_already = ready(arg);
    quiet = false;
    if (!now_already) {
        t.ready = ready;
        t.arg = arg;
        t.what = what;
        t.free_to_go = free_to_go;
        record(Kind::note, arg, 0, 0, 0, false, nullptr, 0, what);
        give_way();
        t.ready = nullptr;
        t.free_to_go = false;
        moved(t);
    }
}

void finish() {
    leave(Left::ended);
    __builtin_trap();
}

void panicked(const char* what) {
    if (!allowed_panic) fail("panic: %s", what);
    note("panics");
    me().panicked = me().ended = true;
    give_way();
    __builtin_trap();
}

}  // namespace model
