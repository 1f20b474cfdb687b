// SPDX-License-Identifier: BSD-3-Clause
// Task, threads, host and clocks by message, and semaphores by trap with the code of each wrong use
// (osfmk/kern/task.c, thread_act.c, host.c, clock_oldops.c, sync_sema.c).
#include "tests/sys/mach_tap.h"

#include "sys/darwin/numbers.h"
#include "sys/darwin/release.h"
#include "sys/darwin/rpc.h"
#include "sys/darwin/task.h"
#include "sys/darwin/vm.h"
#include "sys/mem.h"
#include "sys/os.h"
#include "sys/syscall.h"
#include "sys/thread.h"

using namespace trapeze;
using namespace trapeze::xnu;

namespace {

const mach_port_t task = mach_task_self();

void task_itself() {
    mach_task_basic_info info{};
    succeeds(task_basic_info(task, &info), "task_info");
    ok(info.virtual_size > page_size && info.resident_size > 0 && info.suspend_count == 0, "the task has memory and runs");
    u32 count = 2;
    i32 words[12];
    is(task_info(task, MACH_TASK_BASIC_INFO, words, &count), KERN_INVALID_ARGUMENT, "too little room: INVALID_ARGUMENT");
    count = 12;
    is(task_info(task, 9999, words, &count), KERN_INVALID_ARGUMENT, "a flavor that does not exist: INVALID_ARGUMENT");
    mach_port_t port = 0;
    succeeds(task_get_special_port(task, TASK_KERNEL_PORT, &port), "its kernel port");
    ok(port == task, "is itself");
    (void)mach_port_deallocate(task, port);
    is(task_get_special_port(task, 9999, &port), KERN_INVALID_ARGUMENT, "a special port that does not exist: INVALID_ARGUMENT");
    const mach_port_t mine = new_port();
    succeeds(task_set_special_port(task, TASK_BOOTSTRAP_PORT, mine), "a bootstrap port");
    succeeds(task_get_special_port(task, TASK_BOOTSTRAP_PORT, &port), "is read back");
    ok(port == mine, "as what it was");
    (void)task_set_special_port(task, TASK_BOOTSTRAP_PORT, 0);
    (void)mach_port_destroy(task, mine);
    is(task_resume(task), KERN_FAILURE, "resume without suspend: FAILURE");
    is(task_info(mach_host_self(), MACH_TASK_BASIC_INFO, words, &count), KERN_INVALID_ARGUMENT, "of a port that is no task: INVALID_ARGUMENT");
}

struct Shared {
    mach_port_t ready, go, port;
    u32 counted, stop;
    kern_return_t waited;
};

void threads() {
    static Shared s;
    kern_return_t error;
    s.ready = semcreate(&error), s.go = semcreate(&error);
    Result failed;
    Thread* t = thread_create([](void*) {
        s.port = thread_self();
        (void)semaphore_signal(s.ready);
        s.waited = semaphore_wait(s.go);
        (void)semaphore_signal(s.ready);
        while (!__atomic_load_n(&s.stop, __ATOMIC_RELAXED)) {
            __atomic_fetch_add(&s.counted, 1, __ATOMIC_RELAXED);
            thread_yield();
        }
    }, nullptr, &failed);
    ok(t != nullptr, "a thread");
    (void)semaphore_wait(s.ready);

    mach_port_t* list = nullptr;
    u32 n = 0;
    succeeds(task_threads(task, &list, &n), "task_threads");
    bool both = false, self = false;
    for (u32 i = 0; i < n; i++) both = both || list[i] == s.port, self = self || list[i] == thread_self();
    ok(n == 2 && both && self, "there are two, by their names");
    task_threads_free(list, n);

    thread_basic_info info{};
    u32 count = sizeof info / 4;
    kern_return_t r;
    do r = thread_info(s.port, THREAD_BASIC_INFO, &info, &count);
    while (r == KERN_SUCCESS && info.run_state == TH_STATE_RUNNING && (thread_yield(), true));
    is(r, KERN_SUCCESS, "thread_info");
    ok(info.run_state == TH_STATE_WAITING && info.suspend_count == 0, "it comes to wait");
    is(thread_info(s.port, 9999, &info, &count), KERN_INVALID_ARGUMENT, "a flavor that does not exist: INVALID_ARGUMENT");
    succeeds(thread_abort_safely(s.port), "abort it");
    (void)semaphore_wait(s.ready);
    is(s.waited, KERN_ABORTED, "semaphore_wait ends: ABORTED");

    while (!__atomic_load_n(&s.counted, __ATOMIC_RELAXED)) thread_yield();
    succeeds(thread_suspend(s.port), "suspend it");
    const u32 before = __atomic_load_n(&s.counted, __ATOMIC_RELAXED);
    for (i32 i = 0; i < 20; i++) thread_yield();
    ok(__atomic_load_n(&s.counted, __ATOMIC_RELAXED) == before, "it does not go on");
    x86_thread_state64 state{};
    count = sizeof state / 4;
    succeeds(thread_get_state(s.port, x86_THREAD_STATE64, &state, &count), "its registers");
    ok(count == sizeof state / 4 && state.rip != 0 && state.rsp != 0, "are there");
    count = 3;
    is(thread_get_state(s.port, x86_THREAD_STATE64, &state, &count), KERN_INVALID_ARGUMENT, "too little room: INVALID_ARGUMENT");
    succeeds(thread_resume(s.port), "resume it");
    is(thread_resume(s.port), KERN_FAILURE, "twice: FAILURE");
    while (__atomic_load_n(&s.counted, __ATOMIC_RELAXED) == before) thread_yield();
    ok(true, "it goes on");
    __atomic_store_n(&s.stop, 1, __ATOMIC_RELAXED);
    thread_join(t);
    (void)semdestroy(s.ready);
    (void)semdestroy(s.go);
}

void host_and_clocks() {
    const mach_port_t host = mach_host_self();
    host_basic_info info{};
    u32 count = sizeof info / 4;
    succeeds(host_info(host, HOST_BASIC_INFO, &info, &count), "host_info");
    ok(info.avail_cpus >= 1 && info.cpu_type == 7 && info.max_mem > 1 << 20, "x86 with CPUs and memory");
    is(host_info(host, 9999, &info, &count), KERN_INVALID_ARGUMENT, "a flavor that does not exist: INVALID_ARGUMENT");
    u64 size = 0;
    if (darwin_major < 10) {  // a 32-bit kernel's vm_size_t
        u32 narrow = 0;
        succeeds(rpc(host, MIG_host_page_size, Nothing{}, &narrow), "host_page_size");
        ok(narrow == page_size, "4096, in 32 bits");
    } else {
        succeeds(host_page_size(host, &size), "host_page_size");
        ok(size == page_size, "4096, in 64 bits");
    }
    mach_port_t clock = 0, calendar = 0;
    succeeds(host_get_clock_service(host, SYSTEM_CLOCK, &clock), "the clock since boot");
    succeeds(host_get_clock_service(host, CALENDAR_CLOCK, &calendar), "the calendar");
    is(host_get_clock_service(host, 99, &calendar), KERN_INVALID_ARGUMENT, "a clock that does not exist: INVALID_ARGUMENT");
    mach_timespec now{}, later{}, date{};
    succeeds(clock_get_time(clock, &now), "its time");
    succeeds(clock_get_time(calendar, &date), "the calendar's");
    ok(date.sec > 1'000'000'000 && now.nsec >= 0 && now.nsec < 1'000'000'000, "is after 2001");
    succeeds(clock_sleep(clock, TIME_RELATIVE, {0, 5'000'000}, &later), "sleep 5 ms");
    (void)clock_get_time(clock, &later);
    const i64 passed = (i64{later.sec} - now.sec) * 1'000'000'000 + later.nsec - now.nsec;
    ok(passed >= 5'000'000, "at least");
    is(clock_sleep(clock, TIME_RELATIVE, {0, 1'000'000'000}, &later), KERN_INVALID_VALUE, "a nanosecond too many: INVALID_VALUE");
    is(clock_sleep(clock, 99, {0, 1}, &later), KERN_INVALID_VALUE, "a type that does not exist: INVALID_VALUE");
    (void)mach_port_deallocate(task, clock);
    (void)mach_port_deallocate(task, calendar);
}

void semaphores() {
    mach_port_t s = 0, other = 0, none = 0;
    succeeds(semaphore_create(task, &s, SYNC_POLICY_FIFO, 2), "a semaphore with a count of 2");
    is(semaphore_create(task, &none, SYNC_POLICY_FIFO, -1), KERN_INVALID_ARGUMENT, "with less than none: INVALID_ARGUMENT");
    is(semaphore_create(mach_host_self(), &none, SYNC_POLICY_FIFO, 0), KERN_INVALID_ARGUMENT, "of a port that is no task: INVALID_ARGUMENT");
    ok(none == 0, "a failure leaves the name alone");
    ok(semaphore_wait(s) == 0 && semaphore_wait(s) == 0, "two waits");
    is(semaphore_timedwait(s, 0, 0), KERN_OPERATION_TIMED_OUT, "the third: OPERATION_TIMED_OUT");
    is(semaphore_timedwait(s, 0, -1), KERN_INVALID_VALUE, "less than no time: INVALID_VALUE");
    is(semaphore_signal_thread(s, 0), KERN_NOT_WAITING, "signal_thread, nobody waits: NOT_WAITING");
    is(semaphore_signal_thread(s, gone_name()), KERN_INVALID_NAME, "a thread that is gone: INVALID_NAME");
    succeeds(semaphore_signal_all(s), "signal_all, nobody waits");
    is(semaphore_timedwait(s, 0, 0), KERN_OPERATION_TIMED_OUT, "counts nothing");
    (void)semaphore_create(task, &other, SYNC_POLICY_LIFO, 1);
    succeeds(semaphore_wait_signal(other, s), "wait for one and signal the other");
    succeeds(semaphore_timedwait(s, 0, 0), "which was signalled");
    is(semaphore_timedwait_signal(other, s, 0, 1'000'000), KERN_OPERATION_TIMED_OUT, "the same, in vain");
    succeeds(semaphore_timedwait(s, 0, 0), "is signalled all the same");

    // heritage 15: what a wrong or dead port gives.
    const mach_port_t port = new_port(false);
    is(semaphore_signal(0), KERN_INVALID_NAME, "heritage 15: signal the null port: INVALID_NAME");
    is(semaphore_signal(gone_name()), KERN_INVALID_NAME, "heritage 15: a name that is gone: INVALID_NAME");
    is(semaphore_signal(port), KERN_INVALID_RIGHT, "heritage 15: a receive right: INVALID_RIGHT");
    is_either(semaphore_signal(task), KERN_INVALID_ARGUMENT, KERN_INVALID_CAPABILITY, "heritage 15: a task: INVALID_ARGUMENT, later INVALID_CAPABILITY");
    (void)mach_port_mod_refs(task, s, MACH_PORT_RIGHT_SEND, 1);
    succeeds(semaphore_destroy(task, s), "destroy it, with a second reference left");
    is_either(semaphore_signal(s), KERN_INVALID_RIGHT, KERN_TERMINATED, "heritage 15: the dead name: INVALID_RIGHT or TERMINATED");
    (void)mach_port_deallocate(task, s);
    is(semaphore_destroy(task, s), MACH_SEND_INVALID_RIGHT, "destroy a name that is gone: SEND_INVALID_RIGHT");
    struct {
        mach_msg_header_t header;
        u8 room[44];
    } m = {{0, sizeof m.header, other, 0, 0, 617200}, {}};
    is(machcall(&m.header, sizeof m, 36), darwin_major < 10 ? KERN_SUCCESS : MIG_BAD_ID,
       "semaphore_signal by message: 10.5 does it, no kernel since knows it");
    m.header = {0, sizeof m.header, other, 0, 0, 617201};
    is(machcall(&m.header, sizeof m, 36), darwin_major < 10 ? KERN_SUCCESS : MIG_BAD_ID, "semaphore_signal_all the same");
    succeeds(semaphore_destroy(task, other), "destroy the other");
    (void)mach_port_destroy(task, port);
}

void one_thread() {
    static mach_port_t s, waiter;
    static kern_return_t waited;
    kern_return_t error;
    s = semcreate(&error);
    Result failed;
    Thread* t = thread_create([](void*) {
        __atomic_store_n(&waiter, static_cast<mach_port_t>(mach_trap(TRAP_thread_self_trap)), __ATOMIC_RELEASE);
        waited = semaphore_wait(s);
    }, nullptr, &failed);
    while (!__atomic_load_n(&waiter, __ATOMIC_ACQUIRE)) thread_yield();
    kern_return_t k;
    do {
        thread_yield();
        k = static_cast<kern_return_t>(mach_trap(TRAP_semaphore_signal_thread_trap, s, waiter));
    } while (k == KERN_NOT_WAITING);
    succeeds(k, "semaphore_signal_thread of the thread that waits");
    thread_join(t);
    succeeds(waited, "wakes it");
    (void)mach_port_deallocate(task, waiter);
    (void)semdestroy(s);
}

void terminated() {
    static mach_port_t s;
    static kern_return_t waited;
    kern_return_t error;
    s = semcreate(&error);
    Result failed;
    Thread* t = thread_create([](void*) { waited = semaphore_wait(s); }, nullptr, &failed);
    // Whether the thread waits already or finds the name dead: both are good, and both are asked for by name.
    for (i32 i = 0; i < 50; i++) thread_yield();
    succeeds(semdestroy(s), "destroy a semaphore that is waited for");
    thread_join(t);
    ok(waited == KERN_TERMINATED || waited == KERN_INVALID_NAME, "its waiter gets TERMINATED (INVALID_NAME if it came late)");
}

}  // namespace

int main() {
    print("TAP version 13\n");
    task_itself();
    threads();
    host_and_clocks();
    semaphores();
    one_thread();
    terminated();
    return done();
}
