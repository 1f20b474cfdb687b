// SPDX-License-Identifier: BSD-3-Clause
// Calls to which XNU has a short answer: nothing of the kind here, look but do not touch, old names of other calls (xnu-11417.121.6
// and those that the rows of sys/darwin/bsd.tbl name). With an ERA as argument (darwin's eras.py): numbers that raise SIGSYS there.
#include "sys/calls.h"
#include "sys/darwin/errno.h"
#include "sys/darwin/identity.h"
#include "sys/darwin/kern_return.h"
#include "sys/darwin/mach.h"
#include "sys/darwin/numbers.h"
#include "sys/darwin/semaphore.h"
#include "sys/darwin/time.h"
#include "sys/file.h"
#include "sys/mem.h"
#include "sys/syscall.h"
#include "tests/sys/child.h"

using namespace trapeze;

static volatile i32 sigsys;

static void clock_and_audit() {
    xnu::timex t{};
    const Result state = sys_ntp_adjtime(&t);
    ok(state.ok() && state.value() >= 0 && state.value() <= 5 && t.modes == 0 && t.tolerance > 0, "ntp_adjtime: anybody may look");
    t.modes = 1;
    fails(sys_ntp_adjtime(&t), xnu::EPERM, "nobody changes the clock: EPERM");
    fails(sys_ntp_adjtime(reinterpret_cast<xnu::timex*>(8)), xnu::EFAULT, "a bad place: EFAULT");
    const u32 mask = geteuid() == 0 ? 0 : ~0u;
    xnu::auditinfo info{1, 2, 3, 4, 5, 6};
    ok(sys_getaudit(&info).ok() && info.ai_auid == ~0u && info.am_success == mask && info.ai_asid == 0, "getaudit: nobody, in no session");
    fails(sys_getaudit(reinterpret_cast<xnu::auditinfo*>(8)), xnu::EFAULT, "a bad place: EFAULT");
    u32 words[13];
    memset(words, 0x77, sizeof words);
    ok(sys_getaudit_addr(words, sizeof words).ok() && words[0] == ~0u && words[1] == mask && words[4] == 4 && words[9] == 0 && words[12] == 0x77777777,
       "getaudit_addr: 48 bytes, of the kind IPv4");
    memset(words, 0x77, sizeof words);
    ok(sys_getaudit_addr(words, 4).ok() && words[0] == ~0u && words[1] == 0x77777777, "as much as there is room for");
    fails(sys_getaudit_addr(reinterpret_cast<u32*>(8), sizeof words), xnu::EFAULT, "a bad place: EFAULT");
}

static void protected_machine() {
    u32 mask = 0;
    ok(sys_csrctl(0, &mask, 4), "csrctl: to allow nothing is allowed");
    mask = 2;
    fails(sys_csrctl(0, &mask, 4), xnu::EPERM, "all else is not: EPERM");
    ok(sys_csrctl(1, &mask, 4).ok() && mask == 0, "the configuration: nothing");
    fails(sys_csrctl(0, &mask, 8), xnu::EINVAL, "of another size: EINVAL");
    fails(sys_csrctl(0, nullptr, 4), xnu::EINVAL, "nowhere: EINVAL");
    fails(sys_csrctl(1, reinterpret_cast<void*>(8), 4), xnu::EFAULT, "a bad place: EFAULT");
    fails(sys_csrctl(2, &mask, 4), xnu::ENOSYS, "nothing else: ENOSYS");
}

