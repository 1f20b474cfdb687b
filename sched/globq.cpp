// SPDX-License-Identifier: BSD-3-Clause
// The queue for all: a list under sched.lock, and the way into it, a full ring's half. A P takes a fair share at a time.
// runq_size is read without the lock by those who only want to know whether to look.
#include "sched/g.h"

namespace trapeze {

static void globrunqput(G* first, G* last, u32 n) {
    last->schedlink = nullptr;
    lock(&sched.lock);
    if (sched.runq_tail) sched.runq_tail->schedlink = first;
    else sched.runq_head = first;
    sched.runq_tail = last;
    sched.runq_size.xadd(n, relaxed);
    unlock(&sched.lock);
}

G* globrunqget_locked(P* p) {
    u32 size = sched.runq_size.load(relaxed);
    if (!size) return nullptr;
    u32 n = size / sched.nprocs + 1;
    if (n > size) n = size;
    if (n > RunQueue<G>::size / 2) n = RunQueue<G>::size / 2;
    G* g = sched.runq_head;
    G* rest = g->schedlink;
    u32 taken = 1;
    for (; taken < n && p->runq.put(rest); taken++) rest = rest->schedlink;  // put does not touch schedlink
    sched.runq_head = rest;
    if (!rest) sched.runq_tail = nullptr;
    sched.runq_size.xadd(0 - taken, relaxed);
    return g;
}

G* globrunqget(P* p) {
    if (!sched.runq_size.load(relaxed)) return nullptr;
    lock(&sched.lock);
    G* g = globrunqget_locked(p);
    unlock(&sched.lock);
    return g;
}

void runqput(P* p, G* g, bool next) {
    if (next && !(g = p->runq.put_next(g))) return;
    while (!p->runq.put(g)) {
        G* last;
        u32 n;
        if (G* first = p->runq.take_half(g, &last, &n)) return globrunqput(first, last, n);
    }
}

}  // namespace trapeze
