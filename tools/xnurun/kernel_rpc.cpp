// SPDX-License-Identifier: BSD-3-Clause
// The kernel's MIG servers, as far as they are emulated: semaphore_create and semaphore_destroy of the task, host_page_size
// of the host. Replies have MIG's forms: an error, or a routine without results, is 36 bytes with the RetCode; a routine
// whose only result is a port answers a complex message without NDR and RetCode.
//
// An id that XNU has and we have not ends the run by name; one that XNU has not gets MIG_BAD_ID.
#include "sys/darwin/calldata.h"
#include "sys/darwin/kern_return.h"
#include "sys/darwin/numbers.h"
#include "sys/mem.h"
#include "tools/xnurun/message.h"
#include "tools/xnurun/report.h"
#include "tools/xnurun/semaphore.h"

namespace trapeze {
namespace {

constexpr u32 reply_bits = msg_move_send_once << 8;  // local: the send-once right that the kernel used up

xnu::mach_msg_header_t reply_header(u32 size, u32 reply_name, i32 request_id, u32 more_bits = 0) {
    xnu::mach_msg_header_t h{};
    h.bits = reply_bits | more_bits;
    h.size = size;
    h.local_port = reply_name;
    h.id = request_id + 100;
    return h;
}

Message* reply_code(i32 code, u32 reply_name, i32 request_id) {
    Message* m = message_new();
    xnu::mig_reply_error_t r{};
    r.header = reply_header(sizeof r, reply_name, request_id);
    r.ndr = xnu::ndr_record;
    r.code = code;
    m->size = sizeof r;
    memcpy(m->bytes, &r, sizeof r);
    return m;
}

struct PortReply {
    xnu::mach_msg_header_t header;
    xnu::mach_msg_body_t body;
    xnu::mach_msg_port_descriptor_t port;
};
static_assert(sizeof(PortReply) == 40);

Message* rpc_semaphore_create(const u8* request, u32 size, bool complex, u32 reply_name, i32 id) {
    if (complex || size != 40) return reply_code(xnu::MIG_BAD_ARGUMENTS, reply_name, id);
    i32 policy, value;
    memcpy(&policy, request + 32, 4);
    memcpy(&value, request + 36, 4);
    u32 name = 0;
    if (const i32 failed = semaphore_create(policy, value, name)) return reply_code(failed, reply_name, id);
    Message* m = message_new();
    PortReply r{};
    r.header = reply_header(sizeof r, reply_name, id, xnu::MACH_MSGH_BITS_COMPLEX);
    r.body.descriptor_count = 1;
    r.port.name = name;
    r.port.disposition = xnu::MACH_MSG_TYPE_MOVE_SEND;
    r.port.type = xnu::MACH_MSG_PORT_DESCRIPTOR;
    m->size = sizeof r;
    m->carried = name;
    memcpy(m->bytes, &r, sizeof r);
    return m;
}

Message* rpc_semaphore_destroy(const u8* request, u32 size, bool complex, Port* carried, u32 reply_name, i32 id) {
    u32 count = 0;
    if (size >= 28) memcpy(&count, request + 24, 4);
    if (!complex || count != 1 || size != 40) return reply_code(xnu::MIG_BAD_ARGUMENTS, reply_name, id);
    const u8 disposition = request[28 + 10];
    if (disposition == msg_make_send_once || disposition == msg_move_send_once)
        return reply_code(xnu::MIG_TYPE_ERROR, reply_name, id);
    if (!carried || carried->kind != PortKind::semaphore)
        return reply_code(xnu::KERN_INVALID_ARGUMENT, reply_name, id);
    semaphore_destroy(carried);
    return reply_code(0, reply_name, id);
}

Message* rpc_host_page_size(u32 reply_name, i32 id) {
    struct {
        xnu::mig_reply_error_t error;
        u32 size;
    } r{};
    r.error.header = reply_header(sizeof r, reply_name, id);
    r.error.ndr = xnu::ndr_record;
    r.size = 4096;
    Message* m = message_new();
    m->size = sizeof r;
    memcpy(m->bytes, &r, sizeof r);
    return m;
}

const char* known_routine(i32 id) {
    for (const auto& routine : xnu::mig_routines)
        if (routine.id == id) return routine.name;
    return nullptr;
}

const char* kind_name(PortKind kind) {
    switch (kind) {
    case PortKind::task: return "task";
    case PortKind::thread: return "thread";
    case PortKind::host: return "host";
    case PortKind::semaphore: return "semaphore";
    default: return "";
    }
}

}  // namespace

Message* kernel_rpc(Port* destination, const u8* request, u32 size, Port* carried, u32 reply_name) {
    xnu::mach_msg_header_t h;
    memcpy(&h, request, sizeof h);
    const bool complex = h.bits & xnu::MACH_MSGH_BITS_COMPLEX;
    Message* reply = nullptr;
    if (destination->kind == PortKind::task && h.id == xnu::MIG_semaphore_create) {
        reply = rpc_semaphore_create(request, size, complex, reply_name, h.id);
    } else if (destination->kind == PortKind::task && h.id == xnu::MIG_semaphore_destroy) {
        reply = rpc_semaphore_destroy(request, size, complex, carried, reply_name, h.id);
    } else if (destination->kind == PortKind::host && h.id == 202) {
        reply = rpc_host_page_size(reply_name, h.id);
    } else if (const char* name = known_routine(h.id)) {
        give_up("MIG routine ", h.id, " (", name, ") to a ", kind_name(destination->kind), " port is not emulated");
    } else {
        reply = reply_code(xnu::MIG_BAD_ID, reply_name, h.id);
    }
    if (carried) port_unref(carried);
    return reply;
}

}  // namespace trapeze
