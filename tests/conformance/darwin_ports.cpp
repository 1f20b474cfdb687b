// SPDX-License-Identifier: BSD-3-Clause
// Names, rights and their counts, sets, notifications, limits: XNU's results for right and wrong uses
// (xnu-3248 osfmk/ipc/ipc_right.c, mach_port.c).
#include "tests/conformance/darwin_mach.h"

void raw_handler(u64, i32, i32, u8*, u8*, u64) {}
void raw_thread(Regs*) {
    for (;;) {}
}

static u32 semaphore;

static void rights() {
    const u32 p = allocate(right_receive);
    check(p >> 8 && (p & 3) == 3, "mach_port_allocate: a name");
    same(type(p), type_of(right_receive), "mach_port_type: a receive right");
    same(refs(p, right_receive), 1, "get_refs of it");
    same(refs(p, right_send), 0, "and of what is not there: 0");
    same(insert_right(p, p, make_send), ok_, "insert_right MAKE_SEND under the same name");
    same(insert_right(p, p, make_send), ok_, "and once more");
    same(refs(p, right_send), 2, "two send references");
    same(status(p, 2), 2, "make-send count 2");
    same(type(p), type_of(right_receive) | type_of(right_send), "both rights");
    same(insert_right(0x12303, p, make_send), right_exists, "under another name: RIGHT_EXISTS");
    same(status(p, 2), 3, "yet it was made");
    same(insert_right(0, p, make_send), invalid_value, "under null: INVALID_VALUE");
    same(insert_right(p, 0, move_send), invalid_capability, "the null right: INVALID_CAPABILITY");
    same(insert_right(0x12303, p, make_send_once), ok_, "a send-once right under a chosen name");
    same(type(0x12303), type_of(right_send_once), "there it is");
    same(status(p, 5), 1, "counted");
    same(insert_right(0x12303, p, make_send_once), name_exists, "the name is taken: NAME_EXISTS");
    Buffer b;
    same(poll(p, b), ok_, "which uses the right up");
    same(b.h.id, 71, "as a send-once notification");
    same(b.h.bits, 0x1200, "its bits");
    same(b.h.local, p, "its port");
    same(mod_refs(p, right_send, 65533 - 2), ok_, "mod_refs to the most that there may be");
    same(mod_refs(p, right_send, 1), urefs_overflow, "one more: UREFS_OVERFLOW");
    same(mod_refs(p, right_send, -70000), invalid_value, "too many less: INVALID_VALUE");
    same(mod_refs(p, right_send, 2 - 65533), ok_, "back to two");
    same(mod_refs(p, right_dead, 1), invalid_right, "no dead name: INVALID_RIGHT");
    same(mod_refs(p, 6, 1), invalid_value, "no such right: INVALID_VALUE");
    same(mod_refs(p, right_receive, 1), invalid_value, "a second receive right: INVALID_VALUE");
    same(mod_refs(p + 0x100000, right_send, 1), invalid_name, "no such name: INVALID_NAME");
    same(mod_refs(0, right_send, 1), ok_, "null send rights: SUCCESS");
    same(mod_refs(0, right_receive, 1), invalid_name, "null receive right: INVALID_NAME");
    same(deallocate(p), ok_, "deallocate");
    same(deallocate(p), ok_, "and again");
    same(deallocate(p), invalid_right, "no send right left: INVALID_RIGHT");
    same(routine(b, 3202, p, 0x5503), not_supported, "rename: NOT_SUPPORTED");
    same(routine(b, 3203, right_receive, 0x99907), ok_, "allocate_name");
    same(routine(b, 3203, right_receive, 0x99907), name_exists, "and again: NAME_EXISTS");
    same(routine(b, 3203, right_receive, 0), invalid_value, "null: INVALID_VALUE");
    same(routine(b, 3204, right_send), invalid_value, "allocate a send right: INVALID_VALUE");
    same(routine(b, 3205, 0x99907), ok_, "destroy");
    same(type(0x99907), invalid_name, "it is gone");
    same(routine_on(semaphore, b, 3204, right_receive), invalid_task, "of a semaphore: INVALID_TASK");
    same(routine(b, 3204), -304, "a request too short: MIG_BAD_ARGUMENTS");
    same(routine(b, 99999, 1), -303, "an id that nobody serves: MIG_BAD_ID");

    insert_right(p, p, make_send);
    same(mod_refs(p, right_receive, -1), ok_, "the receive right goes");
    same(type(p), type_of(right_dead), "the send right is a dead name");
    same(refs(p, right_dead), 1, "with its references");
    same(send(p, copy_send, 1), send_invalid_dest, "send to it: INVALID_DEST");
    same(mod_refs(p, right_dead, 65533), ok_, "dead names count to 65534");
    same(mod_refs(p, right_dead, 1), urefs_overflow, "no further");
    same(mod_refs(p, right_dead, -65534), ok_, "all gone");
    same(type(p), invalid_name, "and the name with them");
    const u32 again = allocate(right_receive);
    check(again >> 8 == p >> 8 && again != p, "its index is used again with another generation");
    mod_refs(again, right_receive, -1);
    same(type(0x12303), type_of(right_dead), "the send-once right is a dead name too");
    same(deallocate(0x12303), ok_, "and given back");
}

