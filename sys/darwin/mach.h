// SPDX-License-Identifier: BSD-3-Clause
// Mach messages and the RPC that rides on them; ports are in sys/darwin/port.h, descriptors in sys/darwin/parts.h, typed routines
// in rpc.h, task.h, vm.h and semaphore.h. Layouts and constants: sys/darwin/message.h.
//
// Every function gives a kern_return_t (or mach_msg_return_t: the same numbers), 0 for success; mach_error_string says it in words.
#pragma once
#include "sys/darwin/kern_return.h"
#include "sys/darwin/message.h"
#include "sys/darwin/semaphore.h"
#include "sys/darwin/types.h"

namespace trapeze {

// One message out, in, or both, in the same buffer; sizes in bytes. receive_size must cover the trailer (8 bytes, or what
// mach_rcv_trailer asks for). Blocks: the send half while the port's queue is full, the receive half until there is a message;
// with MACH_SEND_TIMEOUT and MACH_RCV_TIMEOUT at most timeout_ms each (0: not at all).
// Interrupted: the half that a signal interrupted is done again, and only that half: a request that was delivered is not sent
// twice. What is left of the timeout goes on. The kernel's trap itself never tries again.
// From Darwin 22 on sends must say where they go: one of MACH64_SEND_MQ_CALL (assumed), _KOBJECT_CALL, _ANY; a wrong one kills.
// Errors in practice: SEND_INVALID_DEST (dead or no such port), SEND_TIMED_OUT, RCV_TIMED_OUT, RCV_TOO_LARGE (the message is
// lost, or with MACH_RCV_LARGE stays, its size in message->size), RCV_PORT_DIED, RCV_INVALID_NAME.
[[nodiscard]] xnu::kern_return_t mach_msg(xnu::mach_msg_header_t* message, u64 options, u32 send_size, u32 receive_size,
                                          xnu::mach_port_t receive_on, u32 timeout_ms);
// The same without timeouts, which the options must not ask for: less code.
[[nodiscard]] xnu::kern_return_t mach_msg_untimed(xnu::mach_msg_header_t* message, u64 options, u32 send_size, u32 receive_size,
                                                  xnu::mach_port_t receive_on);

// A request and its answer in the same buffer of `room` bytes; the caller has set size, id, remote_port and, for a complex
// message, the complex bit. The answer has reply_size bytes on success, or `least` to that many; 36 and not complex is a code alone.
// Returns the routine's own code, or MIG_* when the answer is not what was asked for, as MIG's clients do; what such an answer
// brought is given back (in programs that link mach_msg_destroy; the kernel's own answers do not come to that). `call` is MACH64_SEND_MQ_CALL where the server is a program. Blocks until the answer is there.
[[nodiscard]] xnu::kern_return_t machcall(xnu::mach_msg_header_t* message, u32 room, u32 reply_size, u32 least = 0,
                                          u64 call = xnu::MACH64_SEND_KOBJECT_CALL);

// The thread's port for answers, made when first needed. One thread has one, so an answer can only come to who asked.
xnu::mach_port_t reply_port();
// Throws it away: after a call that ended before its answer came, since that may still come. Also a thread's last call.
// Before Darwin 12 there is no trap for it, and the name stays behind, unused.
void reply_port_drop();
// In a forked child, before anything else here: port names are not inherited (osfmk/kern/ipc_tt.c ipc_task_init).
void mach_forked();

// The task's own port and the host's: asked for once, as each trap adds a reference to the name.
xnu::mach_port_t mach_task_self();
xnu::mach_port_t mach_host_self();

// A received message that nobody wants: all rights and all memory that it brought are given back, the answer's right too.
// At most `bytes` of it are read; what is malformed ends the search.
void mach_msg_destroy(const xnu::mach_msg_header_t* message, usize bytes);

// To standard error: header, descriptors, data, and for a received message the trailer. Reads at most `bytes`, whatever the
// message says of itself.
void mach_msg_dump(const xnu::mach_msg_header_t* message, usize bytes, bool received = true);

// "KERN_INVALID_NAME (15)", "MACH_RCV_BODY_ERROR + VM_SPACE (0x1000500c)", and for a number that is no known code its parts:
// "system 0x38 subsystem 0x0 code 0x2c2 (0xe00002c2)" (osfmk/mach/error.h).
struct MachErrorText {
    char text[96];
};
MachErrorText mach_error_string(xnu::kern_return_t code);

// Ends the program: "fatal error: mach error: semaphore_wait(port 0x1503): KERN_INVALID_NAME (15)". Names codes, not compositions.
[[noreturn]] void macherror(const char* call, xnu::mach_port_t port, xnu::kern_return_t code);

}  // namespace trapeze
