// SPDX-License-Identifier: BSD-3-Clause
// Semaphore and RWMutex over goroutines.h: never more units out than there are, none lost, first come, first served (so no writer starves),
// and whose time is up takes no unit along.
//
// for sched/sched.h: tests/model/goroutines.h
// for sync/lock.h: tests/model/blocking_lock.h
// source sched/semaphore.cpp
// with sched/timer.cpp
// with sched/waitlist.cpp
#include "sched/semaphore.h"
#include "tests/model/timers.h"

/* plant barges: who comes gets units past those who wait: a writer starves
sched/semaphore.cpp
-    while (!(v & waiting) && n <= capacity - v / unit)
-        if (word.cas(v, v + n * unit, Order::acquire)) return true;
+    while (n <= capacity - v / unit)
+        if (word.cas(v, v + n * unit, Order::acquire)) return true;
*/
/* plant small_first: who fits is served, though one waits in front
sched/semaphore.cpp
-    while (list.first && list.first->want <= capacity - v / unit) {
-        Waiter* w = list.take();
+    while (list.first && (list.first->want <= capacity - v / unit || list.last->want <= capacity - v / unit)) {
+        Waiter* w = list.first->want <= capacity - v / unit ? list.first : list.last;
+        list.remove(w);
+        w->granted = true;
*/
/* plant eats: one whose time is up says so, though units have been given to it
sched/semaphore.cpp
-        if (w.granted) return Waited::done;  // survives if false: it locks in vain
+        if (w.granted && w.ended == Waited::done) return Waited::done;
+        if (w.granted) return w.ended;
*/
/* plant no_serve: who queues does not look again: units that came back meanwhile are not given
sched/semaphore.cpp
-    G* others = serve(&w);
+    G* others = nullptr;
*/
/* plant leaves: one whose time is up does not serve those behind it
sched/semaphore.cpp
-        if (w.queued) list.remove(&w);
-        others = serve(nullptr);
+        if (w.queued) list.remove(&w);
+        others = nullptr;
*/
/* plant forgets: release gives units back without a look whether somebody waits
sched/semaphore.cpp
-        if (v & waiting) {  // survives if true: it locks in vain
+        if (v & waiting && n > 1) {
*/
/* plant off_by_one: one unit too many is given to those who wait
sched/semaphore.cpp
-    while (list.first && list.first->want <= capacity - v / unit) {
+    while (list.first && list.first->want <= capacity - v / unit + 1) {
*/

/* plant chain: those whom one serves that leaves at once are forgotten (found by stress, once)
sched/semaphore.cpp
-    if (!w.granted) {  // survives if true: they are made ready a little earlier
-        ready_all(others);  // seldom any: those that one whose time was up left to be served
-        others = nullptr;
-    }
     if (!w.granted && w.ended == Waited::done) {
*/

namespace trapeze {
namespace {

struct World {
    Semaphore s{2}, three{3};
    Atomic<u32> through;
    RWMutex rw;
    Cancel stop;
    u64 out;   // units
    int data;  // what a writer writes
    int got, ended;

