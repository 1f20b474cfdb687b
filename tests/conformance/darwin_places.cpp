// SPDX-License-Identifier: BSD-3-Clause
// Routines and traps that tell of the host, tasks and threads or change little: their results, and what each says of a wrong use; alarms,
// vouchers, messages in vectors, and what a child of fork has of its parent's ports. xnu-3248 osfmk/kern/host.c, task.c, thread.c,
// ipc_tt.c, clock_oldops.c, sync_sema.c, osfmk/ipc/ipc_voucher.c, mach_kernelrpc.c; xnu-11417 osfmk/ipc/mach_msg.c.
#include "tests/conformance/darwin_mach.h"

void raw_handler(u64, i32, i32, u8*, u8*, u64) {}
void raw_thread(Regs*) {
    for (;;) {}
}

namespace {

constexpr i64 failure = 5, not_depressed = 36, not_waiting = 48, timed_out = 49, invalid_host = 22, array_too_large = -307;
u32 host() {
    static u32 name;
    if (!name) name = static_cast<u32>(call(mach + 29));
    return name;
}
u32 thread() {
    static u32 name;
    if (!name) name = static_cast<u32>(call(mach + 27));
    return name;
}
bool superuser() { return call(bsd + 25) == 0; }  // geteuid: the host's port is the privileged one
template <class... A>
i64 trap(u64 number, A... a) { return static_cast<i32>(call(mach + number, a...)); }
u32 port_in(const Buffer& b) { return b.word(28); }

void of_host() {
    Buffer b;
    same(routine_on(host(), b, 219, 4, 38), ok_, "host_statistics64 HOST_VM_INFO64");
    same(b.word(36), 38, "38 words");
    same(routine_on(host(), b, 219, 4, 37), failure, "too little room: FAILURE");
    same(routine_on(host(), b, 219, 99, 38), invalid_argument, "a flavor that is none: INVALID_ARGUMENT");
    constexpr i32 statistics[] = {216, 219, 402};
    for (const i32 id : statistics) same(routine(b, id, 1, 6), invalid_host, "statistics of a task: INVALID_HOST");
    same(routine_on(host(), b, 216, 1, 5), failure, "host_statistics with too little room: FAILURE");
    same(routine_on(host(), b, 216, 99, 6), invalid_argument, "of a flavor that is none: INVALID_ARGUMENT");
    if (superuser()) {
        same(routine_on(host(), b, 402, 1, 6), ok_, "host_priv_statistics");
        same(routine_on(host(), b, 402, 1, 5), failure, "too little room: FAILURE");
        same(routine_on(host(), b, 400), ok_, "host_get_boot_info");
    } else {
        same(routine_on(host(), b, 402, 1, 6), invalid_host, "host_priv_statistics without the privileged port: INVALID_HOST");
        same(routine_on(host(), b, 400), invalid_host, "host_get_boot_info: INVALID_HOST");
    }
    same(routine(b, 400), invalid_host, "of a task: INVALID_HOST");
    same(routine_on(host(), b, 213), ok_, "processor_set_default");
    const u32 set = port_in(b);
    same(routine(b, 213), invalid_argument, "of a task: INVALID_ARGUMENT");
    same(routine_on(set, b, 4009, 5, 2), ok_, "processor_set_info PROCESSOR_SET_BASIC_INFO");
    check(b.word(28) != 0 && b.word(48) == 2 && b.word(52) >= 1, "the host's port, and how many there are");
    same(routine_on(set, b, 4009, 5, 1), failure, "too little room: FAILURE");
    same(routine_on(set, b, 4009, 99, 5), invalid_argument, "a flavor that is none: INVALID_ARGUMENT");
    same(routine_on(host(), b, 4009, 5, 5), invalid_argument, "of a host: INVALID_ARGUMENT");
    same(routine_on(set, b, 4000, 4, 4), ok_, "processor_set_statistics");
    same(routine_on(set, b, 4000, 4, 3), failure, "too little room: FAILURE");
    deallocate(set);
}

void of_tasks() {
    Buffer b;
    same(routine(b, 3406, 1, 0), invalid_argument, "task_set_info: INVALID_ARGUMENT, there is nothing to set");
    same(routine_on(host(), b, 3406, 1, 0), invalid_argument, "of a host: INVALID_ARGUMENT");
    same(routine(b, 3408), failure, "task_resume of what is not suspended: FAILURE");
    same(routine_on(host(), b, 3408), invalid_argument, "of a host: INVALID_ARGUMENT");
    constexpr i32 ends[] = {3401, 3407};
    for (const i32 id : ends) same(routine_on(host(), b, id), invalid_argument, "task_terminate, task_suspend of a host: INVALID_ARGUMENT");
    same(routine(b, 3455), ok_, "mach_task_is_self");
    same(b.word(36), 1, "it is");
    same(routine_on(host(), b, 3455), invalid_argument, "a host is none: INVALID_ARGUMENT");
    same(routine(b, 3431), ok_, "task_get_assignment");
    deallocate(port_in(b));
    same(routine_on(host(), b, 3431), failure, "of a host: FAILURE");
    same(routine_on(thread(), b, 3623), ok_, "thread_get_assignment");
    deallocate(port_in(b));
    same(routine(b, 3623), invalid_argument, "of a task: INVALID_ARGUMENT");
    same(routine_on(thread(), b, 3609), not_depressed, "thread_depress_abort: NOT_DEPRESSED");
    same(routine(b, 3609), invalid_argument, "of a task: INVALID_ARGUMENT");
    same(routine_on(thread(), b, 3601, 4, 42), ok_, "act_get_state x86_THREAD_STATE64");
    same(b.word(36), 42, "42 words");
    constexpr i32 states[] = {3601, 3603};
    for (const i32 id : states) {
        same(routine_on(thread(), b, id, 4, 41), invalid_argument, "too little room for a state: INVALID_ARGUMENT");
        same(routine_on(thread(), b, id, 99, 42), invalid_argument, "a state that is none: INVALID_ARGUMENT");
        same(routine(b, id, 4, 42), invalid_argument, "of a task: INVALID_ARGUMENT");
    }
    same(routine_on(thread(), b, 3602, 99, 0), invalid_argument, "act_set_state of one that is none: INVALID_ARGUMENT");
    constexpr i32 controls[] = {3600, 3605, 3606, 3607, 3608};
    for (const i32 id : controls) same(routine(b, id), invalid_argument, "thread_terminate, suspend, resume, abort, abort_safely of a task: INVALID_ARGUMENT");
    same(routine_on(thread(), b, 3607), ok_, "thread_abort");
    same(routine_on(thread(), b, 3608), ok_, "thread_abort_safely");
    same(routine_on(thread(), b, 3606), failure, "thread_resume of what runs: FAILURE");
    same(routine(b, 3420, 99, 1, 0), invalid_argument, "task_policy_set of a flavor that is none: INVALID_ARGUMENT");
    same(routine_on(thread(), b, 3617, 99, 1, 0), invalid_argument, "thread_policy_set: INVALID_ARGUMENT");

    // A thread that has not begun: its state is read and put back, and it ends.
    same(routine(b, 3411), ok_, "thread_create");
    const u32 fresh = port_in(b);
    same(routine_on(fresh, b, 3601, 4, 42), ok_, "act_get_state");
    u32 state[2 + 2 + 42] = {0, 1, 4, 42};
    __builtin_memcpy(state + 4, b.body + 16, sizeof state - 16);
    b.h = {0x1513, 24 + sizeof state, fresh, reply_port(), 0, 3602};
    b.set(24, state, sizeof state);
    same(message_trap(&b, send_bit | receive_bit, 24 + sizeof state, sizeof b, reply_port()), ok_, "act_set_state");
    same(static_cast<i32>(b.word(32)), ok_, "of the same");
    same(routine_on(fresh, b, 3600), ok_, "thread_terminate");
    deallocate(fresh);
    Trap child(bsd + 2);
    child.go();
    if (child.r.rdx) {
        Header end{0x13, 24, static_cast<u32>(call(mach + 28)), 0, 0, 3401};
        message_trap(&end, send_bit, 24, 0, 0);
        call(bsd + 1, 1);
    }
    i32 status = 0;
    const i64 pid = static_cast<i64>(child.r.rax);
    while (static_cast<i64>(call(bsd + 7, pid, &status, 0, 0)) == 4) {}
    same(status & 0x7f, 9, "task_terminate: SIGKILL");

    // Exception ports: get and swap of all three kinds.
    const struct {
        u32 object;
        i32 get, swap;
        i64 wrong_mask;
    } kinds[] = {{task_self(), 3414, 3415, invalid_argument}, {thread(), 3614, 3615, invalid_argument}, {host(), 415, 416, invalid_argument}};
    for (const auto& k : kinds) {
        if (k.object == host() && !superuser()) {
            same(routine_on(host(), b, k.get, 2), invalid_argument, "the host's exception ports without its privileged port: INVALID_ARGUMENT");
            continue;
        }
        same(routine_on(k.object, b, k.get, 6), ok_, "get_exception_ports");
        check(b.h.bits & complex_bit && b.word(24) == 32 && b.word(28 + 32 * 12 + 8) == 1 && b.word(28 + 32 * 12 + 12) == 6, "none, of both kinds");
        same(routine_on(k.object, b, k.get, 1), k.wrong_mask, "a mask that is none: INVALID_ARGUMENT");
        const auto swap = [&](u32 mask, u32 port, u32 behavior, u32 flavor) {
            const PortDescriptor d{port, 0, 0, copy_send, 0};
            const u32 one = 1, w[] = {0, 1, mask, behavior, flavor};
            b.h = {0x1513 | complex_bit, 24 + 4 + 12 + sizeof w, k.object, reply_port(), 0, k.swap};
            b.set(24, &one, 4);
            b.set(28, &d, 12);
            b.set(40, w, sizeof w);
            const i64 r = message_trap(&b, send_bit | receive_bit, b.h.size, sizeof b, reply_port());
            return r ? r : b.h.bits & complex_bit ? 0 : static_cast<i32>(b.word(32));
        };
        const u32 p = allocate(right_receive);
        insert_right(p, p, make_send);
        same(swap(2, p, 1, 4), ok_, "swap_exception_ports");
        same(b.word(28), 0, "there was none");
        same(swap(2, p, 9, 4), invalid_argument, "a behavior that is none: INVALID_ARGUMENT");
        same(swap(2, p, 1, 99), invalid_argument, "a flavor that is none: INVALID_ARGUMENT");
        same(swap(1, p, 1, 4), invalid_argument, "a mask that is none: INVALID_ARGUMENT");
        same(swap(2, 0, 0, 0), ok_, "and back");
        check(b.word(28) == p && b.word(28 + 32 * 12 + 8) == 1, "there was one");
        mod_refs(p, right_receive, -1);
        routine(b, 3205, p);
    }
    const u32 some = allocate(right_receive);
    same(routine_port(b, 3410, some, make_send, 99), invalid_argument, "task_set_special_port of one that is none: INVALID_ARGUMENT");
    mod_refs(some, right_receive, -1);
}

void traps() {
    u32 s = 0, other = 0, word = 0;
    semaphore_create(0, s);
    semaphore_create(1, other);
    same(trap(35, s, 0), not_waiting, "semaphore_signal_thread when nobody waits: NOT_WAITING");
    same(trap(35, s, thread()), not_waiting, "or not that thread");
    same(trap(35, 0, 0), invalid_name, "of no semaphore: INVALID_NAME");
    same(trap(35, task_self(), 0), invalid_argument, "of a task: INVALID_ARGUMENT");
    same(trap(39, other, s, 0, 0), ok_, "semaphore_timedwait_signal: one was there");
    same(semaphore_timedwait(s, 0, 0), ok_, "and the other was signalled");
    same(trap(39, other, s, 0, 1000000), timed_out, "in vain: OPERATION_TIMED_OUT");
    same(semaphore_timedwait(s, 0, 0), ok_, "signalled all the same");
    same(trap(39, other, s, 0, 1000000000), 18, "a time that is none: INVALID_VALUE");
    same(trap(39, 0, s, 0, 0), invalid_name, "no semaphore: INVALID_NAME");
    semaphore_destroy(s);
    semaphore_destroy(other);

    u64 id[2] = {0, 0};
    same(trap(43, task_self(), 3, &id[0]), ok_, "mach_generate_activity_id");
    same(trap(43, task_self(), 1, &id[1]), ok_, "and again");
    same(static_cast<i64>(id[1] - id[0]), 3, "the first was of three");
    same(trap(58), ok_, "pfz_exit");
    check(static_cast<u64>(trap(60)) <= 1, "swtch: whether others could run");
    check(static_cast<u64>(trap(59)) <= 1, "swtch_pri");
    u32 base[2] = {0, 0};
    same(trap(89, base), ok_, "mach_timebase_info");
    check(base[0] == 1 && base[1] == 1, "1 to 1");
    same(trap(89, 8), ok_, "a bad place goes unnoticed");
    same(trap(61, 0, 6, 0), invalid_argument, "thread_switch with an option that is none: INVALID_ARGUMENT");
    const i32 pid = static_cast<i32>(call(bsd + 20));
    u32 task = 1;
    same(trap(45, task_self(), pid, &task), ok_, "task_for_pid of its own");
    same(task, task_self(), "is its task");
    same(trap(45, task_self(), 0, &task), failure, "of the kernel: FAILURE");
    same(task, 0, "and no port");
    same(trap(44, task_self(), 999999999, &task), failure, "task_name_for_pid of nobody: FAILURE");
    same(trap(44, host(), pid, &task), failure, "asked of a host: FAILURE");

    same(trap(44, task_self(), pid, &task), ok_, "task_name_for_pid of its own");
    check(task != 0, "is a port");
    i32 whose = 0;
    same(trap(46, task_self(), &whose), ok_, "pid_for_task");
    same(whose, pid, "is its own");
    same(trap(46, host(), &whose), failure, "of a host: FAILURE");
    same(whose, -1, "and no process");
    same(trap(43, task_self(), 0, &id[0]), invalid_argument, "no activity: INVALID_ARGUMENT");
    same(trap(43, task_self(), 1, 8), 14, "activities to a bad place: EFAULT");
    same(trap(34, 0), invalid_name, "semaphore_signal_all of none: INVALID_NAME");
    same(trap(32, 8, receive_bit | receive_timeout, 0, sizeof(Buffer), 0, 0, 0, 0), receive_invalid_name, "mach_msg_overwrite_trap from no port: RCV_INVALID_NAME");

    // Names and memory by trap. A task other than one's own is the message's affair.
    const u32 own = allocate(right_receive);
    same(trap(17, host(), own), send_invalid_dest, "mach_port_destroy_trap of a host: SEND_INVALID_DEST");
    same(trap(42, task_self(), own, 5), invalid_argument, "unguard what has no guard: INVALID_ARGUMENT");
    same(trap(17, task_self(), own), ok_, "mach_port_destroy_trap");
    same(trap(17, task_self(), own), invalid_name, "again: INVALID_NAME");
    const u32 watched = allocate(right_receive), watch = allocate(right_receive);
    u32 before = 1;
    same(trap(77, task_self(), watched, 70, 0, watch, make_send_once, &before), ok_, "mach_port_request_notification_trap: no senders, at once");
    same(before, 0, "nobody had asked");
    Buffer told;
    same(poll(watch, told), ok_, "it comes");
    same(told.h.id, 70, "MACH_NOTIFY_NO_SENDERS");
    same(trap(77, task_self(), watched, 70, 1, watch, make_send_once, &before), ok_, "and again, later");
    same(trap(77, task_self(), watched, 70, 1, watch, make_send_once, 8), 14, "to a bad place: EFAULT");
    same(trap(77, host(), watched, 70, 0, watch, make_send_once, &before), send_invalid_dest, "of a host: SEND_INVALID_DEST");
    same(trap(77, task_self(), watched, 70, 0, watch, make_send, &before), send_invalid_dest, "by a send right, which the message can say: SEND_INVALID_DEST");
    same(trap(77, task_self(), watched, 99, 0, watch, make_send_once, &before), invalid_value, "of what is never told: INVALID_VALUE");
    same(poll(watch, told), ok_, "what was lost");
    mod_refs(watched, right_receive, -1);
    mod_refs(watch, right_receive, -1);
    u64 place = 0;
    same(trap(15, task_self(), &place, 4096, 0, 1, 3), ok_, "mach_vm_map_trap");
    const u64 there = place;
    same(trap(15, task_self(), &place, 4096, 0, 0, 3), no_space, "there again: NO_SPACE");
    same(trap(15, task_self(), &place, 0, 0, 1, 3), invalid_argument, "no bytes: INVALID_ARGUMENT");
    same(trap(15, task_self(), &place, 4096, 0, 1, 64), invalid_argument, "a protection that is none: INVALID_ARGUMENT");
    same(trap(15, host(), &place, 4096, 0, 1, 3), send_invalid_dest, "of a host: SEND_INVALID_DEST");
    same(trap(12, task_self(), there, 4096), ok_, "mach_vm_deallocate_trap");

    const u32 timer = static_cast<u32>(trap(91));
    Buffer b;
    u64 when = 1;
    same(trap(94, 0, &when), invalid_name, "mk_timer_cancel of none: INVALID_NAME");
    same(trap(94, timer, 8), failure, "to a bad place: FAILURE");
    same(trap(94, timer, &when), ok_, "what was never armed");
    same(static_cast<i64>(when), 0, "has no time");
    same(trap(92, 0), invalid_name, "mk_timer_destroy of none: INVALID_NAME");
    same(trap(95, timer, 0, 0, 0), ok_, "mk_timer_arm_leeway, at once");
    same(receive(timer, b, receive_timeout, 5000), ok_, "it goes off");
    same(trap(95, thread(), 0, 0, 0), invalid_right, "of a send right: INVALID_RIGHT");
    same(trap(95, 0, 0, 0, 0), invalid_name, "of no timer: INVALID_NAME");
    const u32 plain = allocate(right_receive);
    same(trap(93, plain, 0), invalid_argument, "of a plain port: INVALID_ARGUMENT");
    mod_refs(plain, right_receive, -1);
    trap(92, timer);

    // Vouchers: the null one is made of nothing, and nothing else is one.
    same(trap(70, host(), &word, 0, &word), ok_, "host_create_mach_voucher_trap of no recipe");
    same(word, 0, "the null voucher");
    same(trap(70, task_self(), &word, 0, &word), send_invalid_dest, "of a task: SEND_INVALID_DEST");
    same(trap(70, host(), &word, -1, &word), invalid_argument, "of less than nothing: INVALID_ARGUMENT");
    same(trap(70, host(), &word, 5121, &word), array_too_large, "of too much: MIG_ARRAY_TOO_LARGE");
    same(trap(70, host(), 8, 16, &word), 14, "of a bad place: what copyin says, EFAULT");
    same(trap(70, host(), &word, 0, 8), 14, "to a bad place: EFAULT");
    const u32 recipe[4] = {1, 110, 0, 0};
    same(trap(70, host(), recipe, 8, &word), invalid_argument, "half a recipe: INVALID_ARGUMENT");
    const u32 long_one[4] = {1, 110, 0, 100}, of_another[4] = {1, 110, task_self(), 0};
    same(trap(70, host(), long_one, 16, &word), invalid_argument, "a recipe longer than it is: INVALID_ARGUMENT");
    same(trap(70, host(), of_another, 16, &word), invalid_capability, "of a voucher that is none: INVALID_CAPABILITY");
    u32 size = 16;
    same(trap(72, task_self(), 1, &word, &size), send_invalid_dest, "mach_voucher_extract_attr_recipe_trap of none: SEND_INVALID_DEST");
    size = 5121;
    same(trap(72, task_self(), 1, &word, &size), array_too_large, "of too much: MIG_ARRAY_TOO_LARGE");
    same(trap(72, task_self(), 1, &word, 8), 14, "from a bad place: EFAULT");
}

// Wired memory and threads want the privileged port of the host.
void wires() {
    Buffer b;
    u64 at = 0;
    trap(10, task_self(), &at, 2 * 4096, 1);
    const auto wire = [&](u32 object, u32 task, u64 from, u32 access) {
        const PortDescriptor d{task, 0, 0, copy_send, 0};
        const u32 one = 1, w[] = {0, 1, static_cast<u32>(from), static_cast<u32>(from >> 32), 4096, 0, access};
        b.h = {0x1513 | complex_bit, 24 + 4 + 12 + sizeof w, object, reply_port(), 0, 404};
        b.set(24, &one, 4);
        b.set(28, &d, 12);
        b.set(40, w, sizeof w);
        const i64 r = message_trap(&b, send_bit | receive_bit, b.h.size, sizeof b, reply_port());
        return r ? r : static_cast<i32>(b.word(32));
    };
    const auto wire_thread = [&](u32 object, u32 which) {
        const PortDescriptor d{which, 0, 0, copy_send, 0};
        const u32 one = 1, w[] = {0, 1, 1};
        b.h = {0x1513 | complex_bit, 24 + 4 + 12 + sizeof w, object, reply_port(), 0, 405};
        b.set(24, &one, 4);
        b.set(28, &d, 12);
        b.set(40, w, sizeof w);
        const i64 r = message_trap(&b, send_bit | receive_bit, b.h.size, sizeof b, reply_port());
        return r ? r : static_cast<i32>(b.word(32));
    };
    same(wire(task_self(), task_self(), at, 3), invalid_host, "vm_wire asked of a task: INVALID_HOST");
    same(wire_thread(task_self(), thread()), invalid_argument, "thread_wire of a task: INVALID_ARGUMENT");
    if (superuser()) {
        same(wire(host(), 0, at, 3), invalid_task, "of no task: INVALID_TASK");
        const i64 r = wire(host(), task_self(), at, 3);
        check(r == ok_ || r == 6, "a page, if there may be wired ones");
        if (r == ok_) same(wire(host(), task_self(), at, 0), ok_, "and no longer");
        same(wire(host(), task_self(), 0x70000000, 3), 1, "a hole: INVALID_ADDRESS");
        same(wire(host(), task_self(), at, 64), invalid_argument, "an access that is none: INVALID_ARGUMENT");
        same(wire_thread(host(), thread()), ok_, "thread_wire");
        same(wire_thread(host(), task_self()), invalid_argument, "of a task: INVALID_ARGUMENT");
    } else {
        same(wire(host(), task_self(), at, 3), invalid_host, "vm_wire without the privileged port: INVALID_HOST");
        same(wire_thread(host(), thread()), invalid_argument, "thread_wire: INVALID_ARGUMENT");
    }
    trap(12, task_self(), at, 2 * 4096);
}

void vouchers() {
    Buffer b;
    same(routine_on(host(), b, 222, 0), ok_, "host_create_mach_voucher");
    same(port_in(b), 0, "null");
    same(routine(b, 222, 0), invalid_argument, "of a task: INVALID_ARGUMENT");
    same(routine_on(host(), b, 222, 8, 1, 110), invalid_argument, "half a recipe: INVALID_ARGUMENT");
    same(routine(b, 3439, 0), ok_, "task_get_mach_voucher");
    same(port_in(b), 0, "there is none");
    same(routine_on(host(), b, 3439, 0), invalid_task, "of a host: INVALID_TASK");
    same(routine_on(thread(), b, 3625, 0), ok_, "thread_get_mach_voucher");
    same(port_in(b), 0, "there is none");
    same(routine(b, 3625, 0), invalid_argument, "of a task: INVALID_ARGUMENT");
    const auto give = [&](u32 object, i32 id, u32 count) {
        const PortDescriptor d[2] = {{0, 0, 0, copy_send, 0}, {0, 0, 0, copy_send, 0}};
        b.h = {0x1513 | complex_bit, 28 + 12 * count, object, reply_port(), 0, id};
        b.set(24, &count, 4);
        b.set(28, d, 12 * count);
        const i64 r = message_trap(&b, send_bit | receive_bit, b.h.size, sizeof b, reply_port());
        return r ? r : b.h.bits & complex_bit ? 0 : static_cast<i32>(b.word(32));
    };
    same(give(task_self(), 3440, 1), ok_, "task_set_mach_voucher");
    same(give(host(), 3440, 1), invalid_task, "of a host: INVALID_TASK");
    same(give(task_self(), 3441, 2), ok_, "task_swap_mach_voucher");
    same(give(host(), 3441, 2), invalid_task, "of a host: INVALID_TASK");
    same(give(thread(), 3626, 1), invalid_argument, "thread_set_mach_voucher of a thread that runs, in 10.11: INVALID_ARGUMENT");
    same(give(task_self(), 3627, 2), invalid_task, "thread_swap_mach_voucher of a task: INVALID_TASK");
}

void alarms() {
    Buffer b;
    same(routine_on(host(), b, 206, 0), ok_, "the system's clock");
    const u32 clock = port_in(b);
    same(routine_on(host(), b, 206, 1), ok_, "the calendar");
    const u32 calendar = port_in(b), p = allocate(right_receive);
    insert_right(p, p, make_send);
    const auto alarm = [&](u32 object, u32 kind, u32 seconds, u32 nanoseconds, u32 port, u32 right = make_send_once) {
        const PortDescriptor d{port, 0, 0, static_cast<u8>(right), 0};
        const u32 one = 1, w[] = {0, 1, kind, seconds, nanoseconds};
        b.h = {0x1513 | complex_bit, 24 + 4 + 12 + sizeof w, object, reply_port(), 0, 1002};
        b.set(24, &one, 4);
        b.set(28, &d, 12);
        b.set(40, w, sizeof w);
        const i64 r = message_trap(&b, send_bit | receive_bit, b.h.size, sizeof b, reply_port());
        return r ? r : static_cast<i32>(b.word(32));
    };
    same(alarm(clock, 1, 0, 20000000, p), ok_, "clock_alarm in 20 ms");
    same(poll(p, b), receive_timed_out, "has not come at once");
    same(receive(p, b, receive_timeout, 10000), ok_, "comes");
    check(b.h.id == 3125107 && b.h.size == 48 && b.word(32) == 0 && b.word(36) == 1, "clock_alarm_reply: KERN_SUCCESS, relative");
    const u64 due = b.word(40) * 1000000000ull + b.word(44);
    routine_on(clock, b, 1000);
    check(b.word(36) * 1000000000ull + b.word(40) >= due, "not before its time");
    same(alarm(clock, 0, 0, 1, p, copy_send), ok_, "a time that is over, and a send right");
    same(poll(p, b), ok_, "at once");
    check(b.word(32) == 0 && b.word(36) == 0, "KERN_SUCCESS, absolute");
    same(alarm(clock, 1, 0, 1000000000, p), ok_, "a time that is none");
    same(poll(p, b), ok_, "at once");
    same(b.word(32), invalid_value, "says INVALID_VALUE");
    same(alarm(clock, 2, 0, 0, p), ok_, "a kind that is none");
    same(poll(p, b), ok_, "at once");
    same(b.word(32), invalid_value, "says INVALID_VALUE");
    same(alarm(calendar, 1, 0, 0, p), failure, "of the calendar: FAILURE");
    same(poll(p, b), ok_, "its right is lost, and tells so");
    same(b.h.id, 71, "a send-once notification");
    same(alarm(clock, 1, 0, 0, 0), invalid_capability, "to no port: INVALID_CAPABILITY");
    same(alarm(host(), 1, 0, 0, p), invalid_argument, "of a host: INVALID_ARGUMENT");
    same(poll(p, b), ok_, "its right is lost, and tells so");
    for (u32 n = 3; n--;) same(alarm(clock, 1, 0, 1000000 * (n + 1), p), ok_, "three of them");
    u32 last = 0;
    bool ordered = true;
    for (u32 n = 0; n < 3; n++) {
        ordered = receive(p, b, receive_timeout, 10000) == ok_ && b.word(44) != last && ordered;
        last = b.word(44);
    }
    check(ordered, "come, each of its own");
    same(alarm(clock, 1, 1000, 0, p), ok_, "one that never comes");
    mod_refs(p, right_receive, -1);
    routine(b, 3205, p);
    deallocate(clock);
    deallocate(calendar);
}

struct Vector {
    const void* data;
    void* to;
    u32 send, room;
};

void vectors() {
    constexpr u64 vector = 1ull << 32, any = 8ull << 32;
    constexpr i64 aux_too_small = 0x10000018, aux_too_large = 0x10000019, receive_arguments = 0x10004013;
    const u32 p = allocate(right_receive);
    insert_right(p, p, make_send);
    struct {
        Header h;
        u32 words[2];
    } m{{}, {11, 22}};
    static u8 aux[2048], back[2048];
    for (u32 n = 0; n < sizeof aux; n++) aux[n] = static_cast<u8>(n);
    const auto send2 = [&](const Vector* v, u32 count, u64 options = any) {
        return static_cast<i32>(call(mach + 47, v, send_bit | vector | options, copy_send | static_cast<u64>(count) << 32, u64{p}, 7ull << 32, 0, 0, 0));
    };
    Buffer b;
    const auto receive2 = [&](const Vector* v, u32 count) {
        return static_cast<i32>(call(mach + 47, v, receive_bit | receive_timeout | vector, 0, 0, 0, static_cast<u64>(p) << 32, u64{count}, 0));
    };
    const Vector both[2] = {{&m, nullptr, sizeof m, 0}, {aux, nullptr, 100, 0}};
    same(send2(both, 2), ok_, "mach_msg2_trap with two vectors");
    const Vector to[2] = {{&m, &b, 0, sizeof b}, {nullptr, back, 0, sizeof back}};
    same(receive2(to, 2), ok_, "received by two");
    check(b.h.id == 7 && b.word(24) == 11 && b.word(28) == 22, "the message");
    u32 size;
    __builtin_memcpy(&size, back, 4);
    check(size == 100 && back[99] == 99, "and what came with it");
    same(send2(both, 1), ok_, "one vector");
    same(receive2(to, 2), ok_, "is received");
    __builtin_memcpy(&size, back, 4);
    same(size, 0, "nothing came with it");
    same(send2(both, 2), ok_, "two");
    same(receive2(to, 1), ok_, "received by one");
    check(b.h.id == 7, "what came with it is lost");
    same(send2(both, 2), ok_, "two");
    const Vector narrow[2] = {to[0], {nullptr, back, 0, 99}};
    back[99] = 1;
    same(receive2(narrow, 2), ok_, "with little room");
    check(back[99] == 1, "for what comes with it: it is lost");
    same(send2(both, 0), send_too_small, "no vector: SEND_MSG_TOO_SMALL");
    same(send2(both, 3), send_invalid_data, "three: SEND_INVALID_DATA");
    same(send2(reinterpret_cast<const Vector*>(8), 1), send_invalid_data, "vectors at a bad place: SEND_INVALID_DATA");
    const Vector bad[][2] = {{{nullptr, nullptr, sizeof m, 0}, {}}, {{&m, nullptr, 20, 0}, {}}, {both[0], {aux, nullptr, 7, 0}}, {both[0], {aux, nullptr, 1025, 0}},
                             {both[0], {nullptr, nullptr, 100, 0}}, {both[0], {reinterpret_cast<const void*>(8), nullptr, 100, 0}}};
    same(send2(bad[0], 1), send_invalid_data, "a message nowhere: SEND_INVALID_DATA");
    same(send2(bad[1], 1), send_too_small, "less than a header: SEND_MSG_TOO_SMALL");
    same(send2(bad[2], 2), aux_too_small, "less than a header with it: SEND_AUX_TOO_SMALL");
    same(send2(bad[3], 2), aux_too_large, "more than 1024 bytes with it: SEND_AUX_TOO_LARGE");
    same(send2(bad[4], 2), send_invalid_data, "that nowhere: SEND_INVALID_DATA");
    same(send2(bad[5], 2), send_invalid_data, "or at a bad place: SEND_INVALID_DATA");
    same(receive2(to, 0), receive_arguments, "no vector to receive by: RCV_INVALID_ARGUMENTS");
    same(receive2(to, 3), receive_arguments, "three: RCV_INVALID_ARGUMENTS");
    const Vector small[2] = {to[0], {nullptr, back, 0, 7}}, nowhere[2] = {to[0], {nullptr, nullptr, 0, 100}};
    same(receive2(small, 2), receive_arguments, "no room for a header: RCV_INVALID_ARGUMENTS");
    same(receive2(nowhere, 2), receive_arguments, "nowhere: RCV_INVALID_ARGUMENTS");
    same(receive2(to, 2), receive_timed_out, "and nothing was sent by any of them");
    same(static_cast<i32>(call(mach + 47, &m, send_bit | any, copy_send | u64{sizeof m} << 32, u64{p}, 7ull << 32, 1, 0, 0)), send_too_large,
         "descriptors in a simple message: SEND_TOO_LARGE");
    mod_refs(p, right_receive, -1);
    routine(b, 3205, p);
}

// ipc_task_init.
void heirs() {
    Buffer b;
    const u32 p = allocate(right_receive);
    insert_right(p, p, make_send);
    const u32 list[2] = {p, host()};
    const OolDescriptor d{list, 0, 0, copy_send, 2, 2};
    const u32 one = 1, w[] = {0, 1, 2};
    b.h = {0x1513 | complex_bit, 24 + 4 + 16 + sizeof w, task_self(), reply_port(), 0, 3403};
    b.set(24, &one, 4);
    b.set(28, &d, 16);
    b.set(44, w, sizeof w);
    same(message_trap(&b, send_bit | receive_bit, b.h.size, sizeof b, reply_port()), ok_, "register two ports");
    same(static_cast<i32>(b.word(32)), ok_, "they are");
    same(routine_port(b, 3410, p, copy_send, 4), ok_, "TASK_BOOTSTRAP_PORT");
    same(routine_port(b, 3413, p, copy_send, 2, 1, 4), ok_, "a handler of the task's");
    Trap t(bsd + 2);
    t.go();
    if (t.r.rdx) {  // the child: names begin anew
        const u32 task = static_cast<u32>(call(mach + 28)), reply = static_cast<u32>(call(mach + 26)), own_host = static_cast<u32>(call(mach + 29));
        const auto ask = [&](i32 id, u32 words, u32 word = 0) {
            const u32 body[] = {0, 1, word};
            b.h = {0x1513, words ? 36u : 24u, task, reply, 0, id};
            b.set(24, body, sizeof body);
            return message_trap(&b, send_bit | receive_bit, b.h.size, sizeof b, reply);
        };
        u32 good = 0;
        u64 at = 0;
        ask(3404, 0);
        __builtin_memcpy(&at, b.body + 4, 8);
        const u32* ports = reinterpret_cast<const u32*>(at);
        if (b.h.bits & complex_bit && at && ports[0] == 0xffffffff && ports[1] == own_host && ports[2] == 0) good |= 1;
        ask(3409, 1, 4);
        if (b.h.bits & complex_bit && port_in(b) == 0xffffffff) good |= 2;
        ask(3409, 1, 1);
        if (b.h.bits & complex_bit && port_in(b) == task) good |= 4;
        ask(3414, 1, 2);
        if (b.h.bits & complex_bit && port_in(b) == 0xffffffff && b.word(28 + 32 * 12 + 8) == 1) good |= 8;
        call(bsd + 1, good);
    }
    i32 status = 0;
    const i64 pid = static_cast<i64>(t.r.rax);
    while (static_cast<i64>(call(bsd + 7, pid, &status, 0, 0)) == 4) {}
    const u32 good = static_cast<u32>(status) >> 8 & 0xff;
    check(good & 1, "a child finds what was registered: the host, and a dead name for what its parent receives");
    check(good & 2, "the bootstrap port, a dead name");
    check(good & 4, "its own task's port");
    check(good & 8, "the task's handler, a dead name with its behavior");
    routine_port(b, 3410, 0, copy_send, 4);
    routine_port(b, 3413, 0, copy_send, 2, 0, 0);
    mod_refs(p, right_receive, -1);
    routine(b, 3205, p);
}

bool equal(const char* a, const char* b) {
    while (*a && *a == *b) a++, b++;
    return *a == *b;
}

}  // namespace

int raw_main(int argc, char** argv) {
    if (argc > 1 && equal(argv[1], "guard")) {  // releases differ in whether this is the end
        Buffer b;
        const u32 g = allocate(right_receive);
        routine(b, 3233, g, 5, 0, 1);
        say(mod_refs(g, right_receive, -1) == invalid_right ? "refused\n" : "?\n");
        return 0;
    }
    say("TAP version 13\n");
    (void)reply_port();
    of_host();
    of_tasks();
    traps();
    wires();
    vouchers();
    alarms();
    vectors();
    heirs();
    return done();
}
