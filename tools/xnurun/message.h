// SPDX-License-Identifier: BSD-3-Clause
// Mach messages in the kernel's hands (osfmk/ipc/ipc_kmsg.c, ipc_mqueue.c). `bytes` has the layout that user space sees; the
// header's fields are filled in when it is received. In the body of a complex message a port descriptor's first eight
// bytes are the Port*, an out-of-line descriptor's address is that of the emulator's own copy (or of an array of Port*).
//
// A message owns the rights and memory that it carries; whoever takes it off a queue owns it.
#pragma once
#include "sys/darwin/mach.h"
#include "tools/xnurun/ports.h"

namespace trapeze {

enum : u32 {
    msg_move_receive = 16, msg_move_send, msg_move_send_once, msg_copy_send, msg_make_send, msg_make_send_once
};
enum : u32 { descriptor_port = 0, descriptor_ool = 1, descriptor_ool_ports = 2, descriptor_ool_volatile = 3 };
enum : u32 {
    send_msg = 1, rcv_msg = 2, rcv_large = 4, rcv_large_identity = 8, send_timeout = 0x10, send_notify = 0x80,
    rcv_timeout = 0x100, send_always = 0x10000,
};
constexpr u32 bits_complex = 0x80000000, bits_user = 0x801f1f1f;
constexpr u32 header_size = sizeof(xnu::mach_msg_header_t);

struct Message {
    Message* next;
    u64 mapped;                     // bytes: message_buffer_size: one of the emulator's buffers; more: a mapping of its own; 0: small
    Port *remote, *local;           // local may be carried_dead
    u32 remote_type, local_type;    // 17, 18; 0: none
    bool complex, circular, from_kernel;
    i32 id;
    u32 size;                       // msgh_size
    u32 voucher;
    u32 room;                       // of bytes
    u32 aux_size;                   // 0: no auxiliary data
    u8* bytes;
    u8* aux;                        // most_aux bytes of the emulator's
    u8 small[256];
};

constexpr u32 most_aux = 1024;      // IPC_KMSG_MAX_AUX_DATA_SPACE
constexpr u32 aux_header = 8;       // mach_msg_aux_header_t: its size comes first

struct AuxPlace {                   // where the auxiliary data of what is received goes; room 0: nowhere
    u64 at;
    u32 room;
};

// A thread that sleeps in mach_msg, on its own host stack. `wake` is its futex word: waiting until somebody took it off its
// queue, under ports_lock, and said why in `result`; from then on it owns `message` (a receiver) or no longer (a sender).
struct Waiter {
    Waiter* next;
    Port* on;          // the port or set
    u32 wake;          // 0 waiting, 1 done
    bool queued;       // it may sleep: who finishes it wakes it
    u32 option, limit;
    i32 result;
    Message* message;
    u32 size, name, sequence;
};

constexpr u64 message_buffer_size = 8192;
bool message_get_buffer(Message*, u64 size);  // in place of `small`, of which nothing is copied; size bytes are zeroed
Message* message_new(u32 size);     // header and body zeroed; null: no memory
void message_free(Message*);        // only the buffer
void message_destroy_locked(Message*);  // with all that it carries
u32 message_add_port(Message*, Port*, u32 type);  // a port descriptor behind those that are there; the right becomes its
void fork_child_messages();

// User space and back (message_copyin.cpp, message_copyout.cpp). mach_msg_return_t.
i32 message_get(u64 from, u32 size, Message*& message);
i32 message_copyin(Message*, u32& option);           // rights and memory out of the task; on failure the message is gone
i32 message_copyout(Message*, bool& header_only);    // and in again; the message then only has bytes
i32 message_copyout_pseudo(Message*);                // an unsent one goes back to its sender
void message_copyout_dest(Message*);                 // only the header can be told

// Queues (queue.cpp).
void message_post_locked(Message*);                  // from the kernel, whatever the queue limit
i32 message_send(Message*, u32 option, u32 timeout_ms);
i32 message_receive(u32 name, u32 option, u32 limit, u32 timeout_ms, Waiter& result);
i32 message_receive_to(u64 to, u32 option, u32 limit, u32 name, u32 timeout_ms, u32& size, u32& from, AuxPlace aux = {});  // the receive half of mach_msg
void receivers_wake_locked(Port*);                   // the port or set has changed
void senders_wake_locked(Port*);                     // the port died
void queue_destroy_locked(Port*);
void queue_limit_locked(Port*, u32 limit);
void offer_queue_to_locked(Port* port);              // messages that wait to receivers that wait
u32 trailer_size(u32 option);

void object_died_locked(Port*);                      // a kernel object behind a port of the task (timer.cpp)

// A request to a kernel object: the reply, or null if the routine has none to give. osfmk/kern/ipc_kobject.c. The request
// is consumed.
Message* kernel_rpc(Message* request);

}  // namespace trapeze
