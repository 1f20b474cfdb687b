// SPDX-License-Identifier: BSD-3-Clause
// EVFILT_PROC: what a process does, seen by its parent and by others (xnu-3248.60.10 bsd/kern/kern_event.c filt_proc*), and the
// priorities that only Darwin has (bsd/kern/kern_resource.c).
#include "sys/args.h"
#include "sys/calls.h"
#include "sys/darwin/errno.h"
#include "sys/darwin/event.h"
#include "sys/thread.h"
#include "sys/time.h"
#include "tests/sys/child.h"

using namespace trapeze;
using namespace trapeze::xnu;

static i32 kq;
static char** words;

static i32 change(i32 pid, u16 flags, u32 notes) {
    const xnu::kevent k{static_cast<u64>(pid), EVFILT_PROC, flags, notes, 0, 77};
    const timespec now{};
    return sys_kevent(kq, &k, 1, nullptr, 0, &now).err();
}
// The next event within five seconds, or an empty one.
static xnu::kevent next(bool at_once = false) {
    xnu::kevent e{};
    const timespec t{at_once ? 0 : 5, 0};
    (void)sys_kevent(kq, nullptr, 0, &e, 1, &t);
    return e;
}
static bool none() { return next(true).ident == 0; }

// A child that does what it is told, byte by byte.
static i32 orders[2], answers[2];
static i32 obedient() {
    (void)pipe(orders, O_CLOEXEC);
    (void)pipe(answers, O_CLOEXEC);
    const i32 child = static_cast<i32>(fork().value());
    if (child) return child;
    for (char c; read(orders[0], &c, 1).value() == 1;) {
        if (c == 'f') (void)wait(fork().value() == 0 ? (exit_process(0), 0) : -1, nullptr);
        if (c == 'v') {
            const char* argv[] = {"child", "exit", nullptr};
            i32 pid = 0;
            (void)sys_posix_spawn(&pid, words[0], nullptr, argv, envp());
            (void)wait(pid, nullptr);
        }
        if (c == 'x') {
            const char* argv[] = {"child", "wait", nullptr};
            (void)write(answers[1], "x", 1);
            (void)sys_execve(words[0], argv, envp());
            exit_process(1);
        }
        if (c >= '0' && c <= '9') exit_process(c - '0');
        (void)write(answers[1], "x", 1);
    }
    exit_process(0);
}
static void order(char c, bool answered = true) {
    (void)write(orders[1], &c, 1);
    if (answered) (void)read(answers[0], &c, 1);
}
static void over(i32 child) {
    for (const i32 fd : {orders[0], orders[1], answers[0], answers[1]}) (void)close(fd);
    (void)kill(child, kernel::SIGKILL);
    (void)wait(child, nullptr);
}

