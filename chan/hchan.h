// SPDX-License-Identifier: BSD-3-Clause
// The channel behind chan<T>: untyped, so that its code is in a program once, whatever is sent.
//
// Invariants (all under the channel's own lock):
//   - receivers wait only while the buffer is empty, senders only while it is full; so at most one of the two queues
//     holds waiters that may be served (a select may wait in both).
//   - count <= cap; cap = 0 is the rendezvous. closed never goes back to false.
//   - a Sudog lies on the stack of the goroutine that waits, which is parked as long as the Sudog is in a queue. Who takes
//     it out of the queue owns its wake-up, and calls ready exactly once.
// A value goes straight from the sender's variable to the receiver's, one move, done by whoever comes second, after the
// unlock; only buffered values are moved under the lock. So T's move must not use channels.
#pragma once
#include "sched/sched.h"

namespace trapeze {

struct Elem {
    usize size;
    void (*move)(void* raw, void* from);  // constructs *raw from *from, which stays a (moved-from) object
    void (*destroy)(void* object);        // null if there is nothing to do
};

struct Hchan;

struct Sudog {
    G* g;
    void* elem;       // to send: an object; to receive: raw memory
    Sudog* next;
    Sudog* prev;
    bool in_select;   // its goroutine waits in other queues too: selectdone decides who wakes it
    bool queued;
    bool success;     // false: woken by close
};

struct WaitQueue {
    Sudog* first;
    Sudog* last;

    void put(Sudog* s);
    void remove(Sudog* s);  // nothing if it is not there any more
    Sudog* take();          // the first that is still to be had, or null
};

struct Hchan {
    Lock lock;
    Atomic<u32> refs;
    bool closed;
    u32 count, cap;
    u32 send_at, recv_at;
    const Elem* elem;
    WaitQueue receivers, senders;
    u8* buffer;
};

enum class Chan { blocked, done, closed };

Hchan* makechan(const Elem* elem, usize cap);  // cap * size beyond 1 GiB: panic. Ends the program without memory.
void chanref(Hchan* c);
void chanunref(Hchan* c);
// A null channel blocks for ever. blocked is returned only if !block.
Chan chansend(Hchan* c, void* from, bool block);  // done or blocked; panics if closed
Chan chanrecv(Hchan* c, void* raw, bool block);   // closed: closed and drained, *raw is still raw
void closechan(Hchan* c);                         // panics if null or closed already
u32 chanlen(Hchan* c);

// The halves of send and recv that do not wait, for select too; the lock is held, and is not afterwards if something was
// done: `unlock` gives back all that the caller holds.
template <class Unlock>
bool send_now(Hchan* c, void* from, Unlock unlock_all) {
    if (Sudog* s = c->receivers.take()) {
        unlock_all();
        c->elem->move(s->elem, from);
        s->success = true;
        ready(s->g);
        return true;
    }
    if (c->count == c->cap) return false;
    c->elem->move(c->buffer + c->send_at * c->elem->size, from);
    if (++c->send_at == c->cap) c->send_at = 0;
    c->count++;
    unlock_all();
    return true;
}

template <class Unlock>
Chan recv_now(Hchan* c, void* raw, Unlock unlock_all) {
    Sudog* s = c->senders.take();
    if (s && c->cap == 0) {
        unlock_all();
        c->elem->move(raw, s->elem);
        s->success = true;
        ready(s->g);
        return Chan::done;
    }
    if (c->count) {
        u8* slot = c->buffer + c->recv_at * c->elem->size;
        c->elem->move(raw, slot);
        if (c->elem->destroy) c->elem->destroy(slot);
        if (++c->recv_at == c->cap) c->recv_at = 0;
        if (s) {  // the buffer was full: the sender's value goes to its end, which is the slot just emptied
            c->elem->move(slot, s->elem);
            c->send_at = c->recv_at;
            s->success = true;
        } else {
            c->count--;
        }
        unlock_all();
        if (s) ready(s->g);
        return Chan::done;
    }
    if (!c->closed) return Chan::blocked;
    unlock_all();
    return Chan::closed;
}

}  // namespace trapeze
