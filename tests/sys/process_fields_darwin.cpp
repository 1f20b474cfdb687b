// SPDX-License-Identifier: BSD-3-Clause
// What is told of processes, field by field (proc_info, KERN_PROC), and wait4's two pointers: bsd/kern/proc_info.c, kern_sysctl.c,
// kern_exit.c, kern_prot.c of xnu-3248.60.10.
#include "sys/darwin/identity.h"
#include "sys/darwin/process.h"
#include "sys/memory.h"
#include "tests/sys/fs_tools.h"
#include "tests/sys/fields.h"

namespace {

alignas(8) u8 at[65536];

Result info(i32 what, i32 pid, u32 flavor, u64 arg, void* to, i32 size) { return syscall(xnu::SYS_proc_info, what, pid, flavor, arg, to, size); }
u32 word(u32 offset) { return field<u32>(at, offset); }
u64 wide(u32 offset) { return field<u64>(at, offset); }
bool listed(i64 bytes, i32 pid) {
    for (u32 p = 0; p + 4 <= bytes; p += 4)
        if (word(p) == static_cast<u32>(pid)) return true;
    return false;
}
i64 now() {
    i64 t[2] = {};
    const Result2 r = syscall2(xnu::SYS_gettimeofday, t, nullptr, nullptr);
    return t[0] ? t[0] : r.value();
}

void about() {
    const i32 me = static_cast<i32>(getpid());
    const u32 uid = static_cast<u32>(geteuid()), gid = static_cast<u32>(getegid()), group = static_cast<u32>(sys_getpgrp().raw);
    ok(info(2, me, 3, 0, at, 136).raw == 136, "proc_bsdinfo");
    ok(word(20) == uid && word(24) == gid && word(28) == uid && word(32) == gid && word(36) == uid && word(40) == gid, "users and groups, each of three");
    const u32 terminal = word(108);
    ok(word(100) == group && word(112) == (terminal == ~0u ? 0 : word(112)), "its group; the terminal's, if it has one");
    ok(word(96) >= 3 && word(96) < 100, "how many descriptors");
    const u64 started = wide(120), mostly = static_cast<u64>(now());
    ok(started <= mostly && started + 600 > mostly && wide(128) < 1'000'000, "when it began");
    char name[17] = {};
    memcpy(name, at + 48, 16);
    ok(info(2, me, 13, 0, at, 64).raw == 64 && memcmp(at + 16, name, 16) == 0, "the short form's name is the same");
    ok(word(0) == static_cast<u32>(me) && word(4) == static_cast<u32>(getppid()) && word(8) == group && word(12) == 2, "numbers, and that it runs");
    ok(word(36) == uid && word(40) == gid && word(44) == uid && word(48) == gid && word(52) == uid && word(56) == gid, "and whose it is");
    ok(info(2, me, 4, 0, at, 96).raw == 96 && wide(8) > 4096 && wide(0) >= wide(8) && word(48) == 1 && word(84) == 1 && word(92) == 31,
       "proc_taskinfo: sizes, policy, threads, priority");
    const i32 child = start_child([]() -> i32 {
        (void)sys_setpgid(0, 0);
        (void)sys_setpriority(0, 0, 5);
        for (;;) (void)sys_sigsuspend(0);
    });
    (void)sys_setpgid(child, child);
    for (i32 i = 0; i < 10000; i++)
        if (info(2, child, 3, 0, at, 136).ok() && word(116) == 5) break;
    ok(word(116) == 5 && word(100) == static_cast<u32>(child), "a child's niceness and group");
    i64 n = info(1, 2, static_cast<u32>(child), 0, at, sizeof at).raw;
    ok(n == 4 && listed(n, child), "a list by group");
    n = info(1, 4, uid, 0, at, sizeof at).raw;
    ok(n >= 8 && listed(n, child) && listed(n, me), "by effective user");
    n = info(1, 5, uid, 0, at, sizeof at).raw;
    ok(n >= 8 && listed(n, child) && listed(n, me), "by real user");
    ok(info(1, 4, 54321, 0, at, sizeof at).raw == 0 && info(1, 5, 54321, 0, at, sizeof at).raw == 0, "of whom there is nothing");
    ok(info(1, 3, 0x7fffff, 0, at, sizeof at).raw == 0, "by a terminal that is none");
    ok(info(1, 1, 0, 0, at, 4).raw == 4, "as many as there is room for");
    fails(info(2, me, 9, 0, at, 2351), xnu::ENOMEM, "the directory needs 2,352 bytes: ENOMEM");
    fails(info(2, me, 1, 0, at, 7), xnu::ENOMEM, "a descriptor 8: ENOMEM");
    ok(info(2, me, 1, 0, at, 8).raw == 8, "which is one");
    ok(info(2, me, 1, 0, nullptr, 0).raw >= 8 * 23, "without a place: room for all and twenty more");
    fails(info(2, me, 24, 0, at, 136), xnu::EINVAL, "behind the last flavor: EINVAL");
    fails(info(2, me, 0, 0, at, 136), xnu::EINVAL, "before the first: EINVAL");
    fails(info(2, me, 6, 0, at, 136), xnu::ENOTSUP, "one that is not answered here: ENOTSUP");
    fails(info(3, me, 0, 0, at, 136), xnu::EINVAL, "PROC_INFO_CALL_PIDFDINFO of no flavor: EINVAL");
    fails(info(3, me, 10, 0, at, 136), xnu::EINVAL, "or one too high: EINVAL");
    ok(info(5, me, 2, 0, const_cast<char*>("a name"), 6), "a thread's name");
    fails(info(5, me, 2, 0, bad_pointer(), 6), xnu::EFAULT, "from nowhere: EFAULT");
    FileInfo here{};
    (void)stat(".", &here);
    ok(info(2, me, 9, 0, at, 2352).raw == 2352 && word(0) == static_cast<u32>(here.dev) && wide(8) == here.ino && word(16) == here.uid && word(20) == here.gid,
       "the directory's device, number and owner");
    u16 mode;
    memcpy(&mode, at + 4, 2);
    ok((mode & 07777) == (here.mode & 07777) && at[152 + 1176] == 0 && word(1176) == 0, "its mode; no directory is the root");
    (void)kill(child, xnu::SIGKILL);
    (void)wait(child, nullptr);
}

void by_sysctl() {
    const i32 me = static_cast<i32>(getpid());
    i32 name[4] = {1, 14, 1, me};
    usize size = sizeof at;
    ok(sys_sysctl(name, 4, at, &size, nullptr, 0).ok() && size == 648, "KERN_PROC_PID");
    const u64 started = wide(0), mostly = static_cast<u64>(now());
    ok(started <= mostly && started + 600 > mostly && word(8) < 1'000'000, "when it began");
    ok(word(420) == static_cast<u32>(geteuid()) && word(392) == static_cast<u32>(sys_getuid().raw) && word(560) == static_cast<u32>(getppid()) && word(564) == static_cast<u32>(sys_getpgrp().raw),
       "whose it is, its parent and group");
    name[2] = 2, name[3] = static_cast<i32>(sys_getpgrp().raw);
    size = sizeof at;
    ok(sys_sysctl(name, 4, at, &size, nullptr, 0).ok() && size >= 648 && size % 648 == 0, "KERN_PROC_PGRP");
    for (const i32 which : {5, 6}) {
        name[2] = which, name[3] = 54321;
        size = sizeof at;
        ok(sys_sysctl(name, 4, at, &size, nullptr, 0).ok() && size == 0, "KERN_PROC_UID, RUID of whom there is nothing");
    }
    name[2] = 4, name[3] = 0x7fffff;
    size = sizeof at;
    ok(sys_sysctl(name, 4, at, &size, nullptr, 0).ok() && size == 0, "KERN_PROC_TTY of no terminal");
    name[2] = 7;
    fails(sys_sysctl(name, 4, at, &size, nullptr, 0), xnu::ENOTSUP, "KERN_PROC_LCID: ENOTSUP");
    name[2] = 1, name[3] = me;
    size = 647;
    ok(sys_sysctl(name, 4, at, &size, nullptr, 0).ok() && size == 0, "a byte too few: nothing, of which sysctl does not tell before xnu-6153");
    fails(sys_sysctl(name, 3, at, &size, nullptr, 0), xnu::EINVAL, "no process: EINVAL");
    ok(in_child([] {
           if (sys_setsid().failed()) return 1;
           i32 own[4] = {1, 14, 1, static_cast<i32>(getpid())};
           usize n = sizeof at;
           return sys_sysctl(own, 4, at, &n, nullptr, 0).ok() && n == 648 && word(612) == 2 ? 0 : 2;
       }) == 0, "EPROC_SLEADER: it leads its session");
}

// Of who is not the superuser, which a test run by the superuser would not see: 0 of everybody.
void of_somebody() {
    if (!root()) return skip("for the superuser", "users and groups are told apart");
    const i32 r = in_child([] {
        constexpr u32 uid = 12345, gid = 23456;
        const u32 groups[2] = {gid, 34567};
        if (syscall(80, 2, groups).failed() || syscall(181, gid).failed() || syscall(23, uid).failed()) return 1;
        const i32 me = static_cast<i32>(getpid());
        i32 name[4] = {1, 14, 1, me};
        usize size = sizeof at;
        if (sys_sysctl(name, 4, at, &size, nullptr, 0).failed() || size != 648) return 2;
        if (word(392) != uid || word(396) != uid || word(400) != gid || word(404) != gid) return 3;  // real and saved
        if (word(420) != uid || (word(424) & 0xffff) != 2) return 4;
        if ((word(428) != gid || word(432) != 34567) && (word(432) != gid || word(428) != 34567)) return 5;
        if (info(2, me, 3, 0, at, 136).raw != 136) return 6;
        for (const u32 p : {20u, 28u, 36u})
            if (word(p) != uid || word(p + 4) != gid) return 7;
        if (info(2, me, 13, 0, at, 64).raw != 64) return 8;
        for (const u32 p : {36u, 44u, 52u})
            if (word(p) != uid || word(p + 4) != gid) return 9;
        if (info(2, 1, 3, 0, at, 136).err() != xnu::EPERM || info(2, 1, 13, 0, at, 64).raw != 64) return 10;
        const i64 mine = info(1, 4, uid, 0, at, sizeof at).raw;
        return mine == 4 && listed(mine, me) ? 0 : 11;
    });
    if (r) print("# ", r, "\n");
    ok(r == 0, "users and groups are told apart; of others no more than the short form");
}

// A status and the usage, each to nowhere and each where it can only be read; with WNOHANG and without.
void waited() {
    auto* const readonly = reinterpret_cast<void*>(syscall(xnu::SYS_mmap, 0, 4096, 1, 0x1002, -1, 0).raw);
    void* const bad[] = {bad_pointer(), readonly};
    alignas(8) static u8 usage[144];
    for (void* const b : bad)
        for (const i32 options : {0, xnu::WNOHANG}) {
            const i32 child = start_child([] { return 7; });
            (void)syscall(173, 1, child, at, 0x24);  // has ended, and stays
            i32 status = -1;
            const Result one = syscall(7, child, b, options, usage), two = syscall(7, child, &status, options, b);
            const bool both = one.err() == xnu::EFAULT && two.err() == xnu::EFAULT;
            if (!both) print("# ", one.raw, ", ", two.raw, "\n");
            ok(both && end_of_child(child) == 7, "wait4 tells of its child when it can tell both");
        }
    const i32 child = start_child([]() -> i32 {
        for (;;) (void)sys_sigsuspend(0);
    });
    ok(syscall(7, child, bad_pointer(), xnu::WNOHANG, bad_pointer()).raw == 0, "who has not ended needs no room");
    memset(usage, 0x77, sizeof usage);
    i32 status = -1;
    (void)kill(child, xnu::SIGSTOP);
    ok(syscall(7, child, &status, xnu::WUNTRACED, usage).raw == child && status == (xnu::SIGSTOP << 8 | 0x7f) && usage[0] == 0x77,
       "of one that is stopped there is no usage");
    (void)kill(child, xnu::SIGCONT);
    ok(syscall(7, child, &status, xnu::WCONTINUED, usage).raw == child && usage[0] == 0x77, "nor of one that goes on");
    (void)kill(child, xnu::SIGKILL);
    ok(syscall(7, child, &status, 0, usage).raw == child && status == xnu::SIGKILL && usage[7] != 0x77, "of one that has ended there is");
}

void limits() {
    xnu::rlimit stack{}, l{};
    ok(sys_getrlimit(3, &stack).ok() && stack.rlim_cur <= stack.rlim_max, "RLIMIT_STACK");
    ok(in_child([] {
           xnu::rlimit s{1 << 20, u64{1} << 40};
           if (Result r = sys_setrlimit(3, &s); r.failed()) return r.err() == xnu::EPERM && !root() ? 0 : 1;
           if (sys_getrlimit(3, &s).failed()) return 2;
           return s.rlim_cur == 1 << 20 && s.rlim_max == 64 << 20 ? 0 : 3;
       }) == 0, "a hard limit of the stack that is too high is the highest there is");
    ok(in_child([] {
           xnu::rlimit s{0x10000, 0x100000};
           if (sys_setrlimit(3, &s).failed()) return 1;
           s = {0x200000, 0x100000};
           return sys_setrlimit(3, &s).err() == xnu::EINVAL ? 0 : 2;
       }) == 0, "a soft limit above the hard one: EINVAL");
    fails(sys_getrlimit(9, &l), xnu::EINVAL, "behind the last: EINVAL");
    char login[256];
    ok(sys_getlogin(login, 255), "getlogin");
    if (root()) {
        ok(in_child([] {
               static char name[300], back[256];
               memset(name, 'n', sizeof name - 1);
               if (sys_setlogin(name).err() != xnu::EINVAL) return 1;
               if (sys_setlogin(bad_pointer()).err() != xnu::EFAULT) return 2;
               if (sys_setlogin("somebody").failed() || sys_getlogin(back, 4).failed()) return 3;
               if (memcmp(back, "some", 4) != 0 || back[4]) return 4;
               return sys_getlogin(back, 255).ok() && str_eq(back, "somebody") ? 0 : 5;
           }) == 0, "setlogin, and as much of it as is asked for");
    } else {
        fails(sys_setlogin("somebody"), xnu::EPERM, "setlogin is root's");
    }
    fails(syscall(26, 0, 0, 0, 0), xnu::EPERM, "ptrace PT_TRACE_ME: EPERM");
    fails(syscall(26, 12, 1, 0, 0), xnu::EINVAL, "PT_SIGEXC of one that is not traced: EINVAL");
    fails(syscall(26, 10, 1, 0, 0), xnu::EPERM, "of process 1: EPERM");
    fails(syscall(26, 10, 0x3ffffff, 0, 0), xnu::ESRCH, "of nobody: ESRCH");
    ok(syscall(26, 31, 0, 0, 0), "PT_DENY_ATTACH");
}

}  // namespace

int main() {
    print("TAP version 13\n");
    Workplace here;
    about(), by_sysctl(), of_somebody(), waited(), limits();
    return done();
}
