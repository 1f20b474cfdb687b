// SPDX-License-Identifier: BSD-3-Clause
// vfork, up to macOS 11 (xnu-7195.141.2 bsd/kern/kern_fork.c): the child is the parent's thread in the parent's memory and task, with
// descriptors, signal actions and an identity of its own, until it executes or ends; then the parent goes on, with its mask.
#include "sys/args.h"
#include "sys/calls.h"
#include "sys/darwin/event.h"
#include "sys/darwin/mach.h"
#include "sys/darwin/numbers.h"
#include "sys/darwin/port.h"
#include "sys/file.h"
#include "sys/mem.h"
#include "sys/thread.h"
#include "tests/sys/child.h"

using namespace trapeze;

// The trap alone, in this frame: the child, which uses the stack below, calls a function that does not return. Its number, or -errno.
[[gnu::noinline]] static i32 vfork_into(void (*child)()) {
    u64 rax = 0x2000000 + 66, rdx = 0;
    bool failed;
    asm volatile("syscall" : "+a"(rax), "+d"(rdx), "=@ccc"(failed) : : "rcx", "r11", "memory");
    if (failed) return -static_cast<i32>(rax);
    if (rdx == 1) child();
    return static_cast<i32>(rax);
}
static WaitStatus ended(i32 child) {
    WaitStatus s{-1};
    if (child > 0) (void)wait(child, &s);
    return s;
}

static volatile i32 shared, parent, seen;
static i32 ends[2];
static u32 port, task;
static char** words;
static volatile i32 handled;

static void memory() {
    parent = getpid();
    task = mach_task_self();
    i32 child = vfork_into([] {
        shared = 77;
        if (getppid() != parent) exit_process(1);
        seen = getpid();
        if (static_cast<u32>(sys_task_self_trap()) != task) exit_process(2);
        port = static_cast<u32>(sys_mach_reply_port());
        exit_process(port ? 5 : 3);
    });
    ok(child > 0 && shared == 77, "the child's store is the parent's");
    const WaitStatus s = ended(child);
    ok(s.exited() && s.code() == 5, "its end is told by wait, not by the parent's end");
    ok(seen == child && seen != parent && getpid() == parent, "it had a number of its own, and the parent has its own again");
    ok(port != 0 && mach_port_destroy(task, port) == 0, "a port that it made is the parent's");
    child = vfork_into([] { exit_process(vfork_into([] { exit_process(0); }) == -kernel::EINVAL ? 0 : 1); });
    ok(ended(child).raw == 0, "vfork within it: EINVAL");
    static volatile i32 runs;
    runs = 0;
    for (i32 n = 0; n < 200; n++) (void)ended(vfork_into([] { runs = runs + 1; exit_process(0); }));
    ok(runs == 200, "two hundred, one after the other");
    child = vfork_into([] { exit_process(in_child([] { shared = 1; return 9; }).code()); });
    const WaitStatus grandchild = ended(child);
    ok(grandchild.code() == 9 && shared == 77, "a fork within it has memory of its own");
    child = vfork_into([] { (void)kill(getpid(), kernel::SIGKILL); exit_process(0); });
    const WaitStatus killed = ended(child);
    ok(killed.signalled() && killed.signal() == kernel::SIGKILL, "killed, it lets the parent go on");
}

