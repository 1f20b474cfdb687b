// SPDX-License-Identifier: BSD-3-Clause
// Limits, usage, nice values.
#include "child.h"

#include "sys/calls.h"

using namespace trapeze;

static void limits() {
    bool all = true;
    for (Limit l : {Limit::cpu, Limit::file_size, Limit::data, Limit::stack, Limit::core, Limit::address_space, Limit::locked, Limit::processes, Limit::files}) {
        Limits now{1, 0};
        all = all && getlimit(l, &now).ok() && now.soft <= now.hard;
    }
    ok(all, "every limit is told, soft at most hard");
    Limits now{};
    fails(getlimit(static_cast<Limit>(99), &now), kernel::EINVAL, "no such limit: EINVAL");
    fails(setlimit(static_cast<Limit>(99), {1, 1}), kernel::EINVAL, "nor can it be set");
    fails(setlimit(Limit::core, {2, 1}), kernel::EINVAL, "soft above hard: EINVAL");
    fails(sys_getrlimit(static_cast<i32>(Limit::core), reinterpret_cast<kernel::rlimit*>(8)), kernel::EFAULT, "a bad place: EFAULT");
    held(in_child([] {
             Limits l{};
             if (setlimit(Limit::files, {16, 32}).failed() || getlimit(Limit::files, &l).failed()) return 1;
             if (l.soft != 16 || l.hard != 32) return 2;
             i32 fd = 0;
             for (Result r{0}; r.ok(); r = dup(1)) fd = static_cast<i32>(r.value()) > fd ? static_cast<i32>(r.value()) : fd;
             return fd == 15 && dup(1).err() == kernel::EMFILE ? 0 : 3;
         }),
         "what is set holds: descriptor 15 is the last of 16, then EMFILE");
    held(in_child([] {
             if (setlimit(Limit::core, {0, 0}).failed()) return 1;
             if (geteuid() == 0 && (sys_setgid(65534).failed() || sys_setuid(65534).failed())) return 0;
             return setlimit(Limit::core, {0, 1}).err() == kernel::EPERM ? 0 : 2;
         }),
         "the hard limit cannot be raised again: EPERM");
    held(in_child([] {
             (void)signal_ignore(kernel::SIGXFSZ);
             char name[40] = "/tmp/trapeze-limit-";
             usize n = 19;
             for (u32 p = static_cast<u32>(getpid()); p; p /= 10) name[n++] = static_cast<char>('0' + p % 10);
             if (setlimit(Limit::file_size, {100, 100}).failed()) return 1;
             Result fd = open(name, O_CREAT | O_RDWR, 0600);
             (void)unlink(name);
             if (fd.failed()) return 2;
             static const char bytes[200] = {};
             if (write(static_cast<i32>(fd.value()), bytes, 200).value() != 100) return 3;
             return write(static_cast<i32>(fd.value()), bytes, 1).err() == kernel::EFBIG ? 0 : 4;
         }),
         "a file grows to its limit, then EFBIG");
    WaitStatus s = in_child([] {
        (void)setlimit(Limit::core, {0, 0});
        if (setlimit(Limit::cpu, {1, 2}).failed()) return 1;
        for (;;) asm volatile("");
    });
    ok(s.signalled() && s.signal() == kernel::SIGXCPU, "a second of CPU is all, then SIGXCPU");
}

static void usage() {
    Usage before{}, after{};
    ok(getusage(RUSAGE_SELF, &before), "usage of this process");
    for (i32 i = 0; i < 20000; i++) (void)getppid();
    Result page = pages_map(64 * page_size);
    for (usize i = 0; i < 64; i++) reinterpret_cast<volatile u8*>(page.value())[i * page_size] = 1;
    ok(getusage(RUSAGE_SELF, &after).ok() && after.user_ns + after.system_ns >= before.user_ns + before.system_ns && after.user_ns >= 0, "CPU time does not shrink");
    ok(after.minor_faults + after.major_faults >= before.minor_faults + before.major_faults + 64 || after.minor_faults == 0, "64 fresh pages are faults, where they are counted");
    ok(after.max_resident >= static_cast<i64>(64 * page_size), "the resident size is in bytes");
    Usage children{};
    ok(getusage(RUSAGE_CHILDREN, &children).ok() && children.user_ns + children.system_ns > 0, "and that of the children that were waited for");
    fails(getusage(77, &after), kernel::EINVAL, "of nobody: EINVAL");
    fails(sys_getrusage(RUSAGE_SELF, reinterpret_cast<kernel::rusage*>(8)), kernel::EFAULT, "a bad place: EFAULT");
}

static void nice() {
    i32 mine = 99;
    ok(getpriority(PRIO_PROCESS, 0, &mine).ok() && mine >= -20 && mine <= 20, "the nice value");
    held(in_child([=] {
             i32 n = 99;
             for (i32 v = mine < 0 ? 0 : mine; v <= 19; v++)
                 if (setpriority(PRIO_PROCESS, 0, v).failed() || getpriority(PRIO_PROCESS, 0, &n).failed() || n != v) return 1;
             if (setpriority(PRIO_PROCESS, 0, 1000).failed() || getpriority(PRIO_PROCESS, 0, &n).failed() || n < 19 || n > 20) return 2;
             if (geteuid() == 0) {  // what an errno would be mistaken for: -1 EPERM, -3 ESRCH
                 for (i32 v : {-1, -3, -20})
                     if (setpriority(PRIO_PROCESS, 0, v).ok() && (getpriority(PRIO_PROCESS, 0, &n).failed() || n != v)) return 3;
                 (void)setpriority(PRIO_PROCESS, 0, 19);
                 if (sys_setgid(65534).failed() || sys_setuid(65534).failed()) return 0;
             }
             (void)setlimit(Limit::core, {0, 0});
             const i32 e = setpriority(PRIO_PROCESS, 0, -5).err();
             return e == kernel::EACCES || e == kernel::EPERM ? 0 : 4;
         }),
         "is set to each of 0 to 19, to the end of the range beyond it, and not below 0 without privilege: EACCES");
    fails(getpriority(PRIO_PROCESS, 0x3fffffff, &mine), kernel::ESRCH, "nobody's: ESRCH");
    fails(setpriority(PRIO_PROCESS, 0x3fffffff, 1), kernel::ESRCH, "nor can it be set");
    fails(getpriority(77, 0, &mine), kernel::EINVAL, "of no kind: EINVAL");
    fails(setpriority(77, 0, 1), kernel::EINVAL, "nor set");
    ok(getpriority(PRIO_PGRP, 0, &mine), "of the group");
    ok(getpriority(PRIO_USER, static_cast<u32>(getuid()), &mine), "of the user");
}

int main() {
    print("TAP version 13\n");
    limits();
    usage();
    nice();
    return done();
}
