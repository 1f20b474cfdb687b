// SPDX-License-Identifier: BSD-3-Clause
// mach_msg_dump: a message in words, for debugging. It trusts nothing that the message says: MachReader checks sizes, and memory
// that a descriptor points to is told, not read. See sys/darwin/mach.h.
#include "sys/darwin/mach.h"
#include "sys/darwin/parts.h"
#include "sys/mem.h"

namespace trapeze {

using namespace xnu;

namespace {

const char* disposition_name(u32 disposition) {
    constexpr const char* names[] = {"PORT_NAME", "MOVE_RECEIVE", "MOVE_SEND", "MOVE_SEND_ONCE", "COPY_SEND", "MAKE_SEND", "MAKE_SEND_ONCE"};
    return disposition == 0 ? "none" : disposition >= 15 && disposition <= 21 ? names[disposition - 15] : "?";
}

void put_right(Out& out, const char* what, mach_port_t name, u32 disposition) {
    if (name || disposition) out.line("  ", what, " ", hex(name), " ", disposition_name(disposition), "\n");
}

void put_part(Out& out, u32 n, const MachPart& p) {
    out.line("  descriptor ", n, ": ");
    switch (p.type) {
    case MACH_MSG_PORT_DESCRIPTOR: out.line("port ", hex(p.name), " ", disposition_name(p.disposition)); break;
    case MACH_MSG_GUARDED_PORT_DESCRIPTOR:
        out.line("guarded port ", hex(p.name), " ", disposition_name(p.disposition), " context ", hex(p.address), " flags ", hex(p.flags));
        break;
    case MACH_MSG_OOL_PORTS_DESCRIPTOR:
        out.line(p.size, " ports at ", hex(p.address), " ", disposition_name(p.disposition), p.deallocate ? " deallocate" : "");
        break;
    default:
        out.line(p.size, p.type == MACH_MSG_OOL_VOLATILE_DESCRIPTOR ? " volatile" : "", " bytes at ", hex(p.address),
                 p.copy == MACH_MSG_PHYSICAL_COPY ? " physical" : p.copy == MACH_MSG_VIRTUAL_COPY ? " virtual" : " copy?",
                 p.deallocate ? " deallocate" : "");
    }
    out.put('\n');
}

// 16 bytes a line with their offset in the message.
void put_bytes(Out& out, const u8* message, usize from, usize to) {
    for (usize at = from; at < to; at += 16) {
        out.line("  +", at, ":");
        for (usize i = at; i < to && i < at + 16; i++) {
            const char digits[3] = {"0123456789abcdef"[message[i] >> 4], "0123456789abcdef"[message[i] & 15], 0};
            out.line(" ", static_cast<const char*>(digits));
        }
        out.put('\n');
    }
}

}  // namespace

void mach_msg_dump(const mach_msg_header_t* message, usize bytes, bool received) {
    Out out(2);
    const u8* start = reinterpret_cast<const u8*>(message);
    if (bytes < sizeof *message) {
        out.line("Mach message cut short: ", bytes, " of a header's 24 bytes\n");
        return put_bytes(out, start, 0, bytes);
    }
    const mach_msg_header_t& h = *message;
    out.line("Mach message id ", h.id, ", ", h.size, " bytes, bits ", hex(h.bits), h.bits & MACH_MSGH_BITS_COMPLEX ? " complex\n" : "\n");
    put_right(out, "remote", h.remote_port, h.bits & MACH_MSGH_BITS_REMOTE_MASK);
    put_right(out, "local", h.local_port, (h.bits & MACH_MSGH_BITS_LOCAL_MASK) >> 8);
    put_right(out, "voucher", h.voucher_port, (h.bits & MACH_MSGH_BITS_VOUCHER_MASK) >> 16);

    MachReader r(message, bytes);
    u32 n = 0;
    for (MachPart p; r.next(&p); n++) put_part(out, n, p);
    if (r.malformed()) out.line("  malformed: ", bytes, " bytes are there, descriptor ", n, " of ", r.descriptors(), " is not\n");
    const Str data = r.data();
    if (data.data) {
        const usize from = static_cast<usize>(reinterpret_cast<const u8*>(data.data) - start);
        put_bytes(out, start, from, from + data.size);
    }
    mach_msg_mac_trailer_t t;
    const u32 size = received && !r.malformed() ? r.trailer(&t) : 0;
    if (!size) return;
    out.line("  trailer ", size, " bytes");
    if (size >= mach_trailer_size(MACH_RCV_TRAILER_SEQNO)) out.line(", seqno ", t.seqno);
    if (size >= mach_trailer_size(MACH_RCV_TRAILER_SENDER)) out.line(", sender uid ", t.sender[0], " gid ", t.sender[1]);
    if (size >= mach_trailer_size(MACH_RCV_TRAILER_AUDIT)) out.line(", pid ", t.audit[5]);
    if (size >= mach_trailer_size(MACH_RCV_TRAILER_CTX)) out.line(", context ", hex(t.context));
    out.put('\n');
}

}  // namespace trapeze
