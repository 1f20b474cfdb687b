// SPDX-License-Identifier: BSD-3-Clause
// Two threads talk by Mach messages. The client sends a text that lies out of line, and a port of its own to answer to; the
// server turns the text round in the memory that it was given, and sends that back. Darwin only.
#include "trapeze.h"

#include "sys/darwin/mach.h"
#include "sys/darwin/parts.h"
#include "sys/darwin/port.h"
#include "sys/thread.h"

using namespace trapeze;
using namespace trapeze::xnu;

namespace {

constexpr i32 turn_round = 1, turned = 2;

struct Buffer {
    alignas(8) u8 bytes[256];
    mach_msg_header_t* header() { return reinterpret_cast<mach_msg_header_t*>(bytes); }
};

void check(const char* what, kern_return_t r) {
    if (r != KERN_SUCCESS) macherror(what, 0, r);
}

mach_port_t new_port() {
    mach_port_t name = 0;
    check("mach_port_allocate", mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &name));
    return name;
}

void serve(void* argument) {
    const auto service = static_cast<mach_port_t>(reinterpret_cast<uptr>(argument));
    Buffer b;
    check("receive", mach_msg(b.header(), MACH_RCV_MSG, 0, sizeof b.bytes, service, 0));
    MachPart text{};
    MachReader r(b.header(), sizeof b.bytes);
    if (b.header()->id != turn_round || !r.next(&text) || text.type != MACH_MSG_OOL_DESCRIPTOR) {
        mach_msg_dump(b.header(), sizeof b.bytes);
        return mach_msg_destroy(b.header(), sizeof b.bytes);
    }
    char* p = reinterpret_cast<char*>(text.address);
    for (u32 i = 0; i < text.size / 2; i++) {
        const char c = p[i];
        p[i] = p[text.size - 1 - i];
        p[text.size - 1 - i] = c;
    }
    const mach_port_t to = b.header()->remote_port;  // a send-once right: the answer uses it up
    Buffer answer;
    MachWriter w(answer.bytes, sizeof answer.bytes);
    w.to(to, MACH_MSG_TYPE_MOVE_SEND_ONCE);
    w.memory(p, text.size, MACH_MSG_VIRTUAL_COPY, true);
    mach_msg_header_t* m = w.done(turned);
    check("answer", mach_msg(m, MACH_SEND_MSG, m->size, 0, 0, 0));
}

}  // namespace

int main() {
    const mach_port_t service = new_port(), answers = new_port();
    Result error;
    Thread* server = thread_create(serve, reinterpret_cast<void*>(static_cast<uptr>(service)), &error);
    if (!server) return 1;

    const char text[] = "straight on the kernel's traps";
    Buffer b;
    MachWriter w(b.bytes, sizeof b.bytes);
    w.to(service, MACH_MSG_TYPE_MAKE_SEND);
    w.answer(answers, MACH_MSG_TYPE_MAKE_SEND_ONCE);
    w.memory(text, sizeof text - 1);
    mach_msg_header_t* m = w.done(turn_round);
    check("request", mach_msg(m, MACH_SEND_MSG | MACH_RCV_MSG, m->size, sizeof b.bytes, answers, 0));
    thread_join(server);

    MachPart back{};
    MachReader r(b.header(), sizeof b.bytes);
    if (!r.next(&back)) return 1;
    print(Str{text, sizeof text - 1}, "\n", Str{reinterpret_cast<const char*>(back.address), back.size}, "\n");
    mach_msg_destroy(b.header(), sizeof b.bytes);
    return 0;
}