static void its_own() {
    (void)pipe(ends, 0);
    i32 child = vfork_into([] {
        (void)close(ends[0]);
        (void)close(ends[1]);
        exit_process(sys_write(ends[1], "x", 1).err() == kernel::EBADF ? 0 : 1);
    });
    ok(ended(child).raw == 0 && write(ends[1], "x", 1).ok(), "what it closes stays open for the parent");
    (void)close(ends[0]);
    (void)close(ends[1]);

    (void)signal_handle(kernel::SIGUSR1, [](i32, SignalInfo*, SignalContext*) { handled = handled + 1; }, SA_ONSTACK);
    child = vfork_into([] {
        (void)raise(kernel::SIGUSR1);
        if (handled != 1) exit_process(1);
        (void)signal_handle(kernel::SIGUSR1, [](i32, SignalInfo*, SignalContext*) { handled = handled + 10; }, SA_ONSTACK);
        (void)raise(kernel::SIGUSR1);
        if (handled != 11) exit_process(2);
        (void)signal_ignore(kernel::SIGUSR1);
        (void)raise(kernel::SIGUSR1);
        (void)signals_setmask(SignalSet::all());
        exit_process(handled == 11 ? 0 : 3);
    });
    ok(ended(child).raw == 0, "it has the parent's handlers, and changes its own");
    handled = 0;
    (void)raise(kernel::SIGUSR1);
    ok(handled == 1, "of which the parent knows nothing, nor of its mask");

    if (geteuid() == 0) {
        child = vfork_into([] { exit_process(sys_setuid(54321).ok() && getuid() == 54321 ? 0 : 1); });
        ok(ended(child).raw == 0 && getuid() == 0, "it becomes somebody else, the parent does not");
    } else {
        skip("not the superuser", "it becomes somebody else, the parent does not");
    }
}

static void kqueues() {
    const i32 kq = static_cast<i32>(sys_kqueue().value());
    (void)pipe(ends, 0);
    xnu::kevent k{static_cast<u64>(ends[0]), xnu::EVFILT_READ, xnu::EV_ADD, 0, 0, 0}, out{};
    const xnu::timespec now{};
    ok(sys_kevent(kq, &k, 1, nullptr, 0, &now), "a kqueue of the parent's");
    static i32 queue;
    queue = kq;
    const i32 child = vfork_into([] {
        const xnu::timespec at_once{};
        xnu::kevent one{};
        if (sys_kevent(queue, nullptr, 0, &one, 1, &at_once).err() != kernel::EBADF) exit_process(1);
        for (i32 fd = 3; fd < 64; fd++) (void)sys_close(fd);
        exit_process(0);
    });
    ok(ended(child).raw == 0, "is not the child's, which closes all it has");
    (void)write(ends[1], "x", 1);
    ok(sys_kevent(kq, nullptr, 0, &out, 1, &now).value() == 1 && out.ident == static_cast<u64>(ends[0]), "and works on in the parent");
    (void)close(kq);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

static void executes() {
    static const char* argv[] = {"child", "exit", nullptr};
    i32 child = vfork_into([] {
        (void)sys_execve(words[0], argv, envp());
        exit_process(1);
    });
    const WaitStatus s = ended(child);
    ok(s.exited() && s.code() == 42, "it executes this program");
    child = vfork_into([] {
        const Result r = sys_execve("/nowhere/at/all", argv, envp());
        exit_process(r.err() == kernel::ENOENT ? 0 : 1);
    });
    ok(ended(child).raw == 0, "an execution that fails leaves it what it is");
    static const char* sleeper_argv[] = {"child", "wait", nullptr};
    child = vfork_into([] {
        (void)sys_execve(words[0], sleeper_argv, envp());
        exit_process(1);
    });
    WaitStatus running{0};
    ok(wait(child, &running, WNOHANG).value() == 0, "the parent goes on while the new program runs");
    (void)kill(child, kernel::SIGKILL);
    (void)wait(child, &running);

    // Another thread goes on meanwhile.
    static volatile i32 counted, stop;
    Result error{0};
    Thread* t = thread_create([](void*) { while (!stop) { counted = counted + 1; thread_yield(); } }, nullptr, &error);
    child = vfork_into([] {
        const i32 then = counted;
        while (counted < then + 3) thread_yield();
        exit_process(0);
    });
    ok(ended(child).raw == 0, "the parent's other threads run while it does");
    stop = 1;
    if (t) thread_join(t);
}

int main(int argc, char** argv) {
    if (argc == 2 && argv[1][0] == 'e') return 42;
    if (argc == 2) for (;;) (void)signals_suspend({});
    words = argv;
    memory();
    its_own();
    kqueues();
    executes();
    return done();
}
