// SPDX-License-Identifier: BSD-3-Clause
// Choices: the loop that explores. What is explored, and why so, is in model.h.
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

namespace model {

Now now;
alignas(4096) unsigned char world[world_size];
Message messages[max_messages];
Step trace[max_steps];
Region regions[max_regions];
int nregions;
bool allowed_panic, quiet;
Left left;
volatile u64 progress;
int mutant = -1;

namespace {

std::function<void()> final_check;
bool tokens_may_be_left, running;
sigjmp_buf main_env;
u32 wanted, result;       // a choice: among how many, and what was chosen
char failure[512];
std::set<std::string> outcomes;

void wild(int signal) {
    if (!running) std::abort();
    std::snprintf(failure, sizeof failure, "wild access (%s)", signal == SIGSEGV ? "SIGSEGV" : signal == SIGBUS ? "SIGBUS" : signal == SIGFPE ? "SIGFPE" : "SIGILL");
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

}  // namespace

void watch() {
    const itimerval every{{0, 200'000}, {0, 200'000}};
    setitimer(ITIMER_PROF, &every, nullptr);
}

namespace {

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
    for (int s : {SIGSEGV, SIGBUS, SIGILL, SIGFPE}) sigaction(s, &action, nullptr);
    action.sa_handler = alarm;
    sigaction(SIGPROF, &action, nullptr);
    watch();
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

void at_end(std::function<void()> check) { final_check = std::move(check); }
void allow_panic() { allowed_panic = true; }
void allow_leftover_tokens() { tokens_may_be_left = true; }
void outcome(const char* what) { outcomes.insert(what); }
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
                go_on();
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
    now.current = -1;
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
