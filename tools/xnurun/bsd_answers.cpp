// SPDX-License-Identifier: BSD-3-Clause
// Calls whose answer to a program like these is short in XNU itself: what is not there on such a machine, what may be looked at but not
// changed, and old names of other calls. Facts from xnu-11417.121.6 unless another is named.
#include "sys/darwin/errno.h"
#include "sys/darwin/identity.h"
#include "sys/darwin/kern_return.h"
#include "sys/darwin/time.h"
#include "sys/linux/time.h"
#include "tools/xnurun/era.h"
#include "tools/xnurun/handlers.h"
#include "tools/xnurun/ports.h"

namespace trapeze {
namespace {

constexpr u32 nobody = ~0u;  // AU_DEFAUDITID
bool is_open(i32 fd) { return !host_failed(host(lnx::SYS_fcntl, fd, 1)); }

}  // namespace

// bsd/kern/kern_crossarch.c: names up to CROSSARCH_ROSETTA (0) are known, and none has anything here.
Answer bsd_crossarch_trap(Trap& trap) { return fail(trap.u(0) > 0 ? xnu::EINVAL : xnu::ENOTSUP); }

// xnu-1228 bsd/kern/kern_mman.c: does nothing, with success.
Answer bsd_ovadvise(Trap&) { return ok(); }

// bsd/kern/kern_exec.c: execve with a label; without one it is execve. No policy knows any label.
Answer bsd_mac_execve(Trap& trap) {
    u64 label[2];
    if (!trap.w(3)) return bsd_execve(trap);
    return fail(copyin(label, trap.w(3)) ? xnu::EINVAL : xnu::EFAULT);
}

// bsd/vfs/vfs_syscalls.c: getfsstat with room for labels, of which there are none.
Answer bsd_mac_getfsstat(Trap& trap) {
    if (trap.w(2)) return fail(xnu::EINVAL);
    trap.arg[2] = trap.arg[4];
    return bsd_getfsstat(trap);
}

// bsd/kern/kern_sig.c of xnu-8020: the time comes by pointer.
Answer bsd_old_semwait_signal(Trap& trap) {
    xnu::timespec t{};
    if (trap.i(2) && !copyin(t, trap.w(4))) return fail(xnu::EFAULT);
    trap.arg[4] = static_cast<u64>(t.tv_sec);
    trap.arg[5] = static_cast<u64>(t.tv_nsec);
    return bsd_semwait_signal(trap);
}

// bsd/security/audit/audit_syscalls.c: nobody has begun an audit session, and the mask is the superuser's to see.
Answer bsd_getaudit(Trap& trap) {
    const u32 mask = host(lnx::SYS_geteuid) == 0 ? 0 : ~0u;
    const xnu::auditinfo info{nobody, mask, mask, 0, 0, 0};
    return copyout(info, trap.w(0)) ? ok() : fail(xnu::EFAULT);
}
Answer bsd_getaudit_addr(Trap& trap) {
    constexpr u32 ipv4 = 4;
    const u32 mask = host(lnx::SYS_geteuid) == 0 ? 0 : ~0u;
    const struct {
        u32 user, success, failure, port, type, address[4];
        i32 session;
        u64 flags;
    } info{nobody, mask, mask, 0, ipv4, {}, 0, 0};
    static_assert(sizeof info == 48);
    return copyout(&info, trap.w(0), trap.u(1) < sizeof info ? trap.u(1) : sizeof info) ? ok() : fail(xnu::EFAULT);
}

// bsd/kern/kern_csr.c: as on a Mac that protects everything: nothing is allowed but nothing. (To ask whether that is, xnu-3248 gives -1,
// with which the call is made again for ever.)
Answer bsd_csrctl(Trap& trap) {
    const u32 operation = trap.u(0);
    u32 mask = 0;
    if (operation > 1) return fail(xnu::ENOSYS);
    if (!trap.w(1) || trap.w(2) != sizeof mask) return fail(xnu::EINVAL);
    if (operation == 1) return copyout(mask, trap.w(1)) ? ok() : fail(xnu::EFAULT);
    if (!copyin(mask, trap.w(1))) return fail(xnu::EFAULT);
    return mask ? fail(xnu::EPERM) : ok();
}

// osfmk/ipc/ipc_eventlink.c: errors are in the result's upper byte; a name that is no eventlink's, as none is.
static Answer no_eventlink(u32 name, u64 count, bool absolute_time) {
    Port* port = nullptr;
    i32 error = absolute_time ? xnu::KERN_INVALID_NAME : xnu::KERN_INVALID_ARGUMENT;
    if (absolute_time && name && ~name) {
        error = port_lookup_send(name, port);
        if (!error) port_unref(port), error = xnu::KERN_INVALID_CAPABILITY;
    }
    return ok(static_cast<i64>(static_cast<u64>(error) << 56 | (count & ~(0xffull << 56))));
}
Answer bsd_mach_eventlink_signal(Trap& trap) { return no_eventlink(trap.u(0), 0, true); }
Answer bsd_mach_eventlink_wait_until(Trap& trap) { return no_eventlink(trap.u(0), trap.w(1), trap.u(3) == 0); }
Answer bsd_mach_eventlink_signal_wait_until(Trap& trap) { return no_eventlink(trap.u(0), trap.w(1), trap.u(4) == 0); }

// bsd/kern/kern_memorystatus.c: no process here has a limit, which is 0.
Answer bsd_memorystatus_available_memory(Trap&) { return ok(0); }

// bsd/net/necp_client.c, necp.c: no descriptor is one of theirs.
Answer bsd_necp_client_action(Trap& trap) { return fail(is_open(trap.i(0)) ? xnu::ENODEV : xnu::EBADF); }
Answer bsd_necp_session_action(Trap& trap) { return bsd_necp_client_action(trap); }

// bsd/netinet/in_tclass.c: 1, in the background, for 5 MiB and more; no interface is slow or costs anything.
Answer bsd_net_qos_guideline(Trap& trap) {
    struct {
        u64 size;
        u32 uses, pad;
    } wish;
    if (!trap.w(0) || trap.u(1) != sizeof wish) return fail(xnu::EINVAL);
    if (!copyin(wish, trap.w(0))) return fail(xnu::EFAULT);
    return ok(wish.size >= 5 * 1024 * 1024);
}

// bsd/kern/kern_ntptime.c: anybody may look (modes 0); the host's clock is changed by nobody. The result is its state.
Answer bsd_ntp_adjtime(Trap& trap) {
    xnu::timex t;
    if (!copyin(t, trap.w(0))) return fail(xnu::EFAULT);
    if (t.modes) return fail(xnu::EPERM);
    lnx::timex host_clock{};
    const i64 state = host(lnx::SYS_adjtimex, &host_clock);
    if (host_failed(state)) return from_host(state);
    t = {};
    t.offset = host_clock.offset, t.freq = host_clock.freq;
    t.maxerror = host_clock.maxerror, t.esterror = host_clock.esterror;
    t.status = host_clock.status;
    t.constant = host_clock.constant, t.precision = host_clock.precision, t.tolerance = host_clock.tolerance;
    return copyout(t, trap.w(0)) ? ok(state) : fail(xnu::EFAULT);
}

// osfmk/kern/remote_time.c: without a bridge there is no relation of the clocks, which is 0.
Answer bsd_mach_bridge_remote_time(Trap&) { return ok(0); }

}  // namespace trapeze
