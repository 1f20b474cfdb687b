// SPDX-License-Identifier: BSD-3-Clause
// mach_msg over the trap that the running kernel wants, chosen by darwin_major (sys/darwin/release.h says why).
// Two loops, so that a program whose only messages are the kernel's RPC has none of the timed one.
#include "sys/calls.h"
#include "sys/darwin/mach.h"
#include "sys/darwin/release.h"
#include "sys/os.h"

namespace trapeze {

using namespace xnu;

namespace {

constexpr u64 pair(u32 low, u32 high) { return low | u64{high} << 32; }

// mach_msg2_trap takes the header and the number of descriptors in registers, and of the message in memory only what follows
// (osfmk/ipc/mach_msg.c mach_msg2_trap). They are read from memory again for every try: an interrupted send gives the message
// back, with the rights as received ones.
kern_return_t trap(mach_msg_header_t* message, u64 options, u32 send_size, u32 receive_size, mach_port_t receive_on, u32 timeout_ms) {
    if (darwin_major < 22)
        return sys_mach_msg_trap(message, static_cast<u32>(options), send_size, receive_size, receive_on, timeout_ms, 0);
    mach_msg_header_t h{};
    u32 descriptors = 0;
    if (options & MACH_SEND_MSG) {
        h = *message;
        if (h.bits & MACH_MSGH_BITS_COMPLEX) descriptors = reinterpret_cast<mach_msg_body_t*>(message + 1)->descriptor_count;
        if (!(options & (MACH64_SEND_KOBJECT_CALL | MACH64_SEND_ANY | MACH64_SEND_DK_CALL))) options |= MACH64_SEND_MQ_CALL;
    }
    return sys_mach_msg2_trap(message, options, pair(h.bits, send_size), pair(h.remote_port, h.local_port),
                              pair(h.voucher_port, static_cast<u32>(h.id)), pair(descriptors, receive_on), receive_size, timeout_ms);
}

}  // namespace

kern_return_t mach_msg_untimed(mach_msg_header_t* message, u64 options, u32 send_size, u32 receive_size, mach_port_t receive_on) {
    for (;;) {
        const kern_return_t r = trap(message, options, send_size, receive_size, receive_on, 0);
        // The trap itself never retries; the library of the system does what this loop does (libsyscall/mach/mach_msg.c).
        if (r == MACH_SEND_INTERRUPTED) continue;
        if (r != MACH_RCV_INTERRUPTED) return r;
        options &= ~u64{MACH_SEND_MSG};
        send_size = 0;
    }
}

// What the library does not do: it starts the timeout afresh each time, so that a handler a millisecond keeps it for ever.
kern_return_t mach_msg(mach_msg_header_t* message, u64 options, u32 send_size, u32 receive_size, mach_port_t receive_on, u32 timeout_ms) {
    if (!(options & (MACH_SEND_TIMEOUT | MACH_RCV_TIMEOUT))) return mach_msg_untimed(message, options, send_size, receive_size, receive_on);
    constexpr i64 ms = 1'000'000;
    i64 left = timeout_ms * ms;
    for (;;) {
        const i64 start = nanotime();
        const u32 rounded_up = static_cast<u32>((left + ms - 1) / ms);
        const kern_return_t r = trap(message, options, send_size, receive_size, receive_on, rounded_up);
        if (r != MACH_SEND_INTERRUPTED && r != MACH_RCV_INTERRUPTED) return r;
        if (r == MACH_RCV_INTERRUPTED && options & MACH_SEND_MSG) {
            // When its own half began nobody knows: it has its whole time, once.
            options &= ~u64{MACH_SEND_MSG};
            send_size = 0;
        } else {
            left -= nanotime() - start;
            if (left < 0) left = 0;
        }
    }
}

}  // namespace trapeze
