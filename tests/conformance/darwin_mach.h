// SPDX-License-Identifier: BSD-3-Clause
// Messages for the darwin_ports tests: headers, descriptors, the kernel's mach_port routines by MIG, on raw traps alone.
// Layouts: xnu-11417 osfmk/mach/message.h; routine ids and forms: osfmk/mach/mach_port.defs.
#pragma once
#include "tests/conformance/darwin_raw.h"

enum : u32 {
    move_receive = 16, move_send, move_send_once, copy_send, make_send, make_send_once,
    send_bit = 1, receive_bit = 2, large = 4, send_timeout = 0x10, receive_timeout = 0x100, complex_bit = 0x80000000,
};
enum : u32 { right_send, right_receive, right_send_once, right_set, right_dead };
constexpr u32 type_of(u32 right) { return 1u << (right + 16); }
enum : i64 {  // message.h, kern_return.h
    ok_ = 0, no_space = 3, invalid_argument = 4, already_in_set = 11, not_in_set = 12, name_exists = 13, aborted = 14,
    invalid_name = 15, invalid_task = 16, invalid_right = 17, invalid_value = 18, urefs_overflow = 19, invalid_capability = 20,
    right_exists = 21, not_supported = 46,
    send_invalid_data = 0x10000002, send_invalid_dest, send_timed_out, send_interrupted = 0x10000007, send_too_small,
    send_invalid_reply, send_invalid_right, send_invalid_memory = 0x1000000c, send_too_large = 0x1000000e, send_invalid_type,
    send_invalid_header, receive_invalid_name = 0x10004002, receive_timed_out, receive_too_large, receive_interrupted,
    receive_port_changed, receive_invalid_data = 0x10004008,
};

struct [[gnu::packed]] Header {
    u32 bits, size, remote, local, voucher;
    i32 id;
};
struct [[gnu::packed]] PortDescriptor {
    u32 name, pad1;
    u16 pad2;
    u8 disposition, type;
};
struct [[gnu::packed]] OolDescriptor {
    const void* address;
    u8 deallocate, copy, disposition, type;
    u32 size;
};

struct Buffer {  // a message and its trailer
    Header h;
    u8 body[1000];
    u32 word(u32 at) const {
        u32 v;
        __builtin_memcpy(&v, body + at - sizeof h, 4);
        return v;
    }
    void set(u32 at, const void* from, usize n) { __builtin_memcpy(body + at - sizeof h, from, n); }
};

inline i64 message_trap(void* m, u32 option, u32 send_size, u32 limit, u32 name, u32 timeout = 0) {
    return static_cast<i32>(call(mach + 31, m, option, send_size, limit, name, timeout, 0));
}
inline i64 send(u32 to, u32 disposition, i32 id, u32 option = 0, u32 timeout = 0, u32 reply = 0, u32 reply_disposition = 0) {
    Header h{disposition | reply_disposition << 8, 24, to, reply, 0, id};
    return message_trap(&h, send_bit | option, 24, 0, 0, timeout);
}
inline i64 receive(u32 from, Buffer& b, u32 option = 0, u32 timeout = 0, u32 limit = sizeof(Buffer)) {
    return message_trap(&b, receive_bit | option, 0, limit, from, timeout);
}
inline i64 poll(u32 from, Buffer& b) { return receive(from, b, receive_timeout, 0); }

// A request with words behind NDR; the reply is left in b. The RetCode, or the mach_msg_return_t.
template <class... W>
i64 routine_on(u32 object, Buffer& b, i32 id, W... words) {
    const u32 w[] = {0, 0x100, static_cast<u32>(words)...};  // NDR first; an empty one is good enough, ask for the other
    const u32 size = sizeof...(words) ? 24 + sizeof w : 24;
    b.h = {0x1513, size, object, reply_port(), 0, id};
    b.set(24, w, sizeof w);
    const i64 r = message_trap(&b, send_bit | receive_bit, size, sizeof b, reply_port());
    if (r) return r;
    return b.h.bits & complex_bit ? 0 : static_cast<i32>(b.word(32));
}
template <class... W>
i64 routine(Buffer& b, i32 id, W... words) { return routine_on(task_self(), b, id, words...); }
// The same with a port descriptor.
template <class... W>
i64 routine_port(Buffer& b, i32 id, u32 port, u32 disposition, W... words) {
    const PortDescriptor d{port, 0, 0, static_cast<u8>(disposition), 0};
    const u32 one = 1, w[] = {0, 1, static_cast<u32>(words)...};
    const u32 size = 24 + 4 + 12 + sizeof w;
    b.h = {0x1513 | complex_bit, size, task_self(), reply_port(), 0, id};
    b.set(24, &one, 4);
    b.set(28, &d, 12);
    b.set(40, w, sizeof w);
    const i64 r = message_trap(&b, send_bit | receive_bit, size, sizeof b, reply_port());
    if (r) {  // the reply right that was made went with the message: its notification lies in the reply port
        Buffer notification;
        (void)poll(reply_port(), notification);
        return r;
    }
    return b.h.bits & complex_bit ? 0 : static_cast<i32>(b.word(32));
}

inline u32 allocate(u32 right) {
    Buffer b;
    return routine(b, 3204, right) ? 0 : b.word(36);
}
inline u32 refs(u32 name, u32 right) {
    Buffer b;
    return routine(b, 3207, name, right) ? ~0u : b.word(36);
}
inline i64 type(u32 name) {
    Buffer b;
    const i64 r = routine(b, 3201, name);
    return r ? r : static_cast<i64>(b.word(36));
}
inline i64 mod_refs(u32 name, u32 right, i32 delta) {
    Buffer b;
    return routine(b, 3208, name, right, delta);
}
inline i64 deallocate(u32 name) {
    Buffer b;
    return routine(b, 3206, name);
}
inline i64 insert_right(u32 name, u32 port, u32 disposition) {
    Buffer b;
    return routine_port(b, 3214, port, disposition, name);
}
inline i64 queue_limit(u32 name, u32 limit) {
    Buffer b;
    return routine(b, 3218, name, 1, 1, limit);
}
// MACH_PORT_RECEIVE_STATUS, word n of it.
inline i64 status(u32 name, u32 n) {
    Buffer b;
    const i64 r = routine(b, 3217, name, 2, 10);
    return r ? -r : static_cast<i64>(b.word(40 + 4 * n));
}
inline u32 previous;  // the right that was asked with before
inline i64 request_notification(u32 name, i32 id, u32 sync, u32 notify, u32 disposition = make_send_once) {
    Buffer b;
    const i64 r = routine_port(b, 3213, notify, disposition, name, id, sync);
    if (!r) previous = b.word(28);
    return r;
}
inline u32 names() {  // how many there are
    Buffer b;
    if (routine(b, 3200)) return ~0u;
    u64 lists[2];
    __builtin_memcpy(&lists[0], b.body + 4, 8);
    __builtin_memcpy(&lists[1], b.body + 20, 8);
    const u32 n = b.word(24 + 4 + 32 + 8);
    for (u64 list : lists) call(bsd + 73, list, (n * 4 + 4095) & ~4095u);
    return n;
}
