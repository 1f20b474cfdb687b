// SPDX-License-Identifier: BSD-3-Clause
// Errors and messages in words: every code has its name, compositions and strangers are taken apart, a dump shows what there is.
#include "tests/sys/mach_tap.h"

#include "sys/calls.h"
#include "sys/darwin/parts.h"
#include "sys/kern_return.h"
#include "sys/mem.h"
#include "sys/os.h"

using namespace trapeze;
using namespace trapeze::xnu;

namespace {

bool starts(const char* text, const char* with) {
    while (*with && *text == *with) text++, with++;
    return !*with;
}
bool contains(const char* text, const char* part) {
    for (; *text; text++)
        if (starts(text, part)) return true;
    return false;
}
void says(kern_return_t code, const char* text) {
    const MachErrorText t = mach_error_string(code);
    ok(str_eq(t.text, text), text);
    if (!str_eq(t.text, text)) print("# but ", static_cast<const char*>(t.text), "\n");
}

void errors() {
    u32 known = 0, wrong = 0;
    constexpr i32 bases[] = {-320, 0, 0x10000000, 0x10004000};
    for (const i32 base : bases)
        for (i32 code = base; code < base + 320; code++)
            if (const char* name = mach_error_name(code)) {
                known++;
                if (!starts(mach_error_string(code).text, name)) wrong++;
            }
    ok(known > 100 && wrong == 0, "every code of the table by its name");
    says(0, "KERN_SUCCESS (0)");
    says(15, "KERN_INVALID_NAME (15)");
    says(-301, "MIG_REPLY_MISMATCH (-301)");
    says(MACH_SEND_INVALID_DEST, "MACH_SEND_INVALID_DEST (0x10000003)");
    says(MACH_RCV_BODY_ERROR | MACH_MSG_VM_SPACE, "MACH_RCV_BODY_ERROR + VM_SPACE (0x1000500c)");
    says(MACH_RCV_HEADER_ERROR | MACH_MSG_IPC_SPACE | MACH_MSG_IPC_KERNEL, "MACH_RCV_HEADER_ERROR + IPC_SPACE + IPC_KERNEL (0x1000680b)");
    says(MACH_SEND_INVALID_DEST | MACH_MSG_IPC_KERNEL, "MACH_SEND_INVALID_DEST + IPC_KERNEL (0x10000803)");
    says(MACH_MSG_VM_KERNEL, "MACH_MSG + VM_KERNEL (1024)");
    says(static_cast<i32>(0xe00002c2), "system 0x38 subsystem 0x0 code 0x2c2 (0xe00002c2)");
    says(999, "system 0x0 subsystem 0x0 code 0x3e7 (999)");
    says(-999, "system 0x3f subsystem 0xfff code 0x3c19 (-999)");
    says(static_cast<i32>(0x80000000), "system 0x20 subsystem 0x0 code 0x0 (0x80000000)");
}

// Standard error into a pipe while `show` runs; a dump is smaller than the pipe.
template <class F>
const char* shown(F show) {
    static char text[4096];
    const Result2 pair = sys_pipe();
    const i32 from = static_cast<i32>(pair.value()), to = static_cast<i32>(pair.second), err = static_cast<i32>(sys_dup(2).value());
    (void)sys_dup2(to, 2);
    show();
    (void)sys_dup2(err, 2);
    (void)close(to);
    (void)close(err);
    usize used = 0;
    for (Result r; used + 1 < sizeof text && (r = read(from, text + used, sizeof text - 1 - used)).ok() && r.value() > 0;)
        used += static_cast<usize>(r.value());
    text[used] = 0;
    (void)close(from);
    return text;
}

void dumps() {
    alignas(8) u8 b[256] = {};
    MachWriter w(b, sizeof b - 60);
    w.to(0x103, MACH_MSG_TYPE_COPY_SEND);
    w.answer(0x203, MACH_MSG_TYPE_MAKE_SEND_ONCE);
    w.port(0x303, MACH_MSG_TYPE_MOVE_SEND);
    w.memory(reinterpret_cast<void*>(0x4000), 99, MACH_MSG_PHYSICAL_COPY, true);
    w.ports(reinterpret_cast<mach_port_t*>(0x5000), 3, MACH_MSG_TYPE_MAKE_SEND);
    w.data("0123456789abcdef", 17);
    auto* m = w.done(3418);
    const mach_msg_mac_trailer_t t = {0, mach_trailer_size(MACH_RCV_TRAILER_AUDIT), 7, {501, 20}, {0, 0, 0, 0, 0, 42}, 0, 0, 0};
    memcpy(b + m->size, &t, t.size);
    const char* text = shown([&] { mach_msg_dump(m, sizeof b); });
    ok(contains(text, "id 3418, 92 bytes, bits 0x80001513 complex\n"), "the header");
    ok(contains(text, "  remote 0x103 COPY_SEND\n  local 0x203 MAKE_SEND_ONCE\n"), "its ports");
    ok(contains(text, "descriptor 0: port 0x303 MOVE_SEND\n"), "a port");
    ok(contains(text, "descriptor 1: 99 bytes at 0x4000 physical deallocate\n"), "memory");
    ok(contains(text, "descriptor 2: 3 ports at 0x5000 MAKE_SEND\n"), "an array");
    ok(contains(text, "  +72: 30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66\n  +88: 00 00 00 00\n"), "the data with its offsets");
    ok(contains(text, "  trailer 52 bytes, seqno 7, sender uid 501 gid 20, pid 42\n"), "the trailer");
    text = shown([&] { mach_msg_dump(m, sizeof b, false); });
    ok(!contains(text, "trailer"), "not of a message that is to be sent");
    text = shown([&] { mach_msg_dump(m, 40); });
    ok(contains(text, "malformed: 40 bytes are there, descriptor 1 of 3 is not\n"), "a message cut short");
    text = shown([&] { mach_msg_dump(m, 10); });
    ok(contains(text, "cut short: 10 of a header's 24 bytes\n"), "a header cut short");
}

}  // namespace

int main() {
    print("TAP version 13\n");
    errors();
    dumps();
    return done();
}
