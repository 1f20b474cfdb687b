// SPDX-License-Identifier: BSD-3-Clause
// See sys/darwin/port.h. `by` is the first Darwin whose trap does it; a trap gets local variables, so that the only pointers it
// can find bad are ours.
#include "sys/darwin/port.h"

#include "sys/calls.h"
#include "sys/darwin/release.h"
#include "sys/darwin/rpc.h"
#include "sys/darwin/vm.h"

namespace trapeze {

using namespace xnu;

namespace {

constexpr i32 port_traps = 12, construct_traps = 13, attributes_trap = 18, type_traps = 19;

bool has(i32 by) { return darwin_major >= by; }
constexpr kern_return_t ask_by_message = MACH_SEND_INVALID_DEST;

#pragma pack(push, 4)
struct NameAndLong {
    mach_port_t name;
    u64 value;
};
struct GuardRequest {
    mach_port_t name;
    u64 guard;
    i32 strict;
};
struct DestructRequest {
    mach_port_t name;
    i32 send_delta;
    u64 guard;
};
#pragma pack(pop)
struct Pair {
    u32 a, b;
};
struct Triple {
    u32 a, b, c;
};

}  // namespace

kern_return_t mach_port_allocate(mach_port_t task, u32 right, mach_port_t* name) {
    mach_port_t got = 0;
    kern_return_t r = has(port_traps) ? sys__kernelrpc_mach_port_allocate_trap(task, right, &got) : ask_by_message;
    if (r == ask_by_message) r = rpc(task, MIG_mach_port_allocate, right, &got);
    if (r == KERN_SUCCESS) *name = got;
    return r;
}

kern_return_t mach_port_allocate_name(mach_port_t task, u32 right, mach_port_t name) {
    return rpc(task, MIG_mach_port_allocate_name, Pair{right, name}, none);
}

kern_return_t mach_port_insert_right(mach_port_t task, mach_port_t name, mach_port_t right_of, u8 disposition) {
    const kern_return_t r =
        has(port_traps) ? sys__kernelrpc_mach_port_insert_right_trap(task, name, right_of, disposition) : ask_by_message;
    return r == ask_by_message ? rpc(task, MIG_mach_port_insert_right, port_part(right_of, disposition), name, none) : r;
}

kern_return_t mach_port_extract_right(mach_port_t task, mach_port_t name, u8 disposition, mach_port_t* got, u8* as) {
    mach_msg_port_descriptor_t part{};
    const Pair in = {name, disposition};
    const kern_return_t r = rpc_memory(task, MIG_mach_port_extract_right, in, &part, MACH_MSG_PORT_DESCRIPTOR, none);
    if (r == KERN_SUCCESS) *got = part.name, *as = part.disposition;
    return r;
}

kern_return_t mach_port_mod_refs(mach_port_t task, mach_port_t name, u32 right, i32 delta) {
    const kern_return_t r = has(port_traps) ? sys__kernelrpc_mach_port_mod_refs_trap(task, name, right, delta) : ask_by_message;
    return r == ask_by_message ? rpc(task, MIG_mach_port_mod_refs, Triple{name, right, static_cast<u32>(delta)}, none) : r;
}

kern_return_t mach_port_deallocate(mach_port_t task, mach_port_t name) {
    const kern_return_t r = has(port_traps) ? sys__kernelrpc_mach_port_deallocate_trap(task, name) : ask_by_message;
    return r == ask_by_message ? rpc(task, MIG_mach_port_deallocate, name, none) : r;
}

// The trap came with Darwin 12 and went with 20; the message stayed.
kern_return_t mach_port_destroy(mach_port_t task, mach_port_t name) { return rpc(task, MIG_mach_port_destroy, name, none); }

kern_return_t mach_port_get_refs(mach_port_t task, mach_port_t name, u32 right, u32* references) {
    return rpc(task, MIG_mach_port_get_refs, Pair{name, right}, references);
}

kern_return_t mach_port_type(mach_port_t task, mach_port_t name, u32* types) {
    u32 got = 0;
    kern_return_t r = has(type_traps) ? sys__kernelrpc_mach_port_type_trap(task, name, &got) : ask_by_message;
    if (r == ask_by_message) r = rpc(task, MIG_mach_port_type, name, &got);
    if (r == KERN_SUCCESS) *types = got;
    return r;
}

kern_return_t mach_port_get_attributes(mach_port_t task, mach_port_t name, i32 flavor, i32* info, u32* count) {
    if (has(attributes_trap)) {
        const kern_return_t r = sys__kernelrpc_mach_port_get_attributes_trap(task, name, flavor, info, count);
        if (r != ask_by_message) return r;
    }
    return rpc_info<17>(task, MIG_mach_port_get_attributes, Pair{name, static_cast<u32>(flavor)}, info, count);
}

kern_return_t mach_port_set_attributes(mach_port_t task, mach_port_t name, i32 flavor, const i32* info, u32 count) {
    struct {
        mach_port_t name;
        i32 flavor;
        u32 count;
        i32 info[17];
    } in = {name, flavor, count < 17 ? count : 17, {}};
    memcpy(in.info, info, in.count * 4);
    const RpcPieces pieces = {nullptr, 0, &in, static_cast<u32>(offsetof(decltype(in), info)) + in.count * 4, nullptr, 0, 0, nullptr, 0, 0};
    return rpc_call(task, MIG_mach_port_set_attributes, pieces);
}

kern_return_t mach_port_get_status(mach_port_t task, mach_port_t name, mach_port_status_t* status) {
    u32 count = sizeof *status / 4;
    return mach_port_get_attributes(task, name, MACH_PORT_RECEIVE_STATUS, reinterpret_cast<i32*>(status), &count);
}

kern_return_t mach_port_set_qlimit(mach_port_t task, mach_port_t name, u32 messages) {
    const i32 limit = static_cast<i32>(messages);
    return mach_port_set_attributes(task, name, MACH_PORT_LIMITS_INFO, &limit, 1);
}

kern_return_t mach_port_set_mscount(mach_port_t task, mach_port_t name, u32 count) {
    return rpc(task, MIG_mach_port_set_mscount, Pair{name, count}, none);
}
kern_return_t mach_port_set_seqno(mach_port_t task, mach_port_t name, u32 seqno) {
    return rpc(task, MIG_mach_port_set_seqno, Pair{name, seqno}, none);
}
kern_return_t mach_port_get_context(mach_port_t task, mach_port_t name, u64* context) {
    return rpc(task, MIG_mach_port_get_context, name, context);
}
kern_return_t mach_port_set_context(mach_port_t task, mach_port_t name, u64 context) {
    return rpc(task, MIG_mach_port_set_context, NameAndLong{name, context}, none);
}

kern_return_t mach_port_request_notification(mach_port_t task, mach_port_t name, i32 notification, u32 sync, mach_port_t notify,
                                             u8 disposition, mach_port_t* previous) {
    mach_port_t got = 0;
    kern_return_t r = has(type_traps) ? sys__kernelrpc_mach_port_request_notification_trap(task, name, notification, sync, notify,
                                                                                          disposition, &got)
                                      : ask_by_message;
    if (r == ask_by_message) {
        const mach_msg_port_descriptor_t part = port_part(notify, disposition ? disposition : MACH_MSG_TYPE_MOVE_SEND_ONCE);
        const Triple in = {name, static_cast<u32>(notification), sync};
        mach_msg_port_descriptor_t before{};
        r = rpc_call(task, MIG_mach_port_request_notification,
                     {&part, sizeof part, &in, sizeof in, &before, sizeof before, MACH_MSG_PORT_DESCRIPTOR, nullptr, 0, 0});
        got = before.name;
    }
    if (r == KERN_SUCCESS) *previous = got;
    return r;
}

kern_return_t mach_port_move_member(mach_port_t task, mach_port_t member, mach_port_t set) {
    const kern_return_t r = has(port_traps) ? sys__kernelrpc_mach_port_move_member_trap(task, member, set) : ask_by_message;
    return r == ask_by_message ? rpc(task, MIG_mach_port_move_member, Pair{member, set}, none) : r;
}
kern_return_t mach_port_insert_member(mach_port_t task, mach_port_t member, mach_port_t set) {
    const kern_return_t r = has(port_traps) ? sys__kernelrpc_mach_port_insert_member_trap(task, member, set) : ask_by_message;
    return r == ask_by_message ? rpc(task, MIG_mach_port_insert_member, Pair{member, set}, none) : r;
}
kern_return_t mach_port_extract_member(mach_port_t task, mach_port_t member, mach_port_t set) {
    const kern_return_t r = has(port_traps) ? sys__kernelrpc_mach_port_extract_member_trap(task, member, set) : ask_by_message;
    return r == ask_by_message ? rpc(task, MIG_mach_port_extract_member, Pair{member, set}, none) : r;
}

kern_return_t mach_port_construct(mach_port_t task, const mach_port_options& options, u64 context, mach_port_t* name) {
    if (!has(construct_traps)) return KERN_NOT_SUPPORTED;
    mach_port_t got = 0;
    kern_return_t r = sys__kernelrpc_mach_port_construct_trap(task, &options, context, &got);
    if (r == ask_by_message) r = rpc(task, MIG_mach_port_construct, memory_part(&options, sizeof options), context, &got);
    if (r == KERN_SUCCESS) *name = got;
    return r;
}

kern_return_t mach_port_destruct(mach_port_t task, mach_port_t name, i32 send_delta, u64 guard) {
    if (!has(construct_traps)) return KERN_NOT_SUPPORTED;
    const kern_return_t r = sys__kernelrpc_mach_port_destruct_trap(task, name, send_delta, guard);
    return r == ask_by_message ? rpc(task, MIG_mach_port_destruct, DestructRequest{name, send_delta, guard}, none) : r;
}

kern_return_t mach_port_guard(mach_port_t task, mach_port_t name, u64 guard, bool strict) {
    if (!has(construct_traps)) return KERN_NOT_SUPPORTED;
    const kern_return_t r = sys__kernelrpc_mach_port_guard_trap(task, name, guard, strict);
    return r == ask_by_message ? rpc(task, MIG_mach_port_guard, GuardRequest{name, guard, strict}, none) : r;
}

kern_return_t mach_port_unguard(mach_port_t task, mach_port_t name, u64 guard) {
    if (!has(construct_traps)) return KERN_NOT_SUPPORTED;
    const kern_return_t r = sys__kernelrpc_mach_port_unguard_trap(task, name, guard);
    return r == ask_by_message ? rpc(task, MIG_mach_port_unguard, NameAndLong{name, guard}, none) : r;
}

}  // namespace trapeze
