// SPDX-License-Identifier: BSD-3-Clause
// The login name: bsd/kern/kern_prot.c of xnu-3248; and ptrace, which refuses. The name belongs to the session; here each process that
// was not executed anew knows what was set.
#include "sys/darwin/errno.h"
#include "sys/mem.h"
#include "tools/xnurun/handlers.h"

namespace trapeze {
namespace {

constexpr u32 most_login = 255;
HostLock login_lock;
char login[most_login + 1];

}  // namespace

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
