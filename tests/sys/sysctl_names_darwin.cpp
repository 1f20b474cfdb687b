// SPDX-License-Identifier: BSD-3-Clause
// sysctl's names and numbers are one thing: each name's numbers name it again, and by both ways comes the same value. Numbers that
// bsd/sys/sysctl.h fixes are written here; those that a kernel gives out at its start (OID_AUTO) are what sysctl.name2oid says.
#include "sys/calls.h"
#include "sys/darwin/errno.h"
#include "sys/mem.h"
#include "tests/tap.h"

using namespace trapeze;

namespace {

constexpr u32 longest = 12;
alignas(8) u8 by_name[70000], by_number[70000];

Result named(const char* name, void* to, usize* size) { return sys_sysctlbyname(name, str_len(name), to, size, nullptr, 0); }

// {0, 3}: the numbers of a name; how many, or 0.
u32 numbers(const char* name, i32 (&mib)[longest]) {
    const i32 ask[2] = {0, 3};
    usize size = sizeof mib;
    return sys_sysctl(ask, 2, mib, &size, const_cast<char*>(name), str_len(name)).ok() ? static_cast<u32>(size / 4) : 0;
}
// {0, 1, ...}: the name of numbers.
bool is_named(const i32* mib, u32 n, const char* name) {
    i32 ask[longest + 2] = {0, 1};
    memcpy(ask + 2, mib, n * 4);
    char got[128] = {};
    usize size = sizeof got;
    return sys_sysctl(ask, n + 2, got, &size, nullptr, 0).ok() && str_eq(got, name);
}
// {0, 2, ...}: what is behind those: a name that comes later.
bool followed(const i32* mib, u32 n) {
    i32 ask[longest + 2] = {0, 2}, next[longest];
    memcpy(ask + 2, mib, n * 4);
    usize size = sizeof next;
    if (sys_sysctl(ask, n + 2, next, &size, nullptr, 0).failed()) return true;  // the last one
    for (u32 i = 0; i < n && i < size / 4; i++)
        if (next[i] != mib[i]) return next[i] > mib[i];
    return size / 4 > n;
}

struct Fixed {
    const char* name;
    i32 first, second;
};
constexpr Fixed fixed[] = {
    {"kern.ostype", 1, 1}, {"kern.osrelease", 1, 2}, {"kern.osrevision", 1, 3}, {"kern.version", 1, 4}, {"kern.maxvnodes", 1, 5}, {"kern.maxproc", 1, 6},
    {"kern.maxfiles", 1, 7}, {"kern.argmax", 1, 8}, {"kern.hostname", 1, 10}, {"kern.hostid", 1, 11}, {"kern.clockrate", 1, 12}, {"kern.posix1version", 1, 17},
    {"kern.ngroups", 1, 18}, {"kern.job_control", 1, 19}, {"kern.saved_ids", 1, 20}, {"kern.boottime", 1, 21}, {"kern.maxfilesperproc", 1, 29},
    {"kern.maxprocperuid", 1, 30}, {"kern.usrstack64", 1, 59}, {"kern.osversion", 1, 65}, {"kern.safeboot", 1, 66},
    {"hw.machine", 6, 1}, {"hw.model", 6, 2}, {"hw.ncpu", 6, 3}, {"hw.byteorder", 6, 4}, {"hw.memsize", 6, 24},
    {"vm.loadavg", 2, 2}, {"vm.swapusage", 2, 5},
};

// Every name below a node, as {0, 2} walks them.
void walk() {
    i32 ask[longest + 2] = {0, 2, 1};
    u32 n = 1, seen = 0, wrong = 0;
    for (;;) {
        i32 next[longest];
        usize size = sizeof next;
        if (sys_sysctl(ask, n + 2, next, &size, nullptr, 0).failed()) break;
        n = static_cast<u32>(size / 4);
        memcpy(ask + 2, next, n * 4);
        seen++;
        char name[128] = {};
        i32 again[longest] = {};
        i32 ask_name[longest + 2] = {0, 1};
        memcpy(ask_name + 2, next, n * 4);
        usize length = sizeof name;
        bool right = sys_sysctl(ask_name, n + 2, name, &length, nullptr, 0).ok() && numbers(name, again) == n && memcmp(again, next, n * 4) == 0 &&
                     is_named(next, n, name) && followed(next, n);
        usize one = sizeof by_name, two = sizeof by_number;
        const Result r = named(name, by_name, &one), s = sys_sysctl(next, n, by_number, &two, nullptr, 0);
        const bool list = memcmp(name, "kern.proc.", 10) == 0;  // processes come and go
        right = right && r.raw == s.raw && (r.failed() || list || one == two);
        if (!right) wrong++, print("# ", name, ": ", r.raw, ", ", s.raw, ", ", one, ", ", two, "\n");
        if (seen > 5000) break;
    }
    ok(seen > 100 && seen < 5000 && wrong == 0, "every name has its numbers, those have their name, and both have one value");
    print("# ", seen, " names\n");
}

// What a number says, or -1.
i64 number(const char* name) {
    i64 v = 0;
    usize size = sizeof v;
    return named(name, &v, &size).ok() ? v : -1;
}

}  // namespace

int main() {
    print("TAP version 13\n");
    for (const Fixed& f : fixed) {
        i32 mib[longest] = {};
        const u32 n = numbers(f.name, mib);
        ok(n == 2 && mib[0] == f.first && mib[1] == f.second && is_named(mib, 2, f.name), f.name);
    }
    walk();
    ok(number("kern.argmax") == 262144 && number("kern.job_control") == 1 && number("kern.saved_ids") == 1 && number("kern.ngroups") == 16, "constants of the kernel");
    ok(number("hw.byteorder") == 1234 && number("hw.pagesize") == 4096 && number("hw.cpu64bit_capable") == 1, "and of the machine");
    ok(number("hw.optional.x86_64") == 1 && number("hw.optional.sse2") == 1 && number("hw.optional.mmx") == 1 && number("hw.optional.floatingpoint") == 1,
       "what every such processor has");
    i32 mib[longest];
    ok(numbers("kern.nothing", mib) == 0 && numbers("", mib) == 0, "a name that is none has no numbers");
    return done();
}
