// SPDX-License-Identifier: BSD-3-Clause
// Fibers and choices: the loop that explores. What is explored, and why so, is in model.h.
#include <sys/time.h>

#include <csetjmp>
#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <set>
#include <string>
#include <vector>

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

Now now;
alignas(4096) unsigned char world[world_size];
Message messages[max_messages];
Step trace[max_steps];
Region regions[max_regions];
int nregions;
bool allowed_panic, quiet;
int mutant = -1;

namespace {

enum class Left { choice, ended, cut };

std::function<void()> bodies[max_threads];
std::function<void()> final_check;
bool tokens_may_be_left, running;
void* main_sp;
sigjmp_buf main_env;
Left left;
u32 wanted, result;       // a choice: among how many, and what was chosen
char failure[512];
std::set<std::string> outcomes;
volatile u64 progress;

// --- threads

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

void leave(Left how) {
    left = how;
    model_switch(&me().sp, main_sp);
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
    if (now.nstacks == max_stacks) std::abort();
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
    if (now.nthreads == max_threads) std::abort();
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

void wild(int signal) {
    if (!running) std::abort();
    std::snprintf(failure, sizeof failure, "wild access (%s)", signal == SIGSEGV ? "SIGSEGV" : signal == SIGBUS ? "SIGBUS" : "SIGILL");
    siglongjmp(main_env, 1);
}

void alarm(int) {
    static u64 before;
    static int same;
    same = before == progress ? same + 1 : 0;
    before = progress;
    if (!running || same < 3) return;
    same = 0;
    std::snprintf(failure, sizeof failure, "livelock: no end, and no atomic operation");
    siglongjmp(main_env, 1);
}

void initialise() {
    static bool done;
    if (done) return;
    done = true;
    make_room_for_states();
    static unsigned char signal_stack[64 << 10];
    stack_t alternate{};
    alternate.ss_sp = signal_stack;
    alternate.ss_size = sizeof signal_stack;
    sigaltstack(&alternate, nullptr);
    struct sigaction action{};
    action.sa_handler = wild;
    action.sa_flags = SA_ONSTACK | SA_NODEFER;
    for (int s : {SIGSEGV, SIGBUS, SIGILL}) sigaction(s, &action, nullptr);
    action.sa_handler = alarm;
    sigaction(SIGPROF, &action, nullptr);
    const itimerval every{{0, 200'000}, {0, 200'000}};
    setitimer(ITIMER_PROF, &every, nullptr);
}

// A check for what must hold when all threads have ended.
void finished() {
    now.current = -1;
    if (!tokens_may_be_left)
        for (int i = 0; i < now.nthreads; i++)
            if (now.threads[i].token) fail("a wake-up is left over");
    if (final_check) final_check();
}

}  // namespace

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
void at_end(std::function<void()> check) { final_check = std::move(check); }
void allow_panic() { allowed_panic = true; }
void allow_leftover_tokens() { tokens_may_be_left = true; }
void outcome(const char* what) { outcomes.insert(what); }
int self() { return now.current; }
bool did_panic(int n) { return now.threads[n].panicked; }

void* stack(usize* size) {
    *size = stack_size;
    now.switches = true;
    return world + new_stack() * stack_size;
}

u32 branch(u32 n) {
    if (n == 1) return 0;
    wanted = n;
    leave(Left::choice);
    now.choices++;
    return result;
}
u32 deviation(u32 n) {
    if (!now.budget) return 0;
    const u32 k = branch(n);
    if (k && now.budget < all) now.budget--;
    return k;
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

void fail(const char* format, ...) {
    va_list args;
    va_start(args, format);
    std::vsnprintf(failure, sizeof failure, format, args);
    va_end(args);
    siglongjmp(main_env, 1);
}

Outcome explore(const Scenario& s, int bound, const char* replay) {
    initialise();
    static Outcome out;
    out = {};
    now.nthreads = 0;
    now.current = -1;
    now.budget = bound;
    now.steps = now.choices = now.nmessages = now.nlocs = now.nstacks = now.nforeign = now.nchannels = now.ntrace = 0;
    now.switches = false;
    undo_down_to(0, now.nundo);
    now.nundo = 0;
    now.epoch = now.memory_hash = 0;
    now.arena_used = 0;
    now.sc = {};
    for (Location& l : now.locs) l.n = 0;
    final_check = nullptr;
    allowed_panic = tokens_may_be_left = false;
    nregions = 0;
    forget_names();
    forget_states();
    forget_snapshots();
    outcomes.clear();
    failure[0] = 0;
    running = true;
    quiet = false;
    const char* rest = replay;
    if (!sigsetjmp(main_env, 0)) {
        s.setup();
        now.current = 0;
        bool start = true;
        for (;;) {
            if (start) {
                start = false;
                left = Left::choice;
                wanted = static_cast<u32>(now.nthreads);
                result = 0;
            } else {
                model_switch(&main_sp, me().sp);
            }
            if (left == Left::choice && replay) {
                result = 0;
                char* end;
                if (*rest && std::strtoul(rest, &end, 10) == now.choices) {
                    result = static_cast<u32>(std::strtoul(end + 1, &end, 10));
                    rest = *end ? end + 1 : end;
                }
                if (result >= wanted) std::fprintf(stderr, "this schedule does not fit\n"), std::exit(2);
            } else if (left == Left::choice) {
                save(wanted);
                result = 0;
            } else {
                if (replay && left == Left::cut) continue;
                progress = progress + 1;
                if (left == Left::ended) {
                    out.executions++;
                    finished();
                } else {
                    out.cut++;
                }
                if (replay) break;
                while (!frames.empty() && frames.back().taken + 1 == frames.back().n) drop_snapshot();
                if (frames.empty()) break;
                restore();
                result = ++frames.back().taken;
            }
            if (now.choices == 0 && now.steps == 0) {  // the first choice: who begins
                now.choices = 1;
                now.current = static_cast<int>(result);
            }
        }
    }
    running = false;
    if (s.outcomes && !replay && !failure[0]) {
        std::string all_of_them;
        for (const std::string& o : outcomes) all_of_them += (all_of_them.empty() ? "" : " ") + o;
        if (all_of_them != s.outcomes) std::snprintf(failure, sizeof failure, "outcomes are %s, not %s", all_of_them.c_str(), s.outcomes);
    }
    out.steps = now.steps;
    if (failure[0]) {
        out.failed = true;
        std::strcpy(out.what, failure);
        char* p = out.schedule;
        if (replay) std::snprintf(p, sizeof out.schedule, "%s", replay);
        else
            for (const Frame& f : frames)
                if (f.taken && p < out.schedule + 480) p += std::sprintf(p, "%s%u.%u", p == out.schedule ? "" : "-", f.number, f.taken);
    }
    return out;
}

}  // namespace model
