// SPDX-License-Identifier: BSD-3-Clause
// The port routines that answer with arrays. They come out of line, in pages of their own. See sys/darwin/port.h.
#include "sys/darwin/port.h"
#include "sys/darwin/rpc.h"
#include "sys/darwin/vm.h"

namespace trapeze {

using namespace xnu;

kern_return_t mach_port_names(mach_port_t task, MachNames* names) {
#pragma pack(push, 4)
    struct Reply {
        mach_msg_header_t header;
        mach_msg_body_t body;
        mach_msg_ool_descriptor_t names, types;
        NDR_record_t ndr;
        u32 names_count, types_count;
        mach_msg_trailer_t trailer;
    };
#pragma pack(pop)
    union {
        mach_msg_header_t request;
        Reply reply;
    } m{};
    m.request = {0, sizeof m.request, task, 0, 0, MIG_mach_port_names};
    const kern_return_t r = machcall(&m.request, sizeof m, sizeof(Reply) - sizeof(mach_msg_trailer_t));
    if (r != KERN_SUCCESS) return r;
    if (m.reply.body.descriptor_count != 2 || m.reply.names.type != MACH_MSG_OOL_DESCRIPTOR || m.reply.types.type != MACH_MSG_OOL_DESCRIPTOR ||
        m.reply.names_count != m.reply.types_count || m.reply.names.size < u64{m.reply.names_count} * 4 ||
        m.reply.types.size < u64{m.reply.types_count} * 4) {
        mach_msg_destroy(&m.request, sizeof m);
        return MIG_TYPE_ERROR;
    }
    *names = {reinterpret_cast<const mach_port_t*>(m.reply.names.address), reinterpret_cast<const u32*>(m.reply.types.address),
              m.reply.names_count};
    return KERN_SUCCESS;
}

kern_return_t mach_port_get_set_status(mach_port_t task, mach_port_t set, MachNames* members) {
    mach_msg_ool_descriptor_t part{};
    u32 count = 0;
    const kern_return_t r = rpc_memory(task, MIG_mach_port_get_set_status, set, &part, MACH_MSG_OOL_DESCRIPTOR, &count);
    if (r != KERN_SUCCESS) return r;
    *members = {reinterpret_cast<const mach_port_t*>(part.address), nullptr, part.size / 4 < count ? part.size / 4 : count};
    return r;
}

void mach_port_names_free(MachNames* names) {
    if (names->names && names->count) (void)mach_vm_deallocate(mach_task_self(), reinterpret_cast<u64>(names->names), u64{names->count} * 4);
    if (names->types && names->count) (void)mach_vm_deallocate(mach_task_self(), reinterpret_cast<u64>(names->types), u64{names->count} * 4);
    *names = {};
}

}  // namespace trapeze
