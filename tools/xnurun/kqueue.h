// SPDX-License-Identifier: BSD-3-Clause
// kqueues (xnu-3248.60.10 bsd/kern/kern_event.c) on the host's epoll.
//
// A Kqueue's descriptor, as the guest sees it, is an epoll that watches, edge by edge, what knotes of EVFILT_READ look at, and besides:
//   write   a second epoll, inside the first, for EVFILT_WRITE (one epoll keeps one registration a descriptor, and an edge of one
//           direction would report the other too)
//   other   a third, for the filters that look at all that a socket does
//   wake    an eventfd that is readable while the queue of active knotes is not empty, so that sleepers wake, and so that the
//           kqueue itself can be polled
//   epoll   the epoll again, under a number that the guest cannot close while a thread sleeps on it
//   timer   a timerfd at the earliest deadline of its EVFILT_TIMERs
//   inotify for EVFILT_VNODE, and for regular files, which epoll does not take; a pidfd for each EVFILT_PROC, and a socket
// All but the first are hidden numbers (descriptors.h), made when first needed.
//
// An edge is to a knote what KNOTE is in XNU: its filter is asked (f_event), and if it says yes the knote becomes active and, unless it
// is disabled, queued. Delivery takes from the queue, asks again those without EV_ONESHOT, and keeps queued what has neither EV_CLEAR,
// EV_DISPATCH nor EV_ONESHOT. So level and edge differ in the queue alone, and an idle knote costs nothing.
// Rejected: epoll's own level mode (a filter that says no while epoll says yes would spin, as for a socket never connected);
// polling all descriptors at each call (no edges). A child of vfork sees none, and makes none (ENOMEM). One lock, kqueue_lock, guards everything; nothing sleeps under it.
#pragma once
#include "sys/darwin/event.h"
#include "tools/xnurun/trap.h"

