// SPDX-License-Identifier: BSD-3-Clause
// mach_msg_trap and mach_msg_overwrite_trap: the send half, the receive half, the trailer. The trap never retries: an
// interrupted half is MACH_*_INTERRUPTED, and the library's options for it (0x40, 0x400) mean nothing here.
//
// What is sent must go to a kernel object; a message to a port of the task itself ends the run by name.
// A reply is queued before the send half is over, so the receive half of an RPC never sleeps.
#include "tools/xnurun/message.h"

#include "sys/darwin/kern_return.h"
#include "sys/mem.h"
#include "tools/xnurun/handlers.h"

namespace trapeze {
namespace {

enum : u32 {
    send_msg = 1, rcv_msg = 2, rcv_large = 4, rcv_timeout = 0x100,
    bits_complex = 0x80000000, bits_user = 0x801f1f1f,
};
constexpr u32 header_size = sizeof(xnu::mach_msg_header_t);
constexpr u32 most = 4096;  // of a request: no routine that is emulated takes more

Message* free_messages;
HostLock message_lock;

bool sends(u32 disposition) { return disposition >= msg_move_send && disposition <= msg_make_send_once; }

// Copies one descriptor's right in. 0 or the mach_msg_return_t.
i32 copyin_descriptors(const u8* request, u32 size, u32 send_size, Port*& carried) {
    u32 count;
    if (size < header_size + 4) return xnu::MACH_SEND_MSG_TOO_SMALL;
    memcpy(&count, request + header_size, 4);
    u32 at = header_size + 4;
    for (u32 n = 0; n < count; n++) {
        if (at + 12 > send_size) return xnu::MACH_SEND_MSG_TOO_SMALL;
        xnu::mach_msg_port_descriptor_t d;
        memcpy(&d, request + at, sizeof d);
        if (d.type > 4) return xnu::MACH_SEND_INVALID_TYPE;
        if (d.type != xnu::MACH_MSG_PORT_DESCRIPTOR || n > 0)
            give_up("mach_msg with out-of-line data or several descriptors is not emulated");
        if (!sends(d.disposition) && d.disposition != msg_move_receive) return xnu::MACH_SEND_INVALID_TYPE;
        if (d.name && d.name != 0xffffffff && !port_copyin(d.name, d.disposition, carried))
            return xnu::MACH_SEND_INVALID_RIGHT;
        at += sizeof d;
    }
    return 0;
}

i32 send_half(u64 from, u32 send_size) {
    if (send_size < header_size || send_size % 4) return xnu::MACH_SEND_MSG_TOO_SMALL;
    alignas(8) u8 request[most];
    if (send_size > most) give_up("mach_msg that sends ", send_size, " bytes is not emulated");
    if (!copyin(request, from, send_size)) return xnu::MACH_SEND_INVALID_DATA;
    xnu::mach_msg_header_t h;
    memcpy(&h, request, sizeof h);
    const u32 remote = h.bits & 0x1f, local = h.bits >> 8 & 0x1f;
    if (h.bits & ~bits_user || !sends(remote) || (local ? !sends(local) : h.local_port != 0))
        return xnu::MACH_SEND_INVALID_HEADER;
    if (h.remote_port == 0 || h.remote_port == 0xffffffff) return xnu::MACH_SEND_INVALID_DEST;
    h.size = send_size;  // what the header says of its size does not count on the way in
    memcpy(request, &h, sizeof h);

    Port* destination;
    if (!port_copyin(h.remote_port, remote, destination)) return xnu::MACH_SEND_INVALID_DEST;
    Port* reply_port = nullptr;
    if (h.local_port && !port_copyin(h.local_port, local, reply_port)) {
        port_unref(destination);
        return xnu::MACH_SEND_INVALID_REPLY;
    }
    Port* carried = nullptr;
    i32 result = h.bits & bits_complex ? copyin_descriptors(request, send_size, send_size, carried) : 0;
    if (result == 0) {
        if (destination->kind == PortKind::plain || destination->kind == PortKind::set)
            give_up("mach_msg to port ", hex(h.remote_port), " of the task itself (message id ", h.id, ") is not emulated");
        Message* reply = kernel_rpc(destination, request, send_size, carried, h.local_port);
        if (reply && reply_port) port_send(reply_port, reply);
        else if (reply) message_free(reply);
        carried = nullptr;
    }
    if (carried) port_unref(carried);
    if (reply_port) port_unref(reply_port);
    port_unref(destination);
    return result;
}

// osfmk/mach/message.h: the size of the trailer that the options ask for.
u32 trailer_size(u32 option) {
    constexpr u32 sizes[16] = {8, 12, 20, 52, 60, 60, 60, 68, 68};
    const u32 element = option >> 24 & 0xf;
    return option >> 28 & 0xf || element > 8 ? 8 : sizes[element];
}

i32 receive_half(u64 to, u32 option, u32 limit, u32 name, u32 timeout_ms) {
    Port* port = port_lookup_receive(name);
    if (!port) return xnu::MACH_RCV_INVALID_NAME;
    const u64 deadline = monotonic_ns() + timeout_ms * u64{1000000};
    const lnx::timespec until = {static_cast<i64>(deadline / 1000000000), static_cast<i64>(deadline % 1000000000)};
    const u32 trailer = trailer_size(option);
    i32 result = 0;
    Message* m = nullptr;
    for (;;) {
        const u32 sequence = __atomic_load_n(&port->sequence, __ATOMIC_ACQUIRE);
        {
            Locked hold(ports_lock);
            if (port->dead) result = xnu::MACH_RCV_PORT_DIED;
            else if (port->first && port->first->size + trailer > limit && option & rcv_large) {
                xnu::mach_msg_header_t h{};
                h.size = port->first->size;  // stays queued; the caller learns how much room it takes
                (void)copyout(h.size, to + 4);
                result = xnu::MACH_RCV_TOO_LARGE;
            } else {
                m = port_receive_locked(port);
            }
        }
        if (m || result) break;
        if (option & rcv_timeout && timeout_ms == 0) {
            result = xnu::MACH_RCV_TIMED_OUT;
            break;
        }
        const i64 r = futex_wait(&port->sequence, sequence, option & rcv_timeout ? &until : nullptr);
        if (r == -lnx::ETIMEDOUT) result = xnu::MACH_RCV_TIMED_OUT;
        if (r == -lnx::EINTR) result = xnu::MACH_RCV_INTERRUPTED;
        if (result) break;
    }
    if (m) {
        struct {
            u32 type, size, seqno;
            u32 sender[2], audit[8];
            u32 more[4];
        } tail{};
        static_assert(sizeof tail == 68);
        tail.size = trailer;
        tail.seqno = port->received++;
        tail.sender[1] = 1;  // KERNEL_SECURITY_TOKEN
        if (m->size + trailer > limit) {
            // Without MACH_RCV_LARGE the message is lost with what it carries; a header tells of it if it fits.
            const u32 room = limit < header_size ? limit : header_size;
            (void)copyout(m->bytes, to, room);
            Locked hold(ports_lock);
            message_destroy_locked(m);
            result = xnu::MACH_RCV_TOO_LARGE;
        } else {
            if (!copyout(m->bytes, to, m->size) || !copyout(&tail, to + ((m->size + 3) & ~3u), trailer))
                result = xnu::MACH_RCV_INVALID_DATA;
            message_free(m);
        }
    }
    port_unref(port);
    return result;
}

}  // namespace

Message* message_new() {
    Locked hold(message_lock);
    if (!free_messages) {
        constexpr u64 batch = 32;
        Message* fresh = static_cast<Message*>(host_pages(batch * sizeof(Message)));
        for (u64 i = 0; i < batch; i++) fresh[i].next = i + 1 < batch ? &fresh[i + 1] : nullptr;
        free_messages = fresh;
    }
    Message* m = free_messages;
    free_messages = m->next;
    *m = {};
    return m;
}

void message_free(Message* m) {
    Locked hold(message_lock);
    m->next = free_messages;
    free_messages = m;
}

void message_destroy_locked(Message* m) {
    if (m->carried) port_drop_send_locked(m->carried);
    message_free(m);
}

Answer mach_msg(Trap& trap) {
    const u32 option = trap.u(1), send_size = trap.u(2), receive_size = trap.u(3), name = trap.u(4), timeout = trap.u(5);
    if (option & send_msg)
        if (const i32 failed = send_half(trap.w(0), send_size)) return kern(failed);
    if (option & rcv_msg) {
        const bool overwrite = trap.number == 32 && trap.w(7) != 0;
        return kern(receive_half(overwrite ? trap.w(7) : trap.w(0), option, receive_size, name, timeout));
    }
    return kern(0);
}

}  // namespace trapeze
