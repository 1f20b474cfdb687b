// SPDX-License-Identifier: BSD-3-Clause
// Message queues: osfmk/ipc/ipc_mqueue.c. A message goes straight to a receiver that waits, a free place in a queue straight
// to a sender that waits, so neither can be stolen and whoever is interrupted afterwards has succeeded.
//
// Waiter::wake, under ports_lock: 0 on the lists of `on`; 1 taken off by whoever did it, with result and message set.
#include "sys/darwin/kern_return.h"
#include "tools/xnurun/kqueue.h"
#include "tools/xnurun/message.h"
#include "tools/xnurun/port_set.h"

namespace trapeze {
namespace {

void enqueue(Waiter*& first, Waiter*& last, Waiter& w) {
    w.next = nullptr;
    (last ? last->next : first) = &w;
    last = &w;
}

Waiter* dequeue(Waiter*& first, Waiter*& last, Waiter* w) {
    Waiter* before = nullptr;
    for (Waiter* at = first; at; before = at, at = at->next) {
        if (at != w) continue;
        (before ? before->next : first) = w->next;
        if (last == w) last = before;
        return w;
    }
    return nullptr;
}

void finish(Waiter& w, i32 result) {
    w.result = result;
    __atomic_store_n(&w.wake, 1, __ATOMIC_RELEASE);
    if (w.queued) futex_wake(&w.wake, 1);  // under the lock: the sleeper leaves only after it saw the word or took the lock
}

// True: the receiver has the message (whole, or doomed because it is too large for it). False: it has only its size.
bool hand_over(Waiter& w, Message* m, Port* port) {
    const bool fits = static_cast<u64>(m->size) + trailer_size(w.option) <= w.limit;
    w.size = m->size;
    if (!fits && w.option & rcv_large) {
        w.name = port->name;
        finish(w, xnu::MACH_RCV_TOO_LARGE);
        return false;
    }
    w.message = m;
    w.sequence = port->sequence++;
    finish(w, fits ? 0 : xnu::MACH_RCV_TOO_LARGE);
    return true;
}

Waiter* next_receiver(Port* port) {
    if (Waiter* w = port->receivers) return dequeue(port->receivers, port->last_receiver, w);
    for (SetLink* l = port->sets; l; l = l->next_set)
        if (Waiter* w = l->set->receivers) return dequeue(l->set->receivers, l->set->last_receiver, w);
    return nullptr;
}

bool offer(Port* port, Message* m) {
    while (Waiter* w = next_receiver(port))
        if (hand_over(*w, m, port)) return true;
    return false;
}

void append(Port* port, Message* m) {
    m->next = nullptr;
    (port->last ? port->last->next : port->first) = m;
    port->last = m;
    port->queued++;
    kqueue_ports_changed();
    __atomic_fetch_add(&port->arrivals, 1, __ATOMIC_RELEASE);
    if (port->awaited) futex_wake(&port->arrivals, 1);
    port->awaited = false;
}

void room_made(Port* port) {
    while (port->queued < port->queue_limit && port->senders) {
        Waiter* w = dequeue(port->senders, port->last_sender, port->senders);
        Message* m = w->message;
        w->message = nullptr;
        append(port, m);
        finish(*w, 0);
    }
}

Message* take(Port* port) {
    Message* m = port->first;
    port->first = m->next;
    if (!port->first) port->last = nullptr;
    port->queued--;
    room_made(port);
    return m;
}

// Sleeps until somebody finished the wait; a signal or the deadline end it if nobody has.
void sleep(Waiter& w, bool sender, const lnx::timespec* until, i32 timed_out, i32 interrupted) {
    for (;;) {
        const i64 r = futex_wait(&w.wake, 0, until);
        if (__atomic_load_n(&w.wake, __ATOMIC_ACQUIRE)) return;
        if (r != -lnx::EINTR && r != -lnx::ETIMEDOUT) continue;
        Locked hold(ports_lock);
        if (w.wake) return;
        if (sender) dequeue(w.on->senders, w.on->last_sender, &w);
        else dequeue(w.on->receivers, w.on->last_receiver, &w);
        w.result = r == -lnx::EINTR ? interrupted : timed_out;
        return;
    }
}

lnx::timespec deadline_in(u32 ms) {
    const u64 t = monotonic_ns() + ms * u64{1000000};
    return {static_cast<i64>(t / 1000000000), static_cast<i64>(t % 1000000000)};
}

}  // namespace

// osfmk/mach/message.h: the size of the trailer that the options ask for.
u32 trailer_size(u32 option) {
    constexpr u32 sizes[16] = {8, 12, 20, 52, 60, 60, 60, 68, 68};
    const u32 element = option >> 24 & 0xf;
    return option >> 28 & 0xf || element > 8 ? 8 : sizes[element];
}

void offer_queue_to_locked(Port* port) {
    while (port->first) {
        Waiter* w = next_receiver(port);
        if (!w) return;
        if (hand_over(*w, port->first, port)) (void)take(port);
    }
}

void message_post_locked(Message* m) {
    Port* port = m->remote;
    if (port->dead || of_kernel(port)) {
        message_destroy_locked(m);
        return;
    }
    if (port->first || !offer(port, m)) append(port, m);
}

void receivers_wake_locked(Port* port) {
    kqueue_ports_changed();
    while (Waiter* w = port->receivers) {
        dequeue(port->receivers, port->last_receiver, w);
        finish(*w, xnu::MACH_RCV_PORT_CHANGED);  // also when it died: MACH_RCV_PORT_DIED is only in comments
    }
}

// The message is destroyed and nobody complains: the sender cannot know what becomes of a message.
void senders_wake_locked(Port* port) {
    while (Waiter* w = port->senders) {
        dequeue(port->senders, port->last_sender, w);
        finish(*w, 0);
    }
}

void queue_destroy_locked(Port* port) {
    Message* m = port->first;
    port->first = port->last = nullptr;
    port->queued = 0;
    while (m) {
        Message* next = m->next;
        message_destroy_locked(m);
        m = next;
    }
}

void queue_limit_locked(Port* port, u32 limit) {
    port->queue_limit = limit;
    room_made(port);
}

// ipc_kmsg_send. A message that goes to a dead port is destroyed, with success.
i32 message_send(Message* m, u32 option, u32 timeout_ms) {
    if (m->circular) {
        Locked hold(ports_lock);
        message_destroy_locked(m);
        return 0;
    }
    bool reply = false;
    if (of_kernel(m->remote)) {
        m = kernel_rpc(m);
        if (!m) return 0;
        reply = true;
    }
    Waiter w{};
    Port* port = m->remote;
    {
        Locked hold(ports_lock);
        if (port->dead || of_kernel(port) || port->queued < port->queue_limit || option & send_always ||
            m->remote_type == msg_move_send_once) {
            message_post_locked(m);
            return 0;
        }
        if (option & send_timeout && timeout_ms == 0) {
            if (!reply) return xnu::MACH_SEND_TIMED_OUT;
            message_destroy_locked(m);
            return 0;
        }
        w.on = port;
        w.message = m;
        w.queued = true;
        enqueue(port->senders, port->last_sender, w);
        port->refs++;
    }
    const lnx::timespec until = deadline_in(timeout_ms);
    sleep(w, true, option & send_timeout ? &until : nullptr, xnu::MACH_SEND_TIMED_OUT, xnu::MACH_SEND_INTERRUPTED);
    Locked hold(ports_lock);
    if (w.message && (w.wake || reply)) {  // the port died, or the kernel's reply found no room: nobody hears of it
        message_destroy_locked(w.message);
        w.result = 0;
    }
    port_unref_locked(port);
    return w.result;
}

i32 message_receive(u32 name, u32 option, u32 limit, u32 timeout_ms, Waiter& w) {
    w = {};
    w.option = option;
    w.limit = limit;
    Port* port;
    {
        Locked hold(ports_lock);
        PortEntry* e = entry_find_locked(name);
        if (!e || !(e->types & (type_receive | type_set))) return xnu::MACH_RCV_INVALID_NAME;
        port = w.on = e->port;
        Port* from = port->kind != PortKind::set ? (port->first ? port : nullptr) : set_first_message_locked(port);
        if (from) {
            if (hand_over(w, from->first, from)) (void)take(from);
            return w.result;
        }
        if (option & rcv_timeout && timeout_ms == 0) return xnu::MACH_RCV_TIMED_OUT;
        w.queued = true;
        enqueue(port->receivers, port->last_receiver, w);
        port->refs++;
    }
    const lnx::timespec until = deadline_in(timeout_ms);
    sleep(w, false, option & rcv_timeout ? &until : nullptr, xnu::MACH_RCV_TIMED_OUT, xnu::MACH_RCV_INTERRUPTED);
    port_unref(port);
    return w.result;
}

}  // namespace trapeze
