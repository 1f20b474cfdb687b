// SPDX-License-Identifier: BSD-3-Clause
// Small Darwin calls that belong to nobody's family, and refusals that a program can live with: ends with a reason, the clock's
// discipline, numbers that only have to differ (xnu-11417.121.6 bsd/kern/kern_exit.c, kern_ntptime.c, kern_prot.c; osfmk/ipc/ipc_voucher.c).
#include "sys/calls.h"
#include "sys/darwin/errno.h"
#include "sys/darwin/kern_return.h"
#include "sys/darwin/time.h"
#include "sys/mem.h"
#include "sys/time.h"
#include "tests/sys/child.h"

using namespace trapeze;

static u64* nowhere() { return reinterpret_cast<u64*>(8); }

int main() {
    ok(sys_setprivexec(1).value() == 0 && sys_setprivexec(7).value() == 1 && sys_setprivexec(0).value() == 1, "setprivexec gives what was set, as 0 or 1");

    xnu::ntptimeval ntp{};
    const Result state = sys_ntp_gettime(&ntp);
    ok(state.ok() && state.value() == ntp.time_state && state.value() <= 5, "ntp_gettime gives the clock's state twice");
    ok(ntp.time.tv_sec > 1'600'000'000 && ntp.time.tv_nsec >= 0 && ntp.time.tv_nsec < 1'000'000'000, "and a time of this century, in nanoseconds");
    fails(sys_ntp_gettime(reinterpret_cast<xnu::ntptimeval*>(8)), xnu::EFAULT, "a bad place: EFAULT");

    u32 level = 1000;
    ok(sys_memorystatus_get_level(&level), "memorystatus_get_level");
    ok(level <= 100, "is a percentage");
    fails(sys_memorystatus_get_level(reinterpret_cast<u32*>(8)), xnu::EFAULT, "a bad place: EFAULT");

    u64 first = 0, second = 0;
    ok(sys_mach_generate_activity_id(0, 16, &first) == 0 && sys_mach_generate_activity_id(0, 1, &second) == 0, "activity numbers, 16 at once");
    ok(second >= first + 16 || first > second, "no two callers get the same");
    ok(sys_mach_generate_activity_id(0, 0, &first) == xnu::KERN_INVALID_ARGUMENT, "none at all: KERN_INVALID_ARGUMENT");
    ok(sys_mach_generate_activity_id(0, 17, &first) == xnu::KERN_INVALID_ARGUMENT, "more than 16: KERN_INVALID_ARGUMENT");
    ok(sys_mach_generate_activity_id(0, 1, nowhere()) != 0, "a bad place is an error");
    ok(sys_pfz_exit() == 0, "pfz_exit has nothing to do");

    WaitStatus end = in_child([] {
        sys_abort_with_payload(7, 0x1234, nullptr, 0, "meant", 0);
        return 1;
    });
    ok(end.signalled() && end.signal() == xnu::SIGABRT, "abort_with_payload ends by SIGABRT");
    end = in_child([] {
        (void)signals_setmask(SignalSet::all());
        sys_abort_with_payload(7, 0x1234, nullptr, 0, reinterpret_cast<const char*>(8), 0);
        return 1;
    });
    ok(end.signalled() && end.signal() == xnu::SIGABRT, "also with all signals masked, and with a reason that cannot be read");
    ok(sys_os_fault_with_payload(7, 0x1234, nullptr, 0, "noted", 0), "os_fault_with_payload goes on");
    const i32 child = sleeper();
    ok(sys_terminate_with_payload(child, 1, 2, nullptr, 0, nullptr, 0), "terminate_with_payload");
    WaitStatus status{-1};
    (void)wait(child, &status);
    ok(status.signalled() && status.signal() == xnu::SIGKILL, "ends the other by SIGKILL");
    fails(sys_terminate_with_payload(child, 1, 2, nullptr, 0, nullptr, 0), xnu::ESRCH, "one that is gone: ESRCH");
    fails(sys_terminate_with_payload(0, 1, 2, nullptr, 0, nullptr, 0), xnu::EINVAL, "nobody: EINVAL");

    u32 auditor = 0;
    ok(sys_getauid(&auditor).ok() && auditor == ~0u, "nobody has begun an audit session");
    fails(sys_getauid(nullptr), xnu::EFAULT, "a bad place: EFAULT");
    fails(sys_getdirentriesattr(0, nullptr, nullptr, 0, nullptr, nullptr, nullptr, 0), xnu::ENOTSUP, "getdirentriesattr was HFS's: ENOTSUP");
    return done();
}
