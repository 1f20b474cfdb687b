// SPDX-License-Identifier: BSD-3-Clause
// Fibers, choices, snapshots and the table of states that were seen. What is explored, and why so, is in model.h.
#include <sys/mman.h>
#include <sys/time.h>

#include <csetjmp>
#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
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

void undo_down_to(u32 mark, u32 from);

Now now;
alignas(4096) unsigned char world[world_size];
Message messages[max_messages];
Step trace[max_steps];
Region regions[max_regions];
int nregions;
bool allowed_panic, quiet;
int mutant = -1;

namespace {

constexpr usize extra_copied = 3 << 10;  // of a stack that no waiting thread is on
enum class Left { choice, ended, cut };

std::function<void()> bodies[max_threads];
std::function<void()> final_check;
bool tokens_may_be_left, running;
void* main_sp;
sigjmp_buf main_env;
Left left;
u32 wanted, result;       // a choice: among how many, and what was chosen
char failure[512];
volatile u64 progress;

// --- states seen: 56 bits of hash and 8 of budget, in 16 MiB

constexpr u32 seen_size = 1 << 21;
u64* seen;
u64 seen_used, seed;

bool known_state() {
    Thread& t = me();
    if (t.stale) {
        t.stale = false;
        u64 h = mix(t.observed, t.token * 64 + t.ended * 16 + t.panicked * 8 + (t.ready != nullptr) * 4 + t.forced);
        h = mix(h, hash_words(&t.cur, sizeof t.cur));
        h = mix(h, hash_words(&t.acq, sizeof t.acq));
        t.hash = mix(h, hash_words(&t.rel, sizeof t.rel));
        if (t.token) t.hash = mix(t.hash, hash_words(&t.token_view, sizeof t.token_view));
    }
    u64 h = mix(seed, static_cast<u64>(now.current));
    for (int i = 0; i < now.nthreads; i++) {
        const Thread& o = now.threads[i];
        h = mix(h, o.hash);
        if (o.pausing) h = mix(h, (o.seen == now.epoch) + 7);
        h = mix(h, (o.tried == now.epoch - o.own + 1) * 2 + o.token);
    }
    h = mix(h, now.memory_hash);
    h = mix(h, hash_words(&now.sc, sizeof now.sc));
    h = mix(h, hash_words(world + max_stacks * stack_size, (now.arena_used + 7) & ~usize{7}));
    for (int i = 0; i < nregions; i++) h = mix(h, hash_words(regions[i].at, regions[i].n & ~usize{7}));
    for (u32 i = 0; i < now.nforeign; i++) {
        u64 v = 0;
        std::memcpy(&v, now.foreign[i], now.foreign_size[i] < 8 ? now.foreign_size[i] : 8);
        h = mix(h, v + reinterpret_cast<u64>(now.foreign[i]));
    }
    const u64 key = h & ~u64{0xff};
    const u64 left_over = static_cast<u64>(now.budget) + 1;
    for (u32 i = 0;; i++) {
        u64& slot = seen[((h >> 20 ^ h >> 43) + i) & (seen_size - 1)];
        if (slot && (slot & ~u64{0xff}) == key) {
            if ((slot & 0xff) >= left_over) return true;
            slot = key | left_over;
            return false;
        }
        if (!slot || i == 32) {
            seen_used += !slot;
            slot = key | left_over;
            return false;
        }
    }
}

void forget_states() {
    seed = mix(seed, 0x5eed);
    if (seen_used < seen_size / 2) return;  // old ones do no harm: their seed was another
    std::memset(seen, 0, seen_size * sizeof(u64));
    seen_used = 0;
}

// --- snapshots

struct Frame {
    usize size;
    u32 n, taken, number;
};
unsigned char* shots;     // frames, one behind the other
constexpr usize shots_size = usize{1} << 31;
usize shots_used;
std::vector<Frame> frames;
std::set<std::string> outcomes;

template <class F>
void each_part(F part) {
    part(&now, offsetof(Now, foreign_size));
    part(now.foreign_size, now.nforeign * sizeof now.foreign_size[0]);
    part(now.foreign, now.nforeign * sizeof now.foreign[0]);
    part(now.threads, static_cast<usize>(now.nthreads) * sizeof(Thread));
    for (u32 i = 0; i < now.nlocs; i++) {
        part(&now.locs[i], offsetof(Location, order));
        part(now.locs[i].order, now.locs[i].n * sizeof(u16));
    }
    part(world + max_stacks * stack_size, now.arena_used);
    for (int i = 0; i < nregions; i++) part(regions[i].at, regions[i].n);
    for (u32 s = 0; s < now.nstacks; s++) {
        unsigned char* top = world + (s + 1) * stack_size;
        unsigned char* low = top - 64;
        bool own = false;
        for (int i = 0; i < now.nthreads; i++) {
            const Thread& t = now.threads[i];
            if (t.stack == s) own = true;
            u32 on;
            if (!t.ended && stack_of(t.sp, &on) && on == s && t.sp < low) low = static_cast<unsigned char*>(t.sp);
        }
        if (!own || now.switches) low = low < top - extra_copied ? low : top - extra_copied;  // switched stacks: nobody's sp tells
        part(low, static_cast<usize>(top - low));
    }
}

void save(u32 n) {
    unsigned char* at = shots + shots_used;
    each_part([&](void* p, usize size) {
        std::memcpy(at, p, size);
        at += size;
    });
    const usize size = static_cast<usize>(at - shots) - shots_used;
    frames.push_back({size, n, 0, now.choices});
    shots_used += size;
    if (shots_used + (1 << 20) > shots_size) std::abort();
}

void restore() {
    const u32 undone_from = now.nundo;
    const unsigned char* at = shots + shots_used - frames.back().size;
    // Lengths first: they say what else there is.
    each_part([&](void* p, usize size) {
        std::memcpy(p, at, size);
        at += size;
    });
    undo_down_to(now.nundo, undone_from);
}

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
    if (seen) return;
    seen = static_cast<u64*>(mmap(nullptr, seen_size * sizeof(u64), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    shots = static_cast<unsigned char*>(mmap(nullptr, shots_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
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

u64 hash_words(const void* at, usize bytes) {
    const unsigned char* p = static_cast<const unsigned char*>(at);
    u64 a = bytes, b = 0x1234567, v;
    usize i = 0;
    for (; i + 16 <= bytes; i += 16) {
        std::memcpy(&v, p + i, 8);
        a = mix(a, v);
        std::memcpy(&v, p + i + 8, 8);
        b = mix(b, v);
    }
    if (i < bytes) {
        v = 0;
        std::memcpy(&v, p + i, bytes - i < 8 ? bytes - i : 8);
        a = mix(a, v);
    }
    return mix(a, b);
}

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

void region(void* at, usize n, const char* what) {
    if (nregions == max_regions) std::abort();
    static std::map<void*, std::vector<unsigned char>> originals;
    unsigned char* p = static_cast<unsigned char*>(at);
    auto [was, first] = originals.try_emplace(at, p, p + n);
    std::memcpy(at, was->second.data(), n);
    u32 from = static_cast<u32>(world_size);
    for (int i = 0; i < nregions; i++) from += static_cast<u32>(regions[i].n);
    if (from + n > cells_size) std::abort();
    regions[nregions++] = {p, n, from};
    name(at, what);
}

void* arena(usize n, const char* what) {
    unsigned char* p = world + max_stacks * stack_size + now.arena_used;
    now.arena_used += (n + 63) & ~usize{63};
    if (now.arena_used > arena_size) std::abort();
    std::memset(p, 0, (n + 63) & ~usize{63});
    if (*what) name(p, what);
    return p;
}

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

// --- a thread's semaphore

u64* token() { return &me().token; }

static Thread& owner(u64* t) { return *reinterpret_cast<Thread*>(reinterpret_cast<char*>(t) - offsetof(Thread, token)); }

bool sleep_on_token(u64* t, bool timed) {
    wait([](void* a) { return *static_cast<u64*>(a) != 0; }, t, timed ? "sleeps until a time" : "sleeps", timed);
    Thread& o = owner(t);
    o.stale = true;
    o.observed = mix(o.observed, *t);
    note(*t ? "is woken" : "times out");
    if (!*t) return false;
    o.cur.join(o.token_view);
    *t = 0;
    return true;
}

void give_token(u64* t) {
    point();
    Thread& o = owner(t);
    record(Kind::event, nullptr, 0, static_cast<u64>(&o - now.threads), 0, false, nullptr, 0, "wakes the semaphore of");
    if (*t) fail("a semaphore is woken twice for one sleep");
    *t = 1;
    o.token_view = me().cur;
    me().cur.clock[now.current]++;
    me().stale = true;
    o.hash = mix(o.hash, hash_words(&o.token_view, sizeof o.token_view));
    wrote();
}

// --- channels of happens-before

static View& channel(const void* key) {
    for (u32 i = 0; i < now.nchannels; i++)
        if (now.channels[i].key == key) return now.channels[i].view;
    if (now.nchannels == max_channels) fail("the model has no room for more channels");
    now.channels[now.nchannels] = {key, {}};
    return now.channels[now.nchannels++].view;
}
void publish(const void* key) {
    View& v = channel(key);
    now.memory_hash -= hash_words(&v, sizeof v);
    v.join(me().cur);
    now.memory_hash += hash_words(&v, sizeof v);
    me().cur.clock[now.current]++;
    me().stale = true;
}
void observe(const void* key) {
    me().cur.join(channel(key));
    me().stale = true;
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
    frames.clear();
    outcomes.clear();
    shots_used = 0;
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
                while (!frames.empty() && frames.back().taken + 1 == frames.back().n) {
                    shots_used -= frames.back().size;
                    frames.pop_back();
                }
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
