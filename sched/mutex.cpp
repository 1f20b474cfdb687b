// SPDX-License-Identifier: BSD-3-Clause
// Mutex. The word:
//
//   bit 0   locked    some goroutine has it. Set by cas (acquire: with the release of the unlock before), cleared by unlock's cas or
//                     store (release)
//   bit 1   waiters   the list may not be empty. Set and cleared under list.lock only
//   bit 2   woken     one goroutine, W, was taken off the list and has not yet tried: no other is woken meanwhile. Set under
//                     list.lock by unlock; cleared by W alone
//   bit 3   handed    locked, for W: nobody else may take it, nor unlock it. Set by unlock when `passes` is reached
//   8 up    how often others got it while somebody was waiting in front
//
//   word                    lock                            unlock
//   0                       -> locked                       panic
//   locked                  spin; -> waiters, park          -> 0
//   locked waiters          spin; park                      take W: -> woken, or at the limit locked handed woken; ready(W)
//   locked woken            the same; W: waiters, park at   -> woken, one pass more; at the limit locked handed woken
//                           the front, woken cleared
//   woken                   -> locked woken (barges in)     panic
//                           W: -> locked, passes 0
//   locked handed woken     park; W: -> locked, passes 0    panic
//
// Why no wake-up is lost: a goroutine parks under list.lock after a cas that saw locked and left waiters set; the unlock after that
// fails its fast cas, and either takes a waiter under list.lock or leaves the duty to a W. W leaves only by getting the lock,
// whose unlock then looks; or by clearing woken in a cas that sees locked, so the holder's unlock looks.
// Rejected: handing over at every unlock (each costs a switch of goroutines, with a thousand of them each acquisition does); a
// starving time, as Go's: it cannot be counted, and a clock is read at every wait.
#include "sched/mutex.h"

#include "sys/panic.h"

namespace trapeze {

namespace {
constexpr u32 locked_ = 1, waiters = 2, woken = 4, handed = 8, pass = 256;
constexpr Wait mutex_lock{"mutex lock"};
}  // namespace

bool Mutex::try_lock() {
    u32 v = word.load(relaxed);
    while (!(v & locked_))
        if (word.cas(v, v | locked_, acquire)) return true;
    return false;
}

[[gnu::noinline]] Waited Mutex::lock_slow(Until until) {
    // The holder may be running on another P and about to leave; but who has others to run in the meantime lets them run.
    if (try_lock() || (sched.nprocs > 1 && getm()->p->runq.empty() && spin_seldom([&] { return try_lock(); }))) return Waited::done;
    Waiter w(&list, until);
    bool me_woken = false;  // this is W
    for (;;) {
        trapeze::lock(&list.lock);
        u32 v = word.load(relaxed);
        for (;;) {
            u32 next;
            const bool mine = !(v & locked_) || (me_woken && v & handed);
            const bool ends = w.ended != Waited::done;
            if (mine) next = me_woken ? locked_ | (v & waiters) : v | locked_;
            else next = (ends ? v : v | waiters) & (me_woken ? ~woken : ~0u);
            if (!word.cas(v, next, acquire)) continue;
            if (!mine && !ends) break;
            trapeze::unlock(&list.lock);
            return mine ? Waited::done : w.ended;
        }
        if (me_woken) list.put_front(&w);
        else list.put(&w);
        list.park(&w, mutex_lock, this);
        me_woken = w.granted;
    }
}

[[gnu::noinline]] void Mutex::unlock_slow(u32 v) {
    for (;;) {
        if (!(v & locked_)) panic("unlock of an unlocked Mutex");
        if (v & handed) panic("unlock of a Mutex that was handed over to another goroutine");
        const bool limit = v / pass >= passes;
        if (v & woken) {
            if (word.cas(v, limit ? v | handed : (v & ~locked_) + pass, release)) return;
            continue;
        }
        // The lock is held and nobody is on the way: all that can change the word now needs list.lock.
        trapeze::lock(&list.lock);
        Waiter* w = list.take();
        if (!w) {  // all have left. Letting it go is the last that is done to it: who gets it may free it
            word.store(locked_, relaxed);
            trapeze::unlock(&list.lock);
            v = locked_;
            if (word.cas(v, 0, release)) return;
            continue;
        }
        const u32 more = woken | (list.first ? waiters : 0);
        const u32 count = v & ~(pass - 1);
        word.store(limit ? more | count | locked_ | handed : more | (count + pass), release);  // w is to come yet: the Mutex stays
        G* g = w->g();
        trapeze::unlock(&list.lock);
        ready(g);
        return;
    }
}

}  // namespace trapeze
