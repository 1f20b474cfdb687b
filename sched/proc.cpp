// SPDX-License-Identifier: BSD-3-Clause
// The scheduler: which G runs next on which M.
//
// An M that holds a P takes Gs from the P's queue, the global queue, the timers, and other Ps' queues. A G that parks
// switches straight to the next G of its P when there is one; only when the local queue is empty does its M go to its g0,
// which looks further and in the end sleeps. What must happen after a G has left its stack (unlock the channel, put it
// into a queue, free it) is its commit, which whatever runs next on that M executes first (landed).
//
// Wake-ups. The rule: as long as there is a G in some queue and an idle P, an M is spinning (looking for work), or one is
// being started. It is kept from two sides, each with a fence between its write and its read:
//   1. Who makes a G ready puts it into its queue (put_next's xchg, or the global lock), THEN looks: an idle P and nobody
//      spinning? then it starts an M, spinning.
//   2. An M that gives up its P, whether it has been spinning or not, has put it among the idle ones (seq_cst) and taken itself from
//      nspinning, THEN looks whether anybody spins (seq_cst), and if not once more through all queues (seq_cst); if it finds
//      something it takes an idle P and goes on.
//   3. Who stops counting as spinning for another reason, because it found a G or because there was no idle P to start an M with,
//      THEN does what 1 says: there may be more, and others relied on it.
// Whichever is second in the order of seq_cst operations sees the other's write (tests/model/sched.cpp). So whoever is the last
// to be taken from nspinning looks, after all who relied on that.
//
// Timers. While there are sleepers and an idle P, one idle M, the keeper, sleeps only until the earliest of them. Ms that
// run look at the clock at every 61st decision and whenever their queue is empty. An M that finds other work
// while the earliest sleeper is earlier than what the keeper waits for starts an M that will take over (mind_timers).
//
// Rejected: a queue for all under one lock (heritage 12); a thread for the timers (it costs a thread in every program);
// going through g0 at every switch, as Go does (two switches instead of one).
#include "sched/sched.h"
#include "sync/port.h"
#include "sys/panic.h"

