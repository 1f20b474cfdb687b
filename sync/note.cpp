// SPDX-License-Identifier: BSD-3-Clause
// The note's algorithm, over the thread semaphores of port.h.
//
//   word       meaning                          changed by
//   0          clear, nobody sleeps             noteclear
//   1          woken                            notewakeup (xchg, acq_rel: publishes, and sees the sleepers' nodes)
//   pointer    clear; the latest sleeper's      notesleep pushes itself (cas, release)
//              Sleeper, linked to earlier ones
//
// notewakeup takes the whole list by its one xchg and wakes each sleeper in it, all of them, as the contract says; a
// sleeper that comes later finds 1 and does not sleep. A sleeper is woken exactly once, by whoever holds it off the list.
//
// A timed sleeper whose time is up has to leave the list. It takes the list off as a whole (xchg 0), keeps itself out and
// puts the others back one by one (put_back). If the word turned 1 meanwhile it wakes them instead: the waker has not seen
// them. If it does not find itself in what it took, either the waker has it (then a wake-up is certain to come: wait for
// it, and report the event) or another sleeper on its way out holds it, who will put it back or wake it: look again.
// That last loop is the only wait on another thread's progress, a few instructions long; it is never in notewakeup.
#include "sync/note.h"

#include "sync/port.h"
#include "sys/panic.h"

namespace trapeze {
namespace {

constexpr u64 woken = 1;

struct Sleeper {
    Sleeper* next;
    ThreadSema sema;
    Atomic<bool> awake;  // set by whoever wakes it, before the wake-up: tells one that timed out that it was not forgotten
};

void wake(Sleeper* s) {
    s->awake.store(true, relaxed);  // what it is to see comes with the semaphore's wake-up, which it consumes in any case
    semawakeup(s->sema);  // s stays until its thread has consumed this, also if it timed out in between
}

// False, without sleeping, if the note is woken already.
bool push(Note* n, Sleeper* s) {
    u64 v = n->word.load(acquire);  // with notewakeup's xchg, here and where the cas fails
    do {
        if (v == woken) return false;
        s->next = reinterpret_cast<Sleeper*>(v);
    } while (!n->word.cas(v, reinterpret_cast<u64>(s), acq_rel));  // release: s, with the xchg or withdraw's cas
    return true;
}

void put_back(Note* n, Sleeper* list) {
    while (list) {
        Sleeper* s = list;
        list = s->next;
        if (!push(n, s)) wake(s);
    }
}

// Takes `me` off the list. False if the wake-up came first: then semasleep has one to consume.
[[gnu::cold]] bool withdraw(Note* n, Sleeper* me) {
    for (;;) {
        if (me->awake.load(relaxed)) return false;
        u64 v = n->word.load(relaxed);
        if (v != woken && v != 0 && n->word.cas(v, 0, acquire)) {  // with the cas of those who pushed themselves
            Sleeper* others = nullptr;
            bool found = false;
            for (Sleeper* s = reinterpret_cast<Sleeper*>(v); s;) {
                Sleeper* next = s->next;
                if (s == me) found = true;
                else s->next = others, others = s;
                s = next;
            }
            put_back(n, others);
            if (found) return true;
        }
        cpu_pause();
    }
}

}  // namespace

void noteclear(Note* n) { n->word.store(0, relaxed); }

bool notetsleep(Note* n, i64 deadline) {
    const auto done = [&] { return n->word.load(acquire) == woken; };  // with notewakeup's xchg
    if (done() || spin_often(done)) return true;  // survives if false: push looks too, but then the semaphore was made for nothing
    Sleeper me{nullptr, semacreate(), false};
    if (!push(n, &me)) return true;
    if (semasleep(me.sema, deadline)) return true;
    if (withdraw(n, &me)) return false;
    (void)semasleep(me.sema, -1);
    return true;
}

void notesleep(Note* n) { (void)notetsleep(n, -1); }

void notewakeup(Note* n) {
    u64 v = n->word.xchg(woken, acq_rel);  // with the loads of those who find it woken, and the cas of those who queued
    if (v == woken)  // survives if false: only misuse comes here
        throw_("notewakeup of a Note that is woken already");
    for (Sleeper* s = reinterpret_cast<Sleeper*>(v); s;) {
        Sleeper* next = s->next;  // before the wake-up, after which s may be gone
        wake(s);
        s = next;
    }
}

}  // namespace trapeze
