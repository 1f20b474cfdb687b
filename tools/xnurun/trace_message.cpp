// SPDX-License-Identifier: BSD-3-Clause
// Mach messages in --trace: header, routine by name, descriptors, the code of a reply; whatever of them the buffer holds.
#include "sys/darwin/calldata.h"
#include "sys/darwin/mach.h"
#include "sys/kern_return.h"
#include "sys/mem.h"
#include "tools/xnurun/message.h"
#include "tools/xnurun/trace_line.h"

namespace trapeze {
namespace {

constexpr u32 most_shown = 6;  // descriptors

bool is_message(const Trap& trap) { return trap.klass == TrapClass::mach && (trap.number == 31 || trap.number == 32 || trap.number == 47); }

const char* routine_name(i32 id) {
    for (const auto& routine : xnu::mig_routines)
        if (routine.id == id) return routine.name;
    return nullptr;
}

const char* disposition(u32 d, bool sent) {
    constexpr const char* out[] = {"move_receive", "move_send", "move_send_once", "copy_send", "make_send", "make_send_once"};
    constexpr const char* in[] = {"receive", "send", "send_once"};
    if (d < 16 || d > 21 || (!sent && d > 18)) return "?";
    return sent ? out[d - 16] : in[d - 16];
}

void descriptors(TraceLine& line, u64 at, u64 end, u32 count, bool sent) {
    for (u32 n = 0; n < count; n++) {
        u8 d[16] = {};
        if (at + 12 > end || !copyin(d, at, 12)) return;
        const bool wide = d[11] >= 1 && d[11] <= 4;
        if (wide && (at + 16 > end || !copyin(d, at, 16))) return;
        at += wide ? 16 : 12;
        if (n == most_shown) {
            line.put(", ...");
            return;
        }
        u64 address;
        u32 name, size;
        memcpy(&address, d, 8);
        memcpy(&name, d, 4);
        memcpy(&size, d + 12, 4);
        switch (d[11]) {
        case descriptor_port: line.put(", port ").hex(name).put(" ").put(disposition(d[10], sent)); break;
        case descriptor_ool: case descriptor_ool_volatile:
            line.put(", memory ").hex(address).put(" size ").unsigned_number(size).put(d[9] ? " virtual" : " physical");
            if (d[8]) line.put(" deallocate");
            break;
        case descriptor_ool_ports:
            line.put(", ports ").hex(address).put("[").unsigned_number(size).put("] ").put(disposition(d[10], sent));
            if (d[8]) line.put(" deallocate");
            break;
        default: line.put(", descriptor of type ").number(d[11]); break;
        }
    }
}

void show(TraceLine& line, const xnu::mach_msg_header_t& h, u64 at, u64 end, u32 count, bool sent) {
    line.put("{id ").number(h.id);
    const char* answered = sent ? nullptr : routine_name(h.id - 100);  // first: 4900 is mach_vm_allocate's reply, and a routine
    if (answered) line.put(" reply of ").put(answered);
    else if (const char* name = routine_name(h.id)) line.put(" ").put(name);
    line.put(", bits ").hex(h.bits).put(", size ").number(h.size);
    line.put(", remote ").hex(h.remote_port).put(", local ").hex(h.local_port);
    if (h.bits & xnu::MACH_MSGH_BITS_COMPLEX) {
        line.put(", descriptors ").unsigned_number(count);
        descriptors(line, at + 28, end, count, sent);
    } else if (!sent && h.size >= 36 && (answered || h.size == 36) && at + 36 <= end) {
        i32 code;
        if (copyin(code, at + 32) && (answered || !routine_name(h.id))) {
            line.put(", code ");
            if (const char* name = mach_error_name(code)) line.put(name);
            else line.number(code);
        }
    }
    line.put("}");
}

void in_memory(TraceLine& line, u64 at, u32 size, bool sent) {
    xnu::mach_msg_header_t h;
    if (size < sizeof h || !copyin(h, at)) return;
    u32 count = 0;
    if (h.bits & xnu::MACH_MSGH_BITS_COMPLEX && size >= sizeof h + 4) (void)copyin(count, at + sizeof h);
    show(line, h, at, at + (sent || h.size > size ? size : h.size), count, sent);
}

}  // namespace

void trace_message_sent(TraceLine& line, const Trap& trap) {
    if (!is_message(trap) || !(trap.u(1) & xnu::MACH_SEND_MSG)) return;
    line.put(" sent ");
    if (trap.number != 47) {
        in_memory(line, trap.w(0), trap.u(2), true);
        return;
    }
    const auto high = [&](int n) { return static_cast<u32>(trap.w(n) >> 32); };  // the header is in the registers
    const xnu::mach_msg_header_t h{trap.u(2), high(2), trap.u(3), high(3), trap.u(4), static_cast<i32>(high(4))};
    show(line, h, trap.w(0), trap.w(0) + h.size, trap.u(5), true);
}

void trace_message_received(TraceLine& line, const Trap& trap, const Answer& a) {
    if (!is_message(trap) || !(trap.u(1) & xnu::MACH_RCV_MSG) || a.kind != Answer::kern || a.rax != 0) return;
    line.put(" received ");
    const u32 room = trap.number == 47 ? trap.u(6) : trap.u(3);
    in_memory(line, trap.number == 32 && trap.w(7) ? trap.w(7) : trap.w(0), room, false);
}

}  // namespace trapeze