static void doings() {
    const i32 child = obedient();
    ok(change(child, EV_ADD, NOTE_FORK | NOTE_EXEC) == 0, "a child's forks and executions are watched");
    order('f');
    xnu::kevent e = next();
    ok(e.ident == static_cast<u64>(child) && e.fflags == NOTE_FORK && e.data == 0 && e.udata == 77 && e.flags & EV_CLEAR, "it forks");
    ok(none(), "once");
    order('v');
    e = next();
    ok(e.fflags == NOTE_FORK, "posix_spawn is a fork");
    order('f');
    order('f');
    e = next();
    ok(e.fflags == NOTE_FORK && none(), "two forks are one event");
    order('x');
    e = next();
    ok(e.ident == static_cast<u64>(child) && e.fflags == NOTE_EXEC, "it executes another program");
    ok(change(child, EV_DELETE, 0) == 0, "no more");
    over(child);
    ok(none(), "its end is not told");

    const i32 other = obedient();
    ok(change(other, EV_ADD, NOTE_EXIT) == 0 && change(other, EV_ADD, NOTE_EXIT | NOTE_FORK) == 0, "what is asked for may change");
    order('f');
    ok(next().fflags == NOTE_FORK, "a fork then");
    order('7', false);
    e = next();
    ok(e.fflags == NOTE_EXIT && e.flags & EV_EOF && e.flags & EV_ONESHOT && e.data == 0, "its end comes once, and says EV_EOF");
    ok(none() && change(other, EV_DELETE, 0) == ENOENT, "then it is not watched any more");
    over(other);
    // Somebody else's eyes: a grandchild's kqueue sees the child as well.
    const i32 third = obedient();
    static i32 watched;
    watched = third;
    static i32 ready[2];
    (void)pipe(ready, 0);
    const i32 watcher = static_cast<i32>(fork().value());
    if (watcher == 0) {
        kq = static_cast<i32>(sys_kqueue().value());
        if (change(watched, EV_ADD, NOTE_FORK | NOTE_EXIT)) exit_process(1);
        (void)write(ready[1], "x", 1);
        if (next().fflags != NOTE_FORK) exit_process(2);
        (void)write(ready[1], "x", 1);
        exit_process(next().fflags == NOTE_EXIT ? 0 : 3);
    }
    char c;
    (void)read(ready[0], &c, 1);
    ok(change(third, EV_ADD, NOTE_FORK) == 0, "two processes watch a third");
    order('f');
    ok(next().fflags == NOTE_FORK, "both see it fork");
    (void)read(ready[0], &c, 1);
    over(third);
    WaitStatus s{-1};
    (void)wait(watcher, &s);
    ok(s.raw == 0, "and one of them, who is not its parent, see it end");
    (void)change(third, EV_DELETE, 0);
    (void)close(ready[0]);
    (void)close(ready[1]);
}

static void ends() {
    i32 child = obedient();
    ok(change(child, EV_ADD, NOTE_EXIT | NOTE_EXITSTATUS | NOTE_EXIT_DETAIL) == 0, "a child's status is watched");
    order('7', false);
    xnu::kevent e = next();
    ok(e.fflags == (NOTE_EXIT | NOTE_EXITSTATUS | NOTE_EXIT_DETAIL) && e.data == 7 << 8, "exit 7, without a detail");
    over(child);

    // It is waited for before anybody looks at the queue.
    child = obedient();
    (void)change(child, EV_ADD, NOTE_EXIT | NOTE_EXITSTATUS);
    order('5', false);
    (void)wait(child, nullptr);
    e = next(true);
    ok(e.fflags == (NOTE_EXIT | NOTE_EXITSTATUS) && e.data == 5 << 8, "its status is known after wait, too");
    over(child);

    child = obedient();
    (void)change(child, EV_ADD, NOTE_EXIT | NOTE_EXITSTATUS);
    (void)kill(child, kernel::SIGTERM);
    siginfo_t info{};
    ok(sys_waitid(1, static_cast<u32>(child), &info, 4), "waitid");
    e = next(true);
    ok(e.data == kernel::SIGTERM, "ended by a signal, after waitid");
    over(child);

    child = obedient();
    ok(change(child, EV_ADD, NOTE_EXIT | NOTE_REAP) == 0, "its end, and that it was waited for");
    order('0', false);
    e = next();
    ok(e.fflags == NOTE_EXIT && !(e.flags & EV_EOF), "the end is not the last event then");
    ok(none(), "nobody has waited");
    (void)wait(child, nullptr);
    e = next();
    ok(e.fflags == NOTE_REAP && e.flags & EV_EOF && e.flags & EV_ONESHOT, "the wait is");
    over(child);
    ok(change(child, EV_ADD, NOTE_EXIT) == ESRCH, "one that is gone: ESRCH");
    for (const u32 old : {1u, 2u, 4u}) ok(change(getpid(), EV_ADD, old) == ENOTSUP, "NOTE_TRACK and its like are not any more: ENOTSUP");
    ok(change(getppid(), EV_ADD, NOTE_EXIT | NOTE_EXITSTATUS) == EACCES, "the status of one that is no child: EACCES");
}