static void sets() {
    const u32 s = allocate(right_set), s2 = allocate(right_set), p = allocate(right_receive), q = allocate(right_receive);
    Buffer b;
    same(routine(b, 3226, p, s), ok_, "insert_member");
    same(routine(b, 3226, p, s), already_in_set, "twice: ALREADY_IN_SET");
    same(routine(b, 3226, q, s), ok_, "another");
    same(routine(b, 3226, p, s2), ok_, "a port in two sets");
    same(status(p, 0), 2, "is in two sets");
    same(routine(b, 3226, s, s2), invalid_right, "a set in a set: INVALID_RIGHT");
    same(routine(b, 3227, q, s2), not_in_set, "extract_member of no member: NOT_IN_SET");
    same(routine(b, 3211, s), ok_, "get_set_status");
    same(b.word(24 + 4 + 16 + 8), 2, "two members");
    same(routine(b, 3211, p), invalid_right, "of a port: INVALID_RIGHT");
    for (i32 n = 0; n < 2; n++) send(p, make_send, 10 + n), send(q, make_send, 20 + n);
    u32 from[4];
    for (u32& f : from) f = poll(s, b) ? 0 : b.h.local;
    check(from[0] != from[1] && from[1] != from[2] && from[2] != from[3], "members take turns");
    same(routine(b, 3212, p, 0), ok_, "move_member to no set");
    same(status(p, 0), 0, "is in none");
    same(routine(b, 3212, p, s2), ok_, "to another");
    send(p, make_send, 30);
    same(poll(s, b), receive_timed_out, "nothing in the first");
    same(poll(s2, b), ok_, "a message in the second");
    same(insert_right(s, s, make_send), send_invalid_right, "a right to a set cannot be sent");
    same(routine(b, 3205, s), ok_, "destroy a set");
    same(mod_refs(s2, right_set, -1), ok_, "the other by mod_refs");
    same(status(p, 0), 0, "its member is in no set");
    mod_refs(p, right_receive, -1);
    mod_refs(q, right_receive, -1);
}

