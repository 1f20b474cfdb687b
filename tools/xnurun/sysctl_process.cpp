// SPDX-License-Identifier: BSD-3-Clause
// kern.proc.*: struct kinfo_proc of the host's processes, which are the guest's; kern.procargs2 of this one: sysctl_prochandle,
// sysctl_procargsx and fill_user64_proc of xnu-3248.60.10 bsd/kern/kern_sysctl.c.
//
// The signals that another process ignores or catches stay 0: its host's masks are not its guest's.
#include "sys/darwin/errno.h"
#include "sys/mem.h"
#include "tools/xnurun/host_process.h"
#include "tools/xnurun/load.h"
#include "tools/xnurun/process.h"
#include "tools/xnurun/sysctl.h"

namespace trapeze {
namespace {

u64 argument_strings, argument_count;  // set once, before the guest begins

struct KernelInfo {  // struct kinfo_proc: extern_proc, then eproc
    i64 start_sec;
    i32 start_usec, pad0;
    u64 vmspace, sigacts;
    i32 flag;
    i8 stat;
    i32 pid, oppid, dupfd;
    u64 user_stack, exit_thread;
    i32 debugger, sigwait;
    u32 estcpu;
    i32 cpticks;
    u32 pctcpu;
    u64 wchan, wmesg;
    u32 swtime, slptime;
    u64 realtimer[4], rtime[2], uticks, sticks, iticks;
    i32 traceflag;
    u64 tracep;
    i32 siglist;
    u64 textvp;
    i32 holdcnt;
    u32 sigmask, sigignore, sigcatch;
    u8 priority, usrpri;
    i8 nice;
    char comm[17];
    u64 process_group, addr;
    u16 xstat, acflag;
    u64 ru;

