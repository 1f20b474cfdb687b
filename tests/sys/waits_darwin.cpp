// SPDX-License-Identifier: BSD-3-Clause
// waitid and wait4 as XNU has them (xnu-3248.60.10 bsd/kern/kern_exit.c): each kind of news, what stays to be told, waiting for
// nothing.
#include "sys/calls.h"
#include "sys/darwin/errno.h"
#include "sys/darwin/process.h"
#include "sys/mem.h"
#include "sys/time.h"
#include "tests/sys/child.h"

using namespace trapeze;

enum : i32 { nohang = 1, exited = 4, wstopped = 8, wcontinued = 0x10, nowait = 0x20 };
constexpr i32 all = 0, of_pid = 1, of_group = 2;

static xnu::siginfo_t info;
static Result waitid(i32 kind, i32 id, i32 options) {
    memset(&info, 0, sizeof info);
    return sys_waitid(kind, static_cast<u32>(id), &info, options);
}
static bool news(i32 child, i32 code, i32 status) {
    return info.si_signo == xnu::SIGCHLD && info.si_pid == child && info.si_code == code && info.si_status == status;
}

static void kinds() {
    const i32 child = sleeper();
    ok(waitid(of_pid, child, exited | nohang).ok() && info.si_pid == 0, "no news leaves the structure as it is");
    (void)kill(child, kernel::SIGSTOP);
    ok(waitid(of_pid, child, wstopped | nowait).ok() && news(child, xnu::CLD_STOPPED, xnu::SIGSTOP), "stopped by SIGSTOP; WNOWAIT leaves it to be told");
    ok(waitid(all, 0, wstopped).ok() && news(child, xnu::CLD_STOPPED, xnu::SIGSTOP), "again, to who asks for any");
    ok(waitid(all, 0, wstopped | nohang).ok() && info.si_pid == 0, "then no more");
    (void)kill(child, kernel::SIGCONT);
    ok(waitid(of_pid, child, wcontinued | nowait).ok() && news(child, xnu::CLD_CONTINUED, xnu::SIGSTOP), "it goes on, after SIGSTOP");
    ok(waitid(of_pid, child, wcontinued).ok() && waitid(of_pid, child, wcontinued | nohang).ok() && info.si_pid == 0, "that is told once as well");
    (void)kill(child, kernel::SIGTERM);
    ok(waitid(of_pid, child, exited | nowait).ok() && news(child, xnu::CLD_KILLED, 0), "ended by a signal, of which the status says nothing");
    i32 status = -1;
    ok(sys_wait4(child, &status, 0, nullptr).value() == child && status == xnu::SIGTERM, "wait4's says which");
    const i32 other = static_cast<i32>(fork().value());
    if (other == 0) exit_process(42);
    ok(waitid(of_pid, other, exited).ok() && news(other, xnu::CLD_EXITED, 42), "exit 42");
    fails(waitid(of_pid, other, exited), xnu::ECHILD, "once");
}

static void nothing() {
    fails(waitid(all, 0, 0), xnu::EINVAL, "no options: EINVAL");
    fails(waitid(all, 0, exited | 0x40), xnu::EINVAL, "an option that is none: EINVAL");
    fails(waitid(of_pid, -1, exited), xnu::EINVAL, "a negative number: EINVAL");
    fails(waitid(of_group, -1, exited), xnu::EINVAL, "or group");
    fails(waitid(all, 0, nohang), xnu::ECHILD, "nobody to wait for: ECHILD");
    fails(waitid(all, 0, nowait), xnu::ECHILD, "whatever for");
    const i32 child = sleeper();
    ok(waitid(all, 0, nohang).ok() && info.si_pid == 0, "waiting for nothing does not last with WNOHANG");
    fails(waitid(of_pid, getpid(), nohang), xnu::ECHILD, "who is no child: ECHILD");
    // Without it: until a signal comes.
    (void)signal_handle(kernel::SIGALRM, [](i32, SignalInfo*, SignalContext*) {}, SA_ONSTACK);
    const xnu::itimerval soon{{0, 5000, 0}, {0, 5000, 0}}, never{};
    (void)sys_setitimer(0, &soon, nullptr);
    fails(waitid(all, 0, nowait), xnu::EINTR, "else until a signal comes: EINTR");
    (void)sys_setitimer(0, &never, nullptr);
    ok(sys_wait4(child, nullptr, xnu::WNOHANG, nullptr).value() == 0, "the child is still there");
    (void)kill(child, kernel::SIGKILL);
    (void)wait(child, nullptr);
}

static volatile i32 told;

// A host that has one SIGCHLD for both must not have told of the first alone, of which XNU tells nobody.
static void merged() {
    (void)signal_handle(kernel::SIGCHLD, [](i32, SignalInfo*, SignalContext*) { told = told + 1; }, SA_ONSTACK);
    constexpr u32 sigchld = 1u << (xnu::SIGCHLD - 1);
    u32 before = 0;
    (void)sys_sigprocmask(1, &sigchld, &before);
    i32 good = 0, alone = 0;
    for (i32 n = 0; n < 20; n++) {
        const i32 child = static_cast<i32>(fork().value());
        if (child == 0) {
            (void)kill(getpid(), kernel::SIGSTOP);
            exit_process(7);
        }
        while (waitid(of_pid, child, wstopped).err() == xnu::EINTR) {}
        told = 0;
        (void)sys_sigsuspend(before & ~sigchld);  // that it has stopped
        good += told == 1;
        told = 0;
        (void)kill(child, kernel::SIGCONT);
        (void)waitid(of_pid, child, exited | nowait);
        (void)sys_sigsuspend(before & ~sigchld);  // for ever, if the end is lost
        alone += told == 1;
        (void)wait(child, nullptr);
    }
    ok(good == 20, "SIGCHLD tells of a child that has stopped");
    ok(alone == 20, "and of its end, also when it comes on top of its going on");
    (void)sys_sigprocmask(3, &before, nullptr);
}

int main() {
    kinds();
    nothing();
    merged();
    return done();
}
