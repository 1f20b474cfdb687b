// SPDX-License-Identifier: BSD-3-Clause
// clock_alarm: osfmk/kern/clock_oldops.c. A message goes to a port at a time of the system clock, at once if that is over or the
// request makes no sense. The timers' thread (timer.cpp) sends it. Alarms: ports_lock.
#include "sys/darwin/kern_return.h"
#include "tools/xnurun/rpc.h"
#include "tools/xnurun/timer.h"

namespace trapeze {
namespace {

struct Alarm {
    Alarm* next;
    u64 deadline;
    Port* port;         // the right that the message goes by
    u32 right, type;
};

Alarm *alarms, *free_alarms;
constexpr i32 reply_id = 3125107;  // clock_alarm_reply
constexpr u32 relative = 1;
constexpr u64 second = 1000000000;

// Consumes the right.
void send_locked(Port* port, u32 right, i32 code, u32 type, u64 time) {
    const u32 words[] = {static_cast<u32>(code), type, static_cast<u32>(time / second), static_cast<u32>(time % second)};
    Message* m = message_new(header_size + 8 + sizeof words);
    if (!m) return right_release_locked(port, right);
    m->remote = port;
    m->remote_type = right;
    m->id = reply_id;
    m->size = header_size + 8 + sizeof words;
    memcpy(m->bytes + header_size, &xnu::ndr_record, 8);
    memcpy(m->bytes + header_size + 8, words, sizeof words);
    message_post_locked(m);
}

}  // namespace

// Sends what is due; the deadline of the next, ~0: none.
u64 alarms_due_locked(u64 now) {
    u64 next = ~0ull;
    for (Alarm** at = &alarms; Alarm* a = *at;) {
        if (a->deadline <= now) {
            *at = a->next;
            send_locked(a->port, a->right, xnu::KERN_SUCCESS, a->type, a->deadline);
            a->next = free_alarms;
            free_alarms = a;
            continue;
        }
        if (a->deadline < next) next = a->deadline;
        at = &a->next;
    }
    return next;
}

void fork_child_alarms() { alarms = free_alarms = nullptr; }

i32 rpc_clock_alarm(Rpc& r) {
    if (r.object->kind != PortKind::clock) return xnu::KERN_FAILURE;
    Port* port = r.port(0);
    const u32 right = r.port_type(0), type = r.u(0), nanoseconds = r.u(8);
    if (!carried_valid(port)) return xnu::KERN_INVALID_CAPABILITY;
    const u64 now = monotonic_ns();
    const bool nonsense = type & ~relative || nanoseconds >= second;
    const u64 time = r.u(4) * second + nanoseconds, deadline = type & relative ? now + time : time;
    Locked hold(ports_lock);
    if (nonsense || deadline <= now) {
        r.keep_port(0);
        send_locked(port, right, nonsense ? xnu::KERN_INVALID_VALUE : xnu::KERN_SUCCESS, type, now);
        return 0;
    }
    if (!timers_start_locked()) return xnu::KERN_RESOURCE_SHORTAGE;
    if (!free_alarms) {
        constexpr u64 batch = 64;
        Alarm* fresh = static_cast<Alarm*>(host_pages(batch * sizeof(Alarm)));
        for (u64 i = 0; i < batch; i++) fresh[i].next = i + 1 < batch ? &fresh[i + 1] : nullptr;
        free_alarms = fresh;
    }
    Alarm* a = free_alarms;
    free_alarms = a->next;
    *a = {alarms, deadline, port, right, type};
    alarms = a;
    r.keep_port(0);
    timers_changed();
    return 0;
}

}  // namespace trapeze
