// SPDX-License-Identifier: BSD-3-Clause
// Mach traps on names and on the map: osfmk/ipc/mach_kernelrpc.c. The _kernelrpc_ ones look at their task argument as XNU
// does: any name but the task's own is MACH_SEND_INVALID_DEST, upon which libraries use the message instead. What copyout
// says is their result, so a bad result pointer is EFAULT, 14, and what was made stays made.
#include "sys/darwin/errno.h"
#include "sys/darwin/kern_return.h"
#include "tools/xnurun/era.h"
#include "tools/xnurun/handlers.h"
#include "tools/xnurun/message.h"
#include "tools/xnurun/vm.h"

namespace trapeze {
namespace {

bool is_own_task(u32 name) {
    Port* port;
    if (port_lookup_send(name, port)) return false;
    const bool own = port == task_port;
    port_unref(port);
    return own;
}

constexpr i32 not_own = xnu::MACH_SEND_INVALID_DEST;

template <class F>
Answer on_own_task(const Trap& trap, F f) {
    return kern(is_own_task(trap.u(0)) ? f() : not_own);
}

template <class T>
i32 give(const T& value, u64 to) {
    return copyout(value, to) ? 0 : xnu::EFAULT;
}

}  // namespace

Answer mach_reply_port(Trap&) {
    u32 name = 0;
    return kern(port_allocate(right_receive, name) ? 0 : static_cast<i32>(name));
}
// A new port each time: the one before stays, and is an ordinary one from then on. osfmk/kern/ipc_tt.c.
Answer mach_special_reply_port(Trap& trap) {
    constexpr u32 era_send_right = 6153011;
    u32& name = trap.thread.special_reply_port;
    if (port_allocate(right_receive, name)) name = 0;
    else if (era >= era_send_right) (void)port_insert_right(name, name, msg_make_send);
    return kern(static_cast<i32>(name));
}
Answer mach_thread_self(Trap& trap) { return kern(static_cast<i32>(trap.thread.has_special_port ? port_copy_send(trap.thread.special_port) : port_self_send(trap.thread.port))); }
Answer mach_task_self(Trap&) { return kern(static_cast<i32>(port_self_send_task())); }
Answer mach_host_self(Trap&) { return kern(static_cast<i32>(port_self_send(host_port_of_user()))); }

Answer mach_port_allocate(Trap& trap) {
    return on_own_task(trap, [&] {
        u32 name;
        const i32 failed = port_allocate(trap.u(1), name);
        return failed ? failed : give(name, trap.w(2));
    });
}
Answer mach_port_destroy(Trap& trap) {
    return on_own_task(trap, [&] { return port_destroy(trap.u(1)); });
}
Answer mach_port_deallocate(Trap& trap) {
    return on_own_task(trap, [&] { return port_release_send(trap.u(1)); });
}
Answer mach_port_mod_refs(Trap& trap) {
    return on_own_task(trap, [&] { return port_mod_refs(trap.u(1), trap.u(2), trap.i(3)); });
}
Answer mach_port_move_member(Trap& trap) {
    return on_own_task(trap, [&] { return port_move_member(trap.u(1), trap.u(2)); });
}
Answer mach_port_insert_member(Trap& trap) {
    return on_own_task(trap, [&] { return port_insert_member(trap.u(1), trap.u(2)); });
}
Answer mach_port_extract_member(Trap& trap) {
    return on_own_task(trap, [&] { return port_extract_member(trap.u(1), trap.u(2)); });
}
Answer mach_port_insert_right(Trap& trap) {
    return on_own_task(trap, [&] { return port_insert_right(trap.u(1), trap.u(2), trap.u(3)); });
}
Answer mach_port_construct(Trap& trap) {
    struct {
        u32 flags, queue_limit;
        u64 reserved[2];
    } options;
    if (!copyin(options, trap.w(1))) return kern(xnu::MACH_SEND_INVALID_DATA);
    return on_own_task(trap, [&] {
        u32 name;
        const i32 failed = port_construct(options.flags, options.queue_limit, trap.w(2), name);
        return failed ? failed : give(name, trap.w(3));
    });
}
Answer mach_port_destruct(Trap& trap) {
    return on_own_task(trap, [&] { return port_destruct(trap.u(1), trap.i(2), trap.w(3)); });
}
Answer mach_port_guard(Trap& trap) {
    return on_own_task(trap, [&] { return port_guard(trap.u(1), trap.w(2), trap.u(3)); });
}
Answer mach_port_unguard(Trap& trap) {
    return on_own_task(trap, [&] { return port_unguard(trap.u(1), trap.w(2)); });
}

// get_attributes(task, name, flavor, info, count): count is in and out, and limits what is written.
Answer mach_port_get_attributes(Trap& trap) {
    u32 info[17], count;
    if (!copyin(count, trap.w(4))) return kern(xnu::EFAULT);
    if (count > 17) count = 17;
    return on_own_task(trap, [&] {
        const i32 failed = port_attributes(trap.u(1), trap.i(2), info, count);
        if (failed) return failed;
        return copyout(&count, trap.w(4), 4) && copyout(info, trap.w(3), count * 4) ? 0 : xnu::EFAULT;
    });
}
Answer mach_port_type(Trap& trap) {
    return on_own_task(trap, [&] {
        u32 types;
        const i32 failed = port_type(trap.u(1), types);
        return failed ? failed : give(types, trap.w(2));
    });
}

// request_notification(task, name, id, sync, notify, notifyPoly, previous*)
Answer mach_port_request_notification(Trap& trap) {
    return on_own_task(trap, [&] {
        const u32 type = carried_type(trap.u(5));
        // As XNU: neither without a port nor with another right is the trap's business; the message is (mach_kernelrpc.c).
        if (type != msg_move_send_once || !valid_name(trap.u(4))) return static_cast<i32>(not_own);
        u32 old = 0;
        {
            Locked hold(ports_lock);
            Port *notify = nullptr, *previous = nullptr;
            if (valid_name(trap.u(4)))
                if (const i32 failed = copyin_locked(trap.u(4), trap.u(5), true, notify)) return failed;
            if (const i32 failed = port_request_notification_locked(trap.u(1), trap.i(2), trap.u(3), notify, previous)) {
                right_release_locked(notify, type);
                return failed;
            }
            if (copyout_locked(previous, msg_move_send_once, old)) {
                right_release_locked(previous, msg_move_send_once);
                old = port_dead_name;
            }
        }
        return give(old, trap.w(6));
    });
}

// A bad pointer to the address leaves the result that was there before: not_own.
Answer mach_vm_allocate_trap(Trap& trap) {
    u64 address;
    if (!is_own_task(trap.u(0)) || !copyin(address, trap.w(1))) return kern(not_own);
    if (const i32 failed = vm_allocate(address, trap.w(2), trap.i(3), 3)) return kern(failed);
    return kern(give(address, trap.w(1)));
}
Answer mach_vm_map_trap(Trap& trap) {
    u64 address;
    if (!is_own_task(trap.u(0)) || !copyin(address, trap.w(1))) return kern(not_own);
    if (trap.i(5) & ~7 || trap.w(2) == 0) return kern(xnu::KERN_INVALID_ARGUMENT);
    if (const i32 failed = vm_allocate(address, trap.w(2), trap.i(4), trap.i(5), trap.w(3), trap.i(4) & vm_anywhere ? address : 0)) return kern(failed);
    return kern(give(address, trap.w(1)));
}
Answer mach_vm_purgable_control_trap(Trap& trap) {
    i32 state;
    if (!is_own_task(trap.u(0)) || !copyin(state, trap.w(3))) return kern(not_own);
    if (const i32 failed = vm_purgable_control(trap.w(1), trap.i(2), state)) return kern(failed);
    return kern(give(state, trap.w(3)));
}
Answer mach_vm_deallocate_trap(Trap& trap) {
    return on_own_task(trap, [&] { return vm_deallocate(trap.w(1), trap.w(2)); });
}
Answer mach_vm_protect_trap(Trap& trap) {
    return on_own_task(trap, [&] { return vm_protect(trap.w(1), trap.w(2), trap.u(3), trap.i(4)); });
}

}  // namespace trapeze
