// SPDX-License-Identifier: BSD-3-Clause
// What a task asks the machine for (osfmk/kern/host.c, processor.c): the host's special ports and exception ports, processors and
// their set, wired memory. Routines of the privileged host port (mach_host_self of a superuser) refuse the other one.
//
// The host's special ports are this program's own: other programs have no ports here. Rejected: refusing to set them, which a
// superuser may on XNU.
#include "sys/darwin/kern_return.h"
#include "sys/darwin/numbers.h"
#include "sys/os.h"
#include "tools/xnurun/descriptors.h"
#include "tools/xnurun/exceptions.h"
#include "tools/xnurun/vm.h"

namespace trapeze {
namespace {

enum : i32 { special_security = 0, special_host = 1, special_priv = 2, most_kernel_special = 7, most_special = 25 };
Port* given[most_special + 1];  // send rights; under ports_lock
Port* processors;               // made when first asked for; under ports_lock

bool of(const Rpc& r, PortKind kind) { return r.object->kind == kind; }
bool privileged(const Rpc& r) { return of(r, PortKind::host_priv); }
bool of_host(const Rpc& r) { return of(r, PortKind::host) || privileged(r); }

i32 get_special(Rpc& r) {
    const i32 which = r.i(4);
    if (!privileged(r) || which <= special_security || which > most_special) return xnu::KERN_INVALID_ARGUMENT;
    Locked hold(ports_lock);
    Port* port = which == special_host ? host_port : which == special_priv ? host_priv_port : given[which];
    if (carried_valid(port)) send_right_copy_locked(port);
    r.put_port(port, msg_move_send);
    return 0;
}

i32 set_special(Rpc& r) {
    const i32 which = r.i(0);
    if (!privileged(r) || which <= most_kernel_special || which > most_special) return xnu::KERN_INVALID_ARGUMENT;
    Locked hold(ports_lock);
    right_release_locked(given[which], msg_move_send);
    given[which] = r.port(0);
    r.keep_port(0);
    return 0;
}

i32 default_set(Rpc& r) {
    Locked hold(ports_lock);
    if (!processors) {
        processors = port_new_locked(PortKind::processor_set);
        processors->refs = 1;
        processors->received = true;
    }
    send_right_copy_locked(processors);
    r.put_port(processors, msg_move_send);
    return 0;
}
i32 host_set(Rpc& r) { return of_host(r) ? default_set(r) : xnu::KERN_INVALID_ARGUMENT; }
i32 task_set(Rpc& r) { return of(r, PortKind::task) ? default_set(r) : xnu::KERN_FAILURE; }
i32 thread_set(Rpc& r) { return of(r, PortKind::thread) ? default_set(r) : xnu::KERN_INVALID_ARGUMENT; }

// Processors, timesharing; then priorities by policy (31 the base, 95 the most that a kernel gives), and the policies there are.
i32 set_info(Rpc& r) {
    enum : i32 { enabled = 3, basic = 5, ts_default = 10, ts_limits, rr_default = 20, rr_limits, fifo_default = 30, fifo_limits };
    if (!of(r, PortKind::processor_set)) return xnu::KERN_INVALID_ARGUMENT;
    const u32 room = r.u(4);
    u32 out[2] = {}, n = 1;
    switch (r.i(0)) {
    case basic: n = 2, out[0] = static_cast<u32>(cpu_count()), out[1] = 1; break;
    case ts_default: case fifo_default: out[0] = 31; break;
    case rr_default: n = 2, out[0] = 31, out[1] = 1; break;
    case ts_limits: case fifo_limits: case rr_limits: out[0] = 95; break;
    case enabled: out[0] = 1 | 2 | 4; break;
    default: return xnu::KERN_INVALID_ARGUMENT;
    }
    if (room < n) return xnu::KERN_FAILURE;
    {
        Locked hold(ports_lock);
        send_right_copy_locked(host_port);
        r.put_port(host_port, msg_move_send);
    }
    r.put_ndr();
    r.put32(n).put(out, n * 4);
    return 0;
}

struct Load {
    i64 uptime;
    u64 loads[3], memory[6];
    u16 processes;
    u8 more[102];
};

i32 set_statistics(Rpc& r) {
    constexpr i32 load_info = 4;
    if (!of(r, PortKind::processor_set)) return xnu::KERN_INVALID_PROCESSOR_SET;
    if (r.i(0) != load_info) return xnu::KERN_INVALID_ARGUMENT;
    if (r.u(4) < 4) return xnu::KERN_FAILURE;
    Load s{};
    host(lnx::SYS_sysinfo, &s);
    const u32 load = static_cast<u32>(s.loads[0] * 1000 >> 16), cpus = static_cast<u32>(cpu_count());
    r.put32(4).put32(s.processes).put32(s.processes).put32(load).put32(cpus * 1000 * 1000 / (load + 1000));
    return 0;
}

// The ticks of processor `n` in /proc/stat: user, nice, system, idle in 1/100 s, as XNU's.
void ticks_of(const char* text, u64 length, u32 n, u32* out) {
    u32 line = 0;
    for (u64 at = 0; at + 4 < length; at++) {
        const bool start = at == 0 || text[at - 1] == '\n';
        if (!start || text[at] != 'c' || text[at + 3] < '0' || text[at + 3] > '9') continue;
        if (line++ != n) continue;
        while (at < length && text[at] != ' ') at++;
        u32 read[4] = {};
        for (u32& v : read) {
            while (at < length && text[at] == ' ') at++;
            while (at < length && text[at] >= '0' && text[at] <= '9') v = v * 10 + static_cast<u32>(text[at++] - '0');
        }
        out[0] = read[0], out[1] = read[2], out[2] = read[3], out[3] = read[1];  // user, system, idle, nice
        return;
    }
}

i32 processor_info(Rpc& r) {
    enum : i32 { basic = 1, load = 2 };
    const i32 flavor = r.i(0);
    if (!of_host(r)) return xnu::KERN_INVALID_ARGUMENT;
    if (flavor != basic && flavor != load) return xnu::KERN_INVALID_ARGUMENT;
    const u32 cpus = static_cast<u32>(cpu_count()), words = flavor == basic ? 5 : 4, bytes = cpus * words * 4;
    constexpr u64 text_room = 65536;
    u32* out = static_cast<u32*>(host_room(bytes + text_room));
    if (!out) return xnu::KERN_RESOURCE_SHORTAGE;
    if (flavor == load) {
        char* text = reinterpret_cast<char*>(out) + bytes;
        const i64 fd = open_own("/proc/stat", lnx::O_RDONLY);
        const i64 n = host_failed(fd) ? 0 : host(lnx::SYS_read, fd, text, text_room);
        if (!host_failed(fd)) host(lnx::SYS_close, fd);
        for (u32 i = 0; n > 0 && i < cpus; i++) ticks_of(text, static_cast<u64>(n), i, out + i * 4);
    }
    for (u32 i = 0; flavor == basic && i < cpus; i++) {  // type and subtype, running, its number, whether it is the master
        const u32 one[5] = {7, 4, 1, i, i == 0};
        memcpy(out + i * 5, one, sizeof one);
    }
    const bool done = r.put_memory(out, bytes);
    host_room_free(out, bytes + text_room);
    if (!done) return xnu::KERN_RESOURCE_SHORTAGE;
    r.put_ndr();
    r.put32(cpus).put32(cpus * words);
    return 0;
}

i32 boot_info(Rpc& r) {  // this processor's loader leaves none
    if (!privileged(r)) return xnu::KERN_INVALID_HOST;
    r.put32(0).put32(1).put32(0);
    return 0;
}

i32 wire(Rpc& r) {  // 32-bit addresses and sizes on the kernel of 10.5
    if (!privileged(r)) return xnu::KERN_INVALID_HOST;
    if (r.port(0) != task_port) return xnu::KERN_INVALID_TASK;
    return r.size() == 20 ? vm_wire(r.w(0), r.w(8), r.i(16)) : vm_wire(r.u(0), r.u(4), r.i(8));
}

i32 wire_thread(Rpc& r) {  // a kernel stack that stays: they all do
    return privileged(r) && r.port(0) == self().port ? 0 : xnu::KERN_INVALID_ARGUMENT;
}

i32 grow_space(Rpc& r) { return of(r, PortKind::task) ? 0 : xnu::KERN_INVALID_TASK; }  // it grows when it must

i32 is_self(Rpc& r) {
    if (!of(r, PortKind::task)) return xnu::KERN_INVALID_ARGUMENT;
    r.put32(1);
    return 0;
}

const RpcRow rows[] = {
    {xnu::MIG_host_processor_info, processor_info},
    {xnu::MIG_processor_set_default, host_set},
    {xnu::MIG_host_get_boot_info, boot_info},
    {xnu::MIG_vm_wire, wire},
    {xnu::MIG_thread_wire, wire_thread},
    {xnu::MIG_host_get_special_port, get_special},
    {xnu::MIG_host_set_special_port, set_special},
    {xnu::MIG_host_set_exception_ports, rpc_set_exception_ports},
    {xnu::MIG_host_get_exception_ports, rpc_get_exception_ports},
    {xnu::MIG_host_swap_exception_ports, rpc_swap_exception_ports},
    {xnu::MIG_mach_vm_wire, wire},
    {xnu::MIG_task_set_port_space, grow_space},
    {xnu::MIG_task_get_assignment, task_set},
    {xnu::MIG_mach_task_is_self, is_self},
    {xnu::MIG_thread_get_assignment, thread_set},
    {xnu::MIG_processor_set_statistics, set_statistics},
    {xnu::MIG_processor_set_info, set_info},
};

}  // namespace

void fork_child_machine() {
    processors = nullptr;
    for (Port*& p : given) p = nullptr;
}

const RpcServer mig_machine_server = {[](const Port*) { return true; }, 0, rows, sizeof rows / sizeof *rows};

}  // namespace trapeze
