// SPDX-License-Identifier: BSD-3-Clause
// Ports, rights and sets, under the kernel's names (osfmk/ipc/mach_port.c). By trap for the task itself where the running release
// has one; by message for any other task, and where the trap says MACH_SEND_INVALID_DEST (libsyscall/mach/mach_port.c).
// Nothing blocks. A name counts its rights: send rights (and a dead name) have a number of references, the others one.
// Errors in practice: INVALID_NAME no such name; INVALID_RIGHT the name has another right; INVALID_VALUE a number out of range;
// INVALID_TASK or SEND_INVALID_DEST the task is none, or gone.
#pragma once
#include "sys/darwin/message.h"

namespace trapeze {
namespace xnu {

constexpr u32 MACH_PORT_RIGHT_SEND = 0, MACH_PORT_RIGHT_RECEIVE = 1, MACH_PORT_RIGHT_SEND_ONCE = 2, MACH_PORT_RIGHT_PORT_SET = 3,
              MACH_PORT_RIGHT_DEAD_NAME = 4;
constexpr u32 mach_port_type_of(u32 right) { return 1u << (right + 16); }
constexpr u32 MACH_PORT_TYPE_SEND = 0x10000, MACH_PORT_TYPE_RECEIVE = 0x20000, MACH_PORT_TYPE_SEND_ONCE = 0x40000,
              MACH_PORT_TYPE_PORT_SET = 0x80000, MACH_PORT_TYPE_DEAD_NAME = 0x100000, MACH_PORT_TYPE_DNREQUEST = 0x80000000;
constexpr u32 MACH_PORT_QLIMIT_DEFAULT = 5, MACH_PORT_QLIMIT_MAX = 1024;
constexpr u32 MACH_PORT_UREFS_MAX = 0xffff;  // one less for send rights (osfmk/mach/port.h)

struct mach_port_status_t {
    u32 mps_pset;      // in how many sets; from xnu-3247 on 1 for any
    u32 mps_seqno, mps_mscount, mps_qlimit, mps_msgcount, mps_sorights;
    i32 mps_srights, mps_pdrequest, mps_nsrequest;
    u32 mps_flags;     // 2 guarded, 4 strictly
};
static_assert(sizeof(mach_port_status_t) == 40);
constexpr i32 MACH_PORT_LIMITS_INFO = 1, MACH_PORT_RECEIVE_STATUS = 2, MACH_PORT_DNREQUESTS_SIZE = 3;

struct mach_port_options {
    u32 flags;
    u32 qlimit;
    u64 reserved[2];
};
static_assert(sizeof(mach_port_options) == 24);
constexpr u32 MPO_CONTEXT_AS_GUARD = 1, MPO_QLIMIT = 2, MPO_INSERT_SEND_RIGHT = 0x10, MPO_STRICT = 0x20;

}  // namespace xnu

using xnu::mach_port_t;
using xnu::kern_return_t;

// RECEIVE, PORT_SET or DEAD_NAME; else INVALID_VALUE. NO_SPACE: the table of names is full.
[[nodiscard]] kern_return_t mach_port_allocate(mach_port_t task, u32 right, mach_port_t* name);
[[nodiscard]] kern_return_t mach_port_allocate_name(mach_port_t task, u32 right, mach_port_t name);  // NAME_EXISTS
// Puts `right_of` under `disposition` (MAKE_SEND ...) into the task as `name`. RIGHT_EXISTS: it has another name there already.
// NAME_EXISTS: the name is another port's. INVALID_CAPABILITY: the port is dead. UREFS_OVERFLOW.
[[nodiscard]] kern_return_t mach_port_insert_right(mach_port_t task, mach_port_t name, mach_port_t right_of, u8 disposition);
// Takes a right out of the task: *got is the caller's name for it, *as its MOVE_ disposition.
[[nodiscard]] kern_return_t mach_port_extract_right(mach_port_t task, mach_port_t name, u8 disposition, mach_port_t* got, u8* as);
// Adds delta references; receive, send-once and sets know only -1 and 0. Without its receive right a port dies.
// UREFS_OVERFLOW above MACH_PORT_UREFS_MAX, INVALID_VALUE below 0.
[[nodiscard]] kern_return_t mach_port_mod_refs(mach_port_t task, mach_port_t name, u32 right, i32 delta);
[[nodiscard]] kern_return_t mach_port_deallocate(mach_port_t task, mach_port_t name);  // one send, send-once or dead reference
[[nodiscard]] kern_return_t mach_port_destroy(mach_port_t task, mach_port_t name);     // all that the name has
[[nodiscard]] kern_return_t mach_port_get_refs(mach_port_t task, mach_port_t name, u32 right, u32* references);  // 0: has no such right
[[nodiscard]] kern_return_t mach_port_type(mach_port_t task, mach_port_t name, u32* types);                     // MACH_PORT_TYPE_*
// All names of the task and their types, in fresh memory of *count words each, which mach_port_names_free gives back.
struct MachNames {
    const mach_port_t* names;
    const u32* types;
    u32 count;
};
[[nodiscard]] kern_return_t mach_port_names(mach_port_t task, MachNames* names);
void mach_port_names_free(MachNames* names);

// Of a receive right. count in: words of room; out: words written. FAILURE: too little room.
[[nodiscard]] kern_return_t mach_port_get_attributes(mach_port_t task, mach_port_t name, i32 flavor, i32* info, u32* count);
[[nodiscard]] kern_return_t mach_port_set_attributes(mach_port_t task, mach_port_t name, i32 flavor, const i32* info, u32 count);
[[nodiscard]] kern_return_t mach_port_get_status(mach_port_t task, mach_port_t name, xnu::mach_port_status_t* status);
[[nodiscard]] kern_return_t mach_port_set_qlimit(mach_port_t task, mach_port_t name, u32 messages);  // 0..1024; default 5
[[nodiscard]] kern_return_t mach_port_set_mscount(mach_port_t task, mach_port_t name, u32 count);
[[nodiscard]] kern_return_t mach_port_set_seqno(mach_port_t task, mach_port_t name, u32 seqno);
[[nodiscard]] kern_return_t mach_port_get_context(mach_port_t task, mach_port_t name, u64* context);
[[nodiscard]] kern_return_t mach_port_set_context(mach_port_t task, mach_port_t name, u64 context);

// One message of MACH_NOTIFY_* to `notify`, of which `disposition` makes a send-once right (0: none, which cancels): DEAD_NAME for
// a name that is no dead one yet (with sync != 0 also for one that is), NO_SENDERS (when the make-send count is at least sync) and
// PORT_DESTROYED (sync 0; the receive right comes in the message) for a receive right. *previous: the one replaced, the caller's.
[[nodiscard]] kern_return_t mach_port_request_notification(mach_port_t task, mach_port_t name, i32 notification, u32 sync,
                                                           mach_port_t notify, u8 disposition, mach_port_t* previous);

// Sets: a receive from a set takes what any member has. move: out of all sets, and into `set` unless it is 0.
[[nodiscard]] kern_return_t mach_port_move_member(mach_port_t task, mach_port_t member, mach_port_t set);
[[nodiscard]] kern_return_t mach_port_insert_member(mach_port_t task, mach_port_t member, mach_port_t set);   // ALREADY_IN_SET
[[nodiscard]] kern_return_t mach_port_extract_member(mach_port_t task, mach_port_t member, mach_port_t set);  // NOT_IN_SET
// The members, in memory that mach_port_names_free gives back; types is null.
[[nodiscard]] kern_return_t mach_port_get_set_status(mach_port_t task, mach_port_t set, MachNames* members);

// From Darwin 13 on; KERN_NOT_SUPPORTED before, without asking. A guarded port's receive right goes only with the same guard:
// whoever tries without it gets a guard exception, which kills.
[[nodiscard]] kern_return_t mach_port_construct(mach_port_t task, const xnu::mach_port_options& options, u64 context, mach_port_t* name);
[[nodiscard]] kern_return_t mach_port_destruct(mach_port_t task, mach_port_t name, i32 send_delta, u64 guard);
[[nodiscard]] kern_return_t mach_port_guard(mach_port_t task, mach_port_t name, u64 guard, bool strict);
[[nodiscard]] kern_return_t mach_port_unguard(mach_port_t task, mach_port_t name, u64 guard);

}  // namespace trapeze
