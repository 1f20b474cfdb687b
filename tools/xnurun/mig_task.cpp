// SPDX-License-Identifier: BSD-3-Clause
// Subsystem task (3400): osfmk/mach/task.defs, osfmk/kern/task.c. Times and sizes are the host process's, the emulator's
// share included.
#include "sys/darwin/kern_return.h"
#include "sys/darwin/numbers.h"
#include "tools/xnurun/descriptors.h"
#include "tools/xnurun/exceptions.h"
#include "tools/xnurun/exec_ports.h"
#include "tools/xnurun/mig_threads.h"
#include "tools/xnurun/semaphore.h"
#include "tools/xnurun/signal.h"
#include "tools/xnurun/thread.h"
#include "tools/xnurun/vm.h"

namespace trapeze {
namespace {

i32 create_semaphore(Rpc& r) {
    Port* port;
    if (const i32 failed = semaphore_create_port(r.i(0), r.i(4), port)) return failed;
    r.put_port(port, msg_move_send);
    return 0;
}

i32 destroy_semaphore(Rpc& r) {
    Port* port = r.port(0);
    if (!carried_valid(port) || port->kind != PortKind::semaphore) return xnu::KERN_INVALID_ARGUMENT;
    semaphore_destroy(port);
    return 0;
}

i32 threads_of(Rpc& r) {
    u32 n = 0, room;
    {
        Locked hold(threads_lock);
        room = threads_living;
    }
    const u64 bytes = room * sizeof(Port*);
    Port** list = static_cast<Port**>(host_room(bytes));
    if (!list) return xnu::KERN_RESOURCE_SHORTAGE;
    {
        Locked hold(threads_lock);
        Locked hold_ports(ports_lock);
        for (Thread* t = threads; t && n < room; t = t->next) {
            if (t->port->dead) continue;
            send_right_copy_locked(t->port);
            list[n++] = t->port;
        }
    }
    const bool done = r.put_memory(list, n * 8, n);
    host_room_free(list, bytes);
    if (!done) return xnu::KERN_RESOURCE_SHORTAGE;
    r.put_ndr();
    r.put32(n);
    return 0;
}

Port* registered[3];  // TASK_PORT_REGISTER_MAX send rights; under ports_lock

i32 register_ports(Rpc& r) {
    const u8* d = r.request->bytes + header_size + 4;
    u64 at;
    u32 n;
    memcpy(&at, d, 8);
    memcpy(&n, d + 12, 4);
    if (n > 3) return xnu::KERN_INVALID_ARGUMENT;
    Port** list = reinterpret_cast<Port**>(at);
    Locked hold(ports_lock);
    for (u32 i = 0; i < 3; i++) {
        right_release_locked(registered[i], msg_move_send);
        registered[i] = i < n ? list[i] : nullptr;
        if (i < n) list[i] = nullptr;  // the request does not give it back
    }
    return 0;
}

// From xnu-10063.141.1 on the three are descriptors of their own, both ways.
constexpr u32 three_descriptors = 10063141;
i32 register_three(Rpc& r) {
    Locked hold(ports_lock);
    for (u32 i = 0; i < 3; i++) {
        right_release_locked(registered[i], msg_move_send);
        registered[i] = r.port(i);
        r.keep_port(i);
    }
    return 0;
}

i32 lookup_three(Rpc& r) {
    Locked hold(ports_lock);
    for (Port* port : registered) {
        if (carried_valid(port)) send_right_copy_locked(port);
        r.put_port(port, msg_move_send);
    }
    return 0;
}

i32 lookup_registered(Rpc& r) {
    Port* list[3];
    {
        Locked hold(ports_lock);
        for (u32 i = 0; i < 3; i++)
            if (carried_valid(list[i] = registered[i])) send_right_copy_locked(list[i]);
    }
    if (!r.put_memory(list, sizeof list, 3)) {
        Locked hold(ports_lock);
        for (Port* port : list) right_release_locked(port, msg_move_send);
        return xnu::KERN_RESOURCE_SHORTAGE;
    }
    r.put_ndr();
    r.put32(3);
    return 0;
}

struct Usage {
    u64 virtual_size, resident, resident_max, of_files;
    u32 minor, major, switches;
    u32 user[2], system[2];
};

u64 number_after(const char* text, u64 length, u64& at) {
    while (at < length && (text[at] < '0' || text[at] > '9')) at++;
    u64 v = 0;
    while (at < length && text[at] >= '0' && text[at] <= '9') v = v * 10 + static_cast<u64>(text[at++] - '0');
    return v;
}

Usage usage() {
    Usage u{};
    struct {
        lnx::timeval user, system;
        i64 maxrss, unused[3], minor, major, swaps, blocks[2], messages[2], signals, voluntary, involuntary;
    } times{};
    host(lnx::SYS_getrusage, 0, &times);
    u.user[0] = static_cast<u32>(times.user.tv_sec), u.user[1] = static_cast<u32>(times.user.tv_usec);
    u.system[0] = static_cast<u32>(times.system.tv_sec), u.system[1] = static_cast<u32>(times.system.tv_usec);
    u.minor = static_cast<u32>(times.minor), u.major = static_cast<u32>(times.major);
    u.switches = static_cast<u32>(times.voluntary + times.involuntary);
    u.resident_max = static_cast<u64>(times.maxrss) * 1024;
    const i64 fd = open_own("/proc/self/statm", lnx::O_RDONLY);
    if (!host_failed(fd)) {
        char text[128];
        const i64 n = host(lnx::SYS_read, fd, text, sizeof text);
        host(lnx::SYS_close, fd);
        u64 at = 0;
        if (n > 0) {
            u.virtual_size = number_after(text, static_cast<u64>(n), at) * 4096;
            u.resident = number_after(text, static_cast<u64>(n), at) * 4096;
            u.of_files = number_after(text, static_cast<u64>(n), at) * 4096;
        }
    }
    return u;
}

u32 region_count() {
    u32 n = 0;
    VmRegion region;
    for (u64 at = 0; vm_region(at, region); n++) at = region.address + region.size;
    return n;
}

u64 nanoseconds(const u32* time) { return time[0] * u64{1000000000} + time[1] * u64{1000}; }

constexpr u32 timeshare = 1;  // POLICY_TIMESHARE

i32 info(Rpc& r) {
    enum : i32 { absolute_times = 1, events = 2, thread_times = 3, basic_32 = 4, basic_64 = 5, basic2_32 = 6, sched_timeshare = 10,
                 sched_rr = 11, sched_fifo = 12, vm_info = 22, vm_info_purgeable = 23,
                 security_token = 13, audit_token = 15, dyld = 17, mach_basic = 20,
                 flags = 28 };
    const i32 flavor = r.i(0);
    const u32 room = r.u(4);
    u32 out[38] = {}, n = 0;
    const auto add = [&](u32 v) { out[n++] = v; };
    const auto add64 = [&](u64 v) { add(static_cast<u32>(v)), add(static_cast<u32>(v >> 32)); };
    const Usage u = usage();
    switch (flavor) {
    case basic_32: case basic2_32:
        add(0), add(static_cast<u32>(u.virtual_size)), add(static_cast<u32>(flavor == basic_32 ? u.resident : u.resident_max));
        add(u.user[0]), add(u.user[1]), add(u.system[0]), add(u.system[1]), add(timeshare);
        break;
    case basic_64:
        add(0), add64(u.virtual_size), add64(u.resident);
        add(u.user[0]), add(u.user[1]), add(u.system[0]), add(u.system[1]), add(timeshare);
        break;
    case mach_basic:
        add64(u.virtual_size), add64(u.resident), add64(u.resident_max);
        add(u.user[0]), add(u.user[1]), add(u.system[0]), add(u.system[1]), add(timeshare), add(0);
        break;
    case thread_times: add(u.user[0]), add(u.user[1]), add(u.system[0]), add(u.system[1]); break;
    case absolute_times:  // what ended threads used is not told apart from what living ones did
        add64(nanoseconds(u.user)), add64(nanoseconds(u.system)), add64(nanoseconds(u.user)), add64(nanoseconds(u.system));
        break;
    case events:  // faults, pageins and context switches; messages and calls are not counted
        add(u.minor + u.major), add(u.major), add(0), add(0), add(0), add(0), add(0), add(u.switches);
        break;
    case sched_timeshare: add(31); break;
    case sched_rr: case sched_fifo:
        return room < (flavor == sched_rr ? 2u : 1u) ? xnu::KERN_INVALID_ARGUMENT : xnu::KERN_INVALID_POLICY;
    case vm_info: case vm_info_purgeable: {  // 36 words, and phys_footprint for those that know it
        const u64 internal = u.resident - u.of_files;
        add64(u.virtual_size), add(region_count()), add(4096), add64(u.resident), add64(u.resident_max);
        add64(0), add64(0), add64(internal), add64(internal), add64(u.of_files), add64(u.of_files);
        n = 36;
        if (room >= 38) add64(internal);
        break;
    }
    case security_token:
        add(static_cast<u32>(host(lnx::SYS_geteuid))), add(static_cast<u32>(host(lnx::SYS_getegid)));
        break;
    case audit_token: {
        const u32 uid = static_cast<u32>(host(lnx::SYS_geteuid)), gid = static_cast<u32>(host(lnx::SYS_getegid));
        add(uid), add(uid), add(gid), add(static_cast<u32>(host(lnx::SYS_getuid))), add(static_cast<u32>(host(lnx::SYS_getgid)));
        add(static_cast<u32>(own_pid())), add(100000), add(1);
        break;
    }
    case dyld: add64(0), add64(0), add(1); break;  // a static program has no images that dyld knows
    case flags: add(1); break;                     // TF_LP64
    default: return xnu::KERN_INVALID_ARGUMENT;
    }
    if (room < n) return xnu::KERN_INVALID_ARGUMENT;
    r.put32(n).put(out, n * 4);
    return 0;
}

enum : i32 { special_kernel = 1, special_host = 2, special_name = 3, special_bootstrap = 4, special_seatbelt = 7, special_access = 9,
             special_debug_control = 17 };
bool own_replaced[special_host + 1];     // TASK_KERNEL_PORT, TASK_HOST_PORT: given[] stands for the task's own
Port* given[special_debug_control + 1];  // send rights, set by the program; under ports_lock

// Slots that are empty until somebody fills them: no launchd started this program.
bool settable(i32 which) {
    return which == special_bootstrap || which == special_seatbelt || which == special_access || which == special_debug_control;
}

i32 special_port(Rpc& r) {
    const i32 which = r.i(0);
    Locked hold(ports_lock);
    Port* port;
    if ((which == special_kernel || which == special_host) && own_replaced[which]) port = given[which];
    else if (which == special_kernel || which == special_name) port = task_port;
    else if (which == special_host) port = host_port_of_user();
    else if (settable(which)) port = given[which];
    else return xnu::KERN_INVALID_ARGUMENT;
    if (carried_valid(port)) send_right_copy_locked(port);
    r.put_port(port, msg_move_send);
    return 0;
}

i32 set_special_port(Rpc& r) {
    const i32 which = r.i(0);
    const bool own = which == special_kernel || which == special_host;
    if (!own && !settable(which)) return xnu::KERN_INVALID_ARGUMENT;
    Locked hold(ports_lock);
    if (own) own_replaced[which] = true;
    if ((which == special_seatbelt || which == special_access) && given[which]) return xnu::KERN_NO_ACCESS;  // once only
    right_release_locked(given[which], msg_move_send);
    given[which] = r.port(0);
    r.keep_port(0);
    return 0;
}

// Nobody but SIGCONT could resume it (bsd/kern/kern_sig.c): the host's stop is just that.
i32 suspend(Rpc&) {
    host(lnx::SYS_kill, own_pid(), lnx::SIGSTOP);
    return 0;
}
i32 terminate(Rpc&) { die_by_signal(xnu::SIGKILL); }
i32 nothing_to_set(Rpc&) { return xnu::KERN_INVALID_ARGUMENT; }
i32 resume(Rpc&) { return xnu::KERN_FAILURE; }  // it is never suspended

const RpcRow rows[] = {
    {xnu::MIG_task_threads, threads_of},
    {xnu::MIG_mach_ports_register, register_three, three_descriptors},
    {xnu::MIG_mach_ports_lookup, lookup_three, three_descriptors},
    {xnu::MIG_mach_ports_register, register_ports},
    {xnu::MIG_mach_ports_lookup, lookup_registered},
    {xnu::MIG_task_info, info},
    {xnu::MIG_task_suspend, suspend},
    {xnu::MIG_task_resume, resume},
    {xnu::MIG_task_get_special_port, special_port},
    {xnu::MIG_task_set_special_port, set_special_port},
    {xnu::MIG_task_terminate, terminate},
    {xnu::MIG_task_set_info, nothing_to_set},
    {xnu::MIG_task_policy_set, rpc_task_policy_set},
    {xnu::MIG_task_policy_get, rpc_task_policy_get},
    {xnu::MIG_thread_create, rpc_thread_create},
    {xnu::MIG_thread_create_running, rpc_thread_create_running},
    {xnu::MIG_task_set_exception_ports, rpc_set_exception_ports},
    {xnu::MIG_task_get_exception_ports, rpc_get_exception_ports},
    {xnu::MIG_task_swap_exception_ports, rpc_swap_exception_ports},
    {xnu::MIG_semaphore_create, create_semaphore},
    {xnu::MIG_semaphore_destroy, destroy_semaphore},
};

}  // namespace

// ipc_task_init: registered ports, bootstrap, seatbelt, access and the host's go to a child. The host is the same one; whatever else
// is received in the parent is a dead name, as if that had ended. The child's own port is its own.
void fork_child_special_ports() {
    const auto inherit = [](Port*& p) {
        if (!p) return;
        if (carried_valid(p) && (p->kind == PortKind::host || p->kind == PortKind::host_priv)) {
            p = p->kind == PortKind::host ? host_port : host_priv_port;
            send_right_copy_locked(p);
        } else {
            p = carried_dead;
        }
    };
    own_replaced[special_kernel] = false;
    given[special_kernel] = given[special_debug_control] = nullptr;
    for (Port*& p : given) inherit(p);
    for (Port*& p : registered) inherit(p);
}

namespace {
constexpr i32 kept_special[] = {special_kernel, special_host, special_bootstrap, special_seatbelt, special_access, special_debug_control};
static_assert(3 + sizeof kept_special / sizeof *kept_special == KeptPorts::slot_count);
}  // namespace

void special_ports_keep(KeptPorts& k, bool new_task) {
    Locked hold(ports_lock);
    const auto kind = [](const Port* p) -> u8 {
        if (!p) return slot_empty;
        if (!carried_valid(p)) return slot_dead;
        return p->kind == PortKind::host ? slot_host : p->kind == PortKind::host_priv ? slot_host_priv : slot_dead;
    };
    u32 n = 0;
    for (const Port* p : registered) k.slots[n++] = kind(p);
    for (const i32 which : kept_special) {
        const bool own = which <= special_host, goes = new_task && (which == special_kernel || which == special_debug_control);
        u8 slot = goes || (own && !own_replaced[which]) ? +slot_empty : kind(given[which]);
        if (own && !goes && own_replaced[which] && !given[which]) slot = slot_replaced;
        k.slots[n++] = slot;
    }
}

void special_ports_take(const KeptPorts& k) {
    Locked hold(ports_lock);
    const auto port = [](u8 slot) -> Port* {
        if (slot != slot_host && slot != slot_host_priv) return slot == slot_dead ? carried_dead : nullptr;
        Port* p = slot == slot_host ? host_port : host_priv_port;
        send_right_copy_locked(p);
        return p;
    };
    u32 n = 0;
    for (Port*& p : registered) p = port(k.slots[n++]);
    for (const i32 which : kept_special) {
        if (which <= special_host) own_replaced[which] = k.slots[n] != slot_empty;
        given[which] = port(k.slots[n++]);
    }
}

u32 port_self_send_task() {
    bool replaced;
    Port* port;
    {
        Locked hold(ports_lock);
        replaced = own_replaced[special_kernel];
        port = given[special_kernel];
    }
    return replaced ? port_copy_send(port) : port_self_send(task_port);
}

const RpcServer mig_task_server = {[](const Port* p) { return p->kind == PortKind::task; }, xnu::KERN_INVALID_ARGUMENT, rows,
                                   sizeof rows / sizeof *rows};

}  // namespace trapeze
