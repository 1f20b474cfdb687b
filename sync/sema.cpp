// SPDX-License-Identifier: BSD-3-Clause
// See sema.h. Everything is under the Sema's lock; who takes a waiter off the list owns its one wake-up. A waiter whose time is up looks
// under the lock whether it is still queued: if not, its unit is on the way, and it waits for that.
// The waker touches the Sema no more after its unlock, and the waiter no more after semawakeup.
#include "sync/sema.h"

#include "sync/port.h"
#include "sys/panic.h"
#include "sys/thread.h"

namespace trapeze {

struct SemaWaiter {
    SemaWaiter *next, *prev;
    ThreadSema sema;
    bool queued;
};

static void remove(Sema* s, SemaWaiter* w) {
    (w->prev ? w->prev->next : s->first) = w->next;
    (w->next ? w->next->prev : s->last) = w->prev;
    w->queued = false;
}

bool trysemadown(Sema* s) {
    lock(&s->lock);
    const bool had = s->count != 0;
    if (had) s->count--;
    unlock(&s->lock);
    return had;
}

bool tsemadown(Sema* s, i64 deadline) {
    lock(&s->lock);
    if (s->count) {
        s->count--;
        unlock(&s->lock);
        return true;
    }
    SemaWaiter me{nullptr, s->last, semacreate(), true};
    (s->last ? s->last->next : s->first) = &me;
    s->last = &me;
    unlock(&s->lock);
    if (semasleep(me.sema, deadline)) return true;
    // Not lock(): it sleeps on this thread's semaphore too, for which a wake-up may be under way from who took `me` off the list.
    while (!trylock(&s->lock)) thread_yield();
    const bool mine = !me.queued;
    if (!mine) remove(s, &me);
    unlock(&s->lock);
    if (mine) (void)semasleep(me.sema, -1);
    return mine;
}

void semadown(Sema* s) { (void)tsemadown(s, -1); }

void semaup(Sema* s, u64 n) {
    SemaWaiter* woken = nullptr;
    SemaWaiter** end = &woken;
    lock(&s->lock);
    for (; n && s->first; n--) {
        SemaWaiter* w = s->first;
        remove(s, w);
        *end = w;
        end = &w->next;
    }
    *end = nullptr;
    const bool over = __builtin_add_overflow(s->count, n, &s->count);
    unlock(&s->lock);
    if (over) throw_("semaup: the count overflows");  // survives if false: only misuse comes here
    while (woken) {
        SemaWaiter* w = woken;
        woken = w->next;  // before the wake-up, after which w may be gone
        semawakeup(w->sema);
    }
}

void thread_once(ThreadOnce* once, void (*f)(void*), void* arg) {
    u32 nobody = 0;
    if (!once->claimed.load(relaxed) && once->claimed.cas(nobody, 1, relaxed)) {
        f(arg);
        notewakeup(&once->done);  // its order, with notesleep's, publishes what f did
    } else {
        notesleep(&once->done);
    }
}

}  // namespace trapeze
