// SPDX-License-Identifier: BSD-3-Clause
// Subsystems mach_host (200) and clock (1000): osfmk/mach/mach_host.defs, clock.defs, osfmk/kern/host.c, clock_oldops.c.
#include "sys/darwin/kern_return.h"
#include "sys/darwin/numbers.h"
#include "sys/os.h"
#include "tools/xnurun/era.h"
#include "tools/xnurun/timer.h"

namespace trapeze {
namespace {

Port *system_clock, *calendar_clock;  // made when first asked for; under ports_lock

struct Sysinfo {
    i64 uptime;
    u64 loads[3], total, free, shared, buffers, total_swap, free_swap;
    u16 processes, pad[3];
    u64 total_high, free_high;
    u32 unit;
    u8 more[64];
};

Sysinfo sysinfo() {
    Sysinfo s{};
    host(lnx::SYS_sysinfo, &s);
    if (!s.unit) s.unit = 1;
    return s;
}

i32 info(Rpc& r) {
    enum : i32 { basic = 1, sched = 3, resource_sizes = 4, priority = 5, semaphore_traps = 7, msg_trap = 8, debug_internal = 10 };
    const u32 room = r.u(4), cpus = static_cast<u32>(cpu_count());
    const u64 memory = sysinfo().total * sysinfo().unit;
    switch (r.i(0)) {
    case basic: {
        if (room < 5) return xnu::KERN_FAILURE;
        const u32 capped = memory > 0x80000000 ? 0x80000000 : static_cast<u32>(memory);
        const u32 out[12] = {cpus, cpus, capped, 7, 4, 0, cpus, cpus, cpus, cpus, static_cast<u32>(memory),  // I386, GENERIC: 4
                             static_cast<u32>(memory >> 32)};
        const u32 n = room >= 12 ? 12 : 5;
        r.put32(n).put(out, n * 4);
        return 0;
    }
    case sched:
        if (room < 2) return xnu::KERN_FAILURE;
        r.put32(2).put32(10).put32(10);
        return 0;
    case resource_sizes: return room < 5 ? xnu::KERN_FAILURE : xnu::KERN_INVALID_ARGUMENT;
    case priority: {
        if (room < 8) return xnu::KERN_FAILURE;
        const u32 out[8] = {80, 80, 64, 31, 0, 0, 0, 79};
        r.put32(8).put(out, sizeof out);
        return 0;
    }
    case semaphore_traps: case msg_trap: r.put32(0); return 0;
    case debug_internal: return xnu::KERN_NOT_SUPPORTED;
    default: return xnu::KERN_INVALID_ARGUMENT;
    }
}

i32 version(Rpc& r) {  // a C string of MIG's: offset 0, length with the NUL, bytes up to a multiple of four
    char text[160];
    const u32 n = era_kernel_version(text, sizeof text) + 1;
    r.put32(0).put32(n).put(text, (n + 3) & ~3u);
    return 0;
}

i32 page_size(Rpc& r) {
    if (era && era < era_10_6) r.put32(4096);
    else r.put64(4096);
    return 0;
}

i32 clock_service(Rpc& r) {
    const i32 id = r.i(0);
    if (id != 0 && id != 1) return xnu::KERN_INVALID_ARGUMENT;
    Locked hold(ports_lock);
    Port*& clock = id ? calendar_clock : system_clock;
    if (!clock) {
        clock = port_new_locked(id ? PortKind::calendar : PortKind::clock);
        clock->refs = 1;
        clock->received = true;
    }
    send_right_copy_locked(clock);
    r.put_port(clock, msg_move_send);
    return 0;
}

// Load averages in 1/1000, ticks of the processors, memory in pages: what a host tells of itself without effort.
i32 statistics(Rpc& r) {
    enum : i32 { load = 1, vm = 2, cpu_load = 3, vm64 = 4 };
    const u32 room = r.u(4);
    const Sysinfo s = sysinfo();
    u32 out[38] = {}, n;
    switch (r.i(0)) {
    case load:
        n = 6;
        for (int i = 0; i < 3; i++) {
            out[i] = static_cast<u32>(s.loads[i] * 1000 >> 16);
            out[3 + i] = static_cast<u32>(cpu_count()) * 1000 * 1000 / (out[i] + 1000);
        }
        break;
    case cpu_load:
        n = 4;
        out[2] = static_cast<u32>(s.uptime) * 100;  // idle
        break;
    case vm: case vm64:
        n = r.i(0) == vm ? 12 : 38;
        if (r.i(0) == vm64 && r.request->id != xnu::MIG_host_statistics64) return xnu::KERN_INVALID_ARGUMENT;
        out[0] = static_cast<u32>(s.free * s.unit / 4096);
        out[1] = static_cast<u32>((s.total - s.free) * s.unit / 4096);
        break;
    default: return xnu::KERN_INVALID_ARGUMENT;
    }
    if (room < n) return xnu::KERN_FAILURE;
    r.put32(n).put(out, n * 4);
    return 0;
}

bool of_calendar(const Rpc& r) { return r.object->kind == PortKind::calendar; }

i32 get_time(Rpc& r) {
    const u64 now = of_calendar(r) ? wall_ns() : monotonic_ns();
    r.put32(static_cast<u32>(now / 1000000000)).put32(static_cast<u32>(now % 1000000000));
    return 0;
}

i32 get_attributes(Rpc& r) {
    enum : i32 { resolution = 1, alarm_current = 3, alarm_least = 4, alarm_most = 5 };
    if (r.u(4) != 1) return xnu::KERN_FAILURE;
    switch (r.i(0)) {
    case resolution: r.put32(1).put32(10000000); return 0;  // NSEC_PER_SEC / 100
    case alarm_current: case alarm_least: case alarm_most: r.put32(1).put32(0); return 0;
    default: return xnu::KERN_INVALID_VALUE;
    }
}

i32 priv_statistics(Rpc& r) { return r.object->kind == PortKind::host_priv ? statistics(r) : xnu::KERN_INVALID_HOST; }

const RpcRow host_rows[] = {
    {xnu::MIG_host_priv_statistics, priv_statistics, 0, xnu::KERN_INVALID_HOST},
    {xnu::MIG_host_info, info},
    {xnu::MIG_host_kernel_version, version},
    {xnu::MIG_host_page_size, page_size},
    {xnu::MIG_host_get_clock_service, clock_service},
    {xnu::MIG_host_statistics, statistics, 0, xnu::KERN_INVALID_HOST},
    {xnu::MIG_host_statistics64, statistics, 0, xnu::KERN_INVALID_HOST},
};
const RpcRow clock_rows[] = {
    {xnu::MIG_clock_get_time, get_time},
    {xnu::MIG_clock_get_attributes, get_attributes},
    {xnu::MIG_clock_alarm, rpc_clock_alarm},
};

}  // namespace

void fork_child_clocks() { system_clock = calendar_clock = nullptr; }

const RpcServer mig_host_server = {[](const Port* p) { return p->kind == PortKind::host || p->kind == PortKind::host_priv; },
                                   xnu::KERN_INVALID_ARGUMENT, host_rows, sizeof host_rows / sizeof *host_rows};
const RpcServer mig_clock_server = {[](const Port* p) { return p->kind == PortKind::clock || p->kind == PortKind::calendar; },
                                    xnu::KERN_INVALID_ARGUMENT, clock_rows, sizeof clock_rows / sizeof *clock_rows};

}  // namespace trapeze
