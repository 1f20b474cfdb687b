// SPDX-License-Identifier: BSD-3-Clause
// What travels in a message beside bytes: written and read one by one, with every size checked, in the caller's buffer.
//
//   MachWriter w(buffer, sizeof buffer);             MachReader r(message, sizeof buffer);
//   w.to(service, MACH_MSG_TYPE_COPY_SEND);          for (MachPart p; r.next(&p);) ...
//   w.answer(port, MACH_MSG_TYPE_MAKE_SEND_ONCE);    if (r.malformed()) ...
//   w.port(gift, MACH_MSG_TYPE_MOVE_RECEIVE);        Str data = r.data();
//   w.memory(text, n);                               mach_msg_mac_trailer_t t; u32 n = r.trailer(&t);
//   w.data(&number, sizeof number);
//   mach_msg_header_t* m = w.done(id);               // null: it did not fit
#pragma once
#include "sys/darwin/message.h"
#include "sys/print.h"

namespace trapeze {

class MachWriter {
public:
    MachWriter(void* buffer, usize room);

    void to(xnu::mach_port_t remote, u8 disposition);
    void answer(xnu::mach_port_t local, u8 disposition);

    // Descriptors, in order, before any data. Memory and names are read when the message is sent; `deallocate` gives the pages
    // themselves away (whole pages: what else lies on them goes too).
    void port(xnu::mach_port_t name, u8 disposition);
    void memory(const void* at, u32 bytes, u8 copy = xnu::MACH_MSG_VIRTUAL_COPY, bool deallocate = false);
    void ports(const xnu::mach_port_t* names, u32 count, u8 disposition, bool deallocate = false);
    // From Darwin 19 on, and only to who receives with MACH_RCV_GUARDED_DESC.
    void guarded_port(xnu::mach_port_t name, u64 context, u16 flags, u8 disposition);

    void data(const void* from, u32 bytes);  // padded with zeros to a multiple of 4

    // The whole message, its size and bits set; null if it did not fit or a descriptor came after data.
    xnu::mach_msg_header_t* done(i32 id);

private:
    void* take(u32 bytes);

    u8* buffer_;
    usize room_;
    usize used_;
    u32 descriptors_ = 0;
    u32 bits_ = 0;
    bool data_ = false, bad_ = false;
};

// One descriptor, of any type.
struct MachPart {
    u8 type;         // MACH_MSG_*_DESCRIPTOR: says which of the following mean something
    u8 disposition;  // ports: as received, MOVE_*
    bool deallocate;
    u8 copy;
    u16 flags;       // of a guarded port
    xnu::mach_port_t name;
    u64 address;     // memory and arrays; a guarded port's context
    u32 size;        // bytes of memory, names of an array
};

class MachReader {
public:
    // At most `bytes` are read, and of them no more than the message has.
    MachReader(const xnu::mach_msg_header_t* message, usize bytes);

    bool next(MachPart* part);                   // the next descriptor; false: there is none, or it is malformed
    bool malformed() const { return malformed_; }
    u32 descriptors() const { return count_; }   // as many as it says it has
    Str data();                                  // what follows the descriptors; empty if they are malformed
    // The trailer of a received message, as far as it came: its size, the rest of *trailer is 0. 0: there is none.
    u32 trailer(xnu::mach_msg_mac_trailer_t* trailer) const;

private:
    const u8* at_;
    usize here_;    // bytes that can be read
    usize end_;     // of the message itself, at most here_
    usize offset_;
    u32 count_ = 0, seen_ = 0;
    bool malformed_ = false;
};

}  // namespace trapeze
