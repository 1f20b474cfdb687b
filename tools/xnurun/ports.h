// SPDX-License-Identifier: BSD-3-Clause
// The task's port name space (osfmk/ipc/ipc_entry.c, ipc_right.c): names, rights and user references as XNU counts them,
// so that a leaked right shows. A Port is the object behind names; it lives as long as somebody refers to it, and is dead
// once its receive right (or the kernel object) is gone: send rights then are dead names.
//
// All functions take ports_lock themselves unless named _locked. Lock order: ports_lock before threads_lock and
// semaphore locks.
#pragma once
#include "sys/types.h"
#include "tools/xnurun/host.h"

#pragma GCC visibility push(hidden)  // see host.h
namespace trapeze {

struct Thread;
struct Semaphore;

enum class PortKind : u8 { plain, set, task, thread, host, semaphore };

struct Message;

struct Port {
    PortKind kind;
    bool dead;
    u32 refs;              // names and kernel objects that point here
    u32 name;              // the name under which the task holds send and receive rights, 0 = none
    Semaphore* semaphore;
    Message* first;        // queue of a receive right, under ports_lock
    Message* last;
    u32 sequence;          // futex word: changes with every message and when the port dies
    u32 received;          // MACH_RCV_TRAILER_SEQNO
    Port* next_free;
};

enum : u32 { right_send = 0, right_receive = 1, right_send_once = 2, right_port_set = 3, right_dead_name = 4 };
constexpr u32 type_bit(u32 right) { return 1u << right; }

struct PortEntry {
    Port* port;
    u32 types;        // type_bit of each right held
    u32 urefs;        // of send rights, or of the dead name
    u8 generation;
    u32 next_free;
};

extern HostLock ports_lock;
extern Port* task_port;
extern Port* host_port;

void init_ports();                          // task, host and the main thread's port
void fork_child_ports();                    // a child has the standard ports and no others
bool port_new_thread(Thread&, u32& name);   // the thread's port, and a send right to it in the task's space
void port_thread_ended(Thread&);            // the thread's port dies
u32 port_self_send(Port*);                  // one more user reference to a kernel port: its name, 0 if there is no room

// A new port of the kernel's with one send right in the task's space: its name, or 0 when the space is full. `port` gets
// the kernel's reference.
u32 port_make_kernel(PortKind, Semaphore*, Port*& port);
void port_die(Port*);                       // the kernel's reference goes; send rights become dead names

// The port that `name` has a send right for, with a reference that the caller gives back by port_unref; else
// KERN_INVALID_NAME (no such name) or KERN_INVALID_RIGHT (a dead name, or no send right).
i32 port_lookup_send(u32 name, Port*& port);
Port* port_lookup_receive(u32 name);        // the same for a receive right or a set; null if there is none
void port_unref(Port*);

// As the calls of the same names, on the task's own space; all give a kern_return_t.
i32 port_allocate(u32 right, u32& name);
i32 port_release_send(u32 name);            // mach_port_deallocate
void port_drop_send_locked(u32 name);
i32 port_mod_refs(u32 name, u32 right, i32 delta);
i32 port_insert_right(u32 name, u32 poly, u32 disposition);
// Takes what a message carries under `disposition` out of `name`: the port, with a reference. False: no such right.
bool port_copyin(u32 name, u32 disposition, Port*& port);

void port_send(Port*, Message*);            // queues, wakes a receiver
Message* port_receive_locked(Port*);        // the oldest message, or null; takes it off

struct PortCount {
    u32 names, receive, send, send_once, dead;
};
PortCount port_count();

}  // namespace trapeze
#pragma GCC visibility pop
