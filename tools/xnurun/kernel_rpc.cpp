// SPDX-License-Identifier: BSD-3-Clause
// From a message to a kernel object to the routine that answers: osfmk/kern/ipc_kobject.c. The id alone chooses it; an object
// of the wrong kind is the routine's affair. See rpc.h for the forms.
//
// An id that XNU has in the era and we have not ends the run by name or is refused, as the tables' column `xnurun` says; one
// that XNU has not gets MIG_BAD_ID.
#include "sys/darwin/forms.h"
#include "sys/darwin/kern_return.h"
#include "tools/xnurun/dispatch.h"
#include "tools/xnurun/era.h"
#include "tools/xnurun/report.h"
#include "tools/xnurun/rpc.h"

namespace trapeze {

namespace {

const RpcServer* const servers[] = {&mig_port_server, &mig_task_server, &mig_thread_server, &mig_vm_server, &mig_entry_server, &mig_host_server,
                                    &mig_clock_server, &mig_semaphore_server, &mig_machine_server, &mig_voucher_server,
                                    &mig_port_debug_server};
static_assert(sizeof xnu::mig_forms / sizeof *xnu::mig_forms == sizeof mig_verdicts / sizeof *mig_verdicts);  // row by row the same
constexpr u32 most = message_buffer_size;  // no routine's reply is larger
constexpr u32 max_descriptors = 8;  // of requests
constexpr u32 reply_start = sizeof(xnu::mig_reply_error_t);

// Without --xnu the messages for semaphores, which only 10.5 took, are refused as by all later ones.
bool of_era(const RoutineVerdict& v) {
    if (!era) return v.until != 1228015 || v.id < 617200;
    return (!v.since || v.since <= era) && (!v.until || era <= v.until);
}

// Of routines that share a number without --xnu that of 10.11, or the newest; null: none, or one that only the kernel sends.
const RoutineVerdict* verdict_of(i32 id) {
    const RoutineVerdict* found = nullptr;
    for (const RoutineVerdict& v : mig_verdicts) {
        if (v.id != id || v.what == Routine::sent || !of_era(v)) continue;
        found = &v;
        if (v.since <= era_10_11 && (!v.until || era_10_11 <= v.until)) break;
    }
    return found;
}

const RpcRow* find(i32 id, const RpcServer*& server) {
    for (const RpcServer* s : servers)
        for (u32 n = 0; n < s->count; n++)
            if (s->rows[n].id == id && s->rows[n].since <= era) {
                server = s;
                return &s->rows[n];
            }
    return nullptr;
}

// MIG's check of a request (migcom's WriteCheckRequest): complex just when descriptors are due, as many as are, and a size that
// can be; then what they are; then the counts, which the size must agree with; then those of memory.
i32 check_form(const Message* m, const xnu::MigForm& form) {
    const u32 wanted = static_cast<u32>(str_len(form.descriptors));
    u32 count = 0;
    if (m->complex) memcpy(&count, m->bytes + header_size, 4);
    if (m->complex != (wanted > 0) || count != wanted || m->size < form.least || m->size > form.most) return xnu::MIG_BAD_ARGUMENTS;
    const u8* d = m->bytes + header_size + 4;
    u32 elements[max_descriptors] = {};
    for (u32 n = 0; n < wanted; n++) {
        const char letter = form.descriptors[n];
        const u8 type = d[11], right = d[10];
        const u8 due = letter == 'm' ? u8{descriptor_ool} : letter == 'p' ? u8{descriptor_ool_ports} : u8{descriptor_port};
        if (type != due) return xnu::MIG_TYPE_ERROR;
        if ((letter == 's' || letter == 'p') && right != msg_move_send) return xnu::MIG_TYPE_ERROR;
        if ((letter == 'o' && right != msg_move_send_once) || (letter == 'r' && right != msg_move_receive)) return xnu::MIG_TYPE_ERROR;
        if (due != descriptor_port) memcpy(&elements[n], d + 12, 4);
        d += due == descriptor_port ? 12 : 16;
    }
    u32 at = form.arguments, more = m->size - form.least;
    bool memory_agrees = true;
    for (const xnu::MigPart* part = form.parts; part < form.parts + form.part_count; part++) {
        if (part->kind == xnu::MigPart::memory_fixed) {
            memory_agrees = memory_agrees && elements[part->descriptor] == part->unit;
            continue;
        }
        at += part->skip;
        u32 n;
        memcpy(&n, m->bytes + at, 4);
        at += 4;
        if (part->kind == xnu::MigPart::memory) {
            memory_agrees = memory_agrees && elements[part->descriptor] / part->unit == n;
            continue;
        }
        const u64 bytes = (n * u64{part->unit} + 3) & ~u64{3};
        if (n > part->limit || bytes > more) return xnu::MIG_BAD_ARGUMENTS;
        at += static_cast<u32>(bytes);
        more -= static_cast<u32>(bytes);
    }
    if (more) return xnu::MIG_BAD_ARGUMENTS;
    return memory_agrees ? 0 : xnu::MIG_TYPE_ERROR;
}

// What a routine made of a reply has the form that the table says, or the table or the routine is wrong.
void check_reply(const Rpc& rpc, const xnu::MigForm& form) {
    u32 count = 0;
    if (rpc.reply->complex) memcpy(&count, rpc.reply->bytes + header_size, 4);
    const u32 size = rpc.end ? rpc.end : reply_start;
    if (size < form.reply_least || size > form.reply_most || count != form.reply_descriptors)
        give_up("broken: the reply of ", form.name, " has ", size, " bytes and ", count, " descriptors");
}

bool told[sizeof mig_verdicts / sizeof *mig_verdicts];

i32 serve(Rpc& rpc) {
    const i32 id = rpc.request->id;
    const RoutineVerdict* verdict = verdict_of(id);
    if (!verdict) return xnu::MIG_BAD_ID;
    const xnu::MigForm& form = xnu::mig_forms[verdict - mig_verdicts];
    if (const i32 wrong = check_form(rpc.request, form)) return wrong;
    rpc.arguments = form.arguments;
    if (verdict->what == Routine::refused) {
        if (verdict->loud && !__atomic_exchange_n(&told[verdict - mig_verdicts], true, __ATOMIC_RELAXED))
            eprint("xnurun: ", verdict->name, " is refused: ", verdict->reason, "\n");
        return verdict->refused;
    }
    const RpcServer* server;
    if (const RpcRow* row = find(id, server)) {
        if (!server->serves(rpc.object)) return row->wrong_object ? row->wrong_object : server->wrong_object;
        const i32 code = row->handler(rpc);
        if (!code) check_reply(rpc, form);
        return code;
    }
    give_up("MIG routine ", id, " (", verdict->name, ") is not emulated");
}

}  // namespace

void Rpc::keep_port(u32 n) { memset(request->bytes + header_size + 4 + 12 * n, 0, 8); }

void Rpc::widen(u32 bytes) {
    if (bytes <= reply->room) return;
    if (bytes > most) give_up("broken: a kernel reply of ", bytes, " bytes");
    const u8* narrow = reply->bytes;
    const u32 room = reply->room;
    (void)message_get_buffer(reply, most);  // there is always one of this size
    memcpy(reply->bytes, narrow, room);
}

Rpc& Rpc::put(const void* data, u32 n) {
    if (end < reply_start && !reply->complex) end = reply_start;
    widen(end + n);
    memcpy(reply->bytes + end, data, n);
    end += n;
    return *this;
}

void Rpc::put_port(Port* port, u32 type) {
    end = message_add_port(reply, port, type);
    only_ports = true;
}

void Rpc::put_ndr() {
    put(&xnu::ndr_record, 8);
}

bool Rpc::put_memory(const void* data, u32 size, u32 ports) {
    u64 copy = 0;
    if (size) {
        const i64 r = host(lnx::SYS_mmap, 0, size, lnx::PROT_READ | lnx::PROT_WRITE, lnx::MAP_PRIVATE | lnx::MAP_ANON, -1, 0);
        if (host_failed(r)) return false;
        copy = static_cast<u64>(r);
        memcpy(reinterpret_cast<void*>(copy), data, size);
    }
    u32 count = 0;
    if (reply->complex) memcpy(&count, reply->bytes + header_size, 4);
    else end = header_size + 4;
    reply->complex = true;
    count++;
    memcpy(reply->bytes + header_size, &count, 4);
    u8* d = reply->bytes + end;
    memcpy(d, &copy, 8);
    const u32 length = ports ? ports : size;
    d[8] = 0;
    d[9] = 1;  // MACH_MSG_VIRTUAL_COPY: the receiver's to give back
    d[10] = ports ? u8{msg_move_send} : u8{0};
    d[11] = ports ? u8{descriptor_ool_ports} : u8{descriptor_ool};
    memcpy(d + 12, &length, 4);
    end += 16;
    return true;
}

Message* kernel_rpc(Message* request) {
    Message* reply = message_new(reply_start);
    if (!reply) {
        Locked hold(ports_lock);
        message_destroy_locked(request);
        return nullptr;
    }
    reply->remote = request->local;
    reply->remote_type = request->local_type;
    reply->id = request->id + 100;
    request->local = nullptr;

    Rpc rpc{request, request->remote, reply, 0, 0, false};
    const i32 code = serve(rpc);

    Locked hold(ports_lock);
    if (code && reply->complex) {  // what was put before it failed
        reply->size = rpc.end;
        Message* waste = message_new(rpc.end);
        if (waste) {
            memcpy(waste->bytes, reply->bytes, rpc.end);
            waste->complex = true;
            message_destroy_locked(waste);
        }
        reply->complex = false;
    }
    if (code || !rpc.end) rpc.end = reply_start;
    if (!reply->complex) {
        xnu::mig_reply_error_t r{};
        r.ndr = xnu::ndr_record;
        r.code = code;
        memcpy(reply->bytes + header_size, &r.ndr, sizeof r - header_size);
    }
    reply->size = rpc.end;
    message_destroy_locked(request);
    if (!carried_valid(reply->remote) || of_kernel(reply->remote)) {
        message_destroy_locked(reply);
        return nullptr;
    }
    return reply;
}

}  // namespace trapeze
