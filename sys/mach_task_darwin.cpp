// SPDX-License-Identifier: BSD-3-Clause
// See sys/darwin/task.h.
#include "sys/darwin/task.h"

#include "sys/calls.h"
#include "sys/darwin/port.h"
#include "sys/darwin/rpc.h"
#include "sys/darwin/vm.h"

namespace trapeze {

using namespace xnu;

// THREAD_STATE_MAX grew from 144 words (xnu-1228) to 614 (xnu-11417) for vector registers; these are for the integer ones.
constexpr u32 state_most = 64, info_most = 52;

kern_return_t task_info(mach_port_t task, i32 flavor, void* info, u32* count) {
    return rpc_info<info_most>(task, MIG_task_info, flavor, static_cast<i32*>(info), count);
}

kern_return_t task_basic_info(mach_port_t task, mach_task_basic_info* info) {
    u32 count = sizeof *info / 4;
    return task_info(task, MACH_TASK_BASIC_INFO, info, &count);
}

kern_return_t task_threads(mach_port_t task, mach_port_t** threads, u32* count) {
    mach_msg_ool_ports_descriptor_t part{};
    u32 n = 0;
    const kern_return_t r = rpc_memory(task, MIG_task_threads, Nothing{}, &part, MACH_MSG_OOL_PORTS_DESCRIPTOR, &n);
    if (r != KERN_SUCCESS) return r;
    *threads = reinterpret_cast<mach_port_t*>(part.address);
    *count = part.count;
    return r;
}

void task_threads_free(mach_port_t* threads, u32 count) {
    for (u32 i = 0; i < count; i++) (void)mach_port_deallocate(mach_task_self(), threads[i]);
    if (count) (void)mach_vm_deallocate(mach_task_self(), reinterpret_cast<u64>(threads), u64{count} * sizeof *threads);
}

kern_return_t task_get_special_port(mach_port_t task, i32 which, mach_port_t* port) {
    return rpc_port(task, MIG_task_get_special_port, which, port);
}
kern_return_t task_set_special_port(mach_port_t task, i32 which, mach_port_t port) {
    return rpc(task, MIG_task_set_special_port, port_part(port, MACH_MSG_TYPE_COPY_SEND), which, none);
}
kern_return_t task_suspend(mach_port_t task) { return rpc(task, MIG_task_suspend, Nothing{}, none); }
kern_return_t task_resume(mach_port_t task) { return rpc(task, MIG_task_resume, Nothing{}, none); }
kern_return_t task_terminate(mach_port_t task) { return rpc(task, MIG_task_terminate, Nothing{}, none); }

kern_return_t thread_info(mach_port_t thread, i32 flavor, void* info, u32* count) {
    return rpc_info<info_most>(thread, MIG_thread_info, flavor, static_cast<i32*>(info), count);
}
kern_return_t thread_get_state(mach_port_t thread, i32 flavor, void* state, u32* count) {
    return rpc_info<state_most>(thread, MIG_thread_get_state, flavor, static_cast<i32*>(state), count);
}
kern_return_t thread_suspend(mach_port_t thread) { return rpc(thread, MIG_thread_suspend, Nothing{}, none); }
kern_return_t thread_resume(mach_port_t thread) { return rpc(thread, MIG_thread_resume, Nothing{}, none); }
kern_return_t thread_abort(mach_port_t thread) { return rpc(thread, MIG_thread_abort, Nothing{}, none); }
kern_return_t thread_abort_safely(mach_port_t thread) { return rpc(thread, MIG_thread_abort_safely, Nothing{}, none); }

kern_return_t host_info(mach_port_t host, i32 flavor, void* info, u32* count) {
    return rpc_info<68>(host, MIG_host_info, flavor, static_cast<i32*>(info), count);
}
kern_return_t host_page_size(mach_port_t host, u64* size) { return rpc(host, MIG_host_page_size, Nothing{}, size); }
kern_return_t host_get_clock_service(mach_port_t host, i32 clock, mach_port_t* service) {
    return rpc_port(host, MIG_host_get_clock_service, clock, service);
}
kern_return_t clock_get_time(mach_port_t clock, mach_timespec* time) { return rpc(clock, MIG_clock_get_time, Nothing{}, time); }
kern_return_t clock_sleep(mach_port_t clock, i32 type, mach_timespec time, mach_timespec* woke) {
    return sys_clock_sleep_trap(clock, type, static_cast<i32>(time.sec), time.nsec, woke);
}

}  // namespace trapeze
