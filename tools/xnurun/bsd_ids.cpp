// SPDX-License-Identifier: BSD-3-Clause
// Who a process is: bsd/kern/kern_prot.c. Limits are in bsd_limits.cpp.
#include "sys/darwin/errno.h"
#include "tools/xnurun/handlers.h"
#include "tools/xnurun/process.h"

namespace trapeze {

Answer bsd_getpid(Trap&) { return ok(own_pid()); }
Answer bsd_getppid(Trap&) { return from_host(host(lnx::SYS_getppid)); }
Answer bsd_getuid(Trap&) { return ok(host(lnx::SYS_getuid)); }
Answer bsd_geteuid(Trap&) { return ok(host(lnx::SYS_geteuid)); }
Answer bsd_getgid(Trap&) { return ok(host(lnx::SYS_getgid)); }
Answer bsd_getegid(Trap&) { return ok(host(lnx::SYS_getegid)); }
Answer bsd_getpgrp(Trap&) { return from_host(host(lnx::SYS_getpgid, 0)); }
Answer bsd_getpgid(Trap& trap) { return trap.i(0) < 0 ? fail(xnu::ESRCH) : from_host(host(lnx::SYS_getpgid, trap.i(0))); }
Answer bsd_getsid(Trap& trap) { return trap.i(0) < 0 ? fail(xnu::ESRCH) : from_host(host(lnx::SYS_getsid, trap.i(0))); }
Answer bsd_setsid(Trap&) { return from_host(host(lnx::SYS_setsid)); }

// Linux looks at the group's sign before it looks for the process.
Answer bsd_setpgid(Trap& trap) {
    const i64 r = host(lnx::SYS_setpgid, trap.i(0), trap.i(1) < 0 ? 0 : trap.i(1));
    if (r == 0 && trap.i(1) < 0) return fail(xnu::EINVAL);
    return from_host(r);
}

}  // namespace trapeze
