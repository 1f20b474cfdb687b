// SPDX-License-Identifier: BSD-3-Clause
// See sys/darwin/semaphore.h.
#include "sys/calls.h"
#include "sys/darwin/mach.h"
#include "sys/darwin/numbers.h"
#include "sys/kern_return.h"
#include "sys/os.h"
#include "sys/panic.h"

namespace trapeze {

using namespace xnu;

// Routines 18 and 19 of the task subsystem (osfmk/mach/task.defs), written out: what a thread needs is half as large without
// rpc.h's common body.
kern_return_t semaphore_create(mach_port_t task, mach_port_t* semaphore, i32 policy, i32 value) {
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
    m.request = {{0, sizeof(Request), task, 0, 0, MIG_semaphore_create}, ndr_record, policy, value};
    const kern_return_t r = machcall(&m.request.header, sizeof m, sizeof(Reply) - sizeof(mach_msg_trailer_t));
    if (r != KERN_SUCCESS) return r;
    if (m.reply.body.descriptor_count != 1) return MIG_TYPE_ERROR;
    *semaphore = m.reply.semaphore.name;
    return r;
}

kern_return_t semaphore_destroy(mach_port_t task, mach_port_t semaphore) {
    struct Request {
        mach_msg_header_t header;
        mach_msg_body_t body;
        mach_msg_port_descriptor_t semaphore;
    };
    union {
        Request request;
        u8 reply[sizeof(mig_reply_error_t) + sizeof(mach_msg_trailer_t)];
    } m{};
    m.request = {{MACH_MSGH_BITS_COMPLEX, sizeof(Request), task, 0, 0, MIG_semaphore_destroy},
                 {1},
                 {semaphore, 0, 0, MACH_MSG_TYPE_MOVE_SEND, MACH_MSG_PORT_DESCRIPTOR}};
    return machcall(&m.request.header, sizeof m, sizeof(mig_reply_error_t));
}

kern_return_t semaphore_signal(mach_port_t semaphore) { return sys_semaphore_signal_trap(semaphore); }
kern_return_t semaphore_signal_all(mach_port_t semaphore) { return sys_semaphore_signal_all_trap(semaphore); }
kern_return_t semaphore_signal_thread(mach_port_t semaphore, mach_port_t thread) {
    return sys_semaphore_signal_thread_trap(semaphore, thread);
}
kern_return_t semaphore_wait(mach_port_t semaphore) { return sys_semaphore_wait_trap(semaphore); }
kern_return_t semaphore_timedwait(mach_port_t semaphore, u32 seconds, i32 nanoseconds) {
    return sys_semaphore_timedwait_trap(semaphore, seconds, nanoseconds);
}
kern_return_t semaphore_wait_signal(mach_port_t wait, mach_port_t signal) { return sys_semaphore_wait_signal_trap(wait, signal); }
kern_return_t semaphore_timedwait_signal(mach_port_t wait, mach_port_t signal, u32 seconds, i32 nanoseconds) {
    return sys_semaphore_timedwait_signal_trap(wait, signal, seconds, nanoseconds);
}

mach_port_t semcreate(kern_return_t* error) {
    mach_port_t semaphore = 0;
    *error = semaphore_create(mach_task_self(), &semaphore, SYNC_POLICY_FIFO, 0);
    return semaphore;
}

kern_return_t semdestroy(mach_port_t semaphore) { return semaphore_destroy(mach_task_self(), semaphore); }

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
