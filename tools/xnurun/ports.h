// SPDX-License-Identifier: BSD-3-Clause
// The task's port name space (osfmk/ipc/ipc_entry.c, ipc_right.c, ipc_port.c): names, rights and user references as XNU
// counts them. A Port is the object behind names; it lives as long as somebody refers to it and is dead once its receive
// right (or the kernel object) is gone: what were send rights then are dead names, found out when the name is looked up.
//
// Lock order: threads_lock, then ports_lock, then semaphore_lock and the memory lock. ports_lock guards names, ports, sets,
// queues and waiters alike; under it only futex wakes and (de)allocations call the host. Functions named _locked want it
// held, the others take it.
// Rejected: a lock a port as in XNU: destroying a port touches any number of others, and this is no place for speed.
#pragma once
#include "sys/types.h"
#include "tools/xnurun/host.h"

#pragma GCC visibility push(hidden)  // see host.h
namespace trapeze {

struct Thread;
struct Semaphore;
struct Message;
struct Waiter;   // message.h: a thread that sleeps in mach_msg
struct SetLink;  // port_set.cpp: a port in a set

// plain and timer are received by the task, set is no port, all others are the kernel's own.
enum class PortKind : u8 { plain, timer, set, task, thread, host, host_priv, clock, calendar, semaphore, processor_set, memory, fileport, other };

struct Port {
    PortKind kind;
    bool dead, guarded, strict;
    bool send_possible;       // a send-possible request is armed
    u32 refs;                 // names, rights in messages, kernel objects, waiters
    u32 name;                 // under which the task holds the receive or send right or the set, 0 = none
    bool received;            // the task holds the receive right (or it is a kernel object's port)
    bool awaited;             // somebody sleeps on `arrivals`
    u32 send_rights, send_once_rights, make_send_count;
    u32 queue_limit, queued, sequence;
    u64 context;
    Message *first, *last;    // the queue
    Waiter *receivers, *last_receiver, *senders, *last_sender;
    SetLink *sets;            // those that it is in; of a set: its members
    Port *no_senders, *port_destroyed;  // send-once rights to notify
    Port *destination;        // of a receive right in a message: where that went, for circles
    u32 arrivals;             // futex word: messages that came to a port that the kernel itself receives from
    u32 requests;             // index of the first entry that wants to hear of its death
    void* object;             // a semaphore's, a timer's, a thread's
    Port* next_free;
};

enum : u32 { right_send = 0, right_receive = 1, right_send_once = 2, right_port_set = 3, right_dead_name = 4 };
constexpr u32 type_bit(u32 right) { return 1u << right; }
constexpr u32 type_send = 1, type_receive = 2, type_send_once = 4, type_set = 8, type_dead = 16;
constexpr u32 type_dnrequest = 0x80000000, type_sprequest = 0x40000000, type_sprequest_delayed = 0x20000000;
constexpr u32 port_null = 0, port_dead_name = 0xffffffff;
constexpr bool valid_name(u32 name) { return name != port_null && name != port_dead_name; }

struct PortEntry {
    Port* port;
    u32 types;        // type_bit of each right held
    u32 urefs;        // of send rights, or of the dead name
    u8 generation;
    bool send_possible, armed;
    Port* notify;     // dead-name or send-possible request: a send-once right; null: none
    u32 next_request, previous_request;
    u32 next_free;
};

// What a message or a call carries: null, a dead name, or a port with the right that goes with its disposition.
inline Port* const carried_dead = reinterpret_cast<Port*>(~0ull);
inline bool carried_valid(const Port* p) { return p && p != carried_dead; }

extern HostLock ports_lock;
extern Port *task_port, *host_port, *host_priv_port;

void init_ports();                          // task, host and the main thread's port
void fork_child_ports();                    // a child has the standard ports and no others
bool port_new_thread(Thread&, u32& name);   // the thread's port, and a send right to it in the task's space
void port_thread_ended(Thread&);            // the thread's port dies
u32 port_copy_send(Port*);                  // a user reference more to a right that may be null or dead: its name
Port* host_port_of_user();                  // the privileged one for a superuser, as set_security_token gives them
u32 port_self_send_task();                  // mach_task_self: what TASK_KERNEL_PORT is, the task's own unless set
u32 port_self_send(Port*);                  // one more user reference to a kernel port: its name, 0 if there is no room

// A new port of the kernel's with one send right in the task's space: its name, or 0 when the space is full. `port` gets
// the kernel's reference.
u32 port_make_kernel(PortKind, void* object, Port*& port);
Port* port_new_kernel(PortKind, void* object);  // the same with the send right in flight, under no name
Port* port_new_locked(PortKind);            // no reference, no right
void port_die(Port*);                       // the kernel's reference goes; send rights become dead names
inline void port_ref_locked(Port* p) { p->refs++; }
void port_unref_locked(Port*);
void port_unref(Port*);
bool of_kernel(const Port*);                // received by the kernel

// The port that `name` has a send right for, with a reference that the caller gives back by port_unref; else
// KERN_INVALID_NAME (no such name) or KERN_INVALID_RIGHT (a dead name, or no send right).
i32 port_lookup_send(u32 name, Port*& port);

// Names. find: null if there is none; entries of dead ports have become dead names by then.
PortEntry* entry_find_locked(u32 name);
u32 entry_name_locked(const PortEntry&);
PortEntry* entry_new_locked(u32& name);     // no rights yet; null: the space is full
i32 entry_at_locked(u32 name, PortEntry*& entry);  // a name of the caller's choice: that entry, perhaps one in use
void entry_trim_locked(PortEntry&);         // frees it if no right is left
u32 entries_end_locked();
PortEntry& entry_locked(u32 index);         // as it stands, dead or not
i32 receive_right_locked(u32 name, Port*& port);  // KERN_INVALID_NAME, KERN_INVALID_RIGHT

// Rights in flight (rights.cpp). Dispositions as in messages; copyin takes out of the name, copyout gives a name.
u32 carried_type(u32 disposition);          // 16, 17, 18; 0: no disposition
bool copyin_possible_locked(const PortEntry&, u32 disposition);
i32 copyin_locked(u32 name, u32 disposition, bool dead_ok, Port*& port);
i32 copyout_locked(Port*, u32 type, u32& name);              // KERN_NO_SPACE, KERN_INVALID_CAPABILITY: it died; right kept
i32 copyout_name_locked(Port*, u32 type, u32 name);          // right kept on failure
void right_release_locked(Port*, u32 type); // the right is given up: notifications go out, a receive right dies
void send_right_copy_locked(Port*);

// As the calls of the same names, on the task's own space; all give a kern_return_t.
i32 port_allocate(u32 right, u32& name);
i32 port_allocate_name(u32 right, u32 name);
i32 port_release_send(u32 name);            // mach_port_deallocate
i32 port_mod_refs(u32 name, u32 right, i32 delta);
i32 port_destroy(u32 name);
i32 port_destruct(u32 name, i32 send_delta, u64 guard);
i32 port_insert_right(u32 name, u32 poly, u32 disposition);
i32 port_type(u32 name, u32& types);
i32 port_get_refs(u32 name, u32 right, u32& refs);
i32 port_set_queue_limit(u32 name, u32 limit);
i32 port_guard(u32 name, u64 guard, bool strict);
i32 port_unguard(u32 name, u64 guard);
i32 port_construct(u32 flags, u32 queue_limit, u64 context, u32& name);
i32 port_request_notification_locked(u32 name, i32 id, u32 sync, Port* notify, Port*& previous);
i32 port_attributes(u32 name, i32 flavor, u32* info, u32& count);
i32 port_move_member(u32 member, u32 set);
i32 port_insert_member(u32 member, u32 set);
i32 port_extract_member(u32 member, u32 set);

// Death (port_death.cpp) and what is told of it.
void receive_right_dies_locked(Port*);      // the task's right is gone from its entry; consumes its reference
void receiver_cleared_locked(Port*);        // the right leaves the task: out of its sets, receivers told, counts reset
Port* request_cancel_locked(PortEntry&);    // the send-once right that was to be notified, or null
void notify_deleted_locked(Port* notify, u32 name);
void notify_dead_name_locked(Port* notify, u32 name);
void notify_send_possible_locked(Port* notify, u32 name);
void notify_no_senders_locked(Port* notify, u32 make_send_count);
void notify_send_once_locked(Port*);        // consumes the send-once right
void send_possible_locked(Port*);           // there is room in its queue again

// Sets (port_set.cpp).
void set_remove_all_locked(Port*);          // a port out of all its sets; a set: all its members
void set_dies_locked(Port*);
u32 set_count_locked(const Port*);
Port* set_first_message_locked(Port* set);  // a member whose queue is not empty, in turn; null: none
u32 set_members_locked(const Port* set, u32* names, u32 room);  // how many there are

void fork_child_sets();
void fork_child_clocks();
void fork_child_fileports();
void fileport_gone_locked(Port*);           // no send right is left (fileport.cpp)
void fork_child_machine();
void fork_child_special_ports();
void fork_child_timers();
void fork_child_ulocks();
void ulock_wake_joiners(u64 address);        // of a thread that ends

struct PortCount {
    u32 names, receive, send, send_once, dead;
};
PortCount port_count();
void report_rights();  // a line for each name that the task still holds

}  // namespace trapeze
#pragma GCC visibility pop
