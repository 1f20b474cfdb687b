// SPDX-License-Identifier: BSD-3-Clause
// See sys/darwin/mach.h. The reply port is the thread's (Tls::reply_port): an answer can only come to who asked.
#include "sys/darwin/mach.h"

#include "sys/calls.h"
#include "sys/kern_return.h"
#include "sys/os.h"
#include "sys/panic.h"

namespace trapeze {

using namespace xnu;

kern_return_t mach_msg(mach_msg_header_t* message, u32 options, u32 send_size, u32 receive_size, mach_port_t receive_on, u32 timeout_ms) {
    for (;;) {
        // The trap itself never retries; the library of the system does what this loop does (libsyscall/mach/mach_msg.c).
        kern_return_t r = sys_mach_msg_trap(message, options, send_size, receive_size, receive_on, timeout_ms, 0);
        if (r == MACH_SEND_INTERRUPTED) continue;
        if (r != MACH_RCV_INTERRUPTED) return r;
        options &= ~MACH_SEND_MSG;
        send_size = 0;
    }
}

kern_return_t machcall(mach_msg_header_t* message, u32 room, u32 reply_size) {
    u32& port = tls()->reply_port;
    if (!port) port = sys_mach_reply_port();
    const i32 id = message->id;
    message->bits = (message->bits & MACH_MSGH_BITS_COMPLEX) | MACH_MSG_TYPE_COPY_SEND | MACH_MSG_TYPE_MAKE_SEND_ONCE << 8;
    message->local_port = port;
    message->voucher_port = 0;
    kern_return_t r = mach_msg(message, MACH_SEND_MSG | MACH_RCV_MSG, message->size, room, port, 0);
    if (r != KERN_SUCCESS) return r;

    constexpr i32 send_once_notification = 71;  // osfmk/mach/notify.h: the server dropped our reply right
    if (message->id == send_once_notification) return MIG_SERVER_DIED;
    if (message->id != id + 100) return MIG_REPLY_MISMATCH;
    const bool complex = message->bits & MACH_MSGH_BITS_COMPLEX;
    if (!complex && message->size == sizeof(mig_reply_error_t)) return reinterpret_cast<mig_reply_error_t*>(message)->code;
    return message->size == reply_size ? KERN_SUCCESS : MIG_TYPE_ERROR;
}

// The task's own port: one name for the process, but each trap adds a reference to it, so it is asked for once.
static mach_port_t task_name;

mach_port_t mach_task_self() {
    mach_port_t known = __atomic_load_n(&task_name, __ATOMIC_RELAXED);
    if (!known) __atomic_store_n(&task_name, known = sys_task_self_trap(), __ATOMIC_RELAXED);
    return known;
}

void mach_forked() { __atomic_store_n(&task_name, 0, __ATOMIC_RELAXED); }

// Routines 18 and 19 of the task subsystem (osfmk/mach/task.defs, base 3400).
mach_port_t semcreate(kern_return_t* error) {
    struct Request {
        mach_msg_header_t header;
        NDR_record_t ndr;
        i32 policy, value;
    };
    struct Reply {
        mach_msg_header_t header;
        mach_msg_body_t body;
        mach_msg_port_descriptor_t semaphore;
        mach_msg_trailer_t trailer;
    };
    union {
        Request request;
        Reply reply;
    } m{};
    m.request = {{0, sizeof(Request), mach_task_self(), 0, 0, 3418}, ndr_record, 0, 0};
    kern_return_t r = machcall(&m.request.header, sizeof m, sizeof(Reply) - sizeof(mach_msg_trailer_t));
    if (r == KERN_SUCCESS && m.reply.body.descriptor_count != 1) r = MIG_TYPE_ERROR;
    *error = r;
    return r == KERN_SUCCESS ? m.reply.semaphore.name : 0;
}

kern_return_t semdestroy(mach_port_t semaphore) {
    struct Request {
        mach_msg_header_t header;
        mach_msg_body_t body;
        mach_msg_port_descriptor_t semaphore;
    };
    union {
        Request request;
        u8 reply[sizeof(mig_reply_error_t) + sizeof(mach_msg_trailer_t)];
    } m{};
    m.request = {{MACH_MSGH_BITS_COMPLEX, sizeof(Request), mach_task_self(), 0, 0, 3419},
                 {1},
                 {semaphore, 0, 0, MACH_MSG_TYPE_MOVE_SEND, MACH_MSG_PORT_DESCRIPTOR}};
    return machcall(&m.request.header, sizeof m, sizeof(mig_reply_error_t));
}

bool semacquire(mach_port_t semaphore, i64 deadline) {
    for (;;) {
        kern_return_t r;
        if (deadline < 0) {
            r = sys_semaphore_wait_trap(semaphore);
        } else {
            i64 left = deadline - nanotime();
            if (left < 0) left = 0;
            r = sys_semaphore_timedwait_trap(semaphore, static_cast<u32>(left / 1'000'000'000), static_cast<i32>(left % 1'000'000'000));
        }
        if (r == KERN_SUCCESS) return true;
        // ABORTED: a signal's handler ran. TIMED_OUT without a time was seen on 10.8 to 10.11; with one, the clock decides.
        if (r != KERN_ABORTED && r != KERN_OPERATION_TIMED_OUT) macherror("semaphore_wait", semaphore, r);
        if (deadline >= 0 && nanotime() >= deadline) return false;
    }
}

void semrelease(mach_port_t semaphore) {
    kern_return_t r;
    do r = sys_semaphore_signal_trap(semaphore);
    while (r == KERN_ABORTED);
    if (r != KERN_SUCCESS) macherror("semaphore_signal", semaphore, r);
}

void semreset(mach_port_t semaphore) {
    for (;;) {
        kern_return_t r = sys_semaphore_timedwait_trap(semaphore, 0, 0);
        if (r == KERN_OPERATION_TIMED_OUT) return;
        if (r != KERN_SUCCESS && r != KERN_ABORTED) macherror("semaphore_timedwait", semaphore, r);
    }
}

void macherror(const char* call, mach_port_t port, kern_return_t code) {
    Out out(2);
    out.line("fatal error: mach error: ", call, "(port ", hex(port), "): ", mach_error_name(code), " (", code, ")\n");
    finish(out);
}

}  // namespace trapeze
