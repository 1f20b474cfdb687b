// SPDX-License-Identifier: BSD-3-Clause
// The kernel's other MIG servers (task, thread, memory, host, clock), and waits in mach_msg that a signal ends.
// xnu-3248 osfmk/kern/task.c, thread.c, host.c, clock_oldops.c, osfmk/vm/vm_user.c, osfmk/ipc/ipc_mqueue.c.
#include "tests/conformance/darwin_mach.h"

static volatile i32 signals;
void raw_handler(u64, i32, i32, u8*, u8*, u64) { signals = signals + 1; }

void raw_thread(Regs*) {
    for (;;) {}
}

static u64 wide(const Buffer& b, u32 at) { return b.word(at) | static_cast<u64>(b.word(at + 4)) << 32; }
constexpr u32 low(u64 v) { return static_cast<u32>(v); }
constexpr u32 high(u64 v) { return static_cast<u32>(v >> 32); }
static u32 first_port(const Buffer& b) { return b.word(28); }

static void tasks() {
    Buffer b;
    same(routine(b, 3405, 20, 12), ok_, "task_info MACH_TASK_BASIC_INFO");
    check(b.word(36) == 12 && wide(b, 40) > 0 && wide(b, 48) > 0 && b.h.size == 40 + 48, "12 words, with sizes");
    same(routine(b, 3405, 5, 10), ok_, "TASK_BASIC_INFO_64");
    same(routine(b, 3405, 20, 11), invalid_argument, "a word of room too few: INVALID_ARGUMENT");
    same(routine(b, 3405, 999, 12), invalid_argument, "no such flavor: INVALID_ARGUMENT");
    same(routine(b, 3402), ok_, "task_threads");
    u64 list;
    __builtin_memcpy(&list, b.body + 4, 8);
    const u32 thread = *reinterpret_cast<const u32*>(list), self = low(call(mach + 27));
    check(b.word(40) == 1 && b.word(52) == 1 && thread == self, "one, this one");
    call(bsd + 73, list, 4096);
    same(routine_on(self, b, 3612, 3, 10), ok_, "thread_info THREAD_BASIC_INFO");
    check(b.word(36) == 10 && b.word(40 + 24) == 1, "it runs");
    same(routine_on(self, b, 3612, 4, 6), ok_, "THREAD_IDENTIFIER_INFO");
    same(static_cast<i64>(wide(b, 40)), static_cast<i64>(call(bsd + 372)), "its thread_selfid");
    same(routine_on(self, b, 3610, 1), ok_, "thread_get_special_port THREAD_KERNEL_PORT");
    same(first_port(b), self, "is its port");
    same(routine_on(self, b, 3610, 2), invalid_argument, "no such port: INVALID_ARGUMENT");
    same(routine(b, 3612, 3, 10), invalid_argument, "thread_info of a task: INVALID_ARGUMENT");
    same(routine(b, 3409, 2), ok_, "task_get_special_port TASK_HOST_PORT");
    same(first_port(b), low(call(mach + 29)), "is host_self");
    same(routine(b, 3409, 4), ok_, "TASK_BOOTSTRAP_PORT");
    same(first_port(b), 0, "there is none");
    same(routine(b, 3409, 55), invalid_argument, "no such port: INVALID_ARGUMENT");
    same(mod_refs(self, right_send, -2), ok_, "every answer added a reference to the thread's port");
    same(type(self), type_of(right_send), "and the first one is there");
    call(mach + 27);
    same(refs(self, right_send), 2, "thread_self adds one");
}

static void memory() {
    Buffer b;
    same(routine(b, 4800, 0, 0, 3 * 4096, 0, 1), ok_, "mach_vm_allocate anywhere");
    const u64 at = wide(b, 36);
    check(at && at % 4096 == 0, "an address");
    same(routine(b, 4800, low(at), high(at), 4096, 0, 0), no_space, "there again: NO_SPACE");
    same(routine(b, 4800, 0, 0, 4096, 0, 4), invalid_argument, "a flag that is none: INVALID_ARGUMENT");
    same(routine(b, 4802, low(at + 4096), high(at), 4096, 0, 0, 1), ok_, "mach_vm_protect");
    same(routine(b, 4802, low(at), high(at), 4096, 0, 0, 64), invalid_argument, "no such protection: INVALID_ARGUMENT");
    same(routine(b, 4816, low(at), high(at), 9, 9), ok_, "mach_vm_region");
    check(wide(b, 48) == at && wide(b, 56) == 4096 && b.word(68) == 3, "a page, readable and writable");
    same(routine(b, 4816, low(at + 4096), high(at), 9, 9), ok_, "the next");
    check(wide(b, 48) == at + 4096 && b.word(68) == 1, "readable");
    *reinterpret_cast<u64*>(at) = 0x1122334455667788;
    same(routine(b, 4804, low(at), high(at), 100, 0), ok_, "mach_vm_read");
    u64 copy;
    __builtin_memcpy(&copy, b.body + 4, 8);
    check(b.word(40) == 100 && b.word(52) == 100 && *reinterpret_cast<u64*>(copy) == 0x1122334455667788, "copies");
    call(bsd + 73, copy, 4096);
    same(routine(b, 4804, 16, 0, 100, 0), 1, "from nowhere: INVALID_ADDRESS");
    same(routine(b, 4807, low(at), high(at), 8, 0, low(at + 8192), high(at)), ok_, "mach_vm_copy");
    check(*reinterpret_cast<u64*>(at + 8192) == 0x1122334455667788, "copies");
    u64 word = 0;
    same(routine(b, 4808, low(at), high(at), 8, 0, low(Trap::word(&word)), high(Trap::word(&word))), ok_, "mach_vm_read_overwrite");
    check(word == 0x1122334455667788 && wide(b, 36) == 8, "copies");
    same(routine(b, 4807, low(at), high(at), 8, 0, low(at + 4096), high(at)), 2, "onto what cannot be written: PROTECTION_FAILURE");
    same(routine_port(b, 4811, 0, copy_send, 0, 0, 0x10000, 0, 0xffff, 0, 1, 0, 0, 0, 3, 7, 1), ok_, "mach_vm_map with a mask");
    const u64 aligned = wide(b, 36);
    check(aligned && aligned % 0x10000 == 0, "is aligned");
    same(routine(b, 4801, low(aligned), high(aligned), 0x10000, 0), ok_, "mach_vm_deallocate");
    same(routine(b, 4801, low(at), high(at), 3 * 4096, 0), ok_, "and the other");
    same(routine(b, 4802, low(at), high(at), 4096, 0, 0, 1), 1, "it is gone: INVALID_ADDRESS");
    same(routine(b, 4801, low(at), high(at), 3 * 4096, 0), ok_, "a hole is no error to deallocate");
}

