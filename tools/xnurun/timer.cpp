// SPDX-License-Identifier: BSD-3-Clause
// mk_timer: osfmk/kern/mk_timer.c. A timer is a receive right of the task that the kernel has a send right for; when it goes
// off, a message without content lies in its queue, one at most.
//
// A host thread of the emulator's own sends them: started with the first timer, it blocks every signal, runs no guest code
// and sleeps on `changed` until the next deadline. Timers and the list: ports_lock.
#include "sys/darwin/errno.h"
#include "sys/darwin/kern_return.h"
#include "tools/xnurun/handlers.h"
#include "tools/xnurun/timer.h"

namespace trapeze {
namespace {

struct Timer {
    Timer* next;
    Port* port;
    u64 deadline;
    bool armed;
};

Timer *timers, *free_timers;
u32 changed;   // futex word
bool started;

void post(Timer& t) {
    t.armed = false;
    if (t.port->queued) return;
    Message* m = message_new(48);
    if (!m) return;
    send_right_copy_locked(t.port);
    m->remote = t.port;
    m->remote_type = msg_move_send;
    message_post_locked(m);
}

void serve(void*) {
    for (;;) {
        const u32 seen = __atomic_load_n(&changed, __ATOMIC_ACQUIRE);
        u64 next = ~0ull;
        {
            Locked hold(ports_lock);
            const u64 now = monotonic_ns();
            for (Timer* t = timers; t; t = t->next) {
                if (t->armed && t->deadline <= now) post(*t);
                if (t->armed && t->deadline < next) next = t->deadline;
            }
            const u64 alarm = alarms_due_locked(now);
            if (alarm < next) next = alarm;
        }
        const lnx::timespec until = {static_cast<i64>(next / 1000000000), static_cast<i64>(next % 1000000000)};
        constexpr i32 wait_bitset = 9;
        host(lnx::SYS_futex, &changed, wait_bitset | lnx::FUTEX_PRIVATE_FLAG, seen, next == ~0ull ? nullptr : &until, 0, 0xffffffffu);
    }
}

}  // namespace

void timers_changed() {
    __atomic_fetch_add(&changed, 1, __ATOMIC_RELEASE);
    futex_wake(&changed, 1);
}

// What was to come then never does.
bool timers_start_locked() {
    if (started) return true;
    Thread* t = thread_new();
    if (!t) return false;
    u64 all = ~0ull, old;
    host(lnx::SYS_rt_sigprocmask, lnx::SIG_SETMASK, &all, &old, 8);
    t->on_stack = 1;
    const i64 r = host_clone(thread_clone_flags, reinterpret_cast<u64>(t), serve, nullptr, t, &t->tid);
    host(lnx::SYS_rt_sigprocmask, lnx::SIG_SETMASK, &old, 0, 8);
    if (host_failed(r)) thread_free(t);
    return started = !host_failed(r);
}

namespace {

// The timer behind a receive right. osfmk/ipc/ipc_port.c ipc_port_translate_receive.
i32 find(u32 name, Timer*& timer) {
    Port* port;
    if (const i32 failed = receive_right_locked(name, port)) return failed;
    if (port->kind != PortKind::timer) return xnu::KERN_INVALID_ARGUMENT;
    timer = static_cast<Timer*>(port->object);
    return 0;
}

i32 arm(u32 name, u64 deadline) {
    Locked hold(ports_lock);
    Timer* t;
    if (const i32 failed = find(name, t)) return failed;
    t->deadline = deadline;
    t->armed = true;
    timers_changed();
    return 0;
}

}  // namespace

void object_died_locked(Port* port) {
    if (port->kind != PortKind::timer) return;
    Timer* t = static_cast<Timer*>(port->object);
    for (Timer** at = &timers; *at; at = &(*at)->next) {
        if (*at != t) continue;
        *at = t->next;
        break;
    }
    t->next = free_timers;
    free_timers = t;
    port->object = nullptr;
    right_release_locked(port, msg_move_send);
}

void fork_child_timers() {
    timers = free_timers = nullptr;
    started = false;
    fork_child_alarms();
}

Answer mach_timer_create(Trap&) {
    u32 name;
    if (port_allocate(right_receive, name)) return kern(0);
    Locked hold(ports_lock);
    Port* port;
    if (!timers_start_locked() || receive_right_locked(name, port)) {
        if (PortEntry* e = entry_find_locked(name); e && e->types == type_receive) {  // no timer, and no port either
            Port* waste = e->port;
            e->types = 0;
            waste->name = 0;
            entry_trim_locked(*e);
            receive_right_dies_locked(waste);
        }
        return kern(0);
    }
    if (!free_timers) {
        constexpr u64 batch = 128;
        Timer* fresh = static_cast<Timer*>(host_pages(batch * sizeof(Timer)));
        for (u64 i = 0; i < batch; i++) fresh[i].next = i + 1 < batch ? &fresh[i + 1] : nullptr;
        free_timers = fresh;
    }
    Timer* t = free_timers;
    free_timers = t->next;
    *t = {timers, port, 0, false};
    timers = t;
    port->kind = PortKind::timer;
    port->object = t;
    send_right_copy_locked(port);
    return kern(static_cast<i32>(name));
}

Answer mach_timer_destroy(Trap& trap) {
    {
        Locked hold(ports_lock);
        Timer* t;
        if (const i32 failed = find(trap.u(0), t)) return kern(failed);
    }
    return kern(port_destroy(trap.u(0)));
}

Answer mach_timer_arm(Trap& trap) { return kern(arm(trap.u(0), trap.w(1))); }
Answer mach_timer_arm_leeway(Trap& trap) { return kern(arm(trap.u(0), trap.w(2))); }  // name, flags, time, leeway

Answer mach_timer_cancel(Trap& trap) {
    u64 deadline = 0;
    {
        Locked hold(ports_lock);
        Timer* t;
        if (const i32 failed = find(trap.u(0), t)) return kern(failed);
        if (t->armed) deadline = t->deadline;
        t->armed = false;
        timers_changed();
    }
    return kern(trap.w(1) && !copyout(deadline, trap.w(1)) ? xnu::KERN_FAILURE : 0);
}

}  // namespace trapeze