static void eventlinks() {
    constexpr u64 low = (1ull << 56) - 1;
    const auto error = [](u64 r) { return static_cast<i32>(r >> 56); };
    u64 r = static_cast<u64>(sys_mach_eventlink_signal(0, 5).raw);
    ok(error(r) == xnu::KERN_INVALID_NAME && (r & low) == 0, "mach_eventlink_signal of no name");
    r = static_cast<u64>(sys_mach_eventlink_signal(mach_task_self(), 5).raw);
    ok(error(r) == xnu::KERN_INVALID_CAPABILITY, "of a name that is something else");
    r = static_cast<u64>(sys_mach_eventlink_wait_until(mach_task_self(), 5, 0, 0, 0).raw);
    ok(error(r) == xnu::KERN_INVALID_CAPABILITY && (r & low) == 5, "waiting gives the count back");
    r = static_cast<u64>(sys_mach_eventlink_wait_until(mach_task_self(), 5, 0, 1, 0).raw);
    ok(error(r) == xnu::KERN_INVALID_ARGUMENT && (r & low) == 5, "on another clock: KERN_INVALID_ARGUMENT");
    r = static_cast<u64>(sys_mach_eventlink_signal_wait_until(0, 5, 1, 0, 0, 0).raw);
    ok(error(r) == xnu::KERN_INVALID_NAME && (r & low) == 5, "and both at once");
}

static void old_names() {
    static const char* argv[] = {"child", "exit", nullptr};
    extern char** words;
    const WaitStatus s = in_child([] {
        (void)sys___mac_execve(words[0], argv, nullptr, nullptr);
        return 1;
    });
    ok(s.exited() && s.code() == 42, "__mac_execve without a label is execve");
    u64 label[2] = {0, 0};
    fails(sys___mac_execve(words[0], argv, nullptr, reinterpret_cast<xnu::mac*>(label)), xnu::EINVAL, "with one: EINVAL");
    fails(sys___mac_execve(words[0], argv, nullptr, reinterpret_cast<xnu::mac*>(8)), xnu::EFAULT, "with one that cannot be read: EFAULT");
    const Result volumes = sys_getfsstat(nullptr, 0, 2);
    ok(volumes.value() > 0 && sys___mac_getfsstat(nullptr, 0, nullptr, 0, 2).value() == volumes.value(), "__mac_getfsstat without labels is getfsstat");
    fails(sys___mac_getfsstat(nullptr, 0, label, 8, 2), xnu::EINVAL, "with labels: EINVAL");
    xnu::timespec t{0, 1000000};
    u32 semaphore = 0;
    ok(semaphore_create(mach_task_self(), &semaphore, 0, 2) == 0, "a semaphore");
    ok(sys___old_semwait_signal(semaphore, 0, 1, 1, &t), "__old_semwait_signal takes one");
    ok(sys___old_semwait_signal_nocancel(semaphore, 0, 1, 1, &t), "__old_semwait_signal_nocancel the other");
    fails(sys___old_semwait_signal(semaphore, 0, 1, 1, &t), xnu::ETIMEDOUT, "then sleeps a millisecond: ETIMEDOUT");
    fails(sys___old_semwait_signal(0, 0, 1, 1, &t), xnu::EINVAL, "no semaphore: EINVAL");
    t.tv_nsec = -1;
    fails(sys___old_semwait_signal_nocancel(semaphore, 0, 1, 1, &t), xnu::EINVAL, "a time that is none: EINVAL");
    fails(sys___old_semwait_signal(semaphore, 0, 1, 1, reinterpret_cast<xnu::timespec*>(8)), xnu::EFAULT, "a bad place: EFAULT");
}

