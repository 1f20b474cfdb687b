// SPDX-License-Identifier: BSD-3-Clause
// EVFILT_SIGNAL, and how EVFILT_MACHPORT is woken. A signal that comes to the process is counted by its number, in the host's handler, which may interrupt anything: so
// the counts and the list of eventfds to write to are atomic words, and no lock is taken. A knote holds the count that it has seen.
#include "tools/xnurun/kqueue.h"
#include "tools/xnurun/signal.h"

namespace trapeze {
namespace {

u32 seen[32];      // deliveries, by Darwin's number
u32 watched;       // sigbit
u32 ports_watched;
i32 wakes[64];     // eventfds plus 1; 0: free

void wake_all() {
    const u64 one = 1;
    for (const i32& slot : wakes)
        if (const i32 fd = __atomic_load_n(&slot, __ATOMIC_SEQ_CST)) host(lnx::SYS_write, fd - 1, &one, 8);
}

}  // namespace

u32 kqueue_signals_seen() {
    u32 sum = 0;
    for (const u32& count : seen) sum += __atomic_load_n(&count, __ATOMIC_SEQ_CST);
    return sum;
}

void kqueue_count_signals(Kqueue& kq) {
    if (!kqueue_any_signals()) return;
    for (Knote* n = kq.notes; n; n = n->next) {
        if (n->kev.filter == xnu::EVFILT_PROC && n->sfflags & xnu::NOTE_SIGNAL && n->kev.ident == static_cast<u64>(own_pid())) {
            const u32 sum = kqueue_signals_seen();
            if (sum == n->seen) continue;
            n->seen = sum;
            n->kev.fflags |= xnu::NOTE_SIGNAL;
            knote_activate(*n);
            continue;
        }
        if (n->kev.filter == xnu::EVFILT_MACHPORT && !n->active && port_event(*n)) knote_activate(*n);
        if (n->kev.filter != xnu::EVFILT_SIGNAL || n->kev.ident > 31) continue;  // of no number: never comes
        const u32 count = __atomic_load_n(&seen[n->kev.ident], __ATOMIC_SEQ_CST);
        if (count == n->seen) continue;
        n->kev.data += count - n->seen;
        n->seen = count;
        knote_activate(*n);
    }
}

bool kqueue_watches_signal(i32 darwin) { return __atomic_load_n(&watched, __ATOMIC_SEQ_CST) & sigbit(darwin); }

void kqueue_signal(i32 darwin) {
    if (!kqueue_watches_signal(darwin)) return;
    __atomic_fetch_add(&seen[darwin], 1, __ATOMIC_SEQ_CST);
    wake_all();
}

void kqueue_ports_changed() {
    if (__atomic_load_n(&ports_watched, __ATOMIC_SEQ_CST)) wake_all();
}

// False: too many kqueues do. A signal stays watched from the first knote on: that the host catches it changes nothing that
// the guest could see.
bool kqueue_watch_signal(Knote& n) {
    const i32 number = static_cast<i32>(n.kev.ident);
    n.seen = __atomic_load_n(&seen[number], __ATOMIC_SEQ_CST);
    __atomic_fetch_or(&watched, sigbit(number), __ATOMIC_SEQ_CST);
    return kqueue_wakes(*n.kq);
}

// SIGKILL and SIGSTOP are nobody's to see.
bool kqueue_watch_any_signal(Knote& n) {
    __atomic_fetch_or(&watched, ~0u & ~unmaskable, __ATOMIC_SEQ_CST);
    n.seen = kqueue_signals_seen();
    Locked hold(signal_lock);
    for (i32 number = 1; number < 32; number++)
        if (!(unmaskable & sigbit(number))) apply_host_action(number);
    return kqueue_wakes(*n.kq);
}

bool kqueue_wakes(Kqueue& kq) {
    i32* free_slot = nullptr;
    for (i32& slot : wakes) {
        if (slot == kq.wake + 1) return true;
        if (!slot && !free_slot) free_slot = &slot;
    }
    if (!free_slot) return false;
    __atomic_store_n(free_slot, kq.wake + 1, __ATOMIC_SEQ_CST);
    return true;
}

void kqueue_watch_ports() { __atomic_store_n(&ports_watched, 1, __ATOMIC_SEQ_CST); }
bool kqueue_any_signals() { return __atomic_load_n(&watched, __ATOMIC_RELAXED) || __atomic_load_n(&ports_watched, __ATOMIC_RELAXED); }

void kqueue_forget_signals(Kqueue* kq) {
    if (!kq) watched = ports_watched = 0;
    for (i32& slot : wakes)
        if (!kq || slot == kq->wake + 1) __atomic_store_n(&slot, 0, __ATOMIC_SEQ_CST);
}

}  // namespace trapeze
