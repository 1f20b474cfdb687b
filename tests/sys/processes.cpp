// SPDX-License-Identifier: BSD-3-Clause
// fork, wait and the statuses that it tells; groups and sessions; what the child's thread knows of itself.
#include "child.h"
#include "sys/calls.h"
#include "sys/thread.h"

using namespace trapeze;

static void statuses() {
    WaitStatus s = in_child([] { return 0; });
    ok(s.exited() && s.code() == 0 && !s.signalled() && !s.stopped() && !s.continued(), "exit 0");
    s = in_child([] { return 255; });
    ok(s.exited() && s.code() == 255, "exit 255");
    s = in_child([] { return 256 + 7; });
    ok(s.exited() && s.code() == 7, "only the low 8 bits of an exit are told");
    s = in_child([] {
        (void)setlimit(Limit::core, {0, 0});
        (void)raise(kernel::SIGABRT);
        return 1;
    });
    ok(s.signalled() && s.signal() == kernel::SIGABRT && !s.exited() && !s.core(), "a signal that it raised, without a core");
    s = in_child([] {
        (void)kill(getpid(), kernel::SIGKILL);
        return 1;
    });
    ok(s.signalled() && s.signal() == kernel::SIGKILL, "SIGKILL to itself");

    const i32 child = sleeper();
    ok(kill(child, 0), "kill with signal 0 finds the child");
    ok(kill(child, kernel::SIGSTOP), "SIGSTOP");
    ok(wait(child, &s, WUNTRACED).value() == child && s.stopped() && s.stop_signal() == kernel::SIGSTOP && !s.signalled(), "it is stopped");
    ok(wait(child, &s, WNOHANG | WUNTRACED | WCONTINUED).value() == 0, "and that is told once");
    ok(kill(child, kernel::SIGCONT), "SIGCONT");
    ok(wait(child, &s, WCONTINUED).value() == child && s.continued() && !s.stopped() && !s.exited() && !s.signalled(), "it goes on");
    ok(wait(child, &s, WNOHANG).value() == 0, "WNOHANG: no news is 0");
    ok(kill(child, kernel::SIGTERM), "SIGTERM");
    Usage usage{-1, -1, 0, 0, 0, 0, 0};
    ok(wait(-1, &s, 0, &usage).value() == child && s.signalled() && s.signal() == kernel::SIGTERM, "wait for any child: SIGTERM ended it");
    ok(usage.user_ns >= 0 && usage.system_ns >= 0 && usage.max_resident >= 0, "and its usage is told");
    fails(kill(child, 0), kernel::ESRCH, "then there is nobody: ESRCH");
    fails(wait(child, &s), kernel::ECHILD, "nor a child: ECHILD");
    fails(wait(-1, nullptr, WNOHANG), kernel::ECHILD, "WNOHANG does not hide ECHILD");
    fails(wait(getpid(), nullptr), kernel::ECHILD, "who is no child: ECHILD");
    ok(in_child([] { return 3; }).raw >= 0 && wait(-1, nullptr).err() == kernel::ECHILD, "without a place for the status");
}

static void forked() {
    static Tls* parents_block;
    static i32 shared;
    parents_block = tls();
    static i32 me;
    me = getpid();
    held(in_child([] {
             if (getpid() == me || getppid() != me) return 1;
             if (tls() != parents_block || tls()->self != parents_block) return 2;
             if (thread_self() == 0) return 3;
             shared = 1;
             // Threads, and on Darwin messages and semaphores, by names of its own.
             Result error{0};
             Thread* t = thread_create([](void*) { shared = 2; }, nullptr, &error);
             if (!t) return 4;
             thread_join(t);
             if (shared != 2) return 5;
             return raise(0).ok() ? 0 : 6;
         }),
         "a child has its own number, its thread its own name, and may start threads");
    ok(shared == 0, "and writes to memory of its own");
    held(in_child([] { return in_child([] { return 5; }).code() == 5 ? 0 : 1; }), "a child has children");
    held(in_child([] {
             i32 ends[2];
             if (pipe(ends, O_CLOEXEC).failed()) return 1;
             Result r = fork();
             if (r.value() == 0) {
                 for (i32 i = 0; i < 2000; i++) (void)getppid();
                 (void)write(ends[1], "x", 1);
                 exit_process(0);
             }
             char c = 0;
             return read(ends[0], &c, 1).value() == 1 && c == 'x' ? 0 : 2;
         }),
         "parent and child run at once, and a pipe joins them");
}

