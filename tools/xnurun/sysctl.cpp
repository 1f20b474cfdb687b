// SPDX-License-Identifier: BSD-3-Clause
// sysctl and sysctlbyname: the names that programs of the era ask for, as a machine of the era (10.11 by default) answers. An unknown name is
// ENOENT; a value is never set (EPERM).
#include "sys/darwin/errno.h"
#include "sys/mem.h"
#include "sys/os.h"
#include "tools/xnurun/era.h"
#include "tools/xnurun/handlers.h"
#include "tools/xnurun/interfaces.h"

namespace trapeze {
namespace {

struct Value {
    bool known;
    u64 size;
    char bytes[256];
};

Value number32(i32 n) {
    Value v{true, 4, {}};
    memcpy(v.bytes, &n, 4);
    return v;
}
Value number64(u64 n) {
    Value v{true, 8, {}};
    memcpy(v.bytes, &n, 8);
    return v;
}
Value text(const char* s) {
    Value v{true, str_len(s) + 1, {}};
    memcpy(v.bytes, s, v.size);
    return v;
}

u64 memory_size() {
    struct {
        i64 uptime;
        u64 loads[3], totalram, freeram, sharedram, bufferram, totalswap, freeswap;
        u16 procs, pad[3];
        u64 totalhigh, freehigh;
        u32 unit;
        u8 more[64];
    } info{};
    host(lnx::SYS_sysinfo, &info);
    return info.totalram * (info.unit ? info.unit : 1);
}

Value host_name() {
    char uts[6][65] = {};
    host(lnx::SYS_uname, uts);
    return text(uts[1]);
}

Value boot_time() {
    lnx::timespec real, up;
    host(lnx::SYS_clock_gettime, lnx::CLOCK_REALTIME, &real);
    host(lnx::SYS_clock_gettime, lnx::CLOCK_MONOTONIC, &up);
    Value v{true, 16, {}};
    const i64 seconds[2] = {real.tv_sec - up.tv_sec, 0};
    memcpy(v.bytes, seconds, 16);
    return v;
}

Value kernel_version() {
    Value v{true, 0, {}};
    v.size = era_kernel_version(v.bytes, sizeof v.bytes) + 1;
    return v;
}

struct Row {
    const char* name;
    i32 mib[2];
    Value (*value)();
};
constexpr i32 kern_ = 1, hw_ = 6;

const Row rows[] = {
    {"kern.ostype", {kern_, 1}, [] { return text("Darwin"); }},
    {"kern.osrelease", {kern_, 2}, [] { return text(era_shown().osrelease); }},
    {"kern.osrevision", {kern_, 3}, [] { return number32(199506); }},
    {"kern.version", {kern_, 4}, kernel_version},
    {"kern.maxproc", {kern_, 6}, [] { return number32(1064); }},
    {"kern.maxfiles", {kern_, 7}, [] { return number32(12288); }},
    {"kern.argmax", {kern_, 8}, [] { return number32(262144); }},
    {"kern.hostname", {kern_, 10}, host_name},
    {"kern.ngroups", {kern_, 18}, [] { return number32(16); }},
    {"kern.boottime", {kern_, 21}, boot_time},
    {"kern.maxfilesperproc", {kern_, 29}, [] { return number32(10240); }},
    {"kern.usrstack64", {kern_, 59}, [] { return number64(0x7fff5fc00000); }},
    {"kern.osversion", {kern_, 65}, [] { return text(era_shown().osversion); }},
    {"hw.machine", {hw_, 1}, [] { return text("x86_64"); }},
    {"hw.model", {hw_, 2}, [] { return text("MacPro5,1"); }},
    {"hw.ncpu", {hw_, 3}, [] { return number32(cpu_count()); }},
    {"hw.byteorder", {hw_, 4}, [] { return number32(1234); }},
    {"hw.pagesize", {hw_, 7}, [] { return number32(4096); }},
    {"hw.memsize", {hw_, 24}, [] { return number64(memory_size()); }},
    {"hw.availcpu", {hw_, 25}, [] { return number32(cpu_count()); }},
    {"hw.activecpu", {0, 0}, [] { return number32(cpu_count()); }},
    {"hw.logicalcpu", {0, 0}, [] { return number32(cpu_count()); }},
    {"hw.physicalcpu", {0, 0}, [] { return number32(cpu_count()); }},
    {"hw.cachelinesize", {0, 0}, [] { return number64(64); }},
};

// The old buffer's rules: no buffer gives the size; a short one is filled as far as it goes, ENOMEM.
Answer give(const Value& v, u64 old, u64 old_length, u64 fresh) {
    if (fresh) return fail(xnu::EPERM);
    u64 room = 0;
    if (old_length && !copyin(room, old_length)) return fail(xnu::EFAULT);
    const u64 n = old ? (room < v.size ? room : v.size) : v.size;
    if (old && !copyout(v.bytes, old, n)) return fail(xnu::EFAULT);
    if (old_length && !copyout(n, old_length)) return fail(xnu::EFAULT);
    return old && room < v.size ? fail(xnu::ENOMEM) : ok();
}

}  // namespace

Answer bsd_sysctl(Trap& trap) {
    i32 name[12];
    const u32 n = trap.u(1);
    if (n < 2 || n > 12) return fail(xnu::EINVAL);
    if (!copyin(name, trap.w(0), n * 4)) return fail(xnu::EFAULT);
    if (name[0] == 4 && name[1] == 17) return route_sysctl(name + 2, n - 2, trap.w(2), trap.w(3), trap.w(4));  // CTL_NET, PF_ROUTE
    if (n == 2 && name[0] == 0 && name[1] == 3) {  // name to mib: the name is the new value
        char wanted[128] = {};
        if (trap.w(5) >= sizeof wanted) return fail(xnu::ENAMETOOLONG);
        if (!copyin(wanted, trap.w(4), trap.w(5))) return fail(xnu::EFAULT);
        for (const Row& row : rows) {
            if (!row.mib[0] || !str_eq(row.name, wanted)) continue;
            Value v{true, 8, {}};
            memcpy(v.bytes, row.mib, 8);
            return give(v, trap.w(2), trap.w(3), 0);
        }
        return fail(xnu::ENOENT);
    }
    if (n == 2)
        for (const Row& row : rows)
            if (row.mib[0] == name[0] && row.mib[1] == name[1])
                return give(row.value(), trap.w(2), trap.w(3), trap.w(4));
    return fail(xnu::ENOENT);
}

Answer bsd_sysctlbyname(Trap& trap) {
    char wanted[128] = {};
    if (trap.w(1) >= sizeof wanted) return fail(xnu::ENAMETOOLONG);
    if (!copyin(wanted, trap.w(0), trap.w(1))) return fail(xnu::EFAULT);
    for (const Row& row : rows)
        if (str_eq(row.name, wanted)) return give(row.value(), trap.w(2), trap.w(3), trap.w(4));
    return fail(xnu::ENOENT);
}

}  // namespace trapeze
