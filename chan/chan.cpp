// SPDX-License-Identifier: BSD-3-Clause
// Send, receive, close on one channel. Invariants and locks: hchan.h.
//
// The order that heritage 8 is about: a goroutine that has to wait becomes Gwaiting, then queues itself, then leaves its
// stack, and only then the channel's lock is released (gopark's commit): who takes it out of the queue holds that lock,
// so it never meets a goroutine that is not ready to be woken.
#include "chan/hchan.h"

#include <new>

#include "sync/mal.h"
#include "sys/panic.h"

namespace trapeze {

void WaitQueue::put(Sudog* s) {
    s->next = nullptr;
    s->prev = last;
    (last ? last->next : first) = s;
    last = s;
    s->queued = true;
}

void WaitQueue::remove(Sudog* s) {
    if (!s->queued) return;  // survives in chan if false: only a select removes
    (s->prev ? s->prev->next : first) = s->next;
    (s->next ? s->next->prev : last) = s->prev;
    s->queued = false;
}

Sudog* WaitQueue::take() {
    while (Sudog* s = first) {
        remove(s);
        u32 nobody = 0;
        // Another channel was faster. Relaxed: who wins is all it says; the rest comes with the channel's lock, and with ready.
        if (s->in_select && !s->g->selectdone.cas(nobody, 1, relaxed)) continue;  // survives in chan if false: nobody selects there
        s->g->param = s;
        return s;
    }
    return nullptr;
}

static usize chan_size(const Elem* elem, usize cap) { return sizeof(Hchan) + cap * elem->size; }

Hchan* makechan(const Elem* elem, usize cap) {
    if (cap > 0x7fffffff || cap * elem->size > 1 << 30) panic("make_chan: the buffer is larger than 1 GiB");
    Hchan* c = new (mal_raw(chan_size(elem, cap))) Hchan{};
    c->refs.store(1, relaxed);
    c->elem = elem;
    c->cap = static_cast<u32>(cap);
    c->buffer = reinterpret_cast<u8*>(c + 1);
    return c;
}

void chanref(Hchan* c) {
    if (c) c->refs.xadd(1, relaxed);
}

void chanunref(Hchan* c) {
    if (!c || c->refs.xadd(~0u, acq_rel) != 1) return;  // the last one: with all the others, who are done with it
    if (c->elem->destroy)
        for (; c->count; c->count--) {
            c->elem->destroy(c->buffer + c->recv_at * c->elem->size);
            if (++c->recv_at == c->cap) c->recv_at = 0;
        }
    mfree(c, chan_size(c->elem, c->cap));
}

static void unlock_commit(G*, void* arg) { unlock(static_cast<Lock*>(arg)); }

// Queues the caller and leaves its stack; the channel's lock is held, and released on the way. Returns when woken.
static bool wait_in(Hchan* c, WaitQueue* queue, Wait why, void* elem) {
    Sudog me{getg(), elem, nullptr, nullptr, false, false, false};
    const void* on = c;
    gowaiting(why, &on, 1);
    queue->put(&me);
    gopark(unlock_commit, &c->lock);
    return me.success;
}

[[noreturn]] static void wait_for_ever(Wait why) {
    gowaiting(why, nullptr, 0);
    gopark(nullptr, nullptr);
    throw_("a goroutine came back from a nil channel");
}

Chan chansend(Hchan* c, void* from, bool block) {
    if (!c) {
        if (!block) return Chan::blocked;
        wait_for_ever(Wait::chan_send_nil);
    }
    lock(&c->lock);
    if (!c->closed) {
        if (send_now(c, from, [c] { unlock(&c->lock); })) return Chan::done;
        if (block && wait_in(c, &c->senders, Wait::chan_send, from)) return Chan::done;
        if (!block) {
            unlock(&c->lock);
            return Chan::blocked;
        }
    } else {
        unlock(&c->lock);
    }
    panic("send on closed channel");
}

Chan chanrecv(Hchan* c, void* raw, bool block) {
    if (!c) {
        if (!block) return Chan::blocked;
        wait_for_ever(Wait::chan_recv_nil);
    }
    lock(&c->lock);
    Chan r = recv_now(c, raw, [c] { unlock(&c->lock); });
    if (r != Chan::blocked) return r;
    if (block) return wait_in(c, &c->receivers, Wait::chan_recv, raw) ? Chan::done : Chan::closed;
    unlock(&c->lock);
    return Chan::blocked;
}

void closechan(Hchan* c) {
    if (!c) panic("close of nil channel");
    lock(&c->lock);
    if (c->closed) {
        unlock(&c->lock);
        panic("close of closed channel");
    }
    c->closed = true;
    // All waiters, linked through their Gs: woken after the unlock, so that they do not run into the lock.
    G* woken = nullptr;
    for (WaitQueue* q : {&c->receivers, &c->senders})
        while (Sudog* s = q->take()) {
            s->success = false;
            s->g->schedlink = woken;
            woken = s->g;
        }
    unlock(&c->lock);
    while (woken) {
        G* g = woken;
        woken = g->schedlink;
        ready(g);
    }
}

u32 chanlen(Hchan* c) {
    if (!c) return 0;
    lock(&c->lock);
    u32 n = c->count;
    unlock(&c->lock);
    return n;
}

}  // namespace trapeze
