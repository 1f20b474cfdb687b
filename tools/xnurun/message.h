// SPDX-License-Identifier: BSD-3-Clause
// Mach messages in the kernel's hands (osfmk/ipc/mach_msg.c, ipc_kmsg.c): queued on a Port until its receiver comes.
// MessageHeader and what follows it have the layout that user space sees; names in it are the task's.
#pragma once
#include "sys/darwin/mach.h"
#include "tools/xnurun/ports.h"

namespace trapeze {

enum : u32 {
    msg_move_receive = 16, msg_move_send, msg_move_send_once, msg_copy_send, msg_make_send, msg_make_send_once
};

struct Message {
    Message* next;
    u32 carried;  // a send right's name in the body that is lost if nobody receives it, 0 = none
    u32 size;     // msgh_size
    u8 bytes[112];
};

Message* message_new();
void message_destroy_locked(Message*);  // with what it carries; under ports_lock
void message_free(Message*);

// A request to a kernel object, already copied in: the reply, or null if the routine has none to give.
// osfmk/kern/ipc_kobject.c. `carried` is the port that a first port descriptor brought, or null; it is consumed.
Message* kernel_rpc(Port* destination, const u8* request, u32 size, Port* carried, u32 reply_name);

}  // namespace trapeze
