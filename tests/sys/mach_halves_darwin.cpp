// SPDX-License-Identifier: BSD-3-Clause
// What eras.py looks at: each mode prints what happened to a message, so that a trap that is made to fail shows in it.
//   both     one call sends to a queue and receives what lies ready: prints "sent N received ID result"
//   goroutines  semaphores under threads: prints "done"
#include "trapeze.h"

#include "sync/note.h"
#include "sys/darwin/mach.h"
#include "sys/darwin/port.h"
#include "sys/darwin/release.h"
#include "sys/mem.h"

using namespace trapeze;
using namespace trapeze::xnu;

namespace {

mach_port_t port() {
    mach_port_t name = 0;
    (void)mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &name);
    (void)mach_port_insert_right(mach_task_self(), name, name, MACH_MSG_TYPE_MAKE_SEND);
    return name;
}

// The order of the message traps is: the ready one, the call, the counting ones.
void both(u64 timeouts, u32 ms) {
    const mach_port_t service = port(), answers = port();
    struct {
        mach_msg_header_t header;
        mach_msg_trailer_t trailer;
    } m{};
    m.header = {MACH_MSG_TYPE_COPY_SEND, 24, answers, 0, 0, 111};
    (void)mach_msg_untimed(&m.header, MACH_SEND_MSG, 24, 0, 0);
    m.header = {MACH_MSG_TYPE_COPY_SEND, 24, service, 0, 0, 222};
    const kern_return_t r = mach_msg(&m.header, MACH_SEND_MSG | MACH_RCV_MSG | timeouts, 24, sizeof m, answers, ms);
    const i32 id = m.header.id;
    u32 sent = 0;
    while (mach_msg(&m.header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof m, service, 0) == KERN_SUCCESS) sent++;
    print("sent ", sent, " received ", id, " result ", static_cast<const char*>(mach_error_string(r).text), "\n");
}

void goroutines() {
    auto c = make_chan<int>(), back = make_chan<int>();
    for (int i = 0; i < 4; i++)
        go([=] {
            for (int v : c) back.send(v * 2);
        });
    int sum = 0;
    go([=] {
        for (int i = 0; i < 200; i++) c.send(i);
    });
    for (int i = 0; i < 200; i++) sum += back.recv();
    Note n{};
    (void)notetsleep(&n, nanotime() + 1'000'000);
    print("done ", sum, "\n");
}

}  // namespace

int main(int argc, char** argv) {
    const char* mode = argc == 2 ? argv[1] : "";
    if (str_eq(mode, "both")) both(0, 0);
    else if (str_eq(mode, "timed")) both(MACH_SEND_TIMEOUT | MACH_RCV_TIMEOUT, 50);
    else if (str_eq(mode, "goroutines")) goroutines();
    else if (str_eq(mode, "release")) print(darwin_major, "\n");
    else return 2;
    return 0;
}
