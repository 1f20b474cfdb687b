// SPDX-License-Identifier: BSD-3-Clause
// A request to a MIG server of the kernel's, and the reply that it makes. Servers are tables of routines, one a subsystem
// (mig_*.cpp); kernel_rpc.cpp finds the row, checks the request's form (as sys/darwin/mig.tbl has it) and the object, and sends
// what came out.
//
// Replies have MIG's forms: an error, or a routine without results, is 36 bytes with NDR and RetCode; results follow the
// RetCode; with descriptors the message is complex, NDR follows them and there is no RetCode; only ports: no NDR either.
#pragma once
#include "sys/mem.h"
#include "tools/xnurun/message.h"

namespace trapeze {

struct Rpc {
    Message* request;
    Port* object;          // what it was sent to
    Message* reply;
    u32 arguments;         // offset of the first one behind NDR
    u32 end;               // of the reply so far; 0: nothing yet
    bool only_ports;

    u32 size() const { return request->size - arguments; }  // of the arguments
    u32 u(u32 offset) const { return read<u32>(arguments + offset); }
    i32 i(u32 offset) const { return read<i32>(arguments + offset); }
    u64 w(u32 offset) const { return read<u64>(arguments + offset); }
    Port* port(u32 n) const { return read<Port*>(header_size + 4 + 12 * n); }
    u32 port_type(u32 n) const { return request->bytes[header_size + 4 + 12 * n + 10]; }
    void keep_port(u32 n);             // the right is the routine's now: the request does not give it back

    Rpc& put(const void* data, u32 n); // results, in order, behind the descriptors
    Rpc& put32(u32 v) { return put(&v, 4); }
    Rpc& put64(u64 v) { return put(&v, 8); }
    void put_port(Port*, u32 type);    // descriptors, before any results; the right becomes the reply's
    bool put_memory(const void* data, u32 size, u32 elements_of_port = 0);  // out of line, copied; false: no memory
    void widen(u32 bytes);             // room for a reply of that size, before descriptors that need it
    void put_ndr();                    // after descriptors, if results follow them

private:
    template <class T>
    T read(u32 at) const {
        T v;
        memcpy(&v, request->bytes + at, sizeof v);
        return v;
    }
};

using RpcHandler = i32 (*)(Rpc&);      // kern_return_t: not 0, and what was put is thrown away

struct RpcRow {
    i32 id;
    RpcHandler handler;
    u32 since = 0;                     // for the form of a release from this one on; the older form's row follows
    i32 wrong_object = 0;              // what it says of an object that is not the server's, where that is another code
};

struct RpcServer {
    bool (*serves)(const Port*);       // the objects that its routines take
    i32 wrong_object;                  // what they say of another
    const RpcRow* rows;
    u32 count;
};

#pragma GCC visibility push(hidden)
extern const RpcServer mig_port_server, mig_task_server, mig_thread_server, mig_vm_server, mig_entry_server, mig_host_server, mig_clock_server,
    mig_semaphore_server, mig_machine_server, mig_voucher_server, mig_port_debug_server;
#pragma GCC visibility pop

}  // namespace trapeze
