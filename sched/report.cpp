// SPDX-License-Identifier: BSD-3-Clause
// What goroutines there are and what they wait for: for the deadlock report, panics and crashes. Allocates and locks
// nothing: it reads what others may be changing, which is as good as a report of a running program can be.
#include "sched/sched.h"
#include "sys/panic.h"

namespace trapeze {

static const char* status_name(G* g) {
    switch (g->status.load(relaxed)) {
    case Grunnable: return "runnable";
    case Grunning: return "running";
    case Gwaiting: return g->reason.text;
    default: return "dead";
    }
}

static const char* base_name(const char* path) {
    const char* name = path;
    for (; *path; path++)
        if (*path == '/') name = path + 1;
    return name;
}

[[gnu::cold]] static void print_g(G* g, void* arg) {
    const u32 status = g->status.load(relaxed);
    if (status == Gidle || status == Gdead) return;
    Out& out = *static_cast<Out*>(arg);
    out.line("goroutine ", g->id, " [", status_name(g));
    for (u32 i = 0; status == Gwaiting && i < g->nwaits; i++) out.line(i ? ", " : " on ", g->waits_on[i]);
    out.put("]\n");
    if (g->file) out.line("    created by goroutine ", g->creator, " at ", base_name(g->file), ":", g->line, "\n");
    else out.put("    the main goroutine, created by the runtime\n");
    out.flush();
}

[[gnu::cold, gnu::noinline]] static void print_all(Out& out) {
    print_g(main_goroutine(), &out);
    for_each_g(print_g, &out);
}

void describe(Out& out) {
    M* m = getm();
    G* g = getg();
    if (m && g) {
        if (g == &m->g0) out.line("on the scheduler's stack of M ", m->id, "\n");
        else out.line("in goroutine ", g->id, " on M ", m->id, ", thread ", m->procid, "\n");
    }
    out.put("\n");
    print_all(out);
}

void report_deadlock() {
    Out out(2);
    out.put("fatal error: all goroutines are asleep - deadlock!\n\n");
    print_all(out);
    out.flush();
    exit_process(2);
}

}  // namespace trapeze
