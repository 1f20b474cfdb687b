// SPDX-License-Identifier: BSD-3-Clause
// Users and groups, the login name: bsd/kern/kern_prot.c of xnu-3248; and ptrace, which refuses.
//
// XNU's first group is the effective one, and there are at most 16. The host changes the calling thread alone: right for a process
// of one thread. The login name belongs to the session; here each process that was not executed anew knows what was set.
#include "sys/darwin/errno.h"
#include "sys/mem.h"
#include "tools/xnurun/handlers.h"

namespace trapeze {
namespace {

constexpr u32 most_groups = 16, most_login = 255, none = ~0u;
HostLock login_lock;
char login[most_login + 1];

struct Ids {
    u32 real, effective, saved;
    bool operator==(const Ids&) const = default;
};
bool changed;  // P_SUGID, which an execution takes away; atomic

// What `set` answers, noting whether any of the three is another after it.
template <class F>
Answer noted(u64 get, F set) {
    Ids before{}, after{};
    host(get, &before.real, &before.effective, &before.saved);
    const i64 r = set(before);
    host(get, &after.real, &after.effective, &after.saved);
    if (after != before) __atomic_store_n(&changed, true, __ATOMIC_RELAXED);
    return from_host(r);
}

// setreuid, setregid: each new one must be one of the three, or the caller the superuser; the saved one follows the effective one
// unless it is one of those that were named.
Answer set_both(u64 get, u64 set, u32 real, u32 effective) {
    return noted(get, [&](const Ids& now) {
        const u32 effective_then = effective == none ? now.effective : effective;
        const u32 saved = now.saved != real && now.saved != effective ? effective_then : none;
        return host(set, real, effective, saved);
    });
}

}  // namespace

Answer bsd_issetugid(Trap&) { return ok(__atomic_load_n(&changed, __ATOMIC_RELAXED)); }
Answer bsd_setuid(Trap& trap) {
    return noted(lnx::SYS_getresuid, [&](const Ids&) { return host(lnx::SYS_setuid, trap.u(0)); });
}
Answer bsd_setgid(Trap& trap) {
    return noted(lnx::SYS_getresgid, [&](const Ids&) { return host(lnx::SYS_setgid, trap.u(0)); });
}
Answer bsd_setreuid(Trap& trap) { return set_both(lnx::SYS_getresuid, lnx::SYS_setresuid, trap.u(0), trap.u(1)); }
Answer bsd_setregid(Trap& trap) { return set_both(lnx::SYS_getresgid, lnx::SYS_setresgid, trap.u(0), trap.u(1)); }
// -1 is an identifier like any other, which only the superuser could want; the host takes it for "leave it".
Answer bsd_seteuid(Trap& trap) {
    if (trap.u(0) == none) return fail(xnu::EPERM);
    return noted(lnx::SYS_getresuid, [&](const Ids&) { return host(lnx::SYS_setresuid, -1, trap.u(0), -1); });
}
Answer bsd_setegid(Trap& trap) {
    if (trap.u(0) == none) return fail(xnu::EPERM);
    return noted(lnx::SYS_getresgid, [&](const Ids&) { return host(lnx::SYS_setresgid, -1, trap.u(0), -1); });
}

Answer bsd_getgroups(Trap& trap) {
    u32 groups[1 + 65536 / 64];
    groups[0] = static_cast<u32>(host(lnx::SYS_getegid));
    i64 n = host(lnx::SYS_getgroups, 1024, groups + 1);
    if (n < 0) n = 0;
    u32 count = 1;
    for (i64 i = 1; i <= n && count < most_groups; i++)
        if (groups[i] != groups[0]) groups[count++] = groups[i];
    if (!trap.i(0)) return ok(count);
    if (trap.i(0) < static_cast<i32>(count)) return fail(xnu::EINVAL);
    return copyout(groups, trap.w(1), 4ull * count) ? ok(count) : fail(xnu::EFAULT);
}

// The first becomes the effective group; none at all is group 0.
Answer bsd_setgroups(Trap& trap) {
    u32 n = trap.u(0), groups[most_groups] = {};
    if (n > most_groups) return fail(xnu::EINVAL);
    if (n && !copyin(groups, trap.w(1), 4ull * n)) return fail(xnu::EFAULT);
    if (host(lnx::SYS_geteuid) != 0) return fail(xnu::EPERM);
    if (!n) n = 1;
    const i64 r = host(lnx::SYS_setgroups, n, groups);
    return from_host(host_failed(r) ? r : host(lnx::SYS_setresgid, -1, groups[0], -1));
}

Answer bsd_getlogin(Trap& trap) {
    const u32 n = trap.u(1) < most_login ? trap.u(1) : most_login;
    Locked hold(login_lock);
    return copyout(login, trap.w(0), n) ? ok() : fail(xnu::EFAULT);
}

Answer bsd_setlogin(Trap& trap) {
    if (host(lnx::SYS_geteuid) != 0) return fail(xnu::EPERM);
    char name[most_login + 1] = {};
    if (const i32 failed = copyin_string(name, trap.w(0), most_login - 1))
        return fail(failed == xnu::ENAMETOOLONG ? xnu::EINVAL : failed);
    Locked hold(login_lock);
    memcpy(login, name, sizeof login);
    return ok();
}

// A thread's own identity: nobody can have one here.
Answer bsd_gettid(Trap&) { return fail(xnu::ESRCH); }

// Nobody traces here. PT_DENY_ATTACH of a process that is not traced is a promise that is easily kept.
Answer bsd_ptrace(Trap& trap) {
    constexpr i32 trace_me = 0, sigexc = 12, forcequota = 30, deny_attach = 31;
    switch (trap.i(0)) {
    case deny_attach: return ok();
    case trace_me: case forcequota: return fail(xnu::EPERM);
    case sigexc: return fail(xnu::EINVAL);
    default: break;
    }
    if (trap.i(1) < 2) return fail(xnu::EPERM);
    return host(lnx::SYS_kill, trap.i(1), 0) == -lnx::ESRCH ? fail(xnu::ESRCH) : fail(xnu::EPERM);
}

}  // namespace trapeze
