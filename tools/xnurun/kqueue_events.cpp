// SPDX-License-Identifier: BSD-3-Clause
// From the host's edges to the guest's events: see kqueue.h. All of it runs under kqueue_lock.
#include "tools/xnurun/kqueue.h"

namespace trapeze {

namespace {

void edge(Kqueue& kq, u64 fd, i16 filter) {
    for (Knote* n = kq.notes; n; n = n->next)
        if (n->kev.ident == fd && n->kev.filter == filter && filter_event(*n)) knote_activate(*n);
}

}  // namespace

void kqueue_harvest(Kqueue& kq) {
    EpollEvent events[64];
    for (;;) {
        const i64 count = host(lnx::SYS_epoll_wait, kq.epoll, events, 64, 0);
        bool more = false;
        for (i64 i = 0; i < count; i++) {
            const u64 data = events[i].data;
            switch (data & tag_mask) {
            case 0: edge(kq, data, xnu::EVFILT_READ); more = true; break;
            case tag_timer: {
                u64 expired;
                host(lnx::SYS_read, kq.timer, &expired, 8);
                filter_timer(kq, monotonic_ns());
                break;
            }
            case tag_write: {
                EpollEvent writes[64];
                i64 n;
                while ((n = host(lnx::SYS_epoll_wait, kq.write, writes, 64, 0)) > 0)
                    for (i64 k = 0; k < n; k++) edge(kq, writes[k].data, xnu::EVFILT_WRITE);
                break;
            }
            case tag_other: {
                EpollEvent others[64];
                i64 n;
                while ((n = host(lnx::SYS_epoll_wait, kq.other, others, 64, 0)) > 0)
                    for (i64 k = 0; k < n; k++) edge(kq, others[k].data, evfilt_sock), edge(kq, others[k].data, evfilt_except);
                break;
            }
            case tag_inotify: filter_files(kq); break;
            case tag_process: process_edge(kq, data & ~tag_mask); break;
            default: break;
            }
        }
        if (count < 64 || !more) break;
    }
    kqueue_count_signals(kq);
}

void kqueue_settle(Kqueue& kq) {
    const u64 one = 1;
    u64 was;
    if (kq.queued && !kq.wake_set) {
        host(lnx::SYS_write, kq.wake, &one, 8);
        kq.wake_set = true;
    } else if (!kq.queued) {
        // A signal may have written meanwhile: what it counted is looked at after the word is emptied.
        if (kq.wake_set || kqueue_any_signals()) host(lnx::SYS_read, kq.wake, &was, 8);
        kq.wake_set = false;
        kqueue_count_signals(kq);
        if (kq.queued) kqueue_settle(kq);
    }
}

bool kqueue_deliver(Kqueue& kq, xnu::kevent64_s& out) {
    Knote& n = *kq.first;
    knote_dequeue(n);
    const bool touches = filter_touches(n);
    const bool oneshot = n.kev.flags & xnu::EV_ONESHOT;
    if (!oneshot) {
        n.active = false;
        if (!filter_event(n)) return false;
        n.active = true;
    }
    out = n.kev;
    if (n.kev.filter == xnu::EVFILT_MACHPORT) {
        port_deliver(n, out);
    } else if (n.kev.filter == xnu::EVFILT_USER) {
        out.fflags = n.sfflags;
        out.data = n.sdata;
        if (n.kev.flags & xnu::EV_CLEAR) n.triggered = false;
    } else if (n.kev.filter == evfilt_sock) {
        sock_delivered(n);
    } else if (touches) {  // a timer: its count starts again
        out.ext[0] = 0;
        n.kev.data = 0;
    }
    if (n.kev.flags & xnu::EV_ONESHOT) {  // the filter may have said so just now
        n.active = false;
        if ((n.kev.flags & (dispatch2 | xnu::EV_DELETE)) == dispatch2) n.disabled = n.deferred = true;
        else knote_drop(n);
    } else if (n.kev.flags & (xnu::EV_CLEAR | xnu::EV_DISPATCH)) {
        n.active = false;
        if (n.kev.flags & xnu::EV_DISPATCH) n.disabled = true;
        if (!touches && n.kev.flags & xnu::EV_CLEAR) {
            n.kev.data = 0;
            n.kev.fflags = 0;
        }
    } else {
        knote_enqueue(n);
    }
    return true;
}

}  // namespace trapeze