    u64 paddr, sess;
    u8 pc_lock[72];
    u64 pc_ucred;
    u32 ruid, svuid, rgid, svgid;
    i32 refcnt, pad1;
    i32 cr_ref;
    u32 uid;
    i16 group_count;
    u32 groups[16];
    u64 vm[8];
    i32 ppid, pgid;
    i16 jobc;
    u32 tdev;
    i32 tpgid;
    u64 tsess;
    char wait_message[8];
    i32 xsize;
    i16 xrssize, xccount, xswrss;
    i32 eflag;
    char login[12];
    i32 spare[4];
};
static_assert(sizeof(KernelInfo) == 648 && __builtin_offsetof(KernelInfo, paddr) == 296 && __builtin_offsetof(KernelInfo, pid) == 40 &&
              __builtin_offsetof(KernelInfo, comm) == 243 && __builtin_offsetof(KernelInfo, ppid) == 560);

enum : i32 { all = 0, by_pid = 1, by_group = 2, by_terminal = 4, by_uid = 5, by_ruid = 6 };  // KERN_PROC_*
enum : i32 { has_terminal = 2, lp64 = 4, exec_called = 0x4000 };                             // P_CONTROLT, P_LP64, P_EXEC
enum : i8 { running = 2, stopped = 4, zombie = 5 };                                          // SRUN, SSTOP, SZOMB
enum : i32 { terminal_active = 1, session_leader = 2 };                                      // EPROC_*

void fill(KernelInfo& k, const HostProcess& p) {
    k = {};
    k.start_sec = p.start_us / 1000000;
    k.start_usec = static_cast<i32>(p.start_us % 1000000);
    k.flag = lp64 | exec_called | (p.terminal != ~0u ? has_terminal : 0);
    k.stat = p.zombie() ? zombie : p.stopped() ? stopped : running;
    k.pid = p.pid;
    k.user_stack = guest_stack_top;
    k.priority = 31;  // BASEPRI_DEFAULT
    k.nice = static_cast<i8>(p.nice);
    memcpy(k.comm, p.name, 16);
    k.ruid = p.uid[0], k.svuid = p.uid[2], k.rgid = p.gid[0], k.svgid = p.gid[2];
    k.cr_ref = 1;
    k.uid = p.uid[1];
    k.group_count = static_cast<i16>(p.group_count);
    memcpy(k.groups, p.groups, sizeof k.groups);
    k.ppid = p.ppid, k.pgid = p.group;
    k.tdev = p.terminal;
    k.tpgid = p.terminal != ~0u ? p.terminal_group : 0;
    k.eflag = (p.terminal != ~0u ? terminal_active : 0) | (p.session == p.pid ? session_leader : 0);
}

bool chosen(const HostProcess& p, i32 which, i32 wanted) {
    switch (which) {
    case by_pid: return p.pid == wanted;
    case by_group: return p.group == wanted;
    case by_terminal: return p.terminal != ~0u && p.terminal == static_cast<u32>(wanted);
    case by_uid: return p.uid[1] == static_cast<u32>(wanted);
    case by_ruid: return p.uid[0] == static_cast<u32>(wanted);
    default: return true;
    }
}

}  // namespace

// Without a buffer the size has room for five more; a short one gets as many as fit, and ENOMEM.
i32 sysctl_processes(SysctlRequest& q, const i32* rest, u32 count, i32 which) {
    if (count != 1 && !(count == 0 && which == all)) return xnu::EINVAL;
    if (which > by_ruid) return xnu::ENOTSUP;
    const i32 wanted = count ? rest[0] : 0;
    u64 needed = 0, given = 0;
    bool bad = false;
    HostProcess p;
    KernelInfo k;
    auto take = [&](i32 pid) {
        if (!host_process(pid, p) || !chosen(p, which, wanted)) return;
        needed += sizeof k;
        if (!q.old || q.room - given < sizeof k || bad) return;
        fill(k, p);
        if (!copyout(k, q.old + given)) bad = true;
        given += sizeof k;
    };
    if (which == by_pid) {
        take(wanted);
    } else {
        HostProcesses list;
        while (const i32 pid = list.next()) take(pid);
    }
    if (bad) return xnu::EFAULT;
    if (!q.old) {
        q.used = needed + 5 * sizeof k;
        return 0;
    }
    if (needed > given) return xnu::ENOMEM;
    q.used = given;
    return 0;
}

void sysctl_remember_arguments(u64 strings, u64 argc) {
    argument_strings = strings;
    argument_count = argc;
}

// argc, then the top of the stack, down to the executable's path: what the guest has made of it by now. Of others only what they would
// not let be seen, EINVAL: their stack is not in reach.
i32 sysctl_arguments(SysctlRequest& q, const i32* rest, u32 count, i32) {
    constexpr u64 word = 4, most = 262144, key = 16;  // ARG_MAX; executable_path=
    if (count < 1) return xnu::EINVAL;
    const i64 room = static_cast<i64>(static_cast<i32>(q.room)) - static_cast<i64>(word);
    if (q.old && (room <= 0 || room > static_cast<i64>(most))) return xnu::EINVAL;
    if (rest[0] != own_pid() || !argument_strings) return xnu::EINVAL;
    u64 from = argument_strings, size = guest_stack_top - from;
    if (!q.old) {
        q.used = (size + word + 3) & ~u64{3};
        return 0;
    }
    if (static_cast<u64>(room) < size) {  // the last bytes, then
        from += size - static_cast<u64>(room);
        size = static_cast<u64>(room);
    }
    char start[key] = {};
    if (size >= key && copyin(start, from, key) && memcmp(start, "executable_path=", key) == 0) from += key, size -= key;
    const i32 argc = static_cast<i32>(argument_count);
    if (!copyout(argc, q.old)) return xnu::EFAULT;
    for (u64 at = 0; at < size;) {
        u8 piece[1024];
        const u64 n = size - at < sizeof piece ? size - at : sizeof piece;
        if (!copyin(piece, from + at, n)) return xnu::EIO;
        if (!copyout(piece, q.old + word + at, n)) return xnu::EFAULT;
        at += n;
    }
    q.used = word + size;
    return 0;
}

}  // namespace trapeze