namespace trapeze {

extern "C" void gosw(uptr* save, uptr to);

constinit Sched sched{};  // constinit: a constructor would run after schedinit, and undo it

[[gnu::cold]] static bool startm();

// --- idle Ps and Ms, sched.lock held --------------------------------------------------------------------------------

static P* pidleget() {
    P* p = sched.idle_ps;
    if (p) {
        sched.idle_ps = p->link;
        sched.nidle_ps.xadd(~0u, relaxed);  // sched.lock orders it with the others; who reads more than there are looks in vain
    }
    return p;
}

static void pidleput(P* p) {
    p->m = nullptr;
    p->link = sched.idle_ps;
    sched.idle_ps = p;
    sched.nidle_ps.xadd(1, seq_cst);  // rule 2: with the loads of wakep and mind_timers
}

static void drop_keeper(M* m) {
    // survives in schedule if false: who is woken in vain keeps the time again
    if (sched.keeper != m) return;
    sched.keeper = nullptr;
    // With mind_timers' load, as publish's store of next_timer with stopm's. survives as release: as there
    sched.keeper_until.store(never, seq_cst);
}

static void midleremove(M* m) {
    M** at = &sched.idle_ms;
    while (*at != m) at = &(*at)->link;
    *at = m->link;
    m->idle = false;
    sched.nidle_ms--;
    drop_keeper(m);
}

static void acquirep(M* m, P* p) {
    m->p = p;
    p->m = m;
    mal_attach(&p->mal);
}

// --- switching ------------------------------------------------------------------------------------------------------

void landed() {
    M* m = getm();
    Commit commit = m->commit;
    if (!commit) return;
    m->commit = nullptr;
    commit(m->parked, m->commit_arg);
}

static void run(M* m, G* g) {
    m->curg = g;
    g->m = m;
    g->status.store(Grunning, relaxed);
    tls()->g = g;
}

// Leaves the current G for `next`, or for the scheduler if that is null. Returns when the G runs again.
static void leave(M* m, G* next, Commit commit, void* arg) {
    G* g = m->curg;
    m->commit = commit;
    m->commit_arg = arg;
    m->parked = g;
    if (next) {
        run(m, next);
    } else {
        next = &m->g0;
        m->curg = nullptr;
        tls()->g = next;
    }
    gosw(&g->sp, next->sp);
    landed();
}

// The next G of the P's own queue, or null: then g0 looks further. Null now and then on purpose, for what lies elsewhere: then
// findrunnable, which finds the same tick, begins there.
static G* localnext(P* p) {
    // survives in schedule if true: the long way to the same
    if (++p->tick % 61 == 0 && (sched.runq_size.load(relaxed) || next_timer.load(relaxed) != never)) return nullptr;
    return p->runq.get();
}

void gowaiting(Wait reason, const void* const* on, u32 n) {
    G* g = getg();
    g->reason = reason;
    g->waits_on = on;
    g->nwaits = n;
    g->status.store(Gwaiting, relaxed);
}

void gopark(Commit commit, void* arg) {
    M* m = getm();
    // survives in schedule if false: only a broken runtime comes there
    if (!m->curg) throw_("gopark on the scheduler's own stack");
    leave(m, localnext(m->p), commit, arg);
}

void gosched() {
    M* m = getm();
    G* next = localnext(m->p);
    const bool elsewhere = sched.runq_size.load(relaxed) || (next_timer.load(relaxed) != never && nanotime() >= next_timer.load(relaxed));
    if (!next && !elsewhere && m->p->runq.empty()) return;  // survives in schedule if false: g0 finds it again
    getg()->status.store(Grunnable, relaxed);
    leave(m, next, [](G* g, void*) { runqput(getm()->p, g, false); }, nullptr);
}

void goexit() {
    M* m = getm();
    leave(m, localnext(m->p), [](G* g, void*) {
        g->status.store(Gdead, relaxed);
        gfree(g);
    }, nullptr);
    throw_("a dead goroutine was resumed");
}

// --- making ready ---------------------------------------------------------------------------------------------------

// Rule 1's second half.
static void wakep() {
    // With findrunnable's load of nspinning, and pidleput's addition. The cas only keeps two from starting an M each. In this order: after
    // a subtraction of rule 3 whoever gives its P up unseen here sees what that was to look for.
    while (sched.started && sched.nspinning.load(seq_cst) == 0 && sched.nidle_ps.load(seq_cst)) {
        u32 none = 0;
        // survives in schedule if true: planted in sched.cpp
        if (!sched.nspinning.cas(none, 1, relaxed) || startm()) return;
        sched.nspinning.xadd(~0u, relaxed);  // rule 3: the loads come after it
    }
}

void ready(G* g) {
    g->status.store(Grunnable, relaxed);
    runqput(getm()->p, g, true);
    wakep();
}

void newproc(G* g) { ready(g); }

void start_ms(bool predawn) {
    sched.started = !predawn;
    if (sched.started && !getm()->p->runq.empty()) wakep();  // survives in schedule if true: an M looks in vain
}

void mind_timers() {
    const i64 when = next_timer.load(relaxed);  // at least this thread's own, or what it has run
    // survives in schedule if false: wakep looks for an idle P as well
    if (when == never || !sched.nidle_ps.load(seq_cst)) return;  // with pidleput's addition, after which stopm looks at next_timer
    // With drop_keeper's store. survives as acquire: an old keeper's time is read only by one that stopm overtakes twice, beyond the bound
    // survives in schedule if false: an M is woken in vain
    if (when >= sched.keeper_until.load(seq_cst)) return;
    wakep();
}

void sleep_ns(i64 ns) {
    if (ns <= 0) return gosched();  // survives in schedule if false: it sleeps until now
    Timer t{0, getg(), nullptr, 0};
    if (__builtin_add_overflow(nanotime(), ns, &t.when)) t.when = never - 1;
    gowaiting(Wait::sleep, nullptr, 0);
    gopark([](G*, void* timer) {
        add_timer(static_cast<Timer*>(timer));
        // survives in schedule if true: an M is woken in vain
        if (getm()->curg) mind_timers();  // on g0 the scheduler decides: if it finds nothing to do it keeps the timers itself
    }, &t);
}

// --- looking for work, on g0 ----------------------------------------------------------------------------------------

static G* steal(M* m) {
    P* mine = m->p;
    for (int round = 0; round < 4; round++) {
        const u32 start = static_cast<u32>(fastrand() % sched.nprocs);
        for (u32 i = 0; i < sched.nprocs; i++) {
            P* p = &sched.allp[(start + i) % sched.nprocs];
            if (p == mine) continue;  // survives in schedule if false: it is empty
            if (G* g = p->runq.steal_into(mine->runq, round == 3)) return g;
        }
        // A goroutine in a next slot is about to run where it is: its P gets some time to do that.
        if (round == 2)  // survives in schedule if false: a courtesy
            for (int i = 0; i < 50; i++) cpu_pause();
    }
    return nullptr;
}

static bool work_anywhere() {
    // What others put there after this M's P went idle, under sched.lock, they put after that: they see the P, and wake.
    if (sched.runq_size.load(relaxed)) return true;
    for (u32 i = 0; i < sched.nprocs; i++)
        if (!sched.allp[i].runq.empty()) return true;
    return false;
}

// Sleeps until there is a P for this M, which it holds on return.
[[gnu::cold]] static void stopm(M* m) {
    lock(&sched.lock);
    m->idle = true;
    m->link = sched.idle_ms;
    sched.idle_ms = m;
    sched.nidle_ms++;
    for (;;) {
        const i64 when = next_timer.load(seq_cst);  // with publish's store, after which mind_timers looks for idle Ps and at the keeper
        i64 deadline = -1;
        if (when != never && when < sched.keeper_until.load(relaxed) && sched.nidle_ps.load(relaxed)) {
            sched.keeper = m;
            sched.keeper_until.store(when, relaxed);  // who reads an older one wakes an M in vain
            deadline = when;
        }
        if (when == never && sched.nidle_ms == sched.mcount) report_deadlock();
        unlock(&sched.lock);

        const bool woken = notetsleep(&m->park, deadline);
        if (!woken) {  // survives in schedule if true: no P is its own to take, and it sees that it is woken
            lock(&sched.lock);
            if (m->idle) {
                drop_keeper(m);
                P* p = pidleget();
                if (!p) continue;  // all Ps are busy, and look at the timers themselves. survives in schedule if false: planted in sched.cpp
                midleremove(m);
                unlock(&sched.lock);
                acquirep(m, p);
                return;
            }
            unlock(&sched.lock);
            notesleep(&m->park);  // somebody chose this M meanwhile: the wake-up is on its way
        }
        noteclear(&m->park);
        acquirep(m, m->nextp);
        return;
    }
}

static G* findrunnable(M* m) {
    for (;;) {
        P* p = m->p;
        if (next_timer.load(relaxed) != never) run_timers();  // survives in schedule if true: it looks in vain
        G* g = p->tick % 61 == 0 ? globrunqget(p) : nullptr;
        if (!g) g = p->runq.get();
        if (!g) g = globrunqget(p);  // survives in schedule if false: found below, under the lock
        if (g) return g;
        if (sched.nprocs > 1 && (m->spinning || 2 * sched.nspinning.load(relaxed) < sched.nprocs - sched.nidle_ps.load(relaxed))) {
            if (!m->spinning) {  // survives in schedule if false: nobody relies on who is not counted
                m->spinning = true;
                sched.nspinning.xadd(1, relaxed);  // that it is taken back is what others rely on
            }
            if ((g = steal(m))) return g;
        }

        lock(&sched.lock);
        if ((g = globrunqget_locked(p))) {
            unlock(&sched.lock);
            return g;
        }
        m->p = nullptr;
        mal_attach(nullptr);
        pidleput(p);
        unlock(&sched.lock);

        // survives in schedule if true: planted in sched.cpp
        if (m->spinning) {
            m->spinning = false;
            sched.nspinning.xadd(~0u, relaxed);  // rule 2: the loads come after it
        }
        // With wakep's load: who saw it count as spinning has queued before; and others' subtractions that this does not see look later.
        if (sched.nspinning.load(seq_cst) == 0 && work_anywhere()) {
            lock(&sched.lock);
            P* again = pidleget();
            unlock(&sched.lock);
            if (again) {
                acquirep(m, again);
                m->spinning = true;
                sched.nspinning.xadd(1, relaxed);
                continue;
            }
        }
        stopm(m);
    }
}

void schedule() {
    for (;;) {
        landed();
        M* m = getm();
        G* g = findrunnable(m);
        if (m->spinning) {  // rule 3
            m->spinning = false;
            sched.nspinning.xadd(~0u, relaxed);  // the loads come after it
            wakep();
        }
        mind_timers();
        run(m, g);
        gosw(&m->g0.sp, g->sp);
    }
}

// --- Ms -------------------------------------------------------------------------------------------------------------

[[gnu::cold]] static void mstart(void* arg) {
    M* m = static_cast<M*>(arg);
    Tls* t = tls();
    const Thread* thread = reinterpret_cast<Thread*>(t);  // a thread's block begins its Thread, which ends its stack
    m->g0.stack_high = reinterpret_cast<uptr>(t);
    m->g0.stack_low = reinterpret_cast<uptr>(thread->mapping) + 2 * page_size + signal_stack_size();
    m->procid = thread->procid;
    t->g = &m->g0;
    __atomic_signal_fence(__ATOMIC_RELEASE);  // a handler that finds m finds the rest
    t->m = m;
    acquirep(m, m->nextp);
    schedule();
}

// Gives an idle P to an M, a new one if none is idle, which the caller has counted as spinning. False: no P is idle any more.
static bool startm() {
    lock(&sched.lock);
    P* p = pidleget();
    if (!p) {  // survives in schedule if false: planted in sched.cpp
        unlock(&sched.lock);
        return false;
    }
    M* m = sched.idle_ms;
    if (m) midleremove(m);
    const u32 id = m ? 0 : sched.mcount++;
    unlock(&sched.lock);
    if (m) {
        m->nextp = p;
        m->spinning = true;
        notewakeup(&m->park);
        return true;
    }
    m = newm(id);
    m->nextp = p;
    m->spinning = true;
    Result error;
    m->thread = thread_create(mstart, m, &error);
    // survives in schedule if false: the end of the program
    if (!m->thread) die_errno("no OS thread for another M; GOMAXPROCS bounds how many are needed", error);
    return true;
}

u64 goid() { return getg()->id; }

i32 gomaxprocs() { return static_cast<i32>(sched.nprocs); }

u64 fastrand() {  // xorshift64*
    u64& x = getm()->random;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    return x * 0x2545f4914f6cdd1d;
}

}  // namespace trapeze
