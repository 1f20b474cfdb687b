// SPDX-License-Identifier: BSD-3-Clause
// Coroutines, choices and replay; what they mean is in explorer.h.
#include "explorer.h"

#include <csetjmp>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <cstdlib>
#include <memory>
#include <utility>
#include <vector>

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

constexpr int max_threads = 12;
constexpr std::size_t stack_size = 32 << 10;
constexpr int longest_spin = 64;
constexpr std::uint64_t longest_run = 20'000;

struct Thread {
    std::function<void()> body;
    void* sp;
    bool daemon, ended, panicked;
    bool pausing, forced, burst;  // forced: made to look again though nobody wrote
    int spun;
    std::uint64_t seen;           // the epoch at the pause
    std::uint64_t own, tried;     // its own part of the epoch; the others' part when its spin last ran out, plus 1
    bool (*ready)(void*);
    void* arg;
    const char* what;             // what it is about to do
    const void* at;
    std::uint64_t token;
};

struct Step {
    int thread;
    const char* what;
    const void* at;
};
struct Choice {
    std::uint32_t chosen, n;
};

Thread threads[max_threads];
alignas(64) unsigned char stacks[max_threads][stack_size];
alignas(64) unsigned char memory[64 << 10];
std::size_t memory_used;
int nthreads, current;
bool starting, allowed;
void* main_sp;
sigjmp_buf main_env;
std::uint64_t epoch, steps;
int budget;
std::vector<Choice> choices;
std::size_t next_choice;
std::vector<Step> trace;
std::string failure;
std::function<void()> final_check;

bool enabled(const Thread& t) {
    if (t.ended) return false;
    if (t.pausing) return t.seen != epoch;
    return !t.ready || t.ready(t.arg);
}

void resume(int n) {
    if (n == current) return;
    void** save = &threads[current].sp;
    current = n;
    model_switch(save, threads[n].sp);
}

[[noreturn]] void leave_run() {
    void* gone;
    model_switch(&gone, main_sp);
    __builtin_unreachable();
}

// The current thread cannot or need not go on.
void give_way() {
    if (starting) {  // so far only up to each thread's first point
        void** save = &threads[current].sp;
        model_switch(save, main_sp);
        return;
    }
    int can[max_threads];
    std::uint32_t n = 0;
    for (int i = 0; i < nthreads; i++)
        if (enabled(threads[i])) can[n++] = i;
    if (n) return resume(can[choose(n)]);
    bool spinning = false, left = false;
    for (int i = 0; i < nthreads; i++) {
        Thread& t = threads[i];
        if (!t.ended && !t.daemon) left = true;
        if (t.ended || !t.pausing) continue;
        spinning = true;
        if (t.forced) continue;
        t.forced = t.burst = true;
        t.pausing = false;
        t.spun = 0;
        return resume(i);
    }
    if (!left) leave_run();
    fail(spinning ? "livelock: only spinning threads are left" : "deadlock");
}

void entry() {
    threads[current].body();
    threads[current].ended = true;
    give_way();
    __builtin_trap();
}

void prepare(int n) {
    std::memset(stacks[n] + stack_size - 512, 0, 512);
    void** top = reinterpret_cast<void**>(stacks[n] + stack_size - 64);
    *--top = nullptr;
    *--top = reinterpret_cast<void*>(entry);
    top -= 6;
    threads[n].sp = top;
}

void wild(int signal) {
    failure = signal == SIGSEGV ? "wild access (SIGSEGV)" : "wild access (SIGBUS)";
    siglongjmp(main_env, 1);
}

void run(const std::function<void()>& setup) {
    nthreads = 0;
    memory_used = 0;
    epoch = steps = 0;
    next_choice = 0;
    trace.clear();
    final_check = nullptr;
    allowed = false;
    setup();
    starting = true;
    for (int i = 0; i < nthreads; i++) {
        current = i;
        prepare(i);
        model_switch(&main_sp, threads[i].sp);
        if (!failure.empty()) return;
    }
    starting = false;
    int can[max_threads];
    std::uint32_t n = 0;
    for (int i = 0; i < nthreads; i++)
        if (enabled(threads[i])) can[n++] = i;
    current = n ? can[choose(n)] : 0;
    if (n) model_switch(&main_sp, threads[current].sp);
    if (!failure.empty()) return;
    for (int i = 0; i < nthreads && failure.empty(); i++)
        if (threads[i].token) failure = "a wake-up is left over";
    if (failure.empty() && final_check) {
        // fail() leaves through main_sp: the check runs as one more coroutine.
        current = nthreads;
        threads[current] = Thread{};
        threads[current].body = [] { final_check(); leave_run(); };
        prepare(current);
        model_switch(&main_sp, threads[current].sp);
    }
}

std::string schedule() {
    std::string s = failure + "\n";
    char line[160];
    for (const Step& t : trace) {
        std::snprintf(line, sizeof line, "  thread %d: %s %p\n", t.thread, t.what, t.at);
        s += line;
    }
    for (int i = 0; i < nthreads; i++)
        if (!threads[i].ended) {
            std::snprintf(line, sizeof line, "  thread %d is at: %s%s\n", i, threads[i].what ? threads[i].what : "-", threads[i].pausing ? ", spinning" : "");
            s += line;
        }
    return s;
}

}  // namespace

