// SPDX-License-Identifier: BSD-3-Clause
// Routines that tell of the host, tasks and threads or change little: their results, and what each says of a wrong use; and what a child
// of fork has of its parent's ports. xnu-3248 osfmk/kern/host.c, task.c, thread.c, ipc_tt.c.
// darwin_places guard: breaks a port's guard, which some releases end a program for.
#include "tests/conformance/darwin_mach.h"

void raw_handler(u64, i32, i32, u8*, u8*, u64) {}
void raw_thread(Regs*) {
    for (;;) {}
}

namespace {

constexpr i64 failure = 5, invalid_host = 22, not_depressed = 36;
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
    same(routine_on(host(), b, 216, 1, 6), ok_, "host_statistics HOST_LOAD_INFO");
    same(b.word(36), 6, "six words");
    same(routine_on(host(), b, 216, 1, 5), failure, "host_statistics with too little room: FAILURE");
    same(routine_on(host(), b, 216, 99, 6), invalid_argument, "of a flavor that is none: INVALID_ARGUMENT");
    if (superuser()) {
        same(routine_on(host(), b, 402, 1, 6), ok_, "host_priv_statistics");
        same(b.word(36), 6, "six words");
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
    wires();
    heirs();
    return done();
}