    [[gnu::no_sanitize("thread")]] void take(u64 n, u64 all) {
        trapeze::got(true, false);
        overtaken([](u32) { return 2u; });  // each of the two others once: it had units when the wait began, or was in front
        out += n;
        got++;
        model::check(out <= all, "there are more units out than there are");
    }
    [[gnu::no_sanitize("thread")]] void give(u64 n) { out -= n; }
    [[gnu::no_sanitize("thread")]] void gave_up() {
        trapeze::got(false, false);
        ended++;
    }
    bool came(Waited how, Until until) {
        scribble();
        if (how == Waited::done) return true;
        model::check(how == Waited::timed_out ? until.deadline >= 0 : until.cancel && until.cancel->cancelled(), "a wait ended for no reason");
        gave_up();
        return false;
    }
    void turn(u64 n, Until until) {
        may_end(until.deadline >= 0 || until.cancel);
        if (!came(s.acquire_until(until, n), until)) return;
        take(n, 2);
        if (n == 2) data++;
        model::step("has it", &out);
        if (n == 2) data++;
        give(n);
        s.release(n);
    }
    void writes(Until until) {
        may_end(until.deadline >= 0 || until.cancel);
        if (!came(rw.lock_until(until), until)) return;
        take(8, 8);
        data++;
        model::step("writes", &data);
        data++;
        give(8);
        rw.unlock();
    }
    void reads(Until until) {
        may_end(until.deadline >= 0 || until.cancel);
        if (!came(rw.rlock_until(until), until)) return;
        take(1, 8);
        model::step("reads", &data);
        model::check(data % 2 == 0, "a reader sees what a writer has not finished");
        give(1);
        rw.runlock();
    }
};

World* world() {
    no_goroutines();
    World* w = model::fresh<World>("semaphore");
    model::name(&w->rw, "rwmutex");
    model::name(&w->stop, "stop");
    return w;
}

// Goroutines as `who` says, `times` times each: 1 or 2 units, r or w of the RWMutex; with ' behind it: timed, with ": cancelled.
void run(const char* who, int times) {
    World* w = world();
    bool timed = false, cancelled = false;
    int n = 0;
    for (const char* p = who; *p; p++) {
        const char kind = *p;
        Until until{};
        if (p[1] == '\'') until.deadline = 0, timed = true, p++;
        else if (p[1] == '"') until.cancel = &w->stop, cancelled = true, p++;
        n++;
        go([=] {
            for (int k = 0; k < times; k++) {
                if (kind == 'r') w->reads(until);
                else if (kind == 'w') w->writes(until);
                else w->turn(static_cast<u64>(kind - '0'), until);
            }
        });
    }
    if (cancelled) go([=] { w->stop.cancel(); });
    if (timed) clock();
    model::at_end([=] {
        model::check(w->out == 0 && w->s.held() == 0 && w->s.try_get(2) && w->rw.try_lock(), "units are lost at the end");
        model::check(w->got + w->ended == n * times, "somebody got nothing");
    });
}

// One has 1 of 3 until another has got one, in front of which one that wants all 3 gives up; a further one comes for `last`.
void behind(u64 last) {
    World* w = world();
    go([=] {
        w->three.acquire(1);
        while (!w->through.load(acquire)) cpu_pause();
        w->three.release(1);
    });
    go([=] {
        if (w->three.acquire_until(soon, 3) == Waited::done) w->three.release(3);
    });
    go([=] {
        w->three.acquire(1);
        w->through.store(1, release);
        w->three.release(1);
    });
    if (last)
        go([=] {
            w->three.acquire(last);
            w->three.release(last);
        });
    clock();
    model::at_end([=] { model::check(w->three.held() == 0 && w->three.try_get(3), "units are lost at the end"); });
}

// 1 of 2 is held for good. One that wants 2 gives up in front of one that wants 1; before it has served that one, another comes that wants 2
// and leaves at once, or waits.
void leaves_at_once(bool waits) {
    World* w = world();
    Cancel* over = model::fresh<Cancel>("over");
    over->done.preset(1);
    model::check(w->s.try_get(1), "a free Semaphore is not free");
    go([=] { w->turn(2, soon); });
    go([=] { w->turn(1, {}); });
    go([=] { w->turn(2, waits ? soon : Until{.cancel = over}); });
    clock();
    model::at_end([=] { model::check(w->s.held() == 1 && w->out == 0 && w->got == 1 && w->ended == 2, "units are lost at the end"); });
}

// 1 of 3 is held for good, one that wants 3 gives up in front of one that wants 1, another comes that wants 1: both get it.
void served_serves() {
    World* w = world();
    model::check(w->three.try_get(1), "a free Semaphore is not free");
    go([=] { model::check(w->three.acquire_until(soon, 3) == Waited::timed_out, "got more units than there are left"); });
    for (int i = 0; i < 2; i++) go([=] { w->three.acquire(1); });
    clock();
    model::at_end([=] { model::check(w->three.held() == 3, "units are lost at the end"); });
}

void tries() {
    World* w = world();
    for (int i = 0; i < 3; i++)
        go([=] {
            if (!w->s.try_acquire(i ? 1 : 2)) return;
            w->take(i ? 1 : 2, 2);
            if (!i) w->data++;
            w->give(i ? 1 : 2);
            w->s.release(i ? 1 : 2);
        });
    model::at_end([=] { model::check(w->s.held() == 0, "units are lost at the end"); });
}

void misuse() {
    model::allow_panic();
    World* w = world();
    int who[6];
    who[0] = go([=] { w->s.release(); });
    who[1] = go([=] { w->s.acquire(3); });
    who[2] = go([=] { w->rw.unlock(); });
    who[3] = go([=] { w->rw.runlock(); });
    World* of = model::fresh<World>("another");
    who[4] = go([=] {
        model::check(of->rw.try_lock(), "a free RWMutex is not free");
        of->rw.runlock();
    });
    who[5] = go([=] { model::check(!w->s.try_acquire(3), "got more units than there are"); });
    model::at_end([=] {
        for (int i = 0; i < 5; i++) model::check(model::did_panic(who[i]), "misuse did not panic");
    });
}

}  // namespace

const model::Scenario scenarios[] = {
    {"misuse", misuse, 0},
    {"3 that try for 2, 1, 1 of 2", tries, 2},
    {"2 and 1 of 2", [] { run("21", 1); }, 4},
    {"2 and 1 of 2, 2 timed", [] { run("2'1", 1); }, 3},
    {"2 and 1 of 2, 1 cancelled", [] { run("21\"", 1); }, 3},
    {"2, 2 and 1 of 2, 2 timed", [] { run("22'1", 1); }, 2},
    {"2, 1 and 1 of 2, 2 timed, 1 cancelled", [] { run("2'1\"1", 1); }, 1},
    {"behind one that gives up", [] { behind(0); }, 1},
    {"2, 1 and 1 of 2, 3 times", [] { run("211", 3); }, 1},
    {"one that leaves at once serves", [] { leaves_at_once(false); }, 1},
    {"one that waits serves", [] { leaves_at_once(true); }, 0},
    {"one that is served serves", served_serves, 0},
    {"a writer, 2 readers", [] { run("wrr", 1); }, 2},
    {"2 writers, a reader, a writer timed", [] { run("w'wr", 1); }, 2},
    {"a writer, 2 readers, 3 times", [] { run("wrr", 3); }, 1},
    {"a writer, a reader timed, 2 times", [] { run("wr'", 2); }, 2},
};

}  // namespace trapeze
