// SPDX-License-Identifier: BSD-3-Clause
// Writing and reading messages without sending them: sizes, malformed ones, and that nothing behind the given bytes is ever read.
#include "tests/sys/mach_tap.h"

#include "sys/calls.h"
#include "sys/darwin/parts.h"
#include "sys/mem.h"
#include "sys/os.h"

using namespace trapeze;
using namespace trapeze::xnu;

namespace {

u64 state = 88172645463325252;
u32 random() {  // xorshift
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return static_cast<u32>(state >> 16);
}

void written() {
    alignas(8) u8 b[128];
    memset(b, 0xee, sizeof b);
    MachWriter w(b, sizeof b);
    w.to(0x103, MACH_MSG_TYPE_COPY_SEND);
    w.answer(0x203, MACH_MSG_TYPE_MAKE_SEND_ONCE);
    w.port(0x303, MACH_MSG_TYPE_MOVE_SEND);
    w.memory(reinterpret_cast<void*>(0x1122334455667788), 0x99, MACH_MSG_PHYSICAL_COPY, true);
    const mach_port_t names[] = {1};
    w.ports(names, 1, MACH_MSG_TYPE_MAKE_SEND);
    w.guarded_port(0x403, 0xfeedface12345678, MACH_MSG_GUARD_FLAGS_UNGUARDED_ON_SEND, MACH_MSG_TYPE_MOVE_RECEIVE);
    w.data("abcde", 5);
    mach_msg_header_t* m = w.done(42);
    ok(m == reinterpret_cast<mach_msg_header_t*>(b) && m->bits == 0x80001513 && m->id == 42 && m->remote_port == 0x103 && m->local_port == 0x203,
       "the header");
    ok(m->size == 24 + 4 + 12 + 16 * 3 + 8, "port 12, the others 16, data rounded up to 4");
    u32 count;
    memcpy(&count, b + 24, 4);
    ok(count == 4, "the count");
    const u8 port[12] = {3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 17, 0};
    const u8 memory[16] = {0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, 1, 0, 0, 1, 0x99, 0, 0, 0};
    const u8 guarded[16] = {0x78, 0x56, 0x34, 0x12, 0xce, 0xfa, 0xed, 0xfe, 2, 0, 16, 4, 3, 4, 0, 0};
    ok(memcmp(b + 28, port, 12) == 0, "a port descriptor, byte by byte");
    ok(memcmp(b + 40, memory, 16) == 0, "a memory descriptor");
    ok(b[56 + 8] == 0 && b[56 + 9] == 1 && b[56 + 10] == MACH_MSG_TYPE_MAKE_SEND && b[56 + 11] == 2 && b[56 + 12] == 1, "an array's");
    ok(memcmp(b + 72, guarded, 16) == 0, "a guarded port's");
    ok(memcmp(b + 88, "abcde\0\0\0", 8) == 0 && b[96] == 0xee, "the data, padded with zeros");

    MachReader r(m, sizeof b);
    MachPart p{};
    u32 n = 0;
    while (r.next(&p)) n++;
    ok(n == 4 && !r.malformed() && p.type == MACH_MSG_GUARDED_PORT_DESCRIPTOR && p.name == 0x403 && p.address == 0xfeedface12345678 && p.flags == 2,
       "the reader finds them");
    ok(r.data().size == 8, "and the data");

    MachWriter small(b, 39);
    small.port(1, MACH_MSG_TYPE_COPY_SEND);
    ok(!small.done(1), "a descriptor that does not fit: no message");
    MachWriter tiny(b, 23);
    tiny.to(1, 17);
    ok(!tiny.done(1), "nor a header");
    MachWriter late(b, sizeof b);
    late.data("x", 1);
    late.port(1, MACH_MSG_TYPE_COPY_SEND);
    ok(!late.done(1), "a descriptor behind data: no message");
}

// Random messages at the end of a page, with nothing mapped behind: a read too far is a fault. The dump goes to /dev/null.
void malformed() {
    const i32 null = static_cast<i32>(open("/dev/null", O_RDWR).value()), err = static_cast<i32>(sys_dup(2).value());
    Result at = pages_map(2 * page_size);
    ok(at, "a page and a guard");
    u8* page = reinterpret_cast<u8*>(at.value());
    (void)pages_guard(page + page_size, page_size);
    (void)sys_dup2(null, 2);
    u32 bad = 0;
    for (u32 round = 0; round < 4000; round++) {
        const u32 n = random() % 140 & ~3u;
        u8* m = page + page_size - n;
        for (u32 i = 0; i < n; i++) m[i] = static_cast<u8>(random());
        if (n >= 24) {
            auto* h = reinterpret_cast<mach_msg_header_t*>(m);
            if (round % 2) h->bits |= MACH_MSGH_BITS_COMPLEX;
            if (round % 4 < 3) h->size = random() % 160;
            if (n >= 28 && round % 3) m[24] = static_cast<u8>(random() % 9), m[25] = m[26] = m[27] = 0;
            for (u32 i = 28 + 11; i < n; i += 4) m[i] = static_cast<u8>(random() % 6);
        }
        auto* h = reinterpret_cast<mach_msg_header_t*>(m);
        MachReader r(h, n);
        u32 parts = 0;
        for (MachPart p; r.next(&p);) parts++;
        mach_msg_mac_trailer_t t;
        const Str data = r.data();
        if (parts > n / 12 || (data.data && data.data + data.size > reinterpret_cast<char*>(page + page_size)) || r.trailer(&t) > n) bad++;
        mach_msg_dump(h, n);
    }
    (void)sys_dup2(err, 2);
    ok(bad == 0, "4,000 malformed messages: nothing is read behind them, by reader and dump");
    (void)pages_unmap(page, 2 * page_size);
    (void)close(null);
    (void)close(err);
}

}  // namespace

int main() {
    print("TAP version 13\n");
    written();
    malformed();
    return done();
}
