// SPDX-License-Identifier: BSD-3-Clause
// machcall and the reply port of each thread. See sys/darwin/mach.h.
#include "sys/calls.h"
#include "sys/darwin/mach.h"
#include "sys/darwin/port.h"
#include "sys/darwin/release.h"
#include "sys/kernel.h"

namespace trapeze {

using namespace xnu;

mach_port_t reply_port() {
    u32& port = tls()->reply_port;
    if (!port) port = sys_mach_reply_port();
    return port;
}

void reply_port_drop() {
    const mach_port_t port = tls()->reply_port;
    tls()->reply_port = 0;
    if (port && darwin_major >= 12)
        (void)sys__kernelrpc_mach_port_mod_refs_trap(mach_task_self(), port, MACH_PORT_RIGHT_RECEIVE, -1);
}

// mach_msg_destroy, if mach_parts_darwin.cpp is linked.
[[gnu::weak]] void unwanted_answer(const mach_msg_header_t*, usize) {}

kern_return_t machcall(mach_msg_header_t* message, u32 room, u32 reply_size, u32 least, u64 call) {
    const i32 id = message->id;
    message->bits = (message->bits & MACH_MSGH_BITS_COMPLEX) | mach_msgh_bits(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE);
    message->local_port = reply_port();
    message->voucher_port = 0;
    kern_return_t r = mach_msg_untimed(message, MACH_SEND_MSG | MACH_RCV_MSG | call, message->size, room, message->local_port);
    if (r != KERN_SUCCESS) {
        // These three never went out. After any other the answer may still come, and must not meet the next call's
        // (libsyscall/mach/mig_reply_port.c, and what MIG writes into its clients).
        if (r != MACH_SEND_INVALID_DATA && r != MACH_SEND_INVALID_DEST && r != MACH_SEND_INVALID_HEADER) reply_port_drop();
        return r;
    }
    const bool complex = message->bits & MACH_MSGH_BITS_COMPLEX;
    if (message->id == MACH_NOTIFY_SEND_ONCE) r = MIG_SERVER_DIED;  // the right to answer was dropped
    else if (message->id != id + 100) r = MIG_REPLY_MISMATCH;
    else if (!complex && message->size == sizeof(mig_reply_error_t)) return reinterpret_cast<mig_reply_error_t*>(message)->code;
    else if (message->size > reply_size || message->size < (least ? least : reply_size)) r = MIG_TYPE_ERROR;
    else return KERN_SUCCESS;
    if (complex) unwanted_answer(message, room);
    return r;
}

}  // namespace trapeze