static void notifications() {
    const u32 n = allocate(right_receive), p = allocate(right_receive);
    Buffer b;
    insert_right(p, p, make_send);
    same(request_notification(p, 70, 0, n), ok_, "ask for no-senders");
    same(poll(n, b), receive_timed_out, "there is a sender");
    send(p, copy_send, 1);
    deallocate(p);
    same(poll(n, b), receive_timed_out, "and one in a message");
    poll(p, b);
    same(poll(n, b), ok_, "and none any more");
    check(b.h.id == 70 && b.word(32) == 1 && b.h.size == 36, "no-senders with the make-send count");
    same(request_notification(p, 70, 0, n), ok_, "asked for when there is none already");
    same(poll(n, b), ok_, "it comes at once");
    same(request_notification(p, 70, 2, n), ok_, "but not before the make-send count is reached");
    same(poll(n, b), receive_timed_out, "it waits");
    same(request_notification(p, 70, 0, 0, move_send_once), ok_, "cancelled");
    same(type(previous), type_of(right_send_once), "the right that it was asked with is given back");
    deallocate(previous);
    same(poll(n, b), ok_, "and given up");
    insert_right(p, p, make_send);
    same(request_notification(p, 72, 0, n), ok_, "ask for dead-name");
    check(type(p) & 0x80000000, "the type tells");
    mod_refs(p, right_receive, -1);
    same(poll(n, b), ok_, "the port dies");
    check(b.h.id == 72 && b.word(32) == p, "dead-name with the name");
    same(refs(p, right_dead), 2, "which has a reference for the message");
    same(request_notification(p, 72, 1, n), ok_, "of a name that is dead");
    same(poll(n, b), ok_, "at once");
    same(request_notification(p, 72, 0, n), invalid_argument, "unless it must not be: INVALID_ARGUMENT");
    check(poll(n, b) == ok_ && b.h.id == 71, "the refused request's right ends in a notification");
    same(mod_refs(p, right_dead, -3), ok_, "three references by now");
    const u32 q = allocate(right_receive);
    insert_right(q, q, make_send);
    insert_right(0x77703, q, make_send_once);
    same(request_notification(0x77703, 72, 0, n), ok_, "dead-name for a send-once right");
    same(deallocate(0x77703), ok_, "which is given up");
    same(poll(n, b), ok_, "port-deleted");
    check(b.h.id == 65 && b.word(32) == 0x77703, "with the name");
    poll(q, b);
    same(request_notification(q, 69, 0, n), ok_, "ask for port-destroyed");
    same(mod_refs(q, right_receive, -1), ok_, "destroy it");
    same(type(q), type_of(right_send), "the port lives on");
    same(poll(n, b), ok_, "with who asked");
    check(b.h.id == 69 && b.h.bits == (0x1200 | complex_bit) && b.word(28) == q && b.word(36) >> 16 == move_receive, "and got its right");
    same(type(q), type_of(right_send) | type_of(right_receive), "both again");
    same(request_notification(q, 66, 1, n), ok_, "send-possible, when there is room");
    same(poll(n, b), ok_, "at once");
    same(b.h.id, 66, "send-possible");
    same(request_notification(q, 64, 0, n), invalid_value, "no such notification: INVALID_VALUE");
    poll(n, b);
    deallocate(q);
    mod_refs(q, right_receive, -1);
    mod_refs(n, right_receive, -1);
}