static void host_and_clock() {
    const u32 host = low(call(mach + 29));
    Buffer b;
    same(routine_on(host, b, 200, 1, 12), ok_, "host_info HOST_BASIC_INFO");
    check(b.word(36) == 12 && b.word(44) >= 1 && b.word(52) == 7 && wide(b, 80) > 0, "processors, I386, memory");
    same(routine_on(host, b, 200, 1, 4), 5, "too little room: FAILURE");
    same(routine_on(host, b, 202), ok_, "host_page_size");
    check(b.h.size == 44 && wide(b, 36) == 4096, "4096");
    same(routine_on(host, b, 201), ok_, "host_kernel_version");
    check(b.word(44) == 0x77726144, "Darw...");
    same(routine_on(host, b, 216, 1, 6), ok_, "host_statistics HOST_LOAD_INFO");
    same(routine(b, 202), invalid_argument, "of a task: INVALID_ARGUMENT");
    same(routine_on(host, b, 206, 7), invalid_argument, "no such clock: INVALID_ARGUMENT");
    same(routine_on(host, b, 206, 0), ok_, "host_get_clock_service");
    const u32 clock = first_port(b);
    same(routine_on(clock, b, 1000), ok_, "clock_get_time");
    const u64 then = b.word(36) * 1000000000ull + b.word(40);
    same(static_cast<i32>(call(mach + 62, clock, 1, 0, 1000000, 0)), ok_, "clock_sleep for a millisecond");
    routine_on(clock, b, 1000);
    check(b.word(36) * 1000000000ull + b.word(40) >= then + 1000000, "it passed");
    same(routine_on(clock, b, 1001, 1, 1), ok_, "clock_get_attributes");
    same(routine_on(clock, b, 1001, 2, 1), invalid_value, "no such attribute: INVALID_VALUE");
    same(static_cast<i32>(call(mach + 62, host, 1, 0, 1, 0)), invalid_argument, "sleep on no clock: INVALID_ARGUMENT");
    deallocate(clock);
}

static void interrupted() {
    const struct {
        u64 handler;
        void (*tramp)();
        u32 mask;
        i32 flags;
    } caught{0x4242, raw_sigtramp, 0, 2};
    call(bsd + 46, 14, &caught, 0);
    const struct {
        i64 sec;
        i32 usec, pad;
    } timer[2] = {{0, 20000, 0}, {0, 20000, 0}}, off[2] = {};
    const u32 p = allocate(right_receive);
    insert_right(p, p, make_send);
    Buffer b;
    call(bsd + 83, 0, timer, 0);
    same(receive(p, b), receive_interrupted, "a signal ends a receive: RCV_INTERRUPTED");
    same(receive(p, b, receive_timeout, 60000), receive_interrupted, "and one with a timeout");
    for (i32 n = 0; n < 5; n++) send(p, copy_send, n);
    same(send(p, copy_send, 9), send_interrupted, "and a send to a full queue: SEND_INTERRUPTED");
    same(refs(p, right_send), 2, "the message came back with its right");
    i32 kr;
    do kr = static_cast<i32>(call(mach + 90, ~0ull));
    while (kr == 0);
    same(kr, aborted, "mach_wait_until: ABORTED");
    u32 word = 1;
    Trap w(bsd + 515, 1, &word, 1, 0);
    check(w.go().failed() && w.r.rax == 4, "ulock_wait: EINTR");
    call(bsd + 83, 0, off, 0);
    check(signals >= 4, "signals came");
    mod_refs(p, right_receive, -1);
    Buffer c;
    routine(c, 3205, p);
}

int raw_main(int, char**) {
    say("TAP version 13\n");
    (void)reply_port();
    (void)task_self();
    tasks();
    memory();
    host_and_clock();
    interrupted();
    return done();
}
