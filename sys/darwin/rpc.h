// SPDX-License-Identifier: BSD-3-Clause
// MIG's wire format as types, so that a routine of the kernel's (sys/darwin/mig.tbl) is a line or three:
//
//   kern_return_t host_page_size(mach_port_t host, u64* size) { return rpc(host, MIG_host_page_size, Nothing{}, size); }
//
// What MIG writes (bootstrap_cmds is not in XNU's sources; its rules show in what both sides check):
//   request           header | NDR, arguments                             without arguments the NDR is left out
//   with a descriptor header | body, descriptor | NDR, arguments          complex
//   answer            header | NDR, code, results                         the code alone: 36 bytes, also of every failure
//   with a descriptor header | body, descriptor | NDR, results            complex, which says that it went well; no NDR without results
// Everything is 4-byte packed; a variable array is its count and as many elements as that. `In` and `Out` are plain types whose
// bytes are the arguments; 64-bit members of a struct that lie at an odd multiple of 4 need #pragma pack(4) around it.
#pragma once
#include "sys/darwin/mach.h"
#include "sys/darwin/numbers.h"
#include "sys/mem.h"

namespace trapeze {

struct Nothing {};
inline constexpr Nothing* none = nullptr;

template <class T>
constexpr u32 wire_size = __is_empty(T) ? 0 : sizeof(T);

inline xnu::mach_msg_port_descriptor_t port_part(xnu::mach_port_t name, u8 disposition) {
    return {name, 0, 0, disposition, xnu::MACH_MSG_PORT_DESCRIPTOR};
}
inline xnu::mach_msg_ool_descriptor_t memory_part(const void* at, u32 bytes) {
    return {reinterpret_cast<u64>(at), 0, xnu::MACH_MSG_VIRTUAL_COPY, 0, xnu::MACH_MSG_OOL_DESCRIPTOR, bytes};
}

// The common end: puts the pieces in place, calls, takes the answer apart. in_part and out_part are one descriptor each or null;
// out_least < out_size allows an answer with a shorter array.
struct RpcPieces {
    const void* in_part;
    u32 in_part_size;
    const void* in;
    u32 in_size;
    void* out_part;
    u32 out_part_size;
    u8 out_part_type;
    void* out;
    u32 out_size, out_least;
};
[[nodiscard]] xnu::kern_return_t rpc_call(xnu::mach_port_t object, i32 id, const RpcPieces& pieces);

template <class In, class Out>
[[nodiscard]] xnu::kern_return_t rpc(xnu::mach_port_t object, i32 id, const In& in, Out* out) {
    return rpc_call(object, id, {nullptr, 0, &in, wire_size<In>, nullptr, 0, 0, out, wire_size<Out>, wire_size<Out>});
}
template <class Part, class In, class Out>
[[nodiscard]] xnu::kern_return_t rpc(xnu::mach_port_t object, i32 id, const Part& part, const In& in, Out* out) {
    return rpc_call(object, id, {&part, sizeof part, &in, wire_size<In>, nullptr, 0, 0, out, wire_size<Out>, wire_size<Out>});
}

// The answer is one right, which is the caller's from then on.
template <class In>
[[nodiscard]] xnu::kern_return_t rpc_port(xnu::mach_port_t object, i32 id, const In& in, xnu::mach_port_t* port) {
    xnu::mach_msg_port_descriptor_t part{};
    const xnu::kern_return_t r = rpc_call(
        object, id, {nullptr, 0, &in, wire_size<In>, &part, sizeof part, xnu::MACH_MSG_PORT_DESCRIPTOR, nullptr, 0, 0});
    if (r == xnu::KERN_SUCCESS) *port = part.name;
    return r;
}

// The answer has one descriptor of out-of-line memory or names, the caller's from then on, and results.
template <class Part, class In, class Out>
[[nodiscard]] xnu::kern_return_t rpc_memory(xnu::mach_port_t object, i32 id, const In& in, Part* part, u8 type, Out* out) {
    return rpc_call(object, id, {nullptr, 0, &in, wire_size<In>, part, sizeof *part, type, out, wire_size<Out>, wire_size<Out>});
}

// The info routines: the last argument is how many words there is room for, the answer how many came and they. *count is both.
template <u32 most>
struct InfoWords {
    u32 count;
    i32 words[most];
};
template <u32 most, class In>
[[nodiscard]] xnu::kern_return_t rpc_info(xnu::mach_port_t object, i32 id, const In& in, i32* words, u32* count) {
    struct {
        In in;
        u32 count;
    } request = {in, *count < most ? *count : most};
    InfoWords<most> answer{};
    const xnu::kern_return_t r = rpc_call(object, id, {nullptr, 0, &request, sizeof request, nullptr, 0, 0, &answer, sizeof answer, 4});
    if (r != xnu::KERN_SUCCESS) return r;
    if (answer.count > request.count) return xnu::MIG_ARRAY_TOO_LARGE;
    memcpy(words, answer.words, answer.count * 4);
    *count = answer.count;
    return r;
}

}  // namespace trapeze
