// SPDX-License-Identifier: BSD-3-Clause
// Raw Mach threads from creation to their end, by message, policies of threads and the task, the task's own end, ports made and
// guarded by message (osfmk/kern/thread.c, thread_act.c, thread_policy.c, task.c, osfmk/ipc/mach_port.c).
#include "tests/sys/child.h"
#include "tests/sys/mach_tap.h"

#include "sys/darwin/release.h"
#include "sys/darwin/rpc.h"
#include "sys/darwin/task.h"
#include "sys/mem.h"
#include "sys/thread.h"

using namespace trapeze;
using namespace trapeze::xnu;

namespace {

const mach_port_t task = mach_task_self();

u64 counted;
[[noreturn]] void count_on() {
    for (;;) {
        __atomic_fetch_add(&counted, 1, __ATOMIC_RELAXED);
        asm volatile("pause");
    }
}
alignas(16) u8 stack[16384];

struct SetState {
    i32 flavor;
    u32 count;
    x86_thread_state64 state;
};
u32 threads_now() {
    mach_port_t* list = nullptr;
    u32 n = 0;
    if (task_threads(task, &list, &n)) return 0;
    task_threads_free(list, n);
    return n;
}

void raw_threads() {
    const u32 before = threads_now();
    mach_port_t t = 0;
    succeeds(rpc_port(task, MIG_thread_create, Nothing{}, &t), "thread_create");
    ok(threads_now() == before + 1, "there is one more");
    thread_basic_info info{};
    u32 n = 10;
    succeeds(thread_info(t, THREAD_BASIC_INFO, &info, &n), "of which thread_info tells");
    ok(info.suspend_count == 1 && info.run_state == TH_STATE_STOPPED, "that it is suspended");
    SetState s{4, 42, {}};
    s.state.rip = reinterpret_cast<u64>(count_on);
    s.state.rsp = reinterpret_cast<u64>(stack + sizeof stack - 8);
    succeeds(rpc(t, MIG_thread_set_state, s, none), "its registers are set");
    SetState wrong = s;
    wrong.state.rip = u64{1} << 60;
    is(rpc(t, MIG_thread_set_state, wrong, none), KERN_INVALID_ARGUMENT, "to an address that is none: INVALID_ARGUMENT");
    wrong = s;
    wrong.flavor = 9;
    is(rpc(t, MIG_thread_set_state, wrong, none), KERN_INVALID_ARGUMENT, "of a flavor that cannot be set: INVALID_ARGUMENT");
    succeeds(thread_resume(t), "resumed");
    while (!__atomic_load_n(&counted, __ATOMIC_RELAXED)) thread_yield();
    ok(true, "it runs");
    succeeds(rpc(t, MIG_thread_terminate, Nothing{}, none), "thread_terminate");
    while (threads_now() != before) thread_yield();
    ok(true, "it is gone");
    const u64 last = __atomic_load_n(&counted, __ATOMIC_RELAXED);
    for (i32 i = 0; i < 10; i++) thread_yield();
    ok(__atomic_load_n(&counted, __ATOMIC_RELAXED) == last, "and counts no more");
    u32 types = 0;
    for (i32 i = 0; i < 100'000 && !(types & MACH_PORT_TYPE_DEAD_NAME); i++) {  // soon after it has left the task
        (void)mach_port_type(task, t, &types);
        thread_yield();
    }
    ok(types & MACH_PORT_TYPE_DEAD_NAME, "its name is a dead one");
    (void)mach_port_deallocate(task, t);

    succeeds(rpc_port(task, MIG_thread_create, Nothing{}, &t), "another one");
    succeeds(rpc(t, MIG_thread_terminate, Nothing{}, none), "ends before it ever ran");
    while (threads_now() != before) thread_yield();
    (void)mach_port_deallocate(task, t);
    __atomic_store_n(&counted, 0, __ATOMIC_RELAXED);
    succeeds(rpc_port(task, MIG_thread_create_running, s, &t), "thread_create_running");
    while (!__atomic_load_n(&counted, __ATOMIC_RELAXED)) thread_yield();
    (void)rpc(t, MIG_thread_terminate, Nothing{}, none);
    while (threads_now() != before) thread_yield();
    (void)mach_port_deallocate(task, t);
    is(rpc_port(task, MIG_thread_create_running, wrong, &t), KERN_INVALID_ARGUMENT, "with registers that cannot be set: INVALID_ARGUMENT");
    ok(threads_now() == before, "makes none");
    is(rpc_port(mach_host_self(), MIG_thread_create, Nothing{}, &t), KERN_INVALID_ARGUMENT, "in a port that is no task: INVALID_ARGUMENT");
}

struct Policy {
    u32 flavor, count, words[4];
};
kern_return_t set_policy(u32 flavor, u32 count, u32 a = 0, u32 b = 0, u32 c = 0, u32 d = 0) {
    const Policy p = {flavor, count, {a, b, c, d}};
    return rpc_call(thread_self(), MIG_thread_policy_set, {nullptr, 0, &p, 8 + count * 4, nullptr, 0, 0, nullptr, 0, 0});
}
kern_return_t get_policy(u32 flavor, u32 room, u32* first) {
    const struct {
        u32 flavor, room, standard;
    } in = {flavor, room, 0};
    struct {
        u32 count, words[17];
    } out{};
    const kern_return_t r = rpc_call(thread_self(), MIG_thread_policy_get, {nullptr, 0, &in, sizeof in, nullptr, 0, 0, &out, sizeof out, 8});
    *first = out.words[0];
    return r;
}

void policies() {
    u32 v = 0;
    succeeds(set_policy(3, 1, 7), "a precedence of 7");
    succeeds(get_policy(3, 1, &v), "is asked for");
    ok(v == 7, "and told");
    succeeds(set_policy(1, 1, 0), "a fixed priority");
    ok(get_policy(1, 1, &v) == KERN_SUCCESS && v == 0, "is told");
    succeeds(set_policy(1, 0), "the standard policy, which has no words");
    ok(get_policy(1, 1, &v) == KERN_SUCCESS && v == 1, "is timeshare");
    succeeds(set_policy(4, 1, 3), "an affinity");
    succeeds(set_policy(2, 4, 1000000, 100000, 500000, 1), "a time constraint");
    is(set_policy(2, 4, 1000000, 500000, 100000, 1), KERN_INVALID_ARGUMENT, "that is less than the work: INVALID_ARGUMENT");
    is(set_policy(2, 4, 0, 1, 10, 1), KERN_INVALID_ARGUMENT, "of too little work: INVALID_ARGUMENT");
    is(set_policy(2, 3), KERN_INVALID_ARGUMENT, "of three words: INVALID_ARGUMENT");
    is(set_policy(3, 0), KERN_INVALID_ARGUMENT, "a precedence of none: INVALID_ARGUMENT");
    is(set_policy(99, 1), KERN_INVALID_ARGUMENT, "a policy that is none: INVALID_ARGUMENT");
    is(get_policy(99, 4, &v), KERN_INVALID_ARGUMENT, "asked for: INVALID_ARGUMENT");
    is(get_policy(2, 3, &v), KERN_INVALID_ARGUMENT, "too little room: INVALID_ARGUMENT");
    is(rpc(thread_self(), MIG_thread_depress_abort, Nothing{}, none), KERN_NOT_DEPRESSED, "not depressed: NOT_DEPRESSED");
    const struct {
        u32 flavor, count;
        i32 role;
    } category = {1, 1, 1}, none_such = {77, 1, 1};
    succeeds(rpc(task, MIG_task_policy_set, category, none), "the task in the foreground");
    is(rpc(task, MIG_task_policy_set, none_such, none), KERN_INVALID_ARGUMENT, "a policy that is none: INVALID_ARGUMENT");
    i32 words[8];
    u32 n = 8;
    succeeds(thread_info(thread_self(), 10, words, &n), "SCHED_TIMESHARE_INFO");
    ok(n == 5 && words[3] == 0, "five words, not depressed");
    n = 8;
    is(thread_info(thread_self(), 12, words, &n), KERN_INVALID_POLICY, "SCHED_FIFO_INFO of a timeshare thread: INVALID_POLICY");
}

void ends() {
    const WaitStatus own = in_child([] { return static_cast<i32>(task_terminate(mach_task_self())); });
    ok(own.signalled() && own.signal() == 9, "task_terminate of oneself looks like SIGKILL");
    const WaitStatus last = in_child([] {
        (void)rpc(thread_self(), MIG_thread_terminate, Nothing{}, none);
        return 3;
    });
    ok(last.exited() && last.code() != 3, "with its last thread a task ends");
}

#pragma pack(push, 4)
struct GuardIn {
    mach_port_t name;
    u64 a, b;
};
#pragma pack(pop)
void made_by_message() {
    if (darwin_major < 13) return skip("guards came with Darwin 13", "ports made by message");
    const mach_port_options options = {MPO_CONTEXT_AS_GUARD | MPO_INSERT_SEND_RIGHT, 0, {}};
    const u64 guard = 0x1234;
    mach_port_t name = 0;
    succeeds(rpc(task, MIG_mach_port_construct, memory_part(&options, sizeof options), guard, &name), "mach_port_construct");
    ok(references(name, MACH_PORT_RIGHT_SEND) == 1, "with a send right");
    is(mach_port_mod_refs(task, name, MACH_PORT_RIGHT_RECEIVE, -1), KERN_INVALID_RIGHT, "its guard keeps it: INVALID_RIGHT");
    is(rpc(task, MIG_mach_port_swap_guard, GuardIn{name, 1, 2}, none), KERN_INVALID_ARGUMENT, "swap a guard that it is not: INVALID_ARGUMENT");
    succeeds(rpc(task, MIG_mach_port_swap_guard, GuardIn{name, guard, 2}, none), "swap it");
    is(mach_port_destruct(task, name, 0, guard), KERN_INVALID_ARGUMENT, "destruct with the old one: INVALID_ARGUMENT");
    succeeds(mach_port_destruct(task, name, -1, 2), "with the new one");
    const mach_port_t plain = new_port(false);
    is(rpc(task, MIG_mach_port_guard_with_flags, GuardIn{plain, 5, 0x100}, none), KERN_INVALID_ARGUMENT, "a flag that is none: INVALID_ARGUMENT");
    succeeds(rpc(task, MIG_mach_port_guard_with_flags, GuardIn{plain, 5, 0}, none), "guard it with flags");
    succeeds(mach_port_destruct(task, plain, 0, 5), "and destruct it");
}

}  // namespace

int main() {
    print("TAP version 13\n");
    raw_threads();
    policies();
    ends();
    made_by_message();
    return done();
}
