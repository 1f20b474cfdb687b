// SPDX-License-Identifier: BSD-3-Clause
// Mach on Darwin: messages, the kernel's RPC, semaphores. The layouts are the kernel's (osfmk/mach/message.h, ndr.h,
// mig_errors.h), 4-byte packed.
#pragma once
#include "sys/darwin/kern_return.h"
#include "sys/darwin/types.h"

namespace trapeze::xnu {

#pragma pack(push, 4)
struct mach_msg_header_t {
    u32 bits;
    u32 size;
    mach_port_t remote_port;
    mach_port_t local_port;
    u32 voucher_port;
    i32 id;
};
struct mach_msg_body_t {
    u32 descriptor_count;
};
struct mach_msg_port_descriptor_t {
    mach_port_t name;
    u32 pad1;
    u16 pad2;
    u8 disposition;
    u8 type;
};
struct NDR_record_t {
    u8 mig_vers, if_vers, reserved1, mig_encoding, int_rep, char_rep, float_rep, reserved2;
};
struct mach_msg_trailer_t {
    u32 type;
    u32 size;
};
struct mig_reply_error_t {  // the answer of a routine that gives nothing back, and of any that failed
    mach_msg_header_t header;
    NDR_record_t ndr;
    kern_return_t code;
};
#pragma pack(pop)

static_assert(sizeof(mach_msg_header_t) == 24 && sizeof(mach_msg_port_descriptor_t) == 12 && sizeof(NDR_record_t) == 8);
static_assert(offsetof(mach_msg_port_descriptor_t, disposition) == 10 && sizeof(mig_reply_error_t) == 36);

constexpr NDR_record_t ndr_record = {0, 0, 0, 0, 1, 0, 0, 0};  // little-endian integers

constexpr u32 MACH_MSGH_BITS_COMPLEX = 0x80000000;
constexpr u8 MACH_MSG_TYPE_MOVE_SEND = 17, MACH_MSG_TYPE_COPY_SEND = 19, MACH_MSG_TYPE_MAKE_SEND_ONCE = 21;
constexpr u8 MACH_MSG_PORT_DESCRIPTOR = 0;
constexpr u32 MACH_SEND_MSG = 1, MACH_RCV_MSG = 2;

}  // namespace trapeze::xnu

namespace trapeze {

// One message out, in, or both, in the same buffer; sizes in bytes. An interrupted half is done again, and only that half:
// a request that was delivered is not sent twice. receive_size must cover the 8-byte trailer. Blocks.
xnu::kern_return_t mach_msg(xnu::mach_msg_header_t* message, u32 options, u32 send_size, u32 receive_size, xnu::mach_port_t receive_on,
                            u32 timeout_ms);

// A request to a kernel object and its answer in the same buffer of `room` bytes; the caller has set size, id, remote_port
// and, for a complex message, the complex bit. `reply_size` is the answer's size on success if it is not just a code.
// Returns the routine's own code, or MIG_* when the answer is not what was asked for, as MIG's clients do.
xnu::kern_return_t machcall(xnu::mach_msg_header_t* message, u32 room, u32 reply_size);

xnu::mach_port_t mach_task_self();

// In the child of a fork, whose names are its own: the task's is asked for again.
void mach_forked();

// A new semaphore with count 0, or 0 and the reason in *error. Destroy: its waiters get KERN_TERMINATED.
xnu::mach_port_t semcreate(xnu::kern_return_t* error);
xnu::kern_return_t semdestroy(xnu::mach_port_t semaphore);

// Takes one from the count, waiting for it (deadline on nanotime's clock; negative: for ever). False: the time passed.
bool semacquire(xnu::mach_port_t semaphore, i64 deadline);
void semrelease(xnu::mach_port_t semaphore);
// Takes whatever the count holds, without waiting.
void semreset(xnu::mach_port_t semaphore);

// Ends the program: "mach error: semaphore_wait(port 0x1503): KERN_INVALID_NAME (15)".
[[noreturn]] void macherror(const char* call, xnu::mach_port_t port, xnu::kern_return_t code);

}  // namespace trapeze
