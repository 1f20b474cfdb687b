// SPDX-License-Identifier: BSD-3-Clause
// What a program asks of its task, its threads, the host and the host's clocks, by message, under the kernel's names (osfmk/mach:
// task.defs, thread_act.defs, mach_host.defs, clock.defs). `count` is words of room on the way in, words that came on the way out.
// Errors in practice: INVALID_ARGUMENT a flavor that is none, too little room, or a thread that has ended; SEND_INVALID_DEST no
// such port; MIG_BAD_ID a port of another kind.
#pragma once
#include "sys/darwin/message.h"

namespace trapeze {
namespace xnu {

constexpr i32 TASK_BASIC_INFO_64 = 5, MACH_TASK_BASIC_INFO = 20;  // the latter from Darwin 12 on
struct mach_task_basic_info {
    u64 virtual_size, resident_size, resident_size_max;  // bytes
    i32 user_time[2], system_time[2];                    // of ended threads: seconds, microseconds
    i32 policy, suspend_count;
};
static_assert(sizeof(mach_task_basic_info) == 48);
constexpr i32 TASK_KERNEL_PORT = 1, TASK_HOST_PORT = 2, TASK_NAME_PORT = 3, TASK_BOOTSTRAP_PORT = 4;

constexpr i32 THREAD_BASIC_INFO = 3, THREAD_IDENTIFIER_INFO = 4;
struct thread_basic_info {
    i32 user_time[2], system_time[2];
    i32 cpu_usage, policy, run_state, flags, suspend_count, sleep_time;
};
static_assert(sizeof(thread_basic_info) == 40);
constexpr i32 TH_STATE_RUNNING = 1, TH_STATE_STOPPED = 2, TH_STATE_WAITING = 3;
constexpr i32 x86_THREAD_STATE64 = 4;
struct x86_thread_state64 {
    u64 rax, rbx, rcx, rdx, rdi, rsi, rbp, rsp, r8, r9, r10, r11, r12, r13, r14, r15, rip, rflags, cs, fs, gs;
};
static_assert(sizeof(x86_thread_state64) == 168);

constexpr i32 HOST_BASIC_INFO = 1;
#pragma pack(push, 4)
struct host_basic_info {
    i32 max_cpus, avail_cpus;
    u32 memory_size;  // at most 2 GiB; max_mem says it all
    i32 cpu_type, cpu_subtype, cpu_threadtype, physical_cpu, physical_cpu_max, logical_cpu, logical_cpu_max;
    u64 max_mem;
};
#pragma pack(pop)
static_assert(sizeof(host_basic_info) == 48);
constexpr i32 SYSTEM_CLOCK = 0, CALENDAR_CLOCK = 1;  // since boot; since 1970
constexpr i32 TIME_ABSOLUTE = 0, TIME_RELATIVE = 1;
struct mach_timespec {
    u32 sec;
    i32 nsec;
};

}  // namespace xnu

using xnu::kern_return_t;
using xnu::mach_port_t;

[[nodiscard]] kern_return_t task_info(mach_port_t task, i32 flavor, void* info, u32* count);
[[nodiscard]] kern_return_t task_basic_info(mach_port_t task, xnu::mach_task_basic_info* info);
// A send right for each thread, in memory that task_threads_free gives back with the rights.
[[nodiscard]] kern_return_t task_threads(mach_port_t task, mach_port_t** threads, u32* count);
void task_threads_free(mach_port_t* threads, u32 count);
[[nodiscard]] kern_return_t task_get_special_port(mach_port_t task, i32 which, mach_port_t* port);
[[nodiscard]] kern_return_t task_set_special_port(mach_port_t task, i32 which, mach_port_t port);
[[nodiscard]] kern_return_t task_suspend(mach_port_t task);  // another task: one's own stops before it hears of it
[[nodiscard]] kern_return_t task_resume(mach_port_t task);   // FAILURE: it is not suspended
[[nodiscard]] kern_return_t task_terminate(mach_port_t task);

// The calling thread's port is thread_self() of sys/thread.h.
[[nodiscard]] kern_return_t thread_info(mach_port_t thread, i32 flavor, void* info, u32* count);
[[nodiscard]] kern_return_t thread_get_state(mach_port_t thread, i32 flavor, void* state, u32* count);
[[nodiscard]] kern_return_t thread_suspend(mach_port_t thread);  // stops before it runs another instruction of the program
[[nodiscard]] kern_return_t thread_resume(mach_port_t thread);   // FAILURE: it is not suspended
// Ends its wait, in semaphore_wait or mach_msg, with ABORTED or INTERRUPTED; `safely` only between halves that can be redone.
[[nodiscard]] kern_return_t thread_abort(mach_port_t thread);
[[nodiscard]] kern_return_t thread_abort_safely(mach_port_t thread);

[[nodiscard]] kern_return_t host_info(mach_port_t host, i32 flavor, void* info, u32* count);
[[nodiscard]] kern_return_t host_page_size(mach_port_t host, u64* size);
[[nodiscard]] kern_return_t host_get_clock_service(mach_port_t host, i32 clock, mach_port_t* service);
[[nodiscard]] kern_return_t clock_get_time(mach_port_t clock, xnu::mach_timespec* time);
// Sleeps until or for that time (TIME_*); *woke is the clock's time then. ABORTED when a handler ran: call again with ABSOLUTE.
[[nodiscard]] kern_return_t clock_sleep(mach_port_t clock, i32 type, xnu::mach_timespec time, xnu::mach_timespec* woke);

}  // namespace trapeze
