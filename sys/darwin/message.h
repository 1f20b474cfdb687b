// SPDX-License-Identifier: BSD-3-Clause
// Mach messages as XNU lays them out for 64-bit tasks: header, descriptors, trailers, options. Data only, so that xnurun uses it
// too. Everything is 4-byte packed. Sources: osfmk/mach/message.h, ndr.h, mig_errors.h, notify.h of xnu-3248.60.10 and
// xnu-11417.121.6.
//
// A message is header | body + descriptors (if the complex bit is set) | data, and where it is received a trailer behind the
// size, rounded up to 4, that the header tells. That size does not count the trailer; a receive buffer must have room for both.
// In a received message remote and local have changed places: remote is where to answer, local the port it came in on.
#pragma once
#include "sys/types.h"

namespace trapeze::xnu {

using kern_return_t = i32;
using mach_port_t = u32;
constexpr mach_port_t MACH_PORT_NULL = 0, MACH_PORT_DEAD = ~mach_port_t{0};

#pragma pack(push, 4)
struct mach_msg_header_t {
    u32 bits;
    u32 size;
    mach_port_t remote_port;
    mach_port_t local_port;
    u32 voucher_port;  // reserved before xnu-2782
    i32 id;
};
struct mach_msg_body_t {
    u32 descriptor_count;
};
// The descriptors have different sizes, and agree only on where `type` lies.
struct mach_msg_type_descriptor_t {
    u32 pad1, pad2;
    u8 pad3[3];
    u8 type;
};
struct mach_msg_port_descriptor_t {
    mach_port_t name;
    u32 pad1;
    u16 pad2;
    u8 disposition;
    u8 type;
};
struct mach_msg_ool_descriptor_t {
    u64 address;
    u8 deallocate;  // sent: the sender's copy goes. Received: 1 if copy is VIRTUAL_COPY; the receiver owns it either way
    u8 copy;
    u8 pad1;
    u8 type;
    u32 size;       // bytes
};
struct mach_msg_ool_ports_descriptor_t {
    u64 address;    // of u32 names
    u8 deallocate;
    u8 copy;
    u8 disposition;
    u8 type;
    u32 count;      // names
};
struct mach_msg_guarded_port_descriptor_t {  // since xnu-6153
    u64 context;
    u16 flags;
    u8 disposition;
    u8 type;
    mach_port_t name;
};
struct NDR_record_t {
    u8 mig_vers, if_vers, reserved1, mig_encoding, int_rep, char_rep, float_rep, reserved2;
};
struct mig_reply_error_t {  // the answer of a routine that gives nothing back, and of any that failed
    mach_msg_header_t header;
    NDR_record_t ndr;
    kern_return_t code;
};

// Trailers: each starts with the one before it.
struct mach_msg_trailer_t {
    u32 type;
    u32 size;
};
struct mach_msg_mac_trailer_t {
    u32 type, size;
    u32 seqno;       // 12: MACH_RCV_TRAILER_SEQNO
    u32 sender[2];   // 20: _SENDER: user and group; 0 and 1 from the kernel
    u32 audit[8];    // 52: _AUDIT: audit user, euid, egid, ruid, rgid, pid, session, pid's version
    u64 context;     // 60: _CTX
    i32 ad;
    u32 labels;      // 68: _AV, _LABELS
};

// mach_msg2_trap's MACH64_MSG_VECTOR takes an array of these: the message, then auxiliary data.
struct mach_msg_vector_t {
    u64 data;
    u64 rcv_addr;  // 0: data
    u32 send_size;
    u32 rcv_size;
};

// What the kernel itself sends to a port that asked for it (osfmk/mach/notify.h), before the trailer.
struct mach_notify_t {  // PORT_DELETED, DEAD_NAME, SEND_POSSIBLE: value is the name; NO_SENDERS: the make-send count
    mach_msg_header_t header;
    NDR_record_t ndr;
    u32 value;
};
struct mach_port_destroyed_notification_t {
    mach_msg_header_t header;
    mach_msg_body_t body;
    mach_msg_port_descriptor_t rights;
};
#pragma pack(pop)

static_assert(sizeof(mach_msg_header_t) == 24 && offsetof(mach_msg_header_t, id) == 20 && sizeof(mach_msg_body_t) == 4);
static_assert(sizeof(mach_msg_type_descriptor_t) == 12 && offsetof(mach_msg_type_descriptor_t, type) == 11);
static_assert(sizeof(mach_msg_port_descriptor_t) == 12 && offsetof(mach_msg_port_descriptor_t, disposition) == 10);
static_assert(sizeof(mach_msg_ool_descriptor_t) == 16 && offsetof(mach_msg_ool_descriptor_t, deallocate) == 8 &&
              offsetof(mach_msg_ool_descriptor_t, type) == 11 && offsetof(mach_msg_ool_descriptor_t, size) == 12);
static_assert(sizeof(mach_msg_ool_ports_descriptor_t) == 16 && offsetof(mach_msg_ool_ports_descriptor_t, disposition) == 10 &&
              offsetof(mach_msg_ool_ports_descriptor_t, type) == 11 && offsetof(mach_msg_ool_ports_descriptor_t, count) == 12);
static_assert(sizeof(mach_msg_guarded_port_descriptor_t) == 16 && offsetof(mach_msg_guarded_port_descriptor_t, flags) == 8 &&
              offsetof(mach_msg_guarded_port_descriptor_t, type) == 11 && offsetof(mach_msg_guarded_port_descriptor_t, name) == 12);
static_assert(sizeof(NDR_record_t) == 8 && sizeof(mig_reply_error_t) == 36 && sizeof(mach_msg_vector_t) == 24);
static_assert(sizeof(mach_msg_trailer_t) == 8 && sizeof(mach_msg_mac_trailer_t) == 68 && offsetof(mach_msg_mac_trailer_t, sender) == 12 &&
              offsetof(mach_msg_mac_trailer_t, audit) == 20 && offsetof(mach_msg_mac_trailer_t, context) == 52 &&
              offsetof(mach_msg_mac_trailer_t, labels) == 64);
static_assert(sizeof(mach_notify_t) == 36 && sizeof(mach_port_destroyed_notification_t) == 40);

constexpr NDR_record_t ndr_record = {0, 0, 0, 0, 1, 0, 0, 0};  // little-endian integers

constexpr u32 MACH_MSGH_BITS_COMPLEX = 0x80000000;
constexpr u32 MACH_MSGH_BITS_REMOTE_MASK = 0x1f, MACH_MSGH_BITS_LOCAL_MASK = 0x1f00, MACH_MSGH_BITS_VOUCHER_MASK = 0x1f0000;
constexpr u32 mach_msgh_bits(u32 remote, u32 local) { return remote | local << 8; }

// Dispositions. What is sent as MOVE, COPY or MAKE arrives as the MOVE of its kind: the receiver owns it.
constexpr u8 MACH_MSG_TYPE_PORT_NAME = 15, MACH_MSG_TYPE_MOVE_RECEIVE = 16, MACH_MSG_TYPE_MOVE_SEND = 17, MACH_MSG_TYPE_MOVE_SEND_ONCE = 18,
             MACH_MSG_TYPE_COPY_SEND = 19, MACH_MSG_TYPE_MAKE_SEND = 20, MACH_MSG_TYPE_MAKE_SEND_ONCE = 21;

constexpr u8 MACH_MSG_PORT_DESCRIPTOR = 0, MACH_MSG_OOL_DESCRIPTOR = 1, MACH_MSG_OOL_PORTS_DESCRIPTOR = 2,
             MACH_MSG_OOL_VOLATILE_DESCRIPTOR = 3, MACH_MSG_GUARDED_PORT_DESCRIPTOR = 4;
// How out-of-line memory is sent: copied before the call returns, or by sharing pages. The receiver sees what the sender chose.
constexpr u8 MACH_MSG_PHYSICAL_COPY = 0, MACH_MSG_VIRTUAL_COPY = 1;
constexpr u16 MACH_MSG_GUARD_FLAGS_IMMOVABLE_RECEIVE = 1, MACH_MSG_GUARD_FLAGS_UNGUARDED_ON_SEND = 2;

constexpr u32 MACH_SEND_MSG = 1, MACH_RCV_MSG = 2, MACH_RCV_LARGE = 4, MACH_RCV_LARGE_IDENTITY = 8, MACH_SEND_TIMEOUT = 0x10,
              MACH_SEND_NOTIFY = 0x80, MACH_RCV_TIMEOUT = 0x100, MACH_RCV_VOUCHER = 0x800, MACH_RCV_GUARDED_DESC = 0x1000;
constexpr u32 MACH_RCV_TRAILER_NULL = 0, MACH_RCV_TRAILER_SEQNO = 1, MACH_RCV_TRAILER_SENDER = 2, MACH_RCV_TRAILER_AUDIT = 3,
              MACH_RCV_TRAILER_CTX = 4, MACH_RCV_TRAILER_AV = 7, MACH_RCV_TRAILER_LABELS = 8;
constexpr u32 mach_rcv_trailer(u32 elements) { return (elements & 0xf) << 24; }  // the option that asks for it
constexpr u32 mach_trailer_size(u32 elements) {
    constexpr u32 sizes[] = {8, 12, 20, 52, 60, 68, 68, 68, 68};
    return elements < 9 ? sizes[elements] : 68;
}

// mach_msg2_trap's own options. A send has exactly one of the last three (osfmk/ipc/ipc_policy.c ipc_preflight_msg_option64).
constexpr u64 MACH64_MSG_VECTOR = 0x1'0000'0000;
constexpr u64 MACH64_SEND_KOBJECT_CALL = 0x2'0000'0000;  // to a kernel object: task, thread, host, semaphore, ...
constexpr u64 MACH64_SEND_MQ_CALL = 0x4'0000'0000;       // to a port that somebody receives from
constexpr u64 MACH64_SEND_ANY = 0x8'0000'0000;           // for whoever cannot know
constexpr u64 MACH64_SEND_DK_CALL = 0x10'0000'0000;

// What may be added to MACH_RCV_HEADER_ERROR and _BODY_ERROR, and to a send's error when what it carried could not be given back.
constexpr i32 MACH_MSG_VM_KERNEL = 0x400, MACH_MSG_IPC_KERNEL = 0x800, MACH_MSG_VM_SPACE = 0x1000, MACH_MSG_IPC_SPACE = 0x2000;
constexpr i32 MACH_MSG_MASK = 0x3e00;

constexpr i32 MACH_NOTIFY_PORT_DELETED = 65, MACH_NOTIFY_SEND_POSSIBLE = 66, MACH_NOTIFY_PORT_DESTROYED = 69, MACH_NOTIFY_NO_SENDERS = 70,
              MACH_NOTIFY_SEND_ONCE = 71, MACH_NOTIFY_DEAD_NAME = 72;

}  // namespace trapeze::xnu
