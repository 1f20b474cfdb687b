// SPDX-License-Identifier: BSD-3-Clause
// posix_spawn: bsd/kern/kern_exec.c, bsd/sys/spawn_internal.h of xnu-3248. A host child in this memory (CLONE_VM and CLONE_VFORK: the
// caller sleeps until it has executed) does what the descriptions say and executes; its errno is found in memory. A child that fails
// has no exit signal yet: neither SIGCHLD nor anybody's wait ever shows it, as in XNU.
//
// Not here: port actions, coalitions, personas, MAC extensions (EINVAL: their objects are not); policies and priorities are accepted
// and have no effect; START_SUSPENDED of a program of the host's (EINVAL: nobody would stop it in time).
#include "sys/darwin/errno.h"
#include "sys/darwin/process.h"
#include "sys/mem.h"
#include "tools/xnurun/credentials.h"
#include "tools/xnurun/descriptors.h"
#include "tools/xnurun/era.h"
#include "tools/xnurun/exec.h"
#include "tools/xnurun/handlers.h"
#include "tools/xnurun/kqueue.h"
#include "tools/xnurun/path.h"
#include "tools/xnurun/signal.h"

namespace trapeze {
namespace {

struct Description {  // _posix_spawn_args_desc
    u64 attributes_size, attributes, files_size, files, ports_size, ports, mac_size, mac, coalition_size, coalition, persona_size, persona;
};
static_assert(sizeof(Description) == 96);

struct Attributes {  // _posix_spawnattr up to its pointers
    i16 flags, pad;
    u32 sigdefault, sigmask;
    i32 pgroup;
    u32 rest[20];
};
static_assert(sizeof(Attributes) == 96);

struct FileAction {  // _psfa_action
    i32 type, fd, flags_or_target;
    u16 mode;
    char path[1024];
};
static_assert(sizeof(FileAction) == 1040 && offsetof(FileAction, path) == 14);
struct FileActions {
    i32 allocated, count;
    FileAction at[];
};

enum : i32 { resetids = 1, setpgroup = 2, setsigdef = 4, setsigmask = 8, setexec = 0x40, start_suspended = 0x80, cloexec_default = 0x4000 };
enum : i32 { action_open = 0, action_close = 1, action_dup2 = 2, action_inherit = 3 };

constexpr i32 fd_setfd = 2, fd_getfd = 1, fd_cloexec = 1, close_range_cloexec = 4;

struct Plan {
    ExecImage* image;
    FileActions* files;   // or null
    u64 files_size;
    bool has_attributes;
    Attributes attributes;
    u32 mask;
    i32 error;            // what the child came to; stays 0 if it executed
};

i32 errno_of(i64 r) { return host_failed(r) ? static_cast<i32>(from_host(r).rax) : 0; }

i32 open_at(const FileAction& a) {
    const Path path(reinterpret_cast<u64>(a.path));
    if (path.error) return path.error;
    const i64 fd = host(lnx::SYS_openat, lnx::AT_FDCWD, path.text(), open_flags_to_host(a.flags_or_target), a.mode & 0777);
    if (host_failed(fd) || fd == a.fd) return errno_of(fd);
    const i64 r = host(lnx::SYS_dup3, fd, a.fd, 0);
    host(lnx::SYS_close, fd);
    return errno_of(r);
}

i32 act(const FileAction& a) {
    switch (a.type) {
    case action_open: return open_at(a);
    case action_close: return errno_of(host(lnx::SYS_close, a.fd));
    case action_dup2: return errno_of(host(lnx::SYS_dup2, a.fd, a.flags_or_target));
    case action_inherit: {
        const i64 flags = host(lnx::SYS_fcntl, a.fd, fd_getfd, 0);
        return errno_of(host_failed(flags) || !(flags & fd_cloexec) ? flags : host(lnx::SYS_fcntl, a.fd, fd_setfd, 0));
    }
    default: return xnu::EINVAL;
    }
}

// Every descriptor that no action names is closed by the exec. In order of number, gap by gap.
void close_others(const FileActions* files) {
    u32 from = 0;
    for (;;) {
        u32 next = ~0u;
        for (i32 n = 0; files && n < files->count; n++) {
            const FileAction& a = files->at[n];
            if (a.type == action_close) continue;
            const u32 fd = static_cast<u32>(a.type == action_dup2 ? a.flags_or_target : a.fd);
            if (fd >= from && fd < next) next = fd;
        }
        if (next > from) host(lnx::SYS_close_range, from, next == ~0u ? next : next - 1, close_range_cloexec);
        if (next == ~0u) return;
        from = next + 1;
    }
}

// Up to the exec; in the child, or with SETEXEC in the caller itself.
i32 carry_out(Plan& plan, Thread& me) {
    const Attributes& a = plan.attributes;
    const i32 flags = plan.has_attributes ? a.flags : 0;
    for (i32 n = 0; plan.files && n < plan.files->count; n++)
        if (const i32 failed = act(plan.files->at[n])) return failed;
    if (flags & cloexec_default) close_others(plan.files);
    if (flags & setpgroup) {
        if (a.pgroup < 0) return xnu::EINVAL;
        if (const i32 failed = errno_of(host(lnx::SYS_setpgid, 0, a.pgroup))) return failed;
    }
    if (flags & resetids) {
        const i64 gid = host(lnx::SYS_getgid), uid = host(lnx::SYS_getuid);
        host(lnx::SYS_setresgid, -1, gid, gid);
        host(lnx::SYS_setresuid, -1, uid, uid);
    }
    for (i32 n = 1; flags & setsigdef && n < 32; n++) {  // defaults_for_exec sees to all that are not ignored
        const lnx::kernel_sigaction standard{};
        if (a.sigdefault & sigbit(n) & ~unmaskable) host(lnx::SYS_rt_sigaction, host_signal(n), &standard, 0, 8);
    }
    return exec_launch(*plan.image, flags & setsigmask ? a.sigmask : me.mask);
}

void child(void* argument) {
    Plan& plan = *static_cast<Plan*>(argument);
    identity_of_process(self());
    plan.error = carry_out(plan, self());
    for (;;) host(lnx::SYS_exit, 127);
}

i32 read_description(Plan& plan, u64 at) {
    Description d;
    if (!copyin(d, at)) return xnu::EFAULT;
    if (d.attributes_size) {
        if (!copyin(plan.attributes, d.attributes)) return xnu::EPERM;  // so it is: the comparison with 0 is what is kept
        plan.has_attributes = true;
    }
    if (d.files_size) {
        xnu::rlimit limit{};
        host(lnx::SYS_prlimit64, 0, 7, 0, &limit);
        const u64 most = limit.rlim_cur < 10240 ? limit.rlim_cur : 10240;
        if (d.files_size < sizeof(FileActions) + sizeof(FileAction) || d.files_size > sizeof(FileActions) + most * sizeof(FileAction))
            return xnu::EINVAL;
        const i64 r = host(lnx::SYS_mmap, 0, d.files_size, lnx::PROT_READ | lnx::PROT_WRITE, lnx::MAP_PRIVATE | lnx::MAP_ANON, -1, 0);
        if (host_failed(r)) return xnu::ENOMEM;
        plan.files = reinterpret_cast<FileActions*>(r);
        plan.files_size = d.files_size;
        if (!copyin(plan.files, d.files, d.files_size)) return xnu::EFAULT;
        if (plan.files->count < 0 || sizeof(FileActions) + static_cast<u64>(plan.files->count) * sizeof(FileAction) != d.files_size)
            return xnu::EINVAL;
        for (i32 n = 0; n < plan.files->count; n++) plan.files->at[n].path[sizeof plan.files->at[n].path - 1] = 0;
    }
    return d.ports_size || d.coalition_size || d.persona_size || d.mac_size ? xnu::EINVAL : 0;
}

i32 start(Trap& trap, Plan& plan, i64& pid) {
    Thread& me = trap.thread;
    const i32 flags = plan.has_attributes ? plan.attributes.flags : 0;
    if (i32 failed = exec_prepare(*plan.image, trap.w(1), trap.w(3), trap.w(4), flags & start_suspended, !(flags & setexec) || era >= era_10_12)) return failed;
    if (flags & start_suspended && plan.image->native) return xnu::EINVAL;
    exec_trace_flush(me);
    u64 mask;
    if (flags & setexec) {
        i32 failed = -1;
        if (!exec_keep_signals(me, mask)) {
            exec_hand_back(me);
            const bool assumed = me.assumed;
            const Identity before = assumed ? identity_here() : Identity{};
            identity_of_process(me);
            me.image = plan.image;
            failed = carry_out(plan, me);
            me.image = nullptr;
            if (assumed) identity_again(before);
        }
        host(lnx::SYS_rt_sigprocmask, lnx::SIG_SETMASK, &mask, 0, 8);
        return failed;
    }
    const u64 all = ~0ull, stack_size = 64 << 10;
    const i64 stack = host(lnx::SYS_mmap, 0, stack_size, lnx::PROT_READ | lnx::PROT_WRITE, lnx::MAP_PRIVATE | lnx::MAP_ANON, -1, 0);
    if (host_failed(stack)) return xnu::ENOMEM;
    host(lnx::SYS_rt_sigprocmask, lnx::SIG_SETMASK, &all, &mask, 8);
    constexpr u64 share_memory_and_wait = 0x100 | 0x4000;  // CLONE_VM, CLONE_VFORK
    i32 unused = 0;
    pid = host_clone(share_memory_and_wait, static_cast<u64>(stack) + stack_size, child, &plan, nullptr, &unused);
    host(lnx::SYS_munmap, stack, stack_size);
    if (!host_failed(pid) && plan.error) {
        constexpr i32 any_child = 0x40000000;  // __WALL
        host(lnx::SYS_wait4, pid, 0, any_child, 0);
    }
    host(lnx::SYS_rt_sigprocmask, lnx::SIG_SETMASK, &mask, 0, 8);
    return host_failed(pid) ? errno_of(pid) : plan.error;
}

}  // namespace

i32 exec_path(char* to, u64 from) {
    const Path path(from);
    if (!path.error) memcpy(to, path.text(), str_len(path.text()) + 1);
    return path.error;
}

// pid, path, description, argv, envp.
Answer bsd_posix_spawn(Trap& trap) {
    Plan plan{};
    i64 pid = 0;
    i32 failed = trap.w(2) ? read_description(plan, trap.w(2)) : 0;
    if (!failed && !(plan.image = exec_image_new())) failed = xnu::ENOMEM;
    if (!failed) failed = start(trap, plan, pid);
    if (plan.image) exec_image_free(plan.image);
    if (plan.files) host(lnx::SYS_munmap, plan.files, plan.files_size);
    if (failed < 0) return begin_again();
    if (pid > 0 && !failed) {
        Locked hold(kqueue_lock);
        kqueue_forked();
    }
    if (pid > 0 && trap.w(0)) (void)copyout(static_cast<i32>(pid), trap.w(0));
    return failed ? fail(failed) : ok();
}

}  // namespace trapeze