static void oneself() {
    ok(change(getpid(), EV_ADD, NOTE_SIGNAL | NOTE_FORK) == 0, "one's own signals and forks");
    (void)signal_ignore(kernel::SIGUSR1);
    (void)kill(getpid(), kernel::SIGUSR1);
    ok(next().fflags == NOTE_SIGNAL, "a signal, though it is ignored");
    const i32 child = sleeper();
    ok(next().fflags == NOTE_FORK, "a fork");
    (void)kill(child, kernel::SIGKILL);
    (void)wait(child, nullptr);
    ok(next().fflags == NOTE_SIGNAL, "and SIGCHLD is one as well");
    ok(change(getpid(), EV_DELETE, 0) == 0, "no more of that");
    (void)signal_default(kernel::SIGUSR1);
}

static void background() {
    constexpr u32 bg = 0x1000, of_thread = 3, of_process = 4, gpu = 5, role = 6;
    ok(sys_getpriority(of_thread, 0).value() == 0 && sys_setpriority(of_thread, 0, bg).ok() && sys_getpriority(of_thread, 0).value() == 1,
       "a thread goes into the background");
    ok(sys_getpriority(of_process, 0).value() == 0, "its process is not there");
    ok(sys_setpriority(of_thread, 0, 0).ok() && sys_getpriority(of_thread, 0).value() == 0, "and comes back");
    fails(sys_setpriority(of_thread, 1, bg), EINVAL, "another thread: EINVAL");
    fails(sys_getpriority(of_thread, 1), EINVAL, "nor asked for");
    ok(sys_setpriority(of_process, 0, bg).ok() && sys_getpriority(of_process, static_cast<u32>(getpid())).value() == 1, "a process");
    ok(sys_setpriority(of_process, 0, 0x1001).ok() && sys_getpriority(of_process, 0).value() == 1, "PRIO_DARWIN_NONUI is ignored");
    const i32 child = sleeper();
    ok(sys_getpriority(of_process, static_cast<u32>(child)).value() == 1, "its child is there as well");
    ok(sys_setpriority(of_process, static_cast<u32>(child), 0).ok() && sys_getpriority(of_process, static_cast<u32>(child)).value() == 0, "and is taken out");
    fails(sys_setpriority(gpu, static_cast<u32>(child), 3), EINVAL, "PRIO_DARWIN_GPU of no kind: EINVAL");
    (void)kill(child, kernel::SIGKILL);
    (void)wait(child, nullptr);
    ok(sys_setpriority(of_process, 0, 0).ok() && sys_getpriority(of_process, 0).value() == 0, "back");
    fails(sys_getpriority(of_process, 0x3fffffff), ESRCH, "nobody's: ESRCH");
    fails(sys_setpriority(of_process, 0x3fffffff, 0), ESRCH, "nor set");
    fails(sys_setpriority(gpu, 0, 1), EINVAL, "PRIO_DARWIN_GPU of 0: EINVAL");
    fails(sys_setpriority(gpu, static_cast<u32>(getpid()), 1), EPERM, "of oneself: EPERM");
    ok(sys_getpriority(role, 0).value() == 0, "PRIO_DARWIN_ROLE: none");
    fails(sys_setpriority(role, 0, 1), ENOTSUP, "who is no application gets none: ENOTSUP");
    fails(sys_getpriority(gpu, 0), EINVAL, "PRIO_DARWIN_GPU cannot be asked for: EINVAL");
    held(in_child([] {
             static i32 nice;
             static volatile i32 stage;
             Result error{0};
             stage = 0;
             Thread* t = thread_create([](void*) {
                 stage = 1;
                 while (stage != 2) thread_yield();
                 (void)getpriority(PRIO_PROCESS, 0, &nice);
                 stage = 3;
             }, nullptr, &error);
             if (!t) return 1;
             while (stage != 1) thread_yield();
             if (setpriority(PRIO_PROCESS, 0, 19).failed()) return 2;
             stage = 2;
             while (stage != 3) thread_yield();
             return nice == 19 ? 0 : 3;
         }),
         "a nice value is the process's: another thread has it too");
}

int main(int argc, char** argv) {
    if (argc == 2 && argv[1][0] == 'e') return 0;
    if (argc == 2) for (;;) (void)signals_suspend({});
    words = argv;
    kq = static_cast<i32>(sys_kqueue().value());
    doings();
    ends();
    oneself();
    background();
    return done();
}