static void traps() {
    u32 name = 0;
    same(static_cast<i32>(call(mach + 16, task_self(), 1, &name)), ok_, "trap 16 allocates");
    same(type(name), type_of(right_receive), "a receive right");
    same(static_cast<i32>(call(mach + 16, semaphore, 1, &name)), send_invalid_dest, "of no task: MACH_SEND_INVALID_DEST");
    same(static_cast<i32>(call(mach + 16, task_self(), 1, 16)), 14, "a bad pointer: EFAULT, which stays made");
    same(static_cast<i32>(call(mach + 21, task_self(), name, name, make_send)), ok_, "trap 21 inserts a right");
    same(static_cast<i32>(call(mach + 19, task_self(), name, right_send, 3)), ok_, "trap 19");
    same(refs(name, right_send), 4, "counts");
    same(static_cast<i32>(call(mach + 25, task_self(), name, -4, 0)), ok_, "trap 25 destructs");
    same(type(name), invalid_name, "all of it");
    struct {
        u32 flags, limit;
        u64 reserved[2];
    } options{0x1 | 0x2 | 0x10, 9, {}};
    same(static_cast<i32>(call(mach + 24, task_self(), &options, 0x1234, &name)), ok_, "trap 24 constructs");
    check(status(name, 3) == 9 && refs(name, right_send) == 1 && (status(name, 9) & 2), "limit, send right and guard");
    same(mod_refs(name, right_receive, -1), invalid_right, "a guarded port's right does not go: INVALID_RIGHT");
    same(static_cast<i32>(call(mach + 25, task_self(), name, -1, 0x9999)), invalid_argument, "nor with a wrong guard");
    same(static_cast<i32>(call(mach + 42, task_self(), name, 0x1234)), ok_, "trap 42 unguards");
    same(static_cast<i32>(call(mach + 41, task_self(), name, 0x77, 1)), ok_, "trap 41 guards");
    same(static_cast<i32>(call(mach + 25, task_self(), name, -1, 0x77)), ok_, "and goes");
    u64 at = 0;
    same(static_cast<i32>(call(mach + 10, task_self(), &at, 10000, 1)), ok_, "trap 10 allocates memory");
    check(at && at % 4096 == 0 && !*reinterpret_cast<u8*>(at + 9999), "zeroed");
    u64 same_place = at;
    same(static_cast<i32>(call(mach + 10, task_self(), &same_place, 4096, 0)), no_space, "there again: NO_SPACE");
    same(static_cast<i32>(call(mach + 14, task_self(), at, 4096, 0, 1)), ok_, "trap 14 protects");
    same(static_cast<i32>(call(mach + 12, task_self(), at, 10000)), ok_, "trap 12 deallocates");
    same(static_cast<i32>(call(mach + 14, task_self(), at, 4096, 0, 1)), 1, "then there is nothing: INVALID_ADDRESS");
    i32 pid = 0;
    same(static_cast<i32>(call(mach + 46, task_self(), &pid)), ok_, "pid_for_task");
    same(pid, static_cast<i64>(call(bsd + 20)), "is getpid");
    same(static_cast<i32>(call(mach + 45, task_self(), 1, &name)), 5, "task_for_pid of init: FAILURE");
    const u32 timer = static_cast<u32>(call(mach + 91));
    u32 timebase[2];
    call(mach + 89, timebase);
    Buffer b;
    check(timer && type(timer) == type_of(right_receive), "mk_timer_create");
    same(static_cast<i32>(call(mach + 93, timer, 1)), ok_, "armed for long ago");
    same(receive(timer, b, receive_timeout, 5000), ok_, "it goes off");
    check(b.h.size == 48 && b.h.bits == 0x1100 && b.h.id == 0, "with an empty message");
    same(static_cast<i32>(call(mach + 93, timer, 1ull << 62)), ok_, "armed for the far future");
    u64 when = 0;
    check(call(mach + 94, timer, &when) == 0 && when == 1ull << 62, "mk_timer_cancel tells when");
    same(static_cast<i32>(call(mach + 93, reply_port(), 1)), invalid_argument, "what is no timer: INVALID_ARGUMENT");
    same(static_cast<i32>(call(mach + 92, timer)), ok_, "mk_timer_destroy");
    u32 word = 7;
    Trap w(bsd + 515, 1, &word, 8, 0);
    check(!w.go().failed() && w.r.rax == 0, "ulock_wait on another value returns at once");
    Trap t(bsd + 515, 1 | 0x1000000, &word, 7, 1000);
    check(!t.go().failed() && static_cast<i32>(t.r.rax) == -60, "ulock_wait's time passes: -ETIMEDOUT with ULF_NO_ERRNO");
    Trap n(bsd + 516, 1, &word, 0);
    check(n.go().failed() && n.r.rax == 2, "ulock_wake without a waiter: ENOENT");
    Trap e(bsd + 515, 1, 0, 0, 0);
    check(e.go().failed() && e.r.rax == 22, "ulock_wait at null: EINVAL");
    Trap f(bsd + 515, 1, 16, 0, 0);
    check(f.go().failed() && f.r.rax == 14, "ulock_wait at a bad address: EFAULT");
}

int raw_main(int, char**) {
    say("TAP version 13\n");
    same(semaphore_create(0, semaphore), 0, "semaphore_create");
    (void)reply_port();
    const u32 before = names();
    rights();
    sets();
    notifications();
    same(names(), before, "no name is left");
    traps();
    return done();
}
