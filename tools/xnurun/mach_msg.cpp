// SPDX-License-Identifier: BSD-3-Clause
// mach_msg_trap, mach_msg_overwrite_trap and mach_msg2_trap: the send half, the receive half, the trailer
// (osfmk/ipc/mach_msg.c). The traps never retry: an interrupted half is MACH_*_INTERRUPTED, and the library's options for it
// (0x40, 0x400) mean nothing here.
// A reply of the kernel's is queued before the send half is over, so the receive half of an RPC never sleeps.
#include "sys/darwin/errno.h"
#include "sys/darwin/kern_return.h"
#include "sys/mem.h"
#include "tools/xnurun/era.h"
#include "tools/xnurun/handlers.h"
#include "tools/xnurun/message_parts.h"
#include "tools/xnurun/signal.h"

namespace trapeze {
namespace {

struct Trailer {
    u32 type, size, sequence;
    u32 sender[2], audit[8];
    u32 more[4];
};
static_assert(sizeof(Trailer) == 68);

// What the receiver asked for of it. Security token {uid, gid}; audit token {auid, euid, egid, ruid, rgid, pid, asid, pid version}.
void sender_of(const Message* m, Trailer& t) {
    if (m->from_kernel) {
        t.sender[1] = 1;  // KERNEL_SECURITY_TOKEN
        return;
    }
    if (t.size <= offsetof(Trailer, sender)) return;
    u32 uid[3], gid[3];  // real, effective, saved
    host(lnx::SYS_getresuid, &uid[0], &uid[1], &uid[2]);
    host(lnx::SYS_getresgid, &gid[0], &gid[1], &gid[2]);
    const u32 audit[8] = {uid[1], uid[1], gid[1], uid[0], gid[0], static_cast<u32>(own_pid()), 100000, 1};
    t.sender[0] = uid[1];
    t.sender[1] = gid[1];
    memcpy(t.audit, audit, sizeof audit);
}

// What there is no room for is dropped; of a message without any a header comes that says so.
bool put_aux(const Message* m, AuxPlace place) {
    constexpr u64 empty = 0;
    if (place.room < aux_header || m->aux_size > place.room) return true;
    return m->aux_size ? copyout(m->aux, place.at, m->aux_size) : copyout(empty, place.at);
}

i32 put(Message* m, u64 to, u32 option, u32 sequence, u64 context, AuxPlace aux) {
    u32 size;
    memcpy(&size, m->bytes + 4, 4);
    Trailer tail{};
    tail.size = trailer_size(option);
    tail.sequence = sequence;
    sender_of(m, tail);
    memcpy(tail.more, &context, 8);
    const bool done = copyout(m->bytes, to, size) && copyout(&tail, to + ((size + 3) & ~3u), tail.size) && put_aux(m, aux);
    message_free(m);
    return done ? 0 : xnu::MACH_RCV_INVALID_DATA;
}

u64 context_of(const Message* m) {
    Locked hold(ports_lock);
    return m->remote ? m->remote->context : 0;
}

}  // namespace

// mach_msg_receive_results.
i32 message_receive_to(u64 to, u32 option, u32 limit, u32 name, u32 timeout_ms, u32& size_of, u32& name_of, AuxPlace aux) {
    Waiter w{};
    i32 result = message_receive(name, option, limit, timeout_ms, w);
    size_of = w.message ? w.message->size : w.size;
    name_of = w.name;
    if (result && !w.message) {
        if (result != xnu::MACH_RCV_TOO_LARGE) return result;
        if (option & rcv_large_identity && !copyout(w.name, to + 12)) result = xnu::MACH_RCV_INVALID_DATA;
        if (!copyout(w.size, to + 4)) result = xnu::MACH_RCV_INVALID_DATA;
        return result;
    }
    Message* m = w.message;
    const u64 context = context_of(m);
    bool header_only = result != 0;
    if (!result) result = message_copyout(m, header_only);
    if (header_only) message_copyout_dest(m);  // what it carried is lost; a header and a trailer tell of it
    if (put(m, to, option, w.sequence, context, aux)) result = xnu::MACH_RCV_INVALID_DATA;
    return result;
}

namespace {

i32 receive(u64 to, u32 option, u32 limit, u32 name, u32 timeout_ms, AuxPlace aux = {}) {
    u32 size, port;
    return message_receive_to(to, option, limit, name, timeout_ms, size, port, aux);
}

i32 send(Message* m, u64 from, u32 option, u32 timeout_ms) {
    if (const i32 failed = message_copyin(m, option)) return failed;
    i32 result = message_send(m, option, timeout_ms);
    if (!result) return 0;
    result |= message_copyout_pseudo(m);  // it comes back as if it had been received
    (void)copyout(m->bytes, from, m->size);
    message_free(m);
    return result;
}

// osfmk/ipc/ipc_policy.c: what the legacy traps may still send from xnu-8792 on, and only for programs that say they were
// made for 12 or older, which a raw program does not. The guard exception is fatal: SIGKILL.
i32 refuse_legacy(u32 id) {
    eprint("xnurun: mach_msg_trap sends message ", id, ": refused from macOS 13 on (EXC_GUARD, invalid options); SIGKILL\n");
    die_by_signal(xnu::SIGKILL);
}

constexpr u64 msg_vector = 1ull << 32, send_kobject = 2ull << 32, send_mq = 4ull << 32, send_any = 8ull << 32,
              send_dk = 0x10ull << 32, send_modes = send_kobject | send_mq | send_any | send_dk;

}  // namespace

Answer mach_msg(Trap& trap) {
    const u32 option = trap.u(1), send_size = trap.u(2), receive_size = trap.u(3), name = trap.u(4), timeout = trap.u(5);
    if (option & send_msg) {
        Message* m;
        if (const i32 failed = message_get(trap.w(0), send_size, m)) return kern(failed);
        if (era && era >= era_13) {
            u32 id;
            memcpy(&id, m->bytes + 20, 4);
            refuse_legacy(id);
        }
        if (const i32 failed = send(m, trap.w(0), option, timeout)) return kern(failed);
    }
    if (option & rcv_msg) {
        const bool overwrite = trap.number == 32 && trap.w(7) != 0;
        return kern(receive(overwrite ? trap.w(7) : trap.w(0), option, receive_size, name, timeout));
    }
    return kern(0);
}

namespace {

struct Vector {  // mach_msg_vector_t: where, another place to receive at, sizes
    u64 data, receive_at;
    u32 send_size, receive_size;
};
constexpr u32 most_vectors = 2;  // the message and its auxiliary data

i32 get_vectors(u64 from, u32 count, bool sends, Vector* v) {
    if (count > most_vectors) return sends ? xnu::MACH_SEND_INVALID_DATA : xnu::MACH_RCV_INVALID_ARGUMENTS;
    if (count == 0) return sends ? xnu::MACH_SEND_MSG_TOO_SMALL : xnu::MACH_RCV_INVALID_ARGUMENTS;
    if (!copyin(v, from, count * sizeof *v)) return sends ? xnu::MACH_SEND_INVALID_DATA : xnu::MACH_RCV_INVALID_ARGUMENTS;
    return 0;
}

// mach_msg_validate_data_vectors, of each half on its own: bad places to receive at are no reason not to send.
i32 check_send(const Vector* v, u32 count) {
    if (count == 0) return xnu::MACH_SEND_MSG_TOO_SMALL;
    if (!v[0].data) return xnu::MACH_SEND_INVALID_DATA;
    if (v[0].send_size < header_size || v[0].send_size % 4) return xnu::MACH_SEND_MSG_TOO_SMALL;
    if (count < most_vectors || !v[1].send_size) return 0;
    if (!v[1].data) return xnu::MACH_SEND_INVALID_DATA;
    if (v[1].send_size < aux_header) return xnu::MACH_SEND_AUX_TOO_SMALL;
    return v[1].send_size > most_aux ? xnu::MACH_SEND_AUX_TOO_LARGE : 0;
}

i32 check_receive(const Vector* v, u32 count, AuxPlace& aux) {
    if (count == 0) return xnu::MACH_RCV_INVALID_ARGUMENTS;
    if (count < most_vectors) return 0;
    aux = {v[1].receive_at ? v[1].receive_at : v[1].data, v[1].receive_size};
    return !aux.at || aux.room < aux_header ? xnu::MACH_RCV_INVALID_ARGUMENTS : 0;
}

i32 get_aux(Message* m, const Vector& v) {
    m->aux = static_cast<u8*>(try_pages(most_aux));
    if (!m->aux) return xnu::MACH_SEND_NO_BUFFER;
    if (!copyin(m->aux, v.data, v.send_size)) return xnu::MACH_SEND_INVALID_DATA;
    m->aux_size = v.send_size;
    memcpy(m->aux, &m->aux_size, 4);  // whatever the sender's header said
    return 0;
}

}  // namespace

// xnu-8792 on: the header comes in registers, the body from memory behind where the header is; each argument is two. With
// MACH64_MSG_VECTOR memory is named by vectors: sizes in registers are their counts.
Answer mach_msg2(Trap& trap) {
    const auto low = [&](int n) { return static_cast<u32>(trap.w(n)); };
    const auto high = [&](int n) { return static_cast<u32>(trap.w(n) >> 32); };
    const u64 options = trap.w(1);
    const u32 option = static_cast<u32>(options);
    const bool vectored = options & msg_vector;
    if (option & send_msg) {
        const u64 mode = options & send_modes;
        if (!mode || mode & (mode - 1) || (vectored && !(mode & (send_mq | send_any)))) {
            eprint("xnurun: mach_msg2_trap with options ", hex(options), ": EXC_GUARD, invalid options; SIGKILL\n");
            die_by_signal(xnu::SIGKILL);
        }
    }
    Vector v[most_vectors] = {};
    const u32 send_vectors = high(2), receive_vectors = low(6);
    if (vectored) {
        const u32 most = send_vectors > receive_vectors ? send_vectors : receive_vectors;
        if (const i32 failed = get_vectors(trap.w(0), most, option & send_msg, v)) return kern(failed);
    }
    if (option & send_msg) {
        if (vectored)
            if (const i32 failed = check_send(v, send_vectors)) return kern(failed);
        const u64 from = vectored ? v[0].data : trap.w(0);
        const u32 size = vectored ? v[0].send_size : high(2), descriptors = low(5);
        if (size < header_size || size % 4) return kern(xnu::MACH_SEND_MSG_TOO_SMALL);
        if (!(low(2) & bits_complex) && descriptors) return kern(xnu::MACH_SEND_TOO_LARGE);
        Message* m;
        if (const i32 failed = message_get(from, size, m)) return kern(failed);
        if (vectored && send_vectors == most_vectors && v[1].send_size)
            if (const i32 failed = get_aux(m, v[1])) {
                message_free(m);
                return kern(failed);
            }
        const xnu::mach_msg_header_t h{low(2), size, low(3), high(3), low(4), static_cast<i32>(high(4))};
        memcpy(m->bytes, &h, sizeof h);
        if (h.bits & bits_complex) {
            if (size < header_size + 4) {
                message_free(m);
                return kern(xnu::MACH_SEND_MSG_TOO_SMALL);
            }
            memcpy(m->bytes + header_size, &descriptors, 4);
        }
        if (const i32 failed = send(m, from, option, static_cast<u32>(trap.w(7)))) return kern(failed);
    }
    if (!(option & rcv_msg)) return kern(0);
    u64 to = trap.w(0);
    u32 limit = low(6);
    AuxPlace aux{};
    if (vectored) {
        if (const i32 failed = check_receive(v, receive_vectors, aux)) return kern(failed);
        to = v[0].receive_at ? v[0].receive_at : v[0].data;
        limit = v[0].receive_size;
    }
    return kern(receive(to, option, limit, high(5), static_cast<u32>(trap.w(7)), aux));
}

}  // namespace trapeze
