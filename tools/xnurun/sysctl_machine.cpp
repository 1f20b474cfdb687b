// SPDX-License-Identifier: BSD-3-Clause
// kern.*, vm.*, hw.*: the names that programs of the era ask for, as a machine of the era (10.11 by default) answers, with the host's
// hostname, memory, load and processors. kern_sysctl.c, kern_mib.c, kern_clock.c of xnu-3248.60.10.
//
// What this host does not know (the frequency of a bus) has no row and is ENOENT, as on a kernel without it.
#include "sys/mem.h"
#include "sys/os.h"
#include "tools/xnurun/descriptors.h"
#include "tools/xnurun/era.h"
#include "tools/xnurun/sysctl.h"

namespace trapeze {
namespace {

using V = SysctlValue;
using T = SysctlType;

struct HostInfo {
    i64 uptime;
    u64 loads[3], totalram, freeram, sharedram, bufferram, totalswap, freeswap;
    u16 procs, pad[3];
    u64 totalhigh, freehigh;
    u32 unit;
    u8 more[64];
};
HostInfo host_info() {
    HostInfo info{};
    host(lnx::SYS_sysinfo, &info);
    if (!info.unit) info.unit = 1;
    return info;
}
u64 memory_size() {
    const HostInfo info = host_info();
    return info.totalram * info.unit;
}

void host_name(V& v) {
    char uts[6][65] = {};
    host(lnx::SYS_uname, uts);
    v.text(uts[1]);
}
void domain_name(V& v) {
    char uts[6][65] = {};
    host(lnx::SYS_uname, uts);
    v.text(str_eq(uts[5], "(none)") ? "" : uts[5]);
}

void boot_time(V& v) {
    const i64 time[2] = {static_cast<i64>((wall_ns() - monotonic_ns()) / 1000000000), 0};
    v.put(time, 16);
}

void kernel_version(V& v) { v.size = era_kernel_version(v.bytes, sizeof v.bytes) + 1; }

void clock_rate(V& v) {  // struct clockinfo: hz, tick, tickadj, stathz, profhz
    const i32 rate[] = {100, 10000, 0, 100, 100};
    v.put(rate, sizeof rate);
}

void load_average(V& v) {
    const HostInfo info = host_info();
    struct {
        u32 load[3], pad;
        i64 scale;
    } average{{}, 0, 2048};  // FSCALE
    for (int i = 0; i < 3; i++) average.load[i] = static_cast<u32>(info.loads[i] >> 5);  // of 65536
    v.put(&average, sizeof average);
}

void swap_usage(V& v) {
    const HostInfo info = host_info();
    struct {
        u64 total, available, used;
        u32 page;
        i32 encrypted;
    } usage{info.totalswap * info.unit, info.freeswap * info.unit, (info.totalswap - info.freeswap) * info.unit, 4096, 0};
    v.put(&usage, sizeof usage);
}

void boot_session(V& v) {
    char id[37] = {};
    const i64 fd = open_own("/proc/sys/kernel/random/boot_id", lnx::O_RDONLY);
    if (!host_failed(fd)) {
        host(lnx::SYS_read, fd, id, 36);
        host(lnx::SYS_close, fd);
    }
    for (char& c : id)
        if (c >= 'a' && c <= 'f') c = static_cast<char>(c - 'a' + 'A');
    v.text(id);
}

// Up to 10.11's: 32 bits, of a machine with more memory as much as fits.
void physical_memory(V& v) { v.number(static_cast<i32>(memory_size() < 0x80000000 ? memory_size() : 0x80000000)); }
void user_memory(V& v) {
    const HostInfo info = host_info();
    v.number(static_cast<i32>(info.freeram * info.unit));
}

template <i32 n>
void constant(V& v) { v.number(n); }
template <u64 n>
void wide(V& v) { v.quad(n); }
void cpus(V& v) { v.number(cpu_count()); }

constexpr i32 kern_ = 1, vm_ = 2, hw_ = 6;

const SysctlRow rows[] = {
    {"kern.ostype", {kern_, 1}, 2, T::text, "A", [](V& v) { v.text("Darwin"); }},
    {"kern.osrelease", {kern_, 2}, 2, T::text, "A", [](V& v) { v.text(era_shown().osrelease); }},
    {"kern.osrevision", {kern_, 3}, 2, T::integer, "I", constant<199506>},
    {"kern.version", {kern_, 4}, 2, T::text, "A", kernel_version},
    {"kern.maxvnodes", {kern_, 5}, 2, T::integer, "I", constant<66560>},
    {"kern.maxproc", {kern_, 6}, 2, T::integer, "I", constant<1064>},
    {"kern.maxfiles", {kern_, 7}, 2, T::integer, "I", constant<12288>},
    {"kern.argmax", {kern_, 8}, 2, T::integer, "I", constant<262144>},
    {"kern.securelevel", {kern_, 9}, 2, T::integer, "I", constant<0>},
    {"kern.hostname", {kern_, 10}, 2, T::cut_text, "A", host_name},
    {"kern.hostid", {kern_, 11}, 2, T::integer, "I", constant<0>},
    {"kern.clockrate", {kern_, 12}, 2, T::structure, "S,clockinfo", clock_rate},
    {"kern.proc.all", {kern_, 14, 0}, 3, T::node, "", nullptr, sysctl_processes},
    {"kern.proc.pid", {kern_, 14, 1}, 3, T::node, "", nullptr, sysctl_processes},
    {"kern.proc.pgrp", {kern_, 14, 2}, 3, T::node, "", nullptr, sysctl_processes},
    {"kern.proc.tty", {kern_, 14, 4}, 3, T::node, "", nullptr, sysctl_processes},
    {"kern.proc.uid", {kern_, 14, 5}, 3, T::node, "", nullptr, sysctl_processes},
    {"kern.proc.ruid", {kern_, 14, 6}, 3, T::node, "", nullptr, sysctl_processes},
    {"kern.proc.lcid", {kern_, 14, 7}, 3, T::node, "", nullptr, sysctl_processes},
    {"kern.posix1version", {kern_, 17}, 2, T::integer, "I", constant<200112>},
    {"kern.ngroups", {kern_, 18}, 2, T::integer, "I", constant<16>},
    {"kern.job_control", {kern_, 19}, 2, T::integer, "I", constant<1>},
    {"kern.saved_ids", {kern_, 20}, 2, T::integer, "I", constant<1>},
    {"kern.boottime", {kern_, 21}, 2, T::structure, "S,timeval", boot_time},
    {"kern.nisdomainname", {kern_, 22}, 2, T::text, "A", domain_name},
    {"kern.maxfilesperproc", {kern_, 29}, 2, T::integer, "I", constant<10240>},
    {"kern.maxprocperuid", {kern_, 30}, 2, T::integer, "I", constant<709>},
    {"kern.netboot", {kern_, 40}, 2, T::integer, "I", constant<0>},
    {"kern.procargs2", {kern_, 49}, 2, T::node, "", nullptr, sysctl_arguments},
    {"kern.usrstack64", {kern_, 59}, 2, T::quad, "Q", wide<0x7fff5fc00000>},
    {"kern.osversion", {kern_, 65}, 2, T::text, "A", [](V& v) { v.text(era_shown().osversion); }},
    {"kern.safeboot", {kern_, 66}, 2, T::integer, "I", constant<0>},
    {"kern.bootsessionuuid", {kern_, 101}, 2, T::text, "A", boot_session},
    {"kern.singleuser", {kern_, 102}, 2, T::integer, "I", constant<0>},
    {"kern.osproductversion", {kern_, 103}, 2, T::text, "A", [](V& v) { v.text(era_shown().product); }, nullptr, 4570020},
    {"vm.loadavg", {vm_, 2}, 2, T::structure, "S,loadavg", load_average},
    {"vm.swapusage", {vm_, 5}, 2, T::structure, "S,xsw_usage", swap_usage},
    {"hw.machine", {hw_, 1}, 2, T::text, "A", [](V& v) { v.text("x86_64"); }},
    {"hw.model", {hw_, 2}, 2, T::text, "A", [](V& v) { v.text("MacPro5,1"); }},
    {"hw.ncpu", {hw_, 3}, 2, T::integer, "I", cpus},
    {"hw.byteorder", {hw_, 4}, 2, T::integer, "I", constant<1234>},
    {"hw.physmem", {hw_, 5}, 2, T::integer, "IU", physical_memory},
    {"hw.usermem", {hw_, 6}, 2, T::integer, "I", user_memory},
    {"hw.pagesize_compat", {hw_, 7}, 2, T::integer, "I", constant<4096>},
    {"hw.vectorunit", {hw_, 13}, 2, T::integer, "I", constant<1>},
    {"hw.tbfrequency_compat", {hw_, 23}, 2, T::integer, "I", constant<1000000000>},
    {"hw.memsize", {hw_, 24}, 2, T::quad, "Q", [](V& v) { v.quad(memory_size()); }},
    {"hw.activecpu", {hw_, 25}, 2, T::integer, "I", cpus},
    {"hw.logicalcpu", {hw_, 102}, 2, T::integer, "I", cpus},
    {"hw.logicalcpu_max", {hw_, 103}, 2, T::integer, "I", cpus},
    {"hw.pagesize", {hw_, 110}, 2, T::quad, "Q", wide<4096>},
    {"hw.pagesize32", {hw_, 111}, 2, T::quad, "Q", wide<4096>},
    {"hw.tbfrequency", {hw_, 121}, 2, T::quad, "Q", wide<1000000000>},
};

}  // namespace

const SysctlRows sysctl_machine_rows{rows, sizeof rows / sizeof rows[0]};

}  // namespace trapeze
