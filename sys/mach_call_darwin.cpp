// SPDX-License-Identifier: BSD-3-Clause
// The one body behind rpc.h's templates. The buffer holds the largest message of the routines that are wrapped (544 bytes of
// thread state and the frame around it); a routine that wants more uses machcall.
#include "sys/darwin/rpc.h"
#include "sys/panic.h"

namespace trapeze {

using namespace xnu;

kern_return_t rpc_call(mach_port_t object, i32 id, const RpcPieces& p) {
    alignas(8) u8 buffer[640];
    u32 n = sizeof(mach_msg_header_t);
    auto put = [&](const void* from, u32 size) {
        if (size > sizeof buffer - n) throw_("a MIG request is larger than rpc_call's buffer");
        memcpy(buffer + n, from, size);
        n += size;
    };
    auto* h = reinterpret_cast<mach_msg_header_t*>(buffer);
    *h = {p.in_part_size ? MACH_MSGH_BITS_COMPLEX : 0, 0, object, 0, 0, id};
    if (p.in_part_size) {
        const mach_msg_body_t one = {1};
        put(&one, sizeof one);
        put(p.in_part, p.in_part_size);
    }
    if (p.in_size) {
        put(&ndr_record, sizeof ndr_record);
        put(p.in, p.in_size);
    }
    h->size = n;

    const u32 frame = p.out_part_size ? static_cast<u32>(sizeof(mach_msg_header_t) + sizeof(mach_msg_body_t)) + p.out_part_size
                                      : static_cast<u32>(sizeof(mig_reply_error_t));
    const u32 ndr = p.out_part_size && p.out_size ? sizeof ndr_record : 0;
    kern_return_t r = machcall(h, sizeof buffer, frame + ndr + p.out_size, frame + ndr + p.out_least);
    if (r != KERN_SUCCESS) return r;
    const bool complex = h->bits & MACH_MSGH_BITS_COMPLEX;
    if (!p.out_part_size && !complex) {
        // A routine that has results and answers with a code alone that says success: the code came as r.
        if (h->size < frame + p.out_least) return MIG_TYPE_ERROR;
        if (p.out_size) {
            r = reinterpret_cast<mig_reply_error_t*>(buffer)->code;
            if (r == KERN_SUCCESS) memcpy(p.out, buffer + frame, h->size - frame);
        }
        return r;
    }
    mach_msg_type_descriptor_t part;
    memcpy(&part, buffer + sizeof *h + sizeof(mach_msg_body_t), sizeof part);
    if (!complex || !p.out_part_size || reinterpret_cast<mach_msg_body_t*>(h + 1)->descriptor_count != 1 || part.type != p.out_part_type) {
        if (complex) mach_msg_destroy(h, sizeof buffer);
        return MIG_TYPE_ERROR;
    }
    memcpy(p.out_part, buffer + sizeof *h + sizeof(mach_msg_body_t), p.out_part_size);
    memcpy(p.out, buffer + frame + ndr, h->size - frame - ndr);
    return KERN_SUCCESS;
}

}  // namespace trapeze