static void groups() {
    ok(getpgid(0).value() == getpgid(getpid()).value() && getsid(0).value() == getsid(getpid()).value(), "0 is the caller");
    const i32 child = sleeper();
    ok(getpgid(child).value() == getpgid(0).value(), "a child is in its parent's group");
    ok(setpgid(child, 0), "setpgid: a group of its own");
    ok(getpgid(child).value() == child, "of its number");
    ok(wait(-child, nullptr, WNOHANG).value() == 0, "wait for a group finds it");
    fails(wait(0, nullptr, WNOHANG), kernel::ECHILD, "wait for one's own group does not");
    fails(setpgid(child, -1), kernel::EINVAL, "a negative group is EINVAL");
    ok(kill(-child, kernel::SIGKILL), "kill a group");
    WaitStatus s;
    ok(wait(child, &s).ok() && s.signalled() && s.signal() == kernel::SIGKILL, "and its member is gone");
    fails(kill(-child, 0), kernel::ESRCH, "an empty group is ESRCH");
    fails(setpgid(1, 0), kernel::ESRCH, "not a child: ESRCH");
    fails(setpgid(0, 0x3fffffff), kernel::EPERM, "a group that is not there: EPERM");
    fails(getpgid(0x3fffffff), kernel::ESRCH, "nobody's group: ESRCH");
    fails(getsid(0x3fffffff), kernel::ESRCH, "nobody's session: ESRCH");
    fails(kill(0x3fffffff, kernel::SIGTERM), kernel::ESRCH, "nobody to kill: ESRCH");
    fails(kill(getpid(), 65), kernel::EINVAL, "no such signal: EINVAL");
    fails(kill(getpid(), -1), kernel::EINVAL, "a negative one: EINVAL");
    held(in_child([] {
             if (setsid().value() != getpid()) return 1;
             if (getsid(0).value() != getpid() || getpgid(0).value() != getpid()) return 2;
             if (setsid().err() != kernel::EPERM) return 3;
             return setpgid(0, 0).err() == kernel::EPERM ? 0 : 4;  // who leads a session stays where it is
         }),
         "setsid makes a session and a group; its leader can do it no more (EPERM)");
}

static void refused() {
    held(in_child([] {
             if (geteuid() == 0 && (sys_setgid(65534).failed() || sys_setuid(65534).failed())) return 0;
             if (kill(1, 0).err() != kernel::EPERM) return 1;
             if (setlimit(Limit::processes, {0, 0}).failed()) return 2;
             Result r = fork();
             if (r.ok() && r.value() == 0) exit_process(0);
             return r.err() == kernel::EAGAIN ? 0 : 3;
         }),
         "unprivileged: kill of somebody else's process is EPERM, fork beyond RLIMIT_NPROC is EAGAIN");
    held(in_child([] {
             (void)signal_ignore(kernel::SIGCHLD);
             WaitStatus s{77};
             Result r = fork();
             if (r.value() == 0) exit_process(1);
             return wait(static_cast<i32>(r.value()), &s).err() == kernel::ECHILD && s.raw == 77 ? 0 : 1;
         }),
         "with SIGCHLD ignored children leave no status: ECHILD");
    held(in_child([] {
             // The child of a child that ended belongs to somebody else.
             i32 ends[2];
             if (pipe(ends, O_CLOEXEC).failed()) return 1;
             const i32 me = getpid();
             Result r = fork();
             if (r.value() == 0) {
                 if (fork().value() == 0) {
                     while (getppid() != me && getppid() != 1) thread_yield();
                     const i32 parent = getppid();
                     (void)write(ends[1], &parent, 4);
                 }
                 exit_process(0);
             }
             i32 parent = me;
             (void)wait(static_cast<i32>(r.value()), nullptr);
             return read(ends[0], &parent, 4).value() == 4 && parent != static_cast<i32>(r.value()) ? 0 : 2;
         }),
         "an orphan gets another parent");
}

int main() {
    print("TAP version 13\n");
    statuses();
    forked();
    groups();
    refused();
    return done();
}