#pragma GCC visibility push(hidden)  // see host.h
namespace trapeze {

struct Kqueue;

struct Knote {
    Kqueue* kq;
    Knote* next;       // all of this kqueue's, or the free list
    Knote* queue_next; // the active ones, first in first out
    xnu::kevent64_s kev;  // what is reported
    u32 sfflags;       // what was asked for
    i64 sdata;         // likewise: low-water mark, interval in ns
    u64 deadline;      // EVFILT_TIMER: on the monotonic clock, 0: none
    i64 size;          // EVFILT_VNODE: of the file, to tell NOTE_EXTEND
    u32 links, seen;   // EVFILT_VNODE: link count; EVFILT_SIGNAL: deliveries counted already; EVFILT_SOCK: states told already
    i32 handle;        // pidfd, or inotify's watch, or -1
    i32 news;          // EVFILT_PROC: socket on which its process tells what it does, or -1
    void* port;        // EVFILT_MACHPORT: the set or port, with a reference
    bool active, queued, disabled, triggered, file;
    bool ended;        // EVFILT_PROC: told
    bool deferred;     // EV_DELETE of a disabled EV_DISPATCH2 one: it goes when it is enabled
};

inline i32 fd_of(const Knote& n) { return static_cast<i32>(n.kev.ident); }

struct Kqueue {
    Kqueue* next;
    Knote* notes;
    Knote* first;      // of the active queue
    Knote* last;
    u32 queued;
    u32 descriptors;   // numbers that the guest has for it
    u32 users;         // threads inside a call
    i32 epoll, write, other, wake, timer, inotify;
    bool wake_set, closed;
    u8 shape;          // 0 not yet, 32 or 64: kevent and kevent64 do not mix
};

extern HostLock kqueue_lock;

i64 kqueue_new();                                 // the guest's descriptor
Kqueue* kqueue_of(i32 fd);                        // under the lock
i32 kqueue_register(Kqueue&, xnu::kevent64_s&);   // one change: 0 or an errno; under the lock
void kqueue_harvest(Kqueue&);                     // edges become active knotes; under the lock
void kqueue_settle(Kqueue&);                      // makes `wake` fit the queue; under the lock
// The first of the queue, which must not be empty: true, an event; false, it had passed. What stays active is last in the queue then.
bool kqueue_deliver(Kqueue&, xnu::kevent64_s& out);
void kqueue_leave(Kqueue&);                       // users--, frees a closed one; under the lock
bool kqueue_has_fd(i32 fd);                       // some knote looks at it

// Filters: kqueue_filters.cpp.
i32 filter_attach(Knote&);                        // 0 or an errno
void filter_detach(Knote&);
bool filter_event(Knote&);                        // f_event without a hint
void filter_touch(Knote&, const xnu::kevent64_s& change);  // EVENT_REGISTER, of filters that have it
bool filter_touches(const Knote&);
i16 descriptor_ready(i32 fd, i16 events);         // poll's revents, now
bool read_event(Knote&);                          // kqueue_descriptors.cpp
bool write_event(Knote&);
i32 attach_fd(Knote&);
struct TcpInfo {  // struct tcp_info (include/uapi/linux/tcp.h)
    u8 state, rest[7];
    u32 words[24];  // tcpi_unacked (4), a listener's queue; tcpi_rtt (15) and tcpi_bytes_acked, both 0 if it never was connected
    u64 pacing, max_pacing, bytes_acked;
};
static_assert(offsetof(TcpInfo, bytes_acked) == 120);
bool tcp_info(i32 fd, TcpInfo&);
u32 pending_error(i32 fd, i16 says);              // a guess, since to ask takes it away
constexpr i16 evfilt_sock = -13, evfilt_memorystatus = -14, evfilt_except = -15;
inline bool of_socket(const Knote& n) { return n.kev.filter == evfilt_sock || n.kev.filter == evfilt_except; }
i32 attach_socket(Knote&);                        // kqueue_sockets.cpp
void detach_socket(Knote&);
bool sock_event(Knote&);
void sock_delivered(Knote&);
void sock_touch(Knote&);                          // other notes are asked for
bool except_event(Knote&);
i32 watch_file(Knote&);                           // by inotify
void filter_timer(Kqueue&, u64 now);              // what has expired; sets the timer for what has not
void filter_files(Kqueue&);                       // reads inotify
i32 process_attach(Knote&);                       // kqueue_processes.cpp: 0 or an errno
i32 process_touch(Knote&);                        // asks for other things now
void process_detach(Knote&);
void process_edge(Kqueue&, u64 pid);              // its pidfd is readable, or its socket
void knote_activate(Knote&);
void knote_enqueue(Knote&);                       // unless it is disabled
void knote_dequeue(Knote&);
void knote_drop(Knote&);                          // its end
constexpr u16 dispatch2 = xnu::EV_DISPATCH | xnu::EV_UDATA_SPECIFIC;
bool kqueue_watch_signal(Knote&);                 // kqueue_signals.cpp
void kqueue_count_signals(Kqueue&);               // deliveries become active knotes; under the lock
void kqueue_forget_signals(Kqueue*);              // its eventfd closes; null: all, in the child of a fork
bool kqueue_any_signals();                        // or ports
void kqueue_watch_ports();
bool kqueue_watch_any_signal(Knote&);             // every one of this process; false: too many kqueues do
u32 kqueue_signals_seen();                        // so far
extern Kqueue* kqueues;                           // under the lock
bool kqueue_wakes(Kqueue&);                       // who takes no lock writes to its eventfd from now on; false: too many
i32 kqueue_inotify(Kqueue&);
i32 attach_port(Knote&);                          // kqueue_ports.cpp; ports_lock comes after kqueue_lock
void detach_port(Knote&);
bool port_event(Knote&);                          // looks only
void port_deliver(Knote&, xnu::kevent64_s& out);  // receives, if the knote asks for it

// Other parts of the emulator.
bool is_kqueue(i32 fd);
bool kqueues_watch();                             // false: nobody hears of descriptors
void kqueue_descriptor_closing(i32 fd);           // drops its knotes; if it is a kqueue, that is one descriptor less
void kqueue_descriptor_copied(i32 from, i32 to);
void kqueue_ports_changed();                      // a queue, or a set's members; takes no lock
void kqueue_forked();                             // NOTE_FORK of this process, here and to who else watches it; under the lock
void process_tell(u32 note);                      // NOTE_FORK or NOTE_EXEC of the calling process, to other processes
void kqueue_reaped(i32 pid, i32 status);          // a child that nobody can ask the host for any more
void kqueue_signal(i32 darwin);                   // a signal was sent to the process; may run in a host handler: takes no lock
bool kqueue_watches_signal(i32 darwin);           // then the host must catch it
void vfork_child_kqueues();                       // their descriptors are not inherited either: in the child's own table
void fork_child_kqueues();                        // they are not inherited; the lock is held by the caller, and free after

constexpr u64 tag_wake = 1ull << 40, tag_timer = 2ull << 40, tag_write = 3ull << 40, tag_inotify = 4ull << 40, tag_process = 5ull << 40, tag_other = 6ull << 40,
              tag_mask = 0xffull << 40;

struct [[gnu::packed]] EpollEvent {
    u32 events;
    u64 data;
};
constexpr u32 epoll_in = 1, epoll_out = 4, epoll_rdhup = 0x2000, epoll_et = 1u << 31;
constexpr i32 epoll_add = 1, epoll_del = 2, epoll_mod = 3;

}  // namespace trapeze
#pragma GCC visibility pop
