// SPDX-License-Identifier: BSD-3-Clause
// What a task asks the machine for, by message: special ports of the host, the task and threads, registered ports, wired memory,
// processors, policies, and refusals of what is not there (osfmk/kern/host.c, ipc_tt.c, processor.c, task_policy.c, vm_user.c).
#include "tests/sys/child.h"
#include "tests/sys/mach_tap.h"

#include "sys/darwin/release.h"
#include "sys/darwin/rpc.h"
#include "sys/darwin/syscall.h"
#include "sys/darwin/task.h"
#include "sys/darwin/vm.h"
#include "sys/mem.h"
#include "sys/os.h"
#include "sys/signals.h"

using namespace trapeze;
using namespace trapeze::xnu;

namespace {

const mach_port_t task = mach_task_self(), host = mach_host_self();
mach_port_t asked_thread() { return static_cast<mach_port_t>(mach_trap(TRAP_thread_self_trap)); }  // not what rt0 remembers
mach_port_t asked_task() { return static_cast<mach_port_t>(mach_trap(TRAP_task_self_trap)); }
bool superuser;  // its mach_host_self is the privileged port

#pragma pack(push, 4)
struct Wire {
    u64 address, size;
    i32 access;
};
#pragma pack(pop)
struct TwoWords {
    i32 a, b;
};

kern_return_t set_host_special(i32 which, mach_port_t port) {
    return rpc(host, MIG_host_set_special_port, port_part(port, MACH_MSG_TYPE_COPY_SEND), which, none);
}

void host_ports() {
    mach_port_t port = 0;
    const mach_port_t mine = new_port();
    if (!superuser) {
        is(rpc_port(host, MIG_host_get_special_port, TwoWords{-1, 1}, &port), KERN_INVALID_ARGUMENT, "a host's special port without the privileged one");
        is(set_host_special(11, mine), KERN_INVALID_ARGUMENT, "is not set either");
        is(rpc(host, MIG_mach_vm_wire, port_part(task, MACH_MSG_TYPE_COPY_SEND), Wire{0x1000, 4096, 1}, none), KERN_INVALID_HOST, "nor is memory wired");
    } else {
        succeeds(rpc_port(host, MIG_host_get_special_port, TwoWords{-1, 2}, &port), "HOST_PRIV_PORT");
        ok(port == host, "is a superuser's mach_host_self");
        is(rpc_port(host, MIG_host_get_special_port, TwoWords{-1, 0}, &port), KERN_INVALID_ARGUMENT, "HOST_SECURITY_PORT: INVALID_ARGUMENT");
        is(rpc_port(host, MIG_host_get_special_port, TwoWords{-1, 99}, &port), KERN_INVALID_ARGUMENT, "one that is none: INVALID_ARGUMENT");
        is(set_host_special(3, mine), KERN_INVALID_ARGUMENT, "one of the kernel's is not set: INVALID_ARGUMENT");
        succeeds(set_host_special(11, mine), "HOST_AUTOMOUNTD_PORT is");
        succeeds(rpc_port(host, MIG_host_get_special_port, TwoWords{-1, 11}, &port), "and is told");
        ok(port == mine, "as what it was");
        u64 at = 0;
        succeeds(mach_vm_allocate(task, &at, 8192, VM_FLAGS_ANYWHERE), "memory");
        const auto wire = [&](u64 from, u64 size, i32 access) {
            return rpc(host, MIG_mach_vm_wire, port_part(task, MACH_MSG_TYPE_COPY_SEND), Wire{from, size, access}, none);
        };
        const kern_return_t wired = wire(at, 8192, 3);
        if (wired == KERN_RESOURCE_SHORTAGE) skip("no memory may be locked here", "mach_vm_wire");
        else succeeds(wired, "mach_vm_wire");
        succeeds(wire(at, 8192, 0), "and back");
        is(wire(at, 8192, 0x10), KERN_INVALID_ARGUMENT, "an access that is none: INVALID_ARGUMENT");
        is(wire(~0ull - 4096, 8192, 1), KERN_INVALID_ARGUMENT, "beyond the end: INVALID_ARGUMENT");
        (void)mach_vm_deallocate(task, at, 8192);
        is(wire(at, 8192, 1), KERN_INVALID_ADDRESS, "memory that is not there: INVALID_ADDRESS");
        is(rpc(host, MIG_mach_vm_wire, port_part(mine, MACH_MSG_TYPE_COPY_SEND), Wire{at, 1, 1}, none), KERN_INVALID_TASK, "of no task: INVALID_TASK");
    }
    is(rpc_port(task, MIG_host_get_special_port, TwoWords{-1, 1}, &port), KERN_INVALID_ARGUMENT, "of a port that is no host: INVALID_ARGUMENT");
}

void own_ports() {
    mach_port_t port = 0;
    const mach_port_t mine = new_port(), other = asked_thread();
    const auto set_thread = [&](i32 which, mach_port_t to) {
        return rpc(other, MIG_thread_set_special_port, port_part(to, MACH_MSG_TYPE_COPY_SEND), which, none);
    };
    is(set_thread(7, mine), KERN_INVALID_ARGUMENT, "a thread's special port that is none: INVALID_ARGUMENT");
    succeeds(set_thread(1, mine), "THREAD_KERNEL_PORT is set");
    succeeds(rpc_port(other, MIG_thread_get_special_port, i32{1}, &port), "and told");
    ok(port == mine && asked_thread() == mine, "to whoever asks who he is");
    succeeds(set_thread(1, other), "and set back");
    ok(asked_thread() == other, "it is itself again");
    held(in_child([&]() -> i32 {
        const mach_port_t me = mach_task_self(), proxy = new_port();
        if (rpc(me, MIG_task_set_special_port, port_part(proxy, MACH_MSG_TYPE_COPY_SEND), i32{1}, none)) return 1;
        mach_port_t got = 0;
        if (rpc_port(me, MIG_task_get_special_port, i32{1}, &got) || got != proxy) return 2;
        if (asked_task() != proxy) return 3;
        return 0;
    }), "TASK_KERNEL_PORT is what mach_task_self gives");

    mach_msg_ool_ports_descriptor_t list{};
    u32 n = 0;
    mach_port_t three[4] = {mine, 0, other, mine};
    const auto registered = [&](u32 count) {
        const mach_msg_ool_ports_descriptor_t part = {reinterpret_cast<u64>(three), 0, MACH_MSG_VIRTUAL_COPY, MACH_MSG_TYPE_COPY_SEND, MACH_MSG_OOL_PORTS_DESCRIPTOR, count};
        return rpc(task, MIG_mach_ports_register, part, count, none);
    };
    // From some release of Darwin 23 on three descriptors, both ways.
    if (darwin_major >= 24 || (darwin_major == 23 && registered(0) == MIG_BAD_ARGUMENTS)) {
        struct Three {
            mach_msg_port_descriptor_t port[3];
        } in = {{port_part(mine, MACH_MSG_TYPE_COPY_SEND), port_part(0, MACH_MSG_TYPE_COPY_SEND), port_part(other, MACH_MSG_TYPE_COPY_SEND)}}, out{};
        struct {
            mach_msg_header_t header;
            u32 parts;
            Three three;
            u8 trailer[68];
        } m{{mach_msgh_bits(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE) | MACH_MSGH_BITS_COMPLEX, 64, task, mine, 0, MIG_mach_ports_register}, 3, in, {}};
        succeeds(mach_msg(&m.header, MACH_SEND_MSG | MACH_RCV_MSG, 64, sizeof m, mine, 0), "three ports registered");
        ok(m.header.id == MIG_mach_ports_register + 100 && m.header.size == 36, "without a result");
        m.header = {mach_msgh_bits(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE), 24, task, mine, 0, MIG_mach_ports_lookup};
        succeeds(mach_msg(&m.header, MACH_SEND_MSG | MACH_RCV_MSG, 24, sizeof m, mine, 0), "are looked up");
        out = m.three;
        ok(m.parts == 3 && out.port[0].name == mine && out.port[1].name == 0 && out.port[2].name == other, "by their names");
        return;
    }
    is(registered(4), KERN_INVALID_ARGUMENT, "four ports registered: INVALID_ARGUMENT");
    succeeds(registered(3), "three");
    succeeds(rpc_memory(task, MIG_mach_ports_lookup, Nothing{}, &list, MACH_MSG_OOL_PORTS_DESCRIPTOR, &n), "are looked up");
    const mach_port_t* got = reinterpret_cast<const mach_port_t*>(list.address);
    ok(n == 3 && list.count == 3 && got[0] == mine && got[1] == 0 && got[2] == other, "by their names");
    succeeds(registered(1), "one");
    succeeds(rpc_memory(task, MIG_mach_ports_lookup, Nothing{}, &list, MACH_MSG_OOL_PORTS_DESCRIPTOR, &n), "looked up");
    got = reinterpret_cast<const mach_port_t*>(list.address);
    ok(n == 3 && got[0] == mine && got[1] == 0 && got[2] == 0, "replaces them all");
}

void processors() {
    mach_msg_ool_descriptor_t part{};
    struct {
        u32 processors, words;
    } counts{};
    succeeds(rpc_memory(host, MIG_host_processor_info, i32{1}, &part, MACH_MSG_OOL_DESCRIPTOR, &counts), "PROCESSOR_BASIC_INFO");
    const u32* w = reinterpret_cast<const u32*>(part.address);
    ok(counts.processors > 0 && counts.words == counts.processors * 5 && part.size == counts.words * 4, "five words each");
    ok(w[0] == 7 && w[2] == 1 && w[3] == 0 && w[4] == 1, "the first runs and is the master");
    succeeds(rpc_memory(host, MIG_host_processor_info, i32{2}, &part, MACH_MSG_OOL_DESCRIPTOR, &counts), "PROCESSOR_CPU_LOAD_INFO");
    w = reinterpret_cast<const u32*>(part.address);
    ok(counts.words == counts.processors * 4 && w[0] + w[1] + w[2] + w[3] > 0, "its ticks");
    is(rpc_memory(host, MIG_host_processor_info, i32{99}, &part, MACH_MSG_OOL_DESCRIPTOR, &counts), KERN_INVALID_ARGUMENT, "a flavor that is none: INVALID_ARGUMENT");
    mach_port_t set = 0, again = 0;
    succeeds(rpc_port(host, MIG_processor_set_default, Nothing{}, &set), "the default processor set");
    if (darwin_major < 22) {
        succeeds(rpc_port(asked_thread(), MIG_thread_get_assignment, Nothing{}, &again), "is the thread's");
        ok(again == set, "by the same name");
        succeeds(rpc_port(task, MIG_task_get_assignment, Nothing{}, &again), "and the task's");
    }
    is(rpc_port(task, MIG_processor_set_default, Nothing{}, &again), KERN_INVALID_ARGUMENT, "asked of no host: INVALID_ARGUMENT");
    i32 load[5];
    u32 n = 5;
    succeeds(rpc_info<5>(set, MIG_processor_set_statistics, i32{4}, load, &n), "its load");
    ok(n == 4 && load[0] > 0, "tasks and threads");
    n = 3;
    is(rpc_info<5>(set, MIG_processor_set_statistics, i32{4}, load, &n), KERN_FAILURE, "too little room: FAILURE");
    n = 5;
    is(rpc_info<5>(set, MIG_processor_set_statistics, i32{9}, load, &n), KERN_INVALID_ARGUMENT, "a flavor that is none: INVALID_ARGUMENT");
}

struct TaskPolicy {
    u32 count, words[17];
};
kern_return_t task_policy(u32 flavor, u32 room, TaskPolicy* out) {
    const struct {
        u32 flavor, room, standard;
    } in = {flavor, room, 0};
    return rpc_call(task, MIG_task_policy_get, {nullptr, 0, &in, sizeof in, nullptr, 0, 0, out, sizeof *out, 8});
}

void told() {
    TaskPolicy p{};
    const struct {
        u32 flavor, count;
        i32 role;
    } background = {1, 1, 2};
    succeeds(rpc(task, MIG_task_policy_set, background, none), "the task in the background");
    succeeds(task_policy(1, 1, &p), "task_policy_get");
    ok(p.count == 1 && p.words[0] == 2, "tells it");
    is(task_policy(1, 0, &p), KERN_INVALID_ARGUMENT, "no room: INVALID_ARGUMENT");
    is(task_policy(8, 1, &p), KERN_INVALID_ARGUMENT, "room for one of two tiers: INVALID_ARGUMENT");
    is(task_policy(77, 16, &p), KERN_INVALID_ARGUMENT, "a policy that is none: INVALID_ARGUMENT");
    i32 words[94];
    u32 n = 94;
    succeeds(task_info(task, 22, words, &n), "TASK_VM_INFO");
    u64 virtual_size, resident, peak;
    memcpy(&virtual_size, words, 8), memcpy(&resident, words + 4, 8), memcpy(&peak, words + 6, 8);
    ok(n >= 36 && virtual_size >= resident && resident > 0 && peak > 0 && words[2] > 2 && words[3] == 4096, "sizes, regions, pages");
    n = 35;
    is(task_info(task, 22, words, &n), KERN_INVALID_ARGUMENT, "too little room: INVALID_ARGUMENT");
    n = 8;
    succeeds(task_info(task, 1, words, &n), "TASK_ABSOLUTETIME_INFO");
    n = 8;
    succeeds(task_info(task, 2, words, &n), "TASK_EVENTS_INFO");
    ok(n == 8 && words[0] > 0, "there were faults");
    n = 2;
    is(task_info(task, 11, words, &n), KERN_INVALID_POLICY, "TASK_SCHED_RR_INFO of a timeshare task: INVALID_POLICY");
    n = 28;
    succeeds(thread_info(asked_thread(), 5, words, &n), "THREAD_EXTENDED_INFO");
    ok(n == 28 && words[6] == TH_STATE_RUNNING && words[11] == 63, "running, of a timeshare thread's priorities");
    n = 27;
    is(thread_info(asked_thread(), 5, words, &n), KERN_INVALID_ARGUMENT, "too little room: INVALID_ARGUMENT");
}

}  // namespace

int main() {
    print("TAP version 13\n");
    superuser = geteuid() == 0;
    host_ports();
    own_ports();
    processors();
    told();
    return done();
}