static void nothing_there() {
    fails(sys_crossarch_trap(0), xnu::ENOTSUP, "crossarch_trap: ENOTSUP");
    fails(sys_crossarch_trap(1), xnu::EINVAL, "of an unknown name: EINVAL");
    ok(sys_memorystatus_available_memory().value() == 0, "memorystatus_available_memory: no limit is 0");
    ok(sys___mach_bridge_remote_time(77).value() == 0, "a bridge that is not there tells 0");
    ok(sys_kdebug_trace_string(0, 0, nullptr).value() == 0, "kdebug_trace_string: nobody traces");
    ok(sys_kdebug_trace_string(0x7000000, 0, nullptr).value() == 0, "so that nobody looks at the class either");
    fails(sys_necp_client_action(1, 0, nullptr, 0, nullptr, 0), xnu::ENODEV, "necp_client_action of another descriptor: ENODEV");
    fails(sys_necp_session_action(99, 0, nullptr, 0, nullptr, 0), xnu::EBADF, "necp_session_action of none: EBADF");
    struct {
        u64 size;
        u32 uses, pad;
    } wish{5 << 20, 0, 0};
    ok(sys_net_qos_guideline(&wish, 16).value() == 1, "net_qos_guideline: 5 MiB go in the background");
    wish.size--;
    ok(sys_net_qos_guideline(&wish, 16).value() == 0, "less does not");
    fails(sys_net_qos_guideline(&wish, 8), xnu::EINVAL, "of another size: EINVAL");
    fails(sys_net_qos_guideline(reinterpret_cast<void*>(8), 16), xnu::EFAULT, "a bad place: EFAULT");
    const struct {
        u32 number;
        i32 error;
        const char* what;
    } refused[] = {{44, xnu::EINVAL, "profil: EINVAL"}, {68, xnu::EPERM, "oslog_coproc: EPERM"}, {85, xnu::ENOTSUP, "swapon: ENOTSUP"},
                   {206, xnu::ESHUTDOWN, "ATsocket: ESHUTDOWN"}, {231, xnu::EINVAL, "watchevent: EINVAL"}, {247, xnu::ENOSYS, "nfsclnt: ENOSYS"},
                   {296, xnu::EINVAL, "vm_pressure_monitor: EINVAL"}, {439, xnu::EPERM, "kas_info: EPERM"}, {459, xnu::ESRCH, "coalition_info: ESRCH"},
                   {479, xnu::EPERM, "openbyid_np: EPERM"}, {490, xnu::ENOENT, "netagent_trigger: ENOENT"}, {518, xnu::EPERM, "fs_snapshot: EPERM"},
                   {522, xnu::EACCES, "necp_session_open: EACCES"}, {535, xnu::EIO, "objc_bp_assist_cfg_np: EIO"},
                   {547, xnu::ENOTSUP, "debug_syscall_reject: ENOTSUP"}};
    for (const auto& r : refused) fails(syscall(r.number, 0, 0, 0, 0, 0, 0), r.error, r.what);
    ok(syscall(72).value() == 0, "ovadvise does nothing, with success");
    ok(sigsys == 0, "none of them raised SIGSYS");
}

// In 10.5, 64-bit processes did not have them; then they were refused, and at last went.
static void raising() {
    const struct {
        u32 number;
        const char* what;
    } never[] = {{17, "obreak"}, {207, "ATgetmsg"}, {212, "ATPgetrsp"}};
    for (const auto& n : never) {
        sigsys = 0;
        fails(syscall(n.number, 0, 0, 0, 0, 0, 0), xnu::ENOSYS, n.what);
        ok(sigsys == 1, "and SIGSYS");
    }
}
static void in_10_5() {
    for (const u32 number : {216u, 217u, 218u, 219u, 185u}) {
        sigsys = 0;
        fails(syscall(number, 0, 0, 0, 0, 0, 0), xnu::ENOSYS, "10.5 had it for 32 bits alone: ENOSYS");
        ok(sigsys == 1, "and SIGSYS");
    }
}
static void in_10_6() {
    for (const u32 number : {216u, 217u, 218u, 219u, 185u}) {
        sigsys = 0;
        fails(syscall(number, 0, 0, 0, 0, 0, 0), number == 185 ? xnu::EINVAL : xnu::ENOTSUP, "10.6 refuses it");
        ok(sigsys == 0, "quietly");
    }
}

char** words;

int main(int argc, char** argv) {
    if (argc == 2 && argv[1][0] == 'e') return 42;
    words = argv;
    (void)signal_handle(kernel::SIGSYS, [](i32, SignalInfo*, SignalContext*) { sigsys = sigsys + 1; }, SA_ONSTACK);
    if (argc == 2) {
        if (argv[1][3] == '5') in_10_5();
        else in_10_6();
        return done();
    }
    clock_and_audit();
    protected_machine();
    eventlinks();
    old_names();
    nothing_there();
    raising();
    return done();
}
