// SPDX-License-Identifier: BSD-3-Clause
// Vouchers as a kernel has them that nobody got one from: tasks and threads have none, and any other port is none, either
// (osfmk/ipc/ipc_voucher.c, osfmk/kern/task.c, thread.c). A recipe that asks for one is refused as if memory for it ran out.
// Attributes have their managers in XNU (bank, importance, activity), which account for what this host accounts for itself.
#include "sys/darwin/errno.h"
#include "sys/darwin/kern_return.h"
#include "sys/darwin/numbers.h"
#include "tools/xnurun/era.h"
#include "tools/xnurun/handlers.h"
#include "tools/xnurun/report.h"
#include "tools/xnurun/rpc.h"

namespace trapeze {
namespace {

constexpr u32 most_recipes = 5120;  // MACH_VOUCHER_ATTR_MAX_RAW_RECIPE_ARRAY_SIZE
bool told;

// host_create_mach_voucher: the null voucher is made of nothing.
i32 create(const u8* recipes, u32 size) {
    struct Recipe {
        u32 key, command, previous, size;
    };
    for (u32 at = 0; at < size;) {
        Recipe r;
        if (size - at < sizeof r) return xnu::KERN_INVALID_ARGUMENT;
        memcpy(&r, recipes + at, sizeof r);
        if (size - at - sizeof r < r.size) return xnu::KERN_INVALID_ARGUMENT;
        at += static_cast<u32>(sizeof r) + r.size;
        if (r.previous) return xnu::KERN_INVALID_CAPABILITY;
    }
    if (!size) return 0;
    if (!__atomic_exchange_n(&told, true, __ATOMIC_RELAXED)) eprint("xnurun: host_create_mach_voucher is refused: vouchers are not there\n");
    return xnu::KERN_RESOURCE_SHORTAGE;
}

bool is_host(const Port* p) { return p->kind == PortKind::host || p->kind == PortKind::host_priv; }

i32 of_recipes(Rpc& r) {
    if (!is_host(r.object)) return xnu::KERN_INVALID_ARGUMENT;
    if (const i32 failed = create(r.request->bytes + r.arguments + 4, r.u(0))) return failed;
    r.put_port(nullptr, msg_move_send);
    return 0;
}

i32 none(Rpc& r) {
    r.put_port(nullptr, msg_move_send);
    return 0;
}
i32 of_task(Rpc& r) { return r.object->kind == PortKind::task ? none(r) : xnu::KERN_INVALID_TASK; }
i32 set_of_task(Rpc& r) { return r.object->kind == PortKind::task ? 0 : xnu::KERN_INVALID_TASK; }  // XNU forgets it as well

// What later kernels no longer exchange; and before xnu-4570 no thread that runs could be given one.
constexpr u32 era_no_exchange = 4903221, era_no_task_exchange = 6153011, era_running = 4570001;  // as threads', as tasks'
bool running_may() { return era >= era_running; }

i32 swap_of_task(Rpc& r) {
    if (era >= era_no_task_exchange) return xnu::KERN_NOT_SUPPORTED;
    return of_task(r);
}
i32 of_thread(Rpc& r) { return r.object->kind == PortKind::thread ? none(r) : xnu::KERN_INVALID_ARGUMENT; }
i32 set_of_thread(Rpc& r) {
    if (r.object->kind != PortKind::thread || !running_may() || r.object != self().port) return xnu::KERN_INVALID_ARGUMENT;
    return 0;
}
i32 swap_of_thread(Rpc& r) {
    if (era >= era_no_exchange) return xnu::KERN_NOT_SUPPORTED;
    if (r.object->kind != PortKind::thread) return xnu::KERN_INVALID_TASK;
    return running_may() && r.object == self().port ? none(r) : xnu::KERN_INVALID_ARGUMENT;
}

const RpcRow rows[] = {
    {xnu::MIG_host_create_mach_voucher, of_recipes},
    {xnu::MIG_task_get_mach_voucher, of_task},
    {xnu::MIG_task_set_mach_voucher, set_of_task},
    {xnu::MIG_task_swap_mach_voucher, swap_of_task},
    {xnu::MIG_thread_get_mach_voucher, of_thread},
    {xnu::MIG_thread_set_mach_voucher, set_of_thread},
    {xnu::MIG_thread_swap_mach_voucher, swap_of_thread},
};

}  // namespace

// osfmk/ipc/mach_kernelrpc.c: host, recipes, their size, where the name goes.
Answer mach_create_voucher(Trap& trap) {
    Port* port;
    if (port_lookup_send(trap.u(0), port)) return kern(xnu::MACH_SEND_INVALID_DEST);
    const bool host = is_host(port);
    port_unref(port);
    if (!host) return kern(xnu::MACH_SEND_INVALID_DEST);
    const i32 size = trap.i(2);
    if (size < 0) return kern(xnu::KERN_INVALID_ARGUMENT);
    if (size > static_cast<i32>(most_recipes)) return kern(xnu::MIG_ARRAY_TOO_LARGE);
    u8 recipes[most_recipes];
    if (!copyin(recipes, trap.w(1), static_cast<u64>(size))) return kern(xnu::EFAULT);
    if (const i32 failed = create(recipes, static_cast<u32>(size))) return kern(failed);
    const u32 name = 0;
    return kern(copyout(name, trap.w(3)) ? 0 : xnu::EFAULT);
}

// voucher, key, recipe, its size: no port is a voucher.
Answer mach_extract_recipe(Trap& trap) {
    u32 size;
    if (!copyin(size, trap.w(3))) return kern(xnu::EFAULT);
    return kern(size > most_recipes ? xnu::MIG_ARRAY_TOO_LARGE : xnu::MACH_SEND_INVALID_DEST);
}

const RpcServer mig_voucher_server = {[](const Port*) { return true; }, 0, rows, sizeof rows / sizeof *rows};

}  // namespace trapeze
