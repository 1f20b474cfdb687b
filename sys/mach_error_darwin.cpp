// SPDX-License-Identifier: BSD-3-Clause
// Mach's errors in words, for programs that meet more of them than their names. See sys/darwin/mach.h.
#include "sys/darwin/mach.h"
#include "sys/kern_return.h"
#include "sys/print.h"

namespace trapeze {

using namespace xnu;

namespace {

struct Text {
    MachErrorText t{};
    usize used = 0;

    void put(const char* s) {
        while (*s && used + 1 < sizeof t.text) t.text[used++] = *s++;
    }
    void put_hex(u32 v) {
        char digits[19] = {};
        format_hex(digits, v);
        put(digits);
    }
    void put_number(kern_return_t code) {
        char digits[21] = {};
        put(" (");
        if (code < 0 && code > -0x10000) put("-"), code = -code;
        if (static_cast<u32>(code) < 0x10000) format_u64(digits, static_cast<u32>(code)), put(digits);
        else put_hex(static_cast<u32>(code));
        put(")");
    }
};

}  // namespace

MachErrorText mach_error_string(kern_return_t code) {
    Text text;
    constexpr struct {
        i32 bit;
        const char* name;
    } shortages[] = {{MACH_MSG_IPC_SPACE, " + IPC_SPACE"}, {MACH_MSG_VM_SPACE, " + VM_SPACE"}, {MACH_MSG_IPC_KERNEL, " + IPC_KERNEL"},
                     {MACH_MSG_VM_KERNEL, " + VM_KERNEL"}};
    const bool message = static_cast<u32>(code) >> 26 == 4;  // err_mach_ipc: MACH_SEND_*, MACH_RCV_*
    const char* name = mach_error_name(code);
    const i32 bits = !name && (message || !(code & ~MACH_MSG_MASK)) ? code & MACH_MSG_MASK : 0;
    if (bits && code == bits) name = "MACH_MSG";  // a send that failed for want of these alone
    else if (bits) name = mach_error_name(code & ~bits);
    if (name) {
        text.put(name);
        for (const auto& s : shortages)
            if (bits & s.bit) text.put(s.name);
    } else {
        const u32 u = static_cast<u32>(code);
        text.put("system ");
        text.put_hex(u >> 26);
        text.put(" subsystem ");
        text.put_hex(u >> 14 & 0xfff);
        text.put(" code ");
        text.put_hex(u & 0x3fff);
    }
    text.put_number(code);
    return text.t;
}

}  // namespace trapeze
