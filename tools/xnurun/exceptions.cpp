// SPDX-License-Identifier: BSD-3-Clause
// See exceptions.h. The thread that faulted sends a request and waits for the answer, on a port of the kernel's that no name leads
// to; its registers are there to be read and changed meanwhile. An answer of KERN_SUCCESS lets it go on, with the new state if the
// behavior has one; anything else, and a reply right that is lost, passes the fault on: thread, task, host, then the signal.
#include "tools/xnurun/exceptions.h"

#include "sys/darwin/kern_return.h"
#include "sys/darwin/numbers.h"
#include "sys/mem.h"
#include "tools/xnurun/era.h"
#include "tools/xnurun/exec_ports.h"
#include "tools/xnurun/report.h"
#include "tools/xnurun/signal.h"
#include "tools/xnurun/thread_state.h"

namespace trapeze {
namespace {

enum : u32 { behavior_default = 1, behavior_state = 2, behavior_state_identity = 3, codes_64 = 0x80000000 };
enum : u32 { bad_access = 1, bad_instruction = 2, arithmetic = 3, software = 5, breakpoint = 6 };
constexpr u32 valid_mask = 0x3ffe;  // EXC_BAD_ACCESS 1 to EXC_CORPSE_NOTIFY 13

ExceptionAction task_actions[exception_types], host_actions[exception_types];  // under ports_lock

struct Fault {
    u32 exception;
    i64 code[2];
};

// Of the unit that trapped: the x87 status word or MXCSR (osfmk/i386/fpu.c).
i64 float_status(const lnx::sigcontext& regs) {
    if (!regs.fpstate || (regs.trapno != 16 && regs.trapno != 19)) return 0;
    const u8* image = reinterpret_cast<const u8*>(regs.fpstate);
    u32 status = 0;
    memcpy(&status, regs.trapno == 19 ? image + 24 : image + 2, regs.trapno == 19 ? 4 : 2);
    return status;
}

// osfmk/i386/trap.c user_trap.
bool fault_of(const HostSiginfo& info, const lnx::sigcontext& regs, Fault& f) {
    enum : i64 { divide = 1, overflow = 2, step = 1, trap = 2, invalid_opcode = 1, fpu_error = 5, range = 7, sse_error = 8, protection = 13 };
    switch (info.si_signo) {
    case lnx::SIGSEGV: case lnx::SIGBUS:
        if (regs.trapno == 14 || info.si_signo == lnx::SIGBUS)  // SIGBUS: beyond the end of a file, which its pager does not give
            f = {bad_access, {info.si_signo == lnx::SIGBUS ? xnu::KERN_MEMORY_ERROR : info.si_code == 1 ? xnu::KERN_INVALID_ADDRESS : xnu::KERN_PROTECTION_FAILURE,
                              static_cast<i64>(info.si_addr)}};
        else f = {bad_access, {protection, static_cast<i64>(regs.err)}};
        return true;
    case lnx::SIGILL:
        if (regs.trapno == 6) f = {bad_instruction, {invalid_opcode, 0}};
        else f = {bad_instruction, {static_cast<i64>(regs.trapno), static_cast<i64>(regs.err)}};  // EXC_I386_SEGNPFLT, EXC_I386_STKFLT
        return true;
    case lnx::SIGFPE:
        f = {arithmetic, {regs.trapno == 0 ? divide : regs.trapno == 4 ? overflow : regs.trapno == 16 ? fpu_error : sse_error, float_status(regs)}};
        return true;
    case lnx::SIGTRAP:
        if (regs.trapno == 5) f = {software, {range, 0}};
        else f = {breakpoint, {regs.trapno == 1 ? step : trap, 0}};
        return true;
    default: return false;
    }
}

struct Body {
    u8* at;
    void put(const void* data, u32 n) { memcpy(at, data, n), at += n; }
    void put32(u32 v) { put(&v, 4); }
};

// The answer to a request, or null: nobody will give one. `port` is received from by nobody else.
Message* await(Port* port) {
    for (;;) {
        u32 seen;
        {
            Locked hold(ports_lock);
            if (Message* m = port->first) {
                port->first = m->next;
                if (!port->first) port->last = nullptr;
                port->queued--;
                return m;
            }
            seen = __atomic_load_n(&port->arrivals, __ATOMIC_ACQUIRE);
            port->awaited = true;
        }
        host(lnx::SYS_futex, &port->arrivals, lnx::FUTEX_WAIT | lnx::FUTEX_PRIVATE_FLAG, seen, nullptr);
    }
}

// One handler is asked. kern_return_t.
i32 deliver(Thread& thread, HostContext& context, const ExceptionAction& a, const Fault& f) {
    const u32 behavior = a.behavior & ~codes_64;
    const bool wide = a.behavior & codes_64, identity = behavior != behavior_state, with_state = behavior != behavior_default;
    u32 state[most_state_words], count = most_state_words;
    if (with_state)
        if (const i32 failed = state_get(thread, context, a.flavor, state, count)) return failed;
    Message* m = message_new(header_size + 4 + 24 + 8 + 4 + 4 + 16 + 8 + sizeof state);
    if (!m) return xnu::KERN_RESOURCE_SHORTAGE;
    Port* reply;
    {
        Locked hold(ports_lock);
        if (a.port->dead) {
            message_free(m);
            return xnu::KERN_FAILURE;
        }
        reply = port_new_locked(PortKind::plain);
        reply->refs = 2;  // ours and the send-once right's
        reply->send_once_rights = 1;
        reply->received = true;
        send_right_copy_locked(a.port);
        m->remote = a.port;
        m->remote_type = msg_move_send;
        m->local = reply;
        m->local_type = msg_move_send_once;
        m->from_kernel = true;
        m->id = static_cast<i32>(2400 + behavior + (wide ? 4 : 0));
        Body b{m->bytes + header_size};
        if (identity) {
            send_right_copy_locked(thread.port);
            message_add_port(m, thread.port, msg_move_send);
            send_right_copy_locked(task_port);
            b.at = m->bytes + message_add_port(m, task_port, msg_move_send);
        }
        b.put(&xnu::ndr_record, 8);
        b.put32(f.exception);
        b.put32(2);
        if (wide) b.put(f.code, sizeof f.code);
        else b.put32(static_cast<u32>(f.code[0])), b.put32(static_cast<u32>(f.code[1]));
        if (with_state) {
            b.put32(static_cast<u32>(a.flavor));
            b.put32(count);
            b.put(state, count * 4);
        }
        m->size = static_cast<u32>(b.at - m->bytes);
        message_post_locked(m);
    }
    Message* r = await(reply);
    i32 result = xnu::KERN_FAILURE;
    const auto word = [&](u32 at) {
        u32 v = 0;
        if (at + 4 <= r->size) memcpy(&v, r->bytes + at, 4);
        return v;
    };
    constexpr u32 code_at = header_size + 8, flavor_at = code_at + 4, count_at = flavor_at + 4, state_at = count_at + 4;
    if (r->id == static_cast<i32>(2500 + behavior + (wide ? 4 : 0)) && !r->complex && r->size >= code_at + 4) {
        result = static_cast<i32>(word(code_at));
        if (!result && with_state) {
            const u32 words = word(count_at);
            if (words > most_state_words || r->size < state_at + words * 4) {
                result = xnu::MIG_TYPE_ERROR;
            } else {
                memcpy(state, r->bytes + state_at, words * 4);
                result = state_set(context, static_cast<i32>(word(flavor_at)), state, words);
            }
        }
    }
    Locked hold(ports_lock);
    message_destroy_locked(r);
    receive_right_dies_locked(reply);
    return result;
}

ExceptionAction* actions_of(const Rpc& r) {  // under threads_lock and ports_lock
    if (r.object->kind == PortKind::task) return task_actions;
    if (r.object->kind == PortKind::host_priv) return host_actions;
    Thread* t = r.object->kind == PortKind::thread ? thread_of_port(r.object) : nullptr;
    return t ? t->exceptions : nullptr;
}

struct Told {
    u32 count, masks[exception_types], behaviors[exception_types], flavors[exception_types];
    Port* ports[exception_types];
};

void tell(const ExceptionAction* actions, u32 mask, Told& told) {
    for (u32 i = 1; i < exception_types; i++) {
        if (!(mask & 1u << i)) continue;
        const ExceptionAction& a = actions[i];
        u32 j = 0;
        while (j < told.count && (told.ports[j] != a.port || told.behaviors[j] != a.behavior || told.flavors[j] != static_cast<u32>(a.flavor))) j++;
        if (j == told.count) {
            told.masks[j] = 0;
            told.ports[j] = a.port;
            told.behaviors[j] = a.behavior;
            told.flavors[j] = static_cast<u32>(a.flavor);
            told.count++;
            if (carried_valid(a.port)) send_right_copy_locked(a.port);
        }
        told.masks[j] |= 1u << i;
    }
}

// 32 port descriptors whatever the count, as MIG lays out an array of ports.
void answer(Rpc& r, const Told& told) {
    r.widen(header_size + 4 + 32 * 12 + 12 + 3 * 4 * exception_types);
    for (u32 n = 0; n < 32; n++) r.put_port(n < told.count ? told.ports[n] : nullptr, msg_move_send);
    r.put_ndr();
    r.put32(told.count).put(told.masks, told.count * 4).put(told.behaviors, told.count * 4).put(told.flavors, told.count * 4);
}

// Arguments: mask, and for set and swap a port, a behavior and a flavor.
i32 change(Rpc& r, bool set, bool get) {
    const u32 mask = r.u(0);
    if (mask & ~valid_mask) return xnu::KERN_INVALID_ARGUMENT;
    Port* port = set ? r.port(0) : nullptr;
    const u32 behavior = set ? r.u(4) : 0;
    const i32 flavor = set ? r.i(8) : 0;
    if (set && carried_valid(port)) {
        const u32 kind = behavior & ~codes_64;
        if (kind < behavior_default || kind > behavior_state_identity) return xnu::KERN_INVALID_ARGUMENT;
    }
    if (set && flavor && !state_flavor_valid(flavor)) return xnu::KERN_INVALID_ARGUMENT;
    Told told{};
    {
        Locked hold_threads(threads_lock);
        Locked hold(ports_lock);
        ExceptionAction* actions = actions_of(r);
        if (!actions) return r.object->kind == PortKind::thread ? xnu::KERN_FAILURE : xnu::KERN_INVALID_ARGUMENT;
        if (get) tell(actions, mask, told);
        for (u32 i = 1; set && i < exception_types; i++) {
            if (!(mask & 1u << i)) continue;
            if (carried_valid(port)) send_right_copy_locked(port);
            if (carried_valid(actions[i].port)) right_release_locked(actions[i].port, msg_move_send);
            actions[i] = {carried_valid(port) ? port : nullptr, behavior, flavor};
        }
    }
    if (get) answer(r, told);
    return 0;
}

}  // namespace

static bool triage(Thread& thread, HostContext& context, const Fault& f) {
    const ExceptionAction* const levels[] = {thread.exceptions, task_actions, host_actions};
    for (const ExceptionAction* level : levels) {
        ExceptionAction a;
        {
            Locked hold(ports_lock);
            a = level[f.exception];
            if (!carried_valid(a.port) || a.port->dead) continue;
            port_ref_locked(a.port);
        }
        const i32 result = deliver(thread, context, a, f);
        port_unref(a.port);
        if (!result) return true;
    }
    return false;
}

bool exception_raise(Thread& thread, HostContext& context, const HostSiginfo& info) {
    Fault f;
    if (!fault_of(info, context.uc_mcontext, f)) return false;
    thread.trapno = static_cast<u32>(context.uc_mcontext.trapno);
    thread.fault_err = static_cast<u32>(context.uc_mcontext.err);
    thread.fault_addr = context.uc_mcontext.cr2;
    return triage(thread, context, f);
}

bool exception_notify(Thread& thread, HostContext& context, u32 exception, i64 code, i64 subcode) {
    return triage(thread, context, {exception, {code, subcode}});
}

bool exception_wanted(u32 exception) {
    Locked hold(ports_lock);
    return task_actions[exception].port || host_actions[exception].port;
}

void guard_broken(u32 name, u64 guard, u32 reason) {
    constexpr u32 first = 2422001, last = 4570071;  // of the eras
    if (era < first || era > last) return;
    constexpr u64 mach_port = 1ull << 61;  // GUARD_TYPE_MACH_PORT
    Thread& t = self();
    t.guard_code = mach_port | static_cast<u64>(reason) << 32 | name;
    t.guard_subcode = guard;
}

void guard_answer(Thread& thread, HostContext& context) {
    eprint("xnurun: a port's guard was broken: EXC_GUARD, code ", hex(thread.guard_code), "; SIGKILL\n");
    (void)exception_notify(thread, context, exc_guard, static_cast<i64>(thread.guard_code), static_cast<i64>(thread.guard_subcode));
    die_by_signal(xnu::SIGKILL);
}

void exceptions_release_locked(ExceptionAction* actions) {
    for (u32 i = 0; i < exception_types; i++) {
        if (carried_valid(actions[i].port)) right_release_locked(actions[i].port, msg_move_send);
        actions[i] = {};
    }
}

// ipc_task_init, ipc_thread_init: the task's go to a child, a thread's do not. Their receivers are in the parent, so the child
// finds what it would if that had ended: a dead name with behavior and flavor.
void fork_child_exceptions() {
    for (u32 i = 0; i < exception_types; i++) {
        self().exceptions[i] = {};
        if (task_actions[i].port) task_actions[i].port = carried_dead;
        if (host_actions[i].port) host_actions[i].port = carried_dead;
    }
}

void exceptions_keep(KeptPorts& k) {
    Locked hold(ports_lock);
    for (u32 i = 1; i < exception_types; i++) {
        const ExceptionAction& a = task_actions[i];
        k.exceptions[i] = a.port ? slot_dead : slot_empty;
        k.behaviors[i] = a.behavior;
        k.flavors[i] = static_cast<u32>(a.flavor);
    }
}
void exceptions_take(const KeptPorts& k) {
    Locked hold(ports_lock);
    for (u32 i = 1; i < exception_types; i++)
        task_actions[i] = {k.exceptions[i] == slot_empty ? nullptr : carried_dead, k.behaviors[i], static_cast<i32>(k.flavors[i])};
}

i32 rpc_set_exception_ports(Rpc& r) { return change(r, true, false); }
i32 rpc_get_exception_ports(Rpc& r) { return change(r, false, true); }
i32 rpc_swap_exception_ports(Rpc& r) { return change(r, true, true); }

}  // namespace trapeze
