// SPDX-License-Identifier: BSD-3-Clause
// Heritage 22: arguments beyond the sixth lie at 8(rsp), by a trampoline and by number; and the Mach class has no carry.
#include "tests/tap.h"

#include "sys/calls.h"
#include "sys/mem.h"
#include "sys/darwin/mach.h"
#include "sys/darwin/numbers.h"
#include "sys/syscall.h"

using namespace trapeze;

int main() {
    print("TAP version 13\n");
    Result2 pair = syscall2(xnu::SYS_pipe);
    ok(pair.ok() && pair.second > pair.value(), "a second result comes in rdx");
    const i32 from = static_cast<i32>(pair.value()), to = static_cast<i32>(pair.second);
    ok(write(to, "x", 1).raw == 1 && syscall(xnu::SYS_close, from).ok() && syscall(xnu::SYS_close, to).ok(), "both are descriptors");
    ok(mach_trap(xnu::TRAP_task_self_trap) == mach_task_self(), "a Mach trap's result is what rax holds");
    ok(mach_trap(xnu::TRAP_semaphore_signal_trap, 0) == static_cast<u64>(xnu::KERN_INVALID_NAME), "and its errors too");

    // mach_msg_overwrite_trap's eighth argument is where the answer goes; the request's own buffer stays as it was.
    struct {
        xnu::mach_msg_header_t header;
        u8 room[64];
    } request, answer;
    auto ask = [&] {
        memset(&request, 0, sizeof request);
        memset(&answer, 0, sizeof answer);
        const u32 port = static_cast<u32>(mach_trap(xnu::TRAP_mach_reply_port));
        request.header = {xnu::MACH_MSG_TYPE_COPY_SEND | xnu::MACH_MSG_TYPE_MAKE_SEND_ONCE << 8, sizeof request.header, sys_host_self_trap(), port, 0, 202};
        return port;
    };
    constexpr i32 page_size_answer = 302;  // host_page_size is 202
    u32 port = ask();
    const u32 r = static_cast<u32>(mach_trap(xnu::TRAP_mach_msg_overwrite_trap, &request, xnu::MACH_SEND_MSG | xnu::MACH_RCV_MSG, u32{24}, u32{sizeof answer},
                                  port, 0, 0, &answer));
    ok(r == 0 && answer.header.id == page_size_answer && request.header.id == 202, "heritage 22: the eighth argument, by number");
    port = ask();
    const i32 t = sys_mach_msg_overwrite_trap(&request.header, xnu::MACH_SEND_MSG | xnu::MACH_RCV_MSG, 24, sizeof answer, port, 0, 0, &answer.header);
    ok(t == 0 && answer.header.id == page_size_answer && request.header.id == 202, "heritage 22: the eighth argument, by trampoline");
    return done();
}
