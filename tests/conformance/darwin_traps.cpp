// SPDX-License-Identifier: BSD-3-Clause
// Mach traps that other tests leave out, alarms, vouchers and messages in vectors: their results, and what each says of a wrong use.
// xnu-3248 osfmk/kern/clock_oldops.c, sync_sema.c, osfmk/ipc/ipc_voucher.c, mach_kernelrpc.c; xnu-11417 osfmk/ipc/mach_msg.c.
#include "tests/conformance/darwin_mach.h"

void raw_handler(u64, i32, i32, u8*, u8*, u64) {}
void raw_thread(Regs*) {
    for (;;) {}
}

namespace {

constexpr i64 failure = 5, not_waiting = 48, timed_out = 49, array_too_large = -307;
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
template <class... A>
i64 trap(u64 number, A... a) { return static_cast<i32>(call(mach + number, a...)); }
u32 port_in(const Buffer& b) { return b.word(28); }

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

}  // namespace

int raw_main(int, char**) {
    say("TAP version 13\n");
    (void)reply_port();
    traps();
    vouchers();
    alarms();
    vectors();
    return done();
}