int thread(std::function<void()> body, bool daemon) {
    threads[nthreads] = Thread{};
    threads[nthreads].body = std::move(body);
    threads[nthreads].daemon = daemon;
    return nthreads++;
}
void at_end(std::function<void()> check) { final_check = std::move(check); }
void allow_panic() { allowed = true; }
int self() { return current; }
void wrote() {
    epoch++;
    threads[current].own++;
}
bool did_panic(int thread) { return threads[thread].panicked; }

std::uint32_t choose(std::uint32_t n) {
    if (n == 1) return 0;
    if (next_choice == choices.size()) choices.push_back({0, n});
    if (choices[next_choice].n != n) {
        std::fprintf(stderr, "model: a run is not the same when replayed; scenarios must reset all their state\n");
        std::abort();
    }
    return choices[next_choice++].chosen;
}

void point(const char* what, bool writes, const void* at) {
    if (nthreads <= current) return;  // the final check
    Thread& me = threads[current];
    me.what = what;
    me.at = at;
    if (starting) give_way();
    else if (!(me.burst && !writes)) {
        me.burst = me.forced = false;
        int can[max_threads];
        std::uint32_t n = 0;
        can[n++] = current;
        if (budget)
            for (int i = 0; i < nthreads; i++)
                if (i != current && enabled(threads[i])) can[n++] = i;
        if (std::uint32_t chosen = choose(n)) {
            budget--;
            resume(can[chosen]);
        }
    }
    trace.push_back({current, what, at});
    if (++steps > longest_run) fail("livelock: the run does not end");
}

void pause() {
    Thread& me = threads[current];
    if (me.burst && ++me.spun < longest_spin) return;
    // Running out twice on the same state of the others says nothing new, and would go on for ever where each turn writes.
    const std::uint64_t others = epoch - me.own + 1;
    if (!me.burst && me.tried != others && choose(2)) {
        me.burst = true;
        me.tried = others;
        me.spun = 0;
        return;
    }
    me.burst = false;
    me.pausing = true;
    me.seen = epoch;
    give_way();
    if (me.pausing) me.forced = false;
    me.pausing = false;
}

void wait(bool (*ready)(void*), void* arg, const char* what) {
    Thread& me = threads[current];
    me.burst = me.forced = false;
    if (!starting && ready(arg)) return;
    me.what = what;
    me.at = arg;
    me.ready = ready;
    me.arg = arg;
    give_way();
    me.ready = nullptr;
    trace.push_back({current, what, arg});
}

void fail(const std::string& what) {
    failure = what;
    leave_run();
}

void panicked(const char* what) {
    if (!allowed) fail(std::string("panic: ") + what);
    threads[current].panicked = threads[current].ended = true;
    give_way();
    __builtin_trap();
}

void* arena(std::size_t n) {
    void* p = memory + memory_used;
    memory_used += (n + 63) & ~std::size_t{63};
    if (memory_used > sizeof memory) std::abort();
    std::memset(p, 0, n);
    return p;
}

std::uint64_t* token() { return &threads[current].token; }

bool sleep_on_token(std::uint64_t* t, bool timed) {
    if (timed) {  // may always go on; without a token, time is up
        threads[current].burst = false;
        threads[current].what = "semasleep until a time";
        if (!*t) give_way();
        trace.push_back({current, *t ? "semasleep: woken" : "semasleep: timed out", t});
    } else {
        wait([](void* a) { return *static_cast<std::uint64_t*>(a) != 0; }, t, "semasleep");
    }
    return std::exchange(*t, 0);
}

void give_token(std::uint64_t* t) {
    point("semawakeup", true, t);
    if (*t) fail("a semaphore was woken twice for one sleep");
    *t = 1;
    wrote();
}

Outcome explore(Options options, const std::function<void()>& setup) {
    static std::unique_ptr<unsigned char[]> signal_stack(new unsigned char[64 << 10]);
    stack_t alternate{}, before{};
    alternate.ss_sp = signal_stack.get();
    alternate.ss_size = 64 << 10;
    sigaltstack(&alternate, &before);
    struct sigaction action{}, old_segv, old_bus;
    action.sa_handler = wild;
    action.sa_flags = SA_ONSTACK | SA_NODEFER;
    sigaction(SIGSEGV, &action, &old_segv);
    sigaction(SIGBUS, &action, &old_bus);
    static Outcome out;  // static: must survive siglongjmp
    out = {};
    choices.clear();
    for (;;) {
        failure.clear();
        budget = options.preemptions;
        if (!sigsetjmp(main_env, 0)) run(setup);
        out.runs++;
        if (!failure.empty()) {
            out.failed = true;
            out.what = schedule();
            break;
        }
        while (!choices.empty() && choices.back().chosen + 1 == choices.back().n) choices.pop_back();
        if (choices.empty()) break;
        choices.back().chosen++;
        if (out.runs >= options.limit) {
            out.complete = false;
            break;
        }
    }
    sigaction(SIGSEGV, &old_segv, nullptr);
    sigaction(SIGBUS, &old_bus, nullptr);
    sigaltstack(&before, nullptr);
    return out;
}

}  // namespace model
