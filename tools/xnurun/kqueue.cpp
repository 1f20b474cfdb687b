// SPDX-License-Identifier: BSD-3-Clause
// Kqueues and their knotes: see kqueue.h for how it works. What becomes an event and is handed
// out is in kqueue_events.cpp, filters are in kqueue_filters.cpp, the calls in bsd_kqueue.cpp.
#include "tools/xnurun/kqueue.h"

#include "sys/darwin/errno.h"
#include "sys/mem.h"
#include "tools/xnurun/descriptors.h"
#include "tools/xnurun/era.h"
#include "tools/xnurun/handlers.h"
#include "tools/xnurun/process.h"

namespace trapeze {

HostLock kqueue_lock;
Kqueue* kqueues;

namespace {

constexpr i32 cloexec = lnx::O_CLOEXEC, nonblock = lnx::O_NONBLOCK;

Kqueue* free_kqueues;
Knote* free_knotes;

// Which numbers are kqueues. Few, so a list; empty in almost every program.
struct Number {
    i32 fd;
    Kqueue* kq;
};
constexpr u32 most_numbers = 256;
Number number_list[most_numbers];
u32 number_count;  // read without the lock to see that there is none
u32 fd_notes;      // likewise: knotes that look at descriptors

template <class T>
T* take(T*& list) {
    if (!list) {
        constexpr u64 size = 64 * 1024;
        T* fresh = static_cast<T*>(host_pages(size));
        for (u64 i = 0; i < size / sizeof(T); i++) {
            fresh[i].next = list;
            list = &fresh[i];
        }
    }
    T* t = list;
    list = t->next;
    *t = {};
    return t;
}

bool looks_at_fd(const Knote& n) {
    return n.kev.filter == xnu::EVFILT_READ || n.kev.filter == xnu::EVFILT_WRITE || n.kev.filter == xnu::EVFILT_VNODE || of_socket(n);
}

void close_all(Kqueue& kq) {
    const i32 own[] = {kq.epoll, kq.write, kq.other, kq.wake, kq.timer, kq.inotify};
    for (const i32 fd : own) close_hidden(fd);
}

void destroy(Kqueue& kq) {
    while (kq.notes) knote_drop(*kq.notes);
    kqueue_forget_signals(&kq);
    close_all(kq);
    for (Kqueue** at = &kqueues; *at; at = &(*at)->next)
        if (*at == &kq) {
            *at = kq.next;
            break;
        }
    kq.next = free_kqueues;
    free_kqueues = &kq;
}

// The knote that a change means: one with EV_UDATA_SPECIFIC is its udata's too, and no other's.
Knote* find(Kqueue& kq, const xnu::kevent64_s& change) {
    const u16 specific = change.flags & xnu::EV_UDATA_SPECIFIC;
    for (Knote* n = kq.notes; n; n = n->next)
        if (n->kev.ident == change.ident && n->kev.filter == change.filter && (n->kev.flags & xnu::EV_UDATA_SPECIFIC) == specific &&
            (!specific || n->kev.udata == change.udata))
            return n;
    return nullptr;
}

}  // namespace

void knote_dequeue(Knote& n) {
    if (!n.queued) return;
    Kqueue& kq = *n.kq;
    Knote* before = nullptr;
    for (Knote* at = kq.first; at; before = at, at = at->queue_next) {
        if (at != &n) continue;
        (before ? before->queue_next : kq.first) = n.queue_next;
        if (kq.last == &n) kq.last = before;
        break;
    }
    n.queue_next = nullptr;
    n.queued = false;
    kq.queued--;
}

void knote_enqueue(Knote& n) {
    if (n.queued || n.disabled) return;
    Kqueue& kq = *n.kq;
    (kq.last ? kq.last->queue_next : kq.first) = &n;
    kq.last = &n;
    n.queue_next = nullptr;
    n.queued = true;
    kq.queued++;
}

void knote_drop(Knote& n) {
    knote_dequeue(n);
    filter_detach(n);
    if (looks_at_fd(n)) __atomic_fetch_sub(&fd_notes, 1, __ATOMIC_RELAXED);
    Kqueue& kq = *n.kq;
    for (Knote** at = &kq.notes; *at; at = &(*at)->next)
        if (*at == &n) {
            *at = n.next;
            break;
        }
    n.next = free_knotes;
    free_knotes = &n;
}

bool kqueue_has_fd(i32 fd) {
    if (process().vforked) return false;
    for (Kqueue* kq = kqueues; kq; kq = kq->next)
        for (Knote* n = kq->notes; n; n = n->next)
            if (looks_at_fd(*n) && n->kev.ident == static_cast<u64>(fd)) return true;
    return false;
}

void knote_activate(Knote& n) {
    n.active = true;
    knote_enqueue(n);
}

i64 kqueue_new() {
    Locked hold(kqueue_lock);
    if (number_count == most_numbers || process().vforked) return -lnx::ENOMEM;
    const i64 fd = host(lnx::SYS_epoll_create1, cloexec);
    if (host_failed(fd)) return fd;
    const i32 epoll = hidden_copy(static_cast<i32>(fd));
    const i32 wake = epoll < 0 ? epoll : hidden_made(lnx::SYS_eventfd2, 0, cloexec | nonblock);
    if (wake < 0) {
        close_hidden(epoll);
        host(lnx::SYS_close, fd);
        return wake;
    }
    Kqueue* kq = take(free_kqueues);
    kq->epoll = epoll;
    kq->wake = wake;
    kq->write = kq->other = kq->timer = kq->inotify = -1;
    kq->descriptors = 1;
    kq->next = kqueues;
    kqueues = kq;
    EpollEvent e{epoll_in, tag_wake};
    host(lnx::SYS_epoll_ctl, fd, epoll_add, wake, &e);
    number_list[number_count] = {static_cast<i32>(fd), kq};
    __atomic_store_n(&number_count, number_count + 1, __ATOMIC_RELEASE);
    set_socket(static_cast<i32>(fd), false);
    know(static_cast<i32>(fd), {Known::other, 0, 0});
    return fd;
}

Kqueue* kqueue_of(i32 fd) {
    if (process().vforked) return nullptr;
    for (u32 i = 0; i < number_count; i++)
        if (number_list[i].fd == fd) return number_list[i].kq;
    return nullptr;
}

void kqueue_leave(Kqueue& kq) {
    if (--kq.users == 0 && kq.closed) destroy(kq);
}

i32 kqueue_register(Kqueue& kq, xnu::kevent64_s& change) {
    const i16 lowest = era_has(3789001) ? evfilt_except : era_has(2422001) ? evfilt_memorystatus : era_has(1456001) ? i16{-11} : xnu::EVFILT_FS;  // EVFILT_SYSCOUNT
    constexpr u16 own_flags = 0xf000;
    change.flags &= static_cast<u16>(~own_flags);
    if (change.filter >= 0 || change.filter < lowest) return xnu::EINVAL;
    const bool fd_filter = change.filter == xnu::EVFILT_READ || change.filter == xnu::EVFILT_WRITE || change.filter == xnu::EVFILT_VNODE ||
                           change.filter == evfilt_sock || change.filter == evfilt_except;
    const i32 fd = static_cast<i32>(change.ident);
    if (fd_filter && (hidden(fd) || (known(fd).sort == Known::unknown && host_failed(host(lnx::SYS_fcntl, fd, lnx::F_GETFD))))) return xnu::EBADF;
    if (fd_filter) change.ident = static_cast<u32>(fd);
    Knote* n = find(kq, change);
    if (!n) {
        if ((change.flags & (xnu::EV_ADD | xnu::EV_DELETE)) != xnu::EV_ADD) return xnu::ENOENT;
        n = take(free_knotes);
        n->kq = &kq;
        n->handle = n->news = -1;
        n->kev = change;
        n->sfflags = change.fflags;
        n->sdata = change.data;
        n->kev.fflags = 0;
        n->kev.data = 0;
        n->disabled = change.flags & xnu::EV_DISABLE;
        n->next = kq.notes;
        kq.notes = n;
        if (fd_filter) __atomic_fetch_add(&fd_notes, 1, __ATOMIC_RELAXED);
        if (const i32 wrong = filter_attach(*n)) {
            knote_drop(*n);
            return wrong;
        }
    } else {
        if (change.flags & xnu::EV_DELETE) {
            if (!(change.flags & xnu::EV_ENABLE) && (change.flags & dispatch2) == dispatch2 && n->disabled) {
                n->deferred = true;
                return xnu::EINPROGRESS;
            }
            knote_drop(*n);
            return 0;
        }
        if (change.flags & xnu::EV_DISABLE) {
            knote_dequeue(*n);
            n->disabled = true;
        } else if (change.flags & xnu::EV_ENABLE && n->disabled) {
            n->disabled = false;
            if (n->deferred) {  // its end is told
                n->deferred = false;
                n->kev.flags |= xnu::EV_DELETE | xnu::EV_ONESHOT;
                knote_activate(*n);
                return 0;
            }
            if (n->active) knote_enqueue(*n);
        }
        n->kev.udata = change.udata;
        if (filter_touches(*n)) {
            filter_touch(*n, change);
        } else {
            n->sfflags = change.fflags;
            n->sdata = change.data;
            if (n->kev.filter == evfilt_sock) sock_touch(*n);
            if (n->kev.filter == xnu::EVFILT_PROC)
                if (const i32 wrong = process_touch(*n)) return wrong;
        }
    }
    if (filter_event(*n)) knote_activate(*n);
    return 0;
}

bool is_kqueue(i32 fd) {
    if (!__atomic_load_n(&number_count, __ATOMIC_ACQUIRE) || process().vforked) return false;
    Locked hold(kqueue_lock);
    return kqueue_of(fd) != nullptr;
}

bool kqueues_watch() { return __atomic_load_n(&number_count, __ATOMIC_ACQUIRE) || __atomic_load_n(&fd_notes, __ATOMIC_ACQUIRE); }

void kqueue_descriptor_closing(i32 fd) {
    if (!kqueues_watch()) return;
    if (process().vforked) return;
    Locked hold(kqueue_lock);
    for (Kqueue* kq = kqueues; kq; kq = kq->next)
        for (Knote* n = kq->notes; n;) {
            Knote* next = n->next;
            if (looks_at_fd(*n) && n->kev.ident == static_cast<u64>(fd)) knote_drop(*n);
            n = next;
        }
    for (u32 i = 0; i < number_count; i++) {
        if (number_list[i].fd != fd) continue;
        Kqueue& kq = *number_list[i].kq;
        number_list[i] = number_list[number_count - 1];
        __atomic_store_n(&number_count, number_count - 1, __ATOMIC_RELEASE);
        if (--kq.descriptors == 0) {
            kq.closed = true;
            const u64 one = 1;
            if (kq.users) host(lnx::SYS_write, kq.wake, &one, 8);
            else destroy(kq);
        }
        break;
    }
}

void kqueue_descriptor_copied(i32 from, i32 to) {
    if (from == to || !__atomic_load_n(&number_count, __ATOMIC_ACQUIRE) || process().vforked) return;
    Locked hold(kqueue_lock);
    Kqueue* kq = kqueue_of(from);
    if (!kq || number_count == most_numbers) return;
    kq->descriptors++;
    number_list[number_count] = {to, kq};
    __atomic_store_n(&number_count, number_count + 1, __ATOMIC_RELEASE);
}

void vfork_child_kqueues() {
    for (u32 i = 0; i < number_count; i++) {
        know(number_list[i].fd, {});
        host(lnx::SYS_close, number_list[i].fd);
    }
}

void fork_child_kqueues() {
    kqueue_lock.reset();
    if (!process().vforked) vfork_child_kqueues();
    for (Kqueue* kq = kqueues; kq;) {
        Kqueue* next = kq->next;
        for (Knote* n = kq->notes; n; n = n->next)
            if (n->kev.filter == xnu::EVFILT_PROC) close_hidden(n->handle), close_hidden(n->news);
        close_all(*kq);
        kq = next;
    }
    // The objects' memory is left: a fork of a program with kqueues is rare, and its child mostly executes another.
    kqueues = nullptr;
    number_count = fd_notes = 0;
    kqueue_forget_signals(nullptr);
}

}  // namespace trapeze
