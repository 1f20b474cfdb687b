// SPDX-License-Identifier: BSD-3-Clause
// Raw Mach threads, their end, and policies: osfmk/kern/thread.c, thread_act.c, thread_policy.c, task_policy.c. A policy is kept and
// told, and nothing more: how threads are scheduled is the host's affair.
#include "sys/darwin/kern_return.h"
#include "sys/darwin/numbers.h"
#include "tools/xnurun/mig_threads.h"
#include "tools/xnurun/thread_control.h"
#include "tools/xnurun/thread_state.h"

namespace trapeze {
namespace {

enum : u32 { extended = 1, time_constraint = 2, precedence = 3, affinity = 4, background = 5, latency_qos = 7, throughput_qos = 8, qos = 9 };

// words that a flavor has; 0: none such
u32 policy_words(u32 flavor) {
    switch (flavor) {
    case time_constraint: return 4;
    case qos: return 2;
    case extended: case precedence: case affinity: case background: case latency_qos: case throughput_qos: return 1;
    default: return 0;
    }
}

i32 new_thread(Rpc& r, i32 flavor, const u32* words, u32 count) {
    Thread* t = thread_new();
    if (!t) return xnu::KERN_RESOURCE_SHORTAGE;
    t->mask = self().mask;
    HostContext& context = thread_first_context(*t);
    if (words)
        if (const i32 failed = state_set(context, flavor, words, count)) {
            thread_free(t);
            return failed;
        }
    Port* port = t->port = port_new_kernel(PortKind::thread, t);
    if (!words) t->suspend_count = 1;
    if (!thread_launch(*t)) {
        Locked hold(ports_lock);
        right_release_locked(port, msg_move_send);
        return xnu::KERN_RESOURCE_SHORTAGE;
    }
    r.put_port(port, msg_move_send);
    return 0;
}

}  // namespace

i32 rpc_thread_create(Rpc& r) { return new_thread(r, 0, nullptr, 0); }

i32 rpc_thread_create_running(Rpc& r) {
    const u32 count = r.u(4);
    if (count > most_state_words) return xnu::KERN_INVALID_ARGUMENT;
    u32 words[most_state_words];
    memcpy(words, r.request->bytes + r.arguments + 8, count * 4);
    return new_thread(r, r.i(0), words, count);
}

i32 rpc_thread_terminate(Rpc& r) { return thread_terminate(r.object); }

i32 rpc_thread_policy_set(Rpc& r) {
    const u32 flavor = r.u(0), count = r.u(4), words = policy_words(flavor);
    if (!words) return xnu::KERN_INVALID_ARGUMENT;
    if (flavor == extended ? false : count < words) return xnu::KERN_INVALID_ARGUMENT;
    if (flavor == time_constraint) {  // period, computation, constraint: in ticks of 1 ns; 50 us to 50 ms of computation
        const u32 computation = r.u(12), constraint = r.u(16);
        if (constraint < computation || computation > 50'000'000 || computation < 50'000) return xnu::KERN_INVALID_ARGUMENT;
    }
    Locked hold(threads_lock);
    Thread* t = thread_of_port(r.object);
    if (!t) return xnu::KERN_TERMINATED;
    if (flavor == extended) t->policy_fixed = count >= 1 && !r.u(8);
    if (flavor == precedence) t->policy_importance = r.i(8);
    if (flavor == affinity) t->policy_affinity = r.i(8);
    return 0;
}

i32 rpc_thread_policy_get(Rpc& r) {
    const u32 flavor = r.u(0), room = r.u(4), words = policy_words(flavor);
    const bool standard = r.u(8);
    if (!words || flavor == background) return xnu::KERN_INVALID_ARGUMENT;
    if (room < words) return xnu::KERN_INVALID_ARGUMENT;
    u32 out[4] = {};
    {
        Locked hold(threads_lock);
        const Thread* t = thread_of_port(r.object);
        if (!t) return xnu::KERN_TERMINATED;
        if (flavor == extended) out[0] = standard || !t->policy_fixed;
        if (flavor == precedence && !standard) out[0] = static_cast<u32>(t->policy_importance);
        if (flavor == affinity && !standard) out[0] = static_cast<u32>(t->policy_affinity);
        if (flavor == time_constraint) out[1] = 5'000'000, out[2] = 10'000'000, out[3] = 1;  // half a quantum, a quantum, preemptible
    }
    r.put32(words).put(out, words * 4).put32(standard);
    return 0;
}

namespace {
u32 role, tiers_set[2][2];  // TASK_CATEGORY_POLICY; latency and throughput, base and override: under threads_lock
}

// TASK_CATEGORY_POLICY alone, and the QoS tiers.
i32 rpc_task_policy_set(Rpc& r) {
    const u32 flavor = r.u(0), count = r.u(4);
    const bool category = flavor == 1, tiers = flavor == 8 || flavor == 9;
    if ((!category && !tiers) || count < (category ? 1u : 2u)) return xnu::KERN_INVALID_ARGUMENT;
    if (category && (r.i(8) < -1 || r.i(8) > 7)) return xnu::KERN_INVALID_ARGUMENT;
    Locked hold(threads_lock);
    if (category) role = r.u(8);
    else tiers_set[flavor - 8][0] = r.u(8), tiers_set[flavor - 8][1] = r.u(12);
    return 0;
}

// As many words come back as there was room for. TASK_POLICY_STATE tells of a kernel's own bits, and only to a superuser.
i32 rpc_task_policy_get(Rpc& r) {
    enum : u32 { category = 1, suppression = 3, policy_state = 4, base_qos = 8, override_qos = 9, most = 16 };
    const u32 flavor = r.u(0), standard = r.u(8), room = r.u(4) < most ? r.u(4) : most;
    u32 out[most] = {}, least = most;
    {
        Locked hold(threads_lock);
        switch (flavor) {
        case category: least = 1, out[0] = standard ? 0 : role; break;
        case base_qos: case override_qos:
            least = 2;
            if (!standard) memcpy(out, tiers_set[flavor - base_qos], 8);
            break;
        case suppression: case policy_state: break;
        default: return xnu::KERN_INVALID_ARGUMENT;
        }
    }
    if (room < least) return xnu::KERN_INVALID_ARGUMENT;
    if (flavor == policy_state) return xnu::KERN_PROTECTION_FAILURE;
    r.put32(room).put(out, room * 4).put32(standard);
    return 0;
}

i32 rpc_depress_abort(Rpc&) { return xnu::KERN_NOT_DEPRESSED; }  // switches with DEPRESS are over when they return

}  // namespace trapeze
