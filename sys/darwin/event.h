// SPDX-License-Identifier: BSD-3-Clause
// Darwin (XNU)/amd64: what kqueues take and give (bsd/sys/event.h, xnu-3248.60.10 and xnu-11417.121.6, which agree on all of this).
// The calls are in sys/darwin/kqueue.h.
#pragma once
#include "sys/darwin/types.h"

namespace trapeze::xnu {

constexpr i16 EVFILT_READ = -1, EVFILT_WRITE = -2, EVFILT_AIO = -3, EVFILT_VNODE = -4, EVFILT_PROC = -5, EVFILT_SIGNAL = -6,
              EVFILT_TIMER = -7, EVFILT_MACHPORT = -8, EVFILT_FS = -9, EVFILT_USER = -10, EVFILT_VM = -12;
constexpr u16 EV_ADD = 1, EV_DELETE = 2, EV_ENABLE = 4, EV_DISABLE = 8, EV_ONESHOT = 0x10, EV_CLEAR = 0x20, EV_RECEIPT = 0x40,
              EV_DISPATCH = 0x80, EV_UDATA_SPECIFIC = 0x100, EV_OOBAND = 0x2000, EV_ERROR = 0x4000, EV_EOF = 0x8000;
constexpr u32 NOTE_TRIGGER = 0x01000000, NOTE_FFNOP = 0, NOTE_FFAND = 0x40000000, NOTE_FFOR = 0x80000000, NOTE_FFCOPY = 0xc0000000,
              NOTE_FFCTRLMASK = 0xc0000000, NOTE_FFLAGSMASK = 0x00ffffff;  // EVFILT_USER
constexpr u32 NOTE_LOWAT = 1;  // EVFILT_READ, EVFILT_WRITE: data is how much
constexpr u32 NOTE_DELETE = 1, NOTE_WRITE = 2, NOTE_EXTEND = 4, NOTE_ATTRIB = 8, NOTE_LINK = 0x10, NOTE_RENAME = 0x20,
              NOTE_REVOKE = 0x40;  // EVFILT_VNODE
constexpr u32 NOTE_EXIT = 0x80000000, NOTE_FORK = 0x40000000, NOTE_EXEC = 0x20000000, NOTE_EXITSTATUS = 0x04000000,
              NOTE_REAP = 0x10000000, NOTE_SIGNAL = 0x08000000, NOTE_EXIT_DETAIL = 0x02000000;  // EVFILT_PROC
constexpr u32 NOTE_SECONDS = 1, NOTE_USECONDS = 2, NOTE_NSECONDS = 4, NOTE_ABSOLUTE = 8,
              NOTE_LEEWAY = 0x10;  // EVFILT_TIMER; without a unit: milliseconds
constexpr u32 KEVENT_FLAG_IMMEDIATE = 1, KEVENT_FLAG_ERROR_EVENTS = 2;  // kevent64

struct kevent {
    u64 ident;
    i16 filter;
    u16 flags;
    u32 fflags;
    i64 data;
    u64 udata;
};
static_assert(sizeof(kevent) == 32 && offsetof(kevent, filter) == 8 && offsetof(kevent, fflags) == 12 && offsetof(kevent, data) == 16 &&
              offsetof(kevent, udata) == 24);

struct kevent64_s {
    u64 ident;
    i16 filter;
    u16 flags;
    u32 fflags;
    i64 data;
    u64 udata;
    u64 ext[2];  // EVFILT_TIMER: the deadline, the leeway
};
static_assert(sizeof(kevent64_s) == 48 && offsetof(kevent64_s, udata) == 24 && offsetof(kevent64_s, ext) == 32);

struct kevent_qos_s {  // bsd/sys/event_private.h; not the order of the others: udata comes before fflags
    u64 ident;
    i16 filter;
    u16 flags;
    i32 qos;
    u64 udata;
    u32 fflags;
    u32 xflags;
    i64 data;
    u64 ext[4];
};
static_assert(sizeof(kevent_qos_s) == 72 && offsetof(kevent_qos_s, udata) == 16 && offsetof(kevent_qos_s, fflags) == 24 &&
              offsetof(kevent_qos_s, data) == 32 && offsetof(kevent_qos_s, ext) == 40);

struct eventreq {  // watchevent and its kin, up to xnu-6153, whose bsd/sys/ev.h has it
    i32 er_type;
    i32 er_handle;
    u64 er_data;
    i32 er_rcnt;
    i32 er_wcnt;
    i32 er_ecnt;
    i32 er_eventbits;
};
static_assert(sizeof(eventreq) == 32 && offsetof(eventreq, er_data) == 8 && offsetof(eventreq, er_eventbits) == 28);

}  // namespace trapeze::xnu
