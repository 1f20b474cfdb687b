// SPDX-License-Identifier: BSD-3-Clause
// See waitlist.h.
#include "sched/waitlist.h"

namespace trapeze {

void WaitList::put(Waiter* w) {
    w->next = nullptr;
    w->prev = last;
    (last ? last->next : first) = w;
    last = w;
    w->queued = true;
    w->granted = false;
}

void WaitList::put_front(Waiter* w) {
    w->prev = nullptr;
    w->next = first;
    (first ? first->prev : last) = w;
    first = w;
    w->queued = true;
    w->granted = false;
}

void WaitList::remove(Waiter* w) {
    (w->prev ? w->prev->next : first) = w->next;
    (w->next ? w->next->prev : last) = w->prev;
    w->queued = false;
}

Waiter* WaitList::take() {
    Waiter* w = first;
    if (!w) return nullptr;
    remove(w);
    w->granted = true;
    return w;
}

void WaitList::park(Waiter*, Wait why, const void* on) {
    gowaiting(why, &on, 1);
    gopark([](G*, void* l) { unlock(static_cast<Lock*>(l)); }, &lock);
}

void ready_all(G* chain) {
    while (chain) {
        G* g = chain;
        chain = g->schedlink;
        ready(g);
    }
}

bool Waiter::end(Waited how) {
    lock(&list->lock);
    const bool was = queued;
    if (was) list->remove(this);
    if (ended == Waited::done) ended = how;
    unlock(&list->lock);
    return was;  // if not, the goroutine runs, or a waker has it: it may be gone as soon as the caller's lock is
}

Waiter::Waiter(WaitList* l, Until until, u64 units)
    : timer{until.deadline, getg(), [](Timer* t) { return reinterpret_cast<Waiter*>(t)->end(Waited::timed_out); }, 0}, list(l),
      cancel(until.cancel), want(units), queued(false), granted(false), ended(Waited::done) {
    static_assert(offsetof(Waiter, timer) == 0);
    if (Cancel* c = cancel) {
        lock(&c->lock);
        if (c->done.load(relaxed)) {
            ended = Waited::cancelled;
            cancel = nullptr;  // it is not in its list. Decided here: once the lock is released c may set `ended` itself
        } else {
            prev_cancelled = nullptr;
            next_cancelled = c->waiting;
            if (next_cancelled) next_cancelled->prev_cancelled = this;
            c->waiting = this;
        }
        unlock(&c->lock);
    }
    if (until.deadline >= 0) {
        add_timer(&timer);
        mind_timers();
    }
}

void Waiter::disarm() {
    if (cancel) {
        lock(&cancel->lock);
        (prev_cancelled ? prev_cancelled->next_cancelled : cancel->waiting) = next_cancelled;
        if (next_cancelled) next_cancelled->prev_cancelled = prev_cancelled;
        unlock(&cancel->lock);
        cancel = nullptr;
    }
    if (timer.when >= 0) del_timer(&timer);  // survives if true: it locks in vain
    timer.when = -1;
}

void Cancel::cancel() {
    G* chain = nullptr;
    trapeze::lock(&lock);
    done.store(1, release);  // with cancelled()'s load
    for (Waiter* w = waiting; w; w = w->next_cancelled)  // they take themselves out, for which they need the lock
        if (w->end(Waited::cancelled)) {
            w->g()->schedlink = chain;
            chain = w->g();
        }
    unlock(&lock);
    ready_all(chain);
}

Waited sleep_until(Until until) {
    WaitList nobody;
    Waiter w(&nobody, until);
    lock(&nobody.lock);
    if (w.ended == Waited::done) {
        nobody.put(&w);
        nobody.park(&w, Wait::sleep, &nobody);
    } else {
        unlock(&nobody.lock);
    }
    return w.ended;
}

}  // namespace trapeze
